/* edge_file.h: edges of a graph from a text file, and what else the file holds. */
#pragma once

#include "tasks/graph.h"

/* Edges of config->file as config->component chooses them. SW_E_CONFIG says what is wrong, and in which line.
 *
 * One edge a line: the names of its nodes, in the first two fields (tasks/fields.h). When every name is a whole number,
 * nodes are in numeric order; else in the order in which their names appear first. */
sw_status sw_edge_file_read(sw_edges *out, const sw_task_config *config) SW_MUST_CHECK;
