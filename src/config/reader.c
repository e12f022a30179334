/* reader.c: values of single keys. */
#include "reader.h"

#include <errno.h>
#include <math.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { FILE_BYTES_MAX = 16 << 20 };

/* ---- files ---- */

static sw_status digest_stream(uint8_t out[32], FILE *file, const char *path)
{
    sw_status status = SW_OK;
    unsigned char buffer[16384];
    size_t got;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (!context || !EVP_DigestInit_ex(context, EVP_sha256(), NULL)) {
        status = sw_fail(SW_E_MEMORY, "SHA-256 is not available");
        goto cleanup;
    }
    while ((got = fread(buffer, 1, sizeof buffer, file)) > 0) {
        if (!EVP_DigestUpdate(context, buffer, got)) {
            status = sw_fail(SW_E_MEMORY, "SHA-256 failed");
            goto cleanup;
        }
    }
    if (ferror(file)) {
        status = sw_fail(SW_E_IO, "%s: %s", path, strerror(errno));
        goto cleanup;
    }
    if (!EVP_DigestFinal_ex(context, out, NULL)) status = sw_fail(SW_E_MEMORY, "SHA-256 failed");
cleanup:
    EVP_MD_CTX_free(context);
    return status;
}

sw_status sw_reader_sha256(uint8_t out[32], const char *path)
{
    struct stat info;
    if (stat(path, &info)) return sw_fail(SW_E_IO, "%s: %s", path, strerror(errno));
    if (!S_ISREG(info.st_mode)) return sw_fail(SW_E_IO, "%s is not a regular file", path);
    if (info.st_size > FILE_BYTES_MAX) return sw_fail(SW_E_IO, "%s is larger than 16 MiB", path);
    FILE *file = fopen(path, "rb");
    if (!file) return sw_fail(SW_E_IO, "%s: %s", path, strerror(errno));
    sw_status status = digest_stream(out, file, path);
    fclose(file);
    return status;
}

/* ---- names ---- */

bool sw_reader_find(const char *path, int32_t *key, int32_t *twin, const sw_alias **alias)
{
    *alias = sw_alias_find(path);
    *key = sw_key_find(*alias ? (*alias)->target[0] : path);
    *twin = *alias ? sw_key_find((*alias)->target[1]) : -1;
    return *key >= 0;
}

/* The one full path that ends in ".name", or the first of them. */
static const char *path_ending_in(const char *name)
{
    for (size_t i = 0; i < sw_keys_count; i++) {
        const char *dot = strrchr(sw_keys[i].path, '.');
        if (!strcmp(dot ? dot + 1 : sw_keys[i].path, name)) return sw_keys[i].path;
    }
    return NULL;
}

void sw_reader_suggest(const char *prefix, const char *name, char out[256])
{
    enum { MEMBERS_MAX = 64 };
    char members[MEMBERS_MAX][64];
    const char *candidates[SW_KEYS_MAX + 8];
    out[0] = '\0';
    size_t count = sw_key_members(prefix, members, MEMBERS_MAX);
    for (size_t i = 0; i < count; i++) candidates[i] = members[i];
    const char *nearest = sw_nearest(name, candidates, count);
    if (!nearest) nearest = path_ending_in(name);
    if (!nearest) {
        count = 0;
        for (size_t i = 0; i < sw_keys_count; i++) candidates[count++] = sw_keys[i].path;
        for (size_t i = 0; i < sw_aliases_count && count < SW_KEYS_MAX + 8; i++)
            candidates[count++] = sw_aliases[i].path;
        nearest = sw_nearest(name, candidates, count);
    }
    if (nearest) snprintf(out, 256, "did you mean %s?", nearest);
}

/* ---- values ---- */

static void expected(sw_reader *reader, const sw_key *key, int32_t node, const char *hint)
{
    char type[256], range[128], found[128];
    sw_key_type_text(key, type, sizeof type);
    sw_key_range_text(key, range, sizeof range);
    sw_document_describe(reader->document, node, found);
    sw_document_error(reader->document, node, reader->diagnostics, hint, "expected %s%s%s, found %s", type,
                      range[0] ? " " : "", range, found);
}

