/* gcd.c: (a, b) -> the greatest common divisor of two numbers of 1..n; token and class k stand for k + 1. Learned by
 * transformers in steps that look like grokking: Charton, "Learning the greatest common divisor", ICLR 2024 (there
 * from digits, here one token a number). Commutative, associative and idempotent but no group: the symmetries of a
 * product without inverses, so without characters that an embedding could settle on. */
#include "tasks/arithmetic.h"
#include "tasks/task.h"

static sw_status validate(const sw_task_config *config) {
    const int64_t n = config->n;
    if (n < 2) return sw_fail(SW_E_CONFIG, "task.n: expected at least 2, found %d", config->n);
    return sw_task_check_size(n, n * n, "task.n");
}

static sw_status shape(sw_task *task, const sw_task_config *config) {
    task->entities = task->classes = config->n;
    return SW_OK;
}

static int32_t label(const sw_task *task, int32_t a, int32_t r, int32_t b) {
    (void)task, (void)r;
    return sw_arithmetic_gcd(a + 1, b + 1) - 1;
}

const sw_task_kind sw_task_gcd = {
    .validate = validate,
    .shape = shape,
    .label = label,
    .mirror = sw_task_swapped,
    .commutative = sw_task_always,
    .associative = sw_task_always,
};
