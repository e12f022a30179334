/* modular.c: operations on the residues modulo p: Table 1 of Power et al. 2022 and of Hwang and Park 2026, and
 * polynomials that are given as text. */
#include "tasks/modular.h"

#include "tasks/arithmetic.h"
#include "tasks/facts.h"
#include "tasks/polynomial.h"
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

/* An expression has only the traits that are known of all of them; its value and degree are those of its text. */
static const sw_operation operations[SW_OP_COUNT + 1] = {
#define OPERATION(ENUM, name, formula, expression, ...) {.value = value_##name, __VA_ARGS__},
#include "symsweep/operations.def"
#undef OPERATION
    [SW_OP_EXPRESSION] = {.group = SW_RESIDUES_ADDITIVE, .mirror = SW_MIRROR_NONE, .degree = SW_NOT_HOMOGENEOUS}};

const sw_operation *sw_modular_operation(const sw_task_config *config) {
    assert(config->operation >= 0 && config->operation <= SW_OP_EXPRESSION);
    return &operations[config->operation];
}

static int32_t degree_of(const sw_task_config *config) {
    sw_expression expression;
    if (config->operation != SW_OP_EXPRESSION) return sw_modular_operation(config)->degree;
    if (sw_expression_parse(&expression, config->expression, SW_EXPRESSION_POLYNOMIAL) == SW_OK)
        return sw_polynomial_degree(&expression, config->p);
    sw_fail_clear();
    return SW_NOT_HOMOGENEOUS;
}

bool sw_modular_scales(const sw_task_config *config) {
    return config->kind == SW_TASK_MODULAR && degree_of(config) >= 0 && config->p > 2;
}

int32_t sw_modular_scaled(const sw_task *task, size_t i, int32_t u) {
    int32_t operand[SW_OPERANDS_MAX];
    for (int32_t k = 0; k < task->operands; k++)
        operand[k] = (int32_t)((int64_t)u * sw_task_operand(task, i, k) % task->entities);
    return sw_task_find(task, operand);
}

/* ---- the kind ---- */

static sw_status check_modulus(int32_t p) {
    if (p < 2) return sw_fail(SW_E_CONFIG, "task.p: expected at least 2, found %d", p);
    return sw_task_check_size(p, (int64_t)p * p, "task.p");
}

static sw_status check_prime(int32_t p) {
    if (sw_arithmetic_is_prime(p)) return SW_OK;
    int32_t below = p, above = p;
    while (!sw_arithmetic_is_prime(below)) below--;
    while (!sw_arithmetic_is_prime(above)) above++;
    return sw_fail(SW_E_CONFIG, "task.p: division needs a prime, found %d; the nearest are %d and %d", p, below, above);
}

static sw_status validate(const sw_task_config *config) {
    if (config->operation < 0 || config->operation >= SW_OP_COUNT)
        return sw_fail(SW_E_CONFIG, "task.operation: no operation has number %d", config->operation);
    sw_status status = check_modulus(config->p);
    if (status == SW_OK && operations[config->operation].divides) status = check_prime(config->p);
    return status;
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
    modular->degree = degree_of(&task->config);
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

/* ---- operation expression: a task as data ---- */

/* Inputs that divide by zero are not in the table; what is true of it is found on it. */
static sw_status check_size(const sw_expression *expression, int32_t p) {
    const int64_t all = sw_polynomial_combinations(expression, p);
    if (all <= SW_TASK_INPUTS_MAX) return SW_OK;
    int32_t most = p;
    while (sw_polynomial_combinations(expression, most) > SW_TASK_INPUTS_MAX) most--;
    return sw_fail(
        SW_E_CONFIG,
        "task.p: an expression of %d variables has p^%d = %lld inputs, more than the limit of %d; p can be at "
        "most %d",
        expression->operands, expression->operands, (long long)all, SW_TASK_INPUTS_MAX, most);
}

static sw_status count_inputs(sw_table_sizes *out, const sw_task_config *config) {
    sw_expression expression;
    int32_t label, operand[SW_OPERANDS_MAX];
    sw_status status = sw_expression_parse(&expression, config->expression, SW_EXPRESSION_POLYNOMIAL);
    if (status != SW_OK) return status;
    *out = (sw_table_sizes){.operands = expression.operands};
    for (int64_t i = 0, all = sw_polynomial_combinations(&expression, config->p); i < all; i++)
        out->inputs += sw_polynomial_value(&label, operand, i, &expression, config->p);
    return SW_OK;
}

static sw_status validate_expression(const sw_task_config *config) {
    sw_expression expression;
    sw_table_sizes sizes;
    if (config->expression[0] == '\0')
        return sw_fail(SW_E_CONFIG, "task.expression: operation \"expression\" needs a polynomial, such as x^2 + x*y");
    sw_status status = check_modulus(config->p);
    if (status == SW_OK) status = sw_expression_parse(&expression, config->expression, SW_EXPRESSION_POLYNOMIAL);
    if (status == SW_OK) status = check_size(&expression, config->p);
    if (status != SW_OK || !expression.divides) return status;
    status = check_prime(config->p);
    if (status == SW_OK) status = sw_facts_sizes(&sizes, config, count_inputs);
    if (status == SW_OK && sizes.inputs == 0)
        return sw_fail(SW_E_CONFIG, "task.expression: divides by zero modulo %d in every input", config->p);
    return status;
}

static sw_status shape_expression(sw_task *task, const sw_task_config *config) {
    sw_expression expression;
    sw_table_sizes sizes;
    sw_status status = sw_expression_parse(&expression, config->expression, SW_EXPRESSION_POLYNOMIAL);
    if (status != SW_OK) return status;
    task->classes = task->entities = config->p;
    task->operands = expression.operands;
    task->closed = expression.operands == 2;
    task->abelian = true;
    task->factor_count = 1;
    task->factor[0] = config->p;
    if (!expression.divides) return SW_OK;
    status = sw_facts_sizes(&sizes, config, count_inputs);
    if (status != SW_OK) return status;
    task->inputs = sizes.inputs;
    task->listed = (int64_t)sizes.inputs < sw_polynomial_combinations(&expression, config->p);
    return SW_OK;
}

static sw_status fill_expression(sw_task *task, int32_t *operand) {
    sw_expression expression;
    sw_status status = sw_expression_parse(&expression, task->config.expression, SW_EXPRESSION_POLYNOMIAL);
    if (status != SW_OK) return status;
    size_t filled = 0;
    for (int64_t i = 0; filled < task->inputs; i++)
        filled += sw_polynomial_value(&task->true_label[filled], operand + filled * (size_t)task->operands, i,
                                      &expression, task->entities);
    return SW_OK;
}

static const sw_task_kind expression_kind = {
    .validate = validate_expression, .shape = shape_expression, .build = build, .fill = fill_expression};

extern const sw_task_kind sw_task_modular;

static const sw_task_kind *variant(const sw_task_config *config) {
    return config->operation == SW_OP_EXPRESSION ? &expression_kind : &sw_task_modular;
}

const sw_task_kind sw_task_modular = {
    .variant = variant,
    .validate = validate,
    .shape = shape,
    .build = build,
    .label = label,
    .mirror = mirror,
    .commutative = commutative,
    .associative = associative,
};
