/* check_report.c: what `symsweep check` tells of a plan, as text and as JSON. */
#include "cli/check_report.h"

#include "cli/command.h"
#include "cli/row.h"

#include "symsweep/clock.h"
#include "symsweep/text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *const input_names[] = {[SW_INPUTS_ALL] = "all", [SW_INPUTS_TRAIN] = "train"};

enum { VALUES_SHOWN = 6 };

static void format_bytes(char out[32], double bytes) {
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB"};
    size_t unit = 0;
    while (bytes >= 999.5 && unit + 1 < sizeof units / sizeof units[0]) {
        bytes /= 1000;
        unit++;
    }
    snprintf(out, 32, bytes < 9.95 && unit ? "%.1f %s" : "%.0f %s", bytes, units[unit]);
}

/* ---- axes ---- */

static void format_value(char out[160], const sw_axis *axis, const sw_axis_value *value) {
    if (sw_row_lacks(axis, value))
        snprintf(out, 160, "-");
    else
        sw_row_value(out, 160, axis, value);
}

static bool same_value(const sw_axis *axis, const sw_axis_value *a, const sw_axis_value *b) {
    if (axis->type == SW_AXIS_REAL) return a->real == b->real || (isnan(a->real) && isnan(b->real));
    if (axis->type == SW_AXIS_STRING) return !strcmp(a->string, b->string);
    return a->integer == b->integer;
}

/* The first few different values of an axis in plan order. */
static void print_values(const sw_plan *plan, size_t axis) {
    const sw_axis_value *shown[VALUES_SHOWN];
    size_t count = 0;
    bool more = false;
    for (size_t k = 0; k < plan->count && !more; k++) {
        const sw_axis_value *value = &plan->axis_values[k * plan->axis_count + axis];
        bool known = false;
        for (size_t i = 0; i < count && !known; i++) known = same_value(&plan->axes[axis], shown[i], value);
        if (known) continue;
        if (count == VALUES_SHOWN)
            more = true;
        else
            shown[count++] = value;
    }
    for (size_t i = 0; i < count; i++) {
        char text[160];
        format_value(text, &plan->axes[axis], shown[i]);
        sw_text_printf(stdout, "%s%s", i ? ", " : "", text);
    }
    printf("%s\n", more ? ", ..." : "");
}

static void print_axes(const sw_plan *plan) {
    size_t width = 0;
    for (size_t i = 0; i < plan->axis_count; i++) {
        size_t length = strlen(plan->axes[i].path);
        if (length > width) width = length;
    }
    for (size_t i = 0; i < plan->axis_count; i++) {
        printf("%-12s%-*s  ", i ? "" : "axes", (int)width, plan->axes[i].path);
        print_values(plan, i);
    }
    if (!plan->axis_count) printf("axes        none\n");
}

/* ---- summary ---- */

static void print_models(const sw_check_summary *s) {
    for (size_t i = 0; i < s->model_count; i++) {
        const sw_check_model *m = &s->models[i];
        sw_text_printf(stdout, "%-12s%s on %s: %zu parameters, %.3g Mflop a step, %zu run%s\n", i ? "" : "models",
                       m->model, m->task, m->parameters, m->step_flops / 1e6, m->runs, m->runs == 1 ? "" : "s");
    }
    if (s->models_left_out) printf("            ... and other models of %zu runs\n", s->models_left_out);
}

static void print_refine(const sw_plan *plan) {
    static const char *const onsets[] = {
        [SW_STATEMENT_T_MEM] = "t_mem",
        [SW_STATEMENT_T_GEN] = "t_gen",
        [SW_STATEMENT_T_SYM] = "t_sym",
        [SW_STATEMENT_T_GEO] = "t_geo",
    };
    const sw_refine_config *refine = &plan->adaptive.refine;
    size_t first = sw_refine_first_points(plan->lattice, &refine->rule);
    printf("refine      where %s is reached, over %s", onsets[refine->reached], plan->axes[refine->axes[0]].path);
    if (refine->axis_count > 1) printf(" x %s", plan->axes[refine->axes[1]].path);
    printf(": %zu plane%s of %zu x %zu points, %zu seed%s\n", plan->planes, plan->planes == 1 ? "" : "s",
           plan->lattice[0], plan->lattice[1], plan->seeds, plan->seeds == 1 ? "" : "s");
    printf("            at least %zu runs, at most %zu; the rest of the lattice ends as not selected\n",
           plan->planes * first * (size_t)refine->rule.seeds, sw_check_most_runs(plan));
}

