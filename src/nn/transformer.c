/* transformer.c: the decoder-only transformer of any number of layers (Nanda et al. 2023: learned positions, logits
 * read at the last position), with the norms and variants of the literature.
 *
 *   x = E[t] + P;  per layer: x += attention(x) W_O;  x += f(x W_in + b_in) W_out + b_out;
 *   logits = output_scale * x_last W_U
 *
 * normalization pre:  x += attention(norm(x)) W_O, likewise the MLP, and logits = output_scale * norm(x_last) W_U;
 * post:  x = norm(x + attention(x) W_O), likewise the MLP. Dropout acts on what is added to x. A tied unembedding is
 * W_U = (the rows of the entities in E)^T.
 *
 * Rows go through in blocks of BLOCK_ROWS inputs, each step of a block being one GEMM over all of its tokens. In the
 * last layer only the last position is read, so queries, attention output and MLP are computed there alone.
 * Activations are kept for backward while they fit KEEP_BYTES; a larger batch keeps only its tokens, and backward
 * computes each block a second time. */
#include "nn/transformer.h"
#include "nn/activation.h"
#include "nn/attention.h"
#include "nn/blas.h"
#include "nn/kernels.h"
#include "nn/normalization.h"

#include <assert.h>
#include <string.h>

enum { BLOCK_ROWS = 256, KEEP_BYTES = 128 << 20 };

/* n = rows T tokens; m = queries of the layer: n, and in the last layer one a row. Where nothing is normalized, `read`
 * is the same as what it is the norm of, and `sum` as what is its norm. */
typedef struct activations {
    sw_real *x;                    /* [n, d] input of the layer */
    sw_real *read;                 /* [n, d] what attention reads: x, or with norms before blocks norm(x) */
    sw_real *query;                /* [m, A] */
    sw_real *key, *value;          /* [n, A] */
    sw_real *p;                    /* [rows, heads, queries, T] */
    sw_real *z;                    /* [m, A] */
    sw_real *sum;                  /* [m, d] x + attention, before a norm behind it */
    sw_real *middle;               /* [m, d] after attention */
    sw_real *middle_read;          /* [m, d] what the MLP reads */
    sw_real *hidden;               /* [m, M] after the activation f */
    sw_real *slope;                /* [m, M] f' before it, where the activation has it kept */
    sw_real *out_sum;              /* [m, d] middle + MLP, before a norm behind it; NULL = there is none */
    sw_real *attention_statistics; /* [n (behind the sum: m), SW_STATISTICS] of the norm of each block */
    sw_real *mlp_statistics;       /* [m, SW_STATISTICS] */
} activations;

typedef struct slot {
    activations layer[SW_LAYERS_MAX];
    sw_real *last, *last_read;   /* [rows, d] x and `read` of the last layer at the last position */
    sw_real *final, *final_read; /* [rows, d] output of the last layer, and what the unembedding reads */
    sw_real *final_statistics;   /* [rows, SW_STATISTICS] */
} slot;

typedef struct transformer {
    size_t block;         /* rows of a block */
    size_t slot_count;    /* blocks whose activations are kept: all of a batch, or 1 */
    size_t slot_bytes;    /* of one slot's buffers */
    unsigned char *slots; /* [slot_count, slot_bytes] */
    int32_t *tokens;      /* [max_rows, T] of the last forward */
    size_t rows;          /* of the last forward */
    /* backward, one block: gradients with respect to the tensors of the same name; dbranch of what a block adds, dread
     * of what the queries or the MLP read */
    sw_real *dx, *dmiddle, *dbranch, *dread, *dhidden, *dz, *dquery, *dkey, *dvalue, *ds;
} transformer;

/* Has the model norms at this place? */
static bool normalizes(const sw_model *model, sw_placement placement) {
    return model->config.normalization != SW_NORMALIZATION_NONE &&
           model->config.normalization_placement == (int32_t)placement;
}

/* ---- tensors ---- */

static void view_norm(sw_transformer_norm *out, const sw_tensor **tensor, const sw_model *model, sw_real *base) {
    const bool biased = model->config.normalization == SW_NORMALIZATION_LAYERNORM;
    out->gain = base + (*tensor)++->offset;
    out->bias = biased ? base + (*tensor)++->offset : NULL;
}

