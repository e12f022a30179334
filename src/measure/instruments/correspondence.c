/* correspondence.c: does the embedding lie as the task's own geometry does? Distances of the embedding against
 * geodesics on graphs, its components against the attributes of entities in comparisons.
 *
 * Spearman's correlation is the Pearson correlation of ranks, ties sharing their average rank. */
#include "measure/instrument.h"

#include <math.h>
#include <stdlib.h>

typedef struct ranked {
    double value;
    size_t index;
} ranked;

typedef struct correspondence {
    const sw_task *task;
    size_t items;           /* pairs of nodes, or entities */
    int32_t attributes;     /* comparison */
    double *reference;      /* graph: geodesics [items]; comparison: unused */
    double *reference_rank; /* graph: [items]; comparison: [attributes, items]; centred */
    double *value, *rank;   /* [items] */
    ranked *work;           /* [items] */
} correspondence;

/* ---- ranks ---- */

/* By value, then by index: a total order, so that sorting is the same everywhere. */
static int compare(const void *left, const void *right) {
    const ranked *a = left, *b = right;
    if (a->value != b->value) return a->value < b->value ? -1 : 1;
    return a->index < b->index ? -1 : a->index > b->index;
}

/* rank[n] <- ranks of x[n] minus their mean, ties sharing their average rank; `work` [n]. x must be finite. */
static void rank_centred(double *rank, const double *x, size_t n, ranked *work) {
    for (size_t i = 0; i < n; i++) work[i] = (ranked){x[i], i};
    qsort(work, n, sizeof *work, compare);
    double middle = ((double)n - 1) / 2;
    for (size_t begin = 0, end = 0; begin < n; begin = end) {
        while (end < n && work[end].value == work[begin].value) end++;
        double shared = ((double)begin + (double)(end - 1)) / 2;
        for (size_t i = begin; i < end; i++) rank[work[i].index] = shared - middle;
    }
}

/* x[n] <- x rounded to multiples of 2^-24 of its largest magnitude, so that values that are equal but for rounding
 * tie. */
static void quantize(double *x, size_t n) {
    double largest = 0;
    for (size_t i = 0; i < n; i++)
        if (fabs(x[i]) > largest) largest = fabs(x[i]);
    if (!(largest > 0)) return;
    double unit = largest * 0x1p-24;
    for (size_t i = 0; i < n; i++) x[i] = nearbyint(x[i] / unit);
}

/* Pearson correlation of two sequences of mean zero; NaN when one is constant. */
static double correlation(const double *a, const double *b, size_t n) {
    double product = 0, square_a = 0, square_b = 0;
    for (size_t i = 0; i < n; i++) {
        product += a[i] * b[i];
        square_a += a[i] * a[i];
        square_b += b[i] * b[i];
    }
    return square_a > 0 && square_b > 0 ? product / sqrt(square_a * square_b) : NAN;
}

/* ---- setting up ---- */

static size_t pair_count(size_t n) { return n * (n - 1) / 2; }

static sw_status create_graph(correspondence *it, sw_arena *arena) {
    size_t n = (size_t)it->task->entities, k = 0;
    it->reference = sw_arena_alloc(arena, it->items, sizeof *it->reference);
    it->reference_rank = sw_arena_alloc(arena, it->items, sizeof *it->reference_rank);
    if (!it->reference || !it->reference_rank) return SW_E_MEMORY;
    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++) it->reference[k++] = it->task->distance[i * n + j];
    rank_centred(it->reference_rank, it->reference, it->items, it->work);
    return SW_OK;
}

static sw_status create_comparison(correspondence *it, sw_arena *arena) {
    const sw_task *task = it->task;
    size_t n = it->items, attributes = (size_t)task->coordinate_count;
    it->attributes = task->coordinate_count;
    it->reference_rank = sw_arena_alloc(arena, attributes * n, sizeof *it->reference_rank);
    if (!it->reference_rank) return SW_E_MEMORY;
    for (size_t a = 0; a < attributes; a++) {
        for (size_t i = 0; i < n; i++) it->value[i] = task->coordinate[i * attributes + a];
        rank_centred(it->reference_rank + a * n, it->value, n, it->work);
    }
    return SW_OK;
}

