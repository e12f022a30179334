/* generator.c: values that are described, not listed: ranges, grids in linear or logarithmic steps, random draws. */
#include "config/generator.h"

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

/* Two or three numbers of an array; false: reported. */
static bool read_numbers(sw_reader *reader, double out[3], int32_t *count, int32_t node, generator_kind kind) {
    const sw_document *document = reader->document;
    const sw_node *n = &document->nodes[node];
    *count = n->type == SW_NODE_ARRAY ? n->count : 0;
    bool valid = kind == RANGE ? *count == 2 || *count == 3 : *count == 3;
    int32_t place = 0;
    for (int32_t i = n->child; valid && i >= 0; i = document->nodes[i].next) {
        int64_t integer;
        bool whole;
        if (document->nodes[i].broken) return false;
        if (document->nodes[i].type == SW_NODE_NUMBER)
            out[place++] = sw_document_number(document, i, &integer, &whole);
        else
            valid = false;
    }
    if (valid) return true;
    if (n->type == SW_NODE_ARRAY)
        return sw_document_error(document, node, NULL, "expected numbers %s, found an array of something else",
                                 generator_forms[kind]);
    return sw_document_expected(document, node, NULL, "numbers %s", generator_forms[kind]);
}

/* Number of values as a double, so that no size overflows; 0: reported. */
static double count_values(const sw_document *document, const double x[3], int32_t given, int32_t node,
                           generator_kind kind) {
    if (kind == RANGE) {
        double step = given == 3 ? x[2] : 1;
        if (step == 0) return sw_document_error(document, node, NULL, "a step of 0");
        double count = ceil((x[1] - x[0]) / step - 1e-9);
        return count >= 1 ? count : sw_document_error(document, node, "[a, b] is a..b-1", "the range is empty");
    }
    if (!(x[2] >= 1) || x[2] != floor(x[2]))
        return sw_document_error(document, node, "as in [0.01, 10, 4]",
                                 "the number of values is a whole number of at least 1");
    if (x[2] == 1 && x[0] != x[1]) return sw_document_error(document, node, NULL, "one value cannot have two ends");
    if (kind == LOGSPACE && !(x[0] > 0 && x[1] > 0))
        return sw_document_error(document, node, "the ends are values, not exponents: [0.001, 10, 5]",
                                 "a logarithmic grid has ends above 0");
    return x[2];
}

static double generated(const double x[3], int32_t given, size_t i, generator_kind kind) {
    double last = x[2] - 1, t = (double)i;
    if (kind == RANGE) return round_digits(x[0] + t * (given == 3 ? x[2] : 1));
    if (i == 0) return x[0];
    if (t == last) return x[1];
    if (kind == LINSPACE) return round_digits(x[0] + (x[1] - x[0]) * (t / last));
    return round_digits(exp(log(x[0]) + (log(x[1]) - log(x[0])) * (t / last)));
}

static bool generate(sw_reader *reader, sw_dimension *out, int32_t node, const double x[3], int32_t given,
                     generator_kind kind) {
    double count = count_values(reader->document, x, given, node, kind);
    if (count > SW_RUNS_MAX)
        return sw_document_error(reader->document, node, NULL, "%.0f values; a sweep has at most %d runs", count,
                                 SW_RUNS_MAX);
    if (count < 1) return false;
    const bool fits =
        (size_t)count <= reader->room; /* else refused when all axes are multiplied: nothing is allocated */
    if (fits) out->values = sw_key_allocate(reader, (size_t)count, sizeof *out->values);
    if (!fits || out->values) out->count = (size_t)count;
    for (size_t i = 0; out->values && i < out->count; i++) {
        sw_value *value = &out->values[i];
        *value = (sw_value){.node = node, .member = out->member, .alias = out->alias};
        double number = generated(x, given, i, kind);
        if (kind == LOGSPACE && out->key->type == &sw_key_integer) number = round(number);
        value->broken = !sw_key_read_number(reader, value, out->key, node, number);
    }
    return true;
}

bool sw_generator_read(sw_reader *reader, sw_dimension *out, int32_t node) {
    const sw_document *document = reader->document;
    const sw_node *n = &document->nodes[node];
    int32_t child = n->child;
    if (n->count != 1)
        return sw_document_error(document, node,
                                 "{\"range\": [a, b]}, {\"linspace\": [a, b, n]} or {\"logspace\": [a, b, n]}",
                                 "expected one generator of values");
    for (int kind = 0; kind < GENERATOR_COUNT; kind++) {
        double numbers[3];
        int32_t count;
        if (strcmp(sw_document_key(document, child), generator_names[kind])) continue;
        return read_numbers(reader, numbers, &count, child, (generator_kind)kind) &&
               generate(reader, out, child, numbers, count, (generator_kind)kind);
    }
    char hint[256];
    const char *nearest = sw_document_nearest(sw_document_key(document, child), generator_names, GENERATOR_COUNT);
    if (!sw_document_suggest(hint, nearest, "")) snprintf(hint, sizeof hint, "there are range, linspace and logspace");
    return sw_document_key_error(document, child, hint, "unknown generator of values");
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
        uint64_t width = (uint64_t)(high - low);
        out->integer =
            (int64_t)low + (int64_t)sw_random_below(sampler_seed, SW_STREAM_RANDOM_AXIS, sample, place, width);
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
