/* planted.c: (x, y) -> a table with a symmetry group of chosen order h: f(x + m a, y + m b) = f(x, y) + m (a + b)
 * modulo n = h m. Its m x m corner is random: with h = 1 that is the whole table, with h = n the table is x + y + a
 * constant. docs/science.md says what is drawn. */
#include "tasks/task.h"

#include "symsweep/random.h"

#include <stdlib.h>

/* Steps of stream TABLE. */
enum { STEP_CORNER, STEP_X, STEP_Y, STEP_LABELS, STEP_CELLS };

static sw_status validate(const sw_task_config *config) {
    const int32_t n = config->n, h = config->symmetry_order;
    if (n < 2) return sw_fail(SW_E_CONFIG, "task.n: expected at least 2, found %d", n);
    sw_status status = sw_task_check_size(n, (int64_t)n * n, "task.n");
    if (status != SW_OK) return status;
    if (config->scramble < 0 || config->scramble >= SW_SCRAMBLE_COUNT)
        return sw_fail(SW_E_CONFIG, "task.scramble: no scramble has number %d", config->scramble);
    if (h >= 1 && n % h == 0) return SW_OK;
    int32_t below = h < 1 ? 1 : h < n ? h : n, above = below;
    while (n % below != 0) below--;
    while (n % above != 0) above++;
    if (below == above)
        return sw_fail(SW_E_CONFIG,
                       "task.symmetry_order: expected a divisor of task.n = %d, found %d; the nearest is %d", n, h,
                       below);
    return sw_fail(SW_E_CONFIG,
                   "task.symmetry_order: expected a divisor of task.n = %d, found %d; the nearest are %d and %d", n, h,
                   below, above);
}

static sw_status shape(sw_task *task, const sw_task_config *config) {
    task->entities = task->classes = config->n;
    task->closed = true;
    return SW_OK;
}

/* Permutations of x, y and the labels, or of the cells; the identity where the scramble has no such. */
typedef struct scrambled {
    int32_t *x, *y, *label; /* [n] each */
    int32_t *cell;          /* [n^2]; NULL = the identity */
} scrambled;

static void permute(int32_t *out, int32_t n, const sw_task_config *config, uint64_t step) {
    for (int32_t i = 0; i < n; i++) out[i] = i;
    if (config->scramble == SW_SCRAMBLE_ISOTOPE)
        sw_random_permutation(out, (size_t)n, config->table_seed, SW_STREAM_TABLE, step);
}

static sw_status scramble(scrambled *out, const sw_task_config *config) {
    const size_t n = (size_t)config->n, cells = config->scramble == SW_SCRAMBLE_CELLS ? n * n : 0;
    out->x = malloc((3 * n + cells) * sizeof *out->x);
    if (out->x == NULL) return sw_fail(SW_E_MEMORY, "no memory for a planted table of %zu inputs", n * n);
    out->y = out->x + n;
    out->label = out->y + n;
    out->cell = cells > 0 ? out->label + n : NULL;
    permute(out->x, config->n, config, STEP_X);
    permute(out->y, config->n, config, STEP_Y);
    permute(out->label, config->n, config, STEP_LABELS);
    if (cells > 0) sw_random_permutation(out->cell, cells, config->table_seed, SW_STREAM_TABLE, STEP_CELLS);
    return SW_OK;
}

static int32_t value(const sw_task_config *config, int32_t x, int32_t y) {
    const int32_t n = config->n, m = n / config->symmetry_order;
    const uint64_t at = (uint64_t)(x % m) * (uint64_t)m + (uint64_t)(y % m);
    const uint64_t corner = sw_random_below(config->table_seed, SW_STREAM_TABLE, STEP_CORNER, at, (uint64_t)n);
    return (int32_t)((corner + (uint64_t)m * (uint64_t)(x / m + y / m)) % (uint64_t)n);
}

static sw_status fill(sw_task *task, int32_t *operand) {
    const sw_task_config *config = &task->config;
    const int32_t n = config->n;
    scrambled to = {0};
    (void)operand; /* the table has every pair */
    sw_status status = scramble(&to, config);
    if (status != SW_OK) return status;
    for (int32_t x = 0; x < n; x++)
        for (int32_t y = 0; y < n; y++) {
            const int32_t cell = to.x[x] * n + to.y[y];
            task->true_label[to.cell != NULL ? to.cell[cell] : cell] = to.label[value(config, x, y)];
        }
    free(to.x);
    return SW_OK;
}

const sw_task_kind sw_task_planted = {.validate = validate, .shape = shape, .fill = fill};
