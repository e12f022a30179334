/* folded.c: the one-layer transformer with everything that is a function of a token and its position alone
 * computed once per step, not once per row. Exact algebra: the same function as transformer.c, to rounding.
 *
 * Only the last position u is read. With e_v = E[v], p_j the position embedding, a_hj the attention of head h at u to
 * position j (sum_j a_hj = 1), alpha = output_scale, and the residual stream written as a row vector:
 *
 *   middle = e_u + p_T + sum_h sum_j a_hj (e_{t_j} + p_j) W_V,h W_O,h
 *   logits = alpha (middle + b_out) W_U + f(middle W_in + b_in) (alpha W_out W_U)
 *
 * middle enters through (W_in | alpha W_U) =: I alone. So with the tables
 *
 *   Z[j, v, h] = (e_v + p_j) W_V,h W_O,h I,   base[u] = (e_u + p_T) I + (b_in | alpha b_out W_U),   merged = alpha
 * W_out W_U
 *
 * a row is       (pre | direct) = base[u] + sum_h sum_j a_hj Z[j, t_j, h],   logits = direct + f(pre) merged,
 *
 * one GEMM a row instead of five. Scores are sums of two table entries, since keys are linear in e + p. With a readout
 * token u is one token: its query is one vector, and Z at the last position one row, which goes into the base.
 *
 * Rows go through in tiles that stay in the second-level cache: mix, activation, GEMM. Of a batch of more than a few
 * tiles no activation is kept but the attention: backward mixes a tile again, which costs less than to write it to
 * memory and read it back, and takes the gradients of the tables from it row by row. They unfold through GEMMs of the
 * tables' size (folded_tables.c). */
#include "nn/activation.h"
#include "nn/blas.h"
#include "nn/folded_tables.h"
#include "nn/transformer.h"

#include <string.h>

/* Least number of rows that are put in order at once; tiles that are kept from forward for backward, if there are no
 * more. */
enum { EVALUATE_ROWS = 2048, KEPT_MAX = 4, TOKENS_MAX = 8 };

/* ---- memory ---- */

static void set_sizes(sw_folded *self, const sw_model_config *config, const sw_model_shape *shape) {
    self->V = (size_t)shape->vocabulary;
    self->T = (size_t)shape->tokens;
    self->N = self->V + self->T;
    self->d = (size_t)config->d_model;
    self->heads = (size_t)config->heads;
    self->d_head = (size_t)config->d_head;
    self->A = self->heads * self->d_head;
    self->M = (size_t)config->d_mlp;
    self->C = (size_t)shape->classes;
    self->W = (self->M + self->C + SW_TABLE_ALIGN - 1) / SW_TABLE_ALIGN * SW_TABLE_ALIGN;
    self->stride = self->W + SW_CACHE_LINE;
    self->row = self->heads * self->W + SW_CACHE_LINE;
    self->query_capacity = config->readout_token ? 1 : self->V;
    self->queries = self->query_capacity;
    self->varying = config->readout_token ? self->T - 1 : self->T;
}

/* The tables, or their gradients. */
static void carve_tables(sw_folded *self, sw_carver *carver, bool gradient) {
    size_t row = self->row, queries = self->query_capacity;
    *(gradient ? &self->dvalue : &self->value) = sw_carve_reals(carver, self->N * self->A);
    *(gradient ? &self->dkey : &self->key) = sw_carve_reals(carver, self->N * self->A);
    *(gradient ? &self->dasking : &self->asking) = sw_carve_reals(carver, queries * self->d);
    *(gradient ? &self->dquery : &self->query) = sw_carve_reals(carver, queries * self->A);
    *(gradient ? &self->dscore : &self->score) = sw_carve_reals(carver, self->heads * queries * self->N);
    *(gradient ? &self->dinto : &self->into) = sw_carve_reals(carver, self->d * self->stride);
    *(gradient ? &self->dthrough : &self->through) = sw_carve_reals(carver, self->A * self->stride);
    *(gradient ? &self->dtable : &self->table) = sw_carve_reals(carver, self->varying * self->V * row);
    *(gradient ? &self->dposition : &self->position) = sw_carve_reals(carver, self->T * row);
    *(gradient ? &self->dbase : &self->base) = sw_carve_reals(carver, queries * self->W);
    *(gradient ? &self->dmerged : &self->merged) = sw_carve_reals(carver, self->M * self->C);
}

