/* transformer_tables.c: the first layer as tables: their life, rows that mix them, and the way back. */
#include "nn/transformer_tables.h"
#include "nn/activation.h"
#include "nn/blas.h"
#include "nn/normalization.h"

#include <string.h>

/* ---- memory ---- */

void sw_transformer_tables_carve(sw_transformer_tables *s, sw_carver *carver, const sw_model *model) {
    const sw_model_config *config = &model->config;
    const bool pre = sw_transformer_normalizes(model, SW_PLACEMENT_PRE);
    s->folds = config->normalization == SW_NORMALIZATION_NONE && config->dropout == 0;
    s->V = (size_t)model->shape.vocabulary;
    s->T = (size_t)model->shape.tokens;
    s->d = (size_t)config->d_model;
    s->heads = (size_t)config->heads;
    s->d_head = (size_t)config->d_head;
    s->A = s->heads * s->d_head;
    s->M = s->folds ? (size_t)config->d_mlp : 0;
    s->W = (s->M + s->d + SW_TABLE_ALIGN - 1) / SW_TABLE_ALIGN * SW_TABLE_ALIGN;
    s->stride = s->W + SW_CACHE_LINE;
    s->row = s->heads * s->W + SW_CACHE_LINE;
    const size_t entries = s->T * s->V;
    s->count = sw_carve(carver, s->T, sizeof *s->count);
    s->token = sw_carve_ints(carver, entries);
    s->entry = sw_carve_ints(carver, entries);
    s->x = sw_carve_reals(carver, entries * s->d);
    s->read = pre ? sw_carve_reals(carver, entries * s->d) : s->x;
    s->statistics = pre ? sw_carve_reals(carver, entries * SW_STATISTICS) : NULL;
    s->dread = sw_carve_reals(carver, entries * s->d);
    sw_real **narrow[] = {&s->query, &s->key, &s->value, &s->dquery, &s->dkey, &s->dvalue};
    for (size_t i = 0; i < sizeof narrow / sizeof *narrow; i++) *narrow[i] = sw_carve_reals(carver, entries * s->A);
    s->through = sw_carve_reals(carver, s->A * s->stride);
    s->dthrough = sw_carve_reals(carver, s->A * s->stride);
    s->table = sw_carve_reals(carver, entries * s->row);
    s->dtable = sw_carve_reals(carver, entries * s->row);
    s->base = sw_carve_reals(carver, entries * s->W);
    s->dbase = sw_carve_reals(carver, entries * s->W);
    s->seen = sw_carve_flags(carver, entries);
    s->tile = sw_carve_reals(carver, SW_TILE_ROWS * s->stride);
    s->dtile = sw_carve_reals(carver, SW_TILE_ROWS * s->stride);
    s->slope = sw_carve_reals(carver, sw_activation_has_slope(config->activation) ? SW_TILE_ROWS * s->stride : 0);
    s->groups = sw_carve(carver, s->T, sizeof *s->groups);
}

void sw_transformer_tables_find(sw_transformer_tables *s, const int32_t *tokens, size_t rows, int32_t *entry) {
    for (size_t i = 0; i < s->T * s->V; i++) s->entry[i] = -1;
    memset(s->count, 0, s->T * sizeof *s->count);
    for (size_t r = 0; r < rows; r++)
        for (size_t j = 0; j < s->T; j++, tokens++) {
            int32_t *k = &s->entry[j * s->V + (size_t)*tokens];
            if (*k < 0) {
                *k = (int32_t)s->count[j]++;
                s->token[j * s->V + (size_t)*k] = *tokens;
            }
            *entry++ = *k;
        }
}

/* ---- build: functions of the parameters ---- */

/* through <- W_O I */
static void build_through(sw_transformer_tables *s, const sw_transformer_layer *w) {
    const size_t d = s->d, M = s->M, stride = s->stride;
    for (size_t a = 0; a < s->A; a++) {
        memset(s->through + a * stride, 0, stride * sizeof *s->through);
        memcpy(s->through + a * stride + M, w->output + a * d, d * sizeof *s->through);
    }
    if (s->folds) sw_blas_gemm(SW_N, SW_N, s->A, M, d, 1, w->output, d, w->in, M, 0, s->through, stride);
}

