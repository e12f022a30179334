/* commutativity.c: p(.|x, y) and p(.|y, x); sub: (-y, -x), div: (1/y, 1/x) with x != 0.
 * Defined on every kind whose label is a product; true where the product says so (modular: all but cubic; abelian
 * groups). */
#include "tasks/families.h"

static bool applies(const sw_task_config *config) {
    sw_task task;
    return sw_task_kinds[config->kind]->commutative != NULL && sw_task_shape_of(&task, config) &&
           sw_task_columns(&task) > 1;
}

static bool holds(const sw_task_config *config) { return sw_task_kinds[config->kind]->commutative(config); }

/* Candidate i: table entry i and its mirror. */
static bool candidate(const sw_task *task, uint64_t index, sw_tuple *out) {
    const int32_t i = (int32_t)index;
    const int32_t other = task->mirror != NULL ? task->mirror[i]
                                               : sw_task_index(task, sw_task_operand(task, index, 1),
                                                               sw_task_operand(task, index, 0), -1);
    return other >= 0 && sw_families_pair(out, i, other, -1);
}

const sw_family sw_family_commutativity = {
    .compare = SW_COMPARE_SYMMETRIC_KL,
    .arity = 2,
    .applies = applies,
    .holds = holds,
    .candidates = sw_families_entries,
    .candidate = candidate,
};