static void carve(void *state, sw_carver *carver, const sw_model *model) {
    sw_folded *self = state;
    set_sizes(self, &model->config, &model->shape);
    carve_tables(self, carver, false);
    carve_tables(self, carver, true);
    size_t capacity = sw_larger(model->max_rows, EVALUATE_ROWS);
    self->merged_packed = sw_carve_reals(carver, sw_blas_pack_size(self->C, self->M));
    self->turned_packed = sw_carve_reals(carver, sw_blas_pack_size(self->M, self->C));
    self->seen = sw_carve_flags(carver, self->T * self->V);
    sw_visit_carve(&self->visit, carver, capacity, self->T, self->V);
    self->attention = sw_carve_reals(carver, capacity * self->T * self->heads);
    size_t tiles = (model->max_rows + SW_TILE_ROWS - 1) / SW_TILE_ROWS;
    self->kept = tiles <= KEPT_MAX ? tiles : 1;
    self->hidden = sw_carve_reals(carver, self->kept * SW_TILE_ROWS * self->stride);
    self->activation = model->config.activation;
    bool has_slope = sw_activation_has_slope(self->activation);
    self->slope = sw_carve_reals(carver, has_slope ? self->kept * SW_TILE_ROWS * self->stride : 0);
    self->dhidden = sw_carve_reals(carver, SW_TILE_ROWS * self->stride);
    self->dattention = sw_carve_reals(carver, SW_TILE_ROWS * self->T * self->heads);
}

/* ---- rows ---- */

/* Which row of base and score belongs to a row of tokens. */
static size_t asking_of(const sw_folded *self, const int32_t *tokens) {
    return self->queries == 1 ? 0 : (size_t)tokens[self->T - 1];
}

static const int32_t *tokens_at(const sw_folded *self, size_t i) { return self->visit.visited + i * self->T; }

/* attention[i, j, h] <- softmax over j of score[h, u, t_j] + score[h, u, V + j], rows in visiting order */
static void attend(sw_folded *self) {
    size_t T = self->T, heads = self->heads, N = self->N;
    sw_real *a = self->attention;
    for (size_t i = 0; i < self->visit.rows; i++) {
        const int32_t *tokens = tokens_at(self, i);
        const sw_real *score = self->score + asking_of(self, tokens) * N;
        for (size_t j = 0; j < T; j++)
            for (size_t h = 0; h < heads; h++) {
                const sw_real *of_head = score + h * self->queries * N;
                *a++ = of_head[tokens[j]] + of_head[self->V + j];
            }
    }
    sw_kernel->softmax(self->attention, self->visit.rows, T, heads);
}

/* What a tile mixes; `groups` has room for every position. */
static sw_mixture mixture_of(const sw_folded *self, size_t tile, sw_groups groups[TOKENS_MAX]) {
    for (size_t j = 0; j < self->varying; j++) groups[j] = sw_visit_groups(&self->visit, tile, j);
    return (sw_mixture){
        .width = self->W,
        .stride = self->stride,
        .positions = self->varying,
        .heads = self->heads,
        .token = tokens_at(self, tile * SW_TILE_ROWS),
        .groups = groups,
        .table = self->table,
        .weight = self->attention + tile * SW_TILE_ROWS * self->T * self->heads,
        .token_stride = self->T,
        .row_stride = self->row,
        .table_stride = self->V * self->row,
        .weight_stride = self->T * self->heads,
    };
}

static size_t tiles_in(const sw_folded *self) { return (self->visit.rows + SW_TILE_ROWS - 1) / SW_TILE_ROWS; }

static bool keeps_tiles(const sw_folded *self) { return tiles_in(self) <= self->kept; }

