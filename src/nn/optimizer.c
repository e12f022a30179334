/* optimizer.c: from a gradient to a step: clip, GrokFast, OrthoGrad, then the method's update. */
#include "nn/optimizer.h"
#include "nn/kernels.h"
#include "symsweep/changes.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <string.h>

static const sw_optimizer_method *const methods[SW_OPTIMIZER_COUNT] = {
#define OPTIMIZER(ENUM, name, meaning) [SW_OPTIMIZER_##ENUM] = &sw_optimizer_##name,
#include "symsweep/optimizers.def"
#undef OPTIMIZER
};

/* The share of a learning rate that applies at step t: warm-up and schedule, in 0..1. */
static double schedule_factor(const sw_optimizer_config *config, int64_t total_steps, int64_t t) {
    const double pi = 3.14159265358979323846;
    int64_t warmup = config->warmup_steps;
    if (t < warmup) return (double)t / (double)warmup;
    if (config->schedule == SW_SCHEDULE_CONSTANT || t <= warmup) return 1;
    /* From 1 at the end of warm-up to final_share at the last step. */
    double progress = t >= total_steps ? 1 : (double)(t - warmup) / (double)(total_steps - warmup);
    double left = config->schedule == SW_SCHEDULE_LINEAR ? 1 - progress : 0.5 * (1 + cos(pi * progress));
    return config->final_share + (1 - config->final_share) * left;
}

double sw_optimizer_learning_rate(const sw_optimizer_config *config, int64_t total_steps, int64_t t) {
    return config->learning_rate * schedule_factor(config, total_steps, t);
}

size_t sw_optimizer_state_length(const sw_optimizer_config *config, size_t parameters) {
    return parameters * ((size_t)sw_optimizer_pieces[config->kind] + (config->grokfast_lambda != 0));
}

static void find_spans(sw_optimizer *optimizer) {
    for (size_t i = 0; i < optimizer->tensor_count; i++) {
        const sw_tensor *tensor = &optimizer->tensors[i];
        const bool decays = sw_optimizer_decays(&optimizer->config, tensor);
        sw_optimizer_span *last = optimizer->spans + optimizer->span_count;
        if (optimizer->span_count == 0 || last[-1].decays != decays) {
            *last = (sw_optimizer_span){.offset = tensor->offset, .decays = decays};
            optimizer->span_count++;
        }
        last = &optimizer->spans[optimizer->span_count - 1];
        last->count = tensor->offset + sw_optimizer_elements(tensor) - last->offset;
    }
}

