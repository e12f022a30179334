/* key_access.c: what can be done with a row of the table of keys. */
#include "keys.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int sw_key_find(const char *path)
{
    for (size_t i = 0; i < sw_keys_count; i++)
        if (!strcmp(sw_keys[i].path, path)) return (int)i;
    return -1;
}

const sw_alias *sw_alias_find(const char *path)
{
    for (size_t i = 0; i < sw_aliases_count; i++)
        if (!strcmp(sw_aliases[i].path, path)) return &sw_aliases[i];
    return NULL;
}

/* ---- whom a key concerns ---- */

static bool admits(uint32_t mask, int32_t value) { return mask == 0 || (value >= 0 && (mask >> value & 1u)); }

bool sw_key_concerns(const sw_key *key, const sw_run_config *config)
{
    const sw_concern *concern = &key->concern;
    const sw_task_config *task = &config->task;
    return admits(concern->task, task->kind) &&
           (task->kind != SW_TASK_MODULAR || admits(concern->operation, task->operation)) &&
           (task->kind != SW_TASK_GRAPH || admits(concern->graph, task->graph)) &&
           (task->kind != SW_TASK_COMPARISON || admits(concern->form, task->form)) &&
           (task->kind != SW_TASK_GROUP || admits(concern->group, task->group)) &&
           admits(concern->model, config->model.kind) && admits(concern->optimizer, config->optimizer.kind);
}

typedef struct text {
    char *out;
    size_t used, capacity;
} text;

static void SW_PRINTF(2, 3) put(text *t, const char *format, ...)
{
    if (t->used >= t->capacity) return;
    va_list arguments;
    va_start(arguments, format);
    int written = vsnprintf(t->out + t->used, t->capacity - t->used, format, arguments);
    va_end(arguments);
    t->used += written > 0 ? (size_t)written : 0;
}

static void put_mask(text *t, const char *selector, uint32_t mask)
{
    if (!mask) return;
    const sw_key *key = &sw_keys[sw_key_find(selector)];
    put(t, "%s%s", t->used ? ", " : "", selector);
    bool first = true;
    for (int i = 0; key->names[i]; i++) {
        if (!(mask >> i & 1u)) continue;
        put(t, "%s%s", first ? " " : " or ", key->names[i]);
        first = false;
    }
}

void sw_key_concern_text(const sw_key *key, char *out, size_t capacity)
{
    text t = {out, 0, capacity};
    out[0] = '\0';
    put_mask(&t, "task.kind", key->concern.task);
    put_mask(&t, "task.operation", key->concern.operation);
    put_mask(&t, "task.graph", key->concern.graph);
    put_mask(&t, "task.form", key->concern.form);
    put_mask(&t, "task.group", key->concern.group);
    put_mask(&t, "model.kind", key->concern.model);
    put_mask(&t, "optimizer.kind", key->concern.optimizer);
}

/* ---- values ---- */

static void set_list(char *base, const sw_key *key, const sw_value *value)
{
    int32_t *count = (int32_t *)(void *)(base + key->count_offset);
    *count = value->count < key->capacity ? value->count : key->capacity;
    for (int32_t i = 0; i < key->capacity; i++) {
        int64_t element = i < *count ? value->list[i] : 0;
        if (key->stored == SW_STORED_INT64)
            ((int64_t *)(void *)(base + key->offset))[i] = element;
        else
            ((int32_t *)(void *)(base + key->offset))[i] = (int32_t)element;
    }
}

/* A path brings the digest of its content along; a digest that is not given leaves that one in place. */
static void set_file(sw_run_config *config, const sw_key *key, const sw_value *value)
{
    if (!value->file) return;
    if (key->type == SW_KEY_FILE) {
        memset(config->task.file, 0, sizeof config->task.file);
        snprintf(config->task.file, sizeof config->task.file, "%s", value->file->path);
    }
    memcpy(config->task.file_sha256, value->file->sha256, sizeof config->task.file_sha256);
}

void sw_key_store(void *base, const sw_key *key, const sw_value *value)
{
    if (key->type == SW_KEY_INTEGERS) {
        set_list(base, key, value);
        return;
    }
    void *field = (char *)base + key->offset;
    switch (key->stored) {
    case SW_STORED_DOUBLE: *(double *)field = value->real; break;
    case SW_STORED_INT32: *(int32_t *)field = (int32_t)value->integer; break;
    case SW_STORED_INT64: *(int64_t *)field = value->integer; break;
    case SW_STORED_UINT32: *(uint32_t *)field = (uint32_t)value->integer; break;
    case SW_STORED_BOOL: *(bool *)field = value->integer != 0; break;
    case SW_STORED_FILE: break;
    }
}

void sw_key_set(sw_run_config *config, const sw_key *key, const sw_value *value)
{
    if (key->stored == SW_STORED_FILE)
        set_file(config, key, value);
    else
        sw_key_store(config, key, value);
}

