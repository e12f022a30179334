/* adaptive.c: which of the runs that wait for others are trained, given up or left out. */
#include "farm/adaptive.h"

#include "symsweep/grow.h"
#include "symsweep/log.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What a decision says of a run of the lattice. */
typedef struct place {
    int32_t round, class, decided, reached;
} place;

/* A plane of the lattice. Slots are numbered as in plan.h. */
typedef struct plane {
    sw_refine_plane *lattice;
    size_t *run;        /* [slots] */
    uint8_t *verdict;   /* [slots] sw_verdict */
    place *told;        /* [slots]: the latest that was said of each run */
    size_t slots, open; /* open: chosen runs that are not final */
} plane;

/* Runs that compete in halving, in plan order. */
typedef struct group {
    size_t first, count, open; /* first: among the members; open: runs on their way to a rung */
} group;

struct sw_adaptive {
    const sw_plan *plan;
    bool begun;
    bool *waits; /* [runs]: for a decision */
    sw_decision *decisions;
    size_t decided, carried_out, capacity;
    size_t plane_count;
    plane *planes;
    size_t group_count;
    group *groups;
    size_t *group_of, *member_of; /* [runs] */
    size_t *run_of;               /* [members], those of a group side by side */
    sw_halving_run *state;        /* [members] */
    double *value;                /* [runs, rungs] */
    double *wall, *measure;       /* [runs]: seconds, as far as this job knows */
};

/* ---- decisions ---- */

static sw_status decide(sw_adaptive *adaptive, sw_decision decision) {
    sw_decision *decisions =
        sw_grow_array(adaptive->decisions, adaptive->decided, &adaptive->capacity, sizeof *decisions, "adaptive work");
    if (decisions == NULL) return SW_E_MEMORY;
    adaptive->decisions = decisions;
    if (decision.kind != SW_DECISION_PLACE) adaptive->waits[decision.run] = false;
    adaptive->decisions[adaptive->decided++] = decision;
    return SW_OK;
}

bool sw_adaptive_next(sw_decision *out, sw_adaptive *adaptive) {
    if (adaptive == NULL) return false;
    bool any = adaptive->carried_out < adaptive->decided;
    if (any)
        *out = adaptive->decisions[adaptive->carried_out++];
    else
        adaptive->carried_out = adaptive->decided = 0;
    return any;
}

/* ---- refine ---- */

static int64_t onset_of(const sw_onsets *onsets, sw_statement statement) {
    switch (statement) {
    case SW_STATEMENT_T_MEM: return onsets->t_mem;
    case SW_STATEMENT_T_GEN: return onsets->t_gen;
    case SW_STATEMENT_T_SYM: return onsets->t_sym;
    case SW_STATEMENT_T_GEO: return onsets->t_geo;
    }
    return -1;
}

static sw_verdict verdict_of(const sw_plan *plan, const sw_adaptive_news *news) {
    if (news->known->state == SW_RUN_FAILED) return SW_VERDICT_FAILED;
    sw_statement statement = (sw_statement)plan->adaptive.refine.reached;
    return onset_of(news->onsets, statement) >= 0 ? SW_VERDICT_YES : SW_VERDICT_NO;
}

static size_t slot_of(const sw_plan *plan, size_t run) {
    const sw_lattice_place *at = &plan->runs[run].place;
    return (at->index[0] * plan->lattice[1] + at->index[1]) * plan->seeds + at->seed;
}

static sw_status create_plane(plane *out, const sw_plan *plan) {
    out->slots = plan->lattice[0] * plan->lattice[1] * plan->seeds;
    out->run = calloc(out->slots + 1, sizeof *out->run);
    out->verdict = calloc(out->slots + 1, sizeof *out->verdict);
    out->told = calloc(out->slots + 1, sizeof *out->told);
    if (out->run == NULL || out->verdict == NULL || out->told == NULL)
        return sw_fail(SW_E_MEMORY, "no memory for a lattice of %zu runs", out->slots);
    for (size_t i = 0; i < out->slots; i++) out->told[i].round = -2; /* nothing yet */
    return sw_refine_plane_create(&out->lattice, plan->lattice, plan->seeds);
}

