/* prior.h: what a prior is to the objective: a row of priors.def and `const sw_prior sw_prior_<name>` in
 * src/train/priors/. */
#pragma once

#include "symsweep/arena.h"
#include "symsweep/nn.h"
#include "train/rows.h"

/* A prior of one run. The objective sets the first four; the arena outlives it. */
typedef struct sw_prior_term {
    const sw_run_config *run;
    const sw_prior_config *config; /* its own part of the run's */
    const sw_task *task;
    sw_arena *arena;
    void *work;        /* whatever it keeps */
    size_t pair_count; /* of the last step; 0: it draws none */
    sw_lipschitz_pair *pairs;
    int32_t *pair_inputs; /* [pair_count, 2] table indices */
} sw_prior_term;

/* What a step has computed: E [V, d] and logits [rows, C], and where their gradients accumulate. */
typedef struct sw_prior_step {
    int64_t t;
    const sw_real *E, *logits;
    sw_real *dE, *dlogits;
} sw_prior_step;

typedef struct sw_prior {
    sw_status (*create)(sw_prior_term *term); /* NULL: it keeps nothing */
    void (*destroy)(sw_prior_term *term);     /* what the arena does not own; also after create has failed */
    /* Does it draw by the model's parameters? NULL = no. */
    bool (*needs_model)(const sw_prior_config *config);
    /* Adds the inputs of step t to the rows, as many as priors.def says at most; E is NULL unless it needs the model.
     * NULL: it draws none. */
    void (*draw)(sw_prior_term *term, sw_rows *rows, const sw_real *E, int64_t t);
    /* *value is assigned the prior; config->weight times its gradient is added. */
    sw_status (*add)(double *value, sw_prior_term *term, const sw_prior_step *step);
    /* What it carries from step to step, for checkpoints: flat memory that it owns. NULL = nothing. */
    void *(*state)(sw_prior_term *term, size_t *bytes);
} sw_prior;

#define PRIOR(ENUM, name, meaning) extern const sw_prior sw_prior_##name;
#include "symsweep/priors.def"
#undef PRIOR
