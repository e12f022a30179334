/* master_results.c: what the master writes, and what follows from it for runs that wait for others. */
#include "farm/master_results.h"

#include "farm/checkpoints.h"
#include "symsweep/log.h"

#include <math.h>
#include <stdlib.h>

static int64_t row_of(const sw_master *master, size_t run) { return sw_store_row(master->storage.store, run); }

/* ---- writing ---- */

void sw_master_stop(sw_master *master, const char *reason)
{
    if (sw_scheduler_stopped(master->scheduler)) return;
    sw_scheduler_stop(master->scheduler);
    master->storage.next_flush = 0;
    sw_display_clear(master->settings.display);
    sw_info("stopping: %s", reason);
}

void sw_master_heed_storage(sw_master *master)
{
    if (master->storage.failed) sw_master_stop(master, "the results file cannot be written; what was flushed is safe");
}

void sw_master_check(sw_master *master, sw_status status)
{
    sw_storage_check(&master->storage, status);
    sw_master_heed_storage(master);
}

bool sw_master_can_write(sw_master *master)
{
    if (!master->storage.failed) master->storage.unflushed = true;
    return !master->storage.failed;
}

/* ---- runs that wait for others ---- */

static sw_status let_train(sw_master *master, const sw_decision *decision)
{
    sw_store *store = master->storage.store;
    int64_t row = row_of(master, decision->run);
    sw_scheduler_expect(master->scheduler, decision->run, decision->seconds,
                        sw_checkpoints_wanted(master->plan, decision->run));
    sw_scheduler_release(master->scheduler, decision->run);
    if (sw_store_state(store, row) == SW_RUN_PENDING) return SW_OK;
    master->storage.unflushed = true; /* a row that an earlier form of the sweep had no need of */
    return sw_store_requeue(store, row, false);
}

static sw_status leave_out(sw_master *master, size_t run)
{
    int64_t row = row_of(master, run);
    sw_scheduler_drop(master->scheduler, run);
    master->not_selected++;
    if (sw_store_state(master->storage.store, row) == SW_RUN_NOT_SELECTED) return SW_OK;
    master->storage.unflushed = true;
    return sw_store_settle(master->storage.store, row, SW_RUN_NOT_SELECTED);
}

static void prune(sw_master *master, const sw_decision *decision)
{
    sw_curves curves;
    sw_scheduler_drop(master->scheduler, decision->run);
    master->pruned++;
    if (sw_store_state(master->storage.store, row_of(master, decision->run)) == SW_RUN_PRUNED) return;
    const sw_run_result result = {.state = SW_RUN_PRUNED,
                                  .steps = decision->step,
                                  .wall_seconds = decision->wall_seconds,
                                  .measure_seconds = decision->measure_seconds};
    sw_storage_finish(&curves, &master->storage, decision->run, &result);
    free(curves.records);
}

static sw_status write_place(sw_master *master, const sw_decision *decision)
{
    const sw_refine_point *point = &decision->point;
    const sw_store_refined refined = {.round = decision->round,
                                      .class = point->class,
                                      .decided = point->decided,
                                      .reached = point->reached,
                                      .low = point->decided > 0 ? point->low : NAN,
                                      .high = point->decided > 0 ? point->high : NAN};
    master->storage.unflushed = true;
    return sw_store_refine(master->storage.store, row_of(master, decision->run), &refined);
}

static sw_status carry_out_decisions(sw_master *master)
{
    sw_decision decision;
    sw_status status = SW_OK;
    while (status == SW_OK && sw_adaptive_next(&decision, master->adaptive)) {
        switch (decision.kind) {
        case SW_DECISION_TRAIN: status = let_train(master, &decision); break;
        case SW_DECISION_LEAVE_OUT: status = leave_out(master, decision.run); break;
        case SW_DECISION_PRUNE: prune(master, &decision); break;
        case SW_DECISION_PLACE: status = write_place(master, &decision); break;
        }
    }
    return status;
}

/* What is known of a run, its curves among it, which are freed. */
static sw_status tell_adaptive(sw_master *master, const sw_run_result *known, size_t run, bool ended, sw_curves *curves)
{
    const sw_adaptive_news news = {.run = run,
                                   .ended = ended,
                                   .state = (sw_run_state)known->state,
                                   .onsets = &curves->onsets,
                                   .records = curves->records,
                                   .count = curves->count,
                                   .wall_seconds = known->wall_seconds,
                                   .measure_seconds = known->measure_seconds};
    sw_status status = sw_adaptive_hear(master->adaptive, &news);
    free(curves->records);
    return status;
}

/* A result is written: others may have waited for it. */
static void note_ended(sw_master *master, size_t run, const sw_run_result *result, sw_curves *curves)
{
    sw_status status = tell_adaptive(master, result, run, true, curves);
    sw_master_check(master, status == SW_OK ? carry_out_decisions(master) : status);
}

sw_status sw_master_note_rung(sw_master *master, size_t run, const sw_run_result *result)
{
    sw_curves curves;
    if (sw_adaptive_until(master->adaptive, run) == 0)
        return sw_fail(SW_E_PROTOCOL, "run %zu stopped at step %lld, which nobody asked for", run,
                       (long long)result->steps);
    sw_status status = sw_storage_curves(&curves, &master->storage, run, SW_RUN_PENDING);
    if (status == SW_OK) status = tell_adaptive(master, result, run, false, &curves);
    return status == SW_OK ? carry_out_decisions(master) : status;
}

void sw_master_finish(sw_master *master, size_t run, const sw_run_result *result)
{
    sw_curves curves;
    if (sw_storage_finish(&curves, &master->storage, run, result)) note_ended(master, run, result, &curves);
    sw_master_heed_storage(master);
}

void sw_master_finish_deferred(sw_master *master)
{
    sw_curves curves;
    sw_deferred_result written;
    while (sw_storage_finish_deferred(&curves, &written, &master->storage))
        note_ended(master, written.run, &written.result, &curves);
}

/* ---- starting ---- */

sw_status sw_master_begin_adaptive(sw_master *master)
{
    bool halves = master->plan->adaptive.halving.rung_count > 0;
    sw_status status = sw_adaptive_create(&master->adaptive, master->plan);
    for (size_t run = 0; run < master->plan->count && status == SW_OK && master->adaptive != NULL; run++) {
        sw_curves curves = {0};
        const sw_run_result known = {.state = sw_store_state(master->storage.store, row_of(master, run))};
        bool waits = sw_scheduler_slot(master->scheduler, run) == SW_SLOT_PENDING;
        if (waits) sw_scheduler_hold(master->scheduler, run);
        if (!waits || halves) status = sw_storage_curves(&curves, &master->storage, run, (sw_run_state)known.state);
        if (status == SW_OK) status = tell_adaptive(master, &known, run, !waits, &curves);
    }
    if (status == SW_OK) status = sw_adaptive_begin(master->adaptive);
    return status == SW_OK ? carry_out_decisions(master) : status;
}