static sw_status tell_place(sw_adaptive *adaptive, plane *at, size_t slot) {
    const sw_refine_point *point = &at->lattice->points[slot / at->lattice->seeds];
    const place now = {at->lattice->round[slot], point->class, point->decided, point->reached};
    if (memcmp(&now, &at->told[slot], sizeof now) == 0) return SW_OK;
    at->told[slot] = now;
    return decide(adaptive,
                  (sw_decision){.kind = SW_DECISION_PLACE, .run = at->run[slot], .round = now.round, .point = *point});
}

/* All runs of the last round are final: chooses the next. */
static sw_status advance_plane(sw_adaptive *adaptive, plane *at) {
    const sw_plan *plan = adaptive->plan;
    sw_status status = sw_refine_replay(at->lattice, &plan->adaptive.refine.rule, at->verdict);
    at->open = 0;
    for (size_t slot = 0; slot < at->slots && status == SW_OK; slot++) {
        size_t run = at->run[slot];
        bool chosen = at->lattice->round[slot] >= 0;
        at->open += chosen && at->verdict[slot] == SW_VERDICT_OPEN;
        if (adaptive->waits[run] && (chosen || at->lattice->over))
            status = decide(adaptive, (sw_decision){.kind = chosen ? SW_DECISION_TRAIN : SW_DECISION_LEAVE_OUT,
                                                    .run = run,
                                                    .seconds = plan->runs[run].seconds});
        if (status == SW_OK) status = tell_place(adaptive, at, slot);
    }
    if (status == SW_OK && at->lattice->over)
        sw_debug("refine: plane %zu is resolved after %d rounds and %zu runs%s", (size_t)(at - adaptive->planes),
                 at->lattice->rounds, at->lattice->selected, at->lattice->exhausted ? " (refine.budget)" : "");
    return status;
}

static sw_status hear_verdict(sw_adaptive *adaptive, const sw_adaptive_news *news) {
    plane *at = &adaptive->planes[adaptive->plan->runs[news->run].place.plane];
    size_t slot = slot_of(adaptive->plan, news->run);
    if (!news->ended) return SW_OK;
    bool awaited = at->verdict[slot] == SW_VERDICT_OPEN && at->lattice->round[slot] >= 0;
    at->verdict[slot] = (uint8_t)verdict_of(adaptive->plan, news);
    if (!adaptive->begun || !awaited || --at->open > 0) return SW_OK;
    return advance_plane(adaptive, at);
}

static sw_status create_planes(sw_adaptive *adaptive) {
    const sw_plan *plan = adaptive->plan;
    adaptive->planes = calloc(plan->planes + 1, sizeof *adaptive->planes);
    if (adaptive->planes == NULL) return sw_fail(SW_E_MEMORY, "no memory for %zu planes", plan->planes);
    sw_status status = SW_OK;
    for (; adaptive->plane_count < plan->planes && status == SW_OK; adaptive->plane_count++)
        status = create_plane(&adaptive->planes[adaptive->plane_count], plan);
    for (size_t run = 0; run < plan->count && status == SW_OK; run++)
        adaptive->planes[plan->runs[run].place.plane].run[slot_of(plan, run)] = run;
    return status;
}

/* ---- halving: what is known ---- */

static sw_halving_run *halving_state(const sw_adaptive *adaptive, size_t run) {
    return &adaptive->state[adaptive->member_of[run]];
}

/* The measure at the rungs, from the records of the run. */
static void note_values(sw_adaptive *adaptive, const sw_adaptive_news *news) {
    const sw_halving_config *halving = &adaptive->plan->adaptive.halving;
    const sw_record *records = news->records;
    int64_t every = adaptive->plan->runs[news->run].config.evaluate.every;
    sw_halving_run *state = halving_state(adaptive, news->run);
    double *value = adaptive->value + news->run * (size_t)halving->rung_count;
    double last = news->count > 0 ? (double)records[news->count - 1].value[halving->measure] : NAN;
    state->known = 0;
    for (int32_t r = 0; r < halving->rung_count; r++) {
        size_t at = (size_t)(halving->rungs[r] / every);
        bool has = at < news->count && records[at].step == halving->rungs[r];
        value[r] = has ? (double)records[at].value[halving->measure] : last;
        if (has && state->known == r) state->known = r + 1;
    }
}

/* ---- halving: what follows ---- */

static int64_t rung_step(const sw_adaptive *adaptive, int32_t rung) {
    const sw_halving_config *halving = &adaptive->plan->adaptive.halving;
    return rung < halving->rung_count ? halving->rungs[rung] : 0;
}