static void print_halving(const sw_plan *plan) {
    const sw_halving_config *halving = &plan->adaptive.halving;
    printf("halving     at steps");
    for (int32_t r = 0; r < halving->rung_count; r++) printf("%s %lld", r ? "," : "", (long long)halving->rungs[r]);
    printf(" the best %g %% by %s go on, the others are pruned\n", 100 * halving->keep,
           sw_record_metric(halving->measure)->name);
}

static void print_speed(const sw_check_report *report) {
    const sw_plan_speed *speed = &report->summary.speed;
    double rate = speed->flops / 1e9;
    if (report->options.speed > 0)
        printf("speed       %.0f Gflop/s a core, as --speed says\n", rate);
    else if (speed->measured_share > 0)
        printf("speed       %.0f Gflop/s a core, measured on this machine with runs that are %.0f %% of the work\n",
               rate, 100 * speed->measured_share);
    else
        printf("speed       %.0f Gflop/s a core, a guess: the runs are too large to be tried here\n", rate);
}

/* How many ranks the plan deserves, and what more of them would wait for. */
static void print_advice(const sw_check_summary *s, size_t runs) {
    char longest[32];
    sw_clock_format(longest, s->longest_seconds);
    if (s->advised_workers <= 1) {
        printf("advice      one process, without mpirun\n");
        return;
    }
    printf("advice      up to %zu ranks (%zu workers and the master) are busy 80 %% of the time; ",
           s->advised_workers + 1, s->advised_workers);
    if (s->advised_workers == runs)
        printf("there are no more runs\n");
    else
        printf("the longest run takes %s with any number\n", longest);
}

static void print_cost(const sw_check_report *report) {
    const sw_check_summary *s = &report->summary;
    char longest[32], memory[32], file[32];
    sw_clock_format(longest, s->longest_seconds);
    format_bytes(memory, (double)s->memory);
    format_bytes(file, s->file_bytes);
    printf("estimate    %.3g core-hours, longest run %s (early stops not foreseen)\n", s->total_seconds / 3600,
           longest);
    print_speed(report);
    printf("makespan    ");
    for (size_t i = 0; i < s->span_count; i++) {
        char time[32];
        sw_clock_format(time, s->spans[i].seconds);
        printf("%s%zu worker%s %s (%.0f %% busy)", i ? ",\n            " : "", s->spans[i].workers,
               s->spans[i].workers == 1 ? "" : "s", time, 100 * s->spans[i].busy);
    }
    putchar('\n');
    print_advice(s, report->plan->count);
    printf("memory      %s a worker\n", memory);
    printf("file        %s\n", file);
}

/* ---- leaks ---- */

static void print_leak(const sw_leak *leak) {
    sw_text_printf(stdout,
                   "leaks       %s, %g train: %zu train and %zu test inputs (data_seed %" PRIu32 ", %zu run%s)\n",
                   leak->task, leak->train_fraction, leak->train, leak->test, leak->data_seed, leak->runs,
                   leak->runs == 1 ? "" : "s");
    if (isnan(leak->mirrored))
        printf("              mirror in train: the task has no mirrors\n");
    else
        printf("              mirror in train: %.1f %% of the test inputs\n", 100 * leak->mirrored);
    for (int f = 0; f < SW_FAMILY_COUNT; f++) {
        if (isnan(leak->derived[f])) continue;
        printf("              derived by %-18s %5.1f %%  inputs %s%s%s%s\n", sw_family_names[f], 100 * leak->derived[f],
               input_names[leak->inputs[f]], leak->predicted[f] ? ", predicted" : "",
               leak->weighted[f] ? ", weighted" : "", leak->holds[f] ? "" : ", false on the task");
    }
    if (!isnan(leak->all_weighted))
        printf("              derived by all weighted together %.1f %%\n", 100 * leak->all_weighted);
}

static void print_leaks(const sw_check_report *report) {
    const sw_check_leaks *leaks = &report->leaks;
    for (size_t i = 0; i < leaks->count; i++) print_leak(&leaks->leak[i]);
    if (leaks->too_large)
        printf("            %zu settings with more than %d inputs are passed over\n", leaks->too_large,
               SW_LEAK_INPUTS_MAX);
    if (leaks->count && leaks->distinct > leaks->count + leaks->too_large)
        printf("            the first %zu of %zu settings (task, split, weighted families); --tasks N shows more\n",
               leaks->count, leaks->distinct);
}

/* ---- runs ---- */

