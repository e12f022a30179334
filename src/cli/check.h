/* check.h: the parts of `symsweep check`. */
#ifndef SYMSWEEP_CLI_CHECK_H
#define SYMSWEEP_CLI_CHECK_H

#include "symsweep/plan.h"

#include <stdint.h>

typedef struct sw_check_options {
    const char *sweep; /* NULL with list_keys */
    bool json, list_runs, list_keys, help;
    size_t shard, shards; /* part 1..shards; 0, 0 = the whole plan */
    size_t workers;       /* 0 = a few numbers are tried */
    size_t tasks;         /* most tasks in the leak report */
    double speed;         /* operations a second to count with; 0 = measured */
} sw_check_options;

enum { SW_CHECK_MODELS_MAX = 64, SW_CHECK_SPANS_MAX = 8, SW_CHECK_TITLE = 96 };

/* One model on one task, and how many runs train it. */
typedef struct sw_check_model {
    char task[SW_CHECK_TITLE], model[SW_CHECK_TITLE];
    size_t parameters, runs;
    double step_flops; /* of its first run */
} sw_check_model;

typedef struct sw_check_span {
    size_t workers;
    double seconds;
    double busy; /* share of the workers' time */
} sw_check_span;

typedef struct sw_check_summary {
    sw_plan_speed speed;
    sw_check_model models[SW_CHECK_MODELS_MAX];
    size_t model_count, models_left_out;
    double total_seconds, longest_seconds, file_bytes;
    size_t memory; /* the largest run */
    sw_check_span spans[SW_CHECK_SPANS_MAX];
    size_t span_count;
    size_t advised_workers; /* most workers that are busy at least 80 % of the time */
} sw_check_summary;

/* Measures the speed of this machine, unless it is given, and puts it into the plan. */
sw_status sw_check_summarize(sw_check_summary *out, sw_plan *plan, const sw_check_options *options) SW_MUST_CHECK;

/* Runs that refine can choose at most. */
size_t sw_check_most_runs(const sw_plan *plan);

/* "modular add p=59", "transformer layers=1 d_model=64 heads=4 d_mlp=256" */
void sw_check_task_title(char out[SW_CHECK_TITLE], const sw_task_config *task);
void sw_check_model_title(char out[SW_CHECK_TITLE], const sw_model_config *model);

/* The leak report of one task, split and set of weighted families. */
typedef struct sw_leak {
    char task[SW_CHECK_TITLE];
    double train_fraction;
    uint32_t data_seed;
    size_t train, test, runs;
    double mirrored;                 /* share of test inputs whose mirror is in train; NaN = the task has no mirrors */
    double derived[SW_FAMILY_COUNT]; /* share that follows through each family; NaN = not defined on the task */
    double all_weighted;             /* through all weighted families together; NaN = none is weighted */
    bool weighted[SW_FAMILY_COUNT], holds[SW_FAMILY_COUNT];
    bool predicted[SW_FAMILY_COUNT]; /* products as the model predicts them */
    int32_t inputs[SW_FAMILY_COUNT]; /* sw_inputs */
} sw_leak;

/* Leak reports of the first `capacity` distinct settings; *distinct counts all of them. Tables of more than
 * SW_LEAK_INPUTS_MAX inputs are passed over and counted in *too_large. */
enum { SW_LEAK_INPUTS_MAX = 70000 };
sw_status sw_check_leaks(sw_leak *out, size_t capacity, size_t *count, size_t *distinct, size_t *too_large,
                         const sw_plan *plan) SW_MUST_CHECK;

typedef struct sw_check_report {
    const sw_check_options *options;
    const sw_plan *plan; /* NULL = refused */
    const sw_check_summary *summary;
    const sw_leak *leaks;
    size_t leak_count, leak_distinct, leak_too_large;
    const sw_diagnostics *diagnostics;
} sw_check_report;

void sw_check_print_text(const sw_check_report *report);
sw_status sw_check_print_json(const sw_check_report *report) SW_MUST_CHECK;
sw_status sw_check_print_keys(bool json) SW_MUST_CHECK;

#endif
