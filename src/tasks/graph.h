/* graph.h: what the files of the graph task and the families on it share. */
#ifndef SYMSWEEP_TASKS_GRAPH_H
#define SYMSWEEP_TASKS_GRAPH_H

#include "symsweep/task.h"

/* Neighbours of node v: neighbor[start[v]] .. neighbor[start[v + 1] - 1]; repeats do no harm. */
typedef struct sw_adjacency {
    int32_t nodes;
    int32_t *start;    /* [nodes + 1] */
    int32_t *neighbor; /* [start[nodes]] */
} sw_adjacency;

/* From `count` undirected edges {u, v} as pairs in edge[2 * count]. */
sw_status sw_adjacency_create(sw_adjacency *out, int32_t nodes, const int32_t *edge, size_t count) SW_MUST_CHECK;
void sw_adjacency_release(sw_adjacency *adjacency);

/* distance[v] = steps from `source`, -1 = out of reach; queue[nodes] is scratch. Returns the largest. */
int32_t sw_breadth_first(int32_t *distance, int32_t *queue, const sw_adjacency *adjacency, int32_t source);

/* The graph of an edge list file; nodes in the ascending order of their numbers in the file.
 * Refused with a message: unreadable, too large, not pairs of node numbers, not connected, content that differs from
 * a non-zero file_sha256. */
sw_status sw_edge_list_read(sw_adjacency *out, const sw_task_config *config) SW_MUST_CHECK;

/* Has the graph two nodes that are not neighbours? Reads an edge list; false when it cannot be read. */
bool sw_graph_has_distance_two(const sw_task_config *config);

#endif