static void print_runs(const sw_plan *plan) {
    printf("\n%6s  %-12s  %9s  %9s", "run", "id", "time", "memory");
    for (size_t a = 0; a < plan->axis_count; a++) printf("  %s", plan->axes[a].path);
    printf("  label\n");
    for (size_t k = 0; k < plan->count; k++) {
        const sw_planned_run *run = &plan->runs[k];
        char time[32], memory[32];
        sw_clock_format(time, run->seconds);
        format_bytes(memory, (double)run->memory);
        printf("%6zu  %.12s  %9s  %9s", k, run->id, time, memory);
        for (size_t a = 0; a < plan->axis_count; a++) {
            char text[160];
            format_value(text, &plan->axes[a], &plan->axis_values[k * plan->axis_count + a]);
            const int room = (int)strlen(plan->axes[a].path) - sw_text_columns(text);
            sw_text_printf(stdout, "  %*s%s", room > 0 ? room : 0, "", text);
        }
        sw_text_printf(stdout, "  %s\n", run->label);
    }
}

static void print_present(const sw_check_extend *extend, size_t runs) {
    if (!extend->there) return;
    printf("so far      %zu of the %zu runs are finished in this file, %zu are to be trained", extend->finished, runs,
           runs - extend->finished);
    if (extend->begun) printf(", %zu of them begun", extend->begun);
    if (extend->failed) printf(", %zu of them failed before", extend->failed);
    putchar('\n');
    if (extend->former)
        printf("            it also holds %zu run%s that the sweep does not have (any more)\n", extend->former,
               extend->former == 1 ? "" : "s");
}

/* Where runs begin alike. */
static void print_shared(const sw_check_summary *s) {
    if (s->shared_runs == 0) return;
    printf("shared      %zu run%s as another one: %" PRId64 " of %" PRId64 " steps are trained once (%.0f %% saved)\n",
           s->shared_runs, s->shared_runs == 1 ? " begins" : "s begin", s->shared_steps, s->steps,
           100 * (double)s->shared_steps / (double)s->steps);
}

static void print_extend(const sw_check_extend *extend) {
    bool first = true;
    for (int v = 0; v < SW_EXTEND_VERDICT_COUNT; v++) {
        char line[512];
        if (!sw_extend_describe(line, sizeof line, (sw_extend_verdict)v, extend->runs[v])) continue;
        printf("%-12s%s\n", first ? "more steps" : "", line);
        first = false;
    }
}

void sw_check_report_text(const sw_check_report *report) {
    const sw_plan *plan = report->plan;
    sw_text_printf(stdout, "sweep       %s (%s)\n", plan->name, plan->sweep_path);
    for (char *const *set = report->overrides; *set; set++)
        sw_text_printf(stdout, "%-12s%s\n", set == report->overrides ? "changed" : "", *set);
    sw_text_printf(stdout, "output      %s\n", plan->output);
    printf("runs        %zu", plan->count);
    if (report->options.shards) printf(" (shard %lld of %lld)", report->options.shard, report->options.shards);
    if (plan->excluded) printf(", %zu left out by exclude", plan->excluded);
    if (plan->merged) printf(", %zu the same as another", plan->merged);
    printf("\n");
    print_present(&report->extend, plan->count);
    print_extend(&report->extend);
    print_shared(&report->summary);
    print_axes(plan);
    print_models(&report->summary);
    sw_check_data_text(&report->data);
    if (plan->adaptive.refine.axis_count) print_refine(plan);
    if (plan->adaptive.halving.rung_count) print_halving(plan);
    print_cost(report);
    print_leaks(report);
    if (report->options.list_runs) print_runs(plan);
}

/* ---- JSON ---- */

static void write_diagnostics(sw_json *json, const char *key, const sw_diagnostics *diagnostics, bool warnings) {
    sw_json_member_array(json, key);
    for (size_t i = 0; i < sw_diagnostics_count(diagnostics); i++) {
        const sw_diagnostic *item = sw_diagnostics_get(diagnostics, i);
        if (item->warning != warnings) continue;
        sw_json_begin_object(json);
        sw_json_member_integer(json, "line", item->line);
        sw_json_member_integer(json, "column", item->column);
        sw_json_member_string(json, "path", item->path);
        sw_json_member_string(json, "message", item->message);
        sw_json_member_string(json, "hint", item->hint);
        sw_json_end_object(json);
    }
    sw_json_end_array(json);
}

static void write_value(sw_json *json, const sw_axis *axis, const sw_axis_value *value) {
    if (axis->type == SW_AXIS_BOOL && sw_row_lacks(axis, value)) {
        sw_json_key(json, axis->path);
        sw_json_null(json);
    } else {
        sw_row_write_value(json, axis, value);
    }
}

