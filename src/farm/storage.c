/* storage.c: how the master writes: when it flushes, and what it does while the file cannot be written. */
#include "farm/storage.h"

#include "farm/checkpoints.h"
#include "symsweep/clock.h"
#include "symsweep/grow.h"
#include "symsweep/log.h"
#include "symsweep/measure.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Between two flushes; longer on a slow disk, so that the master has time for its workers. */
static const double FLUSH_SECONDS = 1.0, FLUSH_SECONDS_MAX = 5.0, FLUSH_SHARE = 0.2;

void sw_storage_release(sw_storage *storage) { free(storage->results); }

bool sw_storage_troubled(const sw_storage *storage) { return !isnan(storage->troubled_since); }

static int64_t row_of(const sw_storage *storage, size_t run) { return sw_store_row(storage->store, run); }

/* ---- what the file holds ---- */

sw_status sw_storage_curves(sw_curves *out, const sw_storage *storage, size_t run, sw_run_state state) {
    const sw_run_config *config = &storage->plan->runs[run].config;
    *out = (sw_curves){0};
    sw_status status = sw_store_records(storage->store, row_of(storage, run), &out->records, &out->count);
    if (status != SW_OK) return status;
    bool cut = (state == SW_RUN_DONE || state == SW_RUN_PRUNED) && out->count > 0;
    bool stopped_early = cut && out->records[out->count - 1].step < config->steps;
    sw_phases_onsets(&out->onsets, out->records, out->count, config, state, stopped_early);
    return SW_OK;
}

static sw_status renew_onsets(sw_storage *storage, size_t run, sw_run_state state) {
    sw_curves curves;
    sw_status status = sw_storage_curves(&curves, storage, run, state);
    if (status == SW_OK) status = sw_store_onsets(storage->store, row_of(storage, run), &curves.onsets);
    free(curves.records);
    return status;
}

/* Would the rules of `prune`, which may have been edited, still have given the run up where it was? */
static sw_status is_still_pruned(bool *out, const sw_storage *storage, size_t run) {
    const sw_prune_config *rule = &storage->plan->runs[run].config.prune;
    sw_prune_watch watch = {.generalized_since = -1};
    sw_record *records = NULL;
    size_t count = 0;
    *out = false;
    if (rule->generalized_for_steps <= 0 && !(rule->diverged_train_loss > 0)) return SW_OK;
    sw_status status = sw_store_records(storage->store, row_of(storage, run), &records, &count);
    for (size_t i = 0; i < count && !*out; i++) *out = sw_measure_prune(&watch, rule, &records[i]);
    free(records);
    return status;
}

/* Rows that were decided against. With refine and halving it is decided again, from the results; a row that they have
 * no part in is trained unless a rule speaks against it. */
static sw_status take_over_decided(bool *settled, sw_storage *storage, size_t run, sw_run_state state) {
    const sw_adaptive_config *adaptive = &storage->plan->adaptive;
    bool again = state == SW_RUN_PRUNED ? adaptive->halving.rung_count > 0 : adaptive->refine.axis_count > 0;
    sw_status status = state == SW_RUN_PRUNED ? is_still_pruned(settled, storage, run) : SW_OK;
    if (status != SW_OK || *settled || again) return status;
    return sw_store_requeue(storage->store, row_of(storage, run), false);
}

sw_status sw_storage_take_over(bool *settled, sw_storage *storage, size_t run) {
    int64_t row = row_of(storage, run);
    sw_run_state state = sw_store_state(storage->store, row);
    *settled = false;
    switch (state) {
    case SW_RUN_DONE:
    case SW_RUN_DIVERGED:
        *settled = true;
        return sw_store_onsets_stale(storage->store, row) ? renew_onsets(storage, run, state) : SW_OK;
    case SW_RUN_NOT_SELECTED:
    case SW_RUN_PRUNED: return take_over_decided(settled, storage, run, state);
    case SW_RUN_FAILED:
    case SW_RUN_RUNNING: return sw_store_requeue(storage->store, row, false);
    case SW_RUN_PENDING:
    case SW_RUN_STATE_COUNT: return SW_OK;
    }
    return sw_fail(SW_E_STORE, "run %zu has an unknown state %d in the results file", run, (int)state);
}

