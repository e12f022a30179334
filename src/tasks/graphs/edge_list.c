/* edge_list.c: a graph from a text file of edges. */
#include "tasks/edge_file.h"

static sw_status validate(const sw_graph *graph, const sw_task_config *config) {
    (void)graph;
    if (config->file[0] == '\0')
        return sw_fail(SW_E_CONFIG, "task.file: an edge_list needs the file that lists its edges");
    if (config->component < 0 || config->component >= SW_COMPONENT_COUNT)
        return sw_fail(SW_E_CONFIG, "task.component: no choice has number %d", config->component);
    return SW_OK;
}

static sw_status edges(sw_edges *out, const sw_graph *graph, const sw_task_config *config) {
    (void)graph;
    return sw_edge_file_read(out, config);
}

const sw_graph sw_graph_edge_list = {.validate = validate, .edges = edges};
