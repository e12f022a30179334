/* converse.c: a query and its converse, p(.|a, r, b) and p(.|b, converse of r, a); three_way: the pair and the pair
 * turned round, under the class map that exchanges < and >. */
#include "tasks/comparison.h"
#include "tasks/families.h"

static bool applies(const sw_task_config *config) { return config->kind == SW_TASK_COMPARISON; }

/* Candidate i: table entry i, compared with its mirror. */
static bool candidate(const sw_task *task, uint64_t index, sw_tuple *out) {
    const int32_t i = (int32_t)index;
    return sw_families_pair(out, i, task->mirror[i], task->relations == 0 ? 0 : -1);
}

static int32_t maps(const sw_task *task) { return task->relations == 0; }

static int32_t class_map(const sw_task *task, int32_t map, int32_t c) {
    (void)task;
    (void)map;
    return SW_GREATER - c;
}

const sw_family sw_family_converse = {
    .compare = SW_COMPARE_SYMMETRIC_KL,
    .arity = 2,
    .applies = applies,
    .holds = sw_task_always,
    .candidates = sw_families_entries,
    .candidate = candidate,
    .maps = maps,
    .class_map = class_map,
};
