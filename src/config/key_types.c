/* key_types.c: the types of keys: each reads, stores, compares and prints its values. */
#include "config/key_types.h"

#include "symsweep/file.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_BYTES_MAX = 1 << 30 };

/* ---- what types share ---- */

bool sw_key_is_numeric(const sw_key *key) { return key->type == &sw_key_real || key->type == &sw_key_integer; }

void sw_key_type_text(const sw_key *key, char *out, size_t capacity) {
    if (key->type->type_text)
        key->type->type_text(out, capacity, key);
    else
        snprintf(out, capacity, "%s", key->type->name);
}

static void format_bound(char out[32], const sw_key *key, double bound) {
    if (key->type == &sw_key_real)
        sw_json_format_number(out, bound);
    else
        snprintf(out, 32, "%.0f", bound);
}

void sw_key_range_text(const sw_key *key, char *out, size_t capacity) {
    char low[32], high[32];
    out[0] = '\0';
    if (!key->type->ranged || (isinf(key->minimum) && isinf(key->maximum))) return;
    format_bound(low, key, key->minimum);
    format_bound(high, key, key->maximum);
    const char *above = key->minimum_excluded ? ">" : ">=", *below = key->maximum_excluded ? "<" : "<=";
    if (isinf(key->maximum))
        snprintf(out, capacity, "%s %s", above, low);
    else if (key->minimum_excluded || key->maximum_excluded)
        snprintf(out, capacity, "%s %s and %s %s", above, low, below, high);
    else
        snprintf(out, capacity, "%s..%s", low, high);
}

static bool in_range(const sw_key *key, double x) {
    bool low = key->minimum_excluded ? x > key->minimum : x >= key->minimum;
    bool high = key->maximum_excluded ? x < key->maximum : x <= key->maximum;
    return low && high && isfinite(x);
}

/* "integer 1..8" */
static void expectation(char out[400], const sw_key *key) {
    char type[256], range[128];
    sw_key_type_text(key, type, sizeof type);
    sw_key_range_text(key, range, sizeof range);
    snprintf(out, 400, "%s%s%s", type, range[0] ? " " : "", range);
}

bool sw_key_refuse(sw_reader *reader, const sw_key *key, int32_t node, const char *hint) {
    const sw_node *n = &reader->document->nodes[node];
    char text[400];
    expectation(text, key);
    if ((!hint || !hint[0]) && n->type == SW_NODE_ARRAY)
        hint = "one value; axes, in grid, zip, cases or random, have several";
    return !n->broken && sw_document_expected(reader->document, node, hint, "%s", text);
}

void *sw_key_allocate(sw_reader *reader, size_t count, size_t size) {
    void *memory = sw_arena_alloc(reader->arena, count, size);
    if (!memory) reader->status = SW_E_MEMORY;
    return memory;
}

static void store_integer(void *field, sw_storage stored, size_t i, int64_t value) {
    switch (stored) {
    case SW_STORED_DOUBLE: ((double *)field)[i] = (double)value; break;
    case SW_STORED_INT32: ((int32_t *)field)[i] = (int32_t)value; break;
    case SW_STORED_INT64: ((int64_t *)field)[i] = value; break;
    case SW_STORED_UINT32: ((uint32_t *)field)[i] = (uint32_t)value; break;
    case SW_STORED_BOOL: ((bool *)field)[i] = value != 0; break;
    }
}

static int64_t load_integer(const void *field, sw_storage stored, size_t i) {
    switch (stored) {
    case SW_STORED_DOUBLE: return (int64_t)((const double *)field)[i];
    case SW_STORED_INT32: return ((const int32_t *)field)[i];
    case SW_STORED_INT64: return ((const int64_t *)field)[i];
    case SW_STORED_UINT32: return ((const uint32_t *)field)[i];
    case SW_STORED_BOOL: return ((const bool *)field)[i];
    }
    return 0;
}

static void store_one(void *base, const sw_key *key, const sw_value *value) {
    store_integer((char *)base + key->offset, key->stored, 0, value->integer);
}