void sw_transformer_view(sw_transformer_tensors *out, const sw_model *model, sw_real *base) {
    const sw_model_config *config = &model->config;
    const sw_tensor *tensor = model->tensors;
    memset(out, 0, sizeof *out);
    out->token = base + tensor++->offset;
    out->position = base + tensor++->offset;
    for (int i = 0; i < config->layers; i++) {
        sw_transformer_layer *layer = &out->layer[i];
        sw_real **member[8] = {&layer->query, &layer->key,     &layer->value, &layer->output,
                               &layer->in,    &layer->in_bias, &layer->out,   &layer->out_bias};
        for (int j = 0; j < 8; j++)
            if (config->bias || (member[j] != &layer->in_bias && member[j] != &layer->out_bias))
                *member[j] = base + tensor++->offset;
    }
    if (config->unembedding == SW_UNEMBEDDING_UNTIED) out->unembedding = base + tensor++->offset;
    for (int i = 0; i < config->layers && config->normalization != SW_NORMALIZATION_NONE; i++) {
        view_norm(&out->layer[i].attention_norm, &tensor, model, base);
        view_norm(&out->layer[i].mlp_norm, &tensor, model, base);
    }
    if (normalizes(model, SW_PLACEMENT_PRE)) view_norm(&out->final_norm, &tensor, model, base);
    assert(tensor == model->tensors + model->tensor_count);
}

/* ---- memory ---- */

static size_t queries_of(const sw_model *model, int layer) {
    return layer == model->config.layers - 1 ? 1 : (size_t)model->shape.tokens;
}

/* Of a layer: widths; positions of a row, T, and how many of them ask; positions of all rows, n, of which m ask. */
typedef struct sizes {
    size_t d, A, M, T, queries, n, m;
    bool pre, post; /* where its norms stand */
} sizes;

static sizes sizes_of(const sw_model *model, int layer, size_t rows) {
    const sw_model_config *config = &model->config;
    const size_t T = (size_t)model->shape.tokens, queries = queries_of(model, layer);
    return (sizes){.d = (size_t)config->d_model,
                   .A = (size_t)config->heads * (size_t)config->d_head,
                   .M = (size_t)config->d_mlp,
                   .T = T,
                   .queries = queries,
                   .n = rows * T,
                   .m = rows * queries,
                   .pre = normalizes(model, SW_PLACEMENT_PRE),
                   .post = normalizes(model, SW_PLACEMENT_POST)};
}

/* A buffer of its own where it is needed, as when there is a norm between it and `same`. */
static sw_real *carve_if(bool needed, sw_real *same, sw_carver *carver, size_t count) {
    return needed ? sw_carve_reals(carver, count) : same;
}

static void carve_slot(slot *to, sw_carver *carver, const sw_model *model, size_t rows) {
    const sw_model_config *config = &model->config;
    size_t d = (size_t)config->d_model, heads = (size_t)config->heads, A = heads * (size_t)config->d_head;
    size_t M = (size_t)config->d_mlp, T = (size_t)model->shape.tokens, n = rows * T;
    const bool pre = normalizes(model, SW_PLACEMENT_PRE), post = normalizes(model, SW_PLACEMENT_POST);
    const bool has_slope = sw_activation_has_slope(config->activation);
    for (int i = 0; i < config->layers; i++) {
        activations *layer = &to->layer[i];
        size_t queries = queries_of(model, i), m = rows * queries;
        layer->x = sw_carve_reals(carver, n * d);
        layer->read = carve_if(pre, layer->x, carver, n * d);
        layer->query = sw_carve_reals(carver, m * A);
        layer->key = sw_carve_reals(carver, n * A);
        layer->value = sw_carve_reals(carver, n * A);
        layer->p = sw_carve_reals(carver, rows * heads * queries * T);
        layer->z = sw_carve_reals(carver, m * A);
        layer->middle = sw_carve_reals(carver, m * d);
        layer->sum = carve_if(post, layer->middle, carver, m * d);
        layer->middle_read = carve_if(pre, layer->middle, carver, m * d);
        layer->hidden = sw_carve_reals(carver, m * M);
        layer->slope = carve_if(has_slope, NULL, carver, m * M);
        layer->out_sum = carve_if(post, NULL, carver, m * d);
        layer->attention_statistics = carve_if(pre || post, NULL, carver, (pre ? n : m) * SW_STATISTICS);
        layer->mlp_statistics = carve_if(pre || post, NULL, carver, m * SW_STATISTICS);
    }
    to->last = sw_carve_reals(carver, rows * d);
    to->last_read = carve_if(pre, to->last, carver, rows * d);
    to->final = sw_carve_reals(carver, rows * d);
    to->final_read = carve_if(pre, to->final, carver, rows * d);
    to->final_statistics = carve_if(pre, NULL, carver, rows * SW_STATISTICS);
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
    self->slot_bytes = one.used;
    self->slot_count = !model->special && blocks * one.used <= KEEP_BYTES ? blocks : 1;
    self->slots = sw_carve(carver, self->slot_count, self->slot_bytes);

    self->dx = sw_carve_reals(carver, n * d);
    self->dmiddle = sw_carve_reals(carver, m * d);
    self->dbranch = carve_if(config->dropout > 0, NULL, carver, m * d);
    self->dread = carve_if(normalizes(model, SW_PLACEMENT_PRE), NULL, carver, m * d);
    self->dhidden = sw_carve_reals(carver, m * M);
    self->dz = sw_carve_reals(carver, m * A);
    self->dquery = sw_carve_reals(carver, m * A);
    self->dkey = sw_carve_reals(carver, n * A);
    self->dvalue = sw_carve_reals(carver, n * A);
    self->ds = sw_carve_reals(carver, self->block * heads * queries * T);
}

