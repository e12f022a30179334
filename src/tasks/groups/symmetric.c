/* symmetric.c: permutations of 0..n-1 in lexicographic order of their one-line notation; (gh)(i) = g(h(i)). Characters
 * by partition in reverse lexicographic order, (n) left out. */
#include "tasks/group.h"
#include "tasks/groups/permutations.h"

static sw_status validate(const sw_task_config *config) { return sw_group_check_n(config, SW_PERMUTATIONS_MOST); }

static void coordinates(int32_t *out, const sw_task *task, int32_t e) {
    sw_permutations_unrank(out, task->config.n, e);
}

static int32_t multiply(const sw_task *task, const int32_t *g, const int32_t *h) {
    int32_t composed[SW_PERMUTATIONS_MOST];
    sw_permutations_compose(composed, g, h, task->config.n);
    return sw_permutations_rank(composed, task->config.n);
}

static double character(const sw_task *task, int32_t line, const int32_t *g) {
    sw_partition partition = sw_permutations_first(task->config.n);
    for (int32_t k = 0; k <= line; k++) (void)sw_permutations_next(&partition);
    return sw_permutations_character(&partition, g, task->config.n);
}

static void shape(sw_task *task, const sw_task_config *config) {
    const int32_t n = config->n;
    task->coordinate_count = n;
    if (n <= 2) { /* Z_1 and Z_2 */
        task->factor_count = 1;
        task->factor[0] = n;
        return;
    }
    task->entities = sw_permutations_factorial(n);
    sw_partition partition = sw_permutations_first(n);
    while (sw_permutations_next(&partition)) task->characters++;
}

const sw_group sw_group_symmetric = {
    .validate = validate,
    .shape = shape,
    .coordinates = coordinates,
    .multiply = multiply,
    .character = character,
};
