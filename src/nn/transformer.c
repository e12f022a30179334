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
 * Rows go through in blocks of BLOCK_ROWS inputs. Within one, rows that begin alike share the states of their
 * beginnings (places.h), and the first layer is a mixture of table rows (transformer_tables.h) where there are rows
 * enough to pay for the tables. In the last layer only the last position is read. Activations are kept for backward
 * while they fit KEEP_BYTES, each block's in a slot; a larger batch keeps only its tokens, and backward computes each
 * block a second time. What is not to be kept goes through the first slot, and the states of the others are spare. */
#include "nn/activation.h"
#include "nn/blas.h"
#include "nn/normalization.h"
#include "nn/transformer_tables.h"

#include <assert.h>
#include <string.h>

enum { BLOCK_ROWS = 960, PLAIN_ROWS = 256, KEEP_BYTES = 256 << 20 }; /* PLAIN_ROWS: beside a path of its own */

/* What is kept of a block of rows. */
typedef struct slot {
    sw_places places;
    sw_transformer_kept layer[SW_LAYERS_MAX];
    sw_real *final, *final_read; /* [rows, d] output of the last layer, and what the unembedding reads, as visited */
    sw_real *final_statistics;   /* [rows, SW_STATISTICS] */
} slot;

typedef struct transformer {
    size_t block;      /* rows of a block, */
    size_t places;     /* and the most places that it has */
    size_t slot_count; /* blocks whose activations are kept: all of a batch, or 1 */
    slot *slots;
    void *spare; /* the states of all slots but the first, */
    size_t spare_bytes;
    bool tabled; /* is the first layer a mixture of tables? */
    sw_transformer_tables tables;
    sw_transformer_room room;
    int32_t *tokens;  /* [max_rows, T] of the last forward; */
    int32_t *entries; /* [rows, T] what stands for them in the tables, or the tokens themselves */
    size_t rows;      /* of the last forward */
    bool shared;      /* did its rows share places? */
    sw_real *dx;      /* [places, d] */
    sw_real *tile;    /* [SW_TILE_ROWS, C] logits as visited */
} transformer;

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
    if (sw_transformer_normalizes(model, SW_PLACEMENT_PRE)) view_norm(&out->final_norm, &tensor, model, base);
    assert(tensor == model->tensors + model->tensor_count);
}

/* ---- memory ---- */

/* A buffer of its own where it is needed, as when there is a norm between it and `same`. */
static sw_real *carve_if(bool needed, sw_real *same, sw_carver *carver, size_t count) {
    return needed ? sw_carve_reals(carver, count) : same;
}

/* What attention leaves: n places, m of them read. */
static void carve_attention(sw_transformer_kept *kept, sw_carver *carver, const sw_model *model, size_t n, size_t m) {
    const size_t d = (size_t)model->config.d_model;
    const size_t A = (size_t)model->config.heads * (size_t)model->config.d_head;
    kept->read = carve_if(sw_transformer_normalizes(model, SW_PLACEMENT_PRE), kept->x, carver, n * d);
    kept->query = sw_carve_reals(carver, m * A);
    kept->key = sw_carve_reals(carver, n * A);
    kept->value = sw_carve_reals(carver, n * A);
    kept->z = sw_carve_reals(carver, m * A);
}

static void carve_feed(sw_transformer_kept *kept, sw_carver *carver, const sw_model *model, size_t n, size_t m) {
    const size_t d = (size_t)model->config.d_model, M = (size_t)model->config.d_mlp;
    const bool pre = sw_transformer_normalizes(model, SW_PLACEMENT_PRE);
    const bool post = sw_transformer_normalizes(model, SW_PLACEMENT_POST);
    kept->middle = sw_carve_reals(carver, m * d);
    kept->sum = carve_if(post, kept->middle, carver, m * d);
    kept->middle_read = carve_if(pre, kept->middle, carver, m * d);
    kept->hidden = sw_carve_reals(carver, m * M);
    kept->slope = carve_if(sw_activation_has_slope(model->config.activation), NULL, carver, m * M);
    kept->out_sum = carve_if(post, NULL, carver, m * d);
    kept->attention_statistics = carve_if(pre || post, NULL, carver, (pre ? n : m) * SW_STATISTICS);
    kept->mlp_statistics = carve_if(pre || post, NULL, carver, m * SW_STATISTICS);
}

static void carve_places(slot *to, sw_carver *carver, const sw_model *model, const transformer *self) {
    sw_places_carve(&to->places, carver, self->block, self->places, (size_t)model->shape.tokens,
                    (size_t)model->shape.vocabulary, model->config.causal);
}

