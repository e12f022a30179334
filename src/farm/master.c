/* master.c: takes in what workers say and what time it is; does what the scheduler, the storage and the adaptive part
 * decide from it. */
#include "farm/master_view.h"

#include "farm/checkpoints.h"
#include "farm/signals.h"
#include "symsweep/clock.h"
#include "symsweep/log.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double ABSENCE_KEPT = 0.999; /* from tick to tick, of which there are 50 a second or more */

static int64_t row_of(const sw_master *master, size_t run) { return sw_store_row(master->storage.store, run); }

/* ---- writing ---- */

/* Stops cleanly: workers save what they have. */
static void stop(sw_master *master, const char *reason) {
    if (sw_scheduler_stopped(master->scheduler)) return;
    sw_scheduler_stop(master->scheduler);
    master->storage.next_flush = 0;
    sw_display_clear(master->settings.display);
    sw_info("stopping: %s", reason);
}

/* Takes in how a call of the store went that has no second chance; a file that is given up is the end of the job. */
static void check(sw_master *master, sw_status status) {
    sw_storage_check(&master->storage, status);
    if (master->storage.failed) stop(master, "the results file cannot be written; what was flushed is safe");
}

/* Is something to be written? Not after the file was given up. */
static bool can_write(sw_master *master) {
    if (!master->storage.failed) master->storage.unflushed = true;
    return !master->storage.failed;
}

/* ---- runs that wait for others ---- */

static sw_status write_place(sw_store *store, int64_t row, const sw_decision *decision) {
    const sw_refine_point *point = &decision->point;
    const sw_store_refined refined = {.round = decision->round,
                                      .class = point->class,
                                      .decided = point->decided,
                                      .reached = point->reached,
                                      .low = point->decided > 0 ? point->low : NAN,
                                      .high = point->decided > 0 ? point->high : NAN};
    return sw_store_refine(store, row, &refined);
}

/* In the scheduler and in the file, where the row may have this state already. */
static sw_status carry_out(sw_master *master, const sw_decision *decision) {
    sw_store *store = master->storage.store;
    size_t run = decision->run;
    int64_t row = row_of(master, run);
    sw_run_state state = sw_store_state(store, row);
    switch (decision->kind) {
    case SW_DECISION_TRAIN:
        sw_scheduler_expect(master->scheduler, run, decision->seconds, sw_checkpoints_wanted(master->plan, run));
        sw_scheduler_set(master->scheduler, run, SW_SLOT_PENDING);
        return state == SW_RUN_PENDING ? SW_OK : sw_store_requeue(store, row, false);
    case SW_DECISION_LEAVE_OUT:
        sw_scheduler_set(master->scheduler, run, SW_SLOT_DROPPED);
        master->not_selected++;
        return state == SW_RUN_NOT_SELECTED ? SW_OK : sw_store_settle(store, row, SW_RUN_NOT_SELECTED);
    case SW_DECISION_PRUNE:
        sw_scheduler_set(master->scheduler, run, SW_SLOT_DROPPED);
        master->pruned++;
        if (state != SW_RUN_PRUNED) sw_storage_add(&master->storage, run, &decision->result);
        return SW_OK;
    case SW_DECISION_PLACE: return write_place(store, row, decision);
    }
    return SW_OK;
}

static sw_status carry_out_decisions(sw_master *master) {
    sw_decision decision;
    sw_status status = SW_OK;
    while (status == SW_OK && sw_adaptive_next(&decision, master->adaptive)) {
        master->storage.unflushed = true;
        status = carry_out(master, &decision);
    }
    return status;
}

/* What is known of a run, its curves among it, which are freed. */
static sw_status tell_adaptive(sw_master *master, const sw_run_result *known, size_t run, bool ended,
                               sw_curves *curves) {
    const sw_adaptive_news news = {.run = run,
                                   .ended = ended,
                                   .known = known,
                                   .onsets = &curves->onsets,
                                   .records = curves->records,
                                   .count = curves->count};
    sw_status status = sw_adaptive_hear(master->adaptive, &news);
    free(curves->records);
    return status;
}

