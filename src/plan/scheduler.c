/* scheduler.c: the state machine of runs and workers. */
#include "symsweep/scheduler.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

/* A worker gets a run behind the one it trains when that one ends within this time, or twice what is to be covered ...
 */
static const double PREFETCH_SECONDS = 2.0;
/* ... and runs for this long at most, or twice what is to be covered, wait in a queue: more than the master's sleep. */
static const double QUEUE_SECONDS = 0.1;

typedef struct run_slot {
    size_t position; /* in order */
    double amount;
    uint8_t slot;  /* sw_slot */
    uint8_t tries; /* charged */
    bool savable;
    bool recalled; /* proposed for recall in its present assignment */
} run_slot;

typedef struct worker_slot {
    size_t queue[SW_SCHEDULER_QUEUE]; /* first is trained first */
    size_t length;
    bool retired;
} worker_slot;

struct sw_scheduler {
    size_t run_count, worker_count;
    run_slot *runs;
    worker_slot *workers;
    size_t *order;
    size_t head;   /* no pending run stands before this position of order */
    size_t active; /* workers not retired */
    size_t count[SW_SLOT_COUNT];
    double scale, cover;
    bool stopped;
};

sw_status sw_scheduler_create(sw_scheduler **out, size_t runs, const size_t *order, size_t workers) {
    *out = NULL;
    sw_scheduler *scheduler = calloc(1, sizeof *scheduler);
    if (scheduler == NULL) goto no_memory;
    scheduler->runs = calloc(runs + 1, sizeof *scheduler->runs); /* + 1: none at all is fine */
    scheduler->order = calloc(runs + 1, sizeof *scheduler->order);
    scheduler->workers = calloc(workers + 1, sizeof *scheduler->workers);
    if (scheduler->runs == NULL || scheduler->order == NULL || scheduler->workers == NULL) goto no_memory;
    scheduler->run_count = runs;
    scheduler->worker_count = scheduler->active = workers;
    scheduler->scale = NAN;
    scheduler->count[SW_SLOT_PENDING] = runs;
    for (size_t i = 0; i < runs; i++) {
        assert(order[i] < runs);
        scheduler->order[i] = order[i];
        scheduler->runs[order[i]] = (run_slot){.position = i, .slot = SW_SLOT_PENDING, .savable = true};
    }
    *out = scheduler;
    return SW_OK;
no_memory:
    sw_scheduler_destroy(scheduler);
    return sw_fail(SW_E_MEMORY, "no memory to schedule %zu runs on %zu workers", runs, workers);
}

void sw_scheduler_destroy(sw_scheduler *scheduler) {
    if (scheduler == NULL) return;
    free(scheduler->runs);
    free(scheduler->order);
    free(scheduler->workers);
    free(scheduler);
}

/* ---- runs ---- */

static void move(sw_scheduler *scheduler, size_t run, sw_slot to) {
    run_slot *slot = &scheduler->runs[run];
    scheduler->count[slot->slot]--;
    scheduler->count[to]++;
    slot->slot = (uint8_t)to;
    slot->recalled = false;
    if (to == SW_SLOT_PENDING && slot->position < scheduler->head) scheduler->head = slot->position;
}

void sw_scheduler_set(sw_scheduler *scheduler, size_t run, sw_slot to) {
    assert(run < scheduler->run_count);
    sw_slot from = sw_scheduler_slot(scheduler, run);
    assert((from == SW_SLOT_PENDING && (to == SW_SLOT_DONE || to == SW_SLOT_HELD)) ||
           (from == SW_SLOT_HELD && (to == SW_SLOT_PENDING || to == SW_SLOT_DROPPED)));
    (void)from;
    move(scheduler, run, to);
}

void sw_scheduler_expect(sw_scheduler *scheduler, size_t run, double amount, bool savable) {
    assert(run < scheduler->run_count && amount >= 0);
    scheduler->runs[run].amount = amount;
    scheduler->runs[run].savable = savable;
}

void sw_scheduler_scale(sw_scheduler *scheduler, double seconds_per_unit) { scheduler->scale = seconds_per_unit; }

void sw_scheduler_cover(sw_scheduler *scheduler, double seconds) { scheduler->cover = seconds; }

double sw_scheduler_expected_seconds(const sw_scheduler *scheduler, size_t run) {
    return scheduler->runs[run].amount * scheduler->scale;
}

