/* reflexivity.c: -ln p(0|u, u): a node is at distance 0 from itself. */
#include "tasks/families.h"

static bool applies(const sw_task_config *config) { return config->kind == SW_TASK_GRAPH; }

/* Candidate u: a node. */
static uint64_t candidates(const sw_task *task) { return (uint64_t)task->entities; }

static bool candidate(const sw_task *task, uint64_t index, sw_tuple *out) {
    const int32_t u = (int32_t)index;
    *out = (sw_tuple){{u * task->entities + u, -1, -1}, -1};
    return true;
}

const sw_family sw_family_reflexivity = {
    .compare = SW_COMPARE_CLASS_ZERO,
    .arity = 1,
    .applies = applies,
    .holds = sw_task_always,
    .candidates = candidates,
    .candidate = candidate,
};
