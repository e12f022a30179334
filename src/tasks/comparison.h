/* comparison.h: what symmetry families ask of the order relations. */
#pragma once

#include "symsweep/task.h"

/* Relations of an attribute in the order of their tokens, and of the three_way classes. */
enum { SW_LESS, SW_EQUAL, SW_GREATER, SW_RELATIONS };

/* Attributes that are asked about: all of them, or the one of three_way. */
int32_t sw_comparison_attributes(const sw_task_config *config);

/* Longest side among them. */
int32_t sw_comparison_longest(const sw_task_config *config);

/* Candidates (k, a, b) and (k, a, b, c): the k-th attribute asked about, any entities. */
static inline uint64_t sw_comparison_pairs(const sw_task *task) {
    const uint64_t n = (uint64_t)task->entities;
    return (uint64_t)sw_comparison_attributes(&task->config) * n * n;
}

static inline uint64_t sw_comparison_triples(const sw_task *task) {
    return sw_comparison_pairs(task) * (uint64_t)task->entities;
}

/* Table entry that asks whether a stands in relation r to b in the k-th attribute asked about; three_way: the pair,
 * whatever r is. */
static inline int32_t sw_comparison_query(const sw_task *task, int32_t k, int32_t a, int32_t r, int32_t b) {
    if (task->relations == 0) return a * task->entities + b;
    return (a * task->relations + k * SW_RELATIONS + r) * task->entities + b;
}

/* The one whose log-odds say how much greater a is than b. */
static inline int32_t sw_comparison_entry(const sw_task *task, int32_t k, int32_t a, int32_t b) {
    return sw_comparison_query(task, k, a, SW_GREATER, b);
}

/* Value of entity e in the k-th attribute asked about. */
static inline int32_t sw_comparison_value(const sw_task *task, int32_t k, int32_t e) {
    const int32_t attribute = task->relations == 0 ? task->config.attribute : k;
    return task->coordinate[e * task->coordinate_count + attribute];
}