static bool in_range(const sw_key *key, double x)
{
    bool low = key->minimum_excluded ? x > key->minimum : x >= key->minimum;
    bool high = key->maximum_excluded ? x < key->maximum : x <= key->maximum;
    return low && high && isfinite(x);
}

bool sw_reader_number(sw_reader *reader, sw_value *out, const sw_key *key, int32_t node, double x)
{
    out->real = x;
    bool numeric = key->type == SW_KEY_REAL || key->type == SW_KEY_INTEGER;
    if (numeric && in_range(key, x) && (key->type == SW_KEY_REAL || x == floor(x))) {
        out->integer = key->type == SW_KEY_REAL ? 0 : (int64_t)x;
        return true;
    }
    char type[256], range[128], found[32];
    sw_key_type_text(key, type, sizeof type);
    sw_key_range_text(key, range, sizeof range);
    sw_json_format_number(found, x);
    sw_document_error(reader->document, node, reader->diagnostics, NULL, "expected %s%s%s, found %s", type,
                      range[0] ? " " : "", range, found);
    return false;
}

static bool read_number(sw_reader *reader, sw_value *out, const sw_key *key, int32_t node)
{
    const sw_node *n = &reader->document->nodes[node];
    int64_t integer;
    bool whole;
    if (n->broken) return false;
    if (n->type == SW_NODE_STRING && key->word && !strcmp(sw_document_string(reader->document, node), key->word)) {
        out->integer = key->word_value;
        return true;
    }
    if (n->type != SW_NODE_NUMBER) {
        bool quoted = n->type == SW_NODE_STRING && strspn(sw_document_string(reader->document, node), "0123456789.-e");
        char hint[256] = "";
        if (n->type == SW_NODE_STRING && key->word)
            snprintf(hint, sizeof hint, "the one text allowed is \"%s\"", key->word);
        else if (quoted)
            snprintf(hint, sizeof hint, "numbers stand without quotes");
        expected(reader, key, node, hint);
        return false;
    }
    out->real = sw_document_number(reader->document, node, &integer, &whole);
    out->integer = integer;
    if (in_range(key, out->real) && (whole || key->type == SW_KEY_REAL)) return true;
    expected(reader, key, node, NULL);
    return false;
}

static bool read_enum(sw_reader *reader, sw_value *out, const sw_key *key, int32_t node)
{
    const char *text = sw_document_string(reader->document, node);
    if (reader->document->nodes[node].broken) return false;
    size_t count = 0;
    for (; key->names[count]; count++) {
        if (reader->document->nodes[node].type == SW_NODE_STRING && !strcmp(text, key->names[count])) {
            out->integer = (int64_t)count;
            return true;
        }
    }
    const char *nearest = text[0] ? sw_nearest(text, key->names, count) : NULL;
    char hint[128] = "";
    if (nearest) snprintf(hint, sizeof hint, "did you mean \"%s\"?", nearest);
    expected(reader, key, node, hint);
    return false;
}

static bool read_list(sw_reader *reader, sw_value *out, const sw_key *key, int32_t node)
{
    const sw_document *document = reader->document;
    const sw_node *n = &document->nodes[node];
    if (n->broken) return false;
    if (n->type != SW_NODE_ARRAY || n->count > key->capacity) {
        char hint[128];
        snprintf(hint, sizeof hint, "at most %d integers, as in [7, 7]", key->capacity);
        expected(reader, key, node, hint);
        return false;
    }
    int64_t *list = sw_arena_alloc(reader->arena, (size_t)n->count, sizeof *list);
    if (!list) {
        reader->status = SW_E_MEMORY;
        return false;
    }
    bool valid = true;
    out->list = list;
    for (int32_t i = n->child; i >= 0; i = document->nodes[i].next) {
        int64_t integer = 0;
        bool whole = false;
        double x = 0;
        if (document->nodes[i].type == SW_NODE_NUMBER) x = sw_document_number(document, i, &integer, &whole);
        if (document->nodes[i].broken || !whole || !in_range(key, x)) {
            char range[128], found[128];
            sw_key_range_text(key, range, sizeof range);
            sw_document_describe(document, i, found);
            if (!document->nodes[i].broken)
                sw_document_error(document, i, reader->diagnostics, NULL, "expected integer %s, found %s", range,
                                  found);
            valid = false;
        }
        list[out->count++] = integer;
    }
    return valid;
}