/* A charged try: pending again, or failed after the last. */
static sw_slot charge(sw_scheduler *scheduler, size_t run) {
    run_slot *slot = &scheduler->runs[run];
    slot->tries++;
    move(scheduler, run, slot->tries < SW_SCHEDULER_TRIES ? SW_SLOT_PENDING : SW_SLOT_FAILED);
    return (sw_slot)slot->slot;
}

/* ---- queues ---- */

static void dequeue(worker_slot *worker, size_t i) {
    worker->length--;
    for (; i < worker->length; i++) worker->queue[i] = worker->queue[i + 1];
}

/* Pending again: what the worker holds from entry `from` on. */
static void give_back(sw_scheduler *scheduler, worker_slot *worker, size_t from) {
    while (worker->length > from) move(scheduler, worker->queue[--worker->length], SW_SLOT_PENDING);
}

/* Seconds that wait behind the first run of a queue; NaN = unknown. */
static double waiting_seconds(const sw_scheduler *scheduler, const worker_slot *worker) {
    double seconds = 0;
    for (size_t i = 1; i < worker->length; i++) seconds += sw_scheduler_expected_seconds(scheduler, worker->queue[i]);
    return seconds;
}

static bool wants_more(const sw_scheduler *scheduler, const worker_slot *worker, double current_left) {
    if (worker->retired || worker->length == SW_SCHEDULER_QUEUE) return false;
    if (worker->length == 0) return true;
    if (!(current_left <= fmax(PREFETCH_SECONDS, 2 * scheduler->cover))) return false;
    if (worker->length == 1) return true;
    /* More than one in waiting: only many short runs, and no more than this worker's share of what is left. */
    return waiting_seconds(scheduler, worker) < fmax(QUEUE_SECONDS, 2 * scheduler->cover) &&
           worker->length < scheduler->count[SW_SLOT_PENDING] / scheduler->active;
}

/* Would the run be lost when the limit comes? */
static bool in_vain(const sw_scheduler *scheduler, size_t run, double seconds_left) {
    return !scheduler->runs[run].savable && sw_scheduler_expected_seconds(scheduler, run) > seconds_left;
}

int64_t sw_scheduler_next(sw_scheduler *scheduler, size_t worker, double current_left, double seconds_left) {
    assert(worker < scheduler->worker_count);
    worker_slot *to = &scheduler->workers[worker];
    if (scheduler->stopped || !wants_more(scheduler, to, current_left)) return -1;
    for (; scheduler->head < scheduler->run_count; scheduler->head++) {
        size_t run = scheduler->order[scheduler->head];
        if (scheduler->runs[run].slot != SW_SLOT_PENDING) continue;
        if (in_vain(scheduler, run, seconds_left)) {
            move(scheduler, run, SW_SLOT_WITHHELD);
            continue;
        }
        move(scheduler, run, SW_SLOT_ASSIGNED);
        to->queue[to->length++] = run;
        return (int64_t)run;
    }
    return -1;
}

bool sw_scheduler_recall(sw_scheduler *scheduler, size_t *worker, size_t *run) {
    if (scheduler->stopped || scheduler->count[SW_SLOT_PENDING] > 0 || scheduler->count[SW_SLOT_ASSIGNED] == 0)
        return false;
    bool idle = false;
    for (size_t w = 0; w < scheduler->worker_count; w++)
        idle = idle || (!scheduler->workers[w].retired && scheduler->workers[w].length == 0);
    if (!idle) return false;
    for (size_t w = 0; w < scheduler->worker_count; w++) {
        const worker_slot *from = &scheduler->workers[w];
        for (size_t i = from->length; i-- > 1;) {
            if (scheduler->runs[from->queue[i]].recalled) continue;
            *worker = w;
            *run = from->queue[i];
            scheduler->runs[*run].recalled = true;
            return true;
        }
    }
    return false;
}

/* ---- reports ---- */

sw_status sw_scheduler_begin(sw_scheduler *scheduler, size_t worker, size_t run) {
    assert(worker < scheduler->worker_count);
    const worker_slot *at = &scheduler->workers[worker];
    if (at->length == 0 || at->queue[0] != run || scheduler->runs[run].slot != SW_SLOT_ASSIGNED)
        return sw_fail(SW_E_PROTOCOL, "worker %zu begins run %zu, which is not its next", worker, run);
    move(scheduler, run, SW_SLOT_RUNNING);
    return SW_OK;
}

