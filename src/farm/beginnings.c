/* beginnings.c: beginnings that several runs of a job have in common. */
#include "farm/beginnings.h"

#include "farm/checkpoints.h"
#include "symsweep/log.h"
#include "symsweep/sharing.h"
#include "symsweep/train.h"

#include <stdlib.h>
#include <unistd.h>

struct sw_beginnings {
    const sw_plan *plan;
    sw_store *store;
    const char *checkpoints;
    sw_scheduler *scheduler;
    sw_sharing_run *shared; /* [runs] */
    bool *waits;            /* [runs] */
    int64_t *from;          /* [runs] the step from which it trains on */
    size_t *first, *next;   /* [runs] the first of those that wait for it, the next with the same; plan->count = none */
};

/* ---- what there is ---- */

static bool has_checkpoint(const sw_beginnings *b, size_t run) {
    char path[SW_PATH_MAX];
    return sw_checkpoints_path(path, b->checkpoints, b->plan->runs[run].id) == SW_OK && access(path, F_OK) == 0;
}

/* A run that was interrupted goes on from its own checkpoint. */
static bool is_to_begin(const sw_beginnings *b, size_t run) {
    return sw_store_flushed(b->store, sw_store_row(b->store, run)) == 0 || !has_checkpoint(b, run);
}

static sw_status allocate(sw_beginnings *b) {
    const size_t count = b->plan->count + 1;
    b->shared = calloc(count, sizeof *b->shared);
    b->waits = calloc(count, sizeof *b->waits);
    b->from = calloc(count, sizeof *b->from);
    b->first = calloc(count, sizeof *b->first);
    b->next = calloc(count, sizeof *b->next);
    const bool complete = b->shared && b->waits && b->from && b->first && b->next;
    return complete ? SW_OK : sw_fail(SW_E_MEMORY, "no memory for beginnings of %zu runs", b->plan->count);
}

/* How many runs wait. */
static size_t find_who_waits(sw_beginnings *b) {
    size_t count = 0;
    for (size_t run = 0; run < b->plan->count; run++) b->first[run] = b->plan->count;
    for (size_t run = b->plan->count; run-- > 0;) {
        b->waits[run] = b->waits[run] && b->shared[run].with >= 0 && is_to_begin(b, run);
        if (!b->waits[run]) continue;
        const size_t with = (size_t)b->shared[run].with;
        b->next[run] = b->first[with];
        b->first[with] = run;
        count++;
    }
    return count;
}

int64_t sw_beginnings_until(const sw_beginnings *b, size_t run) {
    int64_t until = 0;
    for (size_t k = b ? b->first[run] : 0; b && k < b->plan->count; k = b->next[k])
        if (b->waits[k] && (until == 0 || b->shared[k].steps < until)) until = b->shared[k].steps;
    return until;
}

int64_t sw_beginnings_from(const sw_beginnings *b, size_t run) { return b ? b->from[run] : 0; }

/* What the run takes until it stops, from where it trains on. */
static void expect(const sw_beginnings *b, size_t run) {
    const sw_planned_run *planned = &b->plan->runs[run];
    const int64_t until = sw_beginnings_until(b, run), steps = planned->config.steps;
    const int64_t left = (until > 0 ? until : steps) - b->from[run];
    sw_scheduler_expect(b->scheduler, run, planned->seconds * (left > 0 ? (double)left / (double)steps : 0),
                        sw_checkpoints_wanted(b->plan, run));
}

