/* transformer_layer.c: attention and MLP of one layer, each step one GEMM over the places of a block or, where what
 * follows reads it at once, of a tile of them. */
#include "nn/transformer_layer.h"
#include "nn/activation.h"
#include "nn/blas.h"
#include "nn/normalization.h"

#include <string.h>

bool sw_transformer_normalizes(const sw_model *model, sw_placement placement) {
    return model->config.normalization != SW_NORMALIZATION_NONE &&
           model->config.normalization_placement == (int32_t)placement;
}

size_t sw_transformer_first(const sw_model *model, const sw_places *places, int layer) {
    return layer == model->config.layers - 1 ? places->first[places->tokens - 1] : 0;
}

sw_attention sw_transformer_attention(const sw_model *model) {
    const sw_model_config *config = &model->config;
    return (sw_attention){(size_t)config->heads, (size_t)config->d_head, config->attention_rate};
}

/* ---- norms and dropout ---- */

void sw_transformer_norm_forward(const sw_model *model, const sw_transformer_norm *w, size_t rows, const sw_real *x,
                                 sw_real *y, sw_real *statistics) {
    const sw_normalization shape = {model->config.normalization, rows, (size_t)model->config.d_model};
    sw_normalization_forward(&shape, x, w->gain, w->bias, y, statistics);
}

void sw_transformer_norm_backward(const sw_model *model, const sw_transformer_norm *w, const sw_transformer_norm *g,
                                  size_t rows, const sw_real *x, const sw_real *statistics, sw_real *dy) {
    const sw_normalization shape = {model->config.normalization, rows, (size_t)model->config.d_model};
    sw_normalization_backward(&shape, x, w->gain, statistics, dy, g->gain, g->bias);
}

static bool drops(const sw_transformer_pass *at) { return at->model->dropout.input != NULL; }

void sw_transformer_drop(const sw_transformer_pass *at, int block, size_t place, size_t count, sw_real *x) {
    const size_t T = at->places->tokens, d = (size_t)at->model->config.d_model;
    for (size_t i = place, t = 0; i < place + count; i++, x += d) {
        while (i >= at->places->first[t + 1]) t++;
        sw_dropout_apply(&at->model->dropout, (uint32_t)(2 * at->layer + block),
                         at->row + (size_t)at->places->source[i], t, T, d, x);
    }
}

/* out[count, d] <- x[count, d] + drop(a[count, k] w[k, d] + bias[d]), bias NULL = none; places from `place` on */
static void add_branch(const sw_transformer_pass *at, int block, size_t place, size_t count, size_t k, const sw_real *x,
                       const sw_real *a, const sw_real *w, const sw_real *bias, sw_real *out) {
    const size_t d = (size_t)at->model->config.d_model;
    if (!drops(at)) {
        memcpy(out, x, count * d * sizeof *x);
        if (bias) sw_kernel->add_bias(out, bias, count, d);
        sw_blas_dense(SW_N, SW_N, count, d, k, 1, a, w, 1, out);
        return;
    }
    sw_blas_dense(SW_N, SW_N, count, d, k, 1, a, w, 0, out);
    if (bias) sw_kernel->add_bias(out, bias, count, d);
    sw_transformer_drop(at, block, place, count, out);
    sw_kernel->add(out, x, count * d);
}

/* Gradient with respect to that branch, from dout[count, d] of one tile. */
static const sw_real *branch_backward(const sw_transformer_pass *at, int block, size_t place, size_t count,
                                      const sw_real *dout) {
    if (!drops(at)) return dout;
    memcpy(at->room->dbranch, dout, count * (size_t)at->model->config.d_model * sizeof *dout);
    sw_transformer_drop(at, block, place, count, at->room->dbranch);
    return at->room->dbranch;
}

/* ---- attention ---- */

/* The states of a layer's queries, `first` being its first place: those of position t, what they see, and p. */
typedef struct position {
    size_t begin, end; /* places */
    size_t span;
    sw_real *p; /* [end - begin, span, heads] */
} position;