static void write_axes(sw_json *json, const sw_plan *plan) {
    static const char *const types[] = {"integer", "real", "boolean", "string"};
    sw_json_member_array(json, "axes");
    for (size_t i = 0; i < plan->axis_count; i++) {
        sw_json_begin_object(json);
        sw_json_member_string(json, "path", plan->axes[i].path);
        sw_json_member_string(json, "type", types[plan->axes[i].type]);
        sw_json_end_object(json);
    }
    sw_json_end_array(json);
}

static void write_models(sw_json *json, const sw_check_summary *s) {
    sw_json_member_array(json, "models");
    for (size_t i = 0; i < s->model_count; i++) {
        sw_json_begin_object(json);
        sw_json_member_string(json, "task", s->models[i].task);
        sw_json_member_string(json, "model", s->models[i].model);
        sw_json_member_integer(json, "parameters", (int64_t)s->models[i].parameters);
        sw_json_member_number(json, "step_flops", s->models[i].step_flops);
        sw_json_member_integer(json, "runs", (int64_t)s->models[i].runs);
        sw_json_end_object(json);
    }
    sw_json_end_array(json);
}

static void write_cost(sw_json *json, const sw_check_summary *s) {
    sw_json_member_object(json, "estimate");
    sw_json_member_number(json, "core_hours", s->total_seconds / 3600);
    sw_json_member_number(json, "longest_run_seconds", s->longest_seconds);
    sw_json_member_number(json, "flops_per_second", s->speed.flops);
    sw_json_member_number(json, "measured_share", s->speed.measured_share);
    sw_json_member_array(json, "makespan");
    for (size_t i = 0; i < s->span_count; i++) {
        sw_json_begin_object(json);
        sw_json_member_integer(json, "workers", (int64_t)s->spans[i].workers);
        sw_json_member_number(json, "seconds", s->spans[i].seconds);
        sw_json_member_number(json, "busy", s->spans[i].busy);
        sw_json_end_object(json);
    }
    sw_json_end_array(json);
    sw_json_member_integer(json, "advised_workers", (int64_t)s->advised_workers);
    sw_json_member_integer(json, "advised_ranks", s->advised_workers > 1 ? (int64_t)s->advised_workers + 1 : 1);
    sw_json_member_integer(json, "memory_bytes", (int64_t)s->memory);
    sw_json_member_number(json, "file_bytes", s->file_bytes);
    sw_json_end_object(json);
}

/* What refine may take, and the rungs of halving. */
static void write_adaptive(sw_json *json, const sw_plan *plan) {
    const sw_refine_config *refine = &plan->adaptive.refine;
    const sw_halving_config *halving = &plan->adaptive.halving;
    if (refine->axis_count) {
        sw_json_member_object(json, "refine");
        sw_json_member_array(json, "axes");
        for (int32_t a = 0; a < refine->axis_count; a++) sw_json_string(json, plan->axes[refine->axes[a]].path);
        sw_json_end_array(json);
        sw_json_member_integer(json, "planes", (int64_t)plan->planes);
        sw_json_member_integer(json, "points", (int64_t)(plan->lattice[0] * plan->lattice[1]));
        sw_json_member_integer(json, "seeds", (int64_t)plan->seeds);
        sw_json_member_integer(json, "first_runs",
                               (int64_t)(plan->planes * sw_refine_first_points(plan->lattice, &refine->rule)) *
                                   refine->rule.seeds);
        sw_json_member_integer(json, "most_runs", (int64_t)sw_check_most_runs(plan));
        sw_json_end_object(json);
    }
    if (halving->rung_count) {
        sw_json_member_object(json, "halving");
        sw_json_member_array(json, "rungs");
        for (int32_t r = 0; r < halving->rung_count; r++) sw_json_integer(json, halving->rungs[r]);
        sw_json_end_array(json);
        sw_json_member_number(json, "keep", halving->keep);
        sw_json_end_object(json);
    }
}

static void write_leak(sw_json *json, const sw_leak *leak) {
    sw_json_begin_object(json);
    sw_json_member_string(json, "task", leak->task);
    sw_json_member_number(json, "train_fraction", leak->train_fraction);
    sw_json_member_integer(json, "data_seed", leak->data_seed);
    sw_json_member_integer(json, "train_inputs", (int64_t)leak->train);
    sw_json_member_integer(json, "test_inputs", (int64_t)leak->test);
    sw_json_member_integer(json, "runs", (int64_t)leak->runs);
    sw_json_member_number(json, "mirrored", leak->mirrored);
    sw_json_member_number(json, "derived_by_weighted", leak->all_weighted);
    sw_json_member_object(json, "families");
    for (int f = 0; f < SW_FAMILY_COUNT; f++) {
        if (isnan(leak->derived[f])) continue; /* not defined on the task */
        sw_json_member_object(json, sw_family_names[f]);
        sw_json_member_number(json, "derived", leak->derived[f]);
        sw_json_member_string(json, "inputs", input_names[leak->inputs[f]]);
        sw_json_member_bool(json, "weighted", leak->weighted[f]);
        sw_json_member_bool(json, "holds", leak->holds[f]);
        sw_json_end_object(json);
    }
    sw_json_end_object(json);
    sw_json_end_object(json);
}

