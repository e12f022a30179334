/* graph.h: a graph that nodes are paired on: src/tasks/graphs/<name>.c, a row of graphs.def. */
#pragma once

#include "tasks/task.h"

/* Undirected edges {u, v}; repeats and self-loops do no harm. */
typedef struct sw_edges {
    int32_t nodes;
    size_t count;
    int32_t *edge;              /* [count, 2] */
    char (*name)[SW_TASK_NAME]; /* [nodes] what a file calls them; NULL = by their numbers */
    sw_edge_list list;          /* of a graph from a file */
} sw_edges;

typedef struct sw_graph sw_graph;
struct sw_graph {
    /* Checks the keys that the graph has; the message names the key. */
    sw_status (*validate)(const sw_graph *graph, const sw_task_config *config);
    /* Entities, classes (diameter + 1) and coordinate_count from the keys alone. NULL = found by a search from every
     * node, and no coordinates. */
    void (*shape)(sw_task *task, const sw_graph *graph, const sw_task_config *config);
    /* Node count and edges; out->edge and out->name are freed by the caller with free(). */
    sw_status (*edges)(sw_edges *out, const sw_graph *graph, const sw_task_config *config);
    /* out[coordinate_count] of a node; NULL = none. */
    void (*coordinates)(int32_t *out, const sw_graph *graph, const sw_task_config *config, int32_t node);
    /* Lattices: nodes on an axis, 0 = no such axis; bit k of `periodic`: axis k closes to a ring. */
    int32_t (*side)(const sw_task_config *config, int32_t axis);
    uint32_t periodic;
    int32_t least_sides, most_sides; /* of task.sides; 0 = the graph has other keys */
};

#define GRAPH(ENUM, name, meaning) extern const sw_graph sw_graph_##name;
#include "symsweep/graphs.def"
#undef GRAPH