/* base <- x I + (b_in | 0) */
static void build_base(sw_transformer_tables *s, const sw_transformer_layer *w, size_t from, size_t n) {
    const size_t d = s->d, M = s->M, W = s->W;
    sw_real *base = s->base + from * W;
    const sw_real *x = s->x + from * d;
    for (size_t i = 0; i < n; i++) {
        memset(base + i * W, 0, W * sizeof *base);
        memcpy(base + i * W + M, x + i * d, d * sizeof *base);
    }
    if (!s->folds) return;
    sw_blas_gemm(SW_N, SW_N, n, M, d, 1, x, d, w->in, M, 0, base, W);
    for (size_t i = 0; i < n && w->in_bias; i++) sw_kernel->add(base + i * W, w->in_bias, M);
}

/* The entries of one position. */
static void build_position(sw_transformer_tables *s, const sw_model *model, const sw_transformer_tensors *w, size_t j) {
    const sw_transformer_layer *layer = &w->layer[0];
    const size_t d = s->d, A = s->A, dh = s->d_head, from = j * s->V, n = s->count[j];
    for (size_t k = 0; k < n; k++)
        sw_kernel->plus(s->x + (from + k) * d, w->token + (size_t)s->token[from + k] * d, w->position + j * d, d);
    const sw_real *read = s->read + from * d;
    if (s->read != s->x)
        sw_transformer_norm_forward(model, &layer->attention_norm, n, s->x + from * d, s->read + from * d,
                                    s->statistics + from * SW_STATISTICS);
    sw_blas_dense(SW_N, SW_N, n, A, d, 1, read, layer->query, 0, s->query + from * A);
    sw_blas_dense(SW_N, SW_N, n, A, d, 1, read, layer->key, 0, s->key + from * A);
    sw_blas_dense(SW_N, SW_N, n, A, d, 1, read, layer->value, 0, s->value + from * A);
    for (size_t h = 0; h < s->heads; h++)
        sw_blas_gemm(SW_N, SW_N, n, s->W, dh, 1, s->value + from * A + h * dh, A, s->through + h * dh * s->stride,
                     s->stride, 0, s->table + from * s->row + h * s->W, s->row);
    build_base(s, layer, from, n);
}

void sw_transformer_tables_build(sw_transformer_tables *s, const sw_model *model, const sw_transformer_tensors *w) {
    build_through(s, &w->layer[0]);
    for (size_t j = 0; j < s->T; j++) build_position(s, model, w, j);
}

/* ---- unfold: the same in reverse ---- */

void sw_transformer_tables_clear(sw_transformer_tables *s) {
    const size_t entries = s->T * s->V;
    memset(s->seen, 0, entries * sizeof *s->seen);
    memset(s->dquery, 0, entries * s->A * sizeof *s->dquery);
    memset(s->dkey, 0, entries * s->A * sizeof *s->dkey);
    memset(s->dbase, 0, entries * s->W * sizeof *s->dbase);
    memset(s->dthrough, 0, s->A * s->stride * sizeof *s->dthrough);
}

