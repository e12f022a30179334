/* transitivity.c: a < b < c in one attribute; with l the log-odds of "greater", the Bernoullis of l_ab + l_bc and of
 * l_ac (Bradley-Terry additivity). The inputs are the > queries of the relation form, or the pairs of three_way. */
#include "tasks/comparison.h"
#include "tasks/families.h"

static bool applies(const sw_task_config *config) {
    return config->kind == SW_TASK_COMPARISON && sw_comparison_longest(config) >= 3;
}

static bool candidate(const sw_task *task, uint64_t index, sw_tuple *out) {
    const int32_t n = task->entities;
    int32_t ka, a, b, c;
    sw_families_split(index, (uint32_t)n, (uint32_t)n, &ka, &b, &c);
    const int32_t k = ka / n;
    a = ka % n;
    const int32_t at_b = sw_comparison_value(task, k, b);
    if (sw_comparison_value(task, k, a) >= at_b || at_b >= sw_comparison_value(task, k, c)) return false;
    *out = (sw_tuple){
        {sw_comparison_entry(task, k, a, b), sw_comparison_entry(task, k, b, c), sw_comparison_entry(task, k, a, c)},
        -1};
    return true;
}

const sw_family sw_family_transitivity = {
    .compare = SW_COMPARE_ADDITIVE,
    .arity = 3,
    .applies = applies,
    .holds = sw_task_always,
    .candidates = sw_comparison_triples,
    .candidate = candidate,
};
