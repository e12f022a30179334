/* group.c: (x, y) -> the product xy in a finite group, or another word in its elements. */
#include "tasks/group.h"

#include "tasks/expression.h"

#include <string.h>

static const sw_group *const groups[SW_GROUP_COUNT] = {
#define GROUP(ENUM, name, meaning) &sw_group_##name,
#include "symsweep/groups.def"
#undef GROUP
};

static const sw_group *group_of(const sw_task_config *config) { return groups[config->group]; }

static const int32_t *coordinates_of(const sw_task *task, int32_t e) {
    return task->coordinate + (size_t)e * (size_t)task->coordinate_count;
}

static sw_status validate(const sw_task_config *config) {
    if (config->group < 0 || config->group >= SW_GROUP_COUNT)
        return sw_fail(SW_E_CONFIG, "task.group: no group has number %d", config->group);
    return group_of(config)->validate(config);
}

static sw_status shape(sw_task *task, const sw_task_config *config) {
    group_of(config)->shape(task, config);
    task->abelian = task->factor_count > 0;
    if (task->abelian) {
        task->entities = 1;
        for (int32_t k = 0; k < task->factor_count; k++) task->entities *= task->factor[k];
    }
    task->classes = task->entities;
    return SW_OK;
}

static sw_status build_exponents(sw_task *task) {
    const size_t width = (size_t)task->factor_count;
    if (!task->abelian) return SW_OK;
    task->exponent = sw_task_alloc(task, (size_t)task->entities * width, sizeof *task->exponent);
    if (task->exponent == NULL) return SW_E_MEMORY;
    for (int32_t e = 0; e < task->entities; e++)
        if (width == 1)
            task->exponent[e] = e;
        else
            group_of(&task->config)->coordinates(task->exponent + (size_t)e * width, task, e);
    return SW_OK;
}

static sw_status build(sw_task *task) {
    const sw_group *group = group_of(&task->config);
    const int32_t n = task->entities;
    const size_t width = (size_t)task->coordinate_count;
    task->product = sw_task_alloc(task, (size_t)n * (size_t)n, sizeof *task->product);
    task->coordinate = sw_task_alloc(task, (size_t)n * width, sizeof *task->coordinate);
    if (task->product == NULL || task->coordinate == NULL) return SW_E_MEMORY;
    for (int32_t e = 0; e < n; e++) group->coordinates(task->coordinate + (size_t)e * width, task, e);
    size_t i = 0;
    for (int32_t g = 0; g < n; g++)
        for (int32_t h = 0; h < n; h++)
            task->product[i++] = group->multiply(task, coordinates_of(task, g), coordinates_of(task, h));
    return build_exponents(task);
}

static int32_t label(const sw_task *task, int32_t a, int32_t r, int32_t b) {
    (void)r;
    return task->product[a * task->entities + b];
}

static bool commutative(const sw_task_config *config) {
    sw_task task;
    return sw_task_shape_of(&task, config) && task.abelian;
}

double sw_group_character(const sw_task *task, int32_t line, int32_t element) {
    return group_of(&task->config)->character(task, line, coordinates_of(task, element));
}

/* ---- words: tasks as data ---- */

static sw_status check_word(sw_expression *out, const sw_task_config *config) {
    sw_task group = {0};
    sw_status status = validate(config);
    if (status == SW_OK) status = shape(&group, config);
    if (status == SW_OK) status = sw_expression_parse(out, config->expression, SW_EXPRESSION_WORD);
    if (status != SW_OK) return status;
    int64_t all = 1;
    for (int32_t k = 0; k < out->operands; k++) all *= group.entities;
    if (all <= SW_TASK_INPUTS_MAX) return SW_OK;
    return sw_fail(SW_E_CONFIG,
                   "task.expression: a word of %d variables in a group of %d elements has %lld inputs, more than the "
                   "limit of %d",
                   out->operands, group.entities, (long long)all, SW_TASK_INPUTS_MAX);
}

static sw_status validate_word(const sw_task_config *config) {
    sw_expression word;
    return check_word(&word, config);
}

static sw_status shape_word(sw_task *task, const sw_task_config *config) {
    sw_expression word;
    sw_status status = check_word(&word, config);
    if (status != SW_OK) return status;
    task->operands = word.operands;
    task->closed = word.operands == 2;
    return shape(task, config);
}

static int32_t inverse_of(const sw_task *task, int32_t g) {
    int32_t h = 0;
    while (task->product[g * task->entities + h] != 0) h++; /* the neutral element is the first one */
    return h;
}

/* b is the exponent of a power, which is formed by squaring. */
static bool multiply(int32_t *out, sw_expression_operator op, int32_t a, int32_t b, const void *context) {
    const sw_task *task = context;
    const int32_t n = task->entities, *product = task->product;
    if (op == SW_EXPRESSION_MULTIPLY) {
        *out = product[a * n + b];
        return true;
    }
    if (b < 0) a = inverse_of(task, a);
    *out = 0;
    for (int32_t k = b < 0 ? -b : b; k > 0; k /= 2) {
        if (k % 2 == 1) *out = product[*out * n + a];
        a = product[a * n + a];
    }
    return true;
}

static sw_status fill_word(sw_task *task, int32_t *operand) {
    sw_expression word;
    sw_status status = check_word(&word, &task->config);
    if (status != SW_OK) return status;
    for (size_t i = 0; i < task->inputs; i++)
        (void)sw_expression_evaluate(&task->true_label[i], &word, operand + i * (size_t)task->operands, multiply, task);
    return SW_OK;
}

static const sw_task_kind word_kind = {
    .validate = validate_word, .shape = shape_word, .build = build, .fill = fill_word};

extern const sw_task_kind sw_task_group;

/* The product of two elements is the group itself. */
static const sw_task_kind *variant(const sw_task_config *config) {
    return config->expression[0] == '\0' || strcmp(config->expression, "x*y") == 0 ? &sw_task_group : &word_kind;
}

const sw_task_kind sw_task_group = {
    .variant = variant,
    .validate = validate,
    .shape = shape,
    .build = build,
    .label = label,
    .mirror = sw_task_swapped,
    .commutative = commutative,
    .associative = sw_task_always,
};