static bool read_file(sw_reader *reader, sw_value *out, const sw_key *key, int32_t node)
{
    const sw_document *document = reader->document;
    const char *text = sw_document_string(document, node);
    if (document->nodes[node].broken) return false;
    if (document->nodes[node].type != SW_NODE_STRING || !text[0]) {
        expected(reader, key, node, "the path of an edge list");
        return false;
    }
    sw_named_file *file = sw_arena_alloc(reader->arena, 1, sizeof *file);
    if (!file) {
        reader->status = SW_E_MEMORY;
        return false;
    }
    const char *folder = text[0] == '/' || !reader->folder ? "" : reader->folder;
    int length = snprintf(file->path, sizeof file->path, "%s%s", folder, text);
    if (length < 0 || (size_t)length >= sizeof file->path) {
        sw_document_error(document, node, reader->diagnostics, NULL, "the path is longer than %d bytes",
                          SW_PATH_MAX - 1);
        return false;
    }
    out->file = file;
    if (!reader->folder) return true;
    sw_status status = sw_reader_sha256(file->sha256, file->path);
    file->opened = status == SW_OK;
    if (status == SW_E_MEMORY)
        reader->status = status;
    else if (status != SW_OK)
        sw_document_error(document, node, reader->diagnostics, "relative paths start at the sweep file's folder", "%s",
                          sw_fail_message());
    return status == SW_OK;
}

static bool parse_digest(uint8_t out[32], const char *text)
{
    static const char digits[] = "0123456789abcdef";
    if (strlen(text) != 64 || strspn(text, digits) != 64) return false;
    for (size_t i = 0; i < 32; i++)
        out[i] = (uint8_t)(16 * (strchr(digits, text[2 * i]) - digits) + (strchr(digits, text[2 * i + 1]) - digits));
    return true;
}

static bool read_digest(sw_reader *reader, sw_value *out, const sw_key *key, int32_t node)
{
    if (reader->document->nodes[node].broken) return false;
    sw_named_file *file = sw_arena_alloc(reader->arena, 1, sizeof *file);
    if (!file) {
        reader->status = SW_E_MEMORY;
        return false;
    }
    out->file = file;
    if (parse_digest(file->sha256, sw_document_string(reader->document, node))) return true;
    expected(reader, key, node, "as sha256sum prints it, in lower case");
    return false;
}

void sw_reader_value(sw_reader *reader, sw_value *out, const sw_key *key, int32_t node)
{
    const sw_node *n = &reader->document->nodes[node];
    *out = (sw_value){.node = node, .member = node};
    bool valid = false;
    switch (key->type) {
    case SW_KEY_REAL:
    case SW_KEY_INTEGER: valid = read_number(reader, out, key, node); break;
    case SW_KEY_BOOL:
        valid = n->type == SW_NODE_BOOL && !n->broken;
        out->integer = valid && sw_document_bool(reader->document, node);
        if (!valid && !n->broken) expected(reader, key, node, "write true or false");
        break;
    case SW_KEY_ENUM: valid = read_enum(reader, out, key, node); break;
    case SW_KEY_INTEGERS: valid = read_list(reader, out, key, node); break;
    case SW_KEY_FILE: valid = read_file(reader, out, key, node); break;
    case SW_KEY_SHA256: valid = read_digest(reader, out, key, node); break;
    case SW_KEY_NAMES: /* read by those who know the axes */ break;
    }
    out->broken = !valid;
}

