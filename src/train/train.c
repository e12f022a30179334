/* train.c: the training loop of one run.
 *
 *     evaluate step 0
 *     until the end: forward and backward of the objective, optimizer update, evaluate when due. */
#include "symsweep/clock.h"
#include "symsweep/log.h"
#include "train/checkpoint.h"

#include <math.h>
#include <stdio.h>

/* ---- what goes to the sink ---- */

static sw_status send_start(sw_run *run) {
    const sw_sink *sink = run->sink;
    const sw_unacknowledged *unacknowledged = &run->unacknowledged;
    sw_status status = sink->begin(sink->context, run->progress.evaluation - (int32_t)unacknowledged->record_count,
                                   run->progress.snapshot - (int32_t)unacknowledged->snapshot_count);
    if (status != SW_OK) return status;
    sw_run_facts facts;
    sw_measure_facts(&facts, run->measure, run->model);
    status = sink->facts(sink->context, &facts);
    if (status == SW_OK && run->config.save.split) {
        const sw_run_data data = {.inputs = (int64_t)run->task->inputs,
                                  .tokens = run->task->tokens,
                                  .split = run->split,
                                  .input = run->task->input,
                                  .label = run->task->label,
                                  .clean_label = run->task->clean_label};
        status = sink->data(sink->context, &data);
    }
    for (size_t r = 0; r < unacknowledged->record_count && status == SW_OK; r++)
        status = sink->record(sink->context, &unacknowledged->records[r]);
    for (size_t s = 0; s < unacknowledged->snapshot_count && status == SW_OK; s++)
        status = sink->snapshot(sink->context, &unacknowledged->snapshots[s]);
    return status;
}

/* Records that the results file holds need not go into a checkpoint. */
static void forget_safe(sw_run *run) {
    int32_t records = 0, snapshots = 0;
    if (run->sink->safe) run->sink->safe(run->sink->context, &records, &snapshots);
    sw_unacknowledged_forget(&run->unacknowledged, records, snapshots);
}

/* Has `stop` held for long enough, now that this record is known? */
static bool stop_holds(sw_run *run, const sw_record *record) {
    const sw_stop_config *stop = &run->config.stop;
    if (!(stop->test_accuracy > 0)) return false;
    if (!(record->value[SW_METRIC_TEST_ACCURACY] >= (float)stop->test_accuracy)) {
        run->progress.streak_start = -1;
        return false;
    }
    if (run->progress.streak_start < 0) run->progress.streak_start = run->progress.step;
    return run->progress.step - run->progress.streak_start >= stop->for_steps;
}

static sw_status evaluate(sw_run *run) {
    sw_progress *progress = &run->progress;
    const sw_progress before = *progress;
    const bool last = progress->ended;
    sw_record record;
    sw_status status =
        sw_measure_evaluate(&record, run->measure, run->model, progress->step, progress->evaluation, last);
    if (status != SW_OK) return status;
    record.value[SW_METRIC_OBJECTIVE] = (float)progress->objective;
    sw_measure_set_gradient(&record, &progress->gradient);

    if (!isfinite(record.value[SW_METRIC_TRAIN_LOSS]))
        progress->diverged = progress->ended = 1;
    else if (!progress->ended && stop_holds(run, &record))
        progress->stopped_early = progress->ended = 1;
    else if (!progress->ended && sw_measure_prune(&progress->prune, &run->config.prune, &record))
        progress->pruned = progress->ended = 1;
    if (progress->ended && !last) status = sw_measure_complete(&record, run->measure);
    if (status != SW_OK) {
        *progress = before;
        return status;
    }
    forget_safe(run);
    status = sw_unacknowledged_add_record(&run->unacknowledged, &record);
    if (status == SW_OK) status = run->sink->record(run->sink->context, &record);
    progress->evaluation++;
    return status;
}

static sw_status take_snapshot(sw_run *run) {
    sw_snapshot snapshot;
    sw_status status = sw_measure_snapshot(&snapshot, run->measure, run->model);
    if (status != SW_OK) return status;
    if (snapshot.shape.optimizer > 0) {
        size_t length;
        snapshot.array[SW_SNAPSHOT_OPTIMIZER] = sw_optimizer_state(run->optimizer, &length);
    }
    snapshot.step = run->progress.step;
    snapshot.snapshot = run->progress.snapshot++;
    forget_safe(run);
    status = sw_unacknowledged_add_snapshot(&run->unacknowledged, &snapshot);
    return status == SW_OK ? run->sink->snapshot(run->sink->context, &snapshot) : status;
}

static bool evaluation_is_due(const sw_run *run) {
    return run->progress.ended || sw_schedule_is_evaluation(&run->config, run->progress.step);
}

/* A run ends with an evaluation, if with any: what may have to be kept is the state before. */
static void remember(sw_run *run) {
    if (!run->checkpoint.keep) return;
    run->before = run->progress;
    sw_measure_state_save(run->carried_before, run->measure);
}

