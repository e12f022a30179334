/* layout.h: does the embedding lie as the task's own geometry does? Distances on graphs, order in comparisons. */
#ifndef SW_MEASURE_LAYOUT_H
#define SW_MEASURE_LAYOUT_H

#include "measure/rank.h"
#include "measure/spectrum.h"
#include "symsweep/task.h"

typedef struct sw_layout {
    const sw_task *task;
    size_t items;           /* pairs of nodes, or entities; 0 = neither a graph nor a comparison */
    int32_t attributes;     /* comparison */
    double *reference;      /* graph: geodesics [items]; comparison: unused */
    double *reference_rank; /* graph: [items]; comparison: [attributes, items]; centred */
    double *value, *rank;   /* [items] */
    sw_ranked *work;        /* [items] */
} sw_layout;

sw_status sw_layout_create(sw_layout *out, const sw_task *task, sw_arena *arena) SW_MUST_CHECK;

/* DISTANCE_SPEARMAN, STRESS, ORDER_SPEARMAN* into value[SW_METRIC_COUNT]. */
void sw_layout_fill(float *value, sw_layout *layout, const sw_spectrum *spectrum);

#endif
