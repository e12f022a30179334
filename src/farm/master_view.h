/* master_view.h: the data of the master, for master.c, and what it expects and shows of it. */
#pragma once

#include "farm/adaptive.h"
#include "farm/beginnings.h"
#include "farm/extension.h"
#include "farm/master.h"
#include "farm/storage.h"
#include "farm/wire.h"
#include "symsweep/progress_file.h"
#include "symsweep/scheduler.h"

/* A worker and the run it trains. */
typedef struct sw_master_worker {
    double began;             /* when its current run began, on this process's clock */
    int64_t begin_step, step; /* of the current run */
    int64_t until_step;       /* where its current run is to wait for others, 0 = nowhere */
    int64_t streak_start;     /* step from which `stop` has held, -1 = it does not */
    double pulse_at,
        pulse_seconds; /* newest sign of life: when, and how long the run had taken by then; 0 = none yet */
    sw_wire_acknowledge given, acknowledged; /* of the current run: handed to the store; known to be safe there */
    float train_accuracy, test_accuracy;
    bool started; /* the results file knows that the current run is in training */
    char host[SW_WIRE_HOST_MAX];
    uint16_t generation; /* of its trainer */
    bool stop_sent;
} sw_master_worker;

struct sw_master {
    sw_master_settings settings;
    const sw_plan *plan;
    sw_storage storage;
    sw_scheduler *scheduler;
    sw_master_worker *workers;
    sw_extension *extension;   /* NULL: no run can go on from another */
    sw_adaptive *adaptive;     /* NULL: no run waits for the results of others */
    sw_beginnings *beginnings; /* NULL: no two runs begin alike */
    size_t not_selected, pruned;
    sw_wire_buffer buffer;
    double started;
    double last_tick, away; /* when the last tick ended; longest time between two ticks, slowly forgotten */
    bool workers_failed;
    double longest_gap;                   /* between two signs of life of any trainer: a step and an evaluation */
    double wall_seconds, planned_seconds; /* of the finished (parts of) runs that calibrate the plan's estimates */
    int64_t steps;                        /* taken since the job started */
    double rate, rate_at;                 /* steps a second, smoothed; when it was last updated */
    int64_t rate_steps;
    float newest_test_accuracy;
    sw_progress_file status; /* how far the sweep is, as the status file has it */
    bool status_refused;     /* the status file could not be written, which has been said */
};

/* Seconds until the first run of a worker's queue ends; NaN = unknown. */
double sw_master_current_left(const sw_master *master, size_t worker, double now);
/* Takes in how long a run took. */
void sw_master_calibrate(sw_master *master, size_t run, const sw_run_result *result);

/* Brings master->status up to date, for the display. */
void sw_master_update_status(sw_master *master, double now);
/* The status file beside the results, for where those cannot be read while they are written. `state` and `exit_code`
 * as in progress_file.h. Nothing depends on it: a failure is said once, and the sweep goes on. */
void sw_master_write_status(sw_master *master, const char *state, int64_t exit_code);

/* Runs that are not over. */
size_t sw_master_runs_left(const sw_master *master);
/* One line on what was done, to the log. */
void sw_master_report(const sw_master *master);
