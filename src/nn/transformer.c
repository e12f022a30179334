/* transformer.c: the decoder-only transformer of any number of layers (Nanda et al. 2023: no layer norm, learned
 * positions, untied unembedding; logits read at the last position).
 *
 *   x = E[t] + P;  per layer: x += attention(x) W_O;  x += f(x W_in + b_in) W_out + b_out;
 *   logits = output_scale * x_last W_U
 *
 * Rows go through in blocks of BLOCK_ROWS inputs, each step of a block being one GEMM over all of its tokens. In the
 * last layer only the last position is read, so queries, attention output and MLP are computed there alone.
 * Activations are kept for backward while they fit KEEP_BYTES; a larger batch keeps only its tokens, and backward
 * computes each block a second time. */
#include "nn/transformer.h"
#include "nn/activation.h"
#include "nn/blas.h"
#include "nn/kernels.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum { BLOCK_ROWS = 256, KEEP_BYTES = 128 << 20 };

/* n = rows T tokens; m = queries of the layer: n, and in the last layer one a row. */
typedef struct activations {
    sw_real *x;           /* [n, d] input of the layer */
    sw_real *query;       /* [m, A] */
    sw_real *key, *value; /* [n, A] */
    sw_real *p;           /* [rows, heads, queries, T] */
    sw_real *z;           /* [m, A] */
    sw_real *middle;      /* [m, d] after attention */
    sw_real *hidden;      /* [m, M] after the activation f */
    sw_real *slope;       /* [m, M] f' before it, where the activation has it kept */
} activations;

typedef struct slot {
    activations layer[SW_LAYERS_MAX];
    sw_real *last;  /* [rows, d] input of the last layer at the last position */
    sw_real *final; /* [rows, d] what the unembedding reads */
} slot;

typedef struct transformer {
    size_t block;       /* rows of a block */
    size_t slot_count;  /* blocks whose activations are kept: all of a batch, or 1 */
    size_t slot_stride; /* elements from one slot's buffers to the next's */
    slot first;         /* pointers of slot 0 */
    int32_t *tokens;    /* [max_rows, T] of the last forward */
    size_t rows;        /* of the last forward */
    /* backward, one block: gradients with respect to the tensors of the same name */
    sw_real *dx, *dmiddle, *dhidden, *dz, *dquery, *dkey, *dvalue, *ds, *dlast;
} transformer;

void sw_transformer_view(sw_transformer_tensors *out, const sw_model *model, sw_real *base) {
    const sw_tensor *tensor = model->tensors;
    const bool bias = model->config.bias;
    assert(model->tensor_count == 3 + (bias ? 8 : 6) * (size_t)model->config.layers);
    out->token = base + tensor++->offset;
    out->position = base + tensor++->offset;
    for (int i = 0; i < model->config.layers; i++) {
        sw_transformer_layer *layer = &out->layer[i];
        sw_real **member[8] = {&layer->query, &layer->key,     &layer->value, &layer->output,
                               &layer->in,    &layer->in_bias, &layer->out,   &layer->out_bias};
        for (int j = 0; j < 8; j++)
            *member[j] = !bias && (member[j] == &layer->in_bias || member[j] == &layer->out_bias)
                             ? NULL
                             : base + tensor++->offset;
    }
    out->unembedding = base + tensor->offset;
}

static size_t queries_of(const sw_model *model, int layer) {
    return layer == model->config.layers - 1 ? 1 : (size_t)model->shape.tokens;
}

static void carve_slot(slot *to, sw_carver *carver, const sw_model *model, size_t rows) {
    const sw_model_config *config = &model->config;
    size_t d = (size_t)config->d_model, heads = (size_t)config->heads, A = heads * (size_t)config->d_head;
    size_t M = (size_t)config->d_mlp, T = (size_t)model->shape.tokens, n = rows * T;
    bool has_slope = sw_activation_has_slope(config->activation);
    for (int i = 0; i < config->layers; i++) {
        activations *layer = &to->layer[i];
        size_t queries = queries_of(model, i), m = rows * queries;
        layer->x = sw_carve_reals(carver, n * d);
        layer->query = sw_carve_reals(carver, m * A);
        layer->key = sw_carve_reals(carver, n * A);
        layer->value = sw_carve_reals(carver, n * A);
        layer->p = sw_carve_reals(carver, rows * heads * queries * T);
        layer->z = sw_carve_reals(carver, m * A);
        layer->middle = sw_carve_reals(carver, m * d);
        layer->hidden = sw_carve_reals(carver, m * M);
        layer->slope = sw_carve_reals(carver, has_slope ? m * M : 0);
    }
    to->last = sw_carve_reals(carver, rows * d);
    to->final = sw_carve_reals(carver, rows * d);
}

