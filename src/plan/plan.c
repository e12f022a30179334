/* plan.c: all runs of a sweep, their names, costs and order. */
#include "plan/checks.h"
#include "symsweep/arena.h"
#include "symsweep/sha256.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RUNS_CHECKED_AFTER_ERROR = 4096 };

void sw_plan_destroy(sw_plan *plan) {
    if (!plan) return;
    free(plan->order);
    free(plan->axis_values);
    free(plan->runs);
    free(plan->axes);
    free(plan->sweep_text);
    free(plan->sweep_path);
    free(plan->output);
    free(plan->name);
    sw_arena_destroy(plan->lists);
    free(plan);
}

/* ---- identities ---- */

/* A run of the sweep. */
typedef struct named_run {
    uint8_t id[SW_SHA256_BYTES];     /* of what decides its numbers */
    uint8_t start[SW_SHA256_BYTES];  /* of the parameters that it starts from, 0 = they are drawn */
    uint8_t effect[SW_SHA256_BYTES]; /* the same without the keys that have no effect on it */
    sw_run_cost cost;
    uint32_t k;
    bool left_out; /* it is an earlier one */
} named_run;

static sw_status identify(uint8_t id[SW_SHA256_BYTES], sw_json *json, const sw_run_config *config) {
    sw_json_clear(json);
    sw_config_write_identity(json, config);
    const char *text = sw_json_text(json);
    return text ? sw_sha256(id, text, strlen(text)) : SW_E_MEMORY;
}

sw_status sw_plan_identify(char id[SW_RUN_ID_LENGTH + 1], const sw_run_config *config) {
    uint8_t digest[SW_SHA256_BYTES];
    sw_json *json = NULL;
    sw_status status = sw_json_create(&json);
    if (status == SW_OK) status = identify(digest, json, config);
    if (status == SW_OK) sw_sha256_hex(id, digest);
    sw_json_destroy(json);
    return status;
}

static sw_status name_run(named_run *out, sw_json *json, const sw_run_config *config) {
    sw_run_config reduced;
    sw_status status = identify(out->id, json, config);
    memcpy(out->effect, out->id, sizeof out->effect);
    if (status == SW_OK && sw_config_reduce(&reduced, config)) status = identify(out->effect, json, &reduced);
    return status;
}

/* ---- runs that come out the same ---- */

static int compare_effects(const void *a, const void *b) {
    const named_run *x = *(named_run *const *)a, *y = *(named_run *const *)b;
    int order = memcmp(x->effect, y->effect, sizeof x->effect);
    return order ? order : (x->k > y->k) - (x->k < y->k);
}

static int compare_ids(const void *a, const void *b) {
    const named_run *x = *(named_run *const *)a, *y = *(named_run *const *)b;
    int order = memcmp(x->id, y->id, sizeof x->id);
    return order ? order : (x->k > y->k) - (x->k < y->k);
}

/* Runs that come out as an earlier one, by how they differ from it, and the first of them in sweep order. */
typedef struct sameness {
    size_t count;
    uint32_t first, second; /* the second is the first */
    const char *paths[4];   /* keys without effect in which they differ */
    size_t path_count, paths_left_out;
} sameness;

static void note(sameness *found, uint32_t first, uint32_t second, const char *path) {
    if (!found->count || second < found->second) {
        found->first = first;
        found->second = second;
    }
    found->count++;
    for (size_t i = 0; i < found->path_count; i++)
        if (!strcmp(found->paths[i], path)) return;
    if (path && found->path_count < sizeof found->paths / sizeof found->paths[0])
        found->paths[found->path_count++] = path;
    else
        found->paths_left_out += path != NULL;
}

