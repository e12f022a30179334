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
    double flops;           /* floating point operations of training and measuring, estimated */
    double seconds;         /* estimated: flops / SW_REFERENCE_FLOPS until the plan is calibrated */
    size_t memory;          /* bytes a trainer needs, estimated */
    sw_lattice_place place; /* with refine */
} sw_planned_run;

typedef struct sw_plan {
    char *name, *output, *sweep_path;
    char *sweep_text;
    size_t sweep_length;
    size_t axis_count;
    sw_axis *axes;
    size_t count;
    sw_planned_run *runs;       /* in sweep order */
    sw_axis_value *axis_values; /* [count, axis_count] */
    size_t *order;              /* [count]: longest expected first, ties in sweep order */
    sw_adaptive_config adaptive;
    size_t planes, lattice[2], seeds; /* with refine: run (plane, index, seed) of every place is in the plan */
} sw_plan;

/* Floating point operations a second that estimates count with until a machine is measured. Only sums and orders of
 * runs depend on it. */
#define SW_REFERENCE_FLOPS 4e10

/* Expands. A task that cannot be built, a weight on a family that is not defined on the task, a batch larger than the
 * train set, two runs of the same identity are diagnostics and SW_E_CONFIG; controls and label leaks are warnings. */
sw_status sw_plan_create(sw_plan **out, const sw_sweep *sweep, sw_diagnostics *diagnostics) SW_MUST_CHECK;
/* sw_sweep_load and sw_plan_create in one, with the errors of both at once. */
sw_status sw_plan_load(sw_plan **out, const char *path, sw_diagnostics *diagnostics) SW_MUST_CHECK;
void sw_plan_destroy(sw_plan *plan);

/* Keeps the runs k with k % parts == part (by sweep order); part 0..parts-1 (--shard I/N: part I - 1). SW_E_USAGE for a
 * sweep that refines or halves: which runs go on is decided from the results of all. */
sw_status sw_plan_shard(sw_plan *plan, size_t part, size_t parts) SW_MUST_CHECK;

/* The identity of one configuration. */
sw_status sw_run_identity(char id[SW_RUN_ID_LENGTH + 1], const sw_run_config *config) SW_MUST_CHECK;

/* What a run costs, from its configuration alone. */
typedef struct sw_run_cost {
    double step_flops;     /* one training step */
    double evaluate_flops; /* one evaluation */
    double flops;          /* the whole run, early stop not foreseen */
    double seconds;
    size_t memory; /* bytes a trainer needs */
    size_t parameters;
    double file_bytes; /* its rows in the results file, uncompressed */
} sw_run_cost;
sw_status sw_run_cost_estimate(sw_run_cost *out, const sw_run_config *config) SW_MUST_CHECK;

/* Processor seconds of a run's parts on this machine, spending about `budget` seconds on it (sw_pace_measure). */
typedef sw_status (*sw_pace_function)(sw_pace *out, const sw_run_config *config, double budget);

typedef struct sw_plan_speed {
    double flops;          /* estimated operations a second of processor time, over the runs that were measured */
    double measured_share; /* part of the plan's operations that belongs to kinds of runs that were measured */
} sw_plan_speed;

/* How many cores this process may use, at least 1. */
size_t sw_cores(void);

/* Times of the runs from measurements on this machine, while `busy` of its cores (this one among them) do the same
 * work: the few kinds of runs that cost most are measured, the others get the speed of those. Kinds too large for a
 * quick try are not measured; when that is all of them, measured_share is 0 and the reference rate stays. Orders the
 * plan anew. */
sw_status sw_plan_calibrate(sw_plan_speed *out, sw_plan *plan, sw_pace_function measure, double budget,
                            size_t busy) SW_MUST_CHECK;
/* Times of the runs at a given number of operations a second. */
sw_status sw_plan_set_speed(sw_plan *plan, double flops) SW_MUST_CHECK;
/* Puts `order` right after `seconds` were changed. */
sw_status sw_plan_sort(sw_plan *plan) SW_MUST_CHECK;

/* The 64 hex digits of the SHA-256 of a text. */
sw_status sw_sha256_hex(char out[SW_RUN_ID_LENGTH + 1], const char *text) SW_MUST_CHECK;

/* Predicted seconds until the last run ends when `workers` take runs in plan order. */
double sw_plan_makespan(const sw_plan *plan, size_t workers);

#endif
