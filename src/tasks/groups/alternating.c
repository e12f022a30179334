/* alternating.c: the even permutations of 0..n-1 in lexicographic order of their one-line notation; (gh)(i) = g(h(i)).
 *
 * Characters are those of the symmetric group, of a partition and its conjugate the first in reverse lexicographic
 * order, (n) left out. That of a partition that is its own conjugate is the sum of two (Frobenius; James and Kerber,
 * The Representation Theory of the Symmetric Group, 2.5): half of it but on permutations whose cycles are as long as
 * the hooks of its diagonal. There they are (e +- sqrt(e m)) / 2 with e = +-1 and m the product of the hooks: real for
 * n = 5 and 6, where m = 5, complex for n = 4. */
#include "tasks/group.h"
#include "tasks/groups/permutations.h"

#include <math.h>

static sw_status validate(const sw_task_config *config) { return sw_group_check_n(config, SW_PERMUTATIONS_MOST); }

/* Of two permutations that follow each other and differ in their last two entries one is even. */
static void coordinates(int32_t *out, const sw_task *task, int32_t e) {
    const int32_t n = task->config.n;
    sw_permutations_unrank(out, n, n < 2 ? 0 : 2 * e);
    if (!sw_permutations_are_odd(out, n)) return;
    const int32_t last = out[n - 1];
    out[n - 1] = out[n - 2];
    out[n - 2] = last;
}

static int32_t multiply(const sw_task *task, const int32_t *g, const int32_t *h) {
    int32_t composed[SW_PERMUTATIONS_MOST];
    sw_permutations_compose(composed, g, h, task->config.n);
    return sw_permutations_rank(composed, task->config.n) / 2;
}

/* 0: no cycle of length 5. 1: conjugate to 0 -> 1 -> 2 -> 3 -> 4 -> 0 by an even permutation, -1: by an odd one. */
static int five_cycle(const int32_t *g, int32_t n) {
    int32_t by[SW_PERMUTATIONS_MOST], start = 0; /* what takes that cycle to g */
    if (n > 5 && g[0] == 0) start = 1;
    by[0] = start;
    for (int32_t i = 1; i < 5; i++) {
        by[i] = g[by[i - 1]];
        if (by[i] == start) return 0;
    }
    if (g[by[4]] != start) return 0;
    for (int32_t fixed = 0; n > 5 && fixed < n; fixed++)
        if (g[fixed] == fixed) by[5] = fixed;
    return sw_permutations_are_odd(by, n) ? -1 : 1;
}

/* The partition of a line; `half` is 1 or -1 for the two of a partition that is its own conjugate, else 0. */
static sw_partition partition_of(int32_t line, int32_t n, int *half) {
    sw_partition partition = sw_permutations_first(n);
    *half = 0;
    for (;;) {
        (void)sw_permutations_next(&partition);
        const sw_partition conjugate = sw_permutations_conjugate(&partition);
        const int order = sw_permutations_compare(&partition, &conjugate);
        const int32_t count = order > 0 ? 1 : order == 0 ? 2 : 0;
        if (line < count && order == 0) *half = line == 0 ? 1 : -1;
        if (line < count) return partition;
        line -= count;
    }
}

static double character(const sw_task *task, int32_t line, const int32_t *g) {
    const int32_t n = task->config.n;
    int half;
    const sw_partition partition = partition_of(line, n, &half);
    const double whole = sw_permutations_character(&partition, g, n);
    if (half == 0) return whole;
    const int cycle = five_cycle(g, n);
    return cycle == 0 ? whole / 2 : (1 + half * cycle * sqrt(5)) / 2;
}

static void shape(sw_task *task, const sw_task_config *config) {
    static const int32_t real[SW_PERMUTATIONS_MOST + 1] = {[5] = 4, [6] = 6};
    const int32_t n = config->n;
    task->coordinate_count = n;
    if (n <= 3) { /* Z_1 and Z_3 */
        task->factor_count = 1;
        task->factor[0] = n < 3 ? 1 : 3;
        return;
    }
    task->entities = sw_permutations_factorial(n) / 2;
    task->characters = real[n];
}

const sw_group sw_group_alternating = {
    .validate = validate,
    .shape = shape,
    .coordinates = coordinates,
    .multiply = multiply,
    .character = character,
};