static void carve_states(slot *to, sw_carver *carver, const sw_model *model, const transformer *self) {
    const sw_model_config *config = &model->config;
    const size_t d = (size_t)config->d_model, T = (size_t)model->shape.tokens, rows = self->block, n = self->places;
    for (int i = 0; i < config->layers; i++) {
        sw_transformer_kept *kept = &to->layer[i];
        const size_t m = i == config->layers - 1 ? rows : n;
        kept->p = sw_carve_reals(carver, m * T * (size_t)config->heads);
        const bool tabled = i == 0 && self->tabled;
        kept->x = carve_if(!tabled, NULL, carver, n * d);
        if (!tabled) carve_attention(kept, carver, model, n, m);
        if (!tabled || !self->tables.folds) carve_feed(kept, carver, model, n, m);
    }
    const bool pre = sw_transformer_normalizes(model, SW_PLACEMENT_PRE);
    to->final = sw_carve_reals(carver, rows * d);
    to->final_read = carve_if(pre, to->final, carver, rows * d);
    to->final_statistics = carve_if(pre, NULL, carver, rows * SW_STATISTICS);
}

static void carve_room(sw_transformer_room *room, sw_carver *carver, const sw_model *model, size_t n) {
    const sw_model_config *config = &model->config;
    const size_t d = (size_t)config->d_model, heads = (size_t)config->heads, A = heads * (size_t)config->d_head;
    const size_t T = (size_t)model->shape.tokens, rows = SW_TILE_ROWS;
    const bool pre = sw_transformer_normalizes(model, SW_PLACEMENT_PRE);
    room->dhidden = sw_carve_reals(carver, rows * (size_t)config->d_mlp);
    room->dbranch = carve_if(config->dropout > 0, NULL, carver, rows * d);
    room->dmlp = carve_if(pre, NULL, carver, rows * d);
    room->dread = carve_if(pre, NULL, carver, n * d);
    room->dz = sw_carve_reals(carver, rows * A);
    room->dquery = sw_carve_reals(carver, n * A);
    room->dkey = sw_carve_reals(carver, n * A);
    room->dvalue = sw_carve_reals(carver, n * A);
    room->weight = sw_carve_reals(carver, rows * T * heads);
    room->dweight = sw_carve_reals(carver, rows * T * heads);
}

static bool shares_places(const sw_model_config *config) { return config->causal && config->dropout == 0; }

static bool pays_for_tables(const sw_model *model);

static void carve(void *state, sw_carver *carver, const sw_model *model) {
    transformer *self = state;
    const size_t T = (size_t)model->shape.tokens;
    self->block = sw_smaller(model->max_rows, model->special ? PLAIN_ROWS : BLOCK_ROWS);
    self->places = sw_places_most(self->block, T, (size_t)model->shape.vocabulary, shares_places(&model->config));
    self->tabled = pays_for_tables(model);
    if (self->tabled) sw_transformer_tables_carve(&self->tables, carver, model);
    sw_carver one = {NULL, 0};
    slot counted = {0};
    carve_places(&counted, &one, model, self);
    carve_states(&counted, &one, model, self);
    const size_t blocks = (model->max_rows + self->block - 1) / self->block;
    self->slot_count = !model->special && blocks * one.used <= KEEP_BYTES ? blocks : 1;
    self->slots = sw_carve(carver, self->slot_count, sizeof *self->slots);
    for (size_t i = 0; i < self->slot_count; i++)
        carve_places(self->slots ? &self->slots[i] : &counted, carver, model, self);
    carve_states(self->slots ? self->slots : &counted, carver, model, self);
    const size_t first = carver->used;
    self->spare = sw_carve(carver, 0, 1);
    for (size_t i = 1; i < self->slot_count; i++)
        carve_states(self->slots ? &self->slots[i] : &counted, carver, model, self);
    self->spare_bytes = carver->used - first;
    self->tokens = sw_carve_ints(carver, model->max_rows * T);
    self->entries = self->tabled ? sw_carve_ints(carver, model->max_rows * T) : self->tokens;
    carve_room(&self->room, carver, model, self->places);
    self->dx = sw_carve_reals(carver, self->places * (size_t)model->config.d_model);
    self->tile = sw_carve_reals(carver, SW_TILE_ROWS * (size_t)model->shape.classes);
}

/* ---- blocks ---- */