/* The buffers of slot `index`. */
static slot slot_at(const transformer *self, const sw_model *model, size_t index) {
    slot at;
    sw_carver carver = {self->slots + index * self->slot_bytes, 0};
    carve_slot(&at, &carver, model, self->block);
    return at;
}

/* ---- pieces of a layer ---- */

/* Rows of a layer or block, and where they stand in the batch (for dropout). */
typedef struct place {
    const sw_model *model;
    size_t first, rows; /* in the batch */
} place;

static sw_normalization norm_of(const place *at, size_t rows) {
    return (sw_normalization){at->model->config.normalization, rows, (size_t)at->model->config.d_model};
}

static void norm_forward(const place *at, size_t rows, const sw_transformer_norm *w, const sw_real *x, sw_real *y,
                         sw_real *statistics) {
    const sw_normalization shape = norm_of(at, rows);
    sw_normalization_forward(&shape, x, w->gain, w->bias, y, statistics);
}

static void norm_backward(const place *at, size_t rows, const sw_transformer_norm *w, const sw_transformer_norm *g,
                          const sw_real *x, const sw_real *statistics, sw_real *dy) {
    const sw_normalization shape = norm_of(at, rows);
    sw_normalization_backward(&shape, x, w->gain, statistics, dy, g->gain, g->bias);
}

static bool drops(const place *at) { return at->model->dropout.input != NULL; }

/* x[rows, queries, d] of block 2 layer + 0 (attention) or 1 (MLP) without what this step drops */
static void drop(const place *at, int block, size_t queries, sw_real *x) {
    sw_dropout_apply(&at->model->dropout, (uint32_t)block, at->first, at->rows, queries,
                     (size_t)at->model->shape.tokens, (size_t)at->model->config.d_model, x);
}

/* out[m, d] <- x[m, d] + drop(a[m, k] w[k, d] + bias[d]), bias NULL = none */
static void add_branch(const place *at, int block, size_t queries, size_t k, const sw_real *x, const sw_real *a,
                       const sw_real *w, const sw_real *bias, sw_real *out) {
    size_t d = (size_t)at->model->config.d_model, m = at->rows * queries;
    if (!drops(at)) {
        memcpy(out, x, m * d * sizeof *x);
        if (bias) sw_kernel->add_bias(out, bias, m, d);
        sw_blas_dense(SW_N, SW_N, m, d, k, 1, a, w, 1, out);
        return;
    }
    sw_blas_dense(SW_N, SW_N, m, d, k, 1, a, w, 0, out);
    if (bias) sw_kernel->add_bias(out, bias, m, d);
    drop(at, block, queries, out);
    sw_kernel->add(out, x, m * d);
}

/* Gradient with respect to that branch, from dout[m, d]. */
static const sw_real *branch_backward(transformer *self, const place *at, int block, size_t queries,
                                      const sw_real *dout) {
    if (!drops(at)) return dout;
    memcpy(self->dbranch, dout, at->rows * queries * (size_t)at->model->config.d_model * sizeof *dout);
    drop(at, block, queries, self->dbranch);
    return self->dbranch;
}

