/* traces.h: automorphisms of a coloured graph, by nauty's Traces (McKay and Piperno 2014). */
#pragma once

#include "symsweep/fail.h"

#include <stdint.h>

/* Vertices are in the order of their colours. Each edge stands twice, once at each end: the neighbors of vertex v are
 * neighbor[first[v] .. first[v] + degree[v]). */
typedef struct sw_traces_graph {
    int32_t vertices, colors;
    const int32_t *color_end; /* [colors] the first vertex behind a colour */
    size_t arcs;              /* twice the edges */
    size_t *first;            /* [vertices] */
    int32_t *degree;          /* [vertices] */
    int32_t *neighbor;        /* [arcs] */
} sw_traces_graph;

typedef struct sw_traces_group {
    size_t count;
    int32_t *generator; /* [count, kept] malloc'ed */
    double log_order;   /* natural logarithm of the group's order */
} sw_traces_group;

/* Generators of the graph's automorphism group: the images of the first `kept` vertices, which must determine those of
 * the others. The same graph gives the same generators, whatever was searched before. Where memory ends, nauty ends the
 * process. */
sw_status sw_traces_search(sw_traces_group *out, sw_traces_graph *graph, int32_t kept) SW_MUST_CHECK;

/* "2.8.6"; NULL = this program was built without nauty. */
const char *sw_traces_version(void);
