/* automorphism.c: p(classes[c]|g x) and p(c|x) for symmetries g of the task's own table, found without being told what
 * the task is, or from a file: the generators of the group, or random elements of it. True by construction. An input
 * that g fixes is left out when g fixes every class too. */
#include "symsweep/automorphism.h"
#include "tasks/families.h"

static bool applies(const sw_task_config *config) {
    sw_automorphism_facts facts;
    if (sw_automorphism_describe(&facts, config) == SW_OK) return facts.count > 0;
    sw_fail_clear();
    return false;
}

static const int32_t *element(const sw_task *task, int32_t g) {
    return task->automorphisms->elements + (size_t)g * (size_t)task->automorphisms->table.shape.length;
}

static int32_t class_map(const sw_task *task, int32_t map, int32_t c) {
    return element(task, map)[task->automorphisms->table.shape.class_start + c];
}

/* Candidate (g, i): element g of the group, i a table entry. */
static uint64_t candidates(const sw_task *task) { return (uint64_t)task->automorphisms->element_count * task->inputs; }

static bool candidate(const sw_task *task, uint64_t index, sw_tuple *out) {
    const int32_t g = (int32_t)(index / task->inputs), i = (int32_t)(index % task->inputs);
    const int32_t image = (int32_t)sw_symmetry_image(&task->automorphisms->table, element(task, g), (size_t)i);
    return sw_families_pair(out, image, i, task->automorphisms->fixes_classes[g] ? -1 : g);
}

/* Each was checked on the table. */
static bool decide(const sw_task *task) {
    (void)task;
    return true;
}

static int32_t maps(const sw_task *task) { return (int32_t)task->automorphisms->element_count; }

const sw_family sw_family_automorphism = {
    .compare = SW_COMPARE_SYMMETRIC_KL,
    .arity = 2,
    .applies = applies,
    .holds = sw_task_always,
    .candidates = candidates,
    .candidate = candidate,
    .class_map = class_map,
    .maps = maps,
    .decide = decide,
};