static void write_checkpoint(sw_run *run) {
    forget_safe(run);
    if (sw_checkpoint_write(run) != SW_OK) sw_warn("no checkpoint: %s", sw_fail_message());
}

/* Whatever is due at the current step. The last step is always evaluated and snapshotted. A run that is stopped in the
 * midst of it measures again when it goes on. */
static sw_status measure_if_due(sw_run *run) {
    double begun = sw_clock_now();
    sw_status status = SW_OK;
    if (evaluation_is_due(run)) {
        remember(run);
        status = sw_measure_follow(run->measure, run->progress.step);
        if (status == SW_OK) status = evaluate(run);
        if (status == SW_E_INTERRUPTED && run->checkpoint.path) {
            run->progress.unmeasured = 1;
            write_checkpoint(run);
        }
    }
    if (status == SW_OK && (run->progress.ended || sw_schedule_is_snapshot(&run->config, run->progress.step)))
        status = take_snapshot(run);
    run->measure_seconds += sw_clock_now() - begun;
    return status;
}

/* ---- the loop ---- */

static sw_status take_step(sw_run *run) {
    sw_progress *progress = &run->progress;
    int64_t t = progress->step + 1;
    sw_status status = sw_objective_step(&progress->objective, run->objective, run->model, t);
    if (status != SW_OK && isfinite(progress->objective)) return sw_fail_in(status, "step %lld", (long long)t);
    progress->step = t;
    if (!isfinite(progress->objective)) progress->diverged = progress->ended = 1;
    if (t >= run->config.steps) progress->ended = 1;
    if (evaluation_is_due(run)) sw_measure_gradient(&progress->gradient, run->model);
    return sw_train_update(run->optimizer, run->model, &run->config, t);
}

static sw_status train_on(sw_run *run) {
    sw_status status = SW_OK;
    double saved = run->started;
    while (!run->progress.ended && status == SW_OK) {
        int64_t until = run->checkpoint.until_step;
        bool stop = !run->sink->keep_going(run->sink->context) || (until > 0 && run->progress.step >= until);
        double interval = run->checkpoint.every_seconds;
        if (run->checkpoint.path && (stop || (interval > 0 && sw_clock_now() - saved >= interval))) {
            write_checkpoint(run);
            saved = sw_clock_now();
        }
        if (stop) return sw_fail(SW_E_INTERRUPTED, "stopped at step %lld", (long long)run->progress.step);
        status = take_step(run);
        if (status == SW_OK) status = measure_if_due(run);
    }
    return status;
}

static void fill_result(sw_run_result *result, const sw_run *run, sw_status status) {
    const sw_progress *progress = &run->progress;
    *result = (sw_run_result){
        .state = status == SW_E_INTERRUPTED ? SW_RUN_RUNNING
                 : status != SW_OK          ? SW_RUN_FAILED
                 : progress->diverged       ? SW_RUN_DIVERGED
                 : progress->pruned         ? SW_RUN_PRUNED
                                            : SW_RUN_DONE,
        .records = progress->evaluation,
        .snapshots = progress->snapshot,
        .stopped_early = progress->stopped_early,
        .steps = progress->step,
        .wall_seconds = progress->wall_seconds + (sw_clock_now() - run->started),
        .measure_seconds = progress->measure_seconds + run->measure_seconds,
    };
    if (status != SW_OK)
        snprintf(result->error, sizeof result->error, "%s", sw_fail_message());
    else if (progress->diverged)
        snprintf(result->error, sizeof result->error, "%s is not finite at step %lld",
                 progress->step > 0 && !isfinite(progress->objective) ? "objective" : "train_loss",
                 (long long)progress->step);
}

sw_status sw_train(sw_run_result *result, const sw_run_config *config, const sw_checkpoint_options *checkpoint,
                   const sw_sink *sink) {
    sw_run run = {.config = *config, .sink = sink, .started = sw_clock_now()};
    if (checkpoint) run.checkpoint = *checkpoint;
    run.progress = (sw_progress){
        .streak_start = -1, .prune = {.generalized_since = -1}, .objective = NAN, .gradient = {.all = NAN}};
    for (int b = 0; b < SW_BLOCK_COUNT; b++) run.progress.gradient.block[b] = NAN;

    bool resumed = false;
    sw_status status = sw_run_create(&run);
    if (status == SW_OK) sw_measure_ask(run.measure, sink->keep_going, sink->context);
    if (status == SW_OK) status = sw_checkpoint_read(&resumed, &run);
    if (status == SW_OK) status = send_start(&run);
    if (status == SW_OK && (!resumed || run.progress.unmeasured)) {
        run.progress.unmeasured = 0;
        run.progress.ended = run.progress.diverged || run.progress.step >= config->steps;
        status = measure_if_due(&run);
    }
    if (status == SW_OK) status = train_on(&run);
    if (status == SW_OK && run.checkpoint.keep && sw_checkpoint_keep(&run) != SW_OK)
        sw_warn("the checkpoint is not kept: %s", sw_fail_message());
    fill_result(result, &run, status);
    sw_run_release(&run);
    return status;
}
