/* master_view.c: what the master expects and shows: time left of runs and of the sweep, rates, the status file. */
#include "farm/master_view.h"

#include "symsweep/clock.h"
#include "symsweep/log.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const double RATE_SECONDS = 10; /* time constant of the shown steps per second */

/* The step at which a run ends, or waits for others, as far as one can see. */
static int64_t last_step(const sw_master *master, size_t run, const sw_master_worker *worker) {
    const sw_run_config *config = &master->plan->runs[run].config;
    int64_t last = worker->until_step > 0 && worker->until_step < config->steps ? worker->until_step : config->steps;
    if (!(config->stop.test_accuracy > 0) || worker->streak_start < 0) return last;
    int64_t early = worker->streak_start + config->stop.for_steps;
    return early < last ? early : last;
}

double sw_master_current_left(const sw_master *master, size_t worker, double now) {
    if (sw_scheduler_queue_length(master->scheduler, worker) == 0) return 0;
    size_t run = sw_scheduler_queued(master->scheduler, worker, 0);
    double expected = sw_scheduler_expected_seconds(master->scheduler, run);
    if (sw_scheduler_current(master->scheduler, worker) < 0) return expected;
    const sw_master_worker *state = &master->workers[worker];
    if (state->pulse_seconds > 0 && state->step > state->begin_step) {
        double step_seconds = state->pulse_seconds / (double)(state->step - state->begin_step);
        double left = (double)(last_step(master, run, state) - state->step) * step_seconds;
        return fmax(0, left - (now - state->pulse_at));
    }
    return isnan(expected) ? expected : fmax(0, expected - (now - state->began));
}

void sw_master_calibrate(sw_master *master, size_t run, const sw_run_result *result) {
    const sw_planned_run *planned = &master->plan->runs[run];
    if (!(result->wall_seconds > 0) || planned->config.steps <= 0) return;
    master->planned_seconds += (double)result->steps / (double)planned->config.steps * planned->seconds;
    master->wall_seconds += result->wall_seconds; /* of all sessions of a resumed run, as the steps are */
    if (master->planned_seconds > 0)
        sw_scheduler_scale(master->scheduler, master->wall_seconds / master->planned_seconds);
}

/* ---- how far the sweep is ---- */

static void update_rate(sw_master *master, double now) {
    double span = now - master->rate_at;
    if (span <= 0) return;
    double rate = (double)(master->steps - master->rate_steps) / span;
    double weight = isnan(master->rate) ? 1 : 1 - exp(-span / RATE_SECONDS);
    master->rate = isnan(master->rate) ? rate : master->rate + weight * (rate - master->rate);
    master->rate_at = now;
    master->rate_steps = master->steps;
}

/* What is left, spread over the workers, but no less than the longest run in training. */
static double expected_end(const sw_master *master, double now) {
    double work = 0, longest = 0;
    size_t active = 0;
    for (size_t w = 0; w < master->settings.workers; w++) {
        if (sw_scheduler_retired(master->scheduler, w)) continue;
        active++;
        double left = sw_master_current_left(master, w, now);
        work += left;
        longest = fmax(longest, left);
        for (size_t i = 1; i < sw_scheduler_queue_length(master->scheduler, w); i++)
            work += sw_scheduler_expected_seconds(master->scheduler, sw_scheduler_queued(master->scheduler, w, i));
    }
    for (size_t run = 0; run < master->plan->count; run++)
        if (sw_scheduler_slot(master->scheduler, run) == SW_SLOT_PENDING)
            work += sw_scheduler_expected_seconds(master->scheduler, run);
    return active > 0 ? fmax(longest, work / (double)active) : NAN;
}

/* "baseline seed=3 p=59": the label and the swept values, as far as they fit. */
static void describe(char *out, size_t capacity, const sw_plan *plan, size_t run) {
    size_t length = 0;
    int written = snprintf(out, capacity, "%s", plan->runs[run].label);
    for (size_t a = 0; a < plan->axis_count && written >= 0; a++) {
        length += (size_t)written;
        if (length >= capacity) return;
        const sw_axis_value *value = &plan->axis_values[run * plan->axis_count + a];
        const char *dot = strrchr(plan->axes[a].path, '.');
        const char *name = dot != NULL ? dot + 1 : plan->axes[a].path;
        const char *space = length > 0 ? " " : "";
        char *at = out + length;
        size_t room = capacity - length;
        switch (plan->axes[a].type) {
        case SW_AXIS_REAL: written = snprintf(at, room, "%s%s=%g", space, name, value->real); break;
        case SW_AXIS_STRING: written = snprintf(at, room, "%s%s=%s", space, name, value->string); break;
        case SW_AXIS_BOOL:
        case SW_AXIS_INTEGER: written = snprintf(at, room, "%s%s=%lld", space, name, (long long)value->integer); break;
        }
    }
}

