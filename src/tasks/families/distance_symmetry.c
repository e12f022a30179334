/* distance_symmetry.c: p(.|u, v) and p(.|v, u), u != v: paths can be walked both ways. */
#include "tasks/families.h"

static bool applies(const sw_task_config *config) { return config->kind == SW_TASK_GRAPH; }

/* Candidate i: table entry i and its mirror. */
static bool candidate(const sw_task *task, uint64_t index, sw_tuple *out) {
    return sw_families_pair(out, (int32_t)index, task->mirror[index], -1);
}

const sw_family sw_family_distance_symmetry = {
    .compare = SW_COMPARE_SYMMETRIC_KL,
    .arity = 2,
    .applies = applies,
    .holds = sw_task_always,
    .candidates = sw_families_entries,
    .candidate = candidate,
};
