/* group.c: (g, h) -> the product gh in a finite group. Elements in this order:
 *   cyclic n     0 .. n-1 under addition modulo n
 *   product      tuples of residues, row-major (the last factor runs fastest)
 *   dihedral n   r^0 .. r^(n-1), then r^0 s .. r^(n-1) s, with s r s = r^-1 (order 2n)
 *   symmetric n  permutations of 0..n-1 in lexicographic order of their one-line notation; (gh)(i) = g(h(i))
 */
#include "tasks/internal.h"

enum { SYMMETRIC_MAX = 5 };

static int32_t factorial(int32_t n)
{
    int32_t product = 1;
    for (int32_t k = 2; k <= n; k++) product *= k;
    return product;
}

static sw_status check_n(int32_t n, int32_t most)
{
    if (n < 1 || n > most) return sw_fail(SW_E_CONFIG, "task.n: expected 1 to %d, found %d", most, n);
    return SW_OK;
}

static sw_status check_factors(const sw_task_config *config)
{
    int64_t order = 1;
    if (config->factor_count < 1 || config->factor_count > SW_FACTORS_MAX) {
        return sw_fail(SW_E_CONFIG, "task.factors: expected 1 to %d factors, found %d", SW_FACTORS_MAX,
                       config->factor_count);
    }
    for (int32_t k = 0; k < config->factor_count; k++) {
        if (config->factors[k] < 1 || config->factors[k] > SW_TASK_ENTITIES_MAX) {
            return sw_fail(SW_E_CONFIG, "task.factors: expected orders of 1 to %d, found %d", SW_TASK_ENTITIES_MAX,
                           config->factors[k]);
        }
        order *= config->factors[k];
        sw_status status = sw_task_check_size(order, 0, "task.factors");
        if (status != SW_OK) return status;
    }
    return SW_OK;
}

static sw_status validate(const sw_task_config *config)
{
    switch (config->group) {
    case SW_GROUP_CYCLIC: return check_n(config->n, SW_TASK_ENTITIES_MAX);
    case SW_GROUP_DIHEDRAL: return check_n(config->n, SW_TASK_ENTITIES_MAX / 2);
    case SW_GROUP_SYMMETRIC: return check_n(config->n, SYMMETRIC_MAX);
    case SW_GROUP_PRODUCT: return check_factors(config);
    default: return sw_fail(SW_E_CONFIG, "task.group: no group has number %d", config->group);
    }
}

/* The cyclic factors of an abelian group, and how many numbers describe an element. */
static sw_status shape(sw_task *task, const sw_task_config *config)
{
    const int32_t n = config->n;
    switch (config->group) {
    case SW_GROUP_CYCLIC:
        task->coordinate_count = task->factor_count = 1;
        task->factor[0] = n;
        break;
    case SW_GROUP_PRODUCT:
        task->coordinate_count = task->factor_count = config->factor_count;
        for (int32_t k = 0; k < config->factor_count; k++) task->factor[k] = config->factors[k];
        break;
    case SW_GROUP_DIHEDRAL: /* Z_1 x Z_2 and Z_2 x Z_2 for n = 1, 2 */
        task->coordinate_count = 2;
        task->factor_count = n <= 2 ? 2 : 0;
        task->factor[0] = n <= 2 ? n : 0;
        task->factor[1] = n <= 2 ? 2 : 0;
        task->entities = 2 * n;
        break;
    case SW_GROUP_SYMMETRIC: /* Z_1 and Z_2 for n = 1, 2 */
        task->coordinate_count = n;
        task->factor_count = n <= 2 ? 1 : 0;
        task->factor[0] = n <= 2 ? n : 0;
        task->entities = factorial(n);
        break;
    default: break;
    }
    task->abelian = task->factor_count > 0;
    if (task->abelian) {
        task->order = 1;
        for (int32_t k = 0; k < task->factor_count; k++) task->order *= task->factor[k];
        task->entities = task->order;
    }
    task->operands = 2;
    task->classes = task->entities;
    task->inputs = (size_t)task->entities * (size_t)task->entities;
    return SW_OK;
}

/* ---- elements as coordinates, and back ---- */

/* Permutation number `index` of n in lexicographic order: digits of the factorial number system pick what is left. */
static void unrank_permutation(int32_t *out, int32_t index, int32_t n)
{
    int32_t left[SYMMETRIC_MAX];
    for (int32_t k = 0; k < n; k++) left[k] = k;
    for (int32_t k = 0; k < n; k++) {
        const int32_t block = factorial(n - 1 - k), digit = index / block;
        index %= block;
        out[k] = left[digit];
        for (int32_t j = digit; j + 1 < n - k; j++) left[j] = left[j + 1];
    }
}

