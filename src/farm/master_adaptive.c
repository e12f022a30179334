#include "farm/master_adaptive.h"

#include "symsweep/log.h"
#include "symsweep/plan.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A plane of the lattice. Slots are numbered as in refine.h. */
typedef struct plane {
    sw_refine_plane *lattice;
    size_t *run;               /* [slots] */
    uint8_t *verdict;          /* [slots] sw_verdict */
    sw_store_refined *written; /* [slots]: what the file has been given */
    size_t slots, open;        /* open: chosen runs that are not final */
} plane;

/* Runs that compete in halving, in plan order. */
typedef struct group {
    size_t *run;
    sw_halving_run *state;
    size_t count, open; /* open: runs on their way to a rung */
} group;

struct sw_adaptive {
    size_t plane_count;
    plane *planes;
    size_t group_count;
    group *groups;
    size_t *group_of, *member_of; /* [runs] */
    double *value;                /* [runs, rungs] */
    double *wall, *measure;       /* [runs]: seconds, as far as this job knows */
};

/* ---- taking over and giving up ---- */

static sw_status release(sw_master *master, size_t run)
{
    int64_t row = sw_master_row(master, run);
    sw_scheduler_release(master->scheduler, run);
    if (sw_store_state(master->store, row) == SW_RUN_PENDING) return SW_OK;
    master->unflushed = true; /* a row that an earlier form of the sweep had no need of */
    return sw_store_requeue(master->store, row, false);
}

static bool is_held(const sw_master *master, size_t run)
{
    return sw_scheduler_slot(master->scheduler, run) == SW_SLOT_HELD;
}

/* ---- refine ---- */

static int64_t onset_of(const sw_onsets *onsets, sw_statement statement)
{
    switch (statement) {
    case SW_STATEMENT_T_MEM: return onsets->t_mem;
    case SW_STATEMENT_T_GEN: return onsets->t_gen;
    case SW_STATEMENT_T_SYM: return onsets->t_sym;
    case SW_STATEMENT_T_GEO: return onsets->t_geo;
    }
    return -1;
}

static sw_verdict verdict_of(const sw_master *master, sw_run_state state, const sw_onsets *onsets)
{
    if (state == SW_RUN_FAILED) return SW_VERDICT_FAILED;
    sw_statement statement = (sw_statement)master->plan->adaptive.refine.reached;
    return onset_of(onsets, statement) >= 0 ? SW_VERDICT_YES : SW_VERDICT_NO;
}

static size_t slot_of(const sw_plan *plan, size_t run)
{
    const sw_lattice_place *place = &plan->runs[run].place;
    return (place->index[0] * plan->lattice[1] + place->index[1]) * plan->seeds + place->seed;
}

static sw_status create_plane(plane *out, const sw_plan *plan)
{
    out->slots = plan->lattice[0] * plan->lattice[1] * plan->seeds;
    out->run = calloc(out->slots + 1, sizeof *out->run);
    out->verdict = calloc(out->slots + 1, sizeof *out->verdict);
    out->written = calloc(out->slots + 1, sizeof *out->written);
    if (out->run == NULL || out->verdict == NULL || out->written == NULL)
        return sw_fail(SW_E_MEMORY, "no memory for a lattice of %zu runs", out->slots);
    for (size_t i = 0; i < out->slots; i++) out->written[i].round = -2; /* nothing yet */
    return sw_refine_plane_create(&out->lattice, plan->lattice, plan->seeds);
}

static bool is_same_number(double a, double b) { return a == b || (isnan(a) && isnan(b)); }

/* What the lattice says of a run, into the file when it is news. */
static sw_status write_refined(sw_master *master, plane *at, size_t slot)
{
    const sw_refine_point *point = &at->lattice->points[slot / at->lattice->seeds];
    sw_store_refined now = {.round = at->lattice->round[slot],
                            .class = point->class,
                            .decided = point->decided,
                            .reached = point->reached,
                            .low = point->decided > 0 ? point->low : NAN,
                            .high = point->decided > 0 ? point->high : NAN};
    sw_store_refined *before = &at->written[slot];
    if (before->round == now.round && before->class == now.class && before->decided == now.decided &&
        before->reached == now.reached && is_same_number(before->low, now.low) &&
        is_same_number(before->high, now.high))
        return SW_OK;
    *before = now;
    master->unflushed = true;
    return sw_store_refine(master->store, sw_master_row(master, at->run[slot]), &now);
}

