/* probe.c: a copy of the model, and the gradient of the train loss on it. */
#include "measure/probe.h"

#include "measure/instrument.h"

#include <assert.h>
#include <string.h>

enum { ROWS = 1024, FEW_ROWS = 128 };

/* At a time. A transformer of several layers keeps much of a row: it gets few, unless measures take gradients by the
 * hundred, which are dearer in small batches. */
static size_t rows_of(const sw_run_config *config, const sw_task *task) {
    const bool deep = config->model.kind == SW_MODEL_TRANSFORMER && config->model.layers > 1;
    const bool often = config->measure.llc_every > 0 || config->measure.sharpness_every > 0;
    const size_t rows = deep && !often ? FEW_ROWS : ROWS;
    return task->inputs < rows ? task->inputs : rows;
}

sw_status sw_probe_create(sw_probe *out, const sw_run_config *config, const sw_task *task, const int8_t *split,
                          sw_arena *arena) {
    const size_t rows = rows_of(config, task), classes = (size_t)task->classes;
    *out = (sw_probe){.task = task, .loss = (sw_loss_kind)config->loss, .rows = rows};
    out->member = sw_arena_alloc(arena, task->inputs, sizeof *out->member);
    out->tokens = sw_arena_alloc(arena, rows * (size_t)task->tokens, sizeof *out->tokens);
    out->label = sw_arena_alloc(arena, rows, sizeof *out->label);
    out->logits = sw_arena_alloc(arena, rows * classes, sizeof *out->logits);
    out->dlogits = sw_arena_alloc(arena, rows * classes, sizeof *out->dlogits);
    if (!out->member || !out->tokens || !out->label || !out->logits || !out->dlogits) return SW_E_MEMORY;
    sw_probe_divide(out, split);
    const sw_model_shape shape = sw_instrument_model_shape(task);
    return sw_model_create(&out->model, &config->model, &shape, rows);
}

void sw_probe_divide(sw_probe *probe, const int8_t *split) {
    probe->train = 0;
    for (size_t i = 0; i < probe->task->inputs; i++)
        if (split[i] == SW_SPLIT_TRAIN) probe->member[probe->train++] = (int32_t)i;
}

void sw_probe_destroy(sw_probe *probe) { sw_model_destroy(probe->model); }

size_t sw_probe_model_bytes(const sw_run_config *config, const sw_task *shape) {
    const sw_model_shape of = sw_instrument_model_shape(shape);
    return sw_model_memory(&config->model, &of, rows_of(config, shape), NULL);
}

double sw_probe_memory(const sw_run_config *config, const sw_task *shape) {
    const size_t rows = rows_of(config, shape), integers = shape->inputs + rows * ((size_t)shape->tokens + 1);
    const size_t reals = 2 * rows * (size_t)shape->classes;
    return (double)(integers * sizeof(int32_t) + reals * sizeof(sw_real)) + (double)sw_probe_model_bytes(config, shape);
}

void sw_probe_load(sw_probe *probe, const sw_real *parameters) {
    memcpy(sw_model_parameters(probe->model), parameters, sw_model_parameter_count(probe->model) * sizeof(sw_real));
}

void sw_probe_clear(sw_probe *probe) {
    memset(sw_model_gradient(probe->model), 0, sw_model_parameter_count(probe->model) * sizeof(sw_real));
}

void sw_probe_forward(sw_probe *probe, const int32_t *input, size_t count, sw_real *logits) {
    const size_t tokens = (size_t)probe->task->tokens;
    assert(count <= probe->rows);
    for (size_t i = 0; i < count; i++)
        memcpy(probe->tokens + i * tokens, probe->task->input + (size_t)input[i] * tokens,
               tokens * sizeof *probe->tokens);
    sw_model_forward(probe->model, probe->tokens, count, logits);
}

double sw_probe_train_loss(sw_probe *probe) {
    const sw_task *task = probe->task;
    const size_t classes = (size_t)task->classes;
    double sum = 0;
    sw_probe_clear(probe);
    for (size_t from = 0; from < probe->train; from += probe->rows) {
        const size_t left = probe->train - from, count = left < probe->rows ? left : probe->rows;
        const double share = (double)count / (double)probe->train;
        sw_probe_forward(probe, probe->member + from, count, probe->logits);
        for (size_t i = 0; i < count; i++) probe->label[i] = task->label[probe->member[from + i]];
        memset(probe->dlogits, 0, count * classes * sizeof *probe->dlogits);
        sum += share * sw_loss(probe->loss, probe->logits, task->classes, NULL, probe->label, count, probe->dlogits);
        for (size_t k = 0; k < count * classes; k++) probe->dlogits[k] *= (sw_real)share;
        sw_model_backward(probe->model, probe->dlogits);
    }
    return sum;
}
