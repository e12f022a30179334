/* The status file beside the results: how far the sweep is, for where the results cannot be read while they are
 * written. */
#include "farm/master_state.h"

#include "symsweep/cli.h"
#include "symsweep/clock.h"
#include "symsweep/log.h"

#include <math.h>
#include <stdio.h>

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

/* Nothing depends on it: a failure is said once, and the sweep goes on. */
static void write_file(sw_master *master, const char *state, int64_t exit_code)
{
    if (master->settings.progress_file == NULL) return;
    sw_progress_file *progress = &master->progress;
    sw_display_view view;
    sw_master_view(master, &view, sw_clock_now());
    fill(progress, &view, master->settings.first_rank);
    snprintf(progress->sweep, sizeof progress->sweep, "%s", master->plan->name);
    snprintf(progress->state, sizeof progress->state, "%s", state);
    progress->exit_code = exit_code;
    if (sw_progress_file_write(master->settings.progress_file, progress) == SW_OK) {
        master->progress_refused = false;
        return;
    }
    if (!master->progress_refused) sw_warn("no status file: %s", sw_fail_message());
    master->progress_refused = true;
}

void sw_master_note_progress(sw_master *master) { write_file(master, "running", -1); }

void sw_master_close_progress(sw_master *master)
{
    int exit_code = sw_master_exit_code(master);
    const char *state = exit_code == SW_EXIT_OK || exit_code == SW_EXIT_FAILED_RUNS ? "finished"
                        : exit_code == SW_EXIT_STOPPED                              ? "stopped"
                                                                                    : "failed";
    write_file(master, state, exit_code);
}
