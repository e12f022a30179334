/* antisymmetry.c: with l the log-odds of "greater", the Bernoullis of l_ab and of -l_ba, for a and b that differ in
 * the attribute. The inputs are the > queries of the relation form, or the pairs of three_way. */
#include "tasks/comparison.h"
#include "tasks/families.h"

static bool applies(const sw_task_config *config) {
    return config->kind == SW_TASK_COMPARISON && sw_comparison_longest(config) >= 2;
}

static bool candidate(const sw_task *task, uint64_t index, sw_tuple *out) {
    const uint32_t n = (uint32_t)task->entities;
    int32_t k, a, b;
    sw_families_split(index, n, n, &k, &a, &b);
    *out = (sw_tuple){{sw_comparison_entry(task, k, a, b), sw_comparison_entry(task, k, b, a), -1}, -1};
    return sw_comparison_value(task, k, a) != sw_comparison_value(task, k, b);
}

const sw_family sw_family_antisymmetry = {
    .compare = SW_COMPARE_NEGATED,
    .arity = 2,
    .applies = applies,
    .holds = sw_task_always,
    .candidates = sw_comparison_pairs,
    .candidate = candidate,
};