int64_t sw_adaptive_until(const sw_adaptive *adaptive, size_t run) {
    if (adaptive == NULL || adaptive->groups == NULL) return 0;
    return rung_step(adaptive, halving_state(adaptive, run)->target);
}

static sw_status train_on(sw_adaptive *adaptive, size_t run, const sw_halving_run *state) {
    const sw_planned_run *planned = &adaptive->plan->runs[run];
    double from = state->known > 0 ? (double)rung_step(adaptive, state->known - 1) : 0;
    double to = (double)rung_step(adaptive, state->target), steps = (double)planned->config.steps;
    if (to == 0 || to > steps) to = steps;
    return decide(
        adaptive,
        (sw_decision){.kind = SW_DECISION_TRAIN, .run = run, .seconds = planned->seconds * fmax(0, to - from) / steps});
}

static sw_status prune(sw_adaptive *adaptive, size_t run, const sw_halving_run *state) {
    return decide(adaptive, (sw_decision){.kind = SW_DECISION_PRUNE,
                                          .run = run,
                                          .result = {.state = SW_RUN_PRUNED,
                                                     .steps = rung_step(adaptive, state->target),
                                                     .wall_seconds = adaptive->wall[run],
                                                     .measure_seconds = adaptive->measure[run]}});
}

/* Nobody of the group is on the way to a rung any more: the best go on. */
static sw_status advance_group(sw_adaptive *adaptive, group *at) {
    sw_status status = sw_halving_replay(adaptive->state + at->first, at->count, &adaptive->plan->adaptive.halving);
    at->open = 0;
    for (size_t m = at->first; m < at->first + at->count && status == SW_OK; m++) {
        const sw_halving_run *state = &adaptive->state[m];
        size_t run = adaptive->run_of[m];
        if (state->ended) continue;
        at->open += state->fate == SW_HALVING_TRAINS;
        if (!adaptive->waits[run]) continue;
        if (state->fate == SW_HALVING_TRAINS)
            status = train_on(adaptive, run, state);
        else if (state->fate == SW_HALVING_PRUNED)
            status = prune(adaptive, run, state);
    }
    return status;
}

static sw_status hear_values(sw_adaptive *adaptive, const sw_adaptive_news *news) {
    sw_halving_run *state = halving_state(adaptive, news->run);
    if (news->ended && state->fate == SW_HALVING_PRUNED) return SW_OK; /* by this very decision */
    note_values(adaptive, news);
    state->ended = news->ended;
    adaptive->wall[news->run] = news->known->wall_seconds;
    adaptive->measure[news->run] = news->known->measure_seconds;
    if (!adaptive->begun) return SW_OK;
    group *at = &adaptive->groups[adaptive->group_of[news->run]];
    assert(at->open > 0);
    return --at->open > 0 ? SW_OK : advance_group(adaptive, at);
}

/* ---- halving: groups ---- */

static bool is_same_axis(const sw_plan *plan, size_t a, size_t b, int32_t axis) {
    if (axis < 0) return strcmp(plan->runs[a].label, plan->runs[b].label) == 0;
    const sw_axis_value *x = &plan->axis_values[a * plan->axis_count + (size_t)axis];
    const sw_axis_value *y = &plan->axis_values[b * plan->axis_count + (size_t)axis];
    switch (plan->axes[axis].type) {
    case SW_AXIS_REAL: return x->real == y->real || (isnan(x->real) && isnan(y->real));
    case SW_AXIS_STRING: return strcmp(x->string, y->string) == 0;
    case SW_AXIS_INTEGER:
    case SW_AXIS_BOOL: return x->integer == y->integer;
    }
    return false;
}

static bool compete(const sw_plan *plan, size_t a, size_t b) {
    const sw_halving_config *halving = &plan->adaptive.halving;
    for (int32_t i = 0; i < halving->within_count; i++)
        if (!is_same_axis(plan, a, b, halving->within[i])) return false;
    return true;
}

/* Numbers the groups and their members; a group is known by its first run until all are counted. */
static void sort_into_groups(sw_adaptive *adaptive, const sw_plan *plan) {
    for (size_t run = 0; run < plan->count; run++) {
        size_t g = 0;
        while (g < adaptive->group_count && !compete(plan, run, adaptive->groups[g].first)) g++;
        if (g == adaptive->group_count) adaptive->groups[adaptive->group_count++].first = run;
        adaptive->group_of[run] = g;
        adaptive->member_of[run] = adaptive->groups[g].count++;
    }
    for (size_t g = 0, members = 0; g < adaptive->group_count; members += adaptive->groups[g++].count)
        adaptive->groups[g].first = members;
    for (size_t run = 0; run < plan->count; run++) {
        adaptive->member_of[run] += adaptive->groups[adaptive->group_of[run]].first;
        adaptive->run_of[adaptive->member_of[run]] = run;
    }
}

