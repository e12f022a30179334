/* key_steps.c: lists of steps: numbers and generators, put into order. */
#include "config/key_steps.h"

#include "config/series.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- reading ---- */

static int compare_steps(const void *a, const void *b) {
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Sorts and leaves out what stands twice; returns how many are left. */
static int32_t put_in_order(int64_t *list, int32_t count) {
    int32_t kept = 0;
    qsort(list, (size_t)count, sizeof *list, compare_steps);
    for (int32_t i = 0; i < count; i++)
        if (i == 0 || list[i] != list[i - 1]) list[kept++] = list[i];
    return kept;
}

static bool is_step(const sw_key *key, double x) { return x == floor(x) && x >= key->minimum && x <= key->maximum; }

static bool refuse(sw_reader *reader, const sw_key *key, int32_t node) {
    char range[128];
    sw_key_range_text(key, range, sizeof range);
    if (reader->document->nodes[node].broken) return false;
    return sw_document_expected(reader->document, node, "as in [2, 4, 8, {\"range\": [1000, 50001, 1000]}]",
                                "integer %s or a generator of such", range);
}

/* The steps of one generator, rounded to whole ones, each once. */
static bool append_series(sw_reader *reader, sw_value *out, int64_t *list, const sw_key *key, const sw_series *series) {
    int64_t *own = list + out->count;
    for (size_t i = 0; i < series->count; i++) {
        double x = sw_series_value(series, i);
        if (series->kind != SW_RANGE) x = round(x);
        char found[32], range[128];
        sw_json_format_number(found, x);
        sw_key_range_text(key, range, sizeof range);
        if (!is_step(key, x))
            return sw_document_error(reader->document, series->node, NULL, "expected integers %s, found %s among them",
                                     range, found);
        own[i] = (int64_t)x;
    }
    out->count += put_in_order(own, (int32_t)series->count);
    return true;
}

static bool append_number(sw_reader *reader, sw_value *out, int64_t *list, const sw_key *key, int32_t node) {
    bool whole = false;
    int64_t integer = 0;
    double x = 0;
    if (reader->document->nodes[node].type == SW_NODE_NUMBER)
        x = sw_document_number(reader->document, node, &integer, &whole);
    if (!whole || !is_step(key, x)) return refuse(reader, key, node);
    list[out->count++] = integer;
    return true;
}

/* The generator at a node that is an object; false: reported. */
static bool read_series(sw_reader *reader, sw_series *out, const sw_key *key, int32_t node) {
    const sw_node *n = &reader->document->nodes[node];
    char limit[64];
    if (n->count == 1 && !sw_series_nearest(reader->document, n->child)) return refuse(reader, key, node);
    snprintf(limit, sizeof limit, "there may be %d steps", key->capacity);
    return !reader->document->nodes[node].broken &&
           sw_series_read(reader->document, out, node, (size_t)key->capacity, limit);
}

/* How many numbers stand at the elements from `node` on; -1: reported. */
static int64_t count_steps(sw_reader *reader, const sw_key *key, int32_t node, bool alone) {
    int64_t count = 0;
    bool valid = true;
    for (int32_t i = node; i >= 0; i = alone ? -1 : reader->document->nodes[i].next) {
        sw_series series = {.count = 1};
        if (reader->document->nodes[i].type == SW_NODE_OBJECT) valid = read_series(reader, &series, key, i) && valid;
        count += (int64_t)series.count;
    }
    return valid ? count : -1;
}

static void warn_repeats(const sw_reader *reader, int32_t node, int32_t repeats) {
    const sw_node *n = &reader->document->nodes[node];
    char path[256];
    sw_document_path(reader->document, node, path);
    sw_diagnostics_add(reader->document->diagnostics, true, n->line, n->column, path, NULL,
                       repeats == 1 ? "%d step stands twice, and counts once" : "%d steps stand twice, and count once",
                       repeats);
}

static bool read_steps(sw_reader *reader, sw_value *out, const sw_key *key, int32_t node) {
    const sw_document *document = reader->document;
    const sw_node *n = &document->nodes[node];
    const bool alone = n->type == SW_NODE_OBJECT;
    if (n->broken) return false;
    if (n->type != SW_NODE_ARRAY && !alone) return refuse(reader, key, node);
    const int64_t count = count_steps(reader, key, alone ? node : n->child, alone);
    if (count < 0) return false;
    if (count > key->capacity)
        return sw_document_error(document, node, NULL, "expected at most %d steps, found %lld", key->capacity,
                                 (long long)count);
    int64_t *list = sw_key_allocate(reader, (size_t)(count > 0 ? count : 1), sizeof *list);
    if (!list) return false;
    bool valid = true;
    for (int32_t i = alone ? node : n->child; i >= 0; i = alone ? -1 : document->nodes[i].next) {
        sw_series series;
        if (document->nodes[i].type == SW_NODE_OBJECT)
            valid = read_series(reader, &series, key, i) && append_series(reader, out, list, key, &series) && valid;
        else
            valid = append_number(reader, out, list, key, i) && valid;
    }
    const int32_t given = out->count;
    out->count = put_in_order(list, given);
    out->list = list;
    if (valid && out->count < given) warn_repeats(reader, node, given - out->count);
    return valid;
}

/* ---- in the structure ---- */

static int32_t *count_in(void *base, const sw_key *key) {
    return (int32_t *)(void *)((char *)base + key->count_offset);
}

static const int64_t **list_in(void *base, const sw_key *key) {
    return (const int64_t **)(void *)((char *)base + key->offset);
}

static void store_steps(void *base, const sw_key *key, const sw_value *value) {
    *count_in(base, key) = value->count;
    *list_in(base, key) = value->count > 0 ? value->list : NULL;
}

static void load_steps(sw_field *out, const void *base, const sw_key *key) {
    const char *at = base;
    out->value.count = *(const int32_t *)(const void *)(at + key->count_offset);
    out->value.list = *(const int64_t *const *)(const void *)(at + key->offset);
}

/* ---- as text ---- */

static void type_text(char *out, size_t capacity, const sw_key *key) {
    snprintf(out, capacity, "array of at most %d integers or generators", key->capacity);
}

/* A list longer than ROOM, or that does not fit: its first steps, its last, how many there are, and what tells it from
 * others. */
static void steps_text(char *out, size_t capacity, const sw_key *key, const sw_value *value) {
    enum { SHOWN = 3, MARK = 80, ROOM = 1024 };
    uint32_t mark = UINT32_C(2166136261); /* FNV-1a */
    if (capacity > ROOM) capacity = ROOM;
    sw_key_list_text(out, capacity, key, value);
    if (strlen(out) + 1 < capacity || capacity < MARK + 16 || value->count <= SHOWN) return;
    for (int32_t i = 0; i < value->count; i++)
        for (int k = 0; k < 8; k++) mark = (mark ^ ((uint64_t)value->list[i] >> 8 * k & 0xff)) * UINT32_C(16777619);
    size_t used = (size_t)snprintf(out, capacity, "[");
    for (int32_t i = 0; i < SHOWN; i++)
        used += (size_t)snprintf(out + used, capacity - used, "%lld,", (long long)value->list[i]);
    snprintf(out + used, capacity - used, "...,%lld] (%d steps, %08x)", (long long)value->list[value->count - 1],
             value->count, mark);
}

const sw_key_type sw_key_steps = {.base = "steps",
                                  .type_text = type_text,
                                  .axis = SW_AXIS_STRING,
                                  .ranged = true,
                                  .read = read_steps,
                                  .store = store_steps,
                                  .load = load_steps,
                                  .compare = sw_key_compare_lists,
                                  .value_text = steps_text};