static int64_t count_of(const sw_master *master, sw_slot slot) {
    return (int64_t)sw_scheduler_count(master->scheduler, slot);
}

void sw_master_update_status(sw_master *master, double now) {
    sw_progress_file *status = &master->status;
    update_rate(master, now);
    status->total = (int64_t)master->plan->count - count_of(master, SW_SLOT_DROPPED) -
                    (master->plan->adaptive.refine.axis_count > 0 ? count_of(master, SW_SLOT_HELD) : 0);
    status->done = count_of(master, SW_SLOT_DONE);
    status->failed = count_of(master, SW_SLOT_FAILED);
    status->running = count_of(master, SW_SLOT_RUNNING);
    status->left =
        count_of(master, SW_SLOT_PENDING) + count_of(master, SW_SLOT_ASSIGNED) + count_of(master, SW_SLOT_WITHHELD);
    status->steps_per_second = isnan(master->rate) ? 0 : master->rate;
    status->eta_seconds = expected_end(master, now);
    status->run_count = 0;
    for (size_t w = 0; w < master->settings.workers && status->run_count < SW_PROGRESS_RUNS; w++) {
        int64_t run = sw_scheduler_current(master->scheduler, w);
        if (run < 0) continue;
        const sw_master_worker *worker = &master->workers[w];
        sw_progress_run *shown = &status->runs[status->run_count++];
        *shown = (sw_progress_run){.run = run,
                                   .worker = master->settings.first_rank + (int64_t)w,
                                   .step = worker->step,
                                   .steps = master->plan->runs[run].config.steps,
                                   .train_accuracy = (double)worker->train_accuracy,
                                   .test_accuracy = (double)worker->test_accuracy};
        describe(shown->label, sizeof shown->label, master->plan, (size_t)run);
    }
}

void sw_master_write_status(sw_master *master, const char *state, int64_t exit_code) {
    sw_progress_file *status = &master->status;
    if (master->settings.status_file == NULL) return;
    sw_master_update_status(master, sw_clock_now());
    snprintf(status->sweep, sizeof status->sweep, "%s", master->plan->name);
    snprintf(status->state, sizeof status->state, "%s", state);
    status->exit_code = exit_code;
    bool written = sw_progress_file_write(master->settings.status_file, status) == SW_OK;
    if (!written && !master->status_refused) sw_warn("no status file: %s", sw_fail_message());
    master->status_refused = !written;
}

/* ---- the end ---- */

size_t sw_master_runs_left(const sw_master *master) {
    return master->plan->count - sw_scheduler_count(master->scheduler, SW_SLOT_DONE) -
           sw_scheduler_count(master->scheduler, SW_SLOT_FAILED) -
           sw_scheduler_count(master->scheduler, SW_SLOT_DROPPED);
}

void sw_master_report(const sw_master *master) {
    char span[32];
    sw_clock_format(span, sw_clock_now() - master->started);
    size_t withheld = sw_scheduler_count(master->scheduler, SW_SLOT_WITHHELD);
    sw_info("%zu of %zu runs done, %zu failed, %zu left, %lld steps in %s",
            sw_scheduler_count(master->scheduler, SW_SLOT_DONE), master->plan->count,
            sw_scheduler_count(master->scheduler, SW_SLOT_FAILED), sw_master_runs_left(master),
            (long long)master->steps, span);
    if (master->not_selected > 0)
        sw_info("%zu runs were not selected: refine has found the boundary without them", master->not_selected);
    if (master->pruned > 0) sw_info("%zu runs were given up at a rung (prune.halving)", master->pruned);
    if (withheld > 0)
        sw_info("%zu runs were not started: they could not have ended before the limit, and nothing of them would have "
                "been saved (checkpoint.every_seconds is 0)",
                withheld);
}
