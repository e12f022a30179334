/* group.c: (g, h) -> the product gh in a finite group. */
#include "tasks/group.h"

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
    task->product = sw_task_alloc(task, task->inputs, sizeof *task->product);
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

const sw_task_kind sw_task_group = {
    .validate = validate,
    .shape = shape,
    .build = build,
    .label = label,
    .mirror = sw_task_swapped,
    .commutative = commutative,
    .associative = sw_task_always,
};
