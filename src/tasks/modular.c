/* modular.c: binary operations on the residues modulo p. Table 1 of Power et al. 2022 and of Hwang and Park 2026. */
#include "tasks/modular.h"

#include "tasks/arithmetic.h"
#include "tasks/task.h"

#include <assert.h>

/* ---- the operations: static int64_t value_<name>(x, y, p) for every row ---- */

#define inverse(y) sw_arithmetic_inverse((int32_t)(y), (int32_t)p)
#define OPERATION(ENUM, name, formula, value, ...)                                                                     \
    static int64_t value_##name(int64_t x, int64_t y, int64_t p) {                                                     \
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

const sw_operation *sw_modular_operation(const sw_task_config *config) {
    assert(config->operation >= 0 && config->operation < SW_OP_COUNT);
    return &operations[config->operation];
}

bool sw_modular_scales(const sw_task_config *config) {
    return config->kind == SW_TASK_MODULAR && sw_modular_operation(config)->degree >= 0 && config->p > 2;
}

/* ---- the kind ---- */

static sw_status validate(const sw_task_config *config) {
    const int32_t p = config->p;
    if (config->operation < 0 || config->operation >= SW_OP_COUNT)
        return sw_fail(SW_E_CONFIG, "task.operation: no operation has number %d", config->operation);
    if (p < 2) return sw_fail(SW_E_CONFIG, "task.p: expected at least 2, found %d", p);
    sw_status status = sw_task_check_size(p, (int64_t)p * p, "task.p");
    if (status != SW_OK) return status;
    if (operations[config->operation].divides && !sw_arithmetic_is_prime(p)) {
        int32_t below = p, above = p;
        while (!sw_arithmetic_is_prime(below)) below--;
        while (!sw_arithmetic_is_prime(above)) above++;
        return sw_fail(SW_E_CONFIG, "task.p: division needs a prime, found %d; the nearest are %d and %d", p, below,
                       above);
    }
    return SW_OK;
}

static sw_status shape(sw_task *task, const sw_task_config *config) {
    const sw_operation *operation = sw_modular_operation(config);
    const int32_t p = config->p;
    task->classes = task->entities = p;
    task->second_from = operation->divides ? 1 : 0;
    task->abelian = true;
    const bool additive = operation->group == SW_RESIDUES_ADDITIVE;
    if (additive || sw_arithmetic_is_prime(p)) { /* the units modulo a prime are a cyclic group */
        task->factor_count = 1;
        task->factor[0] = additive ? p : p - 1;
    }
    return SW_OK;
}

/* Residue -> exponent in the cyclic group of the operation. */
static sw_status build_exponents(sw_task *task, sw_residue_group group) {
    const int32_t p = task->entities;
    if (task->order == 0) return SW_OK;
    task->exponent = sw_task_alloc(task, (size_t)p, sizeof *task->exponent);
    if (task->exponent == NULL) return SW_E_MEMORY;
    if (group == SW_RESIDUES_ADDITIVE) {
        for (int32_t a = 0; a < p; a++) task->exponent[a] = a;
        return SW_OK;
    }
    sw_arithmetic_logarithm(task->exponent, p);
    if (group == SW_RESIDUES_SHIFTED) { /* of x + 1: every entry moves down by one, that of 0 to p - 1 */
        for (int32_t a = 0; a + 1 < p; a++) task->exponent[a] = task->exponent[a + 1];
        task->exponent[p - 1] = -1;
    }
    return SW_OK;
}

static sw_status build_units(sw_task *task) {
    const int32_t p = task->entities;
    sw_modular *modular = sw_task_alloc(task, 1, sizeof *modular);
    if (modular == NULL) return SW_E_MEMORY;
    modular->inverse = sw_task_alloc(task, (size_t)p, sizeof *modular->inverse);
    modular->unit = sw_task_alloc(task, (size_t)p, sizeof *modular->unit);
    if (modular->inverse == NULL || modular->unit == NULL) return SW_E_MEMORY;
    for (int32_t a = 1; a < p; a++) {
        modular->inverse[a] = sw_arithmetic_inverse(a, p);
        if (modular->inverse[a] != 0) modular->unit[modular->unit_count++] = a;
    }
    task->extra = modular;
    return SW_OK;
}

static sw_status build(sw_task *task) {
    sw_status status = build_units(task);
    return status != SW_OK ? status : build_exponents(task, sw_modular_operation(&task->config)->group);
}

static int32_t label(const sw_task *task, int32_t x, int32_t r, int32_t y) {
    (void)r;
    return (int32_t)(sw_modular_operation(&task->config)->value(x, y, task->entities) % task->entities);
}

static int32_t mirror(const sw_task *task, int32_t x, int32_t r, int32_t y) {
    (void)r;
    const int32_t p = task->entities, *inverse = sw_modular_of(task)->inverse;
    switch (sw_modular_operation(&task->config)->mirror) {
    case SW_MIRROR_SWAPPED: return sw_task_index(task, y, x, -1);
    case SW_MIRROR_NEGATED: return sw_task_index(task, (p - y) % p, (p - x) % p, -1);
    case SW_MIRROR_INVERTED: return x == 0 ? -1 : sw_task_index(task, inverse[y], inverse[x], -1);
    case SW_MIRROR_NONE: break;
    }
    return -1;
}

static bool commutative(const sw_task_config *config) { return sw_modular_operation(config)->mirror != SW_MIRROR_NONE; }

static bool associative(const sw_task_config *config) {
    const sw_truth truth = sw_modular_operation(config)->associates;
    return truth == SW_ALWAYS || (truth == SW_MODULO_TWO && config->p == 2);
}

const sw_task_kind sw_task_modular = {
    .validate = validate,
    .shape = shape,
    .build = build,
    .label = label,
    .mirror = mirror,
    .commutative = commutative,
    .associative = associative,
};
