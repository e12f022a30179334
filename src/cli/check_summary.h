/* check_summary.h: what a plan adds up to. */
#pragma once

#include "symsweep/plan.h"

enum { SW_CHECK_MODELS_MAX = 64, SW_CHECK_SPANS_MAX = 8, SW_CHECK_TITLE = 192 };

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
    int64_t steps, shared_steps; /* of all runs; of those that are trained once for several */
    size_t shared_runs;          /* that begin as another one does */
    sw_plan_speed speed;
    sw_check_model models[SW_CHECK_MODELS_MAX];
    size_t model_count, models_left_out;
    double total_seconds, longest_seconds, file_bytes;
    size_t memory; /* the largest run */
    sw_check_span spans[SW_CHECK_SPANS_MAX];
    size_t span_count;
    size_t advised_workers; /* most workers that are busy at least 80 % of the time */
} sw_check_summary;

/* speed: operations a second of one core; 0 = this machine's is measured. Either goes into the plan. workers: how many
 * to predict the time for; 0 = a few numbers are tried. */
sw_status sw_check_summarize(sw_check_summary *out, sw_plan *plan, double speed, size_t workers) SW_MUST_CHECK;

/* Runs that refine can choose at most. */
size_t sw_check_most_runs(const sw_plan *plan);

/* "modular add p=59", "transformer layers=1 d_model=64 heads=4 d_mlp=256" */
void sw_check_task_title(char out[SW_CHECK_TITLE], const sw_task_config *task);
void sw_check_model_title(char out[SW_CHECK_TITLE], const sw_model_config *model);
