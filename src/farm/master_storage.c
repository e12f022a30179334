/* How the master writes: when it flushes, and what it does while the file cannot be written. */
#include "farm/master_adaptive.h"

#include "farm/checkpoints.h"
#include "symsweep/clock.h"
#include "symsweep/log.h"
#include "symsweep/measure.h"

#include <math.h>
#include <stdlib.h>

/* Between two flushes; longer on a slow disk, so that the master has time for its workers. */
static const double FLUSH_SECONDS = 1.0, FLUSH_SECONDS_MAX = 5.0, FLUSH_SHARE = 0.2;

int64_t sw_master_row(const sw_master *master, size_t run) { return sw_store_row(master->store, run); }

bool sw_master_troubled(const sw_master *master) { return !isnan(master->troubled_since); }

static void give_up(sw_master *master)
{
    master->storage_failed = true;
    sw_display_clear(master->settings.display);
    sw_error("the results file cannot be written: %s", sw_fail_message());
    sw_master_stop(master, "the results file cannot be written; what was flushed is safe");
}

void sw_master_check_storage(sw_master *master, sw_status status)
{
    if (status != SW_OK && !master->storage_failed) give_up(master);
}

/* ---- results ---- */

sw_status sw_master_compute_onsets(sw_onsets *out, sw_master *master, size_t run, sw_run_state state)
{
    const sw_run_config *config = &master->plan->runs[run].config;
    sw_record *records = NULL;
    size_t count = 0;
    sw_status status = sw_store_records(master->store, sw_master_row(master, run), &records, &count);
    if (status == SW_OK) {
        bool cut = (state == SW_RUN_DONE || state == SW_RUN_PRUNED) && count > 0;
        bool stopped_early = cut && records[count - 1].step < config->steps;
        sw_phases_onsets(out, records, count, config, state, stopped_early);
    }
    free(records);
    return status;
}

static sw_status write_now(sw_master *master, size_t run, const sw_run_result *result)
{
    sw_onsets onsets;
    sw_status status = sw_master_compute_onsets(&onsets, master, run, (sw_run_state)result->state);
    if (status == SW_OK) status = sw_store_finish(master->store, sw_master_row(master, run), result, &onsets);
    if (status != SW_OK) return status;
    bool resumable = sw_master_keeps_checkpoints(master, run);
    if (resumable && result->state != SW_RUN_FAILED) master->ended[master->ended_count++] = run;
    sw_master_check_storage(master, sw_adaptive_ended(master, run, (sw_run_state)result->state, &onsets));
    return SW_OK;
}

static void discard_checkpoints(sw_master *master)
{
    for (size_t i = 0; i < master->ended_count; i++)
        sw_checkpoint_discard(master->settings.checkpoints, master->plan->runs[master->ended[i]].id);
    master->ended_count = 0;
}

static void defer(sw_master *master, size_t run, const sw_run_result *result)
{
    if (master->deferred_count == master->deferred_capacity) {
        size_t capacity = 2 * master->deferred_capacity + 16;
        sw_deferred_result *deferred = realloc(master->deferred, capacity * sizeof *deferred);
        if (deferred == NULL) {
            sw_master_check_storage(master, sw_fail(SW_E_MEMORY, "no memory for results that wait to be written"));
            return;
        }
        master->deferred = deferred;
        master->deferred_capacity = capacity;
    }
    master->deferred[master->deferred_count++] = (sw_deferred_result){.run = run, .result = *result};
}

/* The file refused: what is given from now on is kept in memory, and the next flush tries again. */
static void note_trouble(sw_master *master)
{
    if (sw_master_troubled(master)) return;
    master->troubled_since = sw_clock_now();
    sw_display_clear(master->settings.display);
    sw_warn("the results file cannot be written: %s; runs in training go on, no new ones start, tried again for %.0f s",
            sw_fail_message(), master->settings.storage_patience);
}

void sw_master_write_result(sw_master *master, size_t run, const sw_run_result *result)
{
    master->unflushed = true;
    if (!sw_master_troubled(master)) {
        if (write_now(master, run, result) == SW_OK) return;
        note_trouble(master);
    }
    defer(master, run, result);
}

static void write_deferred(sw_master *master)
{
    size_t count = master->deferred_count;
    master->deferred_count = 0;
    for (size_t i = 0; i < count; i++) { /* what fails again comes to the same list, never ahead of i */
        sw_deferred_result item = master->deferred[i];
        sw_master_write_result(master, item.run, &item.result);
    }
}

/* ---- flushing ---- */

bool sw_master_flush_if_due(sw_master *master, double now)
{
    if (master->storage_failed) return false;
    sw_status status = sw_store_heartbeat(master->store);
    if (status == SW_E_BUSY)
        give_up(master); /* somebody else writes */
    else if (status != SW_OK)
        master->unflushed = true; /* flushing will tell */
    if (master->storage_failed || !master->unflushed || now < master->next_flush) return false;
    status = sw_store_flush(master->store);
    double end = sw_clock_now();
    master->next_flush = end + fmin(FLUSH_SECONDS_MAX, fmax(FLUSH_SECONDS, (end - now) / FLUSH_SHARE));
    if (status != SW_OK) {
        note_trouble(master);
        if (end - master->troubled_since > master->settings.storage_patience) give_up(master);
        return false;
    }
    master->unflushed = false;
    discard_checkpoints(master);
    if (sw_master_troubled(master)) {
        sw_display_clear(master->settings.display);
        sw_info("the results file can be written again, nothing is lost");
        master->troubled_since = NAN;
        write_deferred(master);
    }
    return true;
}
