/* series.c: numbers that are described, not listed: ranges, grids in linear or logarithmic steps. */
#include "config/series.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

double sw_series_round(double x) {
    char text[40];
    snprintf(text, sizeof text, "%.12g", x);
    return strtod(text, NULL);
}

/* ---- range, linspace, logspace ---- */

static const char *const names[SW_SERIES_COUNT] = {"range", "linspace", "logspace"};
static const char *const forms[SW_SERIES_COUNT] = {"[a, b] or [a, b, step]", "[a, b, n]", "[a, b, n]"};

/* Two or three numbers of an array; false: reported. */
static bool read_numbers(const sw_document *document, sw_series *out) {
    const sw_node *n = &document->nodes[out->node];
    out->given = n->type == SW_NODE_ARRAY ? n->count : 0;
    bool valid = out->given == 3 || (out->kind == SW_RANGE && out->given == 2);
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
                                 forms[out->kind]);
    return sw_document_expected(document, out->node, NULL, "numbers %s", forms[out->kind]);
}

/* Number of values as a double, so that no size overflows; 0: reported. */
static double count_values(const sw_document *document, const sw_series *s) {
    const double *x = s->x;
    if (s->kind == SW_RANGE) {
        double step = s->given == 3 ? x[2] : 1;
        if (step == 0) return sw_document_error(document, s->node, NULL, "a step of 0");
        double count = ceil((x[1] - x[0]) / step - 1e-9);
        return count >= 1 ? count : sw_document_error(document, s->node, "[a, b] is a..b-1", "the range is empty");
    }
    if (!(x[2] >= 1) || x[2] != floor(x[2]))
        return sw_document_error(document, s->node, "as in [0.01, 10, 4]",
                                 "the number of values is a whole number of at least 1");
    if (x[2] == 1 && x[0] != x[1]) return sw_document_error(document, s->node, NULL, "one value cannot have two ends");
    if (s->kind == SW_LOGSPACE && !(x[0] > 0 && x[1] > 0))
        return sw_document_error(document, s->node, "the ends are values, not exponents: [0.001, 10, 5]",
                                 "a logarithmic grid has ends above 0");
    return x[2];
}

double sw_series_value(const sw_series *s, size_t i) {
    const double *x = s->x;
    double last = x[2] - 1, t = (double)i;
    if (s->kind == SW_RANGE) return sw_series_round(x[0] + t * (s->given == 3 ? x[2] : 1));
    if (i == 0) return x[0];
    if (t == last) return x[1];
    if (s->kind == SW_LINSPACE) return sw_series_round(x[0] + (x[1] - x[0]) * (t / last));
    return sw_series_round(exp(log(x[0]) + (log(x[1]) - log(x[0])) * (t / last)));
}

const char *sw_series_nearest(const sw_document *document, int32_t member) {
    return sw_document_nearest(sw_document_key(document, member), names, SW_SERIES_COUNT);
}

bool sw_series_read(const sw_document *document, sw_series *out, int32_t node, size_t most, const char *limit) {
    const sw_node *n = &document->nodes[node];
    *out = (sw_series){.node = n->child};
    if (n->count != 1)
        return sw_document_error(document, node,
                                 "{\"range\": [a, b]}, {\"linspace\": [a, b, n]} or {\"logspace\": [a, b, n]}",
                                 "expected one generator of values");
    while (out->kind < SW_SERIES_COUNT && strcmp(sw_document_key(document, n->child), names[out->kind])) out->kind++;
    if (out->kind == SW_SERIES_COUNT) {
        char hint[256];
        if (!sw_document_suggest(hint, sw_series_nearest(document, n->child), ""))
            snprintf(hint, sizeof hint, "there are range, linspace and logspace");
        return sw_document_key_error(document, n->child, hint, "unknown generator of values");
    }
    if (!read_numbers(document, out)) return false;
    double count = count_values(document, out);
    if (count > (double)most) return sw_document_error(document, out->node, NULL, "%.0f values; %s", count, limit);
    out->count = count >= 1 ? (size_t)count : 0;
    return out->count > 0;
}