static int32_t rank_permutation(const int32_t *p, int32_t n)
{
    int32_t rank = 0;
    for (int32_t k = 0; k < n; k++) {
        int32_t smaller = 0;
        for (int32_t j = k + 1; j < n; j++) smaller += p[j] < p[k];
        rank += smaller * factorial(n - 1 - k);
    }
    return rank;
}

static void element_coordinates(int32_t *out, const sw_task *task, int32_t e)
{
    const int32_t n = task->config.n;
    if (task->config.group == SW_GROUP_SYMMETRIC) {
        unrank_permutation(out, e, n);
    } else if (task->config.group == SW_GROUP_DIHEDRAL) {
        out[0] = e % n; /* r^k */
        out[1] = e / n; /* s^f */
    } else {
        for (int32_t k = task->factor_count - 1; k >= 0; k--) {
            out[k] = e % task->factor[k];
            e /= task->factor[k];
        }
    }
}

/* gh from the coordinates of g and h. */
static int32_t multiply(const sw_task *task, const int32_t *g, const int32_t *h)
{
    const int32_t n = task->config.n;
    if (task->config.group == SW_GROUP_SYMMETRIC) {
        int32_t composed[SYMMETRIC_MAX];
        for (int32_t i = 0; i < n; i++) composed[i] = g[h[i]];
        return rank_permutation(composed, n);
    }
    if (task->config.group == SW_GROUP_DIHEDRAL) { /* r^k s^f r^l s^m = r^(k + l) s^(f + m), or k - l where f = 1 */
        const int32_t turn = g[1] == 0 ? g[0] + h[0] : g[0] - h[0] + n;
        return (g[1] + h[1]) % 2 * n + turn % n;
    }
    int32_t e = 0;
    for (int32_t k = 0; k < task->factor_count; k++) e = e * task->factor[k] + (g[k] + h[k]) % task->factor[k];
    return e;
}

/* Abelian: the coordinates are the exponents; the dihedral and symmetric ones of two elements are their numbers. */
static sw_status build_exponents(sw_task *task)
{
    if (!task->abelian) return SW_OK;
    const int32_t count = task->factor_count;
    task->exponent = sw_task_alloc(task, (size_t)task->entities * (size_t)count, sizeof *task->exponent);
    if (task->exponent == NULL) return SW_E_MEMORY;
    for (int32_t e = 0; e < task->entities; e++)
        if (task->config.group == SW_GROUP_SYMMETRIC)
            task->exponent[e] = e;
        else
            element_coordinates(task->exponent + (size_t)e * (size_t)count, task, e);
    return SW_OK;
}

static sw_status build(sw_task *task, const sw_task_config *config)
{
    (void)config; /* shape has it all */
    const int32_t n = task->entities, width = task->coordinate_count;
    task->product = sw_task_alloc(task, task->inputs, sizeof *task->product);
    task->coordinate = sw_task_alloc(task, (size_t)n * (size_t)width, sizeof *task->coordinate);
    if (task->abelian) task->mirror = sw_task_alloc(task, task->inputs, sizeof *task->mirror);
    if (task->product == NULL || task->coordinate == NULL || (task->abelian && task->mirror == NULL))
        return SW_E_MEMORY;
    sw_status status = build_exponents(task);
    if (status != SW_OK) return status;
    for (int32_t e = 0; e < n; e++) element_coordinates(task->coordinate + (size_t)e * (size_t)width, task, e);
    size_t i = 0;
    for (int32_t g = 0; g < n; g++) {
        for (int32_t h = 0; h < n; h++, i++) {
            sw_task_set_input(task, i, g, 0, h);
            task->product[i] = multiply(task, task->coordinate + g * width, task->coordinate + h * width);
            task->true_label[i] = task->product[i];
            if (task->mirror != NULL) task->mirror[i] = h * n + g;
        }
    }
    return SW_OK;
}

static bool commutative(const sw_task_config *config)
{
    sw_task task;
    return sw_task_shape_of(&task, config) && task.abelian;
}

static bool associative(const sw_task_config *config)
{
    (void)config; /* every group is */
    return true;
}

const sw_task_kind sw_task_group = {
    .name = "group",
    .validate = validate,
    .shape = shape,
    .build = build,
    .release = NULL,
    .commutative = commutative,
    .associative = associative,
};