static position position_of(const sw_transformer_pass *at, size_t first, size_t t) {
    const sw_places *places = at->places;
    const size_t heads = (size_t)at->model->config.heads, begin = places->first[t];
    return (position){begin, places->first[t + 1], sw_places_span(places, t),
                      at->kept->p + (begin - first) * places->tokens * heads};
}

/* z[m, A] of queries, keys and values */
static void attention_forward(const sw_transformer_pass *at) {
    const sw_places *places = at->places;
    const sw_transformer_kept *kept = at->kept;
    const sw_attention shape = sw_transformer_attention(at->model);
    const size_t T = places->tokens, heads = shape.heads, A = heads * shape.d_head;
    const size_t first = sw_transformer_first(at->model, places, at->layer);
    for (size_t t = 0; t < T; t++) {
        if (places->first[t] < first) continue;
        const position here = position_of(at, first, t);
        const size_t each = here.span * heads;
        for (size_t i = here.begin; i < here.end; i++)
            sw_attention_score(&shape, here.span, kept->query + (i - first) * A, kept->key, places->key + i * T,
                               here.p + (i - here.begin) * each);
        sw_kernel->softmax(here.p, here.end - here.begin, here.span, heads);
        for (size_t i = here.begin; i < here.end; i++) {
            const sw_real *p = here.p + (i - here.begin) * each;
            const sw_real *weight = sw_attention_weigh(&shape, 1, here.span, p, at->room->weight);
            sw_attention_mix(&shape, here.span, weight, kept->value, places->key + i * T, kept->z + (i - first) * A);
        }
    }
}

/* room->dquery[m, A], dkey and dvalue[n, A], which are 0 before, from dz of the places begin.. of one tile */
static void attention_backward(const sw_transformer_pass *at, size_t begin, size_t count, const sw_real *dz) {
    const sw_places *places = at->places;
    const sw_transformer_kept *kept = at->kept;
    const sw_transformer_room *room = at->room;
    const sw_attention shape = sw_transformer_attention(at->model);
    const size_t T = places->tokens, A = shape.heads * shape.d_head;
    const size_t first = sw_transformer_first(at->model, places, at->layer);
    for (size_t i = begin, t = 0; i < begin + count; i++, dz += A) {
        while (i >= places->first[t + 1]) t++;
        const position here = position_of(at, first, t);
        const int32_t *key = places->key + i * T;
        const sw_real *p = here.p + (i - here.begin) * here.span * shape.heads;
        const sw_real *weight = sw_attention_weigh(&shape, 1, here.span, p, room->weight);
        sw_attention_unmix(&shape, here.span, weight, dz, kept->value, key, room->dvalue, room->dweight);
        sw_attention_unscore(&shape, here.span, p, room->dweight, kept->query + (i - first) * A, kept->key, key,
                             room->dquery + (i - first) * A, room->dkey);
    }
}

void sw_transformer_attend(const sw_transformer_pass *at) {
    const sw_transformer_kept *a = at->kept;
    const sw_transformer_layer *w = at->w;
    const size_t d = (size_t)at->model->config.d_model;
    const size_t A = (size_t)at->model->config.heads * (size_t)at->model->config.d_head;
    const size_t n = sw_places_count(at->places), first = sw_transformer_first(at->model, at->places, at->layer);
    if (sw_transformer_normalizes(at->model, SW_PLACEMENT_PRE))
        sw_transformer_norm_forward(at->model, &w->attention_norm, n, a->x, a->read, a->attention_statistics);
    sw_blas_dense(SW_N, SW_N, n - first, A, d, 1, a->read + first * d, w->query, 0, a->query);
    sw_blas_dense(SW_N, SW_N, n, A, d, 1, a->read, w->key, 0, a->key);
    sw_blas_dense(SW_N, SW_N, n, A, d, 1, a->read, w->value, 0, a->value);
    attention_forward(at);
    add_branch(at, 0, first, n - first, A, a->x + first * d, a->z, w->output, NULL, a->sum);
}