static sw_status create(void *state, const sw_evaluation *of) {
    correspondence *it = state;
    const bool graph = of->task->config.kind == SW_TASK_GRAPH;
    const size_t n = (size_t)of->task->entities;
    it->task = of->task;
    it->items = graph ? pair_count(n) : n;
    it->value = sw_arena_alloc(of->arena, it->items, sizeof *it->value);
    it->rank = sw_arena_alloc(of->arena, it->items, sizeof *it->rank);
    it->work = sw_arena_alloc(of->arena, it->items, sizeof *it->work);
    if (!it->value || !it->rank || !it->work) return SW_E_MEMORY;
    return graph ? create_graph(it, of->arena) : create_comparison(it, of->arena);
}

static double memory(const sw_run_config *config, const sw_task *shape) {
    const double n = shape->entities;
    return config->task.kind == SW_TASK_GRAPH ? (double)sizeof(double) * 6 * (n * (n - 1) / 2) : 0;
}

/* ---- measuring ---- */

/* value <- Euclidean distances of all pairs i < j in the leading components. */
static void distances(correspondence *it, const sw_spectrum *s) {
    size_t n = (size_t)s->rows, components = (size_t)s->components, k = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++) {
            const double *a = s->score + i * components, *b = s->score + j * components;
            double square = 0;
            for (size_t c = 0; c < components; c++) square += (a[c] - b[c]) * (a[c] - b[c]);
            it->value[k++] = sqrt(square);
        }
}

/* Stress-1 with the best common factor: sqrt(1 - (d.g)^2 / (d.d g.g)), as the length of what g cannot explain of d,
 * so that a small stress does not drown in rounding. */
static double stress(const double *d, const double *g, size_t n) {
    double product = 0, square_d = 0, square_g = 0, rest = 0;
    for (size_t i = 0; i < n; i++) {
        product += d[i] * g[i];
        square_d += d[i] * d[i];
        square_g += g[i] * g[i];
    }
    if (!(square_d > 0)) return NAN;
    double factor = product / square_g;
    for (size_t i = 0; i < n; i++) rest += (d[i] - factor * g[i]) * (d[i] - factor * g[i]);
    return sqrt(rest / square_d);
}

static void fill_graph(float *value, correspondence *it, const sw_spectrum *s) {
    distances(it, s);
    value[SW_METRIC_STRESS] = (float)stress(it->value, it->reference, it->items);
    quantize(it->value, it->items);
    rank_centred(it->rank, it->value, it->items, it->work);
    value[SW_METRIC_DISTANCE_SPEARMAN] = (float)correlation(it->rank, it->reference_rank, it->items);
}

static const int order_metric[SW_SIDES_MAX] = {SW_METRIC_ORDER_SPEARMAN_0, SW_METRIC_ORDER_SPEARMAN_1,
                                               SW_METRIC_ORDER_SPEARMAN_2};

static bool is_compared(const sw_task *task, int32_t attribute) {
    return task->config.form == SW_FORM_RELATION || task->config.attribute == attribute;
}

static void fill_comparison(float *value, correspondence *it, const sw_spectrum *s) {
    size_t n = it->items, components = (size_t)s->components;
    double best[SW_SIDES_MAX] = {0};
    for (size_t c = 0; c < components; c++) {
        for (size_t i = 0; i < n; i++) it->value[i] = s->score[i * components + c];
        quantize(it->value, n);
        rank_centred(it->rank, it->value, n, it->work);
        for (int32_t a = 0; a < it->attributes; a++) {
            double r = fabs(correlation(it->rank, it->reference_rank + (size_t)a * n, n));
            if (r > best[a]) best[a] = r;
        }
    }
    double sum = 0;
    int compared = 0;
    for (int32_t a = 0; a < it->attributes; a++) {
        value[order_metric[a]] = (float)best[a];
        if (!is_compared(it->task, a)) continue;
        sum += best[a];
        compared++;
    }
    value[SW_METRIC_ORDER_SPEARMAN] = (float)(sum / compared);
}

static sw_status evaluate(float *value, void *state, const sw_evaluation *of) {
    if (!(sw_spectrum_variance(&of->spectrum) > 0)) return SW_OK;
    if (of->task->config.kind == SW_TASK_GRAPH)
        fill_graph(value, state, &of->spectrum);
    else
        fill_comparison(value, state, &of->spectrum);
    return SW_OK;
}

const sw_instrument sw_instrument_correspondence = {
    .size = sizeof(correspondence), .create = create, .evaluate = evaluate, .memory = memory};
