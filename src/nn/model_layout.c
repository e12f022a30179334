/* model_layout.c: which tensors a model has, in file order, and where they lie. */
#include "nn/internal.h"

#include <assert.h>
#include <stdio.h>

typedef struct layout {
    sw_tensor *out; /* NULL = count only */
    size_t capacity, count, offset;
} layout;

/* columns 0 = a vector */
static void add(layout *to, sw_block block, int64_t rows, int64_t columns, const char *name)
{
    if (to->out && to->count < to->capacity) {
        sw_tensor *tensor = &to->out[to->count];
        snprintf(tensor->name, sizeof tensor->name, "%s", name);
        tensor->offset = to->offset;
        tensor->rank = columns ? 2 : 1;
        tensor->shape[0] = rows;
        tensor->shape[1] = columns ? columns : 1;
        tensor->block = block;
    }
    to->count++;
    to->offset += (size_t)rows * (size_t)(columns ? columns : 1);
}

static void add_layer(layout *to, sw_block block, int64_t rows, int64_t columns, int layer, const char *name)
{
    char full[48];
    snprintf(full, sizeof full, "layers.%d.%s", layer, name);
    add(to, block, rows, columns, full);
}

static void add_transformer(layout *to, const sw_model_config *config, const sw_model_shape *shape)
{
    int64_t d = config->d_model, a = (int64_t)config->heads * config->d_head, m = config->d_mlp;
    add(to, SW_BLOCK_EMBEDDING, shape->vocabulary, d, "token_embedding");
    add(to, SW_BLOCK_POSITION, shape->tokens, d, "position_embedding");
    for (int i = 0; i < config->layers; i++) {
        add_layer(to, SW_BLOCK_ATTENTION, d, a, i, "attention.query");
        add_layer(to, SW_BLOCK_ATTENTION, d, a, i, "attention.key");
        add_layer(to, SW_BLOCK_ATTENTION, d, a, i, "attention.value");
        add_layer(to, SW_BLOCK_ATTENTION, a, d, i, "attention.output");
        add_layer(to, SW_BLOCK_MLP, d, m, i, "mlp.in");
        add_layer(to, SW_BLOCK_MLP, m, 0, i, "mlp.in_bias");
        add_layer(to, SW_BLOCK_MLP, m, d, i, "mlp.out");
        add_layer(to, SW_BLOCK_MLP, d, 0, i, "mlp.out_bias");
    }
    add(to, SW_BLOCK_UNEMBEDDING, d, shape->classes, "unembedding");
}

static void add_mlp(layout *to, const sw_model_config *config, const sw_model_shape *shape)
{
    int64_t in = (int64_t)shape->tokens * config->d_model, hidden = config->d_hidden;
    add(to, SW_BLOCK_EMBEDDING, shape->vocabulary, config->d_model, "token_embedding");
    for (int i = 0; i < config->layers; i++) {
        add_layer(to, SW_BLOCK_MLP, in, hidden, i, "weight");
        add_layer(to, SW_BLOCK_MLP, hidden, 0, i, "bias");
        in = hidden;
    }
    add(to, SW_BLOCK_UNEMBEDDING, hidden, shape->classes, "unembedding");
}

size_t sw_model_layout(sw_tensor *out, size_t capacity, const sw_model_config *config, const sw_model_shape *shape,
                       size_t *parameters)
{
    layout to = {out, capacity, 0, 0};
    if (config->kind == SW_MODEL_MLP)
        add_mlp(&to, config, shape);
    else
        add_transformer(&to, config, shape);
    if (parameters) *parameters = to.offset;
    return to.count;
}

void sw_transformer_view(sw_transformer_tensors *out, const sw_model *model, sw_real *base)
{
    const sw_tensor *tensor = model->tensors;
    assert(model->tensor_count == 3 + 8 * (size_t)model->config.layers);
    out->token = base + tensor++->offset;
    out->position = base + tensor++->offset;
    for (int i = 0; i < model->config.layers; i++) {
        sw_transformer_layer *layer = &out->layer[i];
        sw_real **member[8] = {&layer->query, &layer->key,     &layer->value, &layer->output,
                               &layer->in,    &layer->in_bias, &layer->out,   &layer->out_bias};
        for (int j = 0; j < 8; j++) *member[j] = base + tensor++->offset;
    }
    out->unembedding = base + tensor->offset;
}

void sw_mlp_view(sw_mlp_tensors *out, const sw_model *model, sw_real *base)
{
    const sw_tensor *tensor = model->tensors;
    assert(model->tensor_count == 2 + 2 * (size_t)model->config.layers);
    out->token = base + tensor++->offset;
    for (int i = 0; i < model->config.layers; i++) {
        out->weight[i] = base + tensor++->offset;
        out->bias[i] = base + tensor++->offset;
    }
    out->unembedding = base + tensor->offset;
}