static void load_one(sw_field *out, const void *base, const sw_key *key) {
    out->value.integer = load_integer((const char *)base + key->offset, key->stored, 0);
}

static int compare_integers(const sw_value *a, const sw_value *b) {
    return (a->integer > b->integer) - (a->integer < b->integer);
}

/* ---- numbers ---- */

bool sw_key_read_number(sw_reader *reader, sw_value *out, const sw_key *key, int32_t node, double x) {
    out->real = x;
    if (sw_key_is_numeric(key) && in_range(key, x) && (key->type == &sw_key_real || x == floor(x))) {
        out->integer = key->type == &sw_key_real ? 0 : (int64_t)x;
        return true;
    }
    char text[400], found[32];
    expectation(text, key);
    sw_json_format_number(found, x);
    return sw_document_error(reader->document, node, NULL, "expected %s, found %s", text, found);
}

static bool read_number(sw_reader *reader, sw_value *out, const sw_key *key, int32_t node) {
    const sw_node *n = &reader->document->nodes[node];
    const char *text = sw_document_string(reader->document, node);
    char hint[256] = "";
    bool whole;
    if (n->broken) return false;
    if (n->type == SW_NODE_STRING && key->word && !strcmp(text, key->word)) {
        out->integer = key->word_value;
        return true;
    }
    if (n->type == SW_NODE_NUMBER) {
        out->real = sw_document_number(reader->document, node, &out->integer, &whole);
        if (in_range(key, out->real) && (whole || key->type == &sw_key_real)) return true;
        if (key->maximum == 1 && out->real >= 2 && out->real <= 100) /* percent */
            snprintf(hint, sizeof hint, "a fraction of 1, such as %g", out->real / 100);
    } else if (n->type == SW_NODE_STRING && key->word) {
        snprintf(hint, sizeof hint, "the one text allowed is \"%s\"", key->word);
    } else if (n->type == SW_NODE_STRING && strspn(text, "0123456789.-e")) {
        snprintf(hint, sizeof hint, "numbers stand without quotes");
    }
    return sw_key_refuse(reader, key, node, hint);
}

static void store_real(void *base, const sw_key *key, const sw_value *value) {
    *(double *)(void *)((char *)base + key->offset) = value->real;
}

static void load_real(sw_field *out, const void *base, const sw_key *key) {
    out->value.real = *(const double *)(const void *)((const char *)base + key->offset);
}

static int compare_reals(const sw_value *a, const sw_value *b) { return (a->real > b->real) - (a->real < b->real); }

static void real_text(char *out, size_t capacity, const sw_key *key, const sw_value *value) {
    char text[32];
    (void)key;
    sw_json_format_number(text, value->real);
    snprintf(out, capacity, "%s", text);
}

static void integer_text(char *out, size_t capacity, const sw_key *key, const sw_value *value) {
    if (key->word && value->integer == key->word_value)
        snprintf(out, capacity, "%s", key->word);
    else
        snprintf(out, capacity, "%lld", (long long)value->integer);
}

static void integer_type(char *out, size_t capacity, const sw_key *key) {
    snprintf(out, capacity, key->word ? "integer or \"%s\"" : "integer%s", key->word ? key->word : "");
}

/* ---- true and false, names ---- */

static bool read_bool(sw_reader *reader, sw_value *out, const sw_key *key, int32_t node) {
    const sw_node *n = &reader->document->nodes[node];
    if (n->type != SW_NODE_BOOL || n->broken) return sw_key_refuse(reader, key, node, "write true or false");
    out->integer = sw_document_bool(reader->document, node);
    return true;
}

static void bool_text(char *out, size_t capacity, const sw_key *key, const sw_value *value) {
    (void)key;
    snprintf(out, capacity, "%s", value->integer != 0 ? "true" : "false");
}

