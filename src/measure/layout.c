/* Distances of the embedding against geodesics, and its components against the attributes of entities. */
#include "measure/layout.h"

#include <math.h>

/* ---- setting up ---- */

static size_t pair_count(size_t n) { return n * (n - 1) / 2; }

static sw_status create_graph(sw_layout *layout, sw_arena *arena)
{
    size_t n = (size_t)layout->task->entities, k = 0;
    layout->reference = sw_arena_alloc(arena, layout->items, sizeof *layout->reference);
    layout->reference_rank = sw_arena_alloc(arena, layout->items, sizeof *layout->reference_rank);
    if (!layout->reference || !layout->reference_rank) return SW_E_MEMORY;
    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++) layout->reference[k++] = layout->task->distance[i * n + j];
    sw_rank_centred(layout->reference_rank, layout->reference, layout->items, layout->work);
    return SW_OK;
}

static sw_status create_comparison(sw_layout *layout, sw_arena *arena)
{
    const sw_task *task = layout->task;
    size_t n = layout->items, attributes = (size_t)task->coordinate_count;
    layout->attributes = task->coordinate_count;
    layout->reference_rank = sw_arena_alloc(arena, attributes * n, sizeof *layout->reference_rank);
    if (!layout->reference_rank) return SW_E_MEMORY;
    for (size_t a = 0; a < attributes; a++) {
        for (size_t i = 0; i < n; i++) layout->value[i] = task->coordinate[i * attributes + a];
        sw_rank_centred(layout->reference_rank + a * n, layout->value, n, layout->work);
    }
    return SW_OK;
}

sw_status sw_layout_create(sw_layout *out, const sw_task *task, sw_arena *arena)
{
    *out = (sw_layout){.task = task};
    bool graph = task->config.kind == SW_TASK_GRAPH, comparison = task->config.kind == SW_TASK_COMPARISON;
    if (!graph && !comparison) return SW_OK;
    out->items = graph ? pair_count((size_t)task->entities) : (size_t)task->entities;
    out->value = sw_arena_alloc(arena, out->items, sizeof *out->value);
    out->rank = sw_arena_alloc(arena, out->items, sizeof *out->rank);
    out->work = sw_arena_alloc(arena, out->items, sizeof *out->work);
    if (!out->value || !out->rank || !out->work) return SW_E_MEMORY;
    return graph ? create_graph(out, arena) : create_comparison(out, arena);
}

/* ---- measuring ---- */

/* value <- Euclidean distances of all pairs i < j in the leading components. */
static void distances(sw_layout *layout, const sw_spectrum *s)
{
    size_t n = (size_t)s->rows, components = (size_t)s->components, k = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++) {
            const double *a = s->score + i * components, *b = s->score + j * components;
            double square = 0;
            for (size_t c = 0; c < components; c++) square += (a[c] - b[c]) * (a[c] - b[c]);
            layout->value[k++] = sqrt(square);
        }
}

/* Stress-1 with the best common factor: sqrt(1 - (d.g)^2 / (d.d g.g)), as the length of what g cannot explain of d,
 * so that a small stress does not drown in rounding. */
static double stress(const double *d, const double *g, size_t n)
{
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

static void fill_graph(float *value, sw_layout *layout, const sw_spectrum *s)
{
    distances(layout, s);
    value[SW_METRIC_STRESS] = (float)stress(layout->value, layout->reference, layout->items);
    sw_rank_quantize(layout->value, layout->items);
    sw_rank_centred(layout->rank, layout->value, layout->items, layout->work);
    value[SW_METRIC_DISTANCE_SPEARMAN] =
        (float)sw_correlation_centred(layout->rank, layout->reference_rank, layout->items);
}

static bool is_compared(const sw_task *task, int32_t attribute)
{
    return task->config.form == SW_FORM_RELATION || task->config.attribute == attribute;
}

static void fill_comparison(float *value, sw_layout *layout, const sw_spectrum *s)
{
    size_t n = layout->items, components = (size_t)s->components;
    double best[SW_SIDES_MAX] = {0};
    for (size_t c = 0; c < components; c++) {
        for (size_t i = 0; i < n; i++) layout->value[i] = s->score[i * components + c];
        sw_rank_quantize(layout->value, n);
        sw_rank_centred(layout->rank, layout->value, n, layout->work);
        for (int32_t a = 0; a < layout->attributes; a++) {
            double r = fabs(sw_correlation_centred(layout->rank, layout->reference_rank + (size_t)a * n, n));
            if (r > best[a]) best[a] = r;
        }
    }
    double sum = 0;
    int compared = 0;
    for (int32_t a = 0; a < layout->attributes; a++) {
        value[SW_METRIC_ORDER_SPEARMAN_0 + a] = (float)best[a];
        if (!is_compared(layout->task, a)) continue;
        sum += best[a];
        compared++;
    }
    value[SW_METRIC_ORDER_SPEARMAN] = (float)(sum / compared);
}

void sw_layout_fill(float *value, sw_layout *layout, const sw_spectrum *s)
{
    if (layout->items == 0 || !(sw_spectrum_variance(s) > 0)) return;
    if (layout->task->config.kind == SW_TASK_GRAPH)
        fill_graph(value, layout, s);
    else
        fill_comparison(value, layout, s);
}
