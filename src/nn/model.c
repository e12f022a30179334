/* model.c: a model's tensors and its life; what it computes is its path's affair (transformer.c, folded.c, mlp.c). */
#include "nn/model.h"
#include "symsweep/random.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- which tensors a model has, in file order, and where they lie ---- */

typedef struct layout {
    sw_tensor *out; /* NULL = count only */
    size_t capacity, count, offset;
    int32_t number; /* of the next tensor, counting those that are left out */
} layout;

/* columns 0 = a vector */
static void add(layout *to, sw_block block, int64_t rows, int64_t columns, const char *name) {
    if (to->out && to->count < to->capacity) {
        sw_tensor *tensor = &to->out[to->count];
        snprintf(tensor->name, sizeof tensor->name, "%s", name);
        tensor->offset = to->offset;
        tensor->rank = columns ? 2 : 1;
        tensor->shape[0] = rows;
        tensor->shape[1] = columns ? columns : 1;
        tensor->block = block;
        tensor->number = to->number;
    }
    to->number++;
    to->count++;
    to->offset += (size_t)rows * (size_t)(columns ? columns : 1);
}

static void add_layer(layout *to, sw_block block, int64_t rows, int64_t columns, int layer, const char *name) {
    char full[48] = "";
    if (to->count < to->capacity) snprintf(full, sizeof full, "layers.%d.%s", layer, name);
    add(to, block, rows, columns, full);
}

static void add_bias(layout *to, bool bias, int64_t n, int layer, const char *name) {
    if (bias)
        add_layer(to, SW_BLOCK_MLP, n, 0, layer, name);
    else
        to->number++;
}

static void add_norm(layout *to, const sw_model_config *config, const char *name) {
    char gain[48], bias[48];
    snprintf(gain, sizeof gain, "%s.gain", name);
    snprintf(bias, sizeof bias, "%s.bias", name);
    add(to, SW_BLOCK_NORMALIZATION, config->d_model, 0, gain);
    if (config->normalization == SW_NORMALIZATION_LAYERNORM) add(to, SW_BLOCK_NORMALIZATION, config->d_model, 0, bias);
}

/* Behind everything else: a model with norms and one without start from the same matrices. */
static void add_norms(layout *to, const sw_model_config *config) {
    char name[40];
    if (config->normalization == SW_NORMALIZATION_NONE) return;
    for (int i = 0; i < config->layers; i++) {
        snprintf(name, sizeof name, "layers.%d.attention_norm", i);
        add_norm(to, config, name);
        snprintf(name, sizeof name, "layers.%d.mlp_norm", i);
        add_norm(to, config, name);
    }
    if (config->normalization_placement == SW_PLACEMENT_PRE) add_norm(to, config, "final_norm");
}

static void add_transformer(layout *to, const sw_model_config *config, const sw_model_shape *shape) {
    int64_t d = config->d_model, a = (int64_t)config->heads * config->d_head, m = config->d_mlp;
    add(to, SW_BLOCK_EMBEDDING, shape->vocabulary, d, "token_embedding");
    add(to, SW_BLOCK_POSITION, shape->tokens, d, "position_embedding");
    for (int i = 0; i < config->layers; i++) {
        add_layer(to, SW_BLOCK_ATTENTION, d, a, i, "attention.query");
        add_layer(to, SW_BLOCK_ATTENTION, d, a, i, "attention.key");
        add_layer(to, SW_BLOCK_ATTENTION, d, a, i, "attention.value");
        add_layer(to, SW_BLOCK_ATTENTION, a, d, i, "attention.output");
        add_layer(to, SW_BLOCK_MLP, d, m, i, "mlp.in");
        add_bias(to, config->bias, m, i, "mlp.in_bias");
        add_layer(to, SW_BLOCK_MLP, m, d, i, "mlp.out");
        add_bias(to, config->bias, d, i, "mlp.out_bias");
    }
    if (config->unembedding == SW_UNEMBEDDING_UNTIED) add(to, SW_BLOCK_UNEMBEDDING, d, shape->classes, "unembedding");
    add_norms(to, config);
}

static void add_mlp(layout *to, const sw_model_config *config, const sw_model_shape *shape) {
    const bool one_hot = config->input == SW_INPUT_ONE_HOT;
    int64_t in = one_hot ? shape->vocabulary : config->d_model, hidden = config->d_hidden;
    if (config->combine == SW_COMBINE_CONCAT) in *= shape->tokens;
    if (one_hot)
        to->number++;
    else
        add(to, SW_BLOCK_EMBEDDING, shape->vocabulary, config->d_model, "token_embedding");
    for (int i = 0; i < config->layers; i++) {
        add_layer(to, SW_BLOCK_MLP, in, hidden, i, "weight");
        add_bias(to, config->bias, hidden, i, "bias");
        in = hidden;
    }
    add(to, SW_BLOCK_UNEMBEDDING, hidden, shape->classes, "unembedding");
}

