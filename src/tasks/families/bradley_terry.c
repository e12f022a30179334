/* bradley_terry.c: a < b < c or a > b > c in one attribute; with L_ab half of the log-odds of "a > b" less that of
 * "a < b", the Bernoullis of L_ab + L_bc and of L_ac. In three_way, L is the log-odds of "greater" of the pair. */
#include "tasks/comparison.h"
#include "tasks/families.h"

static bool applies(const sw_task_config *config) {
    return config->kind == SW_TASK_COMPARISON && sw_comparison_longest(config) >= 3;
}

static bool candidate(const sw_task *task, uint64_t index, sw_tuple *out) {
    const int32_t n = task->entities;
    int32_t ka, b, c;
    sw_families_split(index, (uint32_t)n, (uint32_t)n, &ka, &b, &c);
    const int32_t k = ka / n, a = ka % n;
    const int32_t at_a = sw_comparison_value(task, k, a), at_b = sw_comparison_value(task, k, b),
                  at_c = sw_comparison_value(task, k, c);
    *out = (sw_tuple){.map = -1};
    for (int half = 0; half < 2; half++) {
        const int32_t r = half == 0 ? SW_GREATER : SW_LESS;
        out->input[3 * half] = sw_comparison_query(task, k, a, r, b);
        out->input[3 * half + 1] = sw_comparison_query(task, k, b, r, c);
        out->input[3 * half + 2] = sw_comparison_query(task, k, a, r, c);
    }
    return (at_a < at_b && at_b < at_c) || (at_a > at_b && at_b > at_c);
}

const sw_family sw_family_bradley_terry = {
    .compare = SW_COMPARE_BRADLEY_TERRY,
    .arity = 6,
    .applies = applies,
    .holds = sw_task_always,
    .candidates = sw_comparison_triples,
    .candidate = candidate,
};
