/* comparison.h: what symmetry families ask of the order relations. */
#pragma once

#include "symsweep/task.h"

/* Relations of an attribute in the order of their tokens, and of the three_way classes. */
enum { SW_LESS, SW_EQUAL, SW_GREATER, SW_RELATIONS };

/* Attributes that are asked about: all of them, or the one of three_way. */
int32_t sw_comparison_attributes(const sw_task_config *config);

/* Longest side among them. */
int32_t sw_comparison_longest(const sw_task_config *config);

/* Table entry whose log-odds say how much greater a is than b in the k-th attribute asked about: the > query of the
 * relation form; the pair itself. */
static inline int32_t sw_comparison_entry(const sw_task *task, int32_t k, int32_t a, int32_t b) {
    if (task->relations == 0) return a * task->entities + b;
    return (a * task->relations + k * SW_RELATIONS + SW_GREATER) * task->entities + b;
}

/* Value of entity e in the k-th attribute asked about. */
static inline int32_t sw_comparison_value(const sw_task *task, int32_t k, int32_t e) {
    const int32_t attribute = task->relations == 0 ? task->config.attribute : k;
    return task->coordinate[e * task->coordinate_count + attribute];
}