void sw_transformer_attend_backward(const sw_transformer_pass *at, sw_real *dx) {
    const sw_transformer_kept *a = at->kept;
    const sw_transformer_layer *w = at->w, *g = at->g;
    const sw_transformer_room *room = at->room;
    const bool pre = sw_transformer_normalizes(at->model, SW_PLACEMENT_PRE);
    const size_t d = (size_t)at->model->config.d_model;
    const size_t A = (size_t)at->model->config.heads * (size_t)at->model->config.d_head;
    const size_t n = sw_places_count(at->places), first = sw_transformer_first(at->model, at->places, at->layer);
    memset(room->dquery, 0, (n - first) * A * sizeof *room->dquery);
    memset(room->dkey, 0, n * A * sizeof *room->dkey);
    memset(room->dvalue, 0, n * A * sizeof *room->dvalue);
    for (size_t i = first; i < n; i += SW_TILE_ROWS) {
        const size_t count = sw_smaller(SW_TILE_ROWS, n - i);
        const sw_real *dbranch = branch_backward(at, 0, i, count, dx + i * d);
        sw_blas_dense(SW_N, SW_T, count, A, d, 1, dbranch, w->output, 0, room->dz);
        sw_blas_dense(SW_T, SW_N, A, d, count, 1, a->z + (i - first) * A, dbranch, 1, g->output);
        attention_backward(at, i, count, room->dz);
    }
    sw_blas_dense(SW_T, SW_N, d, A, n - first, 1, a->read + first * d, room->dquery, 1, g->query);
    sw_blas_dense(SW_T, SW_N, d, A, n, 1, a->read, room->dkey, 1, g->key);
    sw_blas_dense(SW_T, SW_N, d, A, n, 1, a->read, room->dvalue, 1, g->value);

    /* d x: through what attention reads, beside the residual that is there */
    sw_real *to = pre ? room->dread : dx;
    sw_blas_dense(SW_N, SW_T, n, d, A, 1, room->dkey, w->key, !pre, to);
    sw_blas_dense(SW_N, SW_T, n, d, A, 1, room->dvalue, w->value, 1, to);
    sw_blas_dense(SW_N, SW_T, n - first, d, A, 1, room->dquery, w->query, 1, to + first * d);
    if (!pre) return;
    sw_transformer_norm_backward(at->model, &w->attention_norm, &g->attention_norm, n, a->x, a->attention_statistics,
                                 to);
    sw_kernel->add(dx, to, n * d);
}

/* ---- MLP ---- */

void sw_transformer_tell_hidden(const sw_transformer_pass *at, size_t place, size_t count, const sw_real *hidden,
                                size_t stride) {
    const size_t M = (size_t)at->model->config.d_mlp;
    for (size_t i = 0; i < count && at->hidden; i++)
        memcpy(at->hidden + (at->row + (size_t)at->places->source[place + i]) * M, hidden + i * stride,
               M * sizeof *hidden);
}