/* Writes the results of runs that have ended: onsets, final values, and what those decide about others. */
static void write_results(sw_master *master) {
    sw_curves curves;
    sw_storage_result written;
    while (sw_storage_write_next(&written, &curves, &master->storage)) {
        sw_status status = tell_adaptive(master, &written.result, written.run, true, &curves);
        check(master, status == SW_OK ? carry_out_decisions(master) : status);
    }
    check(master, SW_OK);
}

static void finish(sw_master *master, size_t run, const sw_run_result *result) {
    sw_storage_add(&master->storage, run, result);
    write_results(master);
}

/* The run has come to the rung it was sent to. */
static sw_status note_rung(sw_master *master, size_t run, const sw_run_result *result) {
    sw_curves curves;
    if (sw_adaptive_until(master->adaptive, run) == 0)
        return sw_fail(SW_E_PROTOCOL, "run %zu stopped at step %lld, which nobody asked for", run,
                       (long long)result->steps);
    sw_status status = sw_storage_curves(&curves, &master->storage, run, SW_RUN_PENDING);
    if (status == SW_OK) status = tell_adaptive(master, result, run, false, &curves);
    return status == SW_OK ? carry_out_decisions(master) : status;
}

/* Once it is known which runs are settled: holds the others, if they wait for results. */
static sw_status begin_adaptive(sw_master *master) {
    bool halves = master->plan->adaptive.halving.rung_count > 0;
    sw_status status = sw_adaptive_create(&master->adaptive, master->plan);
    for (size_t run = 0; run < master->plan->count && status == SW_OK && master->adaptive != NULL; run++) {
        sw_curves curves = {0};
        const sw_run_result known = {.state = sw_store_state(master->storage.store, row_of(master, run))};
        bool waits = sw_scheduler_slot(master->scheduler, run) == SW_SLOT_PENDING;
        if (waits) sw_scheduler_set(master->scheduler, run, SW_SLOT_HELD);
        if (!waits || halves) status = sw_storage_curves(&curves, &master->storage, run, (sw_run_state)known.state);
        if (status == SW_OK) status = tell_adaptive(master, &known, run, !waits, &curves);
    }
    if (status == SW_OK) status = sw_adaptive_begin(master->adaptive);
    return status == SW_OK ? carry_out_decisions(master) : status;
}

/* The step at which a run is to stop for others; 0 = none. */
static int64_t until_step(const sw_master *master, size_t run) {
    const int64_t until = sw_adaptive_until(master->adaptive, run);
    return until > 0 ? until : sw_beginnings_until(master->beginnings, run);
}

/* ---- starting ---- */

sw_status sw_master_create(sw_master **out, const sw_master_settings *settings) {
    *out = NULL;
    const sw_plan *plan = settings->plan;
    sw_master *master = calloc(1, sizeof *master);
    if (master == NULL) return sw_fail(SW_E_MEMORY, "no memory for the master");
    master->settings = *settings;
    master->plan = plan;
    master->rate = master->newest_test_accuracy = NAN;
    master->started = master->rate_at = master->last_tick = sw_clock_now();
    sw_clock_utc(master->status.started_utc);
    master->storage = (sw_storage){.plan = plan,
                                   .store = settings->store,
                                   .checkpoints = settings->checkpoints,
                                   .display = settings->display,
                                   .patience = settings->storage_patience,
                                   .troubled_since = NAN,
                                   .next_flush = master->started};
    sw_status status = sw_scheduler_create(&master->scheduler, plan->count, plan->order, settings->workers);
    if (status != SW_OK) goto done;
    master->workers = calloc(settings->workers, sizeof *master->workers);
    if (master->workers == NULL) status = sw_fail(SW_E_MEMORY, "no memory for %zu workers", settings->workers);
    for (size_t run = 0; run < plan->count && status == SW_OK; run++) {
        bool settled;
        sw_scheduler_expect(master->scheduler, run, plan->runs[run].seconds, sw_checkpoints_wanted(plan, run));
        status = sw_storage_take_over(&settled, &master->storage, run);
        if (status == SW_OK && settled) sw_scheduler_set(master->scheduler, run, SW_SLOT_DONE);
    }
    if (status == SW_OK) status = sw_extension_create(&master->extension, plan, settings->store, settings->checkpoints);
    if (status == SW_OK && settings->sharing)
        status =
            sw_beginnings_create(&master->beginnings, plan, settings->store, settings->checkpoints, master->scheduler);
    if (status == SW_OK) status = begin_adaptive(master);
    if (status == SW_OK) write_results(master);
    if (status == SW_OK) status = sw_store_flush(settings->store);
done:
    if (status == SW_OK)
        *out = master;
    else
        sw_master_destroy(master);
    return status;
}

