/* optimizer.h: what the files of the optimizers share.
 *
 * A method is one file and one row of the table in optimizer.c. Everything in front of it (clipping and filters of
 * the gradient) is the same for all of them. */
#ifndef SW_NN_OPTIMIZER_H
#define SW_NN_OPTIMIZER_H

#include "symsweep/arena.h"
#include "symsweep/nn.h"

typedef struct sw_optimizer_method sw_optimizer_method;

struct sw_optimizer {
    sw_optimizer_config config;
    int64_t total_steps;
    const sw_optimizer_method *method;
    sw_tensor *tensors; /* [tensor_count] */
    size_t tensor_count;
    size_t parameters; /* P */
    /* One flat array [state_count] of P-long pieces: */
    sw_real *state;
    size_t state_count;
    sw_real *first;   /* [P] mean of the gradient (AdamW), momentum (SGD, Muon) */
    sw_real *second;  /* [P] mean of the squared gradient (AdamW); NULL for SGD */
    sw_real *slow;    /* [P] GrokFast's average; NULL without the filter */
    sw_real *scratch; /* Muon: matrices of the largest tensor; NULL elsewhere */
    sw_arena *arena;  /* owns all of the above */
};

struct sw_optimizer_method {
    size_t pieces; /* of state, each P long: first, second */
    /* Scalars of scratch that the tensors need; NULL = none. */
    size_t (*scratch)(const sw_tensor *tensors, size_t count);
    /* The update of step t with decoupled decay; `gradient` may be overwritten. */
    void (*update)(sw_optimizer *optimizer, int64_t t, sw_real *parameters, sw_real *gradient);
};

extern const sw_optimizer_method sw_method_adamw, sw_method_sgd, sw_method_muon;

/* AdamW's update of n scalars that start at `offset`. */
void sw_adamw_range(sw_optimizer *optimizer, int64_t t, sw_real *parameters, const sw_real *gradient, size_t offset,
                    size_t n);

/* The share of a learning rate that applies at step t: warm-up and schedule, in 0..1. */
double sw_schedule_factor(const sw_optimizer_config *config, int64_t total_steps, int64_t t);

/* ---- filters of the gradient, in the order in which they are applied (optimizer_filter.c) ---- */

/* g <- g min(1, largest / (|g| + 1e-6)), the norm over the whole gradient. */
void sw_clip_gradient(sw_real *g, size_t n, double largest);
/* slow <- alpha slow + (1 - alpha) g (slow <- g in the first step); g <- g + lambda slow. Lee et al. 2024. */
void sw_grokfast_filter(sw_real *g, sw_real *slow, size_t n, double alpha, double lambda, bool first);
/* One tensor: takes the component along w out of g and restores the norm of g. Prieto et al. 2025. */
void sw_orthogonalize_gradient(sw_real *g, const sw_real *w, size_t n);

#endif
