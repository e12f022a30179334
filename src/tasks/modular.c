/* modular.c: binary operations on the residues modulo p. Table 1 of Power et al. 2022 and of Hwang and Park 2026. */
#include "tasks/modular.h"

#include "tasks/arithmetic.h"
#include "tasks/internal.h"

#include <assert.h>

/* ---- the operations: static int64_t value_<name>(x, y, p) for every row ---- */

#define inverse(y) sw_inverse_mod((int32_t)(y), (int32_t)p)
#define OPERATION(ENUM, name, formula, value, ...)                                                                     \
    static int64_t value_##name(int64_t x, int64_t y, int64_t p)                                                       \
    {                                                                                                                  \
        (void)p;                                                                                                       \
        return value;                                                                                                  \
    }
#include "symsweep/operations.def"
#undef OPERATION
#undef inverse

static const sw_operation operations[SW_OP_COUNT] = {
#define OPERATION(ENUM, name, formula, expression, ...) {.value = value_##name, __VA_ARGS__},
#include "symsweep/operations.def"
#undef OPERATION
};

const sw_operation *sw_modular_operation(const sw_task_config *config)
{
    assert(config->operation >= 0 && config->operation < SW_OP_COUNT);
    return &operations[config->operation];
}

int32_t sw_modular_unit_count(int32_t p)
{
    int32_t count = 0;
    for (int32_t a = 1; a < p; a++) count += sw_gcd(a, p) == 1;
    return count;
}

/* ---- the kind ---- */

static sw_status validate(const sw_task_config *config)
{
    const int32_t p = config->p;
    if (config->operation < 0 || config->operation >= SW_OP_COUNT)
        return sw_fail(SW_E_CONFIG, "task.operation: no operation has number %d", config->operation);
    if (p < 2) return sw_fail(SW_E_CONFIG, "task.p: expected at least 2, found %d", p);
    sw_status status = sw_task_check_size(p, (int64_t)p * p, "task.p");
    if (status != SW_OK) return status;
    if (operations[config->operation].divides && !sw_is_prime(p)) {
        int32_t below = p, above = p;
        while (!sw_is_prime(below)) below--;
        while (!sw_is_prime(above)) above++;
        return sw_fail(SW_E_CONFIG, "task.p: division needs a prime, found %d; the nearest are %d and %d", p, below,
                       above);
    }
    return SW_OK;
}

static sw_status shape(sw_task *task, const sw_task_config *config)
{
    const sw_operation *operation = sw_modular_operation(config);
    const int32_t p = config->p;
    task->classes = p;
    task->entities = p;
    task->operands = 2;
    task->second_from = operation->divides ? 1 : 0;
    task->inputs = (size_t)p * (size_t)sw_task_columns(task);
    task->abelian = true;
    if (operation->group == SW_RESIDUES_ADDITIVE)
        task->order = p;
    else if (sw_is_prime(p))
        task->order = p - 1; /* the units modulo a prime are a cyclic group */
    if (task->order > 0) {
        task->factor_count = 1;
        task->factor[0] = task->order;
    }
    return SW_OK;
}

/* Residue -> exponent in the cyclic group of the operation. */
static sw_status build_exponents(sw_task *task, sw_residue_group group)
{
    const int32_t p = task->entities;
    if (task->order == 0) return SW_OK;
    task->exponent = sw_task_alloc(task, (size_t)p, sizeof *task->exponent);
    if (task->exponent == NULL) return SW_E_MEMORY;
    if (group == SW_RESIDUES_ADDITIVE) {
        for (int32_t a = 0; a < p; a++) task->exponent[a] = a;
        return SW_OK;
    }
    sw_discrete_logarithm(task->exponent, p);
    if (group == SW_RESIDUES_SHIFTED) { /* of x + 1: every entry moves down by one, that of 0 to p - 1 */
        for (int32_t a = 0; a + 1 < p; a++) task->exponent[a] = task->exponent[a + 1];
        task->exponent[p - 1] = -1;
    }
    return SW_OK;
}

static sw_status build_units(sw_task *task)
{
    const int32_t p = task->entities;
    sw_modular *modular = sw_task_alloc(task, 1, sizeof *modular);
    if (modular == NULL) return SW_E_MEMORY;
    modular->inverse = sw_task_alloc(task, (size_t)p, sizeof *modular->inverse);
    modular->unit = sw_task_alloc(task, (size_t)p, sizeof *modular->unit);
    if (modular->inverse == NULL || modular->unit == NULL) return SW_E_MEMORY;
    for (int32_t a = 1; a < p; a++) {
        modular->inverse[a] = sw_inverse_mod(a, p);
        if (modular->inverse[a] != 0) modular->unit[modular->unit_count++] = a;
    }
    task->extra = modular;
    return SW_OK;
}

static int32_t mirror_of(const sw_task *task, sw_mirror mirror, int32_t x, int32_t y)
{
    const int32_t p = task->entities;
    if (mirror == SW_MIRROR_NEGATED) return sw_task_index(task, (p - y) % p, (p - x) % p, -1);
    if (mirror == SW_MIRROR_INVERTED) {
        const int32_t *inverse = sw_modular_of(task)->inverse;
        return x == 0 ? -1 : sw_task_index(task, inverse[y], inverse[x], -1);
    }
    return sw_task_index(task, y, x, -1);
}

static sw_status build(sw_task *task, const sw_task_config *config)
{
    const sw_operation *operation = sw_modular_operation(config);
    const int32_t p = config->p;
    sw_status status = build_units(task);
    if (status != SW_OK) return status;
    status = build_exponents(task, operation->group);
    if (status != SW_OK) return status;
    if (operation->mirror != SW_MIRROR_NONE) {
        task->mirror = sw_task_alloc(task, task->inputs, sizeof *task->mirror);
        if (task->mirror == NULL) return SW_E_MEMORY;
    }
    size_t i = 0;
    for (int32_t x = 0; x < p; x++) {
        for (int32_t y = task->second_from; y < p; y++, i++) {
            sw_task_set_input(task, i, x, 0, y);
            task->true_label[i] = (int32_t)(operation->value(x, y, p) % p);
            if (task->mirror != NULL) task->mirror[i] = mirror_of(task, operation->mirror, x, y);
        }
    }
    return SW_OK;
}

static bool commutative(const sw_task_config *config) { return sw_modular_operation(config)->mirror != SW_MIRROR_NONE; }

static bool associative(const sw_task_config *config)
{
    const sw_truth truth = sw_modular_operation(config)->associates;
    return truth == SW_ALWAYS || (truth == SW_MODULO_TWO && config->p == 2);
}

const sw_task_kind sw_task_modular = {
    .name = "modular",
    .validate = validate,
    .shape = shape,
    .build = build,
    .release = NULL,
    .commutative = commutative,
    .associative = associative,
};
