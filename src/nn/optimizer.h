/* optimizer.h: what optimizer.c and the methods in optimizers/ share.
 *
 * A method is a row of optimizers.def and a file optimizers/<name>.c. Everything in front of it (clipping and filters
 * of the gradient) is the same for all of them. */
#pragma once

#include "symsweep/arena.h"
#include "symsweep/nn.h"

typedef struct sw_optimizer_method sw_optimizer_method;

/* Parameters one after the other that all decay, or none of them. */
typedef struct sw_optimizer_span {
    size_t offset, count;
    bool decays;
} sw_optimizer_span;

struct sw_optimizer {
    sw_optimizer_config config;
    int64_t total_steps;
    const sw_optimizer_method *method;
    sw_tensor *tensors; /* [tensor_count] */
    size_t tensor_count;
    size_t parameters;        /* P */
    sw_optimizer_span *spans; /* [span_count] all parameters in order; one, where decay is on all */
    size_t span_count;
    /* One flat array [state_count]: the method's pieces [P], as many as it has rows STATE, and the filter's. */
    sw_real *state;
    size_t state_count;
    sw_real *first, *second; /* [P] the first two pieces; NULL beyond those there are */
    sw_real *slow;           /* [P] GrokFast's average; NULL without the filter */
    sw_real *scratch;        /* what the method asked for; NULL elsewhere */
    bool *frozen, freezes;   /* [tensor_count] which do not move; freezes: one of them */
    sw_real *kept;           /* [P] parameters, and the state, of frozen tensors during an update; NULL = none yet */
    sw_arena *arena;         /* owns all of the above */
};

struct sw_optimizer_method {
    /* Scalars of scratch that the tensors need; NULL = none. */
    size_t (*scratch)(const sw_tensor *tensors, size_t count);
    /* The update of step t with its decay, decoupled or not, which the spans tell; `schedule` is the share of a
     * learning rate that applies then, in 0..1. `gradient` may be overwritten. */
    void (*update)(sw_optimizer *optimizer, int64_t t, double schedule, sw_real *parameters, sw_real *gradient);
};

#define OPTIMIZER(ENUM, name, meaning) extern const sw_optimizer_method sw_optimizer_##name;
#include "symsweep/optimizers.def"
#undef OPTIMIZER

/* Does a tensor decay? With optimizer.decay matrices, those of layers and the unembedding. */
static inline bool sw_optimizer_decays(const sw_optimizer_config *config, const sw_tensor *tensor) {
    const bool matrix = tensor->rank == 2 && tensor->block != SW_BLOCK_EMBEDDING && tensor->block != SW_BLOCK_POSITION;
    return config->decay == SW_DECAY_ALL || matrix;
}

/* The weight decay of a span. */
static inline double sw_optimizer_decay(const sw_optimizer *optimizer, const sw_optimizer_span *span) {
    return span->decays ? optimizer->config.weight_decay : 0;
}

static inline size_t sw_optimizer_elements(const sw_tensor *tensor) {
    return (size_t)tensor->shape[0] * (size_t)tensor->shape[1];
}
