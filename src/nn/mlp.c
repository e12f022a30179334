/* mlp.c: the MLP model: operand embeddings side by side or summed, hidden layers, unembedding.
 *
 *   x = [E[t_1], ..., E[t_T]] or E[t_1] + ... + E[t_T];  per layer: x <- f(x W + b);  logits = output_scale * x W_U
 *
 * With one-hot input there is no E: x = [e(t_1), ..., e(t_T)], or their sum, e(t) being 1 at t and 0 elsewhere.
 *
 * The first layer sees a token through E[token] W_t alone, W_t being the rows of W that belong to operand t, which are
 * the same for all operands where embeddings are summed: a table of V rows an operand, built once per forward, stands
 * for its GEMM over the batch, and the gradient of the table is collected row by row. With one-hot input W is that
 * table. Rows go through in blocks; hidden activations are kept for backward while they fit KEEP_BYTES, and computed
 * again where they do not. */
#include "nn/activation.h"
#include "nn/blas.h"
#include "nn/kernels.h"
#include "nn/model.h"

#include <assert.h>
#include <string.h>

enum { BLOCK_ROWS = 256, KEEP_BYTES = 128 << 20 };

typedef struct mlp {
    size_t block, slot_count; /* rows of a block; blocks whose hidden activations are kept */
    size_t stride;            /* from one row of activations to the next: an odd number of cache lines */
    size_t tables;            /* of E W_t: T, or 1 where embeddings are summed */
    sw_real *hidden;          /* [slot_count, layers, block, H, of stride] after the activation f */
    sw_real *slope;           /* of that shape: f' before it, where the activation has it kept */
    sw_real *table;           /* [tables, V, H] E W_t; one-hot: W */
    sw_real *dtable;          /* [tables, V, H] */
    sw_real *dhidden[2];      /* [block, H, of stride] of a layer and the one below */
    sw_real *unembedding;     /* W_U packed for products with it from the right, */
    sw_real *turned;          /* and with it transposed, which backward packs */
    sw_real *dturned;         /* [C, H] gradient of W_U, transposed */
    int32_t *tokens;          /* [max_rows, T] of the last forward */
    size_t rows;              /* of the last forward */
} mlp;

/* Pointers into the parameters or into the gradient: weight [in, out] and bias of each hidden layer. */
typedef struct mlp_tensors {
    sw_real *token;                                       /* [V, d]; NULL = one-hot input */
    sw_real *weight[SW_LAYERS_MAX], *bias[SW_LAYERS_MAX]; /* bias NULL = none */
    sw_real *unembedding;                                 /* [d_hidden, C] */
} mlp_tensors;

static void view(mlp_tensors *out, const sw_model *model, sw_real *base) {
    const sw_tensor *tensor = model->tensors;
    const sw_model_config *config = &model->config;
    out->token = config->input == SW_INPUT_ONE_HOT ? NULL : base + tensor++->offset;
    for (int i = 0; i < config->layers; i++) {
        out->weight[i] = base + tensor++->offset;
        out->bias[i] = config->bias ? base + tensor++->offset : NULL;
    }
    assert(tensor + 1 == model->tensors + model->tensor_count);
    out->unembedding = base + tensor->offset;
}

static void carve(void *state, sw_carver *carver, const sw_model *model) {
    mlp *self = state;
    size_t H = (size_t)model->config.d_hidden, layers = (size_t)model->config.layers;
    size_t T = (size_t)model->shape.tokens, V = (size_t)model->shape.vocabulary;
    self->block = sw_smaller(model->max_rows, BLOCK_ROWS);
    size_t lines = (H + SW_CACHE_LINE - 1) / SW_CACHE_LINE, C = (size_t)model->shape.classes;
    self->stride = (lines | 1) * SW_CACHE_LINE;
    size_t blocks = (model->max_rows + self->block - 1) / self->block, slot = layers * self->block * self->stride;
    bool has_slope = sw_activation_has_slope(model->config.activation),
         one_hot = model->config.input == SW_INPUT_ONE_HOT;
    self->slot_count = blocks * slot * (has_slope ? 2 : 1) * sizeof(sw_real) <= KEEP_BYTES ? blocks : 1;
    self->tables = model->config.combine == SW_COMBINE_SUM ? 1 : T;
    self->hidden = sw_carve_reals(carver, self->slot_count * slot);
    self->slope = sw_carve_reals(carver, has_slope ? self->slot_count * slot : 0);
    self->table = sw_carve_reals(carver, one_hot ? 0 : self->tables * V * H);
    self->dtable = sw_carve_reals(carver, one_hot ? 0 : self->tables * V * H);
    self->dhidden[0] = sw_carve_reals(carver, self->block * self->stride);
    self->dhidden[1] = sw_carve_reals(carver, self->block * self->stride);
    self->unembedding = sw_carve_reals(carver, sw_blas_pack_size(C, H));
    self->turned = sw_carve_reals(carver, sw_blas_pack_size(H, C));
    self->dturned = sw_carve_reals(carver, C * H);
    self->tokens = sw_carve_ints(carver, model->max_rows * T);
}