static void carve(void *state, sw_carver *carver, const sw_model *model) {
    transformer *self = state;
    const sw_model_config *config = &model->config;
    size_t d = (size_t)config->d_model, heads = (size_t)config->heads, A = heads * (size_t)config->d_head;
    size_t M = (size_t)config->d_mlp, T = (size_t)model->shape.tokens;
    self->block = sw_smaller(model->max_rows, BLOCK_ROWS);
    size_t n = self->block * T, m = config->layers > 1 ? n : self->block, queries = m / self->block;

    self->tokens = sw_carve_ints(carver, model->max_rows * T);
    sw_carver one = {NULL, 0};
    slot counted;
    carve_slot(&counted, &one, model, self->block);
    size_t blocks = (model->max_rows + self->block - 1) / self->block;
    self->slot_count = !model->special && blocks * one.used <= KEEP_BYTES ? blocks : 1;
    self->slot_stride = one.used / sizeof(sw_real);
    carve_slot(&self->first, carver, model, self->block);
    for (size_t i = 1; i < self->slot_count; i++) carve_slot(&counted, carver, model, self->block);

    self->dx = sw_carve_reals(carver, n * d);
    self->dmiddle = sw_carve_reals(carver, m * d);
    self->dhidden = sw_carve_reals(carver, m * M);
    self->dz = sw_carve_reals(carver, m * A);
    self->dquery = sw_carve_reals(carver, m * A);
    self->dkey = sw_carve_reals(carver, n * A);
    self->dvalue = sw_carve_reals(carver, n * A);
    self->ds = sw_carve_reals(carver, self->block * heads * queries * T);
    self->dlast = sw_carve_reals(carver, self->block * d);
}

/* Slot `index`: every buffer of slot 0, moved on. */
static slot slot_at(const transformer *self, const sw_model *model, size_t index) {
    slot at = self->first;
    size_t shift = index * self->slot_stride;
    for (int i = 0; i < model->config.layers; i++) {
        activations *layer = &at.layer[i];
        sw_real **buffer[9] = {&layer->x, &layer->query,  &layer->key,    &layer->value, &layer->p,
                               &layer->z, &layer->middle, &layer->hidden, &layer->slope};
        for (int j = 0; j < 9; j++) *buffer[j] += shift;
    }
    at.last += shift;
    at.final += shift;
    return at;
}

/* out[rows, d] <- x[rows, T, d] at the last position */
static void gather_last(sw_real *out, const sw_real *x, size_t rows, size_t T, size_t d) {
    for (size_t r = 0; r < rows; r++) memcpy(out + r * d, x + (r * T + T - 1) * d, d * sizeof *out);
}

/* ---- causal softmax attention over the few tokens of an input ---- */

/* Attention of rows * queries queries: query i of a row sees keys 0..i when queries = tokens, and all keys when
 * queries = 1 (the last position alone). A = heads * d_head, head-major columns. */
typedef struct attention {
    size_t rows, tokens, queries, heads, d_head;
} attention;

/* s[0..n) <- softmax(s) */
static void softmax(sw_real *s, size_t n) {
    sw_real top = s[0], sum = 0;
    for (size_t j = 1; j < n; j++) top = s[j] > top ? s[j] : top;
    for (size_t j = 0; j < n; j++) {
        s[j] = (sw_real)exp((double)(s[j] - top));
        sum += s[j];
    }
    for (size_t j = 0; j < n; j++) s[j] /= sum;
}

/* p[rows, heads, queries, tokens] = softmax(q k^T / sqrt(d_head)), 0 beyond the query; z[rows queries, A] = p v
 * of q[rows queries, A], k and v[rows tokens, A]. Assigns. */