/* out[rows, d] <- x[rows, T, d] at the last position */
static void gather_last(sw_real *out, const sw_real *x, size_t rows, size_t T, size_t d) {
    for (size_t r = 0; r < rows; r++) memcpy(out + r * d, x + (r * T + T - 1) * d, d * sizeof *out);
}

/* y[rows, T, d] += x[rows, queries, d] at the positions of the queries */
static void add_to_queries(sw_real *y, const sw_real *x, size_t rows, size_t queries, size_t T, size_t d) {
    for (size_t i = 0; i < rows * queries; i++)
        sw_kernel->add(y + (queries == T ? i : i * T + T - 1) * d, x + i * d, d);
}

static sw_attention attention_of(const place *at, size_t queries) {
    const sw_model_config *config = &at->model->config;
    return (sw_attention){.rows = at->rows,
                          .tokens = (size_t)at->model->shape.tokens,
                          .queries = queries,
                          .heads = (size_t)config->heads,
                          .d_head = (size_t)config->d_head,
                          .causal = config->causal,
                          .rate = config->attention_rate};
}

/* ---- layers ---- */

/* One layer: out[m, d] from its x. */
static void layer_forward(const place *at, const sw_transformer_layer *w, int index, slot *kept, sw_real *out) {
    const sw_model *model = at->model;
    const sizes s = sizes_of(model, index, at->rows);
    activations *a = &kept->layer[index];
    if (s.pre) norm_forward(at, s.n, &w->attention_norm, a->x, a->read, a->attention_statistics);
    const sw_real *x = a->x, *asks = a->read; /* [m, d] what is added to, and what the queries read */
    if (s.queries != s.T) {
        gather_last(kept->last, a->x, at->rows, s.T, s.d);
        if (s.pre) gather_last(kept->last_read, a->read, at->rows, s.T, s.d);
        x = kept->last;
        asks = kept->last_read;
    }
    sw_blas_dense(SW_N, SW_N, s.m, s.A, s.d, 1, asks, w->query, 0, a->query);
    sw_blas_dense(SW_N, SW_N, s.n, s.A, s.d, 1, a->read, w->key, 0, a->key);
    sw_blas_dense(SW_N, SW_N, s.n, s.A, s.d, 1, a->read, w->value, 0, a->value);
    const sw_attention attention = attention_of(at, s.queries);
    sw_attention_forward(&attention, a->query, a->key, a->value, a->p, a->z);

    /* middle = x + z W_O */
    add_branch(at, 2 * index, s.queries, s.A, x, a->z, w->output, NULL, a->sum);
    if (s.post) norm_forward(at, s.m, &w->attention_norm, a->sum, a->middle, a->attention_statistics);

    /* out = middle + f(middle W_in + b_in) W_out + b_out */
    if (s.pre) norm_forward(at, s.m, &w->mlp_norm, a->middle, a->middle_read, a->mlp_statistics);
    sw_blas_dense(SW_N, SW_N, s.m, s.M, s.d, 1, a->middle_read, w->in, 0, a->hidden);
    sw_activation_forward(model->config.activation, a->hidden, w->in_bias, a->slope, s.m, s.M, s.M);
    add_branch(at, 2 * index + 1, s.queries, s.M, a->middle, a->hidden, w->out, w->out_bias, s.post ? a->out_sum : out);
    if (s.post) norm_forward(at, s.m, &w->mlp_norm, a->out_sum, out, a->mlp_statistics);
}

