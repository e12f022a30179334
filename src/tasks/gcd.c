/* gcd.c: (a, b) -> the greatest common divisor of two numbers of 1..n; token and class k stand for k + 1. Learned by
 * transformers in steps that look like grokking: Charton, "Learning the greatest common divisor", ICLR 2024 (there
 * from digits, here one token a number). Commutative, associative and idempotent but no group: the symmetries of a
 * product without inverses, so without characters that an embedding could settle on. */
#include "tasks/arithmetic.h"
#include "tasks/internal.h"

static sw_status validate(const sw_task_config *config)
{
    const int64_t n = config->n;
    if (n < 2) return sw_fail(SW_E_CONFIG, "task.n: expected at least 2, found %d", config->n);
    return sw_task_check_size(n, n * n, "task.n");
}

static sw_status shape(sw_task *task, const sw_task_config *config)
{
    task->entities = task->classes = config->n;
    task->operands = 2;
    task->inputs = (size_t)config->n * (size_t)config->n;
    return SW_OK;
}

static sw_status build(sw_task *task, const sw_task_config *config)
{
    const int32_t n = config->n;
    task->mirror = sw_task_alloc(task, task->inputs, sizeof *task->mirror);
    if (task->mirror == NULL) return SW_E_MEMORY;
    size_t i = 0;
    for (int32_t a = 0; a < n; a++) {
        for (int32_t b = 0; b < n; b++, i++) {
            sw_task_set_input(task, i, a, 0, b);
            task->true_label[i] = sw_gcd(a + 1, b + 1) - 1;
            task->mirror[i] = b * n + a;
        }
    }
    return SW_OK;
}

static bool always(const sw_task_config *config)
{
    (void)config;
    return true;
}

const sw_task_kind sw_task_gcd = {
    .name = "gcd",
    .validate = validate,
    .shape = shape,
    .build = build,
    .release = NULL,
    .commutative = always,
    .associative = always,
};