static sw_status allocate(sw_optimizer *optimizer) {
    size_t n = optimizer->parameters, pieces = (size_t)sw_optimizer_pieces[optimizer->config.kind];
    bool filtered = optimizer->config.grokfast_lambda != 0;
    optimizer->state_count = sw_optimizer_state_length(&optimizer->config, n);
    optimizer->state = sw_arena_alloc(optimizer->arena, optimizer->state_count, sizeof(sw_real));
    optimizer->spans = sw_arena_alloc(optimizer->arena, optimizer->tensor_count, sizeof *optimizer->spans);
    if (!optimizer->state || !optimizer->spans) return SW_E_MEMORY;
    find_spans(optimizer);
    optimizer->first = pieces > 0 ? optimizer->state : NULL;
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
                              const sw_tensor *tensors, size_t tensor_count, size_t parameters) {
    assert(config->kind >= 0 && config->kind < SW_OPTIMIZER_COUNT);
    *out = NULL;
    sw_arena *arena = NULL;
    sw_status status = sw_arena_create(&arena);
    if (status != SW_OK) return status;
    sw_optimizer *optimizer = sw_arena_alloc(arena, 1, sizeof *optimizer);
    sw_tensor *copy = sw_arena_alloc(arena, tensor_count, sizeof *copy);
    bool *frozen = sw_arena_alloc(arena, tensor_count, sizeof *frozen);
    status = optimizer && copy && frozen ? SW_OK : SW_E_MEMORY;
    if (status == SW_OK) {
        memcpy(copy, tensors, tensor_count * sizeof *copy);
        *optimizer = (sw_optimizer){
            .config = *config,
            .total_steps = total_steps,
            .method = methods[config->kind],
            .tensors = copy,
            .tensor_count = tensor_count,
            .frozen = frozen,
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

void sw_optimizer_destroy(sw_optimizer *optimizer) {
    if (optimizer) sw_arena_destroy(optimizer->arena);
}

/* ---- what changes ---- */

sw_status sw_optimizer_change(sw_optimizer *optimizer, const sw_optimizer_config *now, const char *frozen) {
    optimizer->config = *now;
    optimizer->freezes = false;
    for (size_t i = 0; i < optimizer->tensor_count; i++) {
        optimizer->frozen[i] = sw_changes_names_tensor(frozen, optimizer->tensors[i].name);
        optimizer->freezes = optimizer->freezes || optimizer->frozen[i];
    }
    if (!optimizer->freezes || optimizer->kept) return SW_OK;
    optimizer->kept =
        sw_arena_alloc(optimizer->arena, optimizer->parameters + optimizer->state_count, sizeof *optimizer->kept);
    return optimizer->kept ? SW_OK : SW_E_MEMORY;
}

/* Parameters and state of frozen tensors go to `kept`, or come back from it. */
static void copy_frozen(sw_optimizer *optimizer, sw_real *parameters, bool back) {
    const size_t n = optimizer->parameters, arrays = 1 + optimizer->state_count / n;
    for (size_t i = 0; i < optimizer->tensor_count; i++) {
        const sw_tensor *tensor = &optimizer->tensors[i];
        for (size_t a = 0; a < arrays && optimizer->frozen[i]; a++) {
            sw_real *own = (a > 0 ? optimizer->state + (a - 1) * n : parameters) + tensor->offset;
            sw_real *kept = optimizer->kept + a * n + tensor->offset;
            memcpy(back ? own : kept, back ? kept : own, sw_optimizer_elements(tensor) * sizeof *own);
        }
    }
}

/* What does not move has no gradient: clipping is that of the rest. */
static void clear_frozen(const sw_optimizer *optimizer, sw_real *gradient) {
    for (size_t i = 0; i < optimizer->tensor_count; i++)
        if (optimizer->frozen[i])
            memset(gradient + optimizer->tensors[i].offset, 0,
                   sw_optimizer_elements(&optimizer->tensors[i]) * sizeof *gradient);
}

/* ---- filters of the gradient, in the order in which they are applied; sums in double ---- */

/* g <- g min(1, largest / (|g| + 1e-6)), the norm over the whole gradient. */
static void clip(sw_real *g, size_t n, double largest) {
    double factor = largest / (sw_blas_norm(g, n) + 1e-6);
    if (!(factor >= 1)) /* a NaN goes on into the gradient */
        sw_kernel->scale(g, n, (sw_real)factor);
}

/* slow <- alpha slow + (1 - alpha) g (slow <- g in the first step); g <- g + lambda slow. Lee et al. 2024. */
static void grokfast(sw_real *g, sw_real *slow, size_t n, double alpha, double lambda, bool first) {
    double rest = first ? 1 : 1 - alpha; /* slow is 0 then */
    sw_kernel->average(g, slow, n, (sw_real)alpha, (sw_real)rest, (sw_real)lambda);
}

/* One tensor: takes the component along w out of g and restores the norm of g. Prieto et al. 2025. */
static void orthogonalize(sw_real *g, const sw_real *w, size_t n) {
    double length = sw_kernel->dot_double(w, w, n), before = sqrt(sw_kernel->dot_double(g, g, n));
    if (length == 0) return;
    sw_kernel->subtract(g, w, n, sw_kernel->dot_double(w, g, n) / length);
    double after = sqrt(sw_kernel->dot_double(g, g, n));
    /* A gradient along the weights leaves nothing but rounding errors, which must not be blown up to its norm. */
    const double rounding = sizeof(sw_real) == sizeof(float) ? 4 * FLT_EPSILON : 4 * DBL_EPSILON;
    sw_kernel->scale(g, n, (sw_real)(after <= rounding * before ? 0 : before / after));
}

void sw_optimizer_step(sw_optimizer *optimizer, int64_t t, sw_real *parameters, sw_real *gradient) {
    const sw_optimizer_config *config = &optimizer->config;
    const bool first = t == config->grokfast_from + 1; /* of the filter's average */
    if (optimizer->slow && first) memset(optimizer->slow, 0, optimizer->parameters * sizeof *optimizer->slow);
    if (optimizer->freezes) clear_frozen(optimizer, gradient);
    if (optimizer->freezes) copy_frozen(optimizer, parameters, false);
    if (config->gradient_clip > 0) clip(gradient, optimizer->parameters, config->gradient_clip);
    if (optimizer->slow && config->grokfast_lambda != 0)
        grokfast(gradient, optimizer->slow, optimizer->parameters, config->grokfast_alpha, config->grokfast_lambda,
                 first);
    if (config->orthograd)
        for (size_t i = 0; i < optimizer->tensor_count; i++) {
            const sw_tensor *tensor = &optimizer->tensors[i];
            orthogonalize(gradient + tensor->offset, parameters + tensor->offset, sw_optimizer_elements(tensor));
        }
    double schedule = schedule_factor(config, optimizer->total_steps, t);
    optimizer->method->update(optimizer, t, schedule, parameters, gradient);
    if (optimizer->freezes) copy_frozen(optimizer, parameters, true);
}

sw_real *sw_optimizer_state(sw_optimizer *optimizer, size_t *count) {
    *count = optimizer->state_count;
    return optimizer->state;
}
