/* check_json.c: the plan, or what is wrong with it, as JSON on stdout. */
#include "check.h"

#include <stdio.h>

static void write_text(sw_json *json, const char *key, const char *value)
{
    sw_json_key(json, key);
    sw_json_string(json, value);
}

static void write_integer(sw_json *json, const char *key, int64_t value)
{
    sw_json_key(json, key);
    sw_json_integer(json, value);
}

static void write_number(sw_json *json, const char *key, double value)
{
    sw_json_key(json, key);
    sw_json_number(json, value);
}

static void write_bool(sw_json *json, const char *key, bool value)
{
    sw_json_key(json, key);
    sw_json_bool(json, value);
}

static void write_diagnostics(sw_json *json, const char *key, const sw_diagnostics *diagnostics, bool warnings)
{
    sw_json_key(json, key);
    sw_json_begin_array(json);
    for (size_t i = 0; i < sw_diagnostics_count(diagnostics); i++) {
        const sw_diagnostic *item = sw_diagnostics_get(diagnostics, i);
        if (item->warning != warnings) continue;
        sw_json_begin_object(json);
        write_integer(json, "line", item->line);
        write_integer(json, "column", item->column);
        write_text(json, "path", item->path);
        write_text(json, "message", item->message);
        write_text(json, "hint", item->hint);
        sw_json_end_object(json);
    }
    sw_json_end_array(json);
}

static void write_value(sw_json *json, const sw_axis *axis, const sw_axis_value *value)
{
    switch (axis->type) {
    case SW_AXIS_REAL: sw_json_number(json, value->real); break;
    case SW_AXIS_INTEGER: sw_json_integer(json, value->integer); break;
    case SW_AXIS_BOOL:
        if (value->integer < 0)
            sw_json_null(json);
        else
            sw_json_bool(json, value->integer != 0);
        break;
    case SW_AXIS_STRING: sw_json_string(json, value->string); break;
    }
}

static void write_axes(sw_json *json, const sw_plan *plan)
{
    static const char *const types[] = {"integer", "real", "boolean", "string"};
    sw_json_key(json, "axes");
    sw_json_begin_array(json);
    for (size_t i = 0; i < plan->axis_count; i++) {
        sw_json_begin_object(json);
        write_text(json, "path", plan->axes[i].path);
        write_text(json, "type", types[plan->axes[i].type]);
        sw_json_end_object(json);
    }
    sw_json_end_array(json);
}

static void write_models(sw_json *json, const sw_check_summary *s)
{
    sw_json_key(json, "models");
    sw_json_begin_array(json);
    for (size_t i = 0; i < s->model_count; i++) {
        sw_json_begin_object(json);
        write_text(json, "task", s->models[i].task);
        write_text(json, "model", s->models[i].model);
        write_integer(json, "parameters", (int64_t)s->models[i].parameters);
        write_number(json, "step_flops", s->models[i].step_flops);
        write_integer(json, "runs", (int64_t)s->models[i].runs);
        sw_json_end_object(json);
    }
    sw_json_end_array(json);
}

static void write_cost(sw_json *json, const sw_check_summary *s)
{
    sw_json_key(json, "estimate");
    sw_json_begin_object(json);
    write_number(json, "core_hours", s->total_seconds / 3600);
    write_number(json, "longest_run_seconds", s->longest_seconds);
    write_number(json, "flops_per_second", s->speed.flops);
    write_number(json, "measured_share", s->speed.measured_share);
    sw_json_key(json, "makespan");
    sw_json_begin_array(json);
    for (size_t i = 0; i < s->span_count; i++) {
        sw_json_begin_object(json);
        write_integer(json, "workers", (int64_t)s->spans[i].workers);
        write_number(json, "seconds", s->spans[i].seconds);
        write_number(json, "busy", s->spans[i].busy);
        sw_json_end_object(json);
    }
    sw_json_end_array(json);
    write_integer(json, "advised_workers", (int64_t)s->advised_workers);
    write_integer(json, "advised_ranks", s->advised_workers > 1 ? (int64_t)s->advised_workers + 1 : 1);
    write_integer(json, "memory_bytes", (int64_t)s->memory);
    write_number(json, "file_bytes", s->file_bytes);
    sw_json_end_object(json);
}

