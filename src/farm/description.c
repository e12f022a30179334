/* description.c: what the results file must know of a plan. */
#include "farm/description.h"

#include "symsweep/automorphism.h"
#include "symsweep/farm.h"
#include "symsweep/json.h"
#include "symsweep/measure.h"
#include "symsweep/nn.h"
#include "symsweep/task.h"

#include <stdlib.h>
#include <string.h>

void sw_description_destroy(sw_description *description) {
    if (description == NULL) return;
    for (size_t i = 0; i < description->text_count; i++) free(description->texts[i]);
    free(description->texts);
    free(description->runs);
    free(description);
}

/* Keeps a copy of what the writer holds. */
static sw_status keep_text(const char **out, sw_description *description, const sw_json *json) {
    const char *text = sw_json_text(json);
    if (text == NULL) return SW_E_MEMORY; /* the message is set */
    char *copy = strdup(text);
    if (copy == NULL) return sw_fail(SW_E_MEMORY, "no memory for a text of %zu bytes", strlen(text));
    description->texts[description->text_count++] = copy;
    *out = copy;
    return SW_OK;
}

static sw_status write_config(const char **out, sw_description *description, const sw_run_config *config) {
    sw_json *json = NULL;
    sw_status status = sw_json_create(&json);
    if (status == SW_OK) {
        sw_config_write(json, config);
        status = keep_text(out, description, json);
    }
    sw_json_destroy(json);
    return status;
}

/* [{"name": ..., "offset": ..., "shape": [...]}, ...] */
static void write_tensors(sw_json *json, const sw_tensor *tensors, size_t count) {
    sw_json_begin_array(json);
    for (size_t i = 0; i < count; i++) {
        sw_json_begin_object(json);
        sw_json_member_string(json, "name", tensors[i].name);
        sw_json_member_integer(json, "offset", (int64_t)tensors[i].offset);
        sw_json_member_array(json, "shape");
        for (int r = 0; r < tensors[i].rank; r++) sw_json_integer(json, tensors[i].shape[r]);
        sw_json_end_array(json);
        sw_json_end_object(json);
    }
    sw_json_end_array(json);
}

static sw_status write_parameter_layout(const char **out, sw_description *description, const sw_run_config *config,
                                        const sw_task *task) {
    sw_model_shape shape = {
        .vocabulary = task->vocabulary, .entities = task->entities, .tokens = task->tokens, .classes = task->classes};
    size_t count = sw_model_layout(NULL, 0, &config->model, &shape, NULL);
    sw_tensor *tensors = calloc(count, sizeof *tensors);
    if (tensors == NULL) return sw_fail(SW_E_MEMORY, "no memory for %zu tensors", count);
    sw_model_layout(tensors, count, &config->model, &shape, NULL);
    sw_json *json = NULL;
    sw_status status = sw_json_create(&json);
    if (status == SW_OK) {
        write_tensors(json, tensors, count);
        status = keep_text(out, description, json);
    }
    sw_json_destroy(json);
    free(tensors);
    return status;
}

static bool same_network(const sw_run_config *a, const sw_run_config *b) {
    return memcmp(&a->task, &b->task, sizeof a->task) == 0 && memcmp(&a->model, &b->model, sizeof a->model) == 0;
}

/* Generators of the symmetry group of the run's table: a text for each table is enough. */
static sw_status describe_symmetries(sw_store_run *run, sw_description *description, const sw_plan *plan, size_t i) {
    const sw_task_config *task = &plan->runs[i].config.task;
    sw_automorphism_facts facts;
    sw_json *json;
    run->generators = "";
    sw_status status = sw_automorphism_describe(&facts, task);
    if (status != SW_OK || facts.count == 0) return status;
    run->generator_count = facts.count < SW_GENERATORS_MAX ? (int32_t)facts.count : SW_GENERATORS_MAX;
    run->order_log10 = facts.order_log10;
    if (i > 0 && memcmp(task, &plan->runs[i - 1].config.task, sizeof *task) == 0) {
        run->generators = description->runs[i - 1].generators;
        return SW_OK;
    }
    status = sw_json_create(&json);
    if (status != SW_OK) return status;
    sw_automorphism_write(json, &facts.shape, facts.generators, facts.text, facts.count);
    status = keep_text(&run->generators, description, json);
    sw_json_destroy(json);
    return status;
}

