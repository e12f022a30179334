/* master_view.c: what the master expects and shows: time left of runs and of the sweep, rates, the status file. */
#include "farm/master_view.h"

#include "symsweep/clock.h"
#include "symsweep/log.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const double RATE_SECONDS = 10; /* time constant of the shown steps per second */

/* The step at which a run ends, or waits for others, as far as one can see. */
static int64_t last_step(const sw_master *master, size_t run, const sw_master_worker *worker)
{
    const sw_run_config *config = &master->plan->runs[run].config;
    int64_t last = worker->until_step > 0 && worker->until_step < config->steps ? worker->until_step : config->steps;
    if (!(config->stop.test_accuracy > 0) || worker->streak_start < 0) return last;
    int64_t early = worker->streak_start + config->stop.for_steps;
    return early < last ? early : last;
}

double sw_master_current_left(const sw_master *master, size_t worker, double now)
{
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

void sw_master_calibrate(sw_master *master, size_t run, const sw_run_result *result)
{
    const sw_planned_run *planned = &master->plan->runs[run];
    if (!(result->wall_seconds > 0) || planned->config.steps <= 0) return;
    master->planned_seconds += (double)result->steps / (double)planned->config.steps * planned->seconds;
    master->wall_seconds += result->wall_seconds; /* of all sessions of a resumed run, as the steps are */
    if (master->planned_seconds > 0)
        sw_scheduler_scale(master->scheduler, master->wall_seconds / master->planned_seconds);
}

/* ---- how far the sweep is ---- */

static void update_rate(sw_master *master, double now)
{
    double span = now - master->rate_at;
    if (span <= 0) return;
    double rate = (double)(master->steps - master->rate_steps) / span;
    double weight = isnan(master->rate) ? 1 : 1 - exp(-span / RATE_SECONDS);
    master->rate = isnan(master->rate) ? rate : master->rate + weight * (rate - master->rate);
    master->rate_at = now;
    master->rate_steps = master->steps;
}

/* What is left, spread over the workers, but no less than the longest run in training. */
static double expected_end(const sw_master *master, double now)
{
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
static void describe(char *out, size_t capacity, const sw_plan *plan, size_t run)
{
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

void sw_master_view(sw_master *master, sw_display_view *view, double now)
{
    const sw_scheduler *scheduler = master->scheduler;
    update_rate(master, now);
    *view = (sw_display_view){
        .total = master->plan->count - sw_scheduler_count(scheduler, SW_SLOT_DROPPED) -
                 (master->plan->adaptive.refine.axis_count > 0 ? sw_scheduler_count(scheduler, SW_SLOT_HELD) : 0),
        .done = sw_scheduler_count(scheduler, SW_SLOT_DONE),
        .failed = sw_scheduler_count(scheduler, SW_SLOT_FAILED),
        .running = sw_scheduler_count(scheduler, SW_SLOT_RUNNING),
        .left = sw_scheduler_count(scheduler, SW_SLOT_PENDING) + sw_scheduler_count(scheduler, SW_SLOT_ASSIGNED) +
                sw_scheduler_count(scheduler, SW_SLOT_WITHHELD),
        .steps_per_second = isnan(master->rate) ? 0 : master->rate,
        .eta = expected_end(master, now),
        .newest_test_accuracy = master->newest_test_accuracy,
    };
    for (size_t w = 0; w < master->settings.workers && view->run_count < SW_DISPLAY_RUNS; w++) {
        int64_t run = sw_scheduler_current(scheduler, w);
        if (run < 0) continue;
        const sw_master_worker *worker = &master->workers[w];
        sw_display_run *shown = &view->runs[view->run_count++];
        *shown = (sw_display_run){.run = run,
                                  .worker = w,
                                  .step = worker->step,
                                  .steps = master->plan->runs[run].config.steps,
                                  .train_accuracy = worker->train_accuracy,
                                  .test_accuracy = worker->test_accuracy};
        describe(shown->label, sizeof shown->label, master->plan, (size_t)run);
    }
}

/* ---- the status file ---- */

static void fill(sw_progress_file *out, const sw_display_view *view, int64_t first_rank)
{
    out->total = (int64_t)view->total;
    out->done = (int64_t)view->done;
    out->failed = (int64_t)view->failed;
    out->running = (int64_t)view->running;
    out->left = (int64_t)view->left;
    out->steps_per_second = view->steps_per_second;
    out->eta_seconds = view->eta;
    out->run_count = 0;
    for (size_t i = 0; i < view->run_count && out->run_count < SW_PROGRESS_RUNS; i++) {
        const sw_display_run *run = &view->runs[i];
        sw_progress_run *to = &out->runs[out->run_count++];
        *to = (sw_progress_run){.run = run->run,
                                .worker = first_rank + (int64_t)run->worker,
                                .step = run->step,
                                .steps = run->steps,
                                .train_accuracy = (double)run->train_accuracy,
                                .test_accuracy = (double)run->test_accuracy};
        snprintf(to->label, sizeof to->label, "%s", run->label);
    }
}

void sw_master_write_status(sw_master *master, const char *state, int64_t exit_code)
{
    if (master->settings.status_file == NULL) return;
    sw_progress_file *status = &master->status;
    sw_display_view view;
    sw_master_view(master, &view, sw_clock_now());
    fill(status, &view, master->settings.first_rank);
    snprintf(status->sweep, sizeof status->sweep, "%s", master->plan->name);
    snprintf(status->state, sizeof status->state, "%s", state);
    status->exit_code = exit_code;
    if (sw_progress_file_write(master->settings.status_file, status) == SW_OK) {
        master->status_refused = false;
        return;
    }
    if (!master->status_refused) sw_warn("no status file: %s", sw_fail_message());
    master->status_refused = true;
}

/* ---- the end ---- */

size_t sw_master_runs_left(const sw_master *master)
{
    return master->plan->count - sw_scheduler_count(master->scheduler, SW_SLOT_DONE) -
           sw_scheduler_count(master->scheduler, SW_SLOT_FAILED) -
           sw_scheduler_count(master->scheduler, SW_SLOT_DROPPED);
}

void sw_master_report(const sw_master *master)
{
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
