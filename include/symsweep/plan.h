/* plan.h: a sweep expanded into runs with identities, costs and an order. */
#ifndef SYMSWEEP_PLAN_H
#define SYMSWEEP_PLAN_H

#include "symsweep/config.h"
#include "symsweep/record.h"

enum { SW_RUN_ID_LENGTH = 64 };

typedef struct sw_planned_run {
    char id[SW_RUN_ID_LENGTH + 1]; /* SHA-256 of the identity JSON, hex */
    char label[128];
    sw_run_config config;
    double flops;          /* floating point operations of training and measuring, estimated */
    double seconds;        /* flops / the reference rate of this build's estimate */
    size_t memory;         /* bytes a trainer needs, estimated */
} sw_planned_run;

typedef struct sw_plan {
    char *name, *output, *sweep_path;
    char *sweep_text; size_t sweep_length;
    size_t axis_count;
    sw_axis *axes;
    size_t count;
    sw_planned_run *runs;      /* in sweep order */
    sw_axis_value *axis_values;/* [count, axis_count] */
    size_t *order;             /* [count]: longest expected first, ties in sweep order */
} sw_plan;

/* Expands; two runs of the same identity are a diagnostic and SW_E_CONFIG. */
sw_status sw_plan_create(sw_plan **out, const sw_sweep *sweep, sw_diagnostics *diagnostics) SW_MUST_CHECK;
void sw_plan_destroy(sw_plan *plan);

/* Keeps the runs k with k % parts == part (by sweep order); part 0..parts-1 (--shard I/N: part I - 1). */
sw_status sw_plan_shard(sw_plan *plan, size_t part, size_t parts) SW_MUST_CHECK;

/* The identity of one configuration. */
sw_status sw_run_identity(char id[SW_RUN_ID_LENGTH + 1], const sw_run_config *config) SW_MUST_CHECK;

/* Predicted seconds until the last run ends when `workers` take runs in plan order. */
double sw_plan_makespan(const sw_plan *plan, size_t workers);

#endif
