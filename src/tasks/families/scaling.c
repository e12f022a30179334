/* scaling.c: p(u^k c|ux, uy) and p(c|x, y) for units u, where f is homogeneous of degree k: add and sub 1;
 * sum_squared, sum_of_squares, quadratic and mul 2; sum_cubed 3; div 0. Always true. u = 1 is left out, and so are
 * fixed inputs under u^k = 1. */
#include "tasks/arithmetic.h"
#include "tasks/families.h"
#include "tasks/modular.h"

/* Candidate (u, x, y): u the k-th unit, (x, y) a table entry. */
static uint64_t candidates(const sw_task *task) { return (uint64_t)sw_modular_of(task)->unit_count * task->inputs; }

static bool candidate(const sw_task *task, uint64_t index, sw_tuple *out) {
    const int32_t p = task->entities, columns = sw_task_columns(task), from = task->second_from;
    int32_t k, x, y;
    sw_families_split(index, (uint32_t)p, (uint32_t)columns, &k, &x, &y);
    const int32_t u = sw_modular_of(task)->unit[k];
    const int32_t factor = sw_arithmetic_power(u, sw_modular_operation(&task->config)->degree, p);
    const int32_t ux = (int32_t)((int64_t)u * x % p), uy = (int32_t)((int64_t)u * (y + from) % p);
    return sw_families_pair(out, ux * columns + uy - from, x * columns + y, factor == 1 ? -1 : factor);
}

/* Modulo a prime the units take (1, r) to all (u, ur), and (0, 1) to all (0, u): blocks r and p, each input seen from
 * the one that u takes to it. (0, 0) is a tuple with itself. */
static int32_t block(const sw_task *task, int32_t input, int32_t *map) {
    const int32_t p = task->entities, columns = sw_task_columns(task);
    const int32_t x = input / columns, y = input % columns + task->second_from, u = x != 0 ? x : y;
    if (!sw_arithmetic_is_prime(p) || u == 0) return -1;
    *map = sw_arithmetic_power(u, sw_modular_operation(&task->config)->degree, p);
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
};
