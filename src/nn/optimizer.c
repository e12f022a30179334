/* optimizer.c: from a gradient to a step: clip, GrokFast, OrthoGrad, then the method's update. */
#include "nn/optimizer.h"

#include <assert.h>
#include <math.h>
#include <string.h>

static const sw_optimizer_method *const methods[] = {
    [SW_OPTIMIZER_ADAMW] = &sw_method_adamw,
    [SW_OPTIMIZER_SGD] = &sw_method_sgd,
    [SW_OPTIMIZER_MUON] = &sw_method_muon,
};

double sw_schedule_factor(const sw_optimizer_config *config, int64_t total_steps, int64_t t)
{
    const double pi = 3.14159265358979323846;
    int64_t warmup = config->warmup_steps;
    if (t < warmup) return (double)t / (double)warmup;
    if (config->schedule == SW_SCHEDULE_CONSTANT || t <= warmup) return 1;
    /* From 1 at the end of warm-up to 0 at the last step. */
    double progress = t >= total_steps ? 1 : (double)(t - warmup) / (double)(total_steps - warmup);
    return 0.5 * (1 + cos(pi * progress));
}

double sw_optimizer_learning_rate(const sw_optimizer_config *config, int64_t total_steps, int64_t t)
{
    return config->learning_rate * sw_schedule_factor(config, total_steps, t);
}

static sw_status allocate(sw_optimizer *optimizer)
{
    size_t n = optimizer->parameters, pieces = optimizer->method->pieces;
    bool filtered = optimizer->config.grokfast_lambda != 0;
    optimizer->state_count = n * (pieces + (filtered ? 1 : 0));
    optimizer->state = sw_arena_alloc(optimizer->arena, optimizer->state_count, sizeof(sw_real));
    if (!optimizer->state) return SW_E_MEMORY;
    optimizer->first = optimizer->state;
    optimizer->second = pieces > 1 ? optimizer->state + n : NULL;
    optimizer->slow = filtered ? optimizer->state + n * pieces : NULL;
    if (optimizer->method->scratch) {
        size_t scratch = optimizer->method->scratch(optimizer->tensors, optimizer->tensor_count);
        optimizer->scratch = sw_arena_alloc(optimizer->arena, scratch, sizeof(sw_real));
        if (!optimizer->scratch) return SW_E_MEMORY;
    }
    return SW_OK;
}

sw_status sw_optimizer_create(sw_optimizer **out, const sw_optimizer_config *config, int64_t total_steps,
                              const sw_tensor *tensors, size_t tensor_count, size_t parameters)
{
    assert(config->kind >= 0 && (size_t)config->kind < sizeof methods / sizeof methods[0]);
    *out = NULL;
    sw_arena *arena = NULL;
    sw_status status = sw_arena_create(&arena);
    if (status != SW_OK) return status;
    sw_optimizer *optimizer = sw_arena_alloc(arena, 1, sizeof *optimizer);
    sw_tensor *copy = sw_arena_alloc(arena, tensor_count, sizeof *copy);
    status = optimizer && copy ? SW_OK : SW_E_MEMORY;
    if (status == SW_OK) {
        memcpy(copy, tensors, tensor_count * sizeof *copy);
        *optimizer = (sw_optimizer){
            .config = *config,
            .total_steps = total_steps,
            .method = methods[config->kind],
            .tensors = copy,
            .tensor_count = tensor_count,
            .parameters = parameters,
            .arena = arena,
        };
        status = allocate(optimizer);
    }
    if (status != SW_OK)
        sw_arena_destroy(arena);
    else
        *out = optimizer;
    return status;
}

void sw_optimizer_destroy(sw_optimizer *optimizer)
{
    if (optimizer) sw_arena_destroy(optimizer->arena);
}

void sw_optimizer_step(sw_optimizer *optimizer, int64_t t, sw_real *parameters, sw_real *gradient)
{
    const sw_optimizer_config *config = &optimizer->config;
    if (config->gradient_clip > 0) sw_clip_gradient(gradient, optimizer->parameters, config->gradient_clip);
    if (optimizer->slow)
        sw_grokfast_filter(gradient, optimizer->slow, optimizer->parameters, config->grokfast_alpha,
                           config->grokfast_lambda, t == 1);
    if (config->orthograd)
        for (size_t i = 0; i < optimizer->tensor_count; i++) {
            const sw_tensor *tensor = &optimizer->tensors[i];
            size_t n = (size_t)tensor->shape[0] * (size_t)(tensor->rank == 2 ? tensor->shape[1] : 1);
            sw_orthogonalize_gradient(gradient + tensor->offset, parameters + tensor->offset, n);
        }
    optimizer->method->update(optimizer, t, parameters, gradient);
}

sw_real *sw_optimizer_state(sw_optimizer *optimizer, size_t *count)
{
    *count = optimizer->state_count;
    return optimizer->state;
}