static bool read_enum(sw_reader *reader, sw_value *out, const sw_key *key, int32_t node) {
    const char *text = sw_document_string(reader->document, node);
    char hint[256];
    size_t count = 0;
    for (; key->names[count]; count++) {
        if (reader->document->nodes[node].type != SW_NODE_STRING || strcmp(text, key->names[count])) continue;
        out->integer = (int64_t)count;
        return true;
    }
    sw_document_suggest(hint, text[0] ? sw_document_nearest(text, key->names, count) : NULL, "\"");
    return sw_key_refuse(reader, key, node, hint);
}

static void enum_text(char *out, size_t capacity, const sw_key *key, const sw_value *value) {
    snprintf(out, capacity, "%s", value->integer < 0 ? "" : key->names[value->integer]); /* task.kind may be missing */
}

static void enum_type(char *out, size_t capacity, const sw_key *key) {
    size_t used = (size_t)snprintf(out, capacity, "one of ");
    for (int i = 0; key->names[i]; i++) {
        if (used + strlen(key->names[i]) + sizeof ", , ..." > capacity) { /* messages show the first ones */
            snprintf(out + used, capacity - used, ", ...");
            return;
        }
        used += (size_t)snprintf(out + used, capacity - used, "%s%s", i ? ", " : "", key->names[i]);
    }
}

/* ---- lists ---- */

static bool read_integers(sw_reader *reader, sw_value *out, const sw_key *key, int32_t node) {
    const sw_document *document = reader->document;
    const sw_node *n = &document->nodes[node];
    if (n->broken) return false;
    if (n->type != SW_NODE_ARRAY || n->count > key->capacity) {
        char hint[128];
        snprintf(hint, sizeof hint, "at most %d integers, as in [7, 7]", key->capacity);
        return sw_key_refuse(reader, key, node, hint);
    }
    int64_t *list = sw_key_allocate(reader, (size_t)n->count, sizeof *list);
    if (!list) return false;
    bool valid = true;
    out->list = list;
    for (int32_t i = n->child; i >= 0; i = document->nodes[i].next) {
        bool whole = false;
        double x = 0;
        int64_t *integer = &list[out->count++];
        if (document->nodes[i].type == SW_NODE_NUMBER) x = sw_document_number(document, i, integer, &whole);
        if (!document->nodes[i].broken && whole && in_range(key, x)) continue;
        char range[128];
        sw_key_range_text(key, range, sizeof range);
        if (!document->nodes[i].broken) sw_document_expected(document, i, NULL, "integer %s", range);
        valid = false;
    }
    return valid;
}

static void store_list(void *base, const sw_key *key, const sw_value *value) {
    int32_t *count = (int32_t *)(void *)((char *)base + key->count_offset);
    *count = value->count < key->capacity ? value->count : key->capacity;
    for (int32_t i = 0; i < key->capacity; i++)
        store_integer((char *)base + key->offset, key->stored, (size_t)i, i < *count ? value->list[i] : 0);
}

static void load_list(sw_field *out, const void *base, const sw_key *key) {
    out->value.count = *(const int32_t *)(const void *)((const char *)base + key->count_offset);
    out->value.list = out->list;
    for (int32_t i = 0; i < out->value.count; i++)
        out->list[i] = load_integer((const char *)base + key->offset, key->stored, (size_t)i);
}

int sw_key_compare_lists(const sw_value *a, const sw_value *b) {
    if (a->count != b->count) return a->count - b->count;
    return a->count ? memcmp(a->list, b->list, (size_t)a->count * sizeof *a->list) : 0;
}

void sw_key_list_text(char *out, size_t capacity, const sw_key *key, const sw_value *value) {
    (void)key;
    size_t used = (size_t)snprintf(out, capacity, "[");
    for (int32_t i = 0; i < value->count && used < capacity; i++)
        used += (size_t)snprintf(out + used, capacity - used, "%s%lld", i ? "," : "", (long long)value->list[i]);
    if (used < capacity) snprintf(out + used, capacity - used, "]");
}

