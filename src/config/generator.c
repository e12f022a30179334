/* generator.c: values that are described, not listed: ranges, grids in linear or logarithmic steps, random draws. */
#include "config/generator.h"

#include "config/reader.h"

#include "symsweep/random.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* x rounded to 12 significant digits: what is generated does not depend on the last bit of libm. */
static double round_digits(double x) {
    char text[40];
    snprintf(text, sizeof text, "%.12g", x);
    return strtod(text, NULL);
}

/* ---- range, linspace, logspace ---- */

typedef enum generator_kind { RANGE, LINSPACE, LOGSPACE, GENERATOR_COUNT } generator_kind;

static const char *const generator_names[GENERATOR_COUNT] = {"range", "linspace", "logspace"};
static const char *const generator_forms[GENERATOR_COUNT] = {"[a, b] or [a, b, step]", "[a, b, n]", "[a, b, n]"};

/* A generator as it stands in the file. */
typedef struct series {
    generator_kind kind;
    double x[3];
    int32_t given, node; /* numbers of x; where they stand */
    size_t count;        /* of the values */
} series;

/* Two or three numbers of an array; false: reported. */
static bool read_numbers(sw_reader *reader, series *out) {
    const sw_document *document = reader->document;
    const sw_node *n = &document->nodes[out->node];
    out->given = n->type == SW_NODE_ARRAY ? n->count : 0;
    bool valid = out->given == 3 || (out->kind == RANGE && out->given == 2);
    int32_t place = 0;
    for (int32_t i = n->child; valid && i >= 0; i = document->nodes[i].next) {
        int64_t integer;
        bool whole;
        if (document->nodes[i].broken) return false;
        if (document->nodes[i].type == SW_NODE_NUMBER)
            out->x[place++] = sw_document_number(document, i, &integer, &whole);
        else
            valid = false;
    }
    if (valid) return true;
    if (n->type == SW_NODE_ARRAY)
        return sw_document_error(document, out->node, NULL, "expected numbers %s, found an array of something else",
                                 generator_forms[out->kind]);
    return sw_document_expected(document, out->node, NULL, "numbers %s", generator_forms[out->kind]);
}

/* Number of values as a double, so that no size overflows; 0: reported. */
static double count_values(const sw_document *document, const series *s) {
    const double *x = s->x;
    if (s->kind == RANGE) {
        double step = s->given == 3 ? x[2] : 1;
        if (step == 0) return sw_document_error(document, s->node, NULL, "a step of 0");
        double count = ceil((x[1] - x[0]) / step - 1e-9);
        return count >= 1 ? count : sw_document_error(document, s->node, "[a, b] is a..b-1", "the range is empty");
    }
    if (!(x[2] >= 1) || x[2] != floor(x[2]))
        return sw_document_error(document, s->node, "as in [0.01, 10, 4]",
                                 "the number of values is a whole number of at least 1");
    if (x[2] == 1 && x[0] != x[1]) return sw_document_error(document, s->node, NULL, "one value cannot have two ends");
    if (s->kind == LOGSPACE && !(x[0] > 0 && x[1] > 0))
        return sw_document_error(document, s->node, "the ends are values, not exponents: [0.001, 10, 5]",
                                 "a logarithmic grid has ends above 0");
    return x[2];
}

static double generated(const series *s, size_t i) {
    const double *x = s->x;
    double last = x[2] - 1, t = (double)i;
    if (s->kind == RANGE) return round_digits(x[0] + t * (s->given == 3 ? x[2] : 1));
    if (i == 0) return x[0];
    if (t == last) return x[1];
    if (s->kind == LINSPACE) return round_digits(x[0] + (x[1] - x[0]) * (t / last));
    return round_digits(exp(log(x[0]) + (log(x[1]) - log(x[0])) * (t / last)));
}

static const char *nearest_generator(const sw_document *document, int32_t member) {
    return sw_document_nearest(sw_document_key(document, member), generator_names, GENERATOR_COUNT);
}

/* The generator at an object; false: reported. */
static bool read_series(sw_reader *reader, series *out, int32_t node) {
    const sw_document *document = reader->document;
    const sw_node *n = &document->nodes[node];
    *out = (series){.node = n->child};
    if (n->count != 1)
        return sw_document_error(document, node,
                                 "{\"range\": [a, b]}, {\"linspace\": [a, b, n]} or {\"logspace\": [a, b, n]}",
                                 "expected one generator of values");
    while (out->kind < GENERATOR_COUNT && strcmp(sw_document_key(document, n->child), generator_names[out->kind]))
        out->kind++;
    if (out->kind == GENERATOR_COUNT) {
        char hint[256];
        if (!sw_document_suggest(hint, nearest_generator(document, n->child), ""))
            snprintf(hint, sizeof hint, "there are range, linspace and logspace");
        return sw_document_key_error(document, n->child, hint, "unknown generator of values");
    }
    if (!read_numbers(reader, out)) return false;
    double count = count_values(document, out);
    if (count > SW_RUNS_MAX)
        return sw_document_error(document, out->node, NULL, "%.0f values; a sweep has at most %d runs", count,
                                 SW_RUNS_MAX);
    out->count = count >= 1 ? (size_t)count : 0;
    return out->count > 0;
}

/* ---- lists of values ---- */

static bool is_generator(const sw_document *document, const sw_key *key, int32_t node) {
    const sw_node *n = &document->nodes[node];
    return n->type == SW_NODE_OBJECT && key->capacity == 0 && n->count == 1 && nearest_generator(document, n->child);
}

bool sw_generator_varies(const sw_document *document, const sw_key *key, int32_t node) {
    const sw_node *n = &document->nodes[node];
    if (n->type != SW_NODE_ARRAY) return is_generator(document, key, node);
    return key->capacity == 0 || (n->child >= 0 && document->nodes[n->child].type == SW_NODE_ARRAY);
}

/* How many values stand at a node; a generator that cannot be read has none, and is reported. */
static size_t count_at(sw_reader *reader, const sw_key *key, int32_t node) {
    series s;
    if (!is_generator(reader->document, key, node)) return 1;
    return read_series(reader, &s, node) ? s.count : 0;
}

/* Appends the values at a node to those of the dimension, which has room. */
static void append(sw_reader *reader, sw_dimension *out, int32_t node, bool generator) {
    series s = {.count = 1};
    if (generator && !read_series(reader, &s, node)) return;
    for (size_t i = 0; i < s.count; i++) {
        sw_value *value = &out->values[out->count++];
        if (generator) {
            double number = generated(&s, i);
            if (s.kind == LOGSPACE && out->key->type == &sw_key_integer) number = round(number);
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
    series s;
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
    out->real = round_digits(x);
    if (out->real < low) out->real = low;
    if (out->real > high) out->real = high;
    out->integer = whole ? (int64_t)out->real : 0;
}