/* From self->dx = d out [m, d] to self->dx = d x [n, d]; accumulates into `g`. */
static void layer_backward(transformer *self, const place *at, const sw_transformer_layer *w,
                           const sw_transformer_layer *g, int index, const slot *kept) {
    const sw_model *model = at->model;
    const sizes s = sizes_of(model, index, at->rows);
    const activations *a = &kept->layer[index];
    const sw_real *asks = s.queries == s.T ? a->read : kept->last_read;

    /* out = middle + f(middle W_in + b_in) W_out + b_out */
    if (s.post) norm_backward(at, s.m, &w->mlp_norm, &g->mlp_norm, a->out_sum, a->mlp_statistics, self->dx);
    const sw_real *dbranch = branch_backward(self, at, 2 * index + 1, s.queries, self->dx);
    sw_blas_dense(SW_N, SW_T, s.m, s.M, s.d, 1, dbranch, w->out, 0, self->dhidden);
    sw_blas_dense(SW_T, SW_N, s.M, s.d, s.m, 1, a->hidden, dbranch, 1, g->out);
    if (g->out_bias) sw_kernel->column_sums(g->out_bias, dbranch, s.m, s.d, s.d);
    sw_activation_backward(model->config.activation, self->dhidden, a->hidden, a->slope, s.m, s.M, s.M);
    sw_blas_dense(SW_T, SW_N, s.d, s.M, s.m, 1, a->middle_read, self->dhidden, 1, g->in);
    if (g->in_bias) sw_kernel->column_sums(g->in_bias, self->dhidden, s.m, s.M, s.M);
    memcpy(self->dmiddle, self->dx, s.m * s.d * sizeof *self->dx);
    sw_blas_dense(SW_N, SW_T, s.m, s.d, s.M, 1, self->dhidden, w->in, !s.pre, s.pre ? self->dread : self->dmiddle);
    if (s.pre) {
        norm_backward(at, s.m, &w->mlp_norm, &g->mlp_norm, a->middle, a->mlp_statistics, self->dread);
        sw_kernel->add(self->dmiddle, self->dread, s.m * s.d);
    }

    /* middle = x + attention(q, k, v) W_O */
    if (s.post)
        norm_backward(at, s.m, &w->attention_norm, &g->attention_norm, a->sum, a->attention_statistics, self->dmiddle);
    dbranch = branch_backward(self, at, 2 * index, s.queries, self->dmiddle);
    sw_blas_dense(SW_N, SW_T, s.m, s.A, s.d, 1, dbranch, w->output, 0, self->dz);
    sw_blas_dense(SW_T, SW_N, s.A, s.d, s.m, 1, a->z, dbranch, 1, g->output);
    const sw_attention attention = attention_of(at, s.queries);
    sw_attention_backward(&attention, a->query, a->key, a->value, a->p, self->dz, self->ds, self->dquery, self->dkey,
                          self->dvalue);
    sw_blas_dense(SW_T, SW_N, s.d, s.A, s.m, 1, asks, self->dquery, 1, g->query);
    sw_blas_dense(SW_T, SW_N, s.d, s.A, s.n, 1, a->read, self->dkey, 1, g->key);
    sw_blas_dense(SW_T, SW_N, s.d, s.A, s.n, 1, a->read, self->dvalue, 1, g->value);

    /* dx <- d read, through the norm, and the residual dmiddle */
    sw_blas_dense(SW_N, SW_T, s.m, s.d, s.A, 1, self->dquery, w->query, !s.pre, s.pre ? self->dread : self->dmiddle);
    sw_blas_dense(SW_N, SW_T, s.n, s.d, s.A, 1, self->dkey, w->key, 0, self->dx);
    sw_blas_dense(SW_N, SW_T, s.n, s.d, s.A, 1, self->dvalue, w->value, 1, self->dx);
    if (s.pre) {
        add_to_queries(self->dx, self->dread, at->rows, s.queries, s.T, s.d);
        norm_backward(at, s.n, &w->attention_norm, &g->attention_norm, a->x, a->attention_statistics, self->dx);
    }
    add_to_queries(self->dx, self->dmiddle, at->rows, s.queries, s.T, s.d);
}

/* ---- blocks ---- */

/* logits[rows, C] of one block; NULL: only fills the slot. */
static void block_forward(const place *at, slot *kept, const int32_t *tokens, sw_real *logits) {
    const sw_model *model = at->model;
    size_t d = (size_t)model->config.d_model, T = (size_t)model->shape.tokens, C = (size_t)model->shape.classes;
    sw_transformer_tensors w;
    sw_transformer_view(&w, model, model->parameters);
    sw_real *x = kept->layer[0].x;
    for (size_t i = 0; i < at->rows * T; i++) {
        assert(tokens[i] >= 0 && tokens[i] < model->shape.vocabulary);
        memcpy(x + i * d, w.token + (size_t)tokens[i] * d, d * sizeof *x);
        sw_kernel->add(x + i * d, w.position + i % T * d, d);
    }
    int layers = model->config.layers;
    for (int i = 0; i < layers; i++)
        layer_forward(at, &w.layer[i], i, kept, i + 1 < layers ? kept->layer[i + 1].x : kept->final);
    if (normalizes(model, SW_PLACEMENT_PRE))
        norm_forward(at, at->rows, &w.final_norm, kept->final, kept->final_read, kept->final_statistics);
    if (logits)
        sw_blas_dense(SW_N, w.unembedding ? SW_N : SW_T, at->rows, C, d, model->config.output_scale, kept->final_read,
                      w.unembedding ? w.unembedding : w.token, 0, logits);
}