void sw_master_destroy(sw_master *master) {
    if (master == NULL) return;
    sw_adaptive_destroy(master->adaptive);
    sw_beginnings_destroy(master->beginnings);
    sw_extension_destroy(master->extension);
    sw_scheduler_destroy(master->scheduler);
    sw_wire_buffer_release(&master->buffer);
    sw_storage_release(&master->storage);
    free(master->workers);
    free(master);
}

/* ---- messages to workers ---- */

/* What was encoded into the master's buffer. */
static sw_status send_buffer(sw_master *master, size_t worker, sw_status encoded) {
    if (encoded != SW_OK) return encoded;
    sw_wire_set_generation(&master->buffer, master->workers[worker].generation);
    return master->settings.port.send(master->settings.port.context, worker, master->buffer.data, master->buffer.size);
}

static sw_status tell(sw_master *master, size_t worker, sw_wire_tag tag, int32_t run, const void *payload,
                      size_t size) {
    return send_buffer(master, worker, sw_wire_encode(&master->buffer, tag, run, payload, size));
}

static sw_status assign(sw_master *master, size_t worker, size_t run) {
    const sw_planned_run *planned = &master->plan->runs[run];
    int64_t row = row_of(master, run);
    sw_wire_assign message;
    memset(&message, 0, sizeof message);
    message.config = planned->config;
    message.silence = master->settings.silence;
    message.until_step = until_step(master, run);
    if (sw_checkpoints_wanted(master->plan, run)) {
        sw_extension_prepare(master->extension, run);
        message.recorded = sw_store_flushed(master->storage.store, row);
        message.snapshots = sw_store_flushed_snapshots(master->storage.store, row);
        sw_status status = sw_checkpoints_path(message.checkpoint, master->settings.checkpoints, planned->id);
        if (status != SW_OK) return status;
    }
    return send_buffer(master, worker, sw_wire_encode_assign(&master->buffer, (int32_t)run, &message));
}

static double stop_margin(const sw_master *master) {
    double limit = master->settings.deadline - master->started;
    double margin = fmin(15, fmax(1, 0.05 * limit));
    return fmax(margin, 1 + 1.5 * master->longest_gap);
}

/* Workers without a run first, then those whose run ends soon. */
static sw_status hand_out(sw_master *master, double now) {
    double left = master->settings.deadline - stop_margin(master) - now;
    for (int round = 0; round < 2; round++) {
        for (size_t w = 0; w < master->settings.workers; w++) {
            if ((sw_scheduler_queue_length(master->scheduler, w) == 0) != (round == 0)) continue;
            int64_t run;
            while ((run = sw_scheduler_next(master->scheduler, w, sw_master_current_left(master, w, now), left)) >= 0) {
                sw_status status = assign(master, w, (size_t)run);
                if (status != SW_OK) return status;
                if (round == 0) break; /* the next worker without a run comes first */
            }
        }
    }
    size_t worker, run;
    while (sw_scheduler_recall(master->scheduler, &worker, &run)) {
        sw_status status = tell(master, worker, SW_WIRE_RECALL, (int32_t)run, NULL, 0);
        if (status != SW_OK) return status;
    }
    return SW_OK;
}

