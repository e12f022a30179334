/* scaling.c: p(u^k c|ux, uy) and p(c|x, y) for units u, where f is homogeneous of degree k: add and sub 1;
 * sum_squared, sum_of_squares, quadratic and mul 2; sum_cubed 3; div 0; an expression what its syntax says, all
 * operands scaled. Always true. u = 1 is left out, and so are fixed inputs under u^k = 1. */
#include "tasks/arithmetic.h"
#include "tasks/families.h"
#include "tasks/modular.h"

/* Candidate (u, x, y): u the k-th unit, (x, y) a table entry. */
static uint64_t candidates(const sw_task *task) { return (uint64_t)sw_modular_of(task)->unit_count * task->inputs; }

/* The same of a table with any number of operands. */
static bool scale_operands(const sw_task *task, uint64_t index, sw_tuple *out) {
    const sw_modular *modular = sw_modular_of(task);
    const size_t i = (size_t)(index % task->inputs);
    const int32_t u = modular->unit[index / task->inputs], other = sw_modular_scaled(task, i, u);
    const int32_t factor = sw_arithmetic_power(u, modular->degree, task->entities);
    return other >= 0 && sw_families_pair(out, other, (int32_t)i, factor == 1 ? -1 : factor);
}

static bool candidate(const sw_task *task, uint64_t index, sw_tuple *out) {
    if (task->kind->fill != NULL) return scale_operands(task, index, out);
    const int32_t p = task->entities, columns = sw_task_columns(task), from = task->second_from;
    int32_t k, x, y;
    sw_families_split(index, (uint32_t)p, (uint32_t)columns, &k, &x, &y);
    const int32_t u = sw_modular_of(task)->unit[k];
    const int32_t factor = sw_arithmetic_power(u, sw_modular_of(task)->degree, p);
    const int32_t ux = (int32_t)((int64_t)u * x % p), uy = (int32_t)((int64_t)u * (y + from) % p);
    return sw_families_pair(out, ux * columns + uy - from, x * columns + y, factor == 1 ? -1 : factor);
}

/* As `block` below, of a table with any number of operands: its number is the place of the input whose first operand
 * but zeros is 1. */
static int32_t block_of_operands(const sw_task *task, int32_t input, int32_t *map) {
    const sw_modular *modular = sw_modular_of(task);
    int32_t u = 0;
    for (int32_t k = 0; k < task->operands && u == 0; k++) u = sw_task_operand(task, (size_t)input, k);
    if (!sw_arithmetic_is_prime(task->entities) || u == 0) return -1;
    *map = sw_arithmetic_power(u, modular->degree, task->entities);
    const int32_t at = sw_modular_scaled(task, (size_t)input, modular->inverse[u]);
    if (task->listed) return at;
    const int32_t first = (int32_t)(task->inputs / (size_t)task->entities); /* (1, r) before (0, 1), as below */
    return at < first ? at + first : at - first;
}

/* Modulo a prime the units take (1, r) to all (u, ur), and (0, 1) to all (0, u): blocks r and p, each input seen from
 * the one that u takes to it. (0, 0) is a tuple with itself. */
static int32_t block(const sw_task *task, int32_t input, int32_t *map) {
    if (task->kind->fill != NULL) return block_of_operands(task, input, map);
    const int32_t p = task->entities, columns = sw_task_columns(task);
    const int32_t x = input / columns, y = input % columns + task->second_from, u = x != 0 ? x : y;
    if (!sw_arithmetic_is_prime(p) || u == 0) return -1;
    *map = sw_arithmetic_power(u, sw_modular_of(task)->degree, p);
    return x != 0 ? (int32_t)((int64_t)sw_modular_of(task)->inverse[x] * y % p) : p;
}

/* Class map m: multiplication by the unit m. Maps that are no unit's power are in the table but never named. */
static int32_t maps(const sw_task *task) { return task->classes; }

static int32_t class_map(const sw_task *task, int32_t map, int32_t c) {
    return (int32_t)((int64_t)map * c % task->classes);
}

const sw_family sw_family_scaling = {
    .compare = SW_COMPARE_SYMMETRIC_KL,
    .arity = 2,
    .applies = sw_modular_scales,
    .holds = sw_task_always,
    .candidates = candidates,
    .candidate = candidate,
    .class_map = class_map,
    .maps = maps,
    .block = block,
    .decide = sw_families_proved,
};