/* Where a tile begins in `hidden` and in `slope`. */
static size_t place_of(const sw_folded *self, size_t tile) {
    return (keeps_tiles(self) ? tile : 0) * SW_TILE_ROWS * self->stride;
}

static sw_real *hidden_of(const sw_folded *self, size_t tile) { return self->hidden + place_of(self, tile); }

/* hidden[rows, W] of a tile <- f(pre) | direct, and f'(pre) where backward will want it; ReLU on the way. */
static void tile_mix(const sw_folded *self, size_t tile, size_t rows, const sw_mixture *mixture) {
    sw_real *hidden = hidden_of(self, tile);
    bool alike = self->queries == 1; /* one base for all rows */
    for (size_t i = 0; i < rows && !alike; i++)
        memcpy(hidden + i * self->stride,
               self->base + asking_of(self, tokens_at(self, tile * SW_TILE_ROWS + i)) * self->W,
               self->W * sizeof *hidden);
    bool relu = self->activation == SW_ACTIVATION_RELU;
    sw_kernel->mix(hidden, rows, mixture, alike ? self->base : NULL, relu ? self->M : 0);
    if (!relu)
        sw_activation_forward(self->activation, hidden, NULL, self->slope + place_of(self, tile), rows, self->M,
                              self->stride);
}

/* One tile forward: its rows of logits. */
static void tile_forward(const sw_folded *self, size_t tile, size_t rows, sw_real *logits) {
    size_t begin = tile * SW_TILE_ROWS, C = self->C, M = self->M, stride = self->stride;
    sw_groups groups[TOKENS_MAX];
    sw_mixture mixture = mixture_of(self, tile, groups);
    sw_real *hidden = hidden_of(self, tile);
    tile_mix(self, tile, rows, &mixture);
    sw_blas_packed(SW_N, rows, C, M, 1, hidden, stride, self->merged_packed, 1, hidden + M, stride);
    for (size_t i = 0; i < rows; i++)
        memcpy(logits + (size_t)self->visit.order[begin + i] * C, hidden + i * stride + M, C * sizeof *logits);
}

/* ---- backward of rows ---- */

/* From d attention to the gradients of the scores: ds_j = a_j (da_j - sum_k a_k da_k). */
static void tile_unattend(sw_folded *self, size_t tile, size_t rows) {
    size_t T = self->T, heads = self->heads, N = self->N, begin = tile * SW_TILE_ROWS;
    for (size_t i = 0; i < rows; i++) {
        const int32_t *tokens = tokens_at(self, begin + i);
        sw_real *dscore = self->dscore + asking_of(self, tokens) * N;
        const sw_real *a = self->attention + (begin + i) * T * heads, *da = self->dattention + i * T * heads;
        for (size_t h = 0; h < heads; h++, dscore += self->queries * N) {
            sw_real mean = 0;
            for (size_t j = 0; j < self->varying; j++) mean += a[j * heads + h] * da[j * heads + h];
            for (size_t j = 0; j < T; j++) {
                /* the table has no row for a constant last position: what it adds is in the base */
                sw_real ds = a[j * heads + h] * ((j < self->varying ? da[j * heads + h] : 0) - mean);
                dscore[tokens[j]] += ds;
                dscore[self->V + j] += ds;
            }
        }
    }
}

