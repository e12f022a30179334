/* storage.h: how the master writes: when it flushes, what it does while the results file cannot be written, and what
 * the file means for runs that are to be trained. It serves the master and knows nothing of it. */
#pragma once

#include "farm/display.h"
#include "symsweep/plan.h"
#include "symsweep/store.h"

/* A result to be written, or written and not flushed. */
typedef struct sw_storage_result {
    size_t run;
    sw_run_result result;
} sw_storage_result;

/* Zero-initialize; set the first five and troubled_since. */
typedef struct sw_storage {
    const sw_plan *plan;
    sw_store *store;         /* open; the caller closes it */
    const char *checkpoints; /* folder of checkpoints */
    sw_display *display;     /* to be cleared before anything is said; NULL = none */
    double patience;         /* seconds for which a file that cannot be written is tried again */
    double troubled_since;   /* the last flush failed and is tried again; NaN = all is well */
    double next_flush;
    bool unflushed;
    bool failed; /* given up: nothing more is written, and the job is to stop */
    sw_storage_result *results;
    size_t written, result_count, result_capacity; /* written, not flushed: so many of them, from the first */
} sw_storage;

/* A run as far as it is known: its records, and what follows from them. */
typedef struct sw_curves {
    sw_record *records; /* free with free() */
    size_t count;
    sw_onsets onsets;
} sw_curves;

void sw_storage_release(sw_storage *storage);

/* What the file holds of a run before the job: *settled = it is not trained. Onsets are recomputed when thresholds
 * changed; rows that an edited sweep decides anew are pending again. */
sw_status sw_storage_take_over(bool *settled, sw_storage *storage, size_t run) SW_MUST_CHECK;

sw_status sw_storage_curves(sw_curves *out, const sw_storage *storage, size_t run, sw_run_state state) SW_MUST_CHECK;

bool sw_storage_troubled(const sw_storage *storage);

/* Takes in how a call of the store went that has no second chance: a failure is the end of writing. */
void sw_storage_check(sw_storage *storage, sw_status status);

/* A run has ended: its result is to be written. */
void sw_storage_add(sw_storage *storage, size_t run, const sw_run_result *result);
/* Writes the first that was added: *out, with the run's curves. False = none is left, or the file cannot be written
 * and they wait for a flush that succeeds. */
bool sw_storage_write_next(sw_storage_result *out, sw_curves *curves, sw_storage *storage);

/* Flushes when it is time to; true when everything given so far is safe now. */
bool sw_storage_flush_if_due(sw_storage *storage, double now);