size_t sw_model_layout(sw_tensor *out, size_t capacity, const sw_model_config *config, const sw_model_shape *shape,
                       size_t *parameters) {
    layout to = {.out = out, .capacity = capacity};
    if (config->kind == SW_MODEL_MLP)
        add_mlp(&to, config, shape);
    else
        add_transformer(&to, config, shape);
    if (parameters) *parameters = to.offset;
    return to.count;
}

int32_t sw_model_embedding_width(const sw_model_config *config) {
    return config->input == SW_INPUT_ONE_HOT ? config->d_hidden : config->d_model;
}

int32_t sw_model_embedding_row(const sw_model_config *config, int32_t vocabulary, int32_t operand, int32_t token) {
    const bool blocks = config->input == SW_INPUT_ONE_HOT && config->combine == SW_COMBINE_CONCAT;
    return (blocks ? operand * vocabulary : 0) + token;
}

/* ---- life ---- */

/* Everything about a model but its memory. */
static void describe(sw_model *model, const sw_model_config *config, const sw_model_shape *shape, size_t max_rows) {
    memset(model, 0, sizeof *model);
    model->config = *config;
    model->shape = *shape;
    model->max_rows = max_rows;
    model->tensor_count = sw_model_layout(model->tensors, SW_TENSORS_MAX, config, shape, &model->parameter_count);
    model->general = config->kind == SW_MODEL_MLP ? &sw_mlp_path : &sw_transformer_path;
    if (sw_folded_path.applies(config, shape, max_rows)) model->special = &sw_folded_path;
}

static void carve(sw_model *model, sw_carver *carver) {
    model->parameters = sw_carve_reals(carver, model->parameter_count);
    model->gradient = sw_carve_reals(carver, model->parameter_count);
    model->general->carve(model->general_state, carver, model);
    if (model->special) model->special->carve(model->special_state, carver, model);
}

sw_status sw_model_create(sw_model **out, const sw_model_config *config, const sw_model_shape *shape, size_t max_rows) {
    assert(config->layers >= 1 && config->layers <= SW_LAYERS_MAX && max_rows > 0);
    *out = NULL;
    sw_arena *arena = NULL;
    sw_status status = sw_arena_create(&arena);
    if (status != SW_OK) return status;
    status = SW_E_MEMORY;
    sw_model *model = sw_arena_alloc(arena, 1, sizeof *model);
    if (!model) goto fail;
    describe(model, config, shape, max_rows);
    model->arena = arena;
    model->general_state = sw_arena_alloc(arena, 1, model->general->state_bytes);
    if (!model->general_state) goto fail;
    if (model->special && !(model->special_state = sw_arena_alloc(arena, 1, model->special->state_bytes))) goto fail;

    sw_carver carver = {NULL, 0};
    carve(model, &carver);
    carver.base = sw_arena_alloc(arena, carver.used, 1);
    if (!carver.base) goto fail;
    carver.used = 0;
    carve(model, &carver);
    *out = model;
    return SW_OK;

fail:
    sw_arena_destroy(arena);
    return sw_fail_in(status, "a model of %zu rows", max_rows);
}

void sw_model_destroy(sw_model *model) {
    if (model) sw_arena_destroy(model->arena);
}

void *sw_model_spare(const sw_model *model, size_t *bytes) {
    *bytes = 0;
    return model->general->spare ? model->general->spare(model->general_state, bytes) : NULL;
}

size_t sw_model_memory(const sw_model_config *config, const sw_model_shape *shape, size_t max_rows, size_t *spare) {
    sw_model model;
    describe(&model, config, shape, max_rows);
    _Alignas(max_align_t) unsigned char general[SW_PATH_STATE_MAX] = {0}, special[SW_PATH_STATE_MAX] = {0};
    assert(model.general->state_bytes <= sizeof general);
    assert(!model.special || model.special->state_bytes <= sizeof special);
    model.general_state = general;
    model.special_state = special;
    sw_carver carver = {NULL, 0};
    carve(&model, &carver);
    if (spare) (void)sw_model_spare(&model, spare);
    return sizeof model + carver.used;
}

double sw_model_flops(const sw_model_config *config, const sw_model_shape *shape, size_t rows) {
    sw_model model;
    describe(&model, config, shape, rows);
    const sw_model_path *path = model.special ? model.special : model.general;
    static const double costs[SW_ACTIVATION_COUNT] = {
#define ACTIVATION(ENUM, name, value, slope, cost, meaning) cost,
#include "symsweep/activations.def"
#undef ACTIVATION
    };
    const double width = sw_model_neurons(config);
    const double last = config->kind == SW_MODEL_MLP ? config->layers : 1; /* layers of one position an input */
    const double elements = (double)rows * width * (last + (config->layers - last) * shape->tokens);
    /* AdamW: about a dozen operations a parameter. */
    return path->flops(config, shape, rows) + costs[config->activation] * elements +
           12.0 * (double)model.parameter_count;
}

