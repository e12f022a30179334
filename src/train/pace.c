/* pace.c: how fast this machine trains a run, from a few steps of it. */
#include "train/run.h"

#include <string.h>
#include <time.h>

enum { STEPS_MOST = 200 };
static const double EVALUATION_SHARE = 0.3; /* of the budget */

/* Of this thread: what other programs do on the same core does not count. */
static double processor_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static sw_status step(sw_run *run, double *value) {
    int64_t t = ++run->progress.step;
    sw_status status = sw_objective_step(value, run->objective, run->model, t);
    return status == SW_OK ? sw_train_update(run->optimizer, run->model, &run->config, t) : status;
}

/* The first step touches memory for the first time; it counts only when there is no time for another. */
static sw_status time_steps(double *out, sw_run *run, double budget) {
    double value, begun = processor_seconds();
    sw_status status = step(run, &value);
    double now = processor_seconds(), counted = now;
    *out = now - begun;
    for (int n = 1; n <= STEPS_MOST && status == SW_OK && now - begun < budget; n++) {
        status = step(run, &value);
        now = processor_seconds();
        *out = (now - counted) / n;
    }
    return status;
}

static sw_status time_evaluation(double *out, sw_run *run, bool full, double budget) {
    sw_record record;
    double begun = processor_seconds();
    sw_status status = sw_measure_evaluate(&record, run->measure, run->model, run->progress.step, full ? 0 : 1, false);
    double now = processor_seconds(), first = now - begun;
    *out = first;
    if (status != SW_OK || 2 * first > budget) return status;
    status = sw_measure_evaluate(&record, run->measure, run->model, run->progress.step, full ? 0 : 1, false);
    *out = processor_seconds() - now;
    return status;
}

sw_status sw_pace_measure(sw_pace *out, const sw_run_config *config, double budget) {
    sw_run run = {.config = *config};
    double begun = processor_seconds(), full = 0, light = 0, every = config->evaluate.spectra_every;
    *out = (sw_pace){0};
    memset(&run.config.start, 0, sizeof run.config.start);     /* it is as fast from drawn parameters */
    memset(&run.config.measure, 0, sizeof run.config.measure); /* no evaluation is to meet their cadence by chance */
    sw_status status = sw_run_create(&run);
    out->setup = processor_seconds() - begun;
    if (status == SW_OK) status = time_steps(&out->step, &run, budget * (1 - EVALUATION_SHARE));
    if (status == SW_OK) status = time_evaluation(&full, &run, true, budget * EVALUATION_SHARE / 2);
    light = full;
    if (status == SW_OK && every > 1) status = time_evaluation(&light, &run, false, budget * EVALUATION_SHARE / 2);
    out->evaluate = full / every + light * (1 - 1 / every);
    sw_run_release(&run);
    return status;
}