/* The nodes of the paths: which axes they are is found by those who know the axes. */
static bool read_names(sw_reader *reader, sw_value *out, const sw_key *key, int32_t node) {
    const sw_document *document = reader->document;
    const sw_node *n = &document->nodes[node];
    bool valid = n->type == SW_NODE_ARRAY && n->count >= 1 && n->count <= key->capacity;
    for (int32_t i = valid ? n->child : -1; i >= 0; i = document->nodes[i].next)
        valid = valid && document->nodes[i].type == SW_NODE_STRING;
    if (!valid)
        return sw_document_error(document, node, "as in [\"optimizer.weight_decay\"]",
                                 "expected an array of 1 to %d axes' paths", key->capacity);
    int64_t *list = sw_key_allocate(reader, (size_t)n->count, sizeof *list);
    if (!list) return false;
    out->list = list;
    for (int32_t i = n->child; i >= 0; i = document->nodes[i].next) list[out->count++] = i;
    return true;
}

/* ---- files: a path and the digest of its content lie side by side in sw_run_config ---- */

/* SHA-256 of a regular file of at most FILE_BYTES_MAX. */
static sw_status digest_file(uint8_t out[SW_SHA256_BYTES], const char *path) {
    char *bytes;
    size_t length;
    sw_status status = sw_file_read(&bytes, &length, path, FILE_BYTES_MAX, NULL);
    if (status == SW_E_IO && (errno == EISDIR || errno == EINVAL))
        return sw_fail(status, "%s is not a regular file", path);
    if (status == SW_E_IO && errno == EFBIG) return sw_fail(status, "%s is larger than 1 GiB", path);
    if (status == SW_E_IO) return sw_fail(status, "%s: %s", path, strerror(errno));
    if (status == SW_OK) status = sw_sha256(out, bytes, length);
    free(bytes);
    return status;
}

static bool read_file(sw_reader *reader, sw_value *out, const sw_key *key, int32_t node) {
    const sw_document *document = reader->document;
    const char *text = sw_document_string(document, node);
    if (document->nodes[node].type != SW_NODE_STRING || !text[0])
        return sw_key_refuse(reader, key, node, "the path of a text file");
    sw_named_file *file = sw_key_allocate(reader, 1, sizeof *file);
    if (!file) return false;
    out->file = file;
    if (key->word && !strcmp(text, key->word)) return true; /* no file */
    const char *folder = text[0] == '/' || !reader->folder ? "" : reader->folder;
    int length = snprintf(file->path, sizeof file->path, "%s%s", folder, text);
    if (length < 0 || (size_t)length >= sizeof file->path)
        return sw_document_error(document, node, NULL, "the path is longer than %d bytes", SW_PATH_MAX - 1);
    if (!reader->folder) return true;
    sw_status status = digest_file(file->sha256, file->path);
    file->opened = status == SW_OK;
    if (status == SW_E_MEMORY)
        reader->status = status;
    else if (status != SW_OK)
        sw_document_error(document, node, "relative paths start at the sweep file's folder", "%s", sw_fail_message());
    return file->opened;
}

/* Where a key of either type has its path, with the digest behind it. */
static char *path_of(void *base, const sw_key *key) {
    return (char *)base + key->offset - (key->type == &sw_key_sha256 ? SW_PATH_MAX : 0);
}

/* A path brings the digest of its content along; a digest that is not given leaves that one in place. */
static void store_digest(void *base, const sw_key *key, const sw_value *value) {
    if (value->file) memcpy(path_of(base, key) + SW_PATH_MAX, value->file->sha256, SW_SHA256_BYTES);
}

static void store_file(void *base, const sw_key *key, const sw_value *value) {
    if (!value->file) return;
    memset(path_of(base, key), 0, SW_PATH_MAX);
    snprintf(path_of(base, key), SW_PATH_MAX, "%s", value->file->path);
    store_digest(base, key, value);
}

static void load_file(sw_field *out, const void *base, const sw_key *key) {
    const char *path = path_of((void *)(uintptr_t)base, key);
    memcpy(out->file.path, path, SW_PATH_MAX);
    memcpy(out->file.sha256, path + SW_PATH_MAX, SW_SHA256_BYTES);
    out->value.file = &out->file;
}