/* A block of the rows of the last forward. */
typedef struct block {
    const sw_model *model;
    transformer *self;
    slot *kept;
    size_t row, rows; /* in the batch */
    const sw_transformer_tensors *w, *g;
    sw_real *hidden; /* [rows of the batch, M] is given that of the last layer; NULL = nobody asks */
} block;

static sw_transformer_pass pass_of(const block *b, int layer) {
    return (sw_transformer_pass){.model = b->model,
                                 .places = &b->kept->places,
                                 .row = b->row,
                                 .layer = layer,
                                 .w = &b->w->layer[layer],
                                 .g = b->g ? &b->g->layer[layer] : NULL,
                                 .kept = &b->kept->layer[layer],
                                 .hidden = layer + 1 == b->model->config.layers ? b->hidden : NULL,
                                 .room = &b->self->room};
}

/* x[places, d] <- E[t] + P */
static void embed(const block *b, sw_real *x) {
    const sw_places *places = &b->kept->places;
    const size_t d = (size_t)b->model->config.d_model, T = places->tokens;
    for (size_t t = 0; t < T; t++)
        for (size_t i = places->first[t]; i < places->first[t + 1]; i++) {
            const int32_t token = places->token[(size_t)places->source[i] * T + t];
            sw_kernel->plus(x + i * d, b->w->token + (size_t)token * d, b->w->position + t * d, d);
        }
}

/* The way back: g accumulates dx[places, d]. */
static void unembed_tokens(const block *b, const sw_real *dx) {
    const sw_places *places = &b->kept->places;
    const size_t d = (size_t)b->model->config.d_model, T = places->tokens;
    for (size_t t = 0; t < T; t++)
        for (size_t i = places->first[t]; i < places->first[t + 1]; i++) {
            const int32_t token = places->token[(size_t)places->source[i] * T + t];
            sw_kernel->add_to_both(b->g->token + (size_t)token * d, b->g->position + t * d, dx + i * d, d);
        }
}

/* Row of the batch that is the i-th of the last position. */
static size_t row_at(const block *b, size_t i) {
    const sw_places *places = &b->kept->places;
    return b->row + (size_t)places->source[places->first[places->tokens - 1] + i];
}

/* logits of the block's rows, from `final` */
static void read_out(const block *b, sw_real *logits) {
    const sw_model *model = b->model;
    const sw_transformer_tensors *w = b->w;
    const size_t d = (size_t)model->config.d_model, C = (size_t)model->shape.classes;
    for (size_t i = 0; i < b->rows; i += SW_TILE_ROWS) {
        const size_t count = sw_smaller(SW_TILE_ROWS, b->rows - i);
        sw_blas_dense(SW_N, w->unembedding ? SW_N : SW_T, count, C, d, model->config.output_scale,
                      b->kept->final_read + i * d, w->unembedding ? w->unembedding : w->token, 0, b->self->tile);
        for (size_t k = 0; k < count; k++)
            memcpy(logits + row_at(b, i + k) * C, b->self->tile + k * C, C * sizeof *logits);
    }
}

/* dfinal[rows, d] <- d of what the unembedding reads */
static void read_out_backward(const block *b, const sw_real *dlogits, sw_real *dfinal) {
    const sw_model *model = b->model;
    const sw_transformer_tensors *w = b->w, *g = b->g;
    const size_t d = (size_t)model->config.d_model, C = (size_t)model->shape.classes;
    const double scale = model->config.output_scale;
    for (size_t i = 0; i < b->rows; i += SW_TILE_ROWS) {
        const size_t count = sw_smaller(SW_TILE_ROWS, b->rows - i);
        const sw_real *read = b->kept->final_read + i * d;
        sw_real *dz = b->self->tile;
        for (size_t k = 0; k < count; k++) memcpy(dz + k * C, dlogits + row_at(b, i + k) * C, C * sizeof *dz);
        if (w->unembedding) {
            sw_blas_dense(SW_T, SW_N, d, C, count, scale, read, dz, 1, g->unembedding);
            sw_blas_dense(SW_N, SW_T, count, d, C, scale, dz, w->unembedding, 0, dfinal + i * d);
        } else {
            if (!model->unembedding_held) sw_blas_dense(SW_T, SW_N, C, d, count, scale, dz, read, 1, g->token);
            sw_blas_dense(SW_N, SW_N, count, d, C, scale, dz, w->token, 0, dfinal + i * d);
        }
    }
}