/* What refine may take, and the rungs of halving. */
static void write_adaptive(sw_json *json, const sw_plan *plan)
{
    const sw_refine_config *refine = &plan->adaptive.refine;
    const sw_halving_config *halving = &plan->adaptive.halving;
    if (refine->axis_count) {
        sw_json_key(json, "refine");
        sw_json_begin_object(json);
        sw_json_key(json, "axes");
        sw_json_begin_array(json);
        for (int32_t a = 0; a < refine->axis_count; a++) sw_json_string(json, plan->axes[refine->axes[a]].path);
        sw_json_end_array(json);
        write_integer(json, "planes", (int64_t)plan->planes);
        write_integer(json, "points", (int64_t)(plan->lattice[0] * plan->lattice[1]));
        write_integer(json, "seeds", (int64_t)plan->seeds);
        write_integer(json, "first_runs",
                      (int64_t)(plan->planes * sw_refine_first_points(plan->lattice, &refine->rule)) *
                          refine->rule.seeds);
        write_integer(json, "most_runs", (int64_t)sw_check_most_runs(plan));
        sw_json_end_object(json);
    }
    if (halving->rung_count) {
        sw_json_key(json, "halving");
        sw_json_begin_object(json);
        sw_json_key(json, "rungs");
        sw_json_begin_array(json);
        for (int32_t r = 0; r < halving->rung_count; r++) sw_json_integer(json, halving->rungs[r]);
        sw_json_end_array(json);
        write_number(json, "keep", halving->keep);
        sw_json_end_object(json);
    }
}

static void write_leak(sw_json *json, const sw_leak *leak)
{
    sw_json_begin_object(json);
    write_text(json, "task", leak->task);
    write_number(json, "train_fraction", leak->train_fraction);
    write_integer(json, "data_seed", leak->data_seed);
    write_integer(json, "train_inputs", (int64_t)leak->train);
    write_integer(json, "test_inputs", (int64_t)leak->test);
    write_integer(json, "runs", (int64_t)leak->runs);
    write_number(json, "mirrored", leak->mirrored);
    write_number(json, "derived_by_weighted", leak->all_weighted);
    sw_json_key(json, "families");
    sw_json_begin_object(json);
    for (int f = 0; f < SW_FAMILY_COUNT; f++) {
        if (leak->derived[f] != leak->derived[f]) continue; /* NaN: not defined on the task */
        sw_json_key(json, sw_family_names[f]);
        sw_json_begin_object(json);
        write_number(json, "derived", leak->derived[f]);
        write_text(json, "inputs", leak->inputs[f] == SW_INPUTS_TRAIN ? "train" : "all");
        write_bool(json, "weighted", leak->weighted[f]);
        write_bool(json, "holds", leak->holds[f]);
        sw_json_end_object(json);
    }
    sw_json_end_object(json);
    sw_json_end_object(json);
}

static void write_runs(sw_json *json, const sw_plan *plan)
{
    sw_json_key(json, "list");
    sw_json_begin_array(json);
    for (size_t k = 0; k < plan->count; k++) {
        const sw_planned_run *run = &plan->runs[k];
        sw_json_begin_object(json);
        write_integer(json, "run", (int64_t)k);
        write_text(json, "id", run->id);
        write_text(json, "label", run->label);
        write_number(json, "seconds", run->seconds);
        write_integer(json, "memory_bytes", (int64_t)run->memory);
        sw_json_key(json, "axes");
        sw_json_begin_object(json);
        for (size_t a = 0; a < plan->axis_count; a++) {
            sw_json_key(json, plan->axes[a].path);
            write_value(json, &plan->axes[a], &plan->axis_values[k * plan->axis_count + a]);
        }
        sw_json_end_object(json);
        sw_json_key(json, "config");
        sw_config_write(json, &run->config);
        sw_json_end_object(json);
    }
    sw_json_end_array(json);
}