/* No two files are equal by being none. */
static int compare_files(const sw_value *a, const sw_value *b) {
    return a->file && b->file ? memcmp(a->file->sha256, b->file->sha256, sizeof a->file->sha256) : 1;
}

static void file_text(char *out, size_t capacity, const sw_key *key, const sw_value *value) {
    const bool none = !value->file || !value->file->path[0];
    snprintf(out, capacity, "%s", !none ? value->file->path : key->word ? key->word : "");
}

static bool parse_digest(uint8_t out[SW_SHA256_BYTES], const char *text) {
    static const char digits[] = "0123456789abcdef";
    if (strlen(text) != SW_SHA256_DIGITS || strspn(text, digits) != SW_SHA256_DIGITS) return false;
    for (size_t i = 0; i < SW_SHA256_BYTES; i++)
        out[i] = (uint8_t)(16 * (strchr(digits, text[2 * i]) - digits) + (strchr(digits, text[2 * i + 1]) - digits));
    return true;
}

static bool read_digest(sw_reader *reader, sw_value *out, const sw_key *key, int32_t node) {
    sw_named_file *file = sw_key_allocate(reader, 1, sizeof *file);
    if (!file) return false;
    out->file = file;
    const char *text = sw_document_string(reader->document, node);
    if ((key->word && !strcmp(text, key->word)) || parse_digest(file->sha256, text)) return true;
    return sw_key_refuse(reader, key, node, "as sha256sum prints it, in lower case");
}

static void digest_text(char *out, size_t capacity, const sw_key *key, const sw_value *value) {
    static const uint8_t none[SW_SHA256_BYTES];
    char hex[SW_SHA256_DIGITS + 1] = "";
    if (value->file) sw_sha256_hex(hex, value->file->sha256);
    const bool is_none = key->word && (!value->file || !memcmp(value->file->sha256, none, sizeof none));
    snprintf(out, capacity, "%s", is_none ? key->word : hex);
}

/* ---- the types ---- */

/* clang-format off */

const sw_key_type sw_key_real = {
    .base = "number", .name = "number", .axis = SW_AXIS_REAL, .ranged = true, .scalar = true,
    .read = read_number, .store = store_real, .load = load_real, .compare = compare_reals, .value_text = real_text};
const sw_key_type sw_key_integer = {
    .base = "integer", .type_text = integer_type, .axis = SW_AXIS_INTEGER, .ranged = true, .scalar = true,
    .read = read_number, .store = store_one, .load = load_one, .compare = compare_integers, .value_text = integer_text};
const sw_key_type sw_key_bool = {
    .base = "boolean", .name = "boolean", .axis = SW_AXIS_BOOL, .scalar = true,
    .read = read_bool, .store = store_one, .load = load_one, .compare = compare_integers, .value_text = bool_text};
const sw_key_type sw_key_enum = {
    .base = "string", .type_text = enum_type, .axis = SW_AXIS_STRING, .quoted = true, .scalar = true,
    .read = read_enum, .store = store_one, .load = load_one, .compare = compare_integers, .value_text = enum_text};
const sw_key_type sw_key_integers = {
    .base = "array", .name = "array of integers", .axis = SW_AXIS_STRING, .ranged = true,
    .read = read_integers, .store = store_list, .load = load_list, .compare = sw_key_compare_lists,
    .value_text = sw_key_list_text};
const sw_key_type sw_key_names = {
    .base = "names", .name = "array of axes", .axis = SW_AXIS_STRING,
    .read = read_names, .store = store_list, .load = load_list, .compare = sw_key_compare_lists,
    .value_text = sw_key_list_text};
const sw_key_type sw_key_file = {
    .base = "string", .name = "string", .axis = SW_AXIS_STRING, .quoted = true,
    .read = read_file, .store = store_file, .load = load_file, .compare = compare_files, .value_text = file_text};
const sw_key_type sw_key_sha256 = {
    .base = "string", .name = "string of 64 hexadecimal digits", .axis = SW_AXIS_STRING, .quoted = true,
    .read = read_digest, .store = store_digest, .load = load_file, .compare = compare_files, .value_text = digest_text};

/* clang-format on */