static sw_status pass_on_stop(sw_master *master) {
    for (size_t w = 0; w < master->settings.workers; w++) {
        sw_master_worker *worker = &master->workers[w];
        if (worker->stop_sent || sw_scheduler_retired(master->scheduler, w)) continue;
        worker->stop_sent = true;
        sw_status status = tell(master, w, SW_WIRE_STOP, -1, NULL, 0);
        if (status != SW_OK) return status;
    }
    return SW_OK;
}

/* What was given before a flush is safe after it. */
static sw_status acknowledge(sw_master *master) {
    for (size_t w = 0; w < master->settings.workers; w++) {
        sw_master_worker *worker = &master->workers[w];
        int64_t run = sw_scheduler_current(master->scheduler, w);
        if (run < 0 || !sw_checkpoints_wanted(master->plan, (size_t)run)) continue;
        if (memcmp(&worker->acknowledged, &worker->given, sizeof worker->given) == 0) continue;
        worker->acknowledged = worker->given;
        sw_status status = tell(master, w, SW_WIRE_ACKNOWLEDGE, (int32_t)run, &worker->given, sizeof worker->given);
        if (status != SW_OK) return status;
    }
    return SW_OK;
}

/* ---- messages of workers ---- */

static void advance(sw_master *master, sw_master_worker *worker, int64_t step) {
    if (step <= worker->step) return; /* a pulse tells about where the run is */
    master->steps += step - worker->step;
    worker->step = step;
}

static sw_status on_begin(sw_master *master, size_t w, size_t run, const sw_wire_begin *begin) {
    sw_status status = sw_scheduler_begin(master->scheduler, w, run);
    if (status != SW_OK) return status;
    sw_master_worker *worker = &master->workers[w];
    *worker = (sw_master_worker){.began = sw_clock_now(),
                                 .until_step = until_step(master, run),
                                 .streak_start = -1,
                                 .train_accuracy = NAN,
                                 .test_accuracy = NAN,
                                 .generation = worker->generation,
                                 .stop_sent = worker->stop_sent};
    memcpy(worker->host, begin->host, sizeof worker->host);
    return SW_OK;
}

/* The run's row is taken into use; what an earlier attempt has `given` stays. */
static void start_row(sw_master *master, size_t w, size_t run, sw_wire_acknowledge given) {
    sw_master_worker *worker = &master->workers[w];
    worker->started = true;
    worker->given = worker->acknowledged = given;
    if (!can_write(master)) return;
    check(master, sw_store_resume(master->storage.store, row_of(master, run), worker->host,
                                  master->settings.first_rank + (int64_t)w, given.records, given.snapshots));
}

static sw_status on_start(sw_master *master, size_t w, size_t run, const sw_wire_start *start) {
    sw_master_worker *worker = &master->workers[w];
    int64_t row = row_of(master, run);
    if (start->records < 0 || start->records > sw_store_flushed(master->storage.store, row) || start->snapshots < 0 ||
        start->snapshots > sw_store_flushed_snapshots(master->storage.store, row))
        return sw_fail(SW_E_PROTOCOL, "run %zu goes on from record %lld, which is not in the file", run,
                       (long long)start->records);
    const sw_run_config *config = &master->plan->runs[run].config;
    const int64_t from = sw_beginnings_from(master->beginnings, run);
    const int64_t recorded = start->records > 0 ? (start->records - 1) * config->evaluate.every : 0;
    worker->step = worker->begin_step = start->records > 0 && from > recorded ? from : recorded;
    start_row(master, w, run, (sw_wire_acknowledge){start->records, start->snapshots});
    return SW_OK;
}

static void note_record(sw_master *master, sw_master_worker *worker, size_t run, const sw_record *record) {
    advance(master, worker, record->step);
    worker->given.records = record->evaluation + 1;
    worker->train_accuracy = record->value[SW_METRIC_TRAIN_ACCURACY];
    worker->test_accuracy = record->value[SW_METRIC_TEST_ACCURACY];
    master->newest_test_accuracy = worker->test_accuracy;
    const sw_stop_config *stop = &master->plan->runs[run].config.stop;
    if (!(stop->test_accuracy > 0) || !(worker->test_accuracy >= (float)stop->test_accuracy))
        worker->streak_start = -1;
    else if (worker->streak_start < 0)
        worker->streak_start = record->step;
}

