/* extend.c: which runs go on from the end of a shorter one. */
#include "symsweep/extend.h"

#include "symsweep/grow.h"
#include "symsweep/measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct finished {
    char stem[SW_RUN_ID_LENGTH + 1]; /* tells all of its configuration that enters an identity, but `steps` */
    sw_extend_run run;
    sw_save_config save;
    bool kept;
} finished;

struct sw_extend {
    const sw_plan *plan;
    int64_t longest;
    finished *runs;
    size_t count, capacity;
    bool sorted; /* by stem, the longest first */
};

const char *const sw_extend_names[SW_EXTEND_VERDICT_COUNT] = {
    [SW_EXTEND_NONE] = "none",         [SW_EXTEND_GOES_ON] = "go_on",       [SW_EXTEND_NOT_KEPT] = "not_kept",
    [SW_EXTEND_SCHEDULE] = "schedule", [SW_EXTEND_SNAPSHOTS] = "snapshots", [SW_EXTEND_SAVED] = "save",
    [SW_EXTEND_HALVING] = "halving",
};

static const char *const reasons[SW_EXTEND_VERDICT_COUNT] = {
    [SW_EXTEND_NOT_KEPT] = "its checkpoint was not kept; set checkpoint.keep to true before a run that may be extended",
    [SW_EXTEND_SCHEDULE] =
        "the schedule of its learning rate depends on steps; optimizer.schedule \"constant\" does not",
    [SW_EXTEND_SNAPSHOTS] = "its log-spaced snapshots lie elsewhere; evaluate.snapshots 0 with evaluate.snapshot_steps "
                            "keeps them in their places",
    [SW_EXTEND_SAVED] = "it saved something else; keep the keys of `save` as they were",
    [SW_EXTEND_HALVING] = "prune.halving decides anew which runs go on",
};

bool sw_extend_describe(char *out, size_t capacity, sw_extend_verdict verdict, size_t count) {
    const bool one = count == 1;
    if (count == 0 || verdict == SW_EXTEND_NONE) return false;
    if (verdict == SW_EXTEND_GOES_ON)
        snprintf(out, capacity, "%zu run%s from the end of a shorter one", count, one ? " goes on" : "s go on");
    else
        snprintf(out, capacity, "%zu run%s from step 0 though a shorter one is finished: %s", count,
                 one ? " starts" : "s start", reasons[verdict]);
    return true;
}

bool sw_extend_is_finished(sw_run_state state) { return sw_states[state].result || state == SW_RUN_PRUNED; }

/* What decides a run's numbers but its length. */
static sw_status find_stem(char stem[SW_RUN_ID_LENGTH + 1], const sw_run_config *config) {
    sw_run_config any_length = *config;
    any_length.steps = 1;
    return sw_plan_identify(stem, &any_length);
}

sw_status sw_extend_create(sw_extend **out, const sw_plan *plan, int64_t longest) {
    *out = calloc(1, sizeof **out);
    if (!*out) return sw_fail(SW_E_MEMORY, "no memory to look for runs to go on from");
    (*out)->plan = plan;
    (*out)->longest = longest;
    return SW_OK;
}

void sw_extend_destroy(sw_extend *extend) {
    if (!extend) return;
    free(extend->runs);
    free(extend);
}

bool sw_extend_wants(const sw_extend *extend, int64_t steps) { return steps < extend->longest; }

sw_status sw_extend_add(sw_extend *extend, int64_t row, const char *id, const sw_run_config *config, bool kept) {
    if (!sw_extend_wants(extend, config->steps)) return SW_OK;
    finished *runs = sw_grow_array(extend->runs, extend->count, &extend->capacity, sizeof *runs, "runs to go on from");
    if (!runs) return SW_E_MEMORY;
    extend->runs = runs;
    finished *added = &extend->runs[extend->count];
    *added = (finished){.run = {.row = row, .steps = config->steps}, .save = config->save, .kept = kept};
    snprintf(added->run.id, sizeof added->run.id, "%s", id);
    const sw_status status = find_stem(added->stem, config);
    if (status != SW_OK) return status;
    extend->count++;
    extend->sorted = false;
    return SW_OK;
}

static int by_stem(const void *left, const void *right) {
    const finished *a = left, *b = right;
    const int order = strcmp(a->stem, b->stem);
    return order ? order : (a->run.steps < b->run.steps) - (a->run.steps > b->run.steps);
}

/* The first of those with this stem. */
static size_t first_of(const sw_extend *extend, const char *stem) {
    size_t low = 0, high = extend->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (strcmp(extend->runs[middle].stem, stem) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static sw_extend_verdict judge(const sw_extend *extend, const finished *old, const sw_run_config *config) {
    sw_run_config shorter = *config;
    shorter.steps = old->run.steps;
    if (extend->plan->adaptive.halving.rung_count > 0) return SW_EXTEND_HALVING;
    if (!old->kept) return SW_EXTEND_NOT_KEPT;
    if (config->optimizer.schedule != SW_SCHEDULE_CONSTANT) return SW_EXTEND_SCHEDULE;
    if (!sw_schedule_agrees(&shorter, config, old->run.steps)) return SW_EXTEND_SNAPSHOTS;
    if (memcmp(&old->save, &config->save, sizeof config->save) != 0) return SW_EXTEND_SAVED;
    return SW_EXTEND_GOES_ON;
}

sw_status sw_extend_find(sw_extend_verdict *verdict, const sw_extend_run **from, sw_extend *extend, size_t run) {
    const sw_run_config *config = &extend->plan->runs[run].config;
    char stem[SW_RUN_ID_LENGTH + 1];
    *verdict = SW_EXTEND_NONE;
    *from = NULL;
    if (extend->count == 0) return SW_OK;
    if (!extend->sorted) qsort(extend->runs, extend->count, sizeof *extend->runs, by_stem);
    extend->sorted = true;
    const sw_status status = find_stem(stem, config);
    if (status != SW_OK) return status;
    for (size_t i = first_of(extend, stem); i < extend->count && strcmp(extend->runs[i].stem, stem) == 0; i++) {
        if (extend->runs[i].run.steps >= config->steps) continue;
        const sw_extend_verdict found = judge(extend, &extend->runs[i], config);
        if (*verdict == SW_EXTEND_NONE || found == SW_EXTEND_GOES_ON) *verdict = found; /* of the longest */
        if (found != SW_EXTEND_GOES_ON) continue;
        *from = &extend->runs[i].run;
        return SW_OK;
    }
    return SW_OK;
}
