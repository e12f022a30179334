/* check_summary.c: what a plan adds up to. */
#include "cli/check_summary.h"

#include "symsweep/abbreviate.h"
#include "symsweep/sharing.h"
#include "symsweep/train.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUSY_SHARE 0.8
static const double MEASURE_SECONDS = 0.25; /* for all kinds of runs together */

/* ---- titles ---- */

SW_PRINTF(2, 3) static void append(char out[SW_CHECK_TITLE], const char *format, ...) {
    const size_t used = strlen(out);
    va_list values;
    va_start(values, format);
    vsnprintf(out + used, SW_CHECK_TITLE - used, format, values);
    va_end(values);
}

/* How a title tells the value of a key of `task`; other keys are not told. */
static const struct {
    const char *key, *before;
    size_t place, count; /* of the first int32_t in sw_task_config; where their number stands, 0 = there is one */
} told[] = {
    {"p", " p=", offsetof(sw_task_config, p), 0},
    {"n", " ", offsetof(sw_task_config, n), 0},
    {"nodes", " ", offsetof(sw_task_config, nodes), 0},
    {"dimension", " 2^", offsetof(sw_task_config, dimension), 0},
    {"branching", " ", offsetof(sw_task_config, branching), 0},
    {"depth", "^", offsetof(sw_task_config, depth), 0},
    {"sides", " ", offsetof(sw_task_config, sides), offsetof(sw_task_config, side_count)},
    {"factors", " ", offsetof(sw_task_config, factors), offsetof(sw_task_config, factor_count)},
};

static const int32_t *integers_at(const sw_task_config *task, size_t place) {
    return (const int32_t *)((const char *)task + place);
}

static void append_key(char out[SW_CHECK_TITLE], const sw_task_config *task, const char *key) {
    if (strcmp(key, "file") == 0) {
        const char *slash = strrchr(task->file, '/');
        char name[96];
        sw_abbreviate_text(name, sizeof name, slash ? slash + 1 : task->file);
        append(out, " %s", name);
    }
    for (size_t k = 0; k < sizeof told / sizeof told[0]; k++) {
        if (strcmp(key, told[k].key) != 0) continue;
        const int32_t count = told[k].count ? *integers_at(task, told[k].count) : 1;
        for (int32_t i = 0; i < count; i++)
            append(out, "%s%d", i ? "x" : told[k].before, integers_at(task, told[k].place)[i]);
    }
}