static void attention_forward(const attention *shape, const sw_real *q, const sw_real *k, const sw_real *v, sw_real *p,
                              sw_real *z) {
    size_t T = shape->tokens, Q = shape->queries, dh = shape->d_head, A = shape->heads * dh;
    sw_real scale = (sw_real)(1 / sqrt((double)dh));
    memset(z, 0, shape->rows * Q * A * sizeof *z);
    for (size_t r = 0; r < shape->rows; r++, q += Q * A, k += T * A, v += T * A, z += Q * A)
        for (size_t h = 0; h < shape->heads; h++)
            for (size_t i = 0; i < Q; i++, p += T) {
                size_t seen = Q == T ? i + 1 : T;
                const sw_real *query = q + i * A + h * dh;
                for (size_t j = 0; j < T; j++)
                    p[j] = j < seen ? scale * sw_kernel->dot(query, k + j * A + h * dh, dh) : 0;
                softmax(p, seen);
                for (size_t j = 0; j < seen; j++) sw_kernel->axpy(z + i * A + h * dh, p[j], v + j * A + h * dh, dh);
            }
}

/* Gradients of the above from dz; ds is scratch of p's shape. Assigns dq, dk, dv. */
static void attention_backward(const attention *shape, const sw_real *q, const sw_real *k, const sw_real *v,
                               const sw_real *p, const sw_real *dz, sw_real *ds, sw_real *dq, sw_real *dk,
                               sw_real *dv) {
    size_t T = shape->tokens, Q = shape->queries, dh = shape->d_head, A = shape->heads * dh;
    sw_real scale = (sw_real)(1 / sqrt((double)dh));
    memset(dq, 0, shape->rows * Q * A * sizeof *dq);
    memset(dk, 0, shape->rows * T * A * sizeof *dk);
    memset(dv, 0, shape->rows * T * A * sizeof *dv);
    for (size_t r = 0; r < shape->rows;
         r++, q += Q * A, dq += Q * A, dz += Q * A, k += T * A, v += T * A, dk += T * A, dv += T * A)
        for (size_t h = 0; h < shape->heads; h++)
            for (size_t i = 0; i < Q; i++, p += T, ds += T) {
                size_t seen = Q == T ? i + 1 : T, at = h * dh;
                /* dp_j = dz . v_j; ds_j = p_j (dp_j - sum_k p_k dp_k) / sqrt(d_head) */
                sw_real mean = 0;
                for (size_t j = 0; j < seen; j++) {
                    ds[j] = sw_kernel->dot(dz + i * A + at, v + j * A + at, dh);
                    mean += p[j] * ds[j];
                    sw_kernel->axpy(dv + j * A + at, p[j], dz + i * A + at, dh);
                }
                for (size_t j = 0; j < seen; j++) {
                    ds[j] = scale * p[j] * (ds[j] - mean);
                    sw_kernel->axpy(dq + i * A + at, ds[j], k + j * A + at, dh);
                    sw_kernel->axpy(dk + j * A + at, ds[j], q + i * A + at, dh);
                }
            }
}

/* ---- layers and blocks ---- */

/* One layer: out[m, d] from layer->x. */
static void layer_forward(const sw_model *model, const sw_transformer_layer *w, int index, slot *at, size_t rows,
                          sw_real *out) {
    const sw_model_config *config = &model->config;
    size_t d = (size_t)config->d_model, heads = (size_t)config->heads, A = heads * (size_t)config->d_head;
    size_t M = (size_t)config->d_mlp, T = (size_t)model->shape.tokens;
    size_t queries = queries_of(model, index), n = rows * T, m = rows * queries;
    activations *a = &at->layer[index];
    const sw_real *xq = a->x; /* [m, d] what the queries read */
    if (queries != T) {
        gather_last(at->last, a->x, rows, T, d);
        xq = at->last;
    }
    sw_blas_dense(SW_N, SW_N, m, A, d, 1, xq, w->query, 0, a->query);
    sw_blas_dense(SW_N, SW_N, n, A, d, 1, a->x, w->key, 0, a->key);
    sw_blas_dense(SW_N, SW_N, n, A, d, 1, a->x, w->value, 0, a->value);
    attention shape = {rows, T, queries, heads, (size_t)config->d_head};
    attention_forward(&shape, a->query, a->key, a->value, a->p, a->z);

    memcpy(a->middle, xq, m * d * sizeof *xq); /* middle = x + z W_O */
    sw_blas_dense(SW_N, SW_N, m, d, A, 1, a->z, w->output, 1, a->middle);
    sw_blas_dense(SW_N, SW_N, m, M, d, 1, a->middle, w->in, 0, a->hidden);
    sw_activation_forward(config->activation, a->hidden, w->in_bias, a->slope, m, M, M);
    memcpy(out, a->middle, m * d * sizeof *out); /* out = middle + hidden W_out + b_out */
    if (w->out_bias) sw_kernel->add_bias(out, w->out_bias, m, d);
    sw_blas_dense(SW_N, SW_N, m, d, M, 1, a->hidden, w->out, 1, out);
}

