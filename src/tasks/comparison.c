/* comparison.c: entities on a grid, compared in one attribute (Hwang and Park 2026).
 * relation form: (a, r, b) with r = attribute x {<, =, >} -> does r hold, {0, 1}.
 * three_way: (a, b) -> {<, =, >} of a against b in `task.attribute`. */
#include "tasks/comparison.h"

#include "tasks/task.h"

static bool three_way(const sw_task_config *config) { return config->form == SW_FORM_THREE_WAY; }

int32_t sw_comparison_attributes(const sw_task_config *config) { return three_way(config) ? 1 : config->side_count; }

int32_t sw_comparison_longest(const sw_task_config *config) {
    if (three_way(config)) return config->sides[config->attribute];
    int32_t longest = 0;
    for (int32_t k = 0; k < config->side_count; k++)
        if (config->sides[k] > longest) longest = config->sides[k];
    return longest;
}

/* Entities: the product of the sides, which are within limits. */
static int64_t entities_of(const sw_task_config *config) {
    int64_t entities = 1;
    for (int32_t k = 0; k < config->side_count; k++) entities *= config->sides[k];
    return entities;
}

static sw_status validate(const sw_task_config *config) {
    if (config->form != SW_FORM_RELATION && config->form != SW_FORM_THREE_WAY)
        return sw_fail(SW_E_CONFIG, "task.form: no form has number %d", config->form);
    if (config->side_count < 1 || config->side_count > SW_SIDES_MAX) {
        return sw_fail(SW_E_CONFIG, "task.sides: expected 1 to %d sides, one an attribute, found %d", SW_SIDES_MAX,
                       config->side_count);
    }
    for (int32_t k = 0; k < config->side_count; k++) {
        if (config->sides[k] < 1 || config->sides[k] > SW_TASK_ENTITIES_MAX) {
            return sw_fail(SW_E_CONFIG, "task.sides: expected 1 to %d values of attribute %d, found %d",
                           SW_TASK_ENTITIES_MAX, k, config->sides[k]);
        }
    }
    if (three_way(config) && (config->attribute < 0 || config->attribute >= config->side_count)) {
        return sw_fail(SW_E_CONFIG, "task.attribute: expected 0 to %d, one of the %d sides, found %d",
                       config->side_count - 1, config->side_count, config->attribute);
    }
    const int64_t n = entities_of(config);
    if (n < 2) return sw_fail(SW_E_CONFIG, "task.sides: expected at least 2 entities, found 1");
    const int64_t queries = three_way(config) ? 1 : (int64_t)config->side_count * SW_RELATIONS;
    return sw_task_check_size(n, n > SW_TASK_ENTITIES_MAX ? 0 : n * n * queries, "task.sides");
}

static sw_status shape(sw_task *task, const sw_task_config *config) {
    task->entities = (int32_t)entities_of(config);
    task->relations = three_way(config) ? 0 : config->side_count * SW_RELATIONS;
    task->classes = three_way(config) ? SW_RELATIONS : 2;
    task->coordinate_count = config->side_count;
    return SW_OK;
}

/* Coordinates, row-major: the last attribute runs fastest. */
static sw_status build(sw_task *task) {
    const int32_t count = task->coordinate_count;
    task->coordinate = sw_task_alloc(task, (size_t)task->entities * (size_t)count, sizeof *task->coordinate);
    if (task->coordinate == NULL) return SW_E_MEMORY;
    for (int32_t e = 0; e < task->entities; e++) {
        int32_t rest = e;
        for (int32_t k = count - 1; k >= 0; k--) {
            task->coordinate[e * count + k] = rest % task->config.sides[k];
            rest /= task->config.sides[k];
        }
    }
    return SW_OK;
}

static int32_t label(const sw_task *task, int32_t a, int32_t r, int32_t b) {
    const int32_t x = sw_comparison_value(task, r / SW_RELATIONS, a);
    const int32_t y = sw_comparison_value(task, r / SW_RELATIONS, b);
    const int32_t order = x < y ? SW_LESS : x == y ? SW_EQUAL : SW_GREATER;
    return task->relations > 0 ? order == r % SW_RELATIONS : order;
}

/* (b, converse of r, a) */
static int32_t mirror(const sw_task *task, int32_t a, int32_t r, int32_t b) {
    if (task->relations == 0) return sw_task_swapped(task, a, r, b);
    const int32_t attribute = r / SW_RELATIONS, order = r % SW_RELATIONS;
    const int32_t converse = attribute * SW_RELATIONS + (SW_GREATER - order);
    return (b * task->relations + converse) * task->entities + a;
}

const sw_task_kind sw_task_comparison = {
    .validate = validate, .shape = shape, .build = build, .label = label, .mirror = mirror};