void sw_key_get(sw_field *out, const sw_run_config *config, const sw_key *key)
{
    const char *base = (const char *)config;
    const void *field = base + key->offset;
    sw_value *value = &out->value;
    memset(value, 0, sizeof *value);
    value->node = value->member = -1;
    if (key->type == SW_KEY_INTEGERS) {
        value->count = *(const int32_t *)(const void *)(base + key->count_offset);
        value->list = out->list;
        for (int32_t i = 0; i < value->count; i++)
            out->list[i] = key->stored == SW_STORED_INT64 ? ((const int64_t *)field)[i] : ((const int32_t *)field)[i];
        return;
    }
    switch (key->stored) {
    case SW_STORED_DOUBLE: value->real = *(const double *)field; break;
    case SW_STORED_INT32: value->integer = *(const int32_t *)field; break;
    case SW_STORED_INT64: value->integer = *(const int64_t *)field; break;
    case SW_STORED_UINT32: value->integer = *(const uint32_t *)field; break;
    case SW_STORED_BOOL: value->integer = *(const bool *)field; break;
    case SW_STORED_FILE:
        memcpy(out->file.path, config->task.file, sizeof out->file.path);
        memcpy(out->file.sha256, config->task.file_sha256, sizeof out->file.sha256);
        value->file = &out->file;
        break;
    }
}

void sw_key_default(sw_value *out, const sw_key *key, const sw_run_config *config, bool frozen)
{
    *out = (sw_value){.node = -1, .member = -1};
    sw_default_rule rule = frozen ? key->frozen_rule : key->rule;
    double constant = frozen ? key->frozen : key->fallback;
    out->real = constant;
    out->integer = (int64_t)constant;
    if (rule) rule(config, out);
}

bool sw_key_equal(const sw_key *key, const sw_value *a, const sw_value *b)
{
    switch (key->type) {
    case SW_KEY_REAL: return a->real == b->real;
    case SW_KEY_INTEGERS:
        for (int32_t i = 0; a->count == b->count && i < a->count; i++)
            if (a->list[i] != b->list[i]) return false;
        return a->count == b->count;
    case SW_KEY_FILE:
    case SW_KEY_SHA256: return a->file && b->file && !memcmp(a->file->sha256, b->file->sha256, sizeof a->file->sha256);
    case SW_KEY_INTEGER:
    case SW_KEY_BOOL:
    case SW_KEY_ENUM: return a->integer == b->integer;
    case SW_KEY_NAMES: return false;
    }
    return false;
}

static bool is_word(const sw_key *key, const sw_value *value) { return key->word && value->integer == key->word_value; }

static void write_digest(sw_json *json, const sw_named_file *file)
{
    char hex[65] = "";
    for (size_t i = 0; file && i < sizeof file->sha256; i++) snprintf(hex + 2 * i, 3, "%02x", file->sha256[i]);
    sw_json_string(json, hex);
}

void sw_key_write_value(sw_json *json, const sw_key *key, const sw_value *value)
{
    switch (key->type) {
    case SW_KEY_REAL: sw_json_number(json, value->real); break;
    case SW_KEY_INTEGER:
        if (is_word(key, value))
            sw_json_string(json, key->word);
        else
            sw_json_integer(json, value->integer);
        break;
    case SW_KEY_BOOL: sw_json_bool(json, value->integer != 0); break;
    case SW_KEY_ENUM: sw_json_string(json, key->names[value->integer]); break;
    case SW_KEY_INTEGERS:
        sw_json_begin_array(json);
        for (int32_t i = 0; i < value->count; i++) sw_json_integer(json, value->list[i]);
        sw_json_end_array(json);
        break;
    case SW_KEY_FILE: sw_json_string(json, value->file ? value->file->path : ""); break;
    case SW_KEY_SHA256: write_digest(json, value->file); break;
    case SW_KEY_NAMES: sw_json_null(json); break;
    }
}

/* ---- texts ---- */

static void format_bound(char out[32], const sw_key *key, double bound)
{
    if (key->type == SW_KEY_REAL)
        sw_json_format_number(out, bound);
    else
        snprintf(out, 32, "%.0f", bound);
}

void sw_key_range_text(const sw_key *key, char *out, size_t capacity)
{
    char low[32], high[32];
    out[0] = '\0';
    if (key->type == SW_KEY_BOOL || key->type == SW_KEY_ENUM || key->type == SW_KEY_FILE ||
        key->type == SW_KEY_SHA256 || key->type == SW_KEY_NAMES)
        return;
    format_bound(low, key, key->minimum);
    if (isinf(key->maximum)) {
        snprintf(out, capacity, "%s %s", key->minimum_excluded ? ">" : ">=", low);
        return;
    }
    format_bound(high, key, key->maximum);
    if (key->minimum_excluded || key->maximum_excluded)
        snprintf(out, capacity, "%s %s and %s %s", key->minimum_excluded ? ">" : ">=", low,
                 key->maximum_excluded ? "<" : "<=", high);
    else
        snprintf(out, capacity, "%s..%s", low, high);
}