static void tell_error(const sameness *found, const char *hint, const sw_sweep *sweep, sw_diagnostics *diagnostics) {
    char a[200], b[200], more[64] = "";
    sw_position place;
    if (!found->count) return;
    sw_sweep_describe(a, sizeof a, sweep, found->first);
    sw_sweep_describe(b, sizeof b, sweep, found->second);
    sw_sweep_run_position(sweep, found->second, &place);
    if (found->count > 1) snprintf(more, sizeof more, ", and %zu more", found->count - 1);
    sw_diagnostics_add(diagnostics, false, place.line, place.column, place.path, hint,
                       "two runs are the same: %s and %s%s", a, b, more);
}

static void tell_left_out(const sameness *found, const char *why, const sw_sweep *sweep, sw_diagnostics *diagnostics) {
    char a[200], b[200], paths[256] = "", hint[480];
    size_t used = 0;
    sw_position place;
    if (!found->count) return;
    for (size_t i = 0; i < found->path_count && used < sizeof paths; i++)
        used += (size_t)snprintf(paths + used, sizeof paths - used, "%s%s", i ? ", " : ": ", found->paths[i]);
    sw_sweep_describe(a, sizeof a, sweep, found->first);
    sw_sweep_describe(b, sizeof b, sweep, found->second);
    sw_sweep_run_position(sweep, found->second, &place);
    snprintf(hint, sizeof hint, "%s is trained as %s", b, a);
    sw_diagnostics_add(diagnostics, true, place.line, place.column, place.path, hint,
                       "%zu of %llu runs are not trained again, because they %s%s%s", found->count,
                       (unsigned long long)sw_sweep_run_count(sweep), why, paths, found->paths_left_out ? " ..." : "");
}

/* Compares a run with the first one of its effect, and with the one before it. */
static sw_difference compare_run(sameness found[SW_DIFFERENCE_COUNT], const sw_sweep *sweep, const named_run *run,
                                 const named_run *first, const named_run *previous) {
    const char *path = NULL, *none = NULL;
    sw_difference difference = sw_sweep_compare(&path, sweep, first->k, run->k);
    if (difference == SW_DIFFERENCE_IDLE && previous != first &&
        sw_sweep_compare(&none, sweep, previous->k, run->k) == SW_DIFFERENCE_NONE) {
        first = previous;
        path = NULL;
        difference = SW_DIFFERENCE_NONE;
    }
    note(&found[difference], first->k, run->k, path);
    return difference;
}

/* Runs of one effect are one, the first, where they differ in keys without effect or were drawn; else that is an
 * error. A lattice and rungs need every run: there those of one identity are an error. */
static sw_status find_twins(named_run *names, size_t count, const sw_sweep *sweep, sw_diagnostics *diagnostics) {
    const sw_adaptive_config *adaptive = sw_sweep_adaptive(sweep);
    const bool apart = adaptive->refine.axis_count || adaptive->halving.rung_count;
    const size_t digest = apart ? offsetof(named_run, id) : offsetof(named_run, effect);
    named_run **sorted = malloc((count ? count : 1) * sizeof(named_run *));
    sameness found[SW_DIFFERENCE_COUNT] = {{0}};
    if (!sorted) return sw_fail(SW_E_MEMORY, "out of memory");
    for (size_t i = 0; i < count; i++) sorted[i] = &names[i];
    qsort(sorted, count, sizeof(named_run *), apart ? compare_ids : compare_effects);
    for (size_t i = 1, first = 0; i < count; i++) {
        if (memcmp((char *)sorted[i] + digest, (char *)sorted[first] + digest, SW_SHA256_BYTES) != 0) {
            first = i;
            continue;
        }
        sw_difference difference = compare_run(found, sweep, sorted[i], sorted[first], sorted[i - 1]);
        sorted[i]->left_out = !apart && (difference == SW_DIFFERENCE_IDLE || difference == SW_DIFFERENCE_DRAWN);
    }
    const char *idle = "a key that one of them is not concerned with makes no difference";
    tell_error(&found[SW_DIFFERENCE_NONE], "remove one of them, or let them differ", sweep, diagnostics);
    tell_error(&found[SW_DIFFERENCE_REAL], "keys of save, phase and checkpoint make no other run", sweep, diagnostics);
    if (apart) {
        tell_error(&found[SW_DIFFERENCE_IDLE], idle, sweep, diagnostics);
        tell_error(&found[SW_DIFFERENCE_DRAWN], "draw fewer samples", sweep, diagnostics);
    } else {
        tell_left_out(&found[SW_DIFFERENCE_IDLE], "differ from others only in keys without effect on them", sweep,
                      diagnostics);
        tell_left_out(&found[SW_DIFFERENCE_DRAWN], "are points that random has drawn before", sweep, diagnostics);
    }
    free(sorted);
    return SW_OK;
}