/* dtable, dbase, dquery, dkey of one position -> dthrough, weights, embeddings */
static void unfold_position(sw_transformer_tables *s, const sw_model *model, const sw_transformer_tensors *w,
                            const sw_transformer_tensors *g, size_t j) {
    const sw_transformer_layer *wl = &w->layer[0], *gl = &g->layer[0];
    const size_t d = s->d, A = s->A, M = s->M, W = s->W, dh = s->d_head, from = j * s->V, n = s->count[j];
    const sw_real *x = s->x + from * d, *read = s->read + from * d, *dbase = s->dbase + from * W;
    sw_real *dread = s->dread + from * d, *dtable = s->dtable + from * s->row, *dvalue = s->dvalue + from * A;
    for (size_t k = 0; k < n; k++)
        if (!s->seen[from + k]) memset(dtable + k * s->row, 0, s->row * sizeof *dtable);
    for (size_t h = 0; h < s->heads; h++) {
        const size_t at = h * dh;
        sw_blas_gemm(SW_T, SW_N, dh, W, n, 1, s->value + from * A + at, A, dtable + h * W, s->row, 1,
                     s->dthrough + at * s->stride, s->stride);
        sw_blas_gemm(SW_N, SW_T, n, dh, W, 1, dtable + h * W, s->row, s->through + at * s->stride, s->stride, 0,
                     dvalue + at, A);
    }
    const struct {
        const sw_real *gradient, *weight;
        sw_real *into;
    } read_by[] = {{s->dquery + from * A, wl->query, gl->query},
                   {s->dkey + from * A, wl->key, gl->key},
                   {dvalue, wl->value, gl->value}};
    for (size_t i = 0; i < 3; i++) {
        sw_blas_dense(SW_T, SW_N, d, A, n, 1, read, read_by[i].gradient, 1, read_by[i].into);
        sw_blas_dense(SW_N, SW_T, n, d, A, 1, read_by[i].gradient, read_by[i].weight, i > 0, dread);
    }
    if (s->read != s->x)
        sw_transformer_norm_backward(model, &wl->attention_norm, &gl->attention_norm, n, x,
                                     s->statistics + from * SW_STATISTICS, dread);
    if (s->folds) {
        sw_blas_gemm(SW_T, SW_N, d, M, n, 1, x, d, dbase, W, 1, gl->in, M);
        sw_blas_gemm(SW_N, SW_T, n, d, M, 1, dbase, W, wl->in, M, 1, dread, d);
        if (gl->in_bias) sw_kernel->column_sums(gl->in_bias, dbase, n, M, W);
    }
    for (size_t k = 0; k < n; k++) {
        sw_kernel->add(dread + k * d, dbase + k * W + M, d);
        sw_kernel->add(g->token + (size_t)s->token[from + k] * d, dread + k * d, d);
        sw_kernel->add(g->position + j * d, dread + k * d, d);
    }
}

void sw_transformer_tables_unfold(sw_transformer_tables *s, const sw_model *model, const sw_transformer_tensors *w,
                                  const sw_transformer_tensors *g) {
    const sw_transformer_layer *wl = &w->layer[0], *gl = &g->layer[0];
    const size_t d = s->d, A = s->A, M = s->M, stride = s->stride;
    for (size_t j = 0; j < s->T; j++) unfold_position(s, model, w, g, j);
    /* through = W_O I */
    for (size_t a = 0; a < A; a++) sw_kernel->add(gl->output + a * d, s->dthrough + a * stride + M, d);
    if (!s->folds) return;
    sw_blas_gemm(SW_N, SW_T, A, d, M, 1, s->dthrough, stride, wl->in, M, 1, gl->output, d);
    sw_blas_gemm(SW_T, SW_N, d, M, A, 1, wl->output, d, s->dthrough, stride, 1, gl->in, M);
}

/* ---- the layer ---- */

/* The places of position t, and p of those places. */
typedef struct position {
    size_t t, first, count, span;
    const sw_visit *visit;
    sw_real *p; /* [count, span, heads] */
} position;

static position position_of(const sw_transformer_tables *s, const sw_transformer_pass *at, size_t t) {
    const sw_places *places = at->places;
    const size_t first = places->first[t], read = sw_transformer_first(at->model, places, at->layer);
    return (position){t,
                      first,
                      places->first[t + 1] - first,
                      sw_places_span(places, t),
                      &places->visit[t],
                      at->kept->p + (first - read) * s->T * s->heads};
}

/* The entries that place i of a position sees, and its own. */
static size_t entries_of(const sw_transformer_tables *s, const position *here, size_t i, int32_t *entry) {
    const int32_t *visited = here->visit->visited + i * here->span;
    for (size_t j = 0; j < here->span; j++) entry[j] = (int32_t)(j * s->V) + visited[j];
    return (size_t)entry[here->t];
}

static void attend(const sw_transformer_tables *s, const sw_transformer_pass *at, const position *here) {
    const sw_attention shape = sw_transformer_attention(at->model);
    int32_t entry[SW_TOKENS_MAX];
    for (size_t i = 0; i < here->count; i++) {
        const size_t own = entries_of(s, here, i, entry);
        sw_attention_score(&shape, here->span, s->query + own * s->A, s->key, entry,
                           here->p + i * here->span * s->heads);
    }
    sw_kernel->softmax(here->p, here->count, here->span, s->heads);
}