/* logits[rows, C] of one block; NULL: only fills the slot. */
static void block_forward(const sw_model *model, slot *at, const int32_t *tokens, size_t rows, sw_real *logits) {
    size_t d = (size_t)model->config.d_model, T = (size_t)model->shape.tokens, C = (size_t)model->shape.classes;
    sw_transformer_tensors w;
    sw_transformer_view(&w, model, model->parameters);
    sw_real *x = at->layer[0].x;
    for (size_t i = 0; i < rows * T; i++) {
        assert(tokens[i] >= 0 && tokens[i] < model->shape.vocabulary);
        memcpy(x + i * d, w.token + (size_t)tokens[i] * d, d * sizeof *x);
        sw_kernel->add(x + i * d, w.position + i % T * d, d);
    }
    int layers = model->config.layers;
    for (int i = 0; i < layers; i++)
        layer_forward(model, &w.layer[i], i, at, rows, i + 1 < layers ? at->layer[i + 1].x : at->final);
    if (logits) sw_blas_dense(SW_N, SW_N, rows, C, d, model->config.output_scale, at->final, w.unembedding, 0, logits);
}

/* From self->dx = d out [m, d] to self->dx = d x [n, d]; accumulates into `g`. */
static void layer_backward(transformer *self, const sw_model *model, const sw_transformer_layer *w,
                           const sw_transformer_layer *g, int index, const slot *at, size_t rows) {
    const sw_model_config *config = &model->config;
    size_t d = (size_t)config->d_model, heads = (size_t)config->heads, A = heads * (size_t)config->d_head;
    size_t M = (size_t)config->d_mlp, T = (size_t)model->shape.tokens;
    size_t queries = queries_of(model, index), n = rows * T, m = rows * queries;
    const activations *a = &at->layer[index];
    const sw_real *xq = queries == T ? a->x : at->last;

    /* out = middle + f(middle W_in + b_in) W_out + b_out */
    sw_blas_dense(SW_N, SW_T, m, M, d, 1, self->dx, w->out, 0, self->dhidden);
    sw_blas_dense(SW_T, SW_N, M, d, m, 1, a->hidden, self->dx, 1, g->out);
    if (g->out_bias) sw_kernel->column_sums(g->out_bias, self->dx, m, d, d);
    sw_activation_backward(config->activation, self->dhidden, a->hidden, a->slope, m, M, M);
    sw_blas_dense(SW_T, SW_N, d, M, m, 1, a->middle, self->dhidden, 1, g->in);
    if (g->in_bias) sw_kernel->column_sums(g->in_bias, self->dhidden, m, M, M);
    memcpy(self->dmiddle, self->dx, m * d * sizeof *self->dx);
    sw_blas_dense(SW_N, SW_T, m, d, M, 1, self->dhidden, w->in, 1, self->dmiddle);

    /* middle = xq + attention(q, k, v) W_O */
    sw_blas_dense(SW_N, SW_T, m, A, d, 1, self->dmiddle, w->output, 0, self->dz);
    sw_blas_dense(SW_T, SW_N, A, d, m, 1, a->z, self->dmiddle, 1, g->output);
    attention shape = {rows, T, queries, heads, (size_t)config->d_head};
    attention_backward(&shape, a->query, a->key, a->value, a->p, self->dz, self->ds, self->dquery, self->dkey,
                       self->dvalue);
    sw_blas_dense(SW_T, SW_N, d, A, m, 1, xq, self->dquery, 1, g->query);
    sw_blas_dense(SW_T, SW_N, d, A, n, 1, a->x, self->dkey, 1, g->key);
    sw_blas_dense(SW_T, SW_N, d, A, n, 1, a->x, self->dvalue, 1, g->value);

    /* dmiddle <- d xq: the residual and the queries */
    sw_blas_dense(SW_N, SW_T, m, d, A, 1, self->dquery, w->query, 1, self->dmiddle);
    sw_blas_dense(SW_N, SW_T, n, d, A, 1, self->dkey, w->key, 0, self->dx);
    sw_blas_dense(SW_N, SW_T, n, d, A, 1, self->dvalue, w->value, 1, self->dx);
    for (size_t i = 0; i < m; i++)
        sw_kernel->add(self->dx + (queries == T ? i : i * T + T - 1) * d, self->dmiddle + i * d, d);
}

