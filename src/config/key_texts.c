/* key_texts.c: the types of keys that are arrays of characters in the structure: texts, paths, rows of results files,
 * lists of names. */
#include "config/key_texts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what they share ---- */

/* Keeps `length` bytes of a text. */
static bool keep(sw_reader *reader, sw_value *out, const char *text, size_t length) {
    char *copy = sw_key_allocate(reader, length + 1, 1);
    if (!copy) return false;
    memcpy(copy, text, length);
    copy[length] = '\0';
    out->text = copy;
    return true;
}

static bool read_text(sw_reader *reader, sw_value *out, const sw_key *key, int32_t node) {
    const char *text = sw_document_string(reader->document, node);
    const size_t length = strlen(text);
    if (reader->document->nodes[node].broken) return false;
    if (reader->document->nodes[node].type != SW_NODE_STRING || (double)length < key->minimum)
        return sw_key_refuse(reader, key, node, NULL);
    if ((double)length > key->maximum) {
        char hint[64];
        snprintf(hint, sizeof hint, "it has %zu", length);
        return sw_key_refuse(reader, key, node, hint);
    }
    return keep(reader, out, text, length);
}

static const char *text_of(const sw_value *value) { return value->text ? value->text : ""; }

static void store_text(void *base, const sw_key *key, const sw_value *value) {
    const size_t room = (size_t)key->maximum + 1;
    char *field = (char *)base + key->offset;
    memset(field, 0, room);
    snprintf(field, room, "%s", text_of(value));
}

static void load_text(sw_field *out, const void *base, const sw_key *key) {
    out->value.text = (const char *)base + key->offset;
}

static int compare_texts(const sw_value *a, const sw_value *b) { return strcmp(text_of(a), text_of(b)); }

static void text_text(char *out, size_t capacity, const sw_key *key, const sw_value *value) {
    (void)key;
    snprintf(out, capacity, "%s", text_of(value));
}

static void text_type(char *out, size_t capacity, const sw_key *key) {
    snprintf(out, capacity, "string of %.0f to %.0f characters", key->minimum, key->maximum);
}

/* ---- paths ---- */

static bool read_path(sw_reader *reader, sw_value *out, const sw_key *key, int32_t node) {
    char path[2 * SW_PATH_MAX];
    if (!read_text(reader, out, key, node)) return false;
    if (key->word && !strcmp(out->text, key->word)) return keep(reader, out, "", 0);
    const char *folder = out->text[0] == '/' || !reader->folder ? "" : reader->folder;
    const int length = snprintf(path, sizeof path, "%s%s", folder, out->text);
    if (length < 0 || (double)length > key->maximum)
        return sw_document_error(reader->document, node, NULL, "the path is longer than %.0f bytes", key->maximum);
    return keep(reader, out, path, (size_t)length);
}

static void path_text(char *out, size_t capacity, const sw_key *key, const sw_value *value) {
    snprintf(out, capacity, "%s", key->word && !text_of(value)[0] ? key->word : text_of(value));
}

/* ---- rows ---- */

static bool read_row(sw_reader *reader, sw_value *out, const sw_key *key, int32_t node) {
    if (reader->document->nodes[node].type != SW_NODE_NUMBER) return read_text(reader, out, key, node);
    char text[32];
    int64_t row = 0;
    bool whole = false;
    sw_document_number(reader->document, node, &row, &whole);
    if (!whole || row < 0) return sw_key_refuse(reader, key, node, NULL);
    return keep(reader, out, text, (size_t)snprintf(text, sizeof text, "%lld", (long long)row));
}

/* ---- lists of names ---- */

static bool is_name(const char *text) { return text[0] && !text[strcspn(text, " \"\\")]; }

static int compare_names(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

bool sw_key_read_words(sw_reader *reader, char *out, size_t capacity, int32_t node) {
    enum { NAMES_MAX = SW_PATH_MAX / 2 };
    const sw_document *document = reader->document;
    const char *names[NAMES_MAX];
    int32_t count = 0;
    size_t used = 0;
    if (document->nodes[node].type != SW_NODE_ARRAY)
        return sw_document_expected(document, node, "as in [\"token_embedding\", \"layers.0\"]",
                                    "an array of tensor names");
    for (int32_t i = document->nodes[node].child; i >= 0 && count < NAMES_MAX; i = document->nodes[i].next) {
        names[count] = sw_document_string(document, i);
        if (!is_name(names[count])) return sw_document_expected(document, i, NULL, "the name of a tensor");
        count++;
    }
    qsort(names, (size_t)count, sizeof *names, compare_names);
    out[0] = '\0';
    for (int32_t i = 0; i < count && used < capacity; i++)
        if (i == 0 || strcmp(names[i], names[i - 1]))
            used += (size_t)snprintf(out + used, capacity - used, "%s%s", used ? " " : "", names[i]);
    if (used < capacity) return true;
    return sw_document_error(document, node, "\"layers.0\" stands for all tensors of layer 0",
                             "the names have more than %zu bytes in all", capacity - 1);
}

static bool read_words(sw_reader *reader, sw_value *out, const sw_key *key, int32_t node) {
    char text[SW_PATH_MAX];
    return sw_key_read_words(reader, text, (size_t)key->maximum + 1, node) && keep(reader, out, text, strlen(text));
}

void sw_key_write_words(sw_json *json, const char *names) {
    sw_json_begin_array(json);
    while (*names) {
        char name[SW_PATH_MAX];
        const size_t length = strcspn(names, " ");
        snprintf(name, sizeof name, "%.*s", (int)length, names);
        sw_json_string(json, name);
        names += length + (names[length] == ' ');
    }
    sw_json_end_array(json);
}

static void write_words(sw_json *json, const sw_key *key, const sw_value *value) {
    (void)key;
    sw_key_write_words(json, text_of(value));
}

void sw_key_json_text(char *out, size_t capacity, const sw_key *key, const sw_value *value) {
    sw_json *json = NULL;
    const char *text = NULL;
    if (sw_json_create(&json) == SW_OK) {
        key->type->write(json, key, value);
        text = sw_json_text(json);
    }
    snprintf(out, capacity, "%s", text ? text : "");
    sw_json_destroy(json);
}

/* ---- the types ---- */

/* clang-format off */

const sw_key_type sw_key_text = {
    .base = "string", .type_text = text_type, .axis = SW_AXIS_STRING, .quoted = true,
    .read = read_text, .store = store_text, .load = load_text, .compare = compare_texts, .value_text = text_text};
const sw_key_type sw_key_path = {
    .base = "string", .name = "string", .axis = SW_AXIS_STRING, .quoted = true,
    .read = read_path, .store = store_text, .load = load_text, .compare = compare_texts, .value_text = path_text};
const sw_key_type sw_key_row = {
    .base = "row", .name = "integer or string", .axis = SW_AXIS_STRING, .quoted = true,
    .read = read_row, .store = store_text, .load = load_text, .compare = compare_texts, .value_text = text_text};
const sw_key_type sw_key_words = {
    .base = "words", .name = "array of names", .axis = SW_AXIS_STRING,
    .read = read_words, .store = store_text, .load = load_text, .compare = compare_texts,
    .value_text = sw_key_json_text, .write = write_words};

/* clang-format on */