/* Facts, data, records, snapshots of the run that the worker trains. */
static void on_output(sw_master *master, size_t w, const sw_wire_message *message) {
    sw_master_worker *worker = &master->workers[w];
    size_t run = (size_t)message->run;
    int64_t row = row_of(master, run);
    if (message->tag == SW_WIRE_RECORD) note_record(master, worker, run, message->body.record);
    if (message->tag == SW_WIRE_SNAPSHOT) worker->given.snapshots = message->body.snapshot.snapshot + 1;
    if (!can_write(master)) return;
    sw_status status = SW_OK;
    switch (message->tag) {
    case SW_WIRE_FACTS: status = sw_store_facts(master->storage.store, row, message->body.facts); break;
    case SW_WIRE_DATA: status = sw_store_data(master->storage.store, row, &message->body.data); break;
    case SW_WIRE_RECORD: status = sw_store_record(master->storage.store, row, message->body.record); break;
    case SW_WIRE_SNAPSHOT: status = sw_store_snapshot(master->storage.store, row, &message->body.snapshot); break;
    default: assert(false);
    }
    check(master, status);
}

static void on_pulse(sw_master *master, size_t w, const sw_wire_pulse *pulse) {
    sw_master_worker *worker = &master->workers[w];
    advance(master, worker, pulse->step);
    worker->pulse_at = sw_clock_now();
    worker->pulse_seconds = pulse->seconds;
    master->longest_gap = fmax(master->longest_gap, pulse->gap);
    int64_t run = sw_scheduler_current(master->scheduler, w);
    if (run >= 0 && !(master->planned_seconds > 0)) { /* a first idea, until a run has ended */
        double part = (double)(pulse->step - worker->begin_step) / (double)master->plan->runs[run].config.steps;
        double planned = part * master->plan->runs[run].seconds;
        if (planned > 0) sw_scheduler_scale(master->scheduler, pulse->seconds / planned);
    }
}

/* The run has failed for good, or is pending again after a try that is charged. */
static void close_try(sw_master *master, size_t w, size_t run, sw_slot after, const sw_run_result *result) {
    sw_display_clear(master->settings.display);
    int tries = sw_scheduler_tries(master->scheduler, run);
    if (after == SW_SLOT_FAILED)
        sw_error("run %zu failed: %s", run, result->error);
    else
        sw_warn("run %zu on worker %zu: %s; try %d of %d follows", run, w + 1, result->error, tries + 1,
                (int)SW_SCHEDULER_TRIES);
    if (after == SW_SLOT_FAILED) sw_beginnings_ended(master->beginnings, run);
    if (after == SW_SLOT_FAILED && !master->workers[w].started) start_row(master, w, run, (sw_wire_acknowledge){0, 0});
    if (!can_write(master)) return;
    check(master, sw_store_requeue(master->storage.store, row_of(master, run), true));
    if (after == SW_SLOT_FAILED) finish(master, run, result);
}