static void block_backward(transformer *self, sw_model *model, const slot *at, const int32_t *tokens, size_t rows,
                           const sw_real *dlogits) {
    size_t d = (size_t)model->config.d_model, T = (size_t)model->shape.tokens, C = (size_t)model->shape.classes;
    double scale = model->config.output_scale;
    sw_transformer_tensors w, g;
    sw_transformer_view(&w, model, model->parameters);
    sw_transformer_view(&g, model, model->gradient);

    sw_blas_dense(SW_T, SW_N, d, C, rows, scale, at->final, dlogits, 1, g.unembedding);
    sw_blas_dense(SW_N, SW_T, rows, d, C, scale, dlogits, w.unembedding, 0, self->dx);
    for (int i = model->config.layers - 1; i >= 0; i--)
        layer_backward(self, model, &w.layer[i], &g.layer[i], i, at, rows);
    for (size_t i = 0; i < rows * T; i++) sw_kernel->add(g.token + (size_t)tokens[i] * d, self->dx + i * d, d);
    for (size_t t = 0; t < T; t++) sw_kernel->column_sums(g.position + t * d, self->dx + t * d, rows, d, T * d);
}

static void forward(void *state, const sw_model *model, const int32_t *tokens, size_t rows, sw_real *logits,
                    bool keep) {
    transformer *self = state;
    size_t T = (size_t)model->shape.tokens, C = (size_t)model->shape.classes;
    if (keep) {
        self->rows = rows;
        memcpy(self->tokens, tokens, rows * T * sizeof *tokens);
    }
    for (size_t b = 0, r = 0; r < rows; b++, r += self->block) {
        slot at = slot_at(self, model, keep ? b % self->slot_count : 0);
        block_forward(model, &at, tokens + r * T, sw_smaller(self->block, rows - r), logits + r * C);
    }
}

static void backward(void *state, sw_model *model, const sw_real *dlogits) {
    transformer *self = state;
    size_t T = (size_t)model->shape.tokens, C = (size_t)model->shape.classes;
    bool kept = (self->rows + self->block - 1) / self->block <= self->slot_count;
    for (size_t b = 0, r = 0; r < self->rows; b++, r += self->block) {
        const int32_t *tokens = self->tokens + r * T;
        size_t count = sw_smaller(self->block, self->rows - r);
        slot at = slot_at(self, model, b % self->slot_count);
        if (!kept) block_forward(model, &at, tokens, count, NULL);
        block_backward(self, model, &at, tokens, count, dlogits + r * C);
    }
}

static void hidden(void *state, const sw_model *model, const int32_t *tokens, size_t rows, sw_real *out) {
    transformer *self = state;
    size_t T = (size_t)model->shape.tokens, M = (size_t)model->config.d_mlp;
    slot at = slot_at(self, model, 0);
    for (size_t r = 0; r < rows; r += self->block) {
        size_t count = sw_smaller(self->block, rows - r);
        block_forward(model, &at, tokens + r * T, count, NULL);
        memcpy(out + r * M, at.layer[model->config.layers - 1].hidden, count * M * sizeof *out);
    }
}

/* Multiplications and additions of forward and the two GEMMs of backward for each of its GEMMs. */
static double flops(const sw_model_config *config, const sw_model_shape *shape, size_t rows) {
    double d = config->d_model, A = (double)config->heads * config->d_head, M = config->d_mlp, T = shape->tokens;
    double total = d * shape->classes;
    for (int i = 0; i < config->layers; i++) {
        double queries = i == config->layers - 1 ? 1 : T;
        total += queries * (d * A + A * d + 2 * d * M + 2 * T * A) + 2 * T * d * A;
    }
    return 6 * (double)rows * total;
}

const sw_model_path sw_transformer_path = {
    .state_bytes = sizeof(transformer),
    .carve = carve,
    .forward = forward,
    .backward = backward,
    .hidden = hidden,
    .flops = flops,
};
