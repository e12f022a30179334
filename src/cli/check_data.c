/* check_data.c: what runs train on, of which the sweep file says only where it comes from. */
#include "cli/check_data.h"

#include <stdio.h>
#include <string.h>

/* ---- finding ---- */

static void count_set(sw_check_data *out, const sw_run_config *config, const sw_task *task) {
    sw_check_set set = {.train = sw_run_train(config, task->inputs), .runs = 1};
    const sw_batch_shape batch = sw_run_batch(&config->optimizer, set.train);
    set.test = task->inputs - set.train;
    set.noisy = sw_task_noisy_count(&config->task, set.train);
    set.batch = batch.inputs;
    set.full = batch.full;
    sw_check_task_title(set.task, &config->task);
    for (size_t i = 0; i < out->set_count; i++) {
        sw_check_set *known = &out->sets[i];
        if (strcmp(known->task, set.task) || known->train != set.train || known->test != set.test ||
            known->noisy != set.noisy || known->batch != set.batch || known->full != set.full)
            continue;
        known->runs++;
        return;
    }
    if (out->set_count < SW_CHECK_SETS_MAX)
        out->sets[out->set_count++] = set;
    else
        out->sets_left_out++;
}

static sw_status count_graph(sw_check_data *out, const sw_run_config *config) {
    sw_task_config graph; /* compared as bytes, gaps are zero */
    memcpy(&graph, &config->task, sizeof graph);
    graph.label_shuffle = graph.label_noise = 0;
    for (size_t i = 0; i < out->graph_count; i++) {
        if (memcmp(&out->graphs[i].config, &graph, sizeof graph) != 0) continue;
        out->graphs[i].runs++;
        return SW_OK;
    }
    if (out->graph_count == SW_CHECK_GRAPHS_MAX) {
        out->graphs_left_out++;
        return SW_OK;
    }
    sw_check_graph *found = &out->graphs[out->graph_count++];
    memcpy(&found->config, &graph, sizeof graph);
    found->runs = 1;
    sw_check_task_title(found->task, &graph);
    return sw_graph_describe(&found->facts, &graph);
}

sw_status sw_check_data_find(sw_check_data *out, const sw_plan *plan) {
    const sw_run_config *before = NULL;
    sw_task task;
    sw_status status = SW_OK;
    memset(out, 0, sizeof *out);
    for (size_t k = 0; k < plan->count && status == SW_OK; k++) {
        const sw_run_config *config = &plan->runs[k].config;
        if (!before || memcmp(&before->task, &config->task, sizeof config->task) != 0) /* may read a file */
            status = sw_task_describe(&task, &config->task, &config->model);
        before = config;
        if (status == SW_OK) count_set(out, config, &task);
        if (status == SW_OK && config->task.kind == SW_TASK_GRAPH) status = count_graph(out, config);
    }
    return status;
}

/* ---- as text ---- */

static const char *plural(size_t count) { return count == 1 ? "" : "s"; }

static void print_set(const sw_check_set *set, const char *title) {
    printf("%-12s%s: %zu train and %zu test inputs, ", title, set->task, set->train, set->test);
    if (set->noisy > 0) printf("%zu train label%s replaced, ", set->noisy, plural(set->noisy));
    if (set->full)
        printf("full batch");
    else
        printf("batches of %zu", set->batch);
    printf(", %zu run%s\n", set->runs, plural(set->runs));
}

