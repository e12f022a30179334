/* check_summary.c: what a plan adds up to. */
#include "check.h"

#include "symsweep/train.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUSY_SHARE 0.8
static const double MEASURE_SECONDS = 0.25; /* for all kinds of runs together */

/* ---- titles ---- */

static const char *name_of(const char *const *names, size_t count, int32_t value)
{
    return value >= 0 && (size_t)value < count ? names[value] : "?";
}
#define NAME_OF(names, value) name_of(names, sizeof names / sizeof names[0], value)

static void append_list(char *out, size_t capacity, const int32_t *values, int32_t count)
{
    size_t used = strlen(out);
    for (int32_t i = 0; i < count && used < capacity; i++)
        used += (size_t)snprintf(out + used, capacity - used, "%s%d", i ? "x" : " ", values[i]);
}

static void graph_title(char *out, size_t capacity, const sw_task_config *task)
{
    static const char *const graphs[] = {"cycle",     "path",  "grid", "grid3d",   "cylinder",
                                         "hypercube", "torus", "tree", "edge_list"};
    int used = snprintf(out, capacity, "graph %s", NAME_OF(graphs, task->graph));
    size_t rest = capacity - (size_t)used;
    switch ((sw_graph_id)task->graph) {
    case SW_GRAPH_CYCLE:
    case SW_GRAPH_PATH: snprintf(out + used, rest, " %d", task->nodes); break;
    case SW_GRAPH_HYPERCUBE: snprintf(out + used, rest, " 2^%d", task->dimension); break;
    case SW_GRAPH_TREE: snprintf(out + used, rest, " %d^%d", task->branching, task->depth); break;
    case SW_GRAPH_EDGE_LIST: {
        const char *slash = strrchr(task->file, '/');
        snprintf(out + used, rest, " %.60s", slash ? slash + 1 : task->file);
        break;
    }
    default: append_list(out, capacity, task->sides, task->side_count); break;
    }
}

/* The keys that tasks.def names for a kind that has no title of its own above. */
static void append_p(char *out, const sw_task_config *task) { append_list(out, SW_CHECK_TITLE, &task->p, 1); }
static void append_n(char *out, const sw_task_config *task) { append_list(out, SW_CHECK_TITLE, &task->n, 1); }
static void append_sides(char *out, const sw_task_config *task)
{
    append_list(out, SW_CHECK_TITLE, task->sides, task->side_count);
}