/* What depends on the parameters alone. */
static void build(mlp *self, const sw_model *model, const mlp_tensors *w) {
    size_t H = (size_t)model->config.d_hidden, d = (size_t)model->config.d_model, C = (size_t)model->shape.classes;
    size_t V = (size_t)model->shape.vocabulary;
    sw_blas_pack(self->unembedding, SW_N, C, H, w->unembedding, C);
    if (!w->token) self->table = w->weight[0];
    for (size_t t = 0; w->token && t < self->tables; t++)
        sw_blas_dense(SW_N, SW_N, V, H, d, 1, w->token, w->weight[0] + t * d * H, 0, self->table + t * V * H);
}

/* Where activations of layer i of the block whose first row is r begin, in `hidden` and in `slope`. */
static size_t place_of(const mlp *self, const sw_model *model, size_t r, int i) {
    size_t slot = r / self->block % self->slot_count;
    return (slot * (size_t)model->config.layers + (size_t)i) * self->block * self->stride;
}

/* Where the row of token t of an input lies in the tables. */
static size_t table_row(const mlp *self, const sw_model *model, const int32_t *tokens, size_t t) {
    size_t table = self->tables == 1 ? 0 : t;
    return (table * (size_t)model->shape.vocabulary + (size_t)tokens[t]) * (size_t)model->config.d_hidden;
}

/* One row: h[H] <- f(sum_t table_t[token_t] + bias), and its slope */
static void first_layer(const mlp *self, const sw_model *model, const sw_real *bias, const int32_t *tokens, sw_real *h,
                        sw_real *slope) {
    size_t H = (size_t)model->config.d_hidden, T = (size_t)model->shape.tokens;
    int32_t activation = model->config.activation;
    const sw_real *sum = self->table + table_row(self, model, tokens, 0);
    for (size_t t = 1; t < T; t++) {
        const sw_real *next = self->table + table_row(self, model, tokens, t);
        if (t + 1 == T)
            sw_activation_sum(activation, h, sum, next, bias, slope, H);
        else
            sw_kernel->plus(h, sum, next, H);
        sum = h;
    }
    if (T == 1) {
        memcpy(h, sum, H * sizeof *h);
        sw_activation_forward(activation, h, bias, slope, 1, H, H);
    }
}

/* One block from row r on: fills its slot; logits[rows, C] unless NULL. */
static void block_forward(const mlp *self, const sw_model *model, const mlp_tensors *w, const int32_t *tokens, size_t r,
                          size_t rows, sw_real *logits) {
    size_t H = (size_t)model->config.d_hidden, stride = self->stride, C = (size_t)model->shape.classes;
    size_t first = place_of(self, model, r, 0);
    sw_real *h = self->hidden + first;
    for (size_t i = 0; i < rows; i++)
        first_layer(self, model, w->bias[0], tokens + i * (size_t)model->shape.tokens, h + i * stride,
                    self->slope + first + i * stride);
    for (int i = 1; i < model->config.layers; i++) {
        size_t place = place_of(self, model, r, i);
        sw_real *next = self->hidden + place;
        sw_blas_gemm(SW_N, SW_N, rows, H, H, 1, h, stride, w->weight[i], H, 0, next, stride);
        sw_activation_forward(model->config.activation, next, w->bias[i], self->slope + place, rows, H, stride);
        h = next;
    }
    if (logits)
        sw_blas_packed(SW_N, rows, C, H, model->config.output_scale, h, stride, self->unembedding, 0, logits, C);
}

static void block_backward(mlp *self, const sw_model *model, const mlp_tensors *w, const mlp_tensors *g,
                           const int32_t *tokens, size_t r, size_t rows, const sw_real *dlogits) {
    size_t H = (size_t)model->config.d_hidden, C = (size_t)model->shape.classes, T = (size_t)model->shape.tokens;
    size_t stride = self->stride;
    double scale = model->config.output_scale;
    int32_t activation = model->config.activation;
    int top = model->config.layers - 1;
    size_t place = place_of(self, model, r, top);
    const sw_real *h = self->hidden + place;
    sw_real *dh = self->dhidden[0], *below = self->dhidden[1];
    sw_blas_gemm(SW_T, SW_N, C, H, rows, scale, dlogits, C, h, stride, r > 0, self->dturned, H);
    sw_activation_product(activation, rows, H, C, scale, dlogits, C, self->turned, h, self->slope + place, dh, stride);
    for (int i = top; i >= 0; i--) {
        if (g->bias[i]) sw_kernel->column_sums(g->bias[i], dh, rows, H, stride);
        if (i == 0) break;
        place = place_of(self, model, r, i - 1);
        h = self->hidden + place;
        sw_blas_gemm(SW_T, SW_N, H, H, rows, 1, h, stride, dh, stride, 1, g->weight[i], H);
        sw_blas_gemm(SW_N, SW_T, rows, H, H, 1, dh, stride, w->weight[i], H, 0, below, stride);
        sw_activation_backward(activation, below, h, self->slope + place, rows, H, stride);
        sw_real *swap = dh;
        dh = below;
        below = swap;
    }
    for (size_t i = 0; i < rows; i++)
        for (size_t t = 0; t < T; t++)
            sw_kernel->add(self->dtable + table_row(self, model, tokens + i * T, t), dh + i * stride, H);
}

