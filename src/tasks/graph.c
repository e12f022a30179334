/* graph.c: pairs of nodes -> geodesic distance. */
#include "tasks/graph.h"

#include <stdlib.h>
#include <string.h>

static const sw_graph *const graphs[SW_GRAPH_COUNT] = {
#define GRAPH(ENUM, name, meaning) &sw_graph_##name,
#include "symsweep/graphs.def"
#undef GRAPH
};

static const sw_graph *graph_of(const sw_task_config *config) { return graphs[config->graph]; }

static sw_status validate(const sw_task_config *config) {
    if (config->graph < 0 || config->graph >= SW_GRAPH_COUNT)
        return sw_fail(SW_E_CONFIG, "task.graph: no graph has number %d", config->graph);
    return graph_of(config)->validate(graph_of(config), config);
}

/* ---- neighbours, and distances by breadth-first search ---- */

/* Neighbours of node v: neighbor[start[v]] .. neighbor[start[v + 1] - 1]. */
typedef struct adjacency {
    int32_t nodes;
    int32_t *start;    /* [nodes + 1] */
    int32_t *neighbor; /* [start[nodes]] */
    char (*name)[SW_TASK_NAME];
} adjacency;

static void release_adjacency(adjacency *of) {
    free(of->start);
    free(of->neighbor);
    free(of->name);
    *of = (adjacency){0};
}

static sw_status create_adjacency(adjacency *out, const sw_edges *edges) {
    const int32_t nodes = edges->nodes, *edge = edges->edge;
    const size_t ends = 2 * edges->count;
    *out = (adjacency){.nodes = nodes};
    out->start = calloc((size_t)nodes + 2, sizeof *out->start);
    out->neighbor = malloc((ends + 1) * sizeof *out->neighbor);
    if (out->start == NULL || out->neighbor == NULL) {
        release_adjacency(out);
        return sw_fail(SW_E_MEMORY, "task.graph: no memory for %zu edges", edges->count);
    }
    /* start[v + 2] counts, then sums; filling v advances start[v + 1] from its begin to its end */
    for (size_t i = 0; i < ends; i++) out->start[edge[i] + 2]++;
    for (int32_t v = 0; v < nodes; v++) out->start[v + 2] += out->start[v + 1];
    for (size_t i = 0; i < ends; i++) out->neighbor[out->start[edge[i] + 1]++] = edge[i ^ 1];
    return SW_OK;
}

/* distance[v] = steps from `source`, -1 = out of reach; queue[nodes] is scratch. Returns how many nodes are reached:
 * queue[0..that) in ascending order of their distances. */
static int32_t search(int32_t *distance, int32_t *queue, const adjacency *of, int32_t source) {
    for (int32_t v = 0; v < of->nodes; v++) distance[v] = -1;
    int32_t head = 0, tail = 0;
    distance[source] = 0;
    queue[tail++] = source;
    while (head < tail) {
        const int32_t u = queue[head++];
        for (int32_t i = of->start[u]; i < of->start[u + 1]; i++) {
            const int32_t v = of->neighbor[i];
            if (distance[v] >= 0) continue;
            distance[v] = distance[u] + 1;
            queue[tail++] = v;
        }
    }
    return tail;
}

static sw_status adjacency_of(adjacency *out, const sw_task_config *config) {
    sw_edges edges = {0};
    *out = (adjacency){0};
    sw_status status = graph_of(config)->edges(&edges, graph_of(config), config);
    if (status == SW_OK) status = create_adjacency(out, &edges);
    if (status == SW_OK)
        out->name = edges.name;
    else
        free(edges.name);
    free(edges.edge);
    return status;
}

/* Nodes and diameter of a graph that is known by its edges: a search from every node. */
static sw_status search_shape(sw_task *task, const sw_task_config *config) {
    adjacency neighbors;
    int32_t *distance = NULL;
    sw_status status = adjacency_of(&neighbors, config);
    if (status != SW_OK) goto cleanup;
    const int32_t nodes = task->entities = neighbors.nodes;
    distance = malloc(2 * (size_t)nodes * sizeof *distance);
    if (distance == NULL) {
        status = sw_fail(SW_E_MEMORY, "task.graph: no memory for %d nodes", nodes);
        goto cleanup;
    }
    int32_t *queue = distance + nodes;
    for (int32_t v = 0; v < nodes; v++) {
        const int32_t reached = search(distance, queue, &neighbors, v);
        if (reached < nodes) {
            status = sw_fail(SW_E_CONFIG, "task.graph: %s is not connected: the first node reaches %d of %d",
                             sw_graph_names[config->graph], reached, nodes);
            goto cleanup;
        }
        const int32_t classes = distance[queue[nodes - 1]] + 1;
        if (classes > task->classes) task->classes = classes;
    }
cleanup:
    free(distance);
    release_adjacency(&neighbors);
    return status;
}