/* First pass: everything that can be wrong, and the identities; needs little memory whatever the sweep holds. */
static sw_status check_runs(named_run *names, const sw_sweep *sweep, sw_diagnostics *diagnostics) {
    sw_checks checks = {.sweep = sweep, .diagnostics = diagnostics};
    uint64_t count = sw_sweep_run_count(sweep), last = count;
    sw_json *json = NULL;
    sw_status status = sw_json_create(&json);
    if (status == SW_OK) status = sw_cost_cache_create(&checks.costs);
    for (uint64_t k = 0; k < last && status == SW_OK; k++) {
        sw_run_config config;
        status = sw_sweep_resolve(sweep, k, &config, NULL, NULL, NULL);
        if (status == SW_OK) status = sw_checks_run(&names[k].cost, &checks, k, &config);
        if (status == SW_OK) status = name_run(&names[k], json, &config);
        memcpy(names[k].start, config.start.sha256, sizeof names[k].start);
        names[k].k = (uint32_t)k;
        if (status == SW_E_CONFIG) status = SW_OK; /* reported */
        if ((sw_diagnostics_errors(diagnostics) || sw_sweep_faults_errors(sweep)) &&
            k + RUNS_CHECKED_AFTER_ERROR < last)
            last = k + RUNS_CHECKED_AFTER_ERROR;
    }
    sw_json_destroy(json);
    sw_cost_cache_destroy(checks.costs);
    sw_check_tuples_end(&checks.tuples);
    if (status == SW_OK && last == count) sw_checks_end(&checks);
    sw_sweep_faults_tell(sweep, diagnostics, last);
    if (status == SW_OK && !sw_diagnostics_errors(diagnostics))
        status = find_twins(names, (size_t)count, sweep, diagnostics);
    return status;
}

/* ---- runs ---- */

static sw_status fill_run(sw_plan *plan, size_t i, const sw_sweep *sweep, const named_run *name) {
    sw_planned_run *run = &plan->runs[i];
    const uint64_t k = name->k;
    const sw_run_cost *cost = &name->cost;
    sw_status status =
        sw_sweep_resolve(sweep, k, &run->config, run->label, plan->axis_values + i * plan->axis_count, NULL);
    if (status != SW_OK) return sw_fail_in(status, "run %zu", i);
    sw_sha256_hex(run->id, name->id);
    run->config.prune = plan->adaptive.prune;
    if (run->config.prune.generalized_for_steps > 0 && run->config.prune.generalized_accuracy == 0)
        run->config.prune.generalized_accuracy = run->config.phase.accuracy;
    memcpy(run->config.start.sha256, name->start, sizeof name->start);
    if (plan->adaptive.refine.axis_count) sw_sweep_lattice_place(&run->place, sweep, k);
    run->flops = cost->flops;
    run->measure_flops = cost->measure_flops;
    run->step_flops = cost->step_flops;
    run->seconds = cost->seconds;
    run->memory = cost->memory;
    run->parameters = cost->parameters;
    run->file_bytes = cost->file_bytes;
    return SW_OK;
}

typedef struct ordered_run {
    double seconds;
    size_t k;
} ordered_run;

static int compare_costs(const void *a, const void *b) {
    const ordered_run *x = a, *y = b;
    int order = (x->seconds < y->seconds) - (x->seconds > y->seconds);
    return order ? order : (x->k > y->k) - (x->k < y->k);
}

