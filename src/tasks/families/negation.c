/* negation.c: p((-1)^k c|-x, -y) and p(c|x, y): scaling by u = -1, with the degrees k that scaling.c lists. Always
 * true. Of an expression all operands are negated. For odd k the class map is c -> -c and (0, 0) stays in; for even k
 * it is the identity and fixed inputs are left out. */
#include "tasks/families.h"
#include "tasks/modular.h"

static bool odd(const sw_task *task) { return sw_modular_of(task)->degree % 2 == 1; }

/* Candidate i: table entry i. */
static bool candidate(const sw_task *task, uint64_t index, sw_tuple *out) {
    const int32_t p = task->entities;
    if (task->kind->fill != NULL) {
        const int32_t other = sw_modular_scaled(task, index, p - 1);
        return other >= 0 && sw_families_pair(out, other, (int32_t)index, odd(task) ? 0 : -1);
    }
    const int32_t x = sw_task_operand(task, index, 0), y = sw_task_operand(task, index, 1);
    return sw_families_pair(out, sw_task_index(task, (p - x) % p, (p - y) % p, -1), (int32_t)index, odd(task) ? 0 : -1);
}

static int32_t maps(const sw_task *task) { return odd(task) ? 1 : 0; }

static int32_t class_map(const sw_task *task, int32_t map, int32_t c) {
    (void)map; /* the only one */
    return (task->classes - c) % task->classes;
}

const sw_family sw_family_negation = {
    .compare = SW_COMPARE_SYMMETRIC_KL,
    .arity = 2,
    .applies = sw_modular_scales,
    .holds = sw_task_always,
    .candidates = sw_families_entries,
    .candidate = candidate,
    .class_map = class_map,
    .maps = maps,
    .decide = sw_families_proved,
};