/* ---- results ---- */

static void give_up(sw_storage *storage) {
    storage->failed = true;
    sw_display_clear(storage->display);
    sw_error("the results file cannot be written: %s", sw_fail_message());
}

void sw_storage_check(sw_storage *storage, sw_status status) {
    if (status != SW_OK && !storage->failed) give_up(storage);
}

/* The file refused: what is given from now on is kept in memory, and the next flush tries again. */
static void note_trouble(sw_storage *storage) {
    if (sw_storage_troubled(storage)) return;
    storage->troubled_since = sw_clock_now();
    sw_display_clear(storage->display);
    sw_warn("the results file cannot be written: %s; runs in training go on, no new ones start, tried again for %.0f s",
            sw_fail_message(), storage->patience);
}

static sw_status write_result(sw_curves *curves, sw_storage *storage, const sw_storage_result *ended) {
    sw_status status = sw_storage_curves(curves, storage, ended->run, (sw_run_state)ended->result.state);
    if (status == SW_OK)
        status = sw_store_finish(storage->store, row_of(storage, ended->run), &ended->result, &curves->onsets);
    if (status != SW_OK) free(curves->records);
    return status;
}

void sw_storage_add(sw_storage *storage, size_t run, const sw_run_result *result) {
    storage->unflushed = true;
    sw_storage_result *results = sw_grow_array(storage->results, storage->result_count, &storage->result_capacity,
                                               sizeof *results, "results that wait to be written");
    if (results == NULL) {
        sw_storage_check(storage, SW_E_MEMORY);
        return;
    }
    storage->results = results;
    storage->results[storage->result_count++] = (sw_storage_result){.run = run, .result = *result};
}

bool sw_storage_write_next(sw_storage_result *out, sw_curves *curves, sw_storage *storage) {
    if (storage->written == storage->result_count || sw_storage_troubled(storage)) return false;
    *out = storage->results[storage->written];
    storage->unflushed = true;
    bool written = write_result(curves, storage, out) == SW_OK;
    if (written)
        storage->written++;
    else
        note_trouble(storage);
    return written;
}

/* ---- flushing ---- */

/* Results that are written are safe: checkpoints of those runs can go. */
static void close_written(sw_storage *storage) {
    for (size_t i = 0; i < storage->written; i++) {
        const sw_storage_result *ended = &storage->results[i];
        if (ended->result.state != SW_RUN_FAILED && sw_checkpoints_wanted(storage->plan, ended->run))
            sw_checkpoints_discard(storage->checkpoints, storage->plan->runs[ended->run].id);
    }
    storage->result_count -= storage->written;
    if (storage->result_count > 0)
        memmove(storage->results, storage->results + storage->written,
                storage->result_count * sizeof *storage->results);
    storage->written = 0;
}

bool sw_storage_flush_if_due(sw_storage *storage, double now) {
    if (storage->failed) return false;
    sw_status status = sw_store_heartbeat(storage->store);
    if (status == SW_E_BUSY)
        give_up(storage); /* somebody else writes */
    else if (status != SW_OK)
        storage->unflushed = true; /* flushing will tell */
    if (storage->failed || !storage->unflushed || now < storage->next_flush) return false;
    status = sw_store_flush(storage->store);
    double end = sw_clock_now();
    storage->next_flush = end + fmin(FLUSH_SECONDS_MAX, fmax(FLUSH_SECONDS, (end - now) / FLUSH_SHARE));
    if (status != SW_OK) {
        note_trouble(storage);
        if (end - storage->troubled_since > storage->patience) give_up(storage);
        return false;
    }
    storage->unflushed = false;
    close_written(storage);
    if (sw_storage_troubled(storage)) {
        sw_display_clear(storage->display);
        sw_info("the results file can be written again, nothing is lost");
        storage->troubled_since = NAN;
    }
    return true;
}
