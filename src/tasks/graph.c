/* graph.c: pairs of nodes -> geodesic distance. Lattices (products of paths and cycles), trees, edge lists. */
#include "tasks/graph.h"

#include "tasks/internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { AXES_MAX = 12, EDGES_PER_NODE = AXES_MAX }; /* 2^12 = SW_TASK_ENTITIES_MAX nodes */

/* A lattice: nodes are coordinates, row-major (the last axis runs fastest); neighbours differ by one on one axis. */
typedef struct lattice {
    int32_t axes;
    int32_t side[AXES_MAX];
    bool periodic[AXES_MAX];
} lattice;

static const char *const graph_names[SW_GRAPH_COUNT] = {"cycle",     "path",  "grid", "grid3d",   "cylinder",
                                                        "hypercube", "torus", "tree", "edge_list"};

/* ---- validation: key by key ---- */

static sw_status check_nodes(const sw_task_config *config)
{
    if (config->nodes < 2 || config->nodes > SW_TASK_ENTITIES_MAX) {
        return sw_fail(SW_E_CONFIG, "task.nodes: expected 2 to %d nodes, found %d", SW_TASK_ENTITIES_MAX,
                       config->nodes);
    }
    return SW_OK;
}

static sw_status check_sides(const sw_task_config *config, int32_t least, int32_t most)
{
    int64_t nodes = 1;
    if (config->side_count < least || config->side_count > most) {
        return sw_fail(SW_E_CONFIG, "task.sides: a %s has %d%s sides, found %d", graph_names[config->graph], least,
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

static sw_status check_tree(const sw_task_config *config)
{
    if (config->branching < 1)
        return sw_fail(SW_E_CONFIG, "task.branching: expected at least 1, found %d", config->branching);
    if (config->depth < 1) return sw_fail(SW_E_CONFIG, "task.depth: expected at least 1, found %d", config->depth);
    int64_t nodes = 1, level = 1;
    for (int32_t d = 0; d < config->depth && nodes <= SW_TASK_ENTITIES_MAX; d++) {
        level *= config->branching;
        nodes += level;
    }
    return sw_task_check_size(nodes, 0, "task.depth");
}

static sw_status validate(const sw_task_config *config)
{
    switch (config->graph) {
    case SW_GRAPH_CYCLE:
    case SW_GRAPH_PATH: return check_nodes(config);
    case SW_GRAPH_GRID:
    case SW_GRAPH_CYLINDER: return check_sides(config, 2, 2);
    case SW_GRAPH_GRID3D: return check_sides(config, 3, 3);
    case SW_GRAPH_TORUS: return check_sides(config, 2, 3);
    case SW_GRAPH_HYPERCUBE:
        if (config->dimension >= 1 && config->dimension <= AXES_MAX) return SW_OK;
        return sw_fail(SW_E_CONFIG, "task.dimension: expected 1 to %d, found %d", AXES_MAX, config->dimension);
    case SW_GRAPH_TREE: return check_tree(config);
    case SW_GRAPH_EDGE_LIST:
        if (config->file[0] != '\0') return SW_OK;
        return sw_fail(SW_E_CONFIG, "task.file: an edge_list needs the file that lists its edges");
    default: return sw_fail(SW_E_CONFIG, "task.graph: no graph has number %d", config->graph);
    }
}

/* ---- lattices ---- */

static void lattice_of(lattice *out, const sw_task_config *config)
{
    memset(out, 0, sizeof *out);
    switch (config->graph) {
    case SW_GRAPH_CYCLE:
    case SW_GRAPH_PATH:
        out->axes = 1;
        out->side[0] = config->nodes;
        break;
    case SW_GRAPH_HYPERCUBE:
        out->axes = config->dimension;
        for (int32_t k = 0; k < out->axes; k++) out->side[k] = 2;
        break;
    default:
        out->axes = config->side_count;
        for (int32_t k = 0; k < out->axes; k++) out->side[k] = config->sides[k];
        break;
    }
    out->periodic[0] = config->graph == SW_GRAPH_CYCLE || config->graph == SW_GRAPH_CYLINDER;
    for (int32_t k = 0; k < out->axes && config->graph == SW_GRAPH_TORUS; k++) out->periodic[k] = true;
}

static int32_t lattice_nodes(const lattice *l)
{
    int32_t nodes = 1;
    for (int32_t k = 0; k < l->axes; k++) nodes *= l->side[k];
    return nodes;
}

/* Distances add over the axes of a product graph: half way round a cycle, end to end on a path. */
static int32_t lattice_diameter(const lattice *l)
{
    int32_t diameter = 0;
    for (int32_t k = 0; k < l->axes; k++) diameter += l->periodic[k] ? l->side[k] / 2 : l->side[k] - 1;
    return diameter;
}

/* Coordinate of node v on axis k, and the distance in node numbers to the next on that axis. */
static int32_t lattice_coordinate(const lattice *l, int32_t v, int32_t k, int32_t *stride)
{
    *stride = 1;
    for (int32_t j = l->axes - 1; j > k; j--) *stride *= l->side[j];
    return v / *stride % l->side[k];
}

/* Each node with its successor on every axis. */
static size_t lattice_edges(int32_t *edge, const lattice *l)
{
    size_t count = 0;
    const int32_t nodes = lattice_nodes(l);
    for (int32_t v = 0; v < nodes; v++) {
        for (int32_t k = 0; k < l->axes; k++) {
            int32_t stride;
            const int32_t at = lattice_coordinate(l, v, k, &stride);
            const bool last = at + 1 == l->side[k];
            if (last && !l->periodic[k]) continue;
            edge[2 * count] = v;
            edge[2 * count + 1] = last ? v - at * stride : v + stride;
            count++;
        }
    }
    return count;
}

/* ---- trees: breadth-first numbers, root 0, children of v are branching * v + 1 ... + branching ---- */

static int32_t tree_nodes(const sw_task_config *config)
{
    int32_t nodes = 1, level = 1;
    for (int32_t d = 0; d < config->depth; d++) {
        level *= config->branching;
        nodes += level;
    }
    return nodes;
}

static size_t tree_edges(int32_t *edge, const sw_task_config *config)
{
    const int32_t nodes = tree_nodes(config);
    for (int32_t v = 1; v < nodes; v++) {
        edge[2 * (v - 1)] = (v - 1) / config->branching;
        edge[2 * (v - 1) + 1] = v;
    }
    return (size_t)nodes - 1;
}

/* ---- adjacency and distances ---- */

sw_status sw_adjacency_create(sw_adjacency *out, int32_t nodes, const int32_t *edge, size_t count)
{
    *out = (sw_adjacency){.nodes = nodes};
    out->start = calloc((size_t)nodes + 2, sizeof *out->start);
    out->neighbor = malloc((2 * count + 1) * sizeof *out->neighbor);
    if (out->start == NULL || out->neighbor == NULL) {
        sw_adjacency_release(out);
        return sw_fail(SW_E_MEMORY, "task.graph: no memory for %zu edges", count);
    }
    /* start[v + 2] counts, then sums; filling v advances start[v + 1] from its begin to its end */
    for (size_t i = 0; i < 2 * count; i++) out->start[edge[i] + 2]++;
    for (int32_t v = 0; v < nodes; v++) out->start[v + 2] += out->start[v + 1];
    for (size_t i = 0; i < 2 * count; i++) out->neighbor[out->start[edge[i] + 1]++] = edge[i ^ 1];
    return SW_OK;
}

void sw_adjacency_release(sw_adjacency *adjacency)
{
    free(adjacency->start);
    free(adjacency->neighbor);
    *adjacency = (sw_adjacency){0};
}

int32_t sw_breadth_first(int32_t *distance, int32_t *queue, const sw_adjacency *adjacency, int32_t source)
{
    for (int32_t v = 0; v < adjacency->nodes; v++) distance[v] = -1;
    int32_t head = 0, tail = 0;
    distance[source] = 0;
    queue[tail++] = source;
    while (head < tail) {
        const int32_t u = queue[head++];
        for (int32_t i = adjacency->start[u]; i < adjacency->start[u + 1]; i++) {
            const int32_t v = adjacency->neighbor[i];
            if (distance[v] >= 0) continue;
            distance[v] = distance[u] + 1;
            queue[tail++] = v;
        }
    }
    return distance[queue[tail - 1]];
}

static sw_status adjacency_of(sw_adjacency *out, const sw_task_config *config)
{
    *out = (sw_adjacency){0};
    if (config->graph == SW_GRAPH_EDGE_LIST) return sw_edge_list_read(out, config);
    int32_t *edge = malloc((size_t)SW_TASK_ENTITIES_MAX * EDGES_PER_NODE * 2 * sizeof *edge);
    if (edge == NULL) return sw_fail(SW_E_MEMORY, "task.graph: no memory for its edges");
    int32_t nodes;
    size_t count;
    if (config->graph == SW_GRAPH_TREE) {
        nodes = tree_nodes(config);
        count = tree_edges(edge, config);
    } else {
        lattice l;
        lattice_of(&l, config);
        nodes = lattice_nodes(&l);
        count = lattice_edges(edge, &l);
    }
    sw_status status = sw_adjacency_create(out, nodes, edge, count);
    free(edge);
    return status;
}

/* ---- the kind ---- */

/* Nodes and diameter of an edge list: a search from every node. */
static sw_status edge_list_shape(const sw_task_config *config, int32_t *nodes, int32_t *diameter)
{
    sw_adjacency adjacency = {0};
    int32_t *scratch = NULL;
    sw_status status = sw_edge_list_read(&adjacency, config);
    if (status != SW_OK) goto cleanup;
    scratch = malloc(2 * (size_t)adjacency.nodes * sizeof *scratch);
    if (scratch == NULL) {
        status = sw_fail(SW_E_MEMORY, "task.file: no memory for %d nodes", adjacency.nodes);
        goto cleanup;
    }
    *nodes = adjacency.nodes;
    *diameter = 0;
    for (int32_t v = 0; v < adjacency.nodes; v++) {
        const int32_t farthest = sw_breadth_first(scratch, scratch + adjacency.nodes, &adjacency, v);
        if (farthest > *diameter) *diameter = farthest;
    }
cleanup:
    free(scratch);
    sw_adjacency_release(&adjacency);
    return status;
}

static sw_status shape(sw_task *task, const sw_task_config *config)
{
    int32_t nodes = 0, diameter = 0;
    if (config->graph == SW_GRAPH_EDGE_LIST) {
        sw_status status = edge_list_shape(config, &nodes, &diameter);
        if (status != SW_OK) return status;
    } else if (config->graph == SW_GRAPH_TREE) {
        nodes = tree_nodes(config);
        diameter = config->branching > 1 ? 2 * config->depth : config->depth;
    } else {
        lattice l;
        lattice_of(&l, config);
        nodes = lattice_nodes(&l);
        diameter = lattice_diameter(&l);
        task->coordinate_count = l.axes;
    }
    task->entities = nodes;
    task->operands = 2;
    task->classes = diameter + 1;
    task->inputs = (size_t)nodes * (size_t)nodes;
    return SW_OK;
}

bool sw_graph_has_distance_two(const sw_task_config *config)
{
    sw_task task;
    return sw_task_shape_of(&task, config) && task.classes > 2;
}

static sw_status build_coordinates(sw_task *task, const sw_task_config *config)
{
    if (task->coordinate_count == 0) return SW_OK; /* trees and edge lists have none */
    lattice l;
    int32_t stride;
    lattice_of(&l, config);
    task->coordinate = sw_task_alloc(task, (size_t)task->entities * (size_t)l.axes, sizeof *task->coordinate);
    if (task->coordinate == NULL) return SW_E_MEMORY;
    for (int32_t v = 0; v < task->entities; v++)
        for (int32_t k = 0; k < l.axes; k++) task->coordinate[v * l.axes + k] = lattice_coordinate(&l, v, k, &stride);
    return SW_OK;
}

static sw_status build_distances(sw_task *task, const sw_task_config *config)
{
    sw_adjacency adjacency = {0};
    int32_t *queue = NULL;
    sw_status status = adjacency_of(&adjacency, config);
    if (status != SW_OK) goto cleanup;
    if (adjacency.nodes != task->entities) { /* possible when an edge list is written to meanwhile */
        status = sw_fail(SW_E_CONFIG, "task.file: %s changed while it was read", config->file);
        goto cleanup;
    }
    queue = malloc((size_t)adjacency.nodes * sizeof *queue);
    if (queue == NULL) {
        status = sw_fail(SW_E_MEMORY, "task.graph: no memory for %d nodes", adjacency.nodes);
        goto cleanup;
    }
    for (int32_t u = 0; u < adjacency.nodes; u++) {
        int32_t *row = task->distance + (size_t)u * (size_t)adjacency.nodes;
        if (sw_breadth_first(row, queue, &adjacency, u) >= task->classes) {
            status = sw_fail(SW_E_CONFIG, "task.file: %s changed while it was read", config->file);
            goto cleanup;
        }
    }
cleanup:
    free(queue);
    sw_adjacency_release(&adjacency);
    return status;
}

static sw_status build(sw_task *task, const sw_task_config *config)
{
    const int32_t n = task->entities;
    task->distance = sw_task_alloc(task, task->inputs, sizeof *task->distance);
    task->mirror = sw_task_alloc(task, task->inputs, sizeof *task->mirror);
    if (task->distance == NULL || task->mirror == NULL) return SW_E_MEMORY;
    sw_status status = build_coordinates(task, config);
    if (status != SW_OK) return status;
    status = build_distances(task, config);
    if (status != SW_OK) return status;
    size_t i = 0;
    for (int32_t u = 0; u < n; u++) {
        for (int32_t v = 0; v < n; v++, i++) {
            sw_task_set_input(task, i, u, 0, v);
            task->true_label[i] = task->distance[i];
            task->mirror[i] = v * n + u;
        }
    }
    return SW_OK;
}

const sw_task_kind sw_task_graph = {
    .name = "graph", .validate = validate, .shape = shape, .build = build, .release = NULL};