static sw_status create_groups(sw_adaptive *adaptive) {
    const sw_plan *plan = adaptive->plan;
    size_t rungs = (size_t)plan->adaptive.halving.rung_count;
    adaptive->groups = calloc(plan->count + 1, sizeof *adaptive->groups);
    adaptive->group_of = calloc(plan->count + 1, sizeof *adaptive->group_of);
    adaptive->member_of = calloc(plan->count + 1, sizeof *adaptive->member_of);
    adaptive->run_of = calloc(plan->count + 1, sizeof *adaptive->run_of);
    adaptive->state = calloc(plan->count + 1, sizeof *adaptive->state);
    adaptive->value = calloc(plan->count * rungs + 1, sizeof *adaptive->value);
    adaptive->wall = calloc(plan->count + 1, sizeof *adaptive->wall);
    adaptive->measure = calloc(plan->count + 1, sizeof *adaptive->measure);
    if (!adaptive->groups || !adaptive->group_of || !adaptive->member_of || !adaptive->run_of || !adaptive->state ||
        !adaptive->value || !adaptive->wall || !adaptive->measure)
        return sw_fail(SW_E_MEMORY, "no memory for halving");
    sort_into_groups(adaptive, plan);
    for (size_t run = 0; run < plan->count; run++) halving_state(adaptive, run)->value = adaptive->value + run * rungs;
    return SW_OK;
}

/* ---- the whole ---- */

sw_status sw_adaptive_create(sw_adaptive **out, const sw_plan *plan) {
    bool refines = plan->adaptive.refine.axis_count > 0, halves = plan->adaptive.halving.rung_count > 0;
    *out = NULL;
    if (!refines && !halves) return SW_OK;
    sw_adaptive *adaptive = calloc(1, sizeof *adaptive);
    if (adaptive == NULL) return sw_fail(SW_E_MEMORY, "no memory for adaptive work");
    adaptive->plan = plan;
    adaptive->waits = calloc(plan->count + 1, sizeof *adaptive->waits);
    sw_status status = adaptive->waits == NULL ? sw_fail(SW_E_MEMORY, "no memory for adaptive work") : SW_OK;
    if (status == SW_OK) status = refines ? create_planes(adaptive) : create_groups(adaptive);
    if (status == SW_OK)
        *out = adaptive;
    else
        sw_adaptive_destroy(adaptive);
    return status;
}

void sw_adaptive_destroy(sw_adaptive *adaptive) {
    if (adaptive == NULL) return;
    for (size_t p = 0; p < adaptive->plane_count; p++) {
        sw_refine_plane_destroy(adaptive->planes[p].lattice);
        free(adaptive->planes[p].run);
        free(adaptive->planes[p].verdict);
        free(adaptive->planes[p].told);
    }
    free(adaptive->planes);
    free(adaptive->groups);
    free(adaptive->group_of);
    free(adaptive->member_of);
    free(adaptive->run_of);
    free(adaptive->state);
    free(adaptive->value);
    free(adaptive->wall);
    free(adaptive->measure);
    free(adaptive->waits);
    free(adaptive->decisions);
    free(adaptive);
}

sw_status sw_adaptive_hear(sw_adaptive *adaptive, const sw_adaptive_news *news) {
    if (adaptive == NULL) return SW_OK;
    adaptive->waits[news->run] = !news->ended;
    return adaptive->planes != NULL ? hear_verdict(adaptive, news) : hear_values(adaptive, news);
}

sw_status sw_adaptive_begin(sw_adaptive *adaptive) {
    sw_status status = SW_OK;
    if (adaptive == NULL) return SW_OK;
    adaptive->begun = true;
    for (size_t p = 0; p < adaptive->plane_count && status == SW_OK; p++)
        status = advance_plane(adaptive, &adaptive->planes[p]);
    for (size_t g = 0; g < adaptive->group_count && status == SW_OK; g++)
        status = advance_group(adaptive, &adaptive->groups[g]);
    return status;
}