static void write_plan(sw_json *json, const sw_check_report *report)
{
    const sw_plan *plan = report->plan;
    write_text(json, "name", plan->name);
    write_text(json, "output", plan->output);
    write_integer(json, "identity_version", SW_IDENTITY_VERSION);
    write_integer(json, "runs", (int64_t)plan->count);
    write_axes(json, plan);
    write_models(json, report->summary);
    write_cost(json, report->summary);
    write_adaptive(json, plan);
    sw_json_key(json, "leaks");
    sw_json_begin_array(json);
    for (size_t i = 0; i < report->leak_count; i++) write_leak(json, &report->leaks[i]);
    sw_json_end_array(json);
    write_integer(json, "leak_settings", (int64_t)report->leak_distinct);
    if (report->options->list_runs) write_runs(json, plan);
}

static sw_status print(sw_json *json)
{
    const char *text = sw_json_text(json);
    if (!text) return SW_E_MEMORY;
    puts(text);
    return SW_OK;
}

sw_status sw_check_print_json(const sw_check_report *report)
{
    sw_json *json = NULL;
    sw_status status = sw_json_create(&json);
    if (status != SW_OK) return status;
    sw_json_begin_object(json);
    write_text(json, "sweep", report->options->sweep);
    write_bool(json, "valid", report->plan != NULL);
    write_diagnostics(json, "errors", report->diagnostics, false);
    write_diagnostics(json, "warnings", report->diagnostics, true);
    if (report->plan) write_plan(json, report);
    sw_json_end_object(json);
    status = print(json);
    sw_json_destroy(json);
    return status;
}

/* ---- keys ---- */

static void write_key(sw_json *json, const sw_key_info *key)
{
    sw_json_begin_object(json);
    write_text(json, "path", key->path);
    write_text(json, "section", key->section);
    write_text(json, "type", key->type);
    write_text(json, "default", key->default_text);
    write_text(json, "range", key->range);
    write_text(json, "unit", key->unit);
    write_text(json, "meaning", key->meaning);
    write_text(json, "concerns", key->concerns);
    write_bool(json, "identity", key->identity);
    write_text(json, "base", key->base);
    if (key->word) write_text(json, "word", key->word);
    if (key->values) {
        sw_json_key(json, "values");
        sw_json_begin_array(json);
        for (size_t i = 0; key->values[i]; i++) sw_json_string(json, key->values[i]);
        sw_json_end_array(json);
    }
    if (key->has_minimum) write_number(json, key->minimum_excluded ? "exclusive_minimum" : "minimum", key->minimum);
    if (key->has_maximum) write_number(json, key->maximum_excluded ? "exclusive_maximum" : "maximum", key->maximum);
    if (key->longest) write_integer(json, "longest", (int64_t)key->longest);
    sw_json_end_object(json);
}

static void print_key(const sw_key_info *key)
{
    printf("%s\n    %s%s%s; default %s%s%s%s%s\n    %s\n", key->path, key->type, key->range[0] ? " " : "", key->range,
           key->default_text, key->unit[0] ? "; in " : "", key->unit, key->concerns[0] ? "; needs " : "", key->concerns,
           key->meaning);
}

sw_status sw_check_print_keys(bool as_json)
{
    sw_json *json = NULL;
    sw_status status = sw_json_create(&json);
    if (status != SW_OK) return status;
    sw_json_begin_array(json);
    for (size_t i = 0; i < sw_key_count(); i++) {
        sw_key_info key;
        sw_key_describe(i, &key);
        if (as_json)
            write_key(json, &key);
        else
            print_key(&key);
    }
    sw_json_end_array(json);
    if (as_json) status = print(json);
    sw_json_destroy(json);
    return status;
}