/* The plane is over, and has not asked for this run. */
static sw_status leave_out(sw_master *master, size_t run)
{
    int64_t row = sw_master_row(master, run);
    sw_scheduler_drop(master->scheduler, run);
    master->not_selected++;
    if (sw_store_state(master->store, row) == SW_RUN_NOT_SELECTED) return SW_OK;
    master->unflushed = true;
    return sw_store_settle(master->store, row, SW_RUN_NOT_SELECTED);
}

/* All runs of the last round are final: chooses the next. */
static sw_status advance_plane(sw_master *master, plane *at)
{
    sw_status status = sw_refine_replay(at->lattice, &master->plan->adaptive.refine.rule, at->verdict);
    at->open = 0;
    for (size_t slot = 0; slot < at->slots && status == SW_OK; slot++) {
        size_t run = at->run[slot];
        bool chosen = at->lattice->round[slot] >= 0;
        at->open += chosen && at->verdict[slot] == SW_VERDICT_OPEN;
        if (is_held(master, run) && chosen)
            status = release(master, run);
        else if (is_held(master, run) && at->lattice->over)
            status = leave_out(master, run);
        if (status == SW_OK) status = write_refined(master, at, slot);
    }
    if (status == SW_OK && at->lattice->over)
        sw_debug("refine: plane %zu is resolved after %d rounds and %zu runs%s",
                 (size_t)(at - master->adaptive->planes), at->lattice->rounds, at->lattice->selected,
                 at->lattice->exhausted ? " (refine.budget)" : "");
    return status;
}

static sw_status note_verdict(sw_master *master, size_t run, sw_verdict verdict)
{
    plane *at = &master->adaptive->planes[master->plan->runs[run].place.plane];
    size_t slot = slot_of(master->plan, run);
    bool awaited = at->verdict[slot] == SW_VERDICT_OPEN && at->lattice->round[slot] >= 0;
    at->verdict[slot] = (uint8_t)verdict;
    if (!awaited || --at->open > 0) return SW_OK;
    return advance_plane(master, at);
}

static sw_status create_planes(sw_adaptive *adaptive, sw_master *master)
{
    const sw_plan *plan = master->plan;
    adaptive->planes = calloc(plan->planes + 1, sizeof *adaptive->planes);
    if (adaptive->planes == NULL) return sw_fail(SW_E_MEMORY, "no memory for %zu planes", plan->planes);
    sw_status status = SW_OK;
    for (; adaptive->plane_count < plan->planes && status == SW_OK; adaptive->plane_count++)
        status = create_plane(&adaptive->planes[adaptive->plane_count], plan);
    for (size_t run = 0; run < plan->count && status == SW_OK; run++) {
        plane *at = &adaptive->planes[plan->runs[run].place.plane];
        size_t slot = slot_of(plan, run);
        at->run[slot] = run;
        if (is_held(master, run)) continue;
        sw_run_state state = sw_store_state(master->store, sw_master_row(master, run));
        sw_onsets onsets;
        status = sw_master_compute_onsets(&onsets, master, run, state);
        if (status == SW_OK) at->verdict[slot] = (uint8_t)verdict_of(master, state, &onsets);
    }
    for (size_t p = 0; p < plan->planes && status == SW_OK; p++) status = advance_plane(master, &adaptive->planes[p]);
    return status;
}

/* ---- halving: what is known ---- */

static double *values_of(const sw_master *master, size_t run)
{
    return master->adaptive->value + run * (size_t)master->plan->adaptive.halving.rung_count;
}

static sw_halving_run *halving_state(const sw_master *master, size_t run)
{
    const sw_adaptive *adaptive = master->adaptive;
    return &adaptive->groups[adaptive->group_of[run]].state[adaptive->member_of[run]];
}

/* The measure at the rungs, from the records of the run. */
static sw_status read_values(sw_master *master, size_t run)
{
    const sw_halving_config *halving = &master->plan->adaptive.halving;
    int64_t every = master->plan->runs[run].config.evaluate.every;
    sw_halving_run *state = halving_state(master, run);
    double *value = values_of(master, run);
    sw_record *records = NULL;
    size_t count = 0;
    sw_status status = sw_store_records(master->store, sw_master_row(master, run), &records, &count);
    double last = status == SW_OK && count > 0 ? (double)records[count - 1].value[halving->measure] : NAN;
    state->known = 0;
    for (int32_t r = 0; r < halving->rung_count && status == SW_OK; r++) {
        size_t at = (size_t)(halving->rungs[r] / every);
        bool has = at < count && records[at].step == halving->rungs[r];
        value[r] = has ? (double)records[at].value[halving->measure] : last;
        if (has && state->known == r) state->known = r + 1;
    }
    free(records);
    return status;
}