static sw_status describe_run(sw_description *description, const sw_plan *plan, size_t i) {
    const sw_planned_run *planned = &plan->runs[i];
    const sw_run_config *config = &planned->config;
    sw_store_run *run = &description->runs[i];
    sw_task task;
    sw_status status = sw_task_describe(&task, &config->task, &config->model);
    if (status != SW_OK) return status;
    *run = (sw_store_run){.id = planned->id,
                          .label = planned->label,
                          .task = sw_task_names[config->task.kind],
                          .seed = config->seed,
                          .evaluations = sw_schedule_evaluations(config),
                          .snapshots = sw_schedule_snapshots(config),
                          .data_inputs = config->save.split ? (int64_t)task.inputs : 0,
                          .data_tokens = config->save.split ? task.tokens : 0,
                          .clean_labels = config->save.split && config->task.label_noise > 0,
                          .llc_stretches = config->measure.llc_every > 0 ? SW_LENGTH_LLC_TRACE : 0,
                          .irreps = config->measure.circuits_every > 0 ? SW_LENGTH_NEURON_POWER : 0,
                          .axes = plan->axis_values + i * plan->axis_count};
    status = describe_symmetries(run, description, plan, i);
    if (status == SW_OK) status = sw_measure_snapshot_shape(&run->shape, config);
    if (status == SW_OK) status = write_config(&run->config, description, config);
    if (status != SW_OK) return status;
    if (i > 0 && same_network(config, &plan->runs[i - 1].config)) { /* a text for each network is enough */
        run->parameter_layout = description->runs[i - 1].parameter_layout;
        return SW_OK;
    }
    return write_parameter_layout(&run->parameter_layout, description, config, &task);
}

/* Common curves and measures of geometry have a dataset in every file, so that tools need not ask. */
static sw_status describe_metrics(sw_description *description, const sw_plan *plan) {
    for (int m = SW_METRIC_TRAIN_LOSS; m <= SW_METRIC_WEIGHT_NORM; m++) description->layout.metric[m] = true;
    for (int m = SW_METRIC_EFFECTIVE_DIMENSION; m <= SW_METRIC_ORDER_SPEARMAN; m++)
        description->layout.metric[m] = true;
    for (size_t i = 0; i < plan->count; i++) {
        bool mask[SW_METRIC_COUNT];
        sw_status status = sw_measure_applicable(mask, &plan->runs[i].config);
        if (status != SW_OK) return status;
        for (int m = 0; m < SW_METRIC_COUNT; m++)
            description->layout.metric[m] = description->layout.metric[m] || mask[m];
    }
    return SW_OK;
}

static const sw_store_knowledge KNOWLEDGE = {.axis_value = sw_config_axis_value};

sw_status sw_description_create(sw_description **out, const sw_plan *plan) {
    *out = NULL;
    sw_description *description = calloc(1, sizeof *description);
    if (description == NULL) return sw_fail(SW_E_MEMORY, "no memory to describe the plan");
    description->runs = calloc(plan->count + 1, sizeof *description->runs);
    description->texts = calloc(3 * plan->count + 1, sizeof *description->texts);
    sw_status status = SW_OK;
    if (description->runs == NULL || description->texts == NULL)
        status = sw_fail(SW_E_MEMORY, "no memory to describe %zu runs", plan->count);
    description->layout = (sw_store_sweep){.sweep_name = plan->name,
                                           .sweep_text = plan->sweep_text,
                                           .sweep_length = plan->sweep_length,
                                           .blas = sw_blas_version(),
                                           .mpi = sw_farm_mpi_version(),
                                           .axis_count = plan->axis_count,
                                           .axes = plan->axes,
                                           .refined = plan->adaptive.refine.axis_count > 0,
                                           .knowledge = &KNOWLEDGE,
                                           .run_count = plan->count,
                                           .runs = description->runs};
    for (size_t i = 0; i < plan->count && status == SW_OK; i++) {
        status = describe_run(description, plan, i);
        if (status != SW_OK) status = sw_fail_in(status, "run %zu", i);
    }
    if (status == SW_OK) status = describe_metrics(description, plan);
    if (status == SW_OK)
        *out = description;
    else
        sw_description_destroy(description);
    return status;
}
