/* checks.h: what is wrong with a run that only tasks and families know. */
#pragma once

#include "plan/check_tuples.h"
#include "plan/cost.h"

/* Runs whose train set is smaller than their batch. */
typedef struct sw_short_sets {
    size_t runs;
    uint64_t first;     /* of these runs */
    int64_t batch;      /* of that one */
    size_t least, most; /* train inputs */
} sw_short_sets;

enum { SW_CHECKS_TASKS = 32 };

/* What is asked of a task again and again. */
typedef struct sw_checked_task {
    sw_task_config config;
    size_t inputs;    /* 0 = nothing is known */
    bool named_alike; /* its classes are its entities */
    bool applies[SW_FAMILY_COUNT];
} sw_checked_task;

/* The start that was read last. */
typedef struct sw_checked_start {
    sw_start_config start; /* with its digest; file "" = nothing was read */
    sw_task_config task;
    sw_model_config model;
} sw_checked_start;

typedef struct sw_checks {
    const sw_sweep *sweep;
    sw_diagnostics *diagnostics;
    sw_cost_cache *costs;
    sw_tuple_check tuples;
    sw_checked_task task[SW_CHECKS_TASKS]; /* the last ones */
    size_t next;                           /* place of the next one */
    bool applies[SW_FAMILY_COUNT];         /* the family applies to some run seen so far */
    bool refused[SW_FAMILY_COUNT];         /* a weight of it was reported already */
    bool warned[SW_FAMILY_COUNT];          /* one run stands for all that weight it */
    bool suppressed[SW_FAMILY_COUNT];      /* ... negatively */
    bool summed;                           /* one run stands for all that sum operands of which the order matters */
    sw_short_sets short_sets;
    sw_checked_start start;
    uint8_t noted[32]; /* digest of the edge list whose peculiarities were told last */
    int32_t noted_component;
} sw_checks;

/* Errors and warnings of run k, and what it costs; fills the digest of what it starts from (model.start). SW_E_CONFIG:
 * its task cannot be built (reported). */
sw_status sw_checks_run(sw_run_cost *cost, sw_checks *checks, uint64_t k, sw_run_config *config) SW_MUST_CHECK;

/* After all runs: keys of families that apply to none of them. */
void sw_checks_end(const sw_checks *checks);