static sw_status on_finish(sw_master *master, size_t w, size_t run, const sw_wire_finish *finished) {
    static const sw_ending endings[SW_OUTCOME_COUNT] = {
        [SW_OUTCOME_RESULT] = SW_ENDING_DONE, [SW_OUTCOME_FAILED] = SW_ENDING_FAILED,
        [SW_OUTCOME_RETRY] = SW_ENDING_RETRY, [SW_OUTCOME_INTERRUPTED] = SW_ENDING_BACK,
        [SW_OUTCOME_HELD] = SW_ENDING_HELD,
    };
    sw_wire_outcome outcome = (sw_wire_outcome)finished->outcome;
    sw_slot after;
    /* A result that cannot be written is no result: the run is left for another job. */
    sw_ending ending = master->storage.failed ? SW_ENDING_BACK : endings[outcome];
    sw_status status = sw_scheduler_end(master->scheduler, w, run, ending, &after);
    if (status != SW_OK || master->storage.failed) return status;
    advance(master, &master->workers[w], finished->result.steps);
    master->storage.unflushed = true;
    switch (outcome) {
    case SW_OUTCOME_RESULT:
        sw_master_calibrate(master, run, &finished->result);
        finish(master, run, &finished->result);
        sw_beginnings_ended(master->beginnings, run);
        break;
    case SW_OUTCOME_FAILED:
    case SW_OUTCOME_RETRY: close_try(master, w, run, after, &finished->result); break;
    case SW_OUTCOME_INTERRUPTED:
    case SW_OUTCOME_HELD:
        check(master, sw_store_requeue(master->storage.store, row_of(master, run), false));
        if (outcome == SW_OUTCOME_HELD && sw_beginnings_until(master->beginnings, run) > 0)
            sw_beginnings_reached(master->beginnings, run, finished->result.steps);
        else if (outcome == SW_OUTCOME_HELD && !master->storage.failed)
            check(master, note_rung(master, run, &finished->result));
        write_results(master);
        break;
    case SW_OUTCOME_COUNT: assert(false);
    }
    return SW_OK;
}

static void describe_loss(char *out, size_t capacity, const sw_wire_lost *lost) {
    char how[128];
    if (lost->hung == 1)
        snprintf(how, sizeof how, "gave no sign of life and was killed");
    else if (lost->hung == 2)
        snprintf(how, sizeof how, "was stopped and then killed");
    else if (lost->signal != 0)
        snprintf(how, sizeof how, "killed by signal %d (%s%s)", lost->signal, strsignal(lost->signal),
                 lost->signal == 9 ? "; out of memory?" : "");
    else
        snprintf(how, sizeof how, "exited with code %d", lost->exit_code);
    snprintf(out, capacity, "trainer %s, peak memory %.0f MB", how, (double)lost->peak_memory / 1e6);
}

static void on_lost(sw_master *master, size_t w, const sw_wire_lost *lost) {
    sw_master_worker *worker = &master->workers[w];
    worker->generation++;
    int64_t run;
    sw_slot after;
    sw_scheduler_lose_trainer(master->scheduler, w, &run, &after);
    if (run >= 0) {
        sw_run_result result = {.state = SW_RUN_FAILED,
                                .records = (int32_t)worker->given.records,
                                .snapshots = (int32_t)worker->given.snapshots,
                                .steps = worker->step,
                                .wall_seconds = sw_clock_now() - worker->began};
        describe_loss(result.error, sizeof result.error, lost);
        close_try(master, w, (size_t)run, after, &result);
    }
    if (!lost->retired) return;
    sw_display_clear(master->settings.display);
    sw_error("worker %zu cannot start trainers and gets no more runs: %s", w + 1, lost->detail);
    sw_scheduler_retire(master->scheduler, w);
    master->workers_failed = true;
}

static sw_status dispatch(sw_master *master, size_t w, const sw_wire_message *message) {
    bool has_run = message->run >= 0;
    if (has_run && (size_t)message->run >= master->plan->count)
        return sw_fail(SW_E_PROTOCOL, "%s message of run %d", sw_wire_tag_name(message->tag), message->run);
    size_t run = has_run ? (size_t)message->run : 0;
    switch (message->tag) {
    case SW_WIRE_BEGIN: return on_begin(master, w, run, message->body.begin);
    case SW_WIRE_START:
    case SW_WIRE_FACTS:
    case SW_WIRE_DATA:
    case SW_WIRE_RECORD:
    case SW_WIRE_SNAPSHOT:
    case SW_WIRE_PULSE:
        if (sw_scheduler_current(master->scheduler, w) != message->run)
            return sw_fail(SW_E_PROTOCOL, "%s message of run %d, which it does not train",
                           sw_wire_tag_name(message->tag), message->run);
        if (message->tag == SW_WIRE_PULSE)
            on_pulse(master, w, message->body.pulse);
        else if (message->tag == SW_WIRE_START)
            return on_start(master, w, run, message->body.start);
        else
            on_output(master, w, message);
        return SW_OK;
    case SW_WIRE_FINISH: return on_finish(master, w, run, message->body.finish);
    case SW_WIRE_RETURN: return sw_scheduler_return(master->scheduler, w, run);
    case SW_WIRE_STOPPED: sw_scheduler_retire(master->scheduler, w); return SW_OK;
    case SW_WIRE_LOST: on_lost(master, w, message->body.lost); return SW_OK;
    case SW_WIRE_STOP_WANTED: stop(master, "a worker was asked to stop"); return SW_OK;
    default: return sw_fail(SW_E_PROTOCOL, "a master cannot take a %s message", sw_wire_tag_name(message->tag));
    }
}