/* ---- halving: what follows ---- */

static sw_status prune(sw_master *master, size_t run, int64_t step)
{
    int64_t row = sw_master_row(master, run);
    sw_scheduler_drop(master->scheduler, run);
    master->pruned++;
    if (sw_store_state(master->store, row) == SW_RUN_PRUNED) return SW_OK;
    sw_run_result result = {.state = SW_RUN_PRUNED,
                            .steps = step,
                            .wall_seconds = master->adaptive->wall[run],
                            .measure_seconds = master->adaptive->measure[run]};
    sw_master_write_result(master, run, &result);
    return SW_OK;
}

static int64_t rung_step(const sw_master *master, int32_t rung)
{
    const sw_halving_config *halving = &master->plan->adaptive.halving;
    return rung < halving->rung_count ? halving->rungs[rung] : 0;
}

int64_t sw_adaptive_until(const sw_master *master, size_t run)
{
    if (master->adaptive == NULL || master->adaptive->groups == NULL) return 0;
    return rung_step(master, halving_state(master, run)->target);
}

static sw_status train_on(sw_master *master, size_t run, const sw_halving_run *state)
{
    const sw_planned_run *planned = &master->plan->runs[run];
    double from = state->known > 0 ? (double)rung_step(master, state->known - 1) : 0;
    double to = (double)rung_step(master, state->target), steps = (double)planned->config.steps;
    if (to == 0 || to > steps) to = steps;
    sw_scheduler_expect(master->scheduler, run, planned->seconds * fmax(0, to - from) / steps, true);
    return release(master, run);
}

/* Nobody of the group is on the way to a rung any more: the best go on. */
static sw_status advance_group(sw_master *master, group *at)
{
    sw_status status = sw_halving_replay(at->state, at->count, &master->plan->adaptive.halving);
    at->open = 0;
    for (size_t m = 0; m < at->count && status == SW_OK; m++) {
        const sw_halving_run *state = &at->state[m];
        size_t run = at->run[m];
        if (state->ended) continue;
        at->open += state->fate == SW_HALVING_TRAINS;
        if (!is_held(master, run)) continue;
        if (state->fate == SW_HALVING_TRAINS)
            status = train_on(master, run, state);
        else if (state->fate == SW_HALVING_PRUNED)
            status = prune(master, run, rung_step(master, state->target));
    }
    return status;
}

static sw_status arrived(sw_master *master, size_t run)
{
    group *at = &master->adaptive->groups[master->adaptive->group_of[run]];
    assert(at->open > 0);
    return --at->open > 0 ? SW_OK : advance_group(master, at);
}

/* ---- halving: groups ---- */

static bool is_same_axis(const sw_plan *plan, size_t a, size_t b, int32_t axis)
{
    if (axis < 0) return strcmp(plan->runs[a].label, plan->runs[b].label) == 0;
    const sw_axis_value *x = &plan->axis_values[a * plan->axis_count + (size_t)axis];
    const sw_axis_value *y = &plan->axis_values[b * plan->axis_count + (size_t)axis];
    switch (plan->axes[axis].type) {
    case SW_AXIS_REAL: return is_same_number(x->real, y->real);
    case SW_AXIS_STRING: return strcmp(x->string, y->string) == 0;
    case SW_AXIS_INTEGER:
    case SW_AXIS_BOOL: return x->integer == y->integer;
    }
    return false;
}

static bool compete(const sw_plan *plan, size_t a, size_t b)
{
    const sw_halving_config *halving = &plan->adaptive.halving;
    for (int32_t i = 0; i < halving->within_count; i++)
        if (!is_same_axis(plan, a, b, halving->within[i])) return false;
    return true;
}

/* Numbers the groups; each is known by its first run until all are counted. */
static sw_status sort_into_groups(sw_adaptive *adaptive, const sw_plan *plan)
{
    size_t *first = calloc(plan->count + 1, sizeof *first);
    if (first == NULL) return sw_fail(SW_E_MEMORY, "no memory for groups of runs");
    for (size_t run = 0; run < plan->count; run++) {
        size_t g = 0;
        while (g < adaptive->group_count && !compete(plan, run, first[g])) g++;
        if (g == adaptive->group_count) first[adaptive->group_count++] = run;
        adaptive->group_of[run] = g;
        adaptive->member_of[run] = adaptive->groups[g].count++;
    }
    free(first);
    for (size_t g = 0; g < adaptive->group_count; g++) {
        group *at = &adaptive->groups[g];
        at->run = calloc(at->count, sizeof *at->run);
        at->state = calloc(at->count, sizeof *at->state);
        if (at->run == NULL || at->state == NULL) return sw_fail(SW_E_MEMORY, "no memory for groups of runs");
    }
    for (size_t run = 0; run < plan->count; run++)
        adaptive->groups[adaptive->group_of[run]].run[adaptive->member_of[run]] = run;
    return SW_OK;
}