static void forward(void *state, const sw_model *model, const int32_t *tokens, size_t rows, sw_real *logits,
                    bool keep) {
    mlp *self = state;
    size_t T = (size_t)model->shape.tokens, C = (size_t)model->shape.classes;
    mlp_tensors w;
    view(&w, model, model->parameters);
    build(self, model, &w);
    if (keep) {
        self->rows = rows;
        memcpy(self->tokens, tokens, rows * T * sizeof *tokens);
    }
    for (size_t r = 0; r < rows; r += self->block)
        block_forward(self, model, &w, tokens + r * T, keep ? r : 0, sw_smaller(self->block, rows - r), logits + r * C);
}

static void backward(void *state, sw_model *model, const sw_real *dlogits) {
    mlp *self = state;
    size_t H = (size_t)model->config.d_hidden, d = (size_t)model->config.d_model, C = (size_t)model->shape.classes;
    size_t T = (size_t)model->shape.tokens, V = (size_t)model->shape.vocabulary;
    mlp_tensors w, g;
    view(&w, model, model->parameters);
    view(&g, model, model->gradient);
    bool kept = (self->rows + self->block - 1) / self->block <= self->slot_count;
    sw_blas_pack(self->turned, SW_T, H, C, w.unembedding, C);
    if (w.token)
        memset(self->dtable, 0, self->tables * V * H * sizeof *self->dtable);
    else
        self->dtable = g.weight[0];
    for (size_t r = 0; r < self->rows; r += self->block) {
        const int32_t *tokens = self->tokens + r * T;
        size_t count = sw_smaller(self->block, self->rows - r);
        if (!kept) block_forward(self, model, &w, tokens, r, count, NULL);
        block_backward(self, model, &w, &g, tokens, r, count, dlogits + r * C);
    }
    for (size_t i = 0; i < H; i++)
        for (size_t c = 0; c < C; c++) g.unembedding[i * C + c] += self->dturned[c * H + i];
    /* table_t = E W_t */
    for (size_t t = 0; w.token && t < self->tables; t++) {
        const sw_real *dtable = self->dtable + t * V * H;
        sw_blas_dense(SW_T, SW_N, d, H, V, 1, w.token, dtable, 1, g.weight[0] + t * d * H);
        sw_blas_dense(SW_N, SW_T, V, d, H, 1, dtable, w.weight[0] + t * d * H, 1, g.token);
    }
}

static void hidden(void *state, const sw_model *model, const int32_t *tokens, size_t rows, sw_real *out) {
    mlp *self = state;
    size_t H = (size_t)model->config.d_hidden, T = (size_t)model->shape.tokens;
    const sw_real *last = self->hidden + place_of(self, model, 0, model->config.layers - 1);
    mlp_tensors w;
    view(&w, model, model->parameters);
    build(self, model, &w);
    for (size_t r = 0; r < rows; r += self->block) {
        size_t count = sw_smaller(self->block, rows - r);
        block_forward(self, model, &w, tokens + r * T, 0, count, NULL);
        for (size_t i = 0; i < count; i++) memcpy(out + (r + i) * H, last + i * self->stride, H * sizeof *out);
    }
}

/* Multiplications and additions of forward and the two GEMMs of backward for each of its GEMMs. */
static double flops(const sw_model_config *config, const sw_model_shape *shape, size_t rows) {
    double H = config->d_hidden, T = shape->tokens;
    double table = (config->combine == SW_COMBINE_SUM ? 1 : T) * shape->vocabulary * config->d_model * H;
    if (config->input == SW_INPUT_ONE_HOT) table = 0;
    double row = T * H + (config->layers - 1) * H * H + H * shape->classes;
    return 6 * (table + (double)rows * row);
}

const sw_model_path sw_mlp_path = {
    .state_bytes = sizeof(mlp),
    .carve = carve,
    .forward = forward,
    .backward = backward,
    .hidden = hidden,
    .flops = flops,
};