/* The layers of a block: fills its slot. */
static void block_layers(const block *b) {
    const int layers = b->model->config.layers;
    slot *kept = b->kept;
    sw_places_set(&kept->places, b->self->entries + b->row * kept->places.tokens, b->rows, b->self->shared);
    if (!b->self->tabled) embed(b, kept->layer[0].x);
    for (int i = 0; i < layers; i++) {
        const sw_transformer_pass at = pass_of(b, i);
        sw_real *out = i + 1 < layers ? kept->layer[i + 1].x : kept->final;
        if (i == 0 && b->self->tabled) {
            sw_transformer_tables_forward(&b->self->tables, &at, out);
            continue;
        }
        sw_transformer_attend(&at);
        const size_t read = sw_places_count(&kept->places) - sw_transformer_first(b->model, &kept->places, i);
        sw_transformer_feed(&at, 0, read, out);
    }
    if (kept->final_read != kept->final)
        sw_transformer_norm_forward(b->model, &b->w->final_norm, b->rows, kept->final, kept->final_read,
                                    kept->final_statistics);
}

static void block_backward(const block *b, const sw_real *dlogits) {
    const slot *kept = b->kept;
    const sw_places *places = &kept->places;
    const size_t d = (size_t)b->model->config.d_model, last = places->first[places->tokens - 1];
    sw_real *dx = b->self->dx;
    read_out_backward(b, dlogits, dx + last * d);
    if (kept->final_read != kept->final)
        sw_transformer_norm_backward(b->model, &b->w->final_norm, &b->g->final_norm, b->rows, kept->final,
                                     kept->final_statistics, dx + last * d);
    for (int i = b->model->config.layers - 1; i >= 0; i--) {
        const sw_transformer_pass at = pass_of(b, i);
        const size_t first = sw_transformer_first(b->model, places, i);
        if (i == 0 && b->self->tabled) {
            sw_transformer_tables_backward(&b->self->tables, &at, dx + first * d);
            return;
        }
        memset(dx, 0, first * d * sizeof *dx);
        sw_transformer_feed_backward(&at, 0, sw_places_count(places) - first, dx + first * d);
        sw_transformer_attend_backward(&at, dx);
    }
    unembed_tokens(b, dx);
}

/* `keep`: in a slot of its own, where there is one. */
static block block_at(transformer *self, const sw_model *model, size_t number, bool keep,
                      const sw_transformer_tensors *w, const sw_transformer_tensors *g) {
    const size_t row = number * self->block, rows = sw_smaller(self->block, self->rows - row);
    return (block){model, self, &self->slots[keep ? number % self->slot_count : 0], row, rows, w, g, NULL};
}

/* ---- the path ---- */

/* Rows from `rows` on, at most max_rows. */
static void take_rows(transformer *self, const sw_model *model, const int32_t *tokens, size_t rows,
                      const sw_transformer_tensors *w) {
    const size_t T = (size_t)model->shape.tokens;
    self->rows = rows;
    self->shared = model->dropout.input == NULL;
    memcpy(self->tokens, tokens, rows * T * sizeof *tokens);
    if (!self->tabled) return;
    sw_transformer_tables_find(&self->tables, tokens, rows, self->entries);
    sw_transformer_tables_build(&self->tables, model, w);
}

static void forward(void *state, const sw_model *model, const int32_t *tokens, size_t rows, sw_real *logits,
                    bool keep) {
    transformer *self = state;
    const size_t T = (size_t)model->shape.tokens, C = (size_t)model->shape.classes;
    sw_transformer_tensors w;
    sw_transformer_view(&w, model, model->parameters);
    for (size_t r = 0; r < rows; r += model->max_rows) {
        take_rows(self, model, tokens + r * T, sw_smaller(model->max_rows, rows - r), &w);
        for (size_t k = 0; k * self->block < self->rows; k++) {
            const block b = block_at(self, model, k, keep, &w, NULL);
            block_layers(&b);
            read_out(&b, logits + r * C);
        }
    }
}

static void backward(void *state, sw_model *model, const sw_real *dlogits) {
    transformer *self = state;
    sw_transformer_tensors w, g;
    sw_transformer_view(&w, model, model->parameters);
    sw_transformer_view(&g, model, model->gradient);
    const bool all_kept = self->rows <= self->block * self->slot_count;
    if (self->tabled) sw_transformer_tables_clear(&self->tables);
    for (size_t k = 0; k * self->block < self->rows; k++) {
        const block b = block_at(self, model, k, true, &w, &g);
        if (!all_kept) block_layers(&b);
        block_backward(&b, dlogits);
    }
    if (self->tabled) sw_transformer_tables_unfold(&self->tables, model, &w, &g);
}

