/* commutativity.c: p(.|x, y) and p(.|y, x); sub: (-y, -x), div: (1/y, 1/x) with x != 0.
 * Defined on every kind whose label is a product; true where the product says so (modular: all but cubic; abelian
 * groups). On tasks as data any two neighbouring operands are exchanged. */
#include "tasks/facts.h"
#include "tasks/families.h"

static bool applies(const sw_task_config *config) {
    sw_task task;
    const sw_task_kind *kind = sw_task_kind_of(config);
    if ((kind->commutative == NULL && kind->fill == NULL) || !sw_task_shape_of(&task, config)) return false;
    if (kind->fill == NULL) return sw_task_columns(&task) > 1;
    return task.operands > 1 && sw_facts_any_tuple(config, SW_FAMILY_COMMUTATIVITY);
}

static bool holds(const sw_task_config *config) { return sw_task_kinds[config->kind]->commutative(config); }

/* One candidate a table entry and pair of neighbouring operands. */
static uint64_t candidates(const sw_task *task) { return (uint64_t)task->inputs * (uint64_t)(task->operands - 1); }

/* The entry with operands k and k + 1 of entry i exchanged. */
static bool exchange(const sw_task *task, uint64_t index, sw_tuple *out) {
    const int32_t pairs = task->operands - 1, k = (int32_t)(index % (uint64_t)pairs);
    const size_t i = (size_t)(index / (uint64_t)pairs);
    int32_t operand[SW_OPERANDS_MAX];
    for (int32_t j = 0; j < task->operands; j++) operand[j] = sw_task_operand(task, i, j);
    const int32_t first = operand[k];
    operand[k] = operand[k + 1];
    operand[k + 1] = first;
    const int32_t other = sw_task_find(task, operand);
    return other >= 0 && sw_families_pair(out, (int32_t)i, other, -1);
}

/* Candidate i: table entry i and its mirror. */
static bool candidate(const sw_task *task, uint64_t index, sw_tuple *out) {
    if (task->operands > 2) return exchange(task, index, out);
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
    .candidates = candidates,
    .candidate = candidate,
};