static void append_shared(char *out, const sw_task_config *task)
{
#define X(ENUM, id, name, meaning)
#define USES(ENUM, key)                                                                                                \
    if (task->kind == SW_TASK_##ENUM) append_##key(out, task);
#include "symsweep/tasks.def"
#undef X
}

void sw_check_task_title(char out[SW_CHECK_TITLE], const sw_task_config *task)
{
    static const char *const operations[] = {"add",    "sub", "sum_squared",    "sum_cubed", "mul",
                                             "circle", "div", "sum_of_squares", "quadratic", "cubic"};
    static const char *const groups[] = {"cyclic", "dihedral", "symmetric", "product"};
    static const char *const forms[] = {"relation", "three_way"};
    switch ((sw_task_id)task->kind) {
    case SW_TASK_MODULAR:
        snprintf(out, SW_CHECK_TITLE, "modular %s p=%d", NAME_OF(operations, task->operation), task->p);
        break;
    case SW_TASK_GRAPH: graph_title(out, SW_CHECK_TITLE, task); break;
    case SW_TASK_COMPARISON:
        snprintf(out, SW_CHECK_TITLE, "comparison %s", NAME_OF(forms, task->form));
        append_list(out, SW_CHECK_TITLE, task->sides, task->side_count);
        break;
    case SW_TASK_GROUP:
        snprintf(out, SW_CHECK_TITLE, "group %s", NAME_OF(groups, task->group));
        if (task->group == SW_GROUP_PRODUCT)
            append_list(out, SW_CHECK_TITLE, task->factors, task->factor_count);
        else
            append_list(out, SW_CHECK_TITLE, &task->n, 1);
        break;
    default:
        snprintf(out, SW_CHECK_TITLE, "%s", sw_task_names[task->kind]);
        append_shared(out, task);
        break;
    }
    if (task->label_shuffle > 0) {
        size_t used = strlen(out);
        snprintf(out + used, SW_CHECK_TITLE - used, ", %g of labels shuffled", task->label_shuffle);
    }
}

void sw_check_model_title(char out[SW_CHECK_TITLE], const sw_model_config *model)
{
    if (model->kind == SW_MODEL_MLP)
        snprintf(out, SW_CHECK_TITLE, "mlp layers=%d d_model=%d d_hidden=%d", model->layers, model->d_model,
                 model->d_hidden);
    else
        snprintf(out, SW_CHECK_TITLE, "transformer layers=%d d_model=%d heads=%d d_mlp=%d", model->layers,
                 model->d_model, model->heads, model->d_mlp);
}

/* ---- models ---- */

static void count_model(sw_check_summary *out, const sw_run_config *config, const sw_run_cost *cost)
{
    sw_check_model model = {.parameters = cost->parameters, .runs = 1, .step_flops = cost->step_flops};
    sw_check_task_title(model.task, &config->task);
    sw_check_model_title(model.model, &config->model);
    for (size_t i = 0; i < out->model_count; i++) {
        sw_check_model *known = &out->models[i];
        if (known->parameters != model.parameters || strcmp(known->task, model.task) ||
            strcmp(known->model, model.model))
            continue;
        known->runs++;
        return;
    }
    if (out->model_count < SW_CHECK_MODELS_MAX)
        out->models[out->model_count++] = model;
    else
        out->models_left_out++;
}

/* ---- workers ---- */

static double busy_share(const sw_check_summary *s, const sw_plan *plan, size_t workers)
{
    double makespan = sw_plan_makespan(plan, workers);
    return makespan > 0 ? s->total_seconds / (makespan * (double)workers) : 1;
}

static void advise(sw_check_summary *s, const sw_plan *plan)
{
    double bound = s->longest_seconds > 0 ? s->total_seconds / s->longest_seconds / BUSY_SHARE : 1;
    size_t workers = bound < (double)plan->count ? (size_t)bound : plan->count;
    if (workers < 1) workers = 1;
    while (workers > 1 && busy_share(s, plan, workers) < BUSY_SHARE) workers -= workers > 64 ? workers / 64 : 1;
    s->advised_workers = workers;
}

static void add_span(sw_check_summary *s, const sw_plan *plan, size_t workers)
{
    for (size_t i = 0; i < s->span_count; i++)
        if (s->spans[i].workers == workers) return;
    if (s->span_count == SW_CHECK_SPANS_MAX) return;
    s->spans[s->span_count++] = (sw_check_span){workers, sw_plan_makespan(plan, workers), busy_share(s, plan, workers)};
}

static int compare_spans(const void *a, const void *b)
{
    const sw_check_span *x = a, *y = b;
    return (x->workers > y->workers) - (x->workers < y->workers);
}

size_t sw_check_most_runs(const sw_plan *plan)
{
    size_t budget = (size_t)plan->adaptive.refine.rule.budget * plan->planes;
    return budget > 0 && budget < plan->count ? budget : plan->count;
}

static sw_status find_speed(sw_plan_speed *out, sw_plan *plan, double speed)
{
    if (!(speed > 0)) return sw_plan_calibrate(out, plan, sw_pace_measure, MEASURE_SECONDS, sw_load_cores());
    *out = (sw_plan_speed){.flops = speed};
    return sw_plan_set_speed(plan, speed);
}

sw_status sw_check_summarize(sw_check_summary *out, sw_plan *plan, const sw_check_options *options)
{
    *out = (sw_check_summary){0};
    sw_status speed = find_speed(&out->speed, plan, options->speed);
    if (speed) return speed;
    for (size_t k = 0; k < plan->count; k++) {
        sw_run_cost cost;
        sw_status status = sw_cost_estimate(&cost, &plan->runs[k].config);
        if (status != SW_OK) return status;
        count_model(out, &plan->runs[k].config, &cost);
        double seconds = plan->runs[k].seconds;
        out->total_seconds += seconds;
        out->file_bytes += cost.file_bytes;
        if (seconds > out->longest_seconds) out->longest_seconds = seconds;
        if (cost.memory > out->memory) out->memory = cost.memory;
    }
    advise(out, plan);
    if (options->workers) {
        add_span(out, plan, options->workers);
        return SW_OK;
    }
    static const size_t tried[] = {1, 2, 8, 32, 128, 512};
    add_span(out, plan, out->advised_workers);
    for (size_t i = 0; i < sizeof tried / sizeof tried[0]; i++)
        if (tried[i] < plan->count) add_span(out, plan, tried[i]);
    qsort(out->spans, out->span_count, sizeof out->spans[0], compare_spans);
    return SW_OK;
}