/* ---- assignments ---- */

static void push(sw_reader *reader, sw_assignments *out, const sw_assignment *item)
{
    if (out->count == out->capacity) {
        size_t capacity = out->capacity ? 2 * out->capacity : 16;
        sw_assignment *items = realloc(out->items, capacity * sizeof *items);
        if (!items) {
            reader->status = sw_fail(SW_E_MEMORY, "out of memory");
            return;
        }
        out->items = items;
        out->capacity = capacity;
    }
    out->items[out->count++] = *item;
}

static bool overlap(const sw_assignment *a, const sw_assignment *b)
{
    return a->key == b->key || (a->twin >= 0 && a->twin == b->key) || (b->twin >= 0 && b->twin == a->key);
}

/* A key given twice, by two spellings or under an alias too. */
static bool is_conflict(sw_reader *reader, const sw_assignments *out, const sw_assignment *item)
{
    for (size_t i = 0; i < out->count; i++) {
        if (!overlap(&out->items[i], item)) continue;
        const sw_node *first = &reader->document->nodes[out->items[i].value.member];
        const sw_alias *alias = item->value.alias ? item->value.alias : out->items[i].value.alias;
        char hint[256] = "give it once";
        if (alias) snprintf(hint, sizeof hint, "%s sets %s and %s", alias->path, alias->target[0], alias->target[1]);
        sw_document_key_error(reader->document, item->value.member, reader->diagnostics, hint,
                              "the key is set twice, first in line %d, column %d", first->key_line, first->key_column);
        return true;
    }
    return false;
}

static void report_unknown(sw_reader *reader, int32_t node, const char *prefix)
{
    char hint[256] = "", found[128];
    const char *name = sw_document_key(reader->document, node);
    if (sw_diagnostics_count(reader->diagnostics) < SW_DIAGNOSTICS_MAX) {
        if (!strncmp(name, "run.", 4))
            snprintf(hint, sizeof hint, "paths start below run: %.200s", name + 4);
        else
            sw_reader_suggest(prefix, name, hint);
    }
    sw_document_describe(reader->document, node, found);
    sw_document_key_error(reader->document, node, reader->diagnostics, hint, "unknown key (its value is %s)", found);
}

void sw_reader_assignments(sw_reader *reader, sw_assignments *out, int32_t object, const char *prefix, bool dotted,
                           const char *skip)
{
    const sw_document *document = reader->document;
    for (int32_t i = document->nodes[object].child; i >= 0 && !reader->status; i = document->nodes[i].next) {
        const char *name = sw_document_key(document, i);
        if ((skip && !strcmp(name, skip)) || document->nodes[i].duplicate) continue;
        char path[256];
        snprintf(path, sizeof path, "%s%s%.120s", prefix, prefix[0] ? "." : "", name);
        sw_assignment item = {.key = -1, .twin = -1};
        const sw_alias *alias;
        bool spelled = strlen(name) <= 120 && (dotted || !strchr(name, '.'));
        if (spelled && sw_reader_find(path, &item.key, &item.twin, &alias)) {
            sw_reader_value(reader, &item.value, &sw_keys[item.key], i);
            item.value.alias = alias;
            if (!is_conflict(reader, out, &item)) push(reader, out, &item);
        } else if (spelled && name[0] && sw_key_is_group(path)) {
            if (document->nodes[i].type == SW_NODE_OBJECT)
                sw_reader_assignments(reader, out, i, path, dotted, NULL);
            else if (!document->nodes[i].broken) {
                char found[128];
                sw_document_describe(document, i, found);
                sw_document_error(document, i, reader->diagnostics, NULL, "expected an object, found %s", found);
            }
        } else if (!dotted && strchr(name, '.') && sw_key_find(name) >= 0) {
            sw_document_key_error(document, i, reader->diagnostics,
                                  "write nested objects here; dotted paths name axes of grid, zip, cases and random",
                                  "a dotted path where a key is expected");
        } else {
            report_unknown(reader, i, prefix);
        }
    }
}