size_t sw_model_parameter_count(const sw_model *model) { return model->parameter_count; }

sw_real *sw_model_parameters(sw_model *model) { return model->parameters; }

sw_real *sw_model_gradient(sw_model *model) { return model->gradient; }

const sw_tensor *sw_model_tensors(const sw_model *model, size_t *count) {
    *count = model->tensor_count;
    return model->tensors;
}

const sw_tensor *sw_model_tensor(const sw_model *model, const char *name) {
    for (size_t i = 0; i < model->tensor_count; i++)
        if (strcmp(model->tensors[i].name, name) == 0) return &model->tensors[i];
    return NULL;
}

/* Initial values of vectors: gains 1, biases 0. */
static sw_real initial_value(const sw_tensor *tensor) {
    const char *name = strrchr(tensor->name, '.');
    return name && strcmp(name, ".gain") == 0 ? 1 : 0;
}

/* Standard deviation of a tensor's initial values. */
static double initial_deviation(const sw_model *model, const sw_tensor *tensor) {
    double d = model->config.d_model, scale = model->config.init_scale;
    if (tensor->rank == 1) return 0;
    switch (tensor->block) {
    case SW_BLOCK_EMBEDDING: return scale * (model->config.embedding_init_scale / sqrt(d));
    case SW_BLOCK_UNEMBEDDING: return scale * (1 / sqrt((double)model->shape.classes));
    case SW_BLOCK_MLP: return scale * (1 / sqrt(model->config.kind == SW_MODEL_MLP ? (double)tensor->shape[0] : d));
    default: return scale * (1 / sqrt(d));
    }
}

void sw_model_initialize(sw_model *model, uint32_t seed) {
    for (size_t i = 0; i < model->tensor_count; i++) {
        const sw_tensor *tensor = &model->tensors[i];
        sw_real *w = model->parameters + tensor->offset;
        size_t n = (size_t)(tensor->shape[0] * tensor->shape[1]);
        double deviation = initial_deviation(model, tensor);
        for (size_t j = 0; j < n; j += 4) {
            double normal[4];
            sw_random_normal4(normal, seed, SW_STREAM_INIT, (uint64_t)tensor->number, j / 4);
            for (size_t k = 0; k < 4 && j + k < n; k++)
                w[j + k] = deviation > 0 ? (sw_real)(deviation * normal[k]) : initial_value(tensor);
        }
    }
}

static bool takes_general(const sw_model *model, const int32_t *tokens, size_t rows) {
    if (model->force_general || !model->special) return true;
    return model->special->serves && !model->special->serves(model->special_state, tokens, rows);
}

static void forward(const sw_model *model, const int32_t *tokens, size_t rows, sw_real *logits, bool general,
                    bool keep) {
    const sw_model_path *path = general ? model->general : model->special;
    path->forward(general ? model->general_state : model->special_state, model, tokens, rows, logits, keep);
}

void sw_model_forward(sw_model *model, const int32_t *tokens, size_t rows, sw_real *logits) {
    assert(rows <= model->max_rows);
    model->last_was_general = takes_general(model, tokens, rows);
    forward(model, tokens, rows, logits, model->last_was_general, true);
}

void sw_model_evaluate(sw_model *model, const int32_t *tokens, size_t rows, sw_real *logits) {
    forward(model, tokens, rows, logits, takes_general(model, tokens, rows), false);
}

int32_t sw_model_neurons(const sw_model_config *config) {
    return config->kind == SW_MODEL_MLP ? config->d_hidden : config->d_mlp;
}

void sw_model_hidden(sw_model *model, const int32_t *tokens, size_t rows, sw_real *hidden) {
    model->general->hidden(model->general_state, model, tokens, rows, hidden);
}

void sw_model_backward(sw_model *model, const sw_real *dlogits) {
    if (model->last_was_general)
        model->general->backward(model->general_state, model, dlogits);
    else
        model->special->backward(model->special_state, model, dlogits);
}

void sw_model_drop(sw_model *model, uint32_t seed, int64_t step, const int32_t *input) {
    model->dropout = (sw_dropout){model->config.dropout, seed, step, model->config.dropout > 0 ? input : NULL};
}

void sw_model_hold_unembedding(sw_model *model, bool held) { model->unembedding_held = held; }

void sw_model_force_general(sw_model *model, bool general) { model->force_general = general; }
