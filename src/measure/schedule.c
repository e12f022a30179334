/* schedule.c: when a run is evaluated and when its embedding is kept, from its configuration alone.
 *
 * Log-spaced snapshots fall on evaluation steps, so that every curve can be recomputed from what a snapshot keeps. */
#include "symsweep/measure.h"

#include <math.h>

int64_t sw_schedule_evaluations(const sw_run_config *config) {
    const int64_t every = config->evaluate.every, steps = config->steps;
    return steps / every + 1 + (steps % every != 0);
}

static int64_t common_divisor(int64_t a, int64_t b) {
    while (b > 0) {
        const int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

int64_t sw_schedule_measurements(const sw_run_config *config, int64_t every) {
    if (every == 0) return 0;
    const int64_t both = every / common_divisor(every, config->evaluate.every), steps = config->steps;
    const int64_t times = both > INT64_MAX / config->evaluate.every ? 0 : steps / (both * config->evaluate.every);
    return times + 1 + (times == 0 || steps % (both * config->evaluate.every) != 0);
}

bool sw_schedule_is_evaluation(const sw_run_config *config, int64_t t) {
    return t % config->evaluate.every == 0 || t == config->steps;
}

/* Evaluations strictly between the first and the last step. */
static int64_t interior_evaluations(const sw_run_config *config) {
    return config->steps > 0 ? (config->steps - 1) / config->evaluate.every : 0;
}

/* How many of the log-spaced snapshots find an evaluation of their own. */
static int64_t log_spaced_count(const sw_run_config *config) {
    int64_t interior = interior_evaluations(config);
    return config->evaluate.snapshots < interior ? config->evaluate.snapshots : interior;
}

/* The i-th log-spaced snapshot, in evaluations: round((M + 1)^(i / k)) of M interior evaluations, k snapshots, moved
 * up where rounding would repeat one and down where the last ones would not fit. */
static int64_t log_spaced(int64_t previous, int64_t i, int64_t k, int64_t interior) {
    int64_t u = llround(pow((double)(interior + 1), (double)i / (double)k));
    if (u <= previous) u = previous + 1;
    int64_t last = interior - (k - 1 - i);
    return u < last ? u : last;
}

static bool is_log_spaced(const sw_run_config *config, int64_t t) {
    if (t % config->evaluate.every != 0) return false;
    int64_t evaluation = t / config->evaluate.every;
    int64_t k = log_spaced_count(config), interior = interior_evaluations(config), u = 0;
    for (int64_t i = 0; i < k && u < evaluation; i++) u = log_spaced(u, i, k, interior);
    return u == evaluation;
}

static bool is_chosen(const sw_run_config *config, int64_t t) {
    const int64_t *step = config->evaluate.snapshot_steps;
    int32_t low = 0, high = config->evaluate.snapshot_step_count;
    while (low < high) {
        const int32_t middle = low + (high - low) / 2;
        if (step[middle] < t)
            low = middle + 1;
        else
            high = middle;
    }
    return low < config->evaluate.snapshot_step_count && step[low] == t;
}

bool sw_schedule_is_snapshot(const sw_run_config *config, int64_t t) {
    return t == 0 || t == config->steps || is_chosen(config, t) || is_log_spaced(config, t);
}

/* Is every log-spaced snapshot of `a` before `until` one of `b`'s? */
static bool has_log_spaced_of(const sw_run_config *b, const sw_run_config *a, int64_t until) {
    const int64_t k = log_spaced_count(a), interior = interior_evaluations(a);
    for (int64_t i = 0, u = 0; i < k; i++) {
        u = log_spaced(u, i, k, interior);
        if (u * a->evaluate.every >= until) return true;
        if (!sw_schedule_is_snapshot(b, u * a->evaluate.every)) return false;
    }
    return true;
}

bool sw_schedule_agrees(const sw_run_config *a, const sw_run_config *b, int64_t until) {
    return has_log_spaced_of(a, b, until) && has_log_spaced_of(b, a, until);
}

/* Chosen steps that are no others' go through the log-spaced ones in step with them: both ascend. */
int64_t sw_schedule_snapshots(const sw_run_config *config) {
    const int64_t k = log_spaced_count(config), interior = interior_evaluations(config);
    int64_t count = k + (config->steps > 0 ? 2 : 1), i = 0, u = 0;
    for (int32_t s = 0; s < config->evaluate.snapshot_step_count; s++) {
        const int64_t t = config->evaluate.snapshot_steps[s];
        while (i < k && u * config->evaluate.every < t) u = log_spaced(u, i++, k, interior);
        const bool log_spaced_too = u > 0 && u * config->evaluate.every == t;
        if (t > 0 && t < config->steps && !log_spaced_too) count++;
    }
    return count;
}