static sw_status create_groups(sw_adaptive *adaptive, sw_master *master)
{
    const sw_plan *plan = master->plan;
    size_t rungs = (size_t)plan->adaptive.halving.rung_count;
    adaptive->groups = calloc(plan->count + 1, sizeof *adaptive->groups);
    adaptive->group_of = calloc(plan->count + 1, sizeof *adaptive->group_of);
    adaptive->member_of = calloc(plan->count + 1, sizeof *adaptive->member_of);
    adaptive->value = calloc(plan->count * rungs + 1, sizeof *adaptive->value);
    adaptive->wall = calloc(plan->count + 1, sizeof *adaptive->wall);
    adaptive->measure = calloc(plan->count + 1, sizeof *adaptive->measure);
    bool complete = adaptive->groups && adaptive->group_of && adaptive->member_of && adaptive->value &&
                    adaptive->wall && adaptive->measure;
    sw_status status = complete ? sort_into_groups(adaptive, plan) : sw_fail(SW_E_MEMORY, "no memory for halving");
    for (size_t run = 0; run < plan->count && status == SW_OK; run++) {
        sw_halving_run *state = halving_state(master, run);
        state->ended = !is_held(master, run);
        state->value = values_of(master, run);
        status = read_values(master, run);
    }
    for (size_t g = 0; g < adaptive->group_count && status == SW_OK; g++)
        status = advance_group(master, &adaptive->groups[g]);
    return status;
}

/* ---- what the master calls ---- */

sw_status sw_adaptive_create(sw_master *master)
{
    const sw_plan *plan = master->plan;
    bool refines = plan->adaptive.refine.axis_count > 0, halves = plan->adaptive.halving.rung_count > 0;
    if (!refines && !halves) return SW_OK;
    master->adaptive = calloc(1, sizeof *master->adaptive);
    if (master->adaptive == NULL) return sw_fail(SW_E_MEMORY, "no memory for adaptive work");
    for (size_t run = 0; run < plan->count; run++)
        if (sw_scheduler_slot(master->scheduler, run) == SW_SLOT_PENDING) sw_scheduler_hold(master->scheduler, run);
    return refines ? create_planes(master->adaptive, master) : create_groups(master->adaptive, master);
}

void sw_adaptive_destroy(sw_adaptive *adaptive)
{
    if (adaptive == NULL) return;
    for (size_t p = 0; p < adaptive->plane_count; p++) {
        sw_refine_plane_destroy(adaptive->planes[p].lattice);
        free(adaptive->planes[p].run);
        free(adaptive->planes[p].verdict);
        free(adaptive->planes[p].written);
    }
    for (size_t g = 0; g < adaptive->group_count; g++) {
        free(adaptive->groups[g].run);
        free(adaptive->groups[g].state);
    }
    free(adaptive->planes);
    free(adaptive->groups);
    free(adaptive->group_of);
    free(adaptive->member_of);
    free(adaptive->value);
    free(adaptive->wall);
    free(adaptive->measure);
    free(adaptive);
}

sw_status sw_adaptive_ended(sw_master *master, size_t run, sw_run_state state, const sw_onsets *onsets)
{
    if (master->adaptive == NULL) return SW_OK;
    if (master->adaptive->planes != NULL) return note_verdict(master, run, verdict_of(master, state, onsets));
    sw_halving_run *halving = halving_state(master, run);
    if (halving->fate == SW_HALVING_PRUNED) return SW_OK; /* by this very decision */
    sw_status status = read_values(master, run);
    if (status != SW_OK) return status;
    halving->ended = true;
    return arrived(master, run);
}

sw_status sw_adaptive_parked(sw_master *master, size_t run, const sw_run_result *result)
{
    if (sw_adaptive_until(master, run) == 0)
        return sw_fail(SW_E_PROTOCOL, "run %zu stopped at step %lld, which nobody asked for", run,
                       (long long)result->steps);
    master->adaptive->wall[run] = result->wall_seconds;
    master->adaptive->measure[run] = result->measure_seconds;
    sw_status status = read_values(master, run);
    return status == SW_OK ? arrived(master, run) : status;
}