/* out = middle + f(middle_read W_in + b_in) W_out + b_out */
static void tile_feed(const sw_transformer_pass *at, size_t i, size_t count, sw_real *out) {
    const sw_model *model = at->model;
    const sw_transformer_kept *a = at->kept;
    const sw_transformer_layer *w = at->w;
    const size_t d = (size_t)model->config.d_model, M = (size_t)model->config.d_mlp;
    const bool pre = sw_transformer_normalizes(model, SW_PLACEMENT_PRE);
    const bool post = sw_transformer_normalizes(model, SW_PLACEMENT_POST);
    const size_t place = i + sw_transformer_first(model, at->places, at->layer), s = i * SW_STATISTICS;
    if (post)
        sw_transformer_norm_forward(model, &w->attention_norm, count, a->sum + i * d, a->middle + i * d,
                                    a->attention_statistics + s);
    if (pre)
        sw_transformer_norm_forward(model, &w->mlp_norm, count, a->middle + i * d, a->middle_read + i * d,
                                    a->mlp_statistics + s);
    sw_blas_dense(SW_N, SW_N, count, M, d, 1, a->middle_read + i * d, w->in, 0, a->hidden + i * M);
    sw_activation_forward(model->config.activation, a->hidden + i * M, w->in_bias, a->slope ? a->slope + i * M : NULL,
                          count, M, M);
    sw_transformer_tell_hidden(at, place, count, a->hidden + i * M, M);
    add_branch(at, 1, place, count, M, a->middle + i * d, a->hidden + i * M, w->out, w->out_bias,
               post ? a->out_sum + i * d : out);
    if (post) sw_transformer_norm_forward(model, &w->mlp_norm, count, a->out_sum + i * d, out, a->mlp_statistics + s);
}

void sw_transformer_feed(const sw_transformer_pass *at, size_t first, size_t count, sw_real *out) {
    const size_t d = (size_t)at->model->config.d_model;
    for (size_t i = 0; i < count; i += SW_TILE_ROWS)
        tile_feed(at, first + i, sw_smaller(SW_TILE_ROWS, count - i), out + i * d);
}

static void tile_feed_backward(const sw_transformer_pass *at, size_t i, size_t count, sw_real *dx) {
    const sw_model *model = at->model;
    const sw_transformer_kept *a = at->kept;
    const sw_transformer_layer *w = at->w, *g = at->g;
    const sw_transformer_room *room = at->room;
    const size_t d = (size_t)model->config.d_model, M = (size_t)model->config.d_mlp;
    const bool pre = sw_transformer_normalizes(model, SW_PLACEMENT_PRE);
    const bool post = sw_transformer_normalizes(model, SW_PLACEMENT_POST);
    const size_t place = i + sw_transformer_first(model, at->places, at->layer), s = i * SW_STATISTICS;
    if (post)
        sw_transformer_norm_backward(model, &w->mlp_norm, &g->mlp_norm, count, a->out_sum + i * d,
                                     a->mlp_statistics + s, dx);
    const sw_real *dbranch = branch_backward(at, 1, place, count, dx);
    sw_blas_dense(SW_N, SW_T, count, M, d, 1, dbranch, w->out, 0, room->dhidden);
    sw_blas_dense(SW_T, SW_N, M, d, count, 1, a->hidden + i * M, dbranch, 1, g->out);
    if (g->out_bias) sw_kernel->column_sums(g->out_bias, dbranch, count, d, d);
    sw_activation_backward(model->config.activation, room->dhidden, a->hidden + i * M,
                           a->slope ? a->slope + i * M : NULL, count, M, M);
    sw_blas_dense(SW_T, SW_N, d, M, count, 1, a->middle_read + i * d, room->dhidden, 1, g->in);
    if (g->in_bias) sw_kernel->column_sums(g->in_bias, room->dhidden, count, M, M);
    sw_blas_dense(SW_N, SW_T, count, d, M, 1, room->dhidden, w->in, !pre, pre ? room->dmlp : dx);
    if (pre) {
        sw_transformer_norm_backward(model, &w->mlp_norm, &g->mlp_norm, count, a->middle + i * d, a->mlp_statistics + s,
                                     room->dmlp);
        sw_kernel->add(dx, room->dmlp, count * d);
    }
    if (post)
        sw_transformer_norm_backward(model, &w->attention_norm, &g->attention_norm, count, a->sum + i * d,
                                     a->attention_statistics + s, dx);
}

void sw_transformer_feed_backward(const sw_transformer_pass *at, size_t first, size_t count, sw_real *dx) {
    const size_t d = (size_t)at->model->config.d_model;
    for (size_t i = 0; i < count; i += SW_TILE_ROWS)
        tile_feed_backward(at, first + i, sw_smaller(SW_TILE_ROWS, count - i), dx + i * d);
}