sw_status sw_scheduler_end(sw_scheduler *scheduler, size_t worker, size_t run, sw_ending ending, sw_slot *after) {
    assert(worker < scheduler->worker_count);
    worker_slot *at = &scheduler->workers[worker];
    if (sw_scheduler_current(scheduler, worker) != (int64_t)run)
        return sw_fail(SW_E_PROTOCOL, "worker %zu ends run %zu, which it does not train", worker, run);
    dequeue(at, 0);
    switch (ending) {
    case SW_ENDING_DONE: move(scheduler, run, SW_SLOT_DONE); break;
    case SW_ENDING_FAILED:
        scheduler->runs[run].tries++;
        move(scheduler, run, SW_SLOT_FAILED);
        break;
    case SW_ENDING_RETRY: charge(scheduler, run); break;
    case SW_ENDING_BACK: move(scheduler, run, SW_SLOT_PENDING); break;
    case SW_ENDING_HELD: move(scheduler, run, SW_SLOT_HELD); break;
    }
    *after = (sw_slot)scheduler->runs[run].slot;
    return SW_OK;
}

sw_status sw_scheduler_return(sw_scheduler *scheduler, size_t worker, size_t run) {
    assert(worker < scheduler->worker_count);
    worker_slot *at = &scheduler->workers[worker];
    for (size_t i = 0; i < at->length; i++) {
        if (at->queue[i] != run || scheduler->runs[run].slot != SW_SLOT_ASSIGNED) continue;
        dequeue(at, i);
        move(scheduler, run, SW_SLOT_PENDING);
        return SW_OK;
    }
    return sw_fail(SW_E_PROTOCOL, "worker %zu returns run %zu, which does not wait there", worker, run);
}

void sw_scheduler_lose_trainer(sw_scheduler *scheduler, size_t worker, int64_t *run, sw_slot *after) {
    assert(worker < scheduler->worker_count);
    worker_slot *at = &scheduler->workers[worker];
    *run = sw_scheduler_current(scheduler, worker);
    *after = SW_SLOT_PENDING;
    give_back(scheduler, at, *run >= 0 ? 1 : 0);
    if (*run < 0) return;
    at->length = 0;
    *after = charge(scheduler, (size_t)*run);
}

void sw_scheduler_retire(sw_scheduler *scheduler, size_t worker) {
    assert(worker < scheduler->worker_count);
    worker_slot *at = &scheduler->workers[worker];
    give_back(scheduler, at, 0);
    if (!at->retired) scheduler->active--;
    at->retired = true;
}

bool sw_scheduler_retired(const sw_scheduler *scheduler, size_t worker) { return scheduler->workers[worker].retired; }

void sw_scheduler_stop(sw_scheduler *scheduler) { scheduler->stopped = true; }

bool sw_scheduler_stopped(const sw_scheduler *scheduler) { return scheduler->stopped; }

/* ---- questions ---- */

bool sw_scheduler_over(const sw_scheduler *scheduler) {
    if (scheduler->count[SW_SLOT_ASSIGNED] + scheduler->count[SW_SLOT_RUNNING] > 0) return false;
    return scheduler->count[SW_SLOT_PENDING] == 0 || scheduler->stopped || scheduler->active == 0;
}

size_t sw_scheduler_count(const sw_scheduler *scheduler, sw_slot slot) { return scheduler->count[slot]; }

sw_slot sw_scheduler_slot(const sw_scheduler *scheduler, size_t run) { return (sw_slot)scheduler->runs[run].slot; }

int sw_scheduler_tries(const sw_scheduler *scheduler, size_t run) { return scheduler->runs[run].tries; }

size_t sw_scheduler_queue_length(const sw_scheduler *scheduler, size_t worker) {
    return scheduler->workers[worker].length;
}

int64_t sw_scheduler_current(const sw_scheduler *scheduler, size_t worker) {
    const worker_slot *at = &scheduler->workers[worker];
    if (at->length == 0 || scheduler->runs[at->queue[0]].slot != SW_SLOT_RUNNING) return -1;
    return (int64_t)at->queue[0];
}

size_t sw_scheduler_queued(const sw_scheduler *scheduler, size_t worker, size_t i) {
    assert(i < scheduler->workers[worker].length);
    return scheduler->workers[worker].queue[i];
}