static void print_list(const sw_edge_list *list, int32_t nodes) {
    const char *indent = "            ";
    if (list->components > 1)
        printf("%s  the largest of %zu components: %d of %zu nodes\n", indent, list->components, nodes, list->nodes);
    if (list->named) printf("%s  nodes have names, and are numbered in the order of their appearance\n", indent);
    if (list->self_loops + list->repeats > 0)
        printf("%s  %zu self-loop%s and %zu repeated edge%s add nothing\n", indent, list->self_loops,
               plural(list->self_loops), list->repeats, plural(list->repeats));
    if (list->header_line > 0)
        printf("%s  line %zu is no edge: \"%s\" names columns\n", indent, list->header_line, list->first_text);
    if (list->counts_line > 0)
        printf("%s  line %zu is no edge: \"%s\" counts nodes and edges\n", indent, list->counts_line, list->first_text);
    if (list->further > 0)
        printf("%s  %zu line%s with more than two fields, the rest ignored: \"%s\" in line %zu\n", indent,
               list->further, plural(list->further), list->further_text, list->further_line);
}

void sw_check_data_text(const sw_check_data *data) {
    for (size_t i = 0; i < data->set_count; i++) print_set(&data->sets[i], i ? "" : "data");
    if (data->sets_left_out) printf("            ... and other data of %zu runs\n", data->sets_left_out);
    for (size_t i = 0; i < data->graph_count; i++) {
        const sw_check_graph *graph = &data->graphs[i];
        printf("%-12s%s: %d nodes, %zu edge%s, diameter %d\n", i ? "" : "graphs", graph->task, graph->facts.nodes,
               graph->facts.edges, plural(graph->facts.edges), graph->facts.diameter);
        print_list(&graph->facts.list, graph->facts.nodes);
    }
    if (data->graphs_left_out) printf("            ... and other graphs of %zu runs\n", data->graphs_left_out);
}

/* ---- as JSON ---- */

static void write_set(sw_json *json, const sw_check_set *set) {
    sw_json_begin_object(json);
    sw_json_member_string(json, "task", set->task);
    sw_json_member_integer(json, "train_inputs", (int64_t)set->train);
    sw_json_member_integer(json, "test_inputs", (int64_t)set->test);
    sw_json_member_integer(json, "noisy_labels", (int64_t)set->noisy);
    sw_json_member_integer(json, "batch", (int64_t)set->batch);
    sw_json_member_bool(json, "full_batch", set->full);
    sw_json_member_integer(json, "runs", (int64_t)set->runs);
    sw_json_end_object(json);
}

static void write_list(sw_json *json, const sw_edge_list *list) {
    const struct {
        const char *name;
        size_t value;
    } numbers[] = {{"file_nodes", list->nodes},
                   {"components", list->components},
                   {"self_loops", list->self_loops},
                   {"repeated_edges", list->repeats},
                   {"comment_lines", list->comments},
                   {"header_line", list->header_line},
                   {"counts_line", list->counts_line},
                   {"ignored_fields_lines", list->further},
                   {"ignored_fields_first_line", list->further_line}};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        sw_json_member_integer(json, numbers[i].name, (int64_t)numbers[i].value);
    sw_json_member_string(json, "ignored_fields_first", list->further_text);
    sw_json_member_bool(json, "named_nodes", list->named);
}

static void write_graph(sw_json *json, const sw_check_graph *graph) {
    sw_json_begin_object(json);
    sw_json_member_string(json, "task", graph->task);
    sw_json_member_integer(json, "nodes", graph->facts.nodes);
    sw_json_member_integer(json, "edges", (int64_t)graph->facts.edges);
    sw_json_member_integer(json, "diameter", graph->facts.diameter);
    sw_json_member_integer(json, "runs", (int64_t)graph->runs);
    if (graph->config.graph == SW_GRAPH_EDGE_LIST) write_list(json, &graph->facts.list);
    sw_json_end_object(json);
}

void sw_check_data_json(sw_json *json, const sw_check_data *data) {
    sw_json_member_array(json, "data");
    for (size_t i = 0; i < data->set_count; i++) write_set(json, &data->sets[i]);
    sw_json_end_array(json);
    sw_json_member_array(json, "graphs");
    for (size_t i = 0; i < data->graph_count; i++) write_graph(json, &data->graphs[i]);
    sw_json_end_array(json);
}
