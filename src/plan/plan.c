/* plan.c: all runs of a sweep, their names, costs and order. */
#include "plan/checks.h"
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
    free(plan);
}

/* ---- identities ---- */

/* The SHA-256 of what decides a run's numbers, hex. */
static sw_status identify(char id[SW_RUN_ID_LENGTH + 1], const sw_run_config *config) {
    sw_json *json = NULL;
    sw_status status = sw_json_create(&json);
    if (status != SW_OK) return status;
    sw_config_write_identity(json, config);
    const char *text = sw_json_text(json);
    uint8_t digest[SW_SHA256_BYTES];
    status = text ? sw_sha256(digest, text, strlen(text)) : SW_E_MEMORY;
    if (status == SW_OK) sw_sha256_hex(id, digest);
    sw_json_destroy(json);
    return status;
}

typedef struct named_run {
    char id[SW_RUN_ID_LENGTH + 1];
    uint32_t k;
} named_run;

static int compare_names(const void *a, const void *b) {
    const named_run *x = a, *y = b;
    int order = memcmp(x->id, y->id, SW_RUN_ID_LENGTH);
    return order ? order : (x->k > y->k) - (x->k < y->k);
}

static void describe_value(char out[160], const sw_axis *axis, const sw_axis_value *value) {
    bool missing = axis->type == SW_AXIS_REAL     ? isnan(value->real)
                   : axis->type == SW_AXIS_STRING ? !value->string[0]
                                                  : value->integer < 0;
    if (missing)
        snprintf(out, 160, "without effect");
    else if (axis->type == SW_AXIS_REAL)
        snprintf(out, 160, "%g", value->real);
    else if (axis->type == SW_AXIS_STRING)
        snprintf(out, 160, "%s", value->string);
    else
        snprintf(out, 160, "%lld", (long long)value->integer);
}

/* "run 3 (seed 1, task.p 59)", runs counted from 0 in sweep order. */
static sw_status describe_run(char *out, size_t capacity, const sw_sweep *sweep, uint64_t k) {
    sw_run_config config;
    size_t axes = sw_sweep_axis_count(sweep);
    sw_axis_value *values = calloc(axes ? axes : 1, sizeof *values);
    if (!values) return sw_fail(SW_E_MEMORY, "out of memory");
    sw_status status = sw_sweep_resolve(sweep, k, &config, NULL, values, NULL);
    const char *label = sw_sweep_case(sweep, k);
    size_t used = (size_t)snprintf(out, capacity, "run %llu%s%s", (unsigned long long)k, label[0] ? " " : "", label);
    for (size_t i = 0; i < axes && used < capacity && status == SW_OK; i++) {
        char text[160];
        describe_value(text, sw_sweep_axis(sweep, i), &values[i]);
        used += (size_t)snprintf(out + used, capacity - used, "%s%s %s%s", i ? ", " : " (",
                                 sw_sweep_axis(sweep, i)->path, text, i + 1 == axes ? ")" : "");
    }
    free(values);
    return status;
}

static sw_status report_twins(const sw_sweep *sweep, sw_diagnostics *diagnostics, uint32_t first, uint32_t second) {
    char a[220], b[220];
    sw_position place;
    sw_status status = describe_run(a, sizeof a, sweep, first);
    if (status == SW_OK) status = describe_run(b, sizeof b, sweep, second);
    if (status != SW_OK) return status;
    sw_sweep_run_position(sweep, second, &place);
    sw_diagnostics_add(diagnostics, false, place.line, place.column, place.path,
                       "a key that one of them is not concerned with makes no difference",
                       "two runs are the same: %s and %s", a, b);
    return SW_OK;
}

static sw_status find_twins(const named_run *names, size_t count, const sw_sweep *sweep, sw_diagnostics *diagnostics) {
    named_run *sorted = malloc((count ? count : 1) * sizeof *sorted);
    if (!sorted) return sw_fail(SW_E_MEMORY, "out of memory");
    memcpy(sorted, names, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, compare_names);
    sw_status status = SW_OK;
    for (size_t i = 1; i < count && status == SW_OK && sw_diagnostics_count(diagnostics) < SW_DIAGNOSTICS_MAX; i++)
        if (!memcmp(sorted[i].id, sorted[i - 1].id, SW_RUN_ID_LENGTH))
            status = report_twins(sweep, diagnostics, sorted[i - 1].k, sorted[i].k);
    free(sorted);
    return status;
}