void sw_key_type_text(const sw_key *key, char *out, size_t capacity)
{
    text t = {out, 0, capacity};
    switch (key->type) {
    case SW_KEY_REAL: put(&t, "number"); break;
    case SW_KEY_INTEGER:
        if (key->word)
            put(&t, "integer or \"%s\"", key->word);
        else
            put(&t, "integer");
        break;
    case SW_KEY_BOOL: put(&t, "boolean"); break;
    case SW_KEY_ENUM:
        put(&t, "one of ");
        for (int i = 0; key->names[i]; i++) put(&t, "%s%s", i ? ", " : "", key->names[i]);
        break;
    case SW_KEY_INTEGERS: put(&t, "array of integers"); break;
    case SW_KEY_FILE: put(&t, "string"); break;
    case SW_KEY_SHA256: put(&t, "string of 64 hexadecimal digits"); break;
    case SW_KEY_NAMES: put(&t, "array of axes"); break;
    }
}

static void default_text(const sw_key *key, char *out, size_t capacity)
{
    const char *quoted = NULL;
    if (key->required)
        quoted = "required";
    else if (key->rule_text)
        quoted = key->rule_text;
    else if (key->type == SW_KEY_BOOL)
        quoted = key->fallback != 0 ? "true" : "false";
    else if (key->type == SW_KEY_ENUM)
        quoted = key->names[(int)key->fallback];
    else if (key->type == SW_KEY_INTEGERS || key->type == SW_KEY_NAMES)
        quoted = "[]";
    else if (key->word && key->fallback == (double)key->word_value)
        quoted = key->word;
    if (quoted) {
        snprintf(out, capacity, "%s", quoted);
        return;
    }
    char number[32];
    sw_json_format_number(number, key->fallback);
    snprintf(out, capacity, "%s", number);
}

/* ---- the table as others see it ---- */

size_t sw_key_count(void) { return sw_keys_count + sw_aliases_count; }

void sw_key_describe_row(const sw_key *key, sw_key_info *out)
{
    static const char *const bases[] = {"number", "integer", "boolean", "string", "array", "string", "string", "names"};
    memset(out, 0, sizeof *out);
    enum { TEXT = sizeof out->text[0] };
    sw_key_type_text(key, out->text[0], TEXT);
    default_text(key, out->text[1], TEXT);
    sw_key_range_text(key, out->text[2], TEXT);
    sw_key_concern_text(key, out->text[3], TEXT);
    out->path = key->path;
    out->type = out->text[0];
    out->default_text = out->text[1];
    out->range = out->text[2];
    out->concerns = out->text[3];
    out->meaning = key->meaning;
    out->identity = key->identity;
    out->unit = key->unit;
    out->base = bases[key->type];
    out->word = key->word;
    out->values = key->names;
    bool bounded = key->type == SW_KEY_REAL || key->type == SW_KEY_INTEGER || key->type == SW_KEY_INTEGERS;
    out->has_minimum = bounded;
    out->has_maximum = bounded && !isinf(key->maximum);
    out->minimum_excluded = key->minimum_excluded;
    out->maximum_excluded = key->maximum_excluded;
    out->minimum = key->minimum;
    out->maximum = key->maximum;
    out->longest = (size_t)key->capacity;
}

void sw_key_describe(size_t i, sw_key_info *out)
{
    const sw_alias *alias = i < sw_keys_count ? NULL : &sw_aliases[i - sw_keys_count];
    sw_key_describe_row(&sw_keys[alias ? (size_t)sw_key_find(alias->target[0]) : i], out);
    if (!alias) return;
    out->path = alias->path;
    out->default_text = "as the two";
    out->meaning = alias->meaning;
}

/* ---- what stands below a prefix ---- */

/* The rest of `path` below `prefix` ("" = everything); NULL = not below it. */
static const char *below(const char *path, const char *prefix)
{
    size_t length = strlen(prefix);
    if (length == 0) return path;
    return !strncmp(path, prefix, length) && path[length] == '.' ? path + length + 1 : NULL;
}

static const char *any_path(size_t i)
{
    return i < sw_keys_count ? sw_keys[i].path : sw_aliases[i - sw_keys_count].path;
}

bool sw_key_is_group(const char *path)
{
    for (size_t i = 0; i < sw_key_count(); i++)
        if (below(any_path(i), path)) return true;
    return false;
}

size_t sw_key_members(const char *prefix, char (*out)[64], size_t capacity)
{
    size_t count = 0;
    for (size_t i = 0; i < sw_key_count(); i++) {
        const char *rest = below(any_path(i), prefix);
        if (!rest) continue;
        char name[64];
        snprintf(name, sizeof name, "%.*s", (int)strcspn(rest, "."), rest);
        bool known = false;
        for (size_t j = 0; j < count && !known; j++) known = !strcmp(out[j], name);
        if (!known && count < capacity) memcpy(out[count++], name, sizeof name);
    }
    return count;
}