sw_status sw_master_receive(sw_master *master, size_t worker, const void *frame, size_t size) {
    assert(worker < master->settings.workers);
    sw_wire_message message;
    sw_status status = sw_wire_decode(&message, frame, size);
    if (status == SW_OK) status = dispatch(master, worker, &message);
    return status == SW_OK ? SW_OK : sw_fail_in(status, "worker %zu", worker + 1);
}

/* ---- time ---- */

/* A tick's own writing counts as being away: the next tick is when workers hear of us again. */
static void note_absence(sw_master *master, double now) {
    master->away = fmax(now - master->last_tick, master->away * ABSENCE_KEPT);
    master->last_tick = now;
    sw_scheduler_cover(master->scheduler, master->away);
}

sw_status sw_master_tick(sw_master *master) {
    double now = sw_clock_now();
    note_absence(master, now);
    int signals = sw_signals_count();
    if (signals > 1) return sw_fail(SW_E_INTERRUPTED, "second signal");
    if (signals > 0) stop(master, sw_signals_name());
    if (now >= master->settings.deadline - stop_margin(master)) stop(master, "the time limit is near");

    bool flushed = sw_storage_flush_if_due(&master->storage, now);
    check(master, SW_OK);
    if (flushed) write_results(master);
    sw_status status = flushed ? acknowledge(master) : SW_OK;
    if (status == SW_OK && !sw_storage_troubled(&master->storage)) status = hand_out(master, now);
    if (status == SW_OK && sw_scheduler_stopped(master->scheduler)) status = pass_on_stop(master);
    if (flushed) sw_master_write_status(master, "running", -1);
    sw_display *display = master->settings.display;
    if (status == SW_OK && display != NULL && sw_display_due(display, now)) {
        sw_master_update_status(master, now);
        sw_display_show(display, now, &master->status, master->newest_test_accuracy);
    }
    return status;
}

bool sw_master_over(const sw_master *master) {
    if (!sw_scheduler_over(master->scheduler)) return false;
    return !sw_storage_troubled(&master->storage) || sw_scheduler_stopped(master->scheduler);
}

/* ---- the end ---- */

int sw_master_exit_code(const sw_master *master) {
    if (master->storage.failed || sw_storage_troubled(&master->storage)) return SW_EXIT_STORE;
    if (sw_master_runs_left(master) > 0) {
        bool nobody_left = master->workers_failed && !sw_scheduler_stopped(master->scheduler);
        return nobody_left ? SW_EXIT_FAILED_RUNS : SW_EXIT_STOPPED;
    }
    return sw_scheduler_count(master->scheduler, SW_SLOT_FAILED) > 0 ? SW_EXIT_FAILED_RUNS : SW_EXIT_OK;
}

int sw_master_conclude(sw_master *master) {
    int exit_code = sw_master_exit_code(master);
    const char *state = exit_code == SW_EXIT_OK || exit_code == SW_EXIT_FAILED_RUNS ? "finished"
                        : exit_code == SW_EXIT_STOPPED                              ? "stopped"
                                                                                    : "failed";
    sw_display_clear(master->settings.display);
    sw_master_write_status(master, state, exit_code);
    sw_master_report(master);
    return exit_code;
}
