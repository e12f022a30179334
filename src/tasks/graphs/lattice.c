/* lattice.c: products of paths and cycles. Nodes are coordinates, row-major (the last axis runs fastest); neighbours
 * differ by one on one axis. */
#include "tasks/graph.h"

#include <stdlib.h>

enum { AXES_MAX = 12 }; /* 2^12 = SW_TASK_ENTITIES_MAX nodes */

/* ---- keys ---- */

static int32_t side_of_nodes(const sw_task_config *config, int32_t axis) { return axis == 0 ? config->nodes : 0; }

static int32_t side_of_bits(const sw_task_config *config, int32_t axis) { return axis < config->dimension ? 2 : 0; }

static int32_t side_of_sides(const sw_task_config *config, int32_t axis) {
    return axis < config->side_count ? config->sides[axis] : 0;
}

static sw_status check_nodes(const sw_graph *graph, const sw_task_config *config) {
    (void)graph;
    if (config->nodes >= 2 && config->nodes <= SW_TASK_ENTITIES_MAX) return SW_OK;
    return sw_fail(SW_E_CONFIG, "task.nodes: expected 2 to %d nodes, found %d", SW_TASK_ENTITIES_MAX, config->nodes);
}

static sw_status check_dimension(const sw_graph *graph, const sw_task_config *config) {
    (void)graph;
    if (config->dimension >= 1 && config->dimension <= AXES_MAX) return SW_OK;
    return sw_fail(SW_E_CONFIG, "task.dimension: expected 1 to %d, found %d", AXES_MAX, config->dimension);
}

static sw_status check_sides(const sw_graph *graph, const sw_task_config *config) {
    const int32_t least = graph->least_sides, most = graph->most_sides;
    int64_t nodes = 1;
    if (config->side_count < least || config->side_count > most) {
        return sw_fail(SW_E_CONFIG, "task.sides: a %s has %d%s sides, found %d", sw_graph_names[config->graph], least,
                       least < most ? " or 3" : "", config->side_count);
    }
    for (int32_t k = 0; k < config->side_count; k++) {
        if (config->sides[k] < 1 || config->sides[k] > SW_TASK_ENTITIES_MAX) {
            return sw_fail(SW_E_CONFIG, "task.sides: expected sides of 1 to %d nodes, found %d", SW_TASK_ENTITIES_MAX,
                           config->sides[k]);
        }
        nodes *= config->sides[k];
    }
    if (nodes < 2) return sw_fail(SW_E_CONFIG, "task.sides: expected at least 2 nodes, found 1");
    return sw_task_check_size(nodes, 0, "task.sides");
}

/* ---- nodes and edges ---- */

static bool is_periodic(const sw_graph *graph, int32_t axis) { return (graph->periodic >> axis & 1u) != 0; }

/* Distances add over the axes of a product graph: half way round a cycle, end to end on a path. */
static void shape(sw_task *task, const sw_graph *graph, const sw_task_config *config) {
    task->entities = task->classes = 1;
    for (int32_t k = 0, side; (side = graph->side(config, k)) > 0; k++) {
        task->entities *= side;
        task->classes += is_periodic(graph, k) ? side / 2 : side - 1;
        task->coordinate_count++;
    }
}

static int32_t axes_of(const sw_graph *graph, const sw_task_config *config) {
    int32_t axes = 0;
    while (graph->side(config, axes) > 0) axes++;
    return axes;
}

static void coordinates(int32_t *out, const sw_graph *graph, const sw_task_config *config, int32_t node) {
    for (int32_t k = axes_of(graph, config) - 1; k >= 0; k--) {
        const int32_t side = graph->side(config, k);
        out[k] = node % side;
        node /= side;
    }
}

/* Each node with its successor on every axis. */
static sw_status edges(sw_edges *out, const sw_graph *graph, const sw_task_config *config) {
    const int32_t axes = axes_of(graph, config);
    out->nodes = 1;
    for (int32_t k = 0; k < axes; k++) out->nodes *= graph->side(config, k);
    out->edge = malloc((size_t)out->nodes * (size_t)axes * 2 * sizeof *out->edge);
    if (out->edge == NULL) return sw_fail(SW_E_MEMORY, "task.graph: no memory for its edges");
    int32_t stride = 1; /* between the numbers of neighbours on the axis */
    for (int32_t k = axes - 1; k >= 0; k--) {
        const int32_t side = graph->side(config, k);
        for (int32_t v = 0; v < out->nodes; v++) {
            const int32_t at = v / stride % side;
            const bool last = at + 1 == side;
            if (last && !is_periodic(graph, k)) continue;
            out->edge[2 * out->count] = v;
            out->edge[2 * out->count++ + 1] = last ? v - at * stride : v + stride;
        }
        stride *= side;
    }
    return SW_OK;
}

/* ---- the graphs ---- */

#define LATTICE .shape = shape, .edges = edges, .coordinates = coordinates
#define SIDES(least, most) .validate = check_sides, .side = side_of_sides, .least_sides = least, .most_sides = most
enum { FIRST_AXIS = 1, ALL_AXES = ~0 };

const sw_graph sw_graph_cycle = {LATTICE, .validate = check_nodes, .side = side_of_nodes, .periodic = FIRST_AXIS};
const sw_graph sw_graph_path = {LATTICE, .validate = check_nodes, .side = side_of_nodes};
const sw_graph sw_graph_grid = {LATTICE, SIDES(2, 2)};
const sw_graph sw_graph_grid3d = {LATTICE, SIDES(3, 3)};
const sw_graph sw_graph_cylinder = {LATTICE, SIDES(2, 2), .periodic = FIRST_AXIS};
const sw_graph sw_graph_hypercube = {LATTICE, .validate = check_dimension, .side = side_of_bits};
const sw_graph sw_graph_torus = {LATTICE, SIDES(2, 3), .periodic = (uint32_t)ALL_AXES};
