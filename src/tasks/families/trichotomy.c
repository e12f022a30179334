/* trichotomy.c: of a < b, a = b and a > b exactly one holds: -ln of the probability of that, with the answers to the
 * three queries taken as independent (the semantic loss of Xu et al. 2018). */
#include "tasks/comparison.h"
#include "tasks/families.h"

static bool applies(const sw_task_config *config) {
    return config->kind == SW_TASK_COMPARISON && config->form == SW_FORM_RELATION;
}

static bool candidate(const sw_task *task, uint64_t index, sw_tuple *out) {
    const uint32_t n = (uint32_t)task->entities;
    int32_t k, a, b;
    sw_families_split(index, n, n, &k, &a, &b);
    *out = (sw_tuple){.map = -1};
    for (int32_t r = 0; r < SW_RELATIONS; r++) out->input[r] = sw_comparison_query(task, k, a, r, b);
    return true;
}

const sw_family sw_family_trichotomy = {
    .compare = SW_COMPARE_EXACTLY_ONE,
    .arity = 3,
    .applies = applies,
    .holds = sw_task_always,
    .candidates = sw_comparison_pairs,
    .candidate = candidate,
};