static void block_backward(transformer *self, const place *at, const slot *kept, const int32_t *tokens,
                           const sw_real *dlogits) {
    const sw_model *model = at->model;
    size_t d = (size_t)model->config.d_model, T = (size_t)model->shape.tokens, C = (size_t)model->shape.classes;
    size_t rows = at->rows;
    double scale = model->config.output_scale;
    sw_transformer_tensors w, g;
    sw_transformer_view(&w, model, model->parameters);
    sw_transformer_view(&g, model, model->gradient);

    if (w.unembedding) {
        sw_blas_dense(SW_T, SW_N, d, C, rows, scale, kept->final_read, dlogits, 1, g.unembedding);
        sw_blas_dense(SW_N, SW_T, rows, d, C, scale, dlogits, w.unembedding, 0, self->dx);
    } else {
        if (!model->unembedding_held)
            sw_blas_dense(SW_T, SW_N, C, d, rows, scale, dlogits, kept->final_read, 1, g.token);
        sw_blas_dense(SW_N, SW_N, rows, d, C, scale, dlogits, w.token, 0, self->dx);
    }
    if (normalizes(model, SW_PLACEMENT_PRE))
        norm_backward(at, rows, &w.final_norm, &g.final_norm, kept->final, kept->final_statistics, self->dx);
    for (int i = model->config.layers - 1; i >= 0; i--) layer_backward(self, at, &w.layer[i], &g.layer[i], i, kept);
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
        slot kept = slot_at(self, model, keep ? b % self->slot_count : 0);
        const place at = {model, r, sw_smaller(self->block, rows - r)};
        block_forward(&at, &kept, tokens + r * T, logits + r * C);
    }
}

static void backward(void *state, sw_model *model, const sw_real *dlogits) {
    transformer *self = state;
    size_t T = (size_t)model->shape.tokens, C = (size_t)model->shape.classes;
    bool all_kept = (self->rows + self->block - 1) / self->block <= self->slot_count;
    for (size_t b = 0, r = 0; r < self->rows; b++, r += self->block) {
        const int32_t *tokens = self->tokens + r * T;
        slot kept = slot_at(self, model, b % self->slot_count);
        const place at = {model, r, sw_smaller(self->block, self->rows - r)};
        if (!all_kept) block_forward(&at, &kept, tokens, NULL);
        block_backward(self, &at, &kept, tokens, dlogits + r * C);
    }
}

static void hidden(void *state, const sw_model *model, const int32_t *tokens, size_t rows, sw_real *out) {
    transformer *self = state;
    size_t T = (size_t)model->shape.tokens, M = (size_t)model->config.d_mlp;
    slot at = slot_at(self, model, 0);
    for (size_t r = 0; r < rows; r += self->block) {
        const place here = {model, r, sw_smaller(self->block, rows - r)};
        block_forward(&here, &at, tokens + r * T, NULL);
        memcpy(out + r * M, at.layer[model->config.layers - 1].hidden, here.rows * M * sizeof *out);
    }
}

/* Operations of forward and backward for an element of a norm, and for one that dropout may drop, in units that the
 * rate of a GEMM pays for. */
#define NORM_FLOPS 40.0
#define DROPOUT_FLOPS 60.0

/* Multiplications and additions of forward and the two GEMMs of backward for each of its GEMMs. */
static double flops(const sw_model_config *config, const sw_model_shape *shape, size_t rows) {
    double d = config->d_model, A = (double)config->heads * config->d_head, M = config->d_mlp, T = shape->tokens;
    const bool norms = config->normalization != SW_NORMALIZATION_NONE, drops = config->dropout > 0;
    double total = d * shape->classes, elements = 0;
    for (int i = 0; i < config->layers; i++) {
        double queries = i == config->layers - 1 ? 1 : T;
        total += queries * (d * A + A * d + 2 * d * M + 2 * T * A) + 2 * T * d * A;
        elements += (norms ? NORM_FLOPS * (T + queries) * d : 0) + (drops ? DROPOUT_FLOPS * 2 * queries * d : 0);
    }
    return (double)rows * (6 * total + elements);
}

const sw_model_path sw_transformer_path = {
    .state_bytes = sizeof(transformer),
    .carve = carve,
    .forward = forward,
    .backward = backward,
    .hidden = hidden,
    .flops = flops,
};