/* First pass: everything that can be wrong, and the identities; needs little memory whatever the sweep holds. */
static sw_status check_runs(named_run *names, const sw_sweep *sweep, sw_diagnostics *diagnostics) {
    sw_checks checks = {.sweep = sweep, .diagnostics = diagnostics};
    uint64_t count = sw_sweep_run_count(sweep), last = count;
    sw_status status = SW_OK;
    for (uint64_t k = 0; k < last && status == SW_OK; k++) {
        sw_run_config config;
        status = sw_sweep_resolve(sweep, k, &config, NULL, NULL, NULL);
        if (status == SW_OK) status = sw_checks_run(&checks, k, &config);
        if (status == SW_OK) status = identify(names[k].id, &config);
        names[k].k = (uint32_t)k;
        if (status == SW_E_CONFIG) status = SW_OK; /* reported */
        if (sw_diagnostics_errors(diagnostics) && k + RUNS_CHECKED_AFTER_ERROR < last)
            last = k + RUNS_CHECKED_AFTER_ERROR;
    }
    if (status == SW_OK && last == count) sw_checks_end(&checks);
    if (status == SW_OK && !sw_diagnostics_errors(diagnostics))
        status = find_twins(names, (size_t)count, sweep, diagnostics);
    return status;
}

/* ---- runs ---- */

static sw_status fill_run(sw_plan *plan, size_t k, const sw_sweep *sweep, const named_run *name) {
    sw_planned_run *run = &plan->runs[k];
    sw_run_cost cost;
    sw_status status =
        sw_sweep_resolve(sweep, k, &run->config, run->label, plan->axis_values + k * plan->axis_count, NULL);
    if (status == SW_OK) status = sw_cost_estimate(&cost, &run->config);
    if (status != SW_OK) return sw_fail_in(status, "run %zu", k);
    memcpy(run->id, name->id, sizeof run->id);
    run->config.prune = plan->adaptive.prune;
    if (plan->adaptive.refine.axis_count) sw_sweep_lattice_place(&run->place, sweep, k);
    run->flops = cost.flops;
    run->seconds = cost.seconds;
    run->memory = cost.memory;
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

static sw_status allocate(sw_plan *plan, const sw_sweep *sweep) {
    const char *text = sw_sweep_text(sweep, &plan->sweep_length);
    plan->count = (size_t)sw_sweep_run_count(sweep);
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

sw_status sw_plan_create(sw_plan **out, const sw_sweep *sweep, sw_diagnostics *diagnostics) {
    sw_plan *plan = NULL;
    uint64_t count = sw_sweep_run_count(sweep);
    *out = NULL;
    if (count > SW_RUNS_MAX) return refuse(sweep, diagnostics);
    named_run *names = calloc(count ? (size_t)count : 1, sizeof *names);
    sw_status status = names ? check_runs(names, sweep, diagnostics) : sw_fail(SW_E_MEMORY, "out of memory");
    if (status == SW_OK && sw_diagnostics_errors(diagnostics)) status = refuse(sweep, diagnostics);
    if (status != SW_OK) goto cleanup;
    plan = calloc(1, sizeof *plan);
    status = plan ? allocate(plan, sweep) : sw_fail(SW_E_MEMORY, "out of memory");
    if (status != SW_OK) goto cleanup;
    for (size_t i = 0; i < plan->axis_count; i++) plan->axes[i] = *sw_sweep_axis(sweep, i);
    plan->adaptive = *sw_sweep_adaptive(sweep);
    if (plan->adaptive.refine.axis_count) sw_sweep_lattice_size(sweep, &plan->planes, plan->lattice, &plan->seeds);
    for (size_t k = 0; k < plan->count && status == SW_OK; k++) status = fill_run(plan, k, sweep, &names[k]);
    if (status == SW_OK) status = sw_plan_sort(plan);
cleanup:
    free(names);
    if (status != SW_OK)
        sw_plan_destroy(plan);
    else
        *out = plan;
    return status;
}

sw_status sw_plan_load(sw_plan **out, const char *path, sw_diagnostics *diagnostics) {
    sw_sweep *sweep = NULL;
    *out = NULL;
    sw_status status = sw_sweep_read(&sweep, path, diagnostics);
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
