/* sharing.c: which runs begin alike, and for how long. */
#include "symsweep/sharing.h"

#include "symsweep/changes.h"
#include "symsweep/measure.h"

#include <stdlib.h>
#include <string.h>

/* Of many runs that begin alike only the first ones train beginnings for others. */
enum { TRUNKS_MOST = 64 };

static const int64_t never = INT64_MAX;

/* ---- what a step is trained with ---- */

/* What is the same whenever `changes`, windows and length do not tell: what is saved and how it is watched too. */
static void strip(sw_run_config *out, const sw_run_config *config) {
    *out = *config;
    memset(&out->changes, 0, sizeof out->changes);
    out->steps = 1;
    for (int f = 0; f < SW_FAMILY_COUNT; f++) out->symmetry[f].from_step = 0, out->symmetry[f].until_step = -1;
    for (int g = 0; g < SW_PRIOR_COUNT; g++) out->geometry[g].from_step = 0, out->geometry[g].until_step = -1;
}

static bool acts(int64_t from_step, int64_t until_step, int64_t t) {
    return t > from_step && (until_step < 0 || t <= until_step);
}

/* A window as far as step t is concerned: whether it is open, and since when. */
static void settle_window(int64_t *from_step, int64_t *until_step, int64_t t) {
    const bool open = acts(*from_step, *until_step, t);
    if (!open) *from_step = never;
    *until_step = -1;
}

/* All that step t is trained with: the same bytes, the same step. */
static void settle(sw_run_config *out, const sw_run_config *config, int64_t t) {
    sw_changes_made(out, config, t - 1);
    memset(&out->changes, 0, sizeof out->changes);
    out->steps = 1;
    for (int f = 0; f < SW_FAMILY_COUNT; f++)
        settle_window(&out->symmetry[f].from_step, &out->symmetry[f].until_step, t);
    for (int g = 0; g < SW_PRIOR_COUNT; g++)
        settle_window(&out->geometry[g].from_step, &out->geometry[g].until_step, t);
}

static void note(int64_t *next, int64_t step, int64_t t) {
    if (step > t && step < *next) *next = step;
}

/* The first step after t after which something may become different. */
static int64_t next_event(const sw_run_config *config, int64_t t) {
    int64_t next = sw_changes_next(config, t);
    for (int f = 0; f < SW_FAMILY_COUNT; f++) {
        note(&next, config->symmetry[f].from_step, t);
        note(&next, config->symmetry[f].until_step, t);
    }
    for (int g = 0; g < SW_PRIOR_COUNT; g++) {
        note(&next, config->geometry[g].from_step, t);
        note(&next, config->geometry[g].until_step, t);
    }
    return next;
}

/* ---- two runs ---- */

/* Steps that two runs of one stem have in common. */
static int64_t common_steps(const sw_run_config *a, const sw_run_config *b) {
    const int64_t most = (a->steps < b->steps ? a->steps : b->steps) - 1;
    int64_t t = 0;
    if (a->steps != b->steps && a->optimizer.schedule != SW_SCHEDULE_CONSTANT) return 0;
    while (t < most) {
        sw_run_config x, y;
        settle(&x, a, t + 1);
        settle(&y, b, t + 1);
        if (memcmp(&x, &y, sizeof x) != 0 || strcmp(sw_changes_frozen(a, t), sw_changes_frozen(b, t)) != 0) break;
        const int64_t next_a = next_event(a, t), next_b = next_event(b, t);
        t = next_a < next_b ? next_a : next_b;
        if (t > most) t = most;
    }
    return a->steps != b->steps && !sw_schedule_agrees(a, b, t + 1) ? 0 : t;
}

typedef struct stemmed {
    char stem[SW_RUN_ID_LENGTH + 1];
    size_t run;
} stemmed;

static sw_status find_stem(char stem[SW_RUN_ID_LENGTH + 1], const sw_run_config *config) {
    sw_run_config stripped;
    strip(&stripped, config);
    return sw_plan_identify(stem, &stripped);
}

/* What enters no identity, but has to be the same in what is saved. */
static bool is_kept_alike(const sw_run_config *a, const sw_run_config *b) {
    return memcmp(&a->save, &b->save, sizeof a->save) == 0;
}

sw_status sw_sharing_common(int64_t *steps, const sw_run_config *a, const sw_run_config *b) {
    char one[SW_RUN_ID_LENGTH + 1], other[SW_RUN_ID_LENGTH + 1];
    *steps = 0;
    sw_status status = find_stem(one, a);
    if (status == SW_OK) status = find_stem(other, b);
    if (status == SW_OK && strcmp(one, other) == 0 && is_kept_alike(a, b)) *steps = common_steps(a, b);
    return status;
}

/* ---- a plan ---- */

static int by_stem(const void *left, const void *right) {
    const stemmed *a = left, *b = right;
    const int order = strcmp(a->stem, b->stem);
    return order ? order : (a->run > b->run) - (a->run < b->run);
}

/* Runs of one stem, in plan order. */
static void find_group(sw_sharing_run *out, const stemmed *runs, size_t count, const sw_plan *plan) {
    for (size_t i = 1; i < count; i++) {
        sw_sharing_run *found = &out[runs[i].run];
        const sw_run_config *config = &plan->runs[runs[i].run].config;
        for (size_t k = 0; k < i && k < TRUNKS_MOST; k++) {
            const sw_run_config *earlier = &plan->runs[runs[k].run].config;
            const int64_t steps = is_kept_alike(config, earlier) ? common_steps(config, earlier) : 0;
            if (steps > found->steps) *found = (sw_sharing_run){(int64_t)runs[k].run, steps};
        }
    }
}

sw_status sw_sharing_find(sw_sharing_run *out, const sw_plan *plan, const bool *wanted) {
    const bool waits = plan->adaptive.refine.axis_count > 0 || plan->adaptive.halving.rung_count > 0;
    stemmed *runs = calloc(plan->count + 1, sizeof *runs);
    sw_status status = runs ? SW_OK : sw_fail(SW_E_MEMORY, "no memory to look for beginnings in common");
    size_t count = 0;
    for (size_t run = 0; run < plan->count; run++) out[run] = (sw_sharing_run){-1, 0};
    for (size_t run = 0; run < plan->count && status == SW_OK && !waits; run++) {
        if ((wanted && !wanted[run]) || !(plan->runs[run].config.checkpoint_every_seconds > 0)) continue;
        runs[count].run = run;
        status = find_stem(runs[count++].stem, &plan->runs[run].config);
    }
    if (status == SW_OK) qsort(runs, count, sizeof *runs, by_stem);
    for (size_t first = 0, end; first < count && status == SW_OK; first = end) {
        end = first + 1;
        while (end < count && strcmp(runs[end].stem, runs[first].stem) == 0) end++;
        find_group(out, runs + first, end - first, plan);
    }
    free(runs);
    return status;
}
