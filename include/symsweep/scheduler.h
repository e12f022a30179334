/* scheduler.h: which worker trains which run when. A pure state machine: no MPI, no clock, no files.
 *
 * A run is pending until it is handed to a worker, assigned while it waits in that worker's queue, running from its
 * begin message to its end, then done or failed. Workers take their queue in order; only the first run of a queue can
 * be running. A run whose trainer died, or that ended with a fault that may pass, goes back to pending and is charged a
 * try; after SW_SCHEDULER_TRIES it has failed. Runs that were only waiting, and runs stopped on request, are not
 * charged. Runs that depend on the results of others are held until it is known whether they are needed. */
#pragma once

#include "symsweep/fail.h"

#include <stdint.h>

enum { SW_SCHEDULER_TRIES = 3, SW_SCHEDULER_QUEUE = 256 };

typedef enum sw_slot {
    SW_SLOT_PENDING,
    SW_SLOT_ASSIGNED,
    SW_SLOT_RUNNING,
    SW_SLOT_DONE,
    SW_SLOT_FAILED,
    SW_SLOT_WITHHELD, /* cannot end before the limit and nothing of it could be saved: not started in this job */
    SW_SLOT_HELD,     /* whether it is trained (on) is not decided yet */
    SW_SLOT_DROPPED,  /* decided against */
    SW_SLOT_COUNT
} sw_slot;

typedef enum sw_ending {
    SW_ENDING_DONE,   /* a result */
    SW_ENDING_FAILED, /* would fail again: no further try */
    SW_ENDING_RETRY,  /* may pass: charged a try */
    SW_ENDING_BACK,   /* stopped on request: not charged */
    SW_ENDING_HELD    /* as far as was asked for */
} sw_ending;

typedef struct sw_scheduler sw_scheduler;

/* `order`[runs] is the order in which runs are handed out (copied). All runs are pending. */
sw_status sw_scheduler_create(sw_scheduler **out, size_t runs, const size_t *order, size_t workers) SW_MUST_CHECK;
void sw_scheduler_destroy(sw_scheduler *scheduler);

/* What is decided elsewhere. A pending run needs no training (done, before anything is handed out), or waits for a
 * decision (held); a held one becomes pending, or is decided against (dropped). */
void sw_scheduler_set(sw_scheduler *scheduler, size_t run, sw_slot to);

/* What the run is expected to take, in any unit (scaled by sw_scheduler_scale); savable: what it has reached outlives
 * a stop. Default 0, true. */
void sw_scheduler_expect(sw_scheduler *scheduler, size_t run, double amount, bool savable);
/* Seconds per unit of expectation, measured; until it is known (NaN) nothing is withheld and queues hold one run. */
void sw_scheduler_scale(sw_scheduler *scheduler, double seconds_per_unit);
double sw_scheduler_expected_seconds(const sw_scheduler *scheduler, size_t run); /* NaN = unknown */

/* How long the master may be away (writing to a slow disk, say): queues hold enough to cover it. Default 0. */
void sw_scheduler_cover(sw_scheduler *scheduler, double seconds);

/* The next run for a worker, now assigned to it; -1 = none for now. A worker with an empty queue gets one; behind the
 * run it trains, which ends in about `current_left` seconds (NaN = unknown), it gets more only shortly before the end,
 * so that no run waits behind a long one while another worker idles. seconds_left: until the job's limit (INFINITY). */
int64_t sw_scheduler_next(sw_scheduler *scheduler, size_t worker, double current_left, double seconds_left);

/* A run that waits at one worker while another has nothing and none is pending: to be recalled. Each is proposed once.
 */
bool sw_scheduler_recall(sw_scheduler *scheduler, size_t *worker, size_t *run);

/* Reports of a worker. SW_E_PROTOCOL when they contradict what was handed out. */
sw_status sw_scheduler_begin(sw_scheduler *scheduler, size_t worker, size_t run) SW_MUST_CHECK;
/* *after: done, failed or pending (tried again). */
sw_status sw_scheduler_end(sw_scheduler *scheduler, size_t worker, size_t run, sw_ending ending,
                           sw_slot *after) SW_MUST_CHECK;
sw_status sw_scheduler_return(sw_scheduler *scheduler, size_t worker, size_t run) SW_MUST_CHECK;

/* The worker's trainer died: the running run (*run; -1 = none was running) is charged and pending or failed (*after);
 * those that waited are pending again. */
void sw_scheduler_lose_trainer(sw_scheduler *scheduler, size_t worker, int64_t *run, sw_slot *after);

/* The worker takes no more runs: all that it held is pending, nothing is charged. */
void sw_scheduler_retire(sw_scheduler *scheduler, size_t worker);
bool sw_scheduler_retired(const sw_scheduler *scheduler, size_t worker);

/* Nothing is handed out from now on. */
void sw_scheduler_stop(sw_scheduler *scheduler);
bool sw_scheduler_stopped(const sw_scheduler *scheduler);

/* Nothing is out, and nothing can be handed out any more: all ended, or stopped, withheld, or no worker is left. */
bool sw_scheduler_over(const sw_scheduler *scheduler);

size_t sw_scheduler_count(const sw_scheduler *scheduler, sw_slot slot);
sw_slot sw_scheduler_slot(const sw_scheduler *scheduler, size_t run);
int sw_scheduler_tries(const sw_scheduler *scheduler, size_t run);              /* charged so far */
size_t sw_scheduler_queue_length(const sw_scheduler *scheduler, size_t worker); /* the running one included */
/* The run a worker trains, -1 = none; and entry i of its queue. */
int64_t sw_scheduler_current(const sw_scheduler *scheduler, size_t worker);
size_t sw_scheduler_queued(const sw_scheduler *scheduler, size_t worker, size_t i);
