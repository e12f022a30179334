/* generator.c: values that are described, not listed: ranges, grids in linear or logarithmic steps, random draws. */
#include "config/generator.h"

#include "config/reader.h"
#include "config/series.h"

#include "symsweep/random.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- lists of values ---- */

/* Is one value of the key an array? */
static bool is_list(const sw_key *key) { return key->capacity > 0 || key->type == &sw_key_words; }

static bool is_generator(const sw_document *document, const sw_key *key, int32_t node) {
    const sw_node *n = &document->nodes[node];
    return n->type == SW_NODE_OBJECT && !is_list(key) && n->count == 1 && sw_series_nearest(document, n->child);
}

bool sw_generator_varies(const sw_document *document, const sw_key *key, int32_t node) {
    const sw_node *n = &document->nodes[node];
    if (n->type != SW_NODE_ARRAY) return is_generator(document, key, node);
    return !is_list(key) || (n->child >= 0 && document->nodes[n->child].type == SW_NODE_ARRAY);
}

static bool read_series(sw_reader *reader, sw_series *out, int32_t node) {
    char limit[64];
    snprintf(limit, sizeof limit, "a sweep has at most %d runs", SW_RUNS_MAX);
    return sw_series_read(reader->document, out, node, SW_RUNS_MAX, limit);
}

/* How many values stand at a node; a generator that cannot be read has none, and is reported. */
static size_t count_at(sw_reader *reader, const sw_key *key, int32_t node) {
    sw_series s;
    if (!is_generator(reader->document, key, node)) return 1;
    return read_series(reader, &s, node) ? s.count : 0;
}

/* Appends the values at a node to those of the dimension, which has room. */
static void append(sw_reader *reader, sw_dimension *out, int32_t node, bool generator) {
    sw_series s = {.count = 1};
    if (generator && !read_series(reader, &s, node)) return;
    for (size_t i = 0; i < s.count; i++) {
        sw_value *value = &out->values[out->count++];
        if (generator) {
            double number = sw_series_value(&s, i);
            if (s.kind == SW_LOGSPACE && out->key->type == &sw_key_integer) number = round(number);
            *value = (sw_value){.node = s.node};
            value->broken = !sw_key_read_number(reader, value, out->key, s.node, number);
        } else {
            sw_reader_value(reader, value, out->key, node);
        }
        value->member = out->member;
        value->alias = out->alias;
    }
}

/* Generated values take memory only where they do not make the sweep too large anyway, which is refused when all axes
 * are multiplied. */
static bool make_room(sw_reader *reader, sw_dimension *out, size_t count, size_t listed) {
    if (count <= reader->room || count <= listed) {
        out->values = sw_key_allocate(reader, count, sizeof *out->values);
        return out->values != NULL;
    }
    out->count = count;
    return false;
}

static bool read_list(sw_reader *reader, sw_dimension *out, int32_t node) {
    const sw_document *document = reader->document;
    const sw_node *n = &document->nodes[node];
    size_t count = 0;
    if (n->count == 0)
        return sw_document_error(document, node, "leave the axis out, or give it values", "an axis without values");
    for (int32_t i = n->child; i >= 0 && count <= SW_RUNS_MAX; i = document->nodes[i].next)
        count += count_at(reader, out->key, i);
    if (count > SW_RUNS_MAX)
        return sw_document_error(document, node, NULL, "%zu values; a sweep has at most %d runs", count, SW_RUNS_MAX);
    const bool room = count > 0 && make_room(reader, out, count, (size_t)n->count);
    for (int32_t i = room ? n->child : -1; i >= 0; i = document->nodes[i].next)
        append(reader, out, i, is_generator(document, out->key, i));
    return count > 0;
}

bool sw_generator_values(sw_reader *reader, sw_dimension *out, int32_t node) {
    const sw_node *n = &reader->document->nodes[node];
    sw_series s;
    if (n->type == SW_NODE_ARRAY) return read_list(reader, out, node);
    if (n->type != SW_NODE_OBJECT)
        return !n->broken && sw_document_expected(reader->document, node, "as in [0, 0.1] or {\"range\": [0, 10]}",
                                                  "an array of values or a generator");
    if (!read_series(reader, &s, node)) return false;
    if (make_room(reader, out, s.count, 0)) append(reader, out, node, true);
    return true;
}

/* ---- random draws ---- */

void sw_generator_draw(sw_value *out, const sw_dimension *dimension, uint32_t sampler_seed, size_t sample,
                       size_t place) {
    if (dimension->distribution == SW_VALUES) {
        *out = dimension->values[sw_random_below(sampler_seed, SW_STREAM_RANDOM_AXIS, sample, place, dimension->count)];
        return;
    }
    *out = (sw_value){.node = dimension->member, .member = dimension->member, .alias = dimension->alias};
    double low = dimension->low, high = dimension->high;
    if (dimension->distribution == SW_UNIFORM_INTEGER) {
        const int64_t step = dimension->step;
        const uint64_t values = (uint64_t)((int64_t)(high - low) + step - 1) / (uint64_t)step;
        out->integer =
            (int64_t)low + step * (int64_t)sw_random_below(sampler_seed, SW_STREAM_RANDOM_AXIS, sample, place, values);
        out->real = (double)out->integer;
        return;
    }
    double u = sw_random_uniform(sampler_seed, SW_STREAM_RANDOM_AXIS, sample, place);
    double x =
        dimension->distribution == SW_UNIFORM ? low + u * (high - low) : exp(log(low) + u * (log(high) - log(low)));
    const bool whole = dimension->key->type == &sw_key_integer;
    if (whole) x = round(x);
    out->real = sw_series_round(x);
    if (out->real < low) out->real = low;
    if (out->real > high) out->real = high;
    out->integer = whole ? (int64_t)out->real : 0;
}