/* Forward as far as the last hidden layer. */
static void hidden(void *state, const sw_model *model, const int32_t *tokens, size_t rows, sw_real *out) {
    transformer *self = state;
    const size_t T = (size_t)model->shape.tokens, M = (size_t)model->config.d_mlp;
    sw_transformer_tensors w;
    sw_transformer_view(&w, model, model->parameters);
    for (size_t r = 0; r < rows; r += model->max_rows) {
        take_rows(self, model, tokens + r * T, sw_smaller(model->max_rows, rows - r), &w);
        for (size_t k = 0; k * self->block < self->rows; k++) {
            block b = block_at(self, model, k, false, &w, NULL);
            b.hidden = out + r * M;
            block_layers(&b);
        }
    }
}

static void *spare(const void *state, size_t *bytes) {
    const transformer *self = state;
    *bytes = self->spare_bytes;
    return self->spare;
}

/* ---- cost ---- */

/* Operations of forward and backward for an element of a norm, and for one that dropout may drop, in units that the
 * rate of a GEMM pays for. */
#define NORM_FLOPS 40.0
#define DROPOUT_FLOPS 60.0

/* A model's sizes, and of a batch: places that a layer has, and of these positions' that the last layer reads. */
typedef struct sizes {
    double d, heads, A, M, T, V, C, rows, places;
    bool norms, drops;
} sizes;

static sizes sizes_of(const sw_model_config *config, const sw_model_shape *shape, size_t rows) {
    sizes s = {.d = config->d_model,
               .heads = config->heads,
               .A = (double)config->heads * config->d_head,
               .M = config->d_mlp,
               .T = shape->tokens,
               .V = (double)sw_smaller((size_t)shape->vocabulary, rows),
               .C = shape->classes,
               .rows = (double)rows,
               .norms = config->normalization != SW_NORMALIZATION_NONE,
               .drops = config->dropout > 0};
    s.places = (double)sw_places_most(rows, (size_t)shape->tokens, (size_t)shape->vocabulary, shares_places(config));
    return s;
}

/* Multiplications of a layer's forward that reads m of n places: by GEMMs, */
static double layer_products(const sizes *s, double n, double m) {
    return 2 * n * s->d * s->A + m * (2 * s->d * s->A + 2 * s->T * s->A + 2 * s->d * s->M);
}

/* and by tables. */
static double table_products(const sizes *s, double m) {
    const bool folds = !s->norms && !s->drops;
    const double W = s->d + (folds ? s->M : 0), entries = s->T * s->V;
    return entries * (3 * s->d * s->A + s->A * W + (folds ? s->d * s->M : 0)) + (folds ? s->A * s->d * s->M : 0) +
           m * (s->heads * s->T * W + (folds ? 1 : 2) * s->d * s->M);
}

static double read_in_first(const sw_model_config *config, const sizes *s) {
    return config->layers == 1 ? s->rows : s->places;
}

/* Where a path of its own serves the model, this one is plain. */
static bool pays_for_tables(const sw_model *model) {
    const sizes s = sizes_of(&model->config, &model->shape, model->max_rows);
    const double m = read_in_first(&model->config, &s);
    return !model->special && table_products(&s, m) < layer_products(&s, s.places, m);
}

/* Multiplications and additions of forward and the two GEMMs of backward for each of its GEMMs. */
static double flops(const sw_model_config *config, const sw_model_shape *shape, size_t rows) {
    const sizes s = sizes_of(config, shape, rows);
    double total = s.rows * s.d * s.C, elements = 0;
    for (int i = 0; i < config->layers; i++) {
        const double m = i == config->layers - 1 ? s.rows : s.places;
        const double plain = layer_products(&s, s.places, m), mixed = table_products(&s, m);
        total += i == 0 && mixed < plain ? mixed : plain;
        elements += (s.norms ? NORM_FLOPS * (s.places + m) * s.d : 0) + (s.drops ? DROPOUT_FLOPS * 2 * m * s.d : 0);
    }
    return 6 * total + elements;
}

double sw_transformer_plain_flops(const sw_model_config *config, const sw_model_shape *shape, size_t rows) {
    sizes s = sizes_of(config, shape, rows);
    return 6 * (layer_products(&s, s.rows * s.T, s.rows) + s.rows * s.d * s.C);
}

const sw_model_path sw_transformer_path = {
    .state_bytes = sizeof(transformer),
    .carve = carve,
    .forward = forward,
    .backward = backward,
    .hidden = hidden,
    .spare = spare,
    .flops = flops,
};