static sw_status shape(sw_task *task, const sw_task_config *config) {
    const sw_graph *graph = graph_of(config);
    if (graph->shape == NULL) return search_shape(task, config);
    graph->shape(task, graph, config);
    return SW_OK;
}

/* Edges between different nodes, each once; mark[nodes] is scratch. */
static size_t count_edges(int32_t *mark, const adjacency *of) {
    size_t count = 0;
    for (int32_t v = 0; v < of->nodes; v++) mark[v] = -1;
    for (int32_t u = 0; u < of->nodes; u++)
        for (int32_t i = of->start[u]; i < of->start[u + 1]; i++) {
            const int32_t v = of->neighbor[i];
            if (v <= u || mark[v] == u) continue;
            mark[v] = u;
            count++;
        }
    return count;
}

sw_status sw_graph_describe(sw_graph_facts *out, const sw_task_config *config) {
    sw_task task = {0};
    sw_edges edges = {0};
    adjacency neighbors = {0};
    int32_t *mark = NULL;
    *out = (sw_graph_facts){0};
    sw_status status = validate(config);
    if (status == SW_OK) status = shape(&task, config);
    if (status == SW_OK) status = graph_of(config)->edges(&edges, graph_of(config), config);
    if (status == SW_OK) status = create_adjacency(&neighbors, &edges);
    if (status != SW_OK) goto cleanup;
    mark = malloc((size_t)edges.nodes * sizeof *mark);
    if (mark == NULL) {
        status = sw_fail(SW_E_MEMORY, "task.graph: no memory for %d nodes", edges.nodes);
        goto cleanup;
    }
    *out = (sw_graph_facts){
        .nodes = edges.nodes, .edges = count_edges(mark, &neighbors), .diameter = task.classes - 1, .list = edges.list};
    for (size_t i = 0; i < edges.count; i++) out->list.self_loops += edges.edge[2 * i] == edges.edge[2 * i + 1];
    out->list.repeats = edges.count - out->list.self_loops - out->edges;
cleanup:
    free(mark);
    release_adjacency(&neighbors);
    free(edges.name);
    free(edges.edge);
    return status;
}

static sw_status keep_names(sw_task *task, char (*names)[SW_TASK_NAME]) {
    const size_t count = (size_t)task->entities;
    if (names == NULL) return SW_OK;
    task->entity_name = sw_task_alloc(task, count, sizeof *task->entity_name);
    if (task->entity_name == NULL) return SW_E_MEMORY;
    memcpy(task->entity_name, names, count * sizeof *names);
    return SW_OK;
}

static sw_status build_distances(sw_task *task) {
    const int32_t n = task->entities;
    adjacency neighbors;
    int32_t *queue = NULL;
    sw_status status = adjacency_of(&neighbors, &task->config);
    if (status != SW_OK) goto cleanup;
    queue = malloc((size_t)n * sizeof *queue);
    if (queue == NULL) status = sw_fail(SW_E_MEMORY, "task.graph: no memory for %d nodes", n);
    for (int32_t u = 0; u < n && status == SW_OK; u++) {
        int32_t *row = task->distance + (size_t)u * (size_t)n;
        const bool same =
            neighbors.nodes == n && search(row, queue, &neighbors, u) == n && row[queue[n - 1]] < task->classes;
        if (!same) /* possible when an edge list is written to meanwhile */
            status = sw_fail(SW_E_CONFIG, "task.file: %s changed while it was read", task->config.file);
    }
    if (status == SW_OK) status = keep_names(task, neighbors.name);
cleanup:
    free(queue);
    release_adjacency(&neighbors);
    return status;
}

static sw_status build(sw_task *task) {
    const sw_graph *graph = graph_of(&task->config);
    const size_t width = (size_t)task->coordinate_count;
    task->distance = sw_task_alloc(task, task->inputs, sizeof *task->distance);
    if (task->distance == NULL) return SW_E_MEMORY;
    if (width > 0) {
        task->coordinate = sw_task_alloc(task, (size_t)task->entities * width, sizeof *task->coordinate);
        if (task->coordinate == NULL) return SW_E_MEMORY;
        for (int32_t v = 0; v < task->entities; v++)
            graph->coordinates(task->coordinate + (size_t)v * width, graph, &task->config, v);
    }
    return build_distances(task);
}

static int32_t label(const sw_task *task, int32_t a, int32_t r, int32_t b) {
    (void)r;
    return task->distance[a * task->entities + b];
}

const sw_task_kind sw_task_graph = {
    .validate = validate,
    .shape = shape,
    .build = build,
    .label = label,
    .mirror = sw_task_swapped,
};