sw_status sw_plan_sort(sw_plan *plan) {
    ordered_run *sorted = malloc((plan->count ? plan->count : 1) * sizeof *sorted);
    if (!sorted) return sw_fail(SW_E_MEMORY, "out of memory");
    for (size_t k = 0; k < plan->count; k++) sorted[k] = (ordered_run){plan->runs[k].seconds, k};
    qsort(sorted, plan->count, sizeof *sorted, compare_costs);
    for (size_t i = 0; i < plan->count; i++) plan->order[i] = sorted[i].k;
    free(sorted);
    return SW_OK;
}

static char *copy_bytes(const char *text, size_t length) {
    char *copy = malloc(length + 1);
    if (!copy) return NULL;
    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

static sw_status allocate(sw_plan *plan, const sw_sweep *sweep, size_t merged) {
    const char *text = sw_sweep_text(sweep, &plan->sweep_length);
    plan->count = (size_t)sw_sweep_run_count(sweep) - merged;
    plan->merged = merged;
    plan->excluded = (size_t)sw_sweep_excluded(sweep);
    plan->axis_count = sw_sweep_axis_count(sweep);
    size_t runs = plan->count ? plan->count : 1, axes = plan->axis_count ? plan->axis_count : 1;
    plan->name = copy_bytes(sw_sweep_name(sweep), strlen(sw_sweep_name(sweep)));
    plan->output = copy_bytes(sw_sweep_output(sweep), strlen(sw_sweep_output(sweep)));
    plan->sweep_path = copy_bytes(sw_sweep_path(sweep), strlen(sw_sweep_path(sweep)));
    plan->sweep_text = copy_bytes(text, plan->sweep_length);
    plan->axes = calloc(axes, sizeof *plan->axes);
    plan->runs = calloc(runs, sizeof *plan->runs);
    plan->axis_values = axes <= SIZE_MAX / runs ? calloc(runs * axes, sizeof *plan->axis_values) : NULL;
    plan->order = calloc(runs, sizeof *plan->order);
    bool complete = plan->name && plan->output && plan->sweep_path && plan->sweep_text && plan->axes && plan->runs &&
                    plan->axis_values && plan->order;
    return complete ? SW_OK : sw_fail(SW_E_MEMORY, "no memory for a plan of %zu runs", plan->count);
}

static sw_status refuse(const sw_sweep *sweep, const sw_diagnostics *diagnostics) {
    size_t errors = sw_diagnostics_errors(diagnostics);
    return sw_fail(SW_E_CONFIG, "%s: %zu error%s", sw_sweep_path(sweep), errors, errors == 1 ? "" : "s");
}

/* ---- lists ---- */

static int compare_lists(const void *a, const void *b) {
    const sw_planned_run *const *x = a, *const *y = b;
    const uintptr_t p = (uintptr_t)(*x)->config.evaluate.snapshot_steps;
    const uintptr_t q = (uintptr_t)(*y)->config.evaluate.snapshot_steps;
    return (p > q) - (p < q);
}

/* The sweep's lists become the plan's own: one copy of each, however many runs point to it. */
static sw_status own_lists(sw_plan *plan) {
    sw_planned_run **sorted = malloc((plan->count ? plan->count : 1) * sizeof(sw_planned_run *));
    if (!sorted) return sw_fail(SW_E_MEMORY, "out of memory");
    for (size_t k = 0; k < plan->count; k++) sorted[k] = &plan->runs[k];
    qsort(sorted, plan->count, sizeof(sw_planned_run *), compare_lists);
    const int64_t *from = NULL;
    int64_t *copy = NULL;
    sw_status status = sw_arena_create(&plan->lists);
    for (size_t i = 0; i < plan->count && status == SW_OK; i++) {
        sw_evaluate_config *evaluate = &sorted[i]->config.evaluate;
        const size_t count = (size_t)evaluate->snapshot_step_count;
        if (evaluate->snapshot_steps != from) {
            from = evaluate->snapshot_steps;
            copy = sw_arena_alloc(plan->lists, count, sizeof *copy);
            if (copy) memcpy(copy, from, count * sizeof *copy);
            if (!copy) status = SW_E_MEMORY;
        }
        evaluate->snapshot_steps = copy;
    }
    free(sorted);
    return status;
}

sw_status sw_plan_create(sw_plan **out, const sw_sweep *sweep, sw_diagnostics *diagnostics) {
    sw_plan *plan = NULL;
    uint64_t count = sw_sweep_run_count(sweep);
    *out = NULL;
    if (count > SW_RUNS_MAX) return refuse(sweep, diagnostics);
    named_run *names = calloc(count ? (size_t)count : 1, sizeof *names);
    sw_status status = names ? check_runs(names, sweep, diagnostics) : sw_fail(SW_E_MEMORY, "out of memory");
    if (status == SW_OK && sw_diagnostics_errors(diagnostics)) status = refuse(sweep, diagnostics);
    if (status != SW_OK) goto cleanup;
    size_t merged = 0;
    for (uint64_t k = 0; k < count; k++) merged += names[k].left_out;
    plan = calloc(1, sizeof *plan);
    status = plan ? allocate(plan, sweep, merged) : sw_fail(SW_E_MEMORY, "out of memory");
    if (status != SW_OK) goto cleanup;
    for (size_t i = 0; i < plan->axis_count; i++) plan->axes[i] = *sw_sweep_axis(sweep, i);
    plan->adaptive = *sw_sweep_adaptive(sweep);
    if (plan->adaptive.refine.axis_count) sw_sweep_lattice_size(sweep, &plan->planes, plan->lattice, &plan->seeds);
    for (size_t k = 0, i = 0; k < count && status == SW_OK; k++)
        if (!names[k].left_out) status = fill_run(plan, i++, sweep, &names[k]);
    if (status == SW_OK) status = own_lists(plan);
    if (status == SW_OK) status = sw_plan_sort(plan);
cleanup:
    free(names);
    if (status != SW_OK)
        sw_plan_destroy(plan);
    else
        *out = plan;
    return status;
}

sw_status sw_plan_load(sw_plan **out, const char *path, char *const *overrides, sw_diagnostics *diagnostics) {
    sw_sweep *sweep = NULL;
    *out = NULL;
    sw_status status = sw_sweep_read(&sweep, path, overrides, diagnostics);
    if (status == SW_OK) status = sw_plan_create(out, sweep, diagnostics);
    sw_sweep_destroy(sweep);
    return status;
}

/* ---- shards ---- */

static bool is_in_shard(const char *id, size_t shard, size_t shards) {
    char head[17];
    snprintf(head, sizeof head, "%.16s", id);
    return strtoull(head, NULL, 16) % shards == shard % shards;
}

sw_status sw_plan_shard(sw_plan *plan, size_t shard, size_t shards) {
    if (shard < 1 || shard > shards) return sw_fail(SW_E_USAGE, "shard %zu of %zu", shard, shards);
    if (plan->adaptive.refine.axis_count || plan->adaptive.halving.rung_count)
        return sw_fail(SW_E_USAGE,
                       "--shard: %s chooses runs by the results of all, which a part does not have; "
                       "train the sweep as one job",
                       plan->adaptive.refine.axis_count ? "refine" : "prune.halving");
    size_t kept = 0;
    for (size_t k = 0; k < plan->count; k++) {
        if (!is_in_shard(plan->runs[k].id, shard, shards)) continue;
        plan->runs[kept] = plan->runs[k];
        memmove(plan->axis_values + kept * plan->axis_count, plan->axis_values + k * plan->axis_count,
                plan->axis_count * sizeof *plan->axis_values);
        kept++;
    }
    plan->count = kept;
    return sw_plan_sort(plan);
}