static void write_runs(sw_json *json, const sw_plan *plan) {
    sw_json_member_array(json, "list");
    for (size_t k = 0; k < plan->count; k++) {
        const sw_planned_run *run = &plan->runs[k];
        sw_json_begin_object(json);
        sw_json_member_integer(json, "run", (int64_t)k);
        sw_json_member_string(json, "id", run->id);
        sw_json_member_string(json, "label", run->label);
        sw_json_member_number(json, "seconds", run->seconds);
        sw_json_member_integer(json, "memory_bytes", (int64_t)run->memory);
        sw_json_member_object(json, "axes");
        for (size_t a = 0; a < plan->axis_count; a++)
            write_value(json, &plan->axes[a], &plan->axis_values[k * plan->axis_count + a]);
        sw_json_end_object(json);
        sw_json_key(json, "config");
        sw_config_write(json, &run->config);
        sw_json_end_object(json);
    }
    sw_json_end_array(json);
}

/* What the results file has. */
static void write_present(sw_json *json, const sw_check_extend *extend) {
    sw_json_member_object(json, "present");
    sw_json_member_integer(json, "finished", (int64_t)extend->finished);
    sw_json_member_integer(json, "begun", (int64_t)extend->begun);
    sw_json_member_integer(json, "failed", (int64_t)extend->failed);
    sw_json_member_integer(json, "former", (int64_t)extend->former);
    sw_json_end_object(json);
}

static void write_extend(sw_json *json, const sw_check_extend *extend) {
    sw_json_member_object(json, "more_steps");
    for (int v = SW_EXTEND_GOES_ON; v < SW_EXTEND_VERDICT_COUNT; v++)
        sw_json_member_integer(json, sw_extend_names[v], (int64_t)extend->runs[v]);
    sw_json_end_object(json);
}

static void write_plan(sw_json *json, const sw_check_report *report) {
    const sw_plan *plan = report->plan;
    sw_json_member_string(json, "name", plan->name);
    sw_json_member_string(json, "output", plan->output);
    sw_json_member_integer(json, "identity_version", SW_IDENTITY_VERSION);
    sw_json_member_integer(json, "runs", (int64_t)plan->count);
    sw_json_member_integer(json, "excluded", (int64_t)plan->excluded);
    sw_json_member_integer(json, "merged", (int64_t)plan->merged);
    if (report->extend.there) write_present(json, &report->extend);
    write_extend(json, &report->extend);
    sw_json_member_object(json, "shared");
    sw_json_member_integer(json, "runs", (int64_t)report->summary.shared_runs);
    sw_json_member_integer(json, "steps", report->summary.shared_steps);
    sw_json_member_integer(json, "steps_of_all", report->summary.steps);
    sw_json_end_object(json);
    write_axes(json, plan);
    write_models(json, &report->summary);
    sw_check_data_json(json, &report->data);
    write_cost(json, &report->summary);
    write_adaptive(json, plan);
    sw_json_member_array(json, "leaks");
    for (size_t i = 0; i < report->leaks.count; i++) write_leak(json, &report->leaks.leak[i]);
    sw_json_end_array(json);
    sw_json_member_integer(json, "leak_settings", (int64_t)report->leaks.distinct);
    if (report->options.list_runs) write_runs(json, plan);
}

sw_status sw_check_report_json(const sw_check_report *report) {
    sw_json *json = NULL;
    sw_status status = sw_json_create(&json);
    if (status != SW_OK) return status;
    sw_json_begin_object(json);
    sw_json_member_string(json, "sweep", report->sweep);
    sw_json_member_array(json, "overrides");
    for (char *const *set = report->overrides; *set; set++) sw_json_string(json, *set);
    sw_json_end_array(json);
    sw_json_member_bool(json, "valid", report->plan != NULL);
    write_diagnostics(json, "errors", report->diagnostics, false);
    write_diagnostics(json, "warnings", report->diagnostics, true);
    if (report->plan) write_plan(json, report);
    sw_json_end_object(json);
    return sw_command_print(json, SW_OK);
}