static void tile_backward(sw_folded *self, size_t tile, size_t rows, const sw_real *dlogits) {
    size_t begin = tile * SW_TILE_ROWS, C = self->C, M = self->M, W = self->W, stride = self->stride;
    sw_groups groups[TOKENS_MAX];
    sw_mixture mixture = mixture_of(self, tile, groups);
    sw_real *hidden = hidden_of(self, tile), *d = self->dhidden;
    if (!keeps_tiles(self)) tile_mix(self, tile, rows, &mixture);
    for (size_t i = 0; i < rows; i++) {
        memcpy(d + i * stride + M, dlogits + (size_t)self->visit.order[begin + i] * C, C * sizeof *d);
        memset(d + i * stride + M + C, 0, (W - M - C) * sizeof *d);
    }
    sw_blas_gemm(SW_T, SW_N, C, M, rows, 1, d + M, stride, hidden, stride, tile > 0, self->dmerged, M);
    sw_activation_product(self->activation, rows, M, C, 1, d + M, stride, self->turned_packed, hidden,
                          self->slope + place_of(self, tile), d, stride);
    if (self->queries == 1)
        sw_kernel->column_sums(self->dbase, d, rows, W, stride);
    else
        for (size_t i = 0; i < rows; i++)
            sw_kernel->add(self->dbase + asking_of(self, tokens_at(self, begin + i)) * W, d + i * stride, W);
    sw_kernel->unmix(d, &mixture, self->seen, self->V, self->dtable, self->dattention);
    tile_unattend(self, tile, rows);
}

/* ---- the path ---- */

static size_t rows_of(const sw_folded *self, size_t tile) {
    return sw_smaller(SW_TILE_ROWS, self->visit.rows - tile * SW_TILE_ROWS);
}

static bool serves(const void *state, const int32_t *tokens, size_t rows) {
    const sw_folded *self = state;
    size_t T = self->T;
    for (size_t r = 1; r < rows && self->queries == 1; r++)
        if (tokens[r * T + T - 1] != tokens[T - 1]) return false;
    return rows > 0;
}

/* Whatever backward needs stays where it is until the next call; where rows are to be kept, they are not more than the
 * visit's capacity. */
static void forward(void *state, const sw_model *model, const int32_t *tokens, size_t rows, sw_real *logits,
                    bool keep) {
    sw_folded *self = state;
    (void)keep;
    self->last = tokens[self->T - 1];
    sw_folded_build(self, model);
    for (size_t r = 0; r < rows; r += self->visit.capacity, tokens += self->visit.capacity * self->T) {
        sw_visit_set(&self->visit, tokens, sw_smaller(self->visit.capacity, rows - r), self->varying);
        attend(self);
        for (size_t tile = 0; tile < tiles_in(self); tile++)
            tile_forward(self, tile, rows_of(self, tile), logits + r * self->C);
    }
}

static void backward(void *state, sw_model *model, const sw_real *dlogits) {
    sw_folded *self = state;
    sw_folded_clear(self);
    sw_blas_pack(self->turned_packed, SW_T, self->M, self->C, self->merged, self->C);
    for (size_t tile = 0; tile < tiles_in(self); tile++) tile_backward(self, tile, rows_of(self, tile), dlogits);
    sw_folded_unfold(self, model);
}

/* Multiplications and additions of forward and the two GEMMs of backward for each of its GEMMs. */
static double flops(const sw_model_config *config, const sw_model_shape *shape, size_t rows) {
    sw_folded s;
    set_sizes(&s, config, shape);
    double d = config->d_model, A = (double)s.A, W = (double)s.W, N = (double)s.N, M = config->d_mlp;
    double queries = (double)s.queries, heads = config->heads, C = shape->classes;
    double tables = 2 * N * d * A + queries * (d * A + N * A + d * W) + A * d * W + N * A * W + M * d * C;
    double row = heads * (double)s.varying * W + M * C;
    return 6 * (tables + (double)rows * row);
}

static bool applies(const sw_model_config *config, const sw_model_shape *shape, size_t rows) {
    if (config->kind != SW_MODEL_TRANSFORMER || config->layers != 1 || shape->tokens > TOKENS_MAX ||
        (config->readout_token && shape->tokens < 2))
        return false;
    if (config->normalization != SW_NORMALIZATION_NONE || config->unembedding != SW_UNEMBEDDING_UNTIED ||
        config->attention_rate != 1 || config->dropout > 0)
        return false;
    return flops(config, shape, rows) < sw_transformer_plain_flops(config, shape, rows);
}

const sw_model_path sw_folded_path = {
    .state_bytes = sizeof(sw_folded),
    .applies = applies,
    .serves = serves,
    .carve = carve,
    .forward = forward,
    .backward = backward,
    .flops = flops,
};
