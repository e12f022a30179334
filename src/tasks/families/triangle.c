/* triangle.c: (a, b, c) with b strictly between a and c on a shortest path: the convolution P_ab * P_bc and P_ac. */
#include "tasks/families.h"

static bool applies(const sw_task_config *config) {
    sw_task task;
    return config->kind == SW_TASK_GRAPH && sw_task_shape_of(&task, config) && task.classes > 2;
}

/* Candidate (a, b, c): any three nodes. */
static uint64_t candidates(const sw_task *task) {
    const uint64_t n = (uint64_t)task->entities;
    return n * n * n;
}

static bool candidate(const sw_task *task, uint64_t index, sw_tuple *out) {
    const int32_t n = task->entities;
    int32_t a, b, c;
    sw_families_split(index, (uint32_t)n, (uint32_t)n, &a, &b, &c);
    const int32_t ab = a * n + b, bc = b * n + c, ac = a * n + c;
    *out = (sw_tuple){{ab, bc, ac}, -1};
    return a != b && b != c && task->distance[ab] + task->distance[bc] == task->distance[ac];
}

const sw_family sw_family_triangle = {
    .compare = SW_COMPARE_CONVOLUTION,
    .arity = 3,
    .applies = applies,
    .holds = sw_task_always,
    .candidates = candidates,
    .candidate = candidate,
};