static sw_mixture mixture_of(const sw_transformer_tables *s, const sw_transformer_pass *at, const position *here,
                             size_t tile, size_t rows) {
    const sw_attention shape = sw_transformer_attention(at->model);
    const size_t begin = tile * SW_TILE_ROWS;
    for (size_t j = 0; j < here->span; j++) s->groups[j] = sw_visit_groups(here->visit, tile, j);
    return (sw_mixture){
        .width = s->W,
        .stride = s->stride,
        .positions = here->span,
        .heads = s->heads,
        .token = here->visit->visited + begin * here->span,
        .groups = s->groups,
        .table = s->table,
        .weight =
            sw_attention_weigh(&shape, rows, here->span, here->p + begin * here->span * s->heads, at->room->weight),
        .token_stride = here->span,
        .row_stride = s->row,
        .table_stride = s->V * s->row,
        .weight_stride = here->span * s->heads,
    };
}

/* The base row of place i of a position. */
static size_t base_of(const sw_transformer_tables *s, const position *here, size_t i) {
    return (here->t * s->V + (size_t)here->visit->visited[i * here->span + here->t]) * s->W;
}

/* tile[rows, W] <- f(pre) | sum, or sum */
static void tile_mix(const sw_transformer_tables *s, const sw_transformer_pass *at, const position *here, size_t tile,
                     size_t rows, const sw_mixture *mixture) {
    const int32_t activation = at->model->config.activation;
    const bool relu = activation == SW_ACTIVATION_RELU;
    for (size_t i = 0; i < rows; i++)
        memcpy(s->tile + i * s->stride, s->base + base_of(s, here, tile * SW_TILE_ROWS + i), s->W * sizeof *s->tile);
    sw_kernel->mix(s->tile, rows, mixture, NULL, relu ? s->M : 0);
    if (s->folds && !relu) sw_activation_forward(activation, s->tile, NULL, s->slope, rows, s->M, s->stride);
}

/* sum[rows, d] <- x + drop(what attention adds) of a tile that begins with `place` */
static void tile_sum(const sw_transformer_tables *s, const sw_transformer_pass *at, const position *here, size_t tile,
                     size_t rows, const sw_mixture *mixture, sw_real *sum) {
    const size_t begin = tile * SW_TILE_ROWS;
    if (at->model->dropout.input == NULL) {
        tile_mix(s, at, here, tile, rows, mixture);
        for (size_t i = 0; i < rows; i++) memcpy(sum + i * s->d, s->tile + i * s->stride, s->d * sizeof *sum);
        return;
    }
    memset(s->tile, 0, rows * s->stride * sizeof *s->tile);
    sw_kernel->mix(s->tile, rows, mixture, NULL, 0);
    for (size_t i = 0; i < rows; i++) memcpy(sum + i * s->d, s->tile + i * s->stride, s->d * sizeof *sum);
    sw_transformer_drop(at, 0, here->first + begin, rows, sum);
    for (size_t i = 0; i < rows; i++) sw_kernel->add(sum + i * s->d, s->base + base_of(s, here, begin + i), s->d);
}

static void tile_forward(const sw_transformer_tables *s, const sw_transformer_pass *at, const position *here,
                         size_t tile, size_t rows, size_t state, sw_real *out) {
    const size_t d = s->d;
    const sw_mixture mixture = mixture_of(s, at, here, tile, rows);
    if (!s->folds) {
        tile_sum(s, at, here, tile, rows, &mixture, at->kept->sum + state * d);
        sw_transformer_feed(at, state, rows, out);
        return;
    }
    tile_mix(s, at, here, tile, rows, &mixture);
    sw_transformer_tell_hidden(at, here->first + tile * SW_TILE_ROWS, rows, s->tile, s->stride);
    for (size_t i = 0; i < rows; i++) memcpy(out + i * d, s->tile + i * s->stride + s->M, d * sizeof *out);
    if (at->w->out_bias) sw_kernel->add_bias(out, at->w->out_bias, rows, d);
    sw_blas_gemm(SW_N, SW_N, rows, d, s->M, 1, s->tile, s->stride, at->w->out, d, 1, out, d);
}