sw_status sw_beginnings_create(sw_beginnings **out, const sw_plan *plan, sw_store *store, const char *checkpoints,
                               sw_scheduler *scheduler) {
    sw_beginnings *b = calloc(1, sizeof *b);
    size_t waiting = 0;
    *out = NULL;
    if (!b) return sw_fail(SW_E_MEMORY, "no memory for beginnings");
    *b = (sw_beginnings){.plan = plan, .store = store, .checkpoints = checkpoints, .scheduler = scheduler};
    sw_status status = allocate(b);
    for (size_t run = 0; run < plan->count && status == SW_OK; run++)
        b->waits[run] = sw_scheduler_slot(scheduler, run) == SW_SLOT_PENDING;
    if (status == SW_OK) status = sw_sharing_find(b->shared, plan, b->waits);
    if (status == SW_OK) waiting = find_who_waits(b);
    for (size_t run = 0; run < plan->count && waiting > 0; run++) {
        if (sw_scheduler_slot(scheduler, run) != SW_SLOT_PENDING) continue;
        expect(b, run);
        if (b->waits[run]) sw_scheduler_set(scheduler, run, SW_SLOT_HELD);
    }
    if (waiting > 0) {
        sw_info("%zu run%s as another one, which trains the beginning (--no-sharing: each for itself)", waiting,
                waiting == 1 ? " begins" : "s begin");
        *out = b;
    } else {
        sw_beginnings_destroy(b);
    }
    return status;
}

void sw_beginnings_destroy(sw_beginnings *b) {
    if (!b) return;
    free(b->shared);
    free(b->waits);
    free(b->from);
    free(b->first);
    free(b->next);
    free(b);
}

/* ---- going on ---- */

static void release(sw_beginnings *b, size_t run) {
    b->waits[run] = false;
    expect(b, run);
    sw_scheduler_set(b->scheduler, run, SW_SLOT_PENDING);
}

/* Records in its row, then the checkpoint under its name: a kill between the two leaves a run that is to begin. */
static sw_status branch(sw_beginnings *b, size_t run, size_t with, int64_t step) {
    char own[SW_PATH_MAX], other[SW_PATH_MAX];
    int64_t found = -1;
    const int64_t row = sw_store_row(b->store, run), from = sw_store_row(b->store, with);
    sw_status status = sw_checkpoints_path(own, b->checkpoints, b->plan->runs[run].id);
    if (status == SW_OK) status = sw_checkpoints_path(other, b->checkpoints, b->plan->runs[with].id);
    if (status == SW_OK) status = sw_store_flush(b->store);
    if (status == SW_OK)
        status = sw_store_adopt(b->store, row, from, sw_store_flushed(b->store, from),
                                sw_store_flushed_snapshots(b->store, from), step);
    if (status == SW_OK) status = sw_train_branch(&found, own, other, &b->plan->runs[run].config);
    if (status == SW_OK && found != step) {
        unlink(own);
        return sw_fail(SW_E_STORE, "the checkpoint of run %zu is of step %lld, not %lld", with, (long long)found,
                       (long long)step);
    }
    return status;
}

void sw_beginnings_reached(sw_beginnings *b, size_t run, int64_t step) {
    char own[SW_PATH_MAX];
    int64_t found;
    if (!b) return;
    b->from[run] = step;
    /* What the file holds it need not send again. */
    sw_status status = sw_checkpoints_path(own, b->checkpoints, b->plan->runs[run].id);
    if (status == SW_OK) status = sw_store_flush(b->store);
    if (status == SW_OK) status = sw_train_branch(&found, own, own, &b->plan->runs[run].config);
    if (status != SW_OK) sw_fail_clear(); /* those that wait will say so */
    for (size_t k = b->first[run]; k < b->plan->count; k = b->next[k]) {
        if (!b->waits[k] || b->shared[k].steps > step) continue;
        if (branch(b, k, run, b->shared[k].steps) == SW_OK) {
            b->from[k] = step;
        } else {
            sw_warn("run %zu has its beginning for itself, not from run %zu: %s", k, run, sw_fail_message());
            sw_fail_clear();
        }
        release(b, k);
    }
    release(b, run);
}

void sw_beginnings_ended(sw_beginnings *b, size_t run) {
    for (size_t k = b ? b->first[run] : 0; b && k < b->plan->count; k = b->next[k])
        if (b->waits[k]) release(b, k);
}
