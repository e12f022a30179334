/* tree.c: every inner node has the same number of children. Breadth-first numbers: the root is 0, the children of v
 * are branching * v + 1 ... + branching. */
#include "tasks/graph.h"

#include <stdlib.h>

/* Stops above the limit of nodes. */
static int64_t nodes_of(const sw_task_config *config) {
    int64_t nodes = 1, level = 1;
    for (int32_t d = 0; d < config->depth && nodes <= SW_TASK_ENTITIES_MAX; d++) {
        level *= config->branching;
        nodes += level;
    }
    return nodes;
}

static sw_status validate(const sw_graph *graph, const sw_task_config *config) {
    (void)graph;
    if (config->branching < 1)
        return sw_fail(SW_E_CONFIG, "task.branching: expected at least 1, found %d", config->branching);
    if (config->depth < 1) return sw_fail(SW_E_CONFIG, "task.depth: expected at least 1, found %d", config->depth);
    return sw_task_check_size(nodes_of(config), 0, "task.depth");
}

static void shape(sw_task *task, const sw_graph *graph, const sw_task_config *config) {
    (void)graph;
    task->entities = (int32_t)nodes_of(config);
    task->classes = (config->branching > 1 ? 2 * config->depth : config->depth) + 1;
}

static sw_status edges(sw_edges *out, const sw_graph *graph, const sw_task_config *config) {
    (void)graph;
    out->nodes = (int32_t)nodes_of(config);
    out->count = (size_t)out->nodes - 1;
    out->edge = malloc(2 * out->count * sizeof *out->edge);
    if (out->edge == NULL) return sw_fail(SW_E_MEMORY, "task.graph: no memory for its edges");
    for (int32_t v = 1; v < out->nodes; v++) {
        out->edge[2 * (v - 1)] = (v - 1) / config->branching;
        out->edge[2 * (v - 1) + 1] = v;
    }
    return SW_OK;
}

const sw_graph sw_graph_tree = {.validate = validate, .shape = shape, .edges = edges};