void sw_transformer_tables_forward(sw_transformer_tables *s, const sw_transformer_pass *at, sw_real *out) {
    const sw_places *places = at->places;
    const size_t read = sw_transformer_first(at->model, places, at->layer);
    for (size_t t = 0; t < s->T; t++) {
        if (places->first[t] < read) continue;
        const position here = position_of(s, at, t);
        attend(s, at, &here);
        for (size_t i = 0; i < here.count; i += SW_TILE_ROWS) {
            const size_t state = here.first - read + i;
            tile_forward(s, at, &here, i / SW_TILE_ROWS, sw_smaller(SW_TILE_ROWS, here.count - i), state,
                         out + state * s->d);
        }
    }
}

/* dtile <- (d pre | d sum) from d out of a tile */
static void tile_unfeed(const sw_transformer_tables *s, const sw_transformer_pass *at, const position *here,
                        size_t tile, size_t rows, const sw_mixture *mixture, size_t state, sw_real *dx) {
    const size_t d = s->d, M = s->M, stride = s->stride;
    const sw_transformer_layer *w = at->w, *g = at->g;
    for (size_t i = 0; i < rows; i++) memset(s->dtile + i * stride + M + d, 0, (s->W - M - d) * sizeof *s->dtile);
    if (!s->folds) sw_transformer_feed_backward(at, state, rows, dx);
    for (size_t i = 0; i < rows; i++) memcpy(s->dtile + i * stride + M, dx + i * d, d * sizeof *dx);
    if (!s->folds) return;
    tile_mix(s, at, here, tile, rows, mixture);
    sw_blas_gemm(SW_T, SW_N, M, d, rows, 1, s->tile, stride, dx, d, 1, g->out, d);
    if (g->out_bias) sw_kernel->column_sums(g->out_bias, dx, rows, d, d);
    sw_blas_gemm(SW_N, SW_T, rows, M, d, 1, dx, d, w->out, d, 0, s->dtile, stride);
    sw_activation_backward(at->model->config.activation, s->dtile, s->tile, s->slope, rows, M, stride);
}

static void tile_backward(const sw_transformer_tables *s, const sw_transformer_pass *at, const position *here,
                          size_t tile, size_t rows, size_t state, sw_real *dx) {
    const sw_attention shape = sw_transformer_attention(at->model);
    const size_t begin = tile * SW_TILE_ROWS, each = here->span * s->heads;
    const sw_mixture mixture = mixture_of(s, at, here, tile, rows);
    int32_t entry[SW_TOKENS_MAX];
    tile_unfeed(s, at, here, tile, rows, &mixture, state, dx);
    for (size_t i = 0; i < rows; i++)
        sw_kernel->add(s->dbase + base_of(s, here, begin + i), s->dtile + i * s->stride, s->W);
    if (at->model->dropout.input != NULL)
        for (size_t i = 0; i < rows; i++)
            sw_transformer_drop(at, 0, here->first + begin + i, 1, s->dtile + i * s->stride);
    sw_kernel->unmix(s->dtile, &mixture, s->seen, s->V, s->dtable, at->room->dweight);
    for (size_t i = 0; i < rows; i++) {
        const size_t own = entries_of(s, here, begin + i, entry);
        sw_attention_unscore(&shape, here->span, here->p + (begin + i) * each, at->room->dweight + i * each,
                             s->query + own * s->A, s->key, entry, s->dquery + own * s->A, s->dkey);
    }
}

void sw_transformer_tables_backward(sw_transformer_tables *s, const sw_transformer_pass *at, sw_real *dx) {
    const sw_places *places = at->places;
    const size_t read = sw_transformer_first(at->model, places, at->layer);
    for (size_t t = 0; t < s->T; t++) {
        if (places->first[t] < read) continue;
        const position here = position_of(s, at, t);
        for (size_t i = 0; i < here.count; i += SW_TILE_ROWS) {
            const size_t state = here.first - read + i;
            tile_backward(s, at, &here, i / SW_TILE_ROWS, sw_smaller(SW_TILE_ROWS, here.count - i), state,
                          dx + state * s->d);
        }
    }
}