/* The keys that the tables' rows use: of a graph and of a group each has its own. */
static void append_keys(char out[SW_CHECK_TITLE], const sw_task_config *task) {
#define GRAPH(ENUM, name, meaning)
#define USES(ENUM, key)                                                                                                \
    if (task->kind == SW_TASK_GRAPH && task->graph == SW_GRAPH_##ENUM) append_key(out, task, #key);
#include "symsweep/graphs.def"
#undef GRAPH
#define GROUP(ENUM, name, meaning)
#define USES(ENUM, key)                                                                                                \
    if (task->kind == SW_TASK_GROUP && task->group == SW_GROUP_##ENUM) append_key(out, task, #key);
#include "symsweep/groups.def"
#undef GROUP
    if (task->kind == SW_TASK_GRAPH || task->kind == SW_TASK_GROUP) return;
#define X(ENUM, id, name, meaning)
#define USES(ENUM, key)                                                                                                \
    if (task->kind == SW_TASK_##ENUM) append_key(out, task, #key);
#include "symsweep/tasks.def"
#undef X
}

/* A polynomial; a word, but for the product of two elements. */
static void append_expression(char out[SW_CHECK_TITLE], const sw_task_config *task) {
    char text[96];
    const bool polynomial = task->kind == SW_TASK_MODULAR && task->operation == SW_OP_EXPRESSION;
    const bool word = task->kind == SW_TASK_GROUP && task->expression[0] && strcmp(task->expression, "x*y") != 0;
    if (!polynomial && !word) return;
    sw_abbreviate_text(text, sizeof text, task->expression);
    append(out, " %s", text);
}

void sw_check_task_title(char out[SW_CHECK_TITLE], const sw_task_config *task) {
    static const char *const forms[] = {[SW_FORM_RELATION] = "relation", [SW_FORM_THREE_WAY] = "three_way"};
    static const char *const scrambles[] = {[SW_SCRAMBLE_CELLS] = "cells", [SW_SCRAMBLE_ISOTOPE] = "isotope"};
    snprintf(out, SW_CHECK_TITLE, "%s", sw_task_names[task->kind]);
    if (task->kind == SW_TASK_MODULAR) append(out, " %s", sw_operation_names[task->operation]);
    if (task->kind == SW_TASK_GRAPH) append(out, " %s", sw_graph_names[task->graph]);
    if (task->kind == SW_TASK_COMPARISON) append(out, " %s", forms[task->form]);
    if (task->kind == SW_TASK_GROUP) append(out, " %s", sw_group_names[task->group]);
    append_expression(out, task);
    append_keys(out, task);
    if (task->kind == SW_TASK_PARITY) append(out, " of %d in %d bits", task->relevant, task->bits);
    if (task->kind == SW_TASK_PLANTED) append(out, " of symmetry %d", task->symmetry_order);
    if (task->kind == SW_TASK_PLANTED && task->scramble != SW_SCRAMBLE_NONE)
        append(out, ", scrambled %s", scrambles[task->scramble]);
    if (task->label_shuffle > 0) append(out, ", %g of labels shuffled", task->label_shuffle);
    if (task->label_noise > 0) append(out, ", %g of train labels replaced", task->label_noise);
}

void sw_check_model_title(char out[SW_CHECK_TITLE], const sw_model_config *model) {
    if (model->kind == SW_MODEL_TRANSFORMER)
        snprintf(out, SW_CHECK_TITLE, "transformer layers=%d d_model=%d heads=%d d_mlp=%d", model->layers,
                 model->d_model, model->heads, model->d_mlp);
    else if (model->input == SW_INPUT_ONE_HOT)
        snprintf(out, SW_CHECK_TITLE, "mlp layers=%d one_hot d_hidden=%d", model->layers, model->d_hidden);
    else
        snprintf(out, SW_CHECK_TITLE, "mlp layers=%d d_model=%d d_hidden=%d", model->layers, model->d_model,
                 model->d_hidden);
    if (model->combine == SW_COMBINE_SUM) append(out, " sum");
    if (model->activation != SW_ACTIVATION_RELU) append(out, " %s", sw_activation_names[model->activation]);
    if (!model->bias) append(out, " no bias");
    if (model->normalization != SW_NORMALIZATION_NONE)
        append(out, " %s %s", model->normalization_placement == SW_PLACEMENT_PRE ? "pre" : "post",
               model->normalization == SW_NORMALIZATION_LAYERNORM ? "layernorm" : "rmsnorm");
    if (model->unembedding == SW_UNEMBEDDING_TIED) append(out, " tied");
    if (model->dropout > 0) append(out, " dropout=%g", model->dropout);
}

/* ---- models ---- */

/* What a line tells of a run; `first` holds the first run of each line. */
static bool same_model(const sw_run_config *a, const sw_run_config *b) {
    return memcmp(&a->task, &b->task, sizeof a->task) == 0 && a->model.kind == b->model.kind &&
           a->model.layers == b->model.layers && a->model.d_model == b->model.d_model &&
           a->model.heads == b->model.heads && a->model.d_mlp == b->model.d_mlp &&
           a->model.d_hidden == b->model.d_hidden && a->model.input == b->model.input &&
           a->model.combine == b->model.combine && a->model.activation == b->model.activation &&
           a->model.normalization == b->model.normalization &&
           a->model.normalization_placement == b->model.normalization_placement &&
           a->model.unembedding == b->model.unembedding && a->model.dropout == b->model.dropout;
}

static void count_model(sw_check_summary *out, const sw_planned_run *first[SW_CHECK_MODELS_MAX],
                        const sw_planned_run *run) {
    for (size_t i = 0; i < out->model_count; i++) {
        if (first[i]->parameters != run->parameters || !same_model(&first[i]->config, &run->config)) continue;
        out->models[i].runs++;
        return;
    }
    if (out->model_count == SW_CHECK_MODELS_MAX) {
        out->models_left_out++;
        return;
    }
    sw_check_model *model = &out->models[out->model_count];
    *model = (sw_check_model){.parameters = run->parameters, .runs = 1, .step_flops = run->step_flops};
    sw_check_task_title(model->task, &run->config.task);
    sw_check_model_title(model->model, &run->config.model);
    first[out->model_count++] = run;
}

/* ---- workers ---- */

static double busy_share(const sw_check_summary *s, const sw_plan *plan, size_t workers) {
    double makespan = sw_plan_makespan(plan, workers);
    return makespan > 0 ? s->total_seconds / (makespan * (double)workers) : 1;
}

static void advise(sw_check_summary *s, const sw_plan *plan) {
    double bound = s->longest_seconds > 0 ? s->total_seconds / s->longest_seconds / BUSY_SHARE : 1;
    size_t workers = bound < (double)plan->count ? (size_t)bound : plan->count;
    if (workers < 1) workers = 1;
    while (workers > 1 && busy_share(s, plan, workers) < BUSY_SHARE) workers -= workers > 64 ? workers / 64 : 1;
    s->advised_workers = workers;
}

static void add_span(sw_check_summary *s, const sw_plan *plan, size_t workers) {
    for (size_t i = 0; i < s->span_count; i++)
        if (s->spans[i].workers == workers) return;
    if (s->span_count == SW_CHECK_SPANS_MAX) return;
    s->spans[s->span_count++] = (sw_check_span){workers, sw_plan_makespan(plan, workers), busy_share(s, plan, workers)};
}

static int compare_spans(const void *a, const void *b) {
    const sw_check_span *x = a, *y = b;
    return (x->workers > y->workers) - (x->workers < y->workers);
}

size_t sw_check_most_runs(const sw_plan *plan) {
    size_t budget = (size_t)plan->adaptive.refine.rule.budget * plan->planes;
    return budget > 0 && budget < plan->count ? budget : plan->count;
}

static sw_status find_speed(sw_plan_speed *out, sw_plan *plan, double speed) {
    if (!(speed > 0)) return sw_plan_calibrate(out, plan, sw_pace_measure, MEASURE_SECONDS, sw_load_cores());
    *out = (sw_plan_speed){.flops = speed};
    return sw_plan_set_speed(plan, speed);
}

/* Runs take what they do not share. */
static sw_status count_shared(sw_check_summary *out, sw_plan *plan) {
    sw_sharing_run *shared = calloc(plan->count + 1, sizeof *shared);
    sw_status status = shared ? sw_sharing_find(shared, plan, NULL) : sw_fail(SW_E_MEMORY, "out of memory");
    for (size_t k = 0; k < plan->count && status == SW_OK; k++) {
        sw_planned_run *run = &plan->runs[k];
        out->steps += run->config.steps;
        out->shared_steps += shared[k].steps;
        out->shared_runs += shared[k].steps > 0;
        run->seconds *= 1 - (double)shared[k].steps / (double)run->config.steps;
    }
    free(shared);
    return status == SW_OK && out->shared_runs > 0 ? sw_plan_sort(plan) : status;
}

sw_status sw_check_summarize(sw_check_summary *out, sw_plan *plan, double speed, size_t workers) {
    *out = (sw_check_summary){0};
    sw_status status = find_speed(&out->speed, plan, speed);
    if (status != SW_OK) return status;
    for (size_t k = 0; k < plan->count; k++) /* whatever of it is trained by another one */
        if (plan->runs[k].seconds > out->longest_seconds) out->longest_seconds = plan->runs[k].seconds;
    status = count_shared(out, plan);
    if (status != SW_OK) return status;
    const sw_planned_run *first[SW_CHECK_MODELS_MAX];
    for (size_t k = 0; k < plan->count; k++) {
        const sw_planned_run *run = &plan->runs[k];
        count_model(out, first, run);
        out->total_seconds += run->seconds;
        out->file_bytes += run->file_bytes;
        if (run->memory > out->memory) out->memory = run->memory;
    }
    advise(out, plan);
    if (workers) {
        add_span(out, plan, workers);
        return SW_OK;
    }
    static const size_t tried[] = {1, 2, 8, 32, 128, 512};
    add_span(out, plan, out->advised_workers);
    for (size_t i = 0; i < sizeof tried / sizeof tried[0]; i++)
        if (tried[i] < plan->count) add_span(out, plan, tried[i]);
    qsort(out->spans, out->span_count, sizeof out->spans[0], compare_spans);
    return SW_OK;
}
