/* master_state.h: what master.c, master_storage.c and master_view.c share. */
#ifndef SYMSWEEP_FARM_MASTER_STATE_H
#define SYMSWEEP_FARM_MASTER_STATE_H

#include "farm/master.h"
#include "farm/scheduler.h"
#include "farm/wire.h"
#include "symsweep/progress_file.h"

/* A worker and the run it trains. */
typedef struct sw_master_worker {
    double began;             /* when its current run began, on this process's clock */
    int64_t begin_step, step; /* of the current run */
    int64_t streak_start;     /* step from which `stop` has held, -1 = it does not */
    double pulse_at,
        pulse_seconds; /* newest sign of life: when, and how long the run had taken by then; 0 = none yet */
    int64_t given_records, given_snapshots; /* of the current run, handed to the store */
    int64_t acknowledged_records, acknowledged_snapshots;
    float train_accuracy, test_accuracy;
    bool started; /* the results file knows that the current run is in training */
    char host[SW_WIRE_HOST_MAX];
    uint16_t generation; /* of its trainer */
    bool stop_sent;
} sw_master_worker;

/* A result that waits for the results file to become writable again. */
typedef struct sw_deferred_result {
    size_t run;
    sw_run_result result;
} sw_deferred_result;

typedef struct sw_adaptive sw_adaptive;

struct sw_master {
    sw_master_settings settings;
    const sw_plan *plan;
    sw_store *store;
    sw_scheduler *scheduler;
    sw_master_worker *workers;
    sw_adaptive *adaptive; /* NULL: no run waits for the results of others */
    size_t not_selected, pruned;
    sw_wire_buffer buffer;
    double started, next_flush;
    double last_tick, away; /* when the last tick ended; longest time between two ticks, slowly forgotten */
    bool unflushed, workers_failed;
    bool storage_failed;   /* given up: nothing more is written */
    double troubled_since; /* the last flush failed and is tried again; NaN = all is well */
    sw_deferred_result *deferred;
    size_t deferred_count, deferred_capacity;
    size_t *ended; /* runs whose checkpoints go with the next flush, for it makes their results safe */
    size_t ended_count;
    double longest_gap;                   /* between two signs of life of any trainer: a step and an evaluation */
    double wall_seconds, planned_seconds; /* of the finished (parts of) runs that calibrate the plan's estimates */
    int64_t steps;                        /* taken since the job started */
    double rate, rate_at;                 /* steps a second, smoothed; when it was last updated */
    int64_t rate_steps;
    float newest_test_accuracy;
    sw_progress_file progress;
    bool progress_refused; /* the status file could not be written, which has been said */
};

int64_t sw_master_row(const sw_master *master, size_t run);
/* Does what the run has reached outlive an interruption? */
bool sw_master_keeps_checkpoints(const sw_master *master, size_t run);
bool sw_master_troubled(const sw_master *master);
/* Takes in how a call of the store went that has no second chance: a failure is the end of writing. */
void sw_master_check_storage(sw_master *master, sw_status status);
/* The run has ended: its onsets, its final values. Deferred while the file cannot be written. */
void sw_master_write_result(sw_master *master, size_t run, const sw_run_result *result);
sw_status sw_master_compute_onsets(sw_onsets *out, sw_master *master, size_t run, sw_run_state state) SW_MUST_CHECK;
/* Flushes when it is time to; true when everything given so far is safe now. */
bool sw_master_flush_if_due(sw_master *master, double now);

/* Seconds until the first run of a worker's queue ends; NaN = unknown. */
double sw_master_current_left(const sw_master *master, size_t worker, double now);
/* Takes in how long a run took. */
void sw_master_calibrate(sw_master *master, size_t run, const sw_run_result *result);
/* Writes the status file. */
void sw_master_note_progress(sw_master *master);
void sw_master_view(sw_master *master, sw_display_view *view, double now);

#endif
