/* comparison.c: entities on a grid, compared in one attribute (Hwang and Park 2026).
 * relation form: (a, r, b) with r = attribute x {<, =, >} -> does r hold, {0, 1}.
 * three_way: (a, b) -> {<, =, >} of a against b in `task.attribute`. */
#include "tasks/comparison.h"

#include "tasks/internal.h"

static bool three_way(const sw_task_config *config) { return config->form == SW_FORM_THREE_WAY; }

int32_t sw_comparison_attributes(const sw_task_config *config) { return three_way(config) ? 1 : config->side_count; }

int32_t sw_comparison_longest(const sw_task_config *config)
{
    if (three_way(config)) return config->sides[config->attribute];
    int32_t longest = 0;
    for (int32_t k = 0; k < config->side_count; k++)
        if (config->sides[k] > longest) longest = config->sides[k];
    return longest;
}

/* Entities: the product of the sides, which are within limits. */
static int64_t entities_of(const sw_task_config *config)
{
    int64_t entities = 1;
    for (int32_t k = 0; k < config->side_count; k++) entities *= config->sides[k];
    return entities;
}

static sw_status validate(const sw_task_config *config)
{
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

static sw_status shape(sw_task *task, const sw_task_config *config)
{
    task->entities = (int32_t)entities_of(config);
    task->operands = 2;
    task->relations = three_way(config) ? 0 : config->side_count * SW_RELATIONS;
    task->classes = three_way(config) ? SW_RELATIONS : 2;
    task->inputs =
        (size_t)task->entities * (size_t)task->entities * (size_t)(task->relations > 0 ? task->relations : 1);
    task->coordinate_count = config->side_count;
    return SW_OK;
}

/* Row-major: the last attribute runs fastest. */
static sw_status build_coordinates(sw_task *task, const sw_task_config *config)
{
    const int32_t count = task->coordinate_count;
    task->coordinate = sw_task_alloc(task, (size_t)task->entities * (size_t)count, sizeof *task->coordinate);
    if (task->coordinate == NULL) return SW_E_MEMORY;
    for (int32_t e = 0; e < task->entities; e++) {
        int32_t rest = e;
        for (int32_t k = count - 1; k >= 0; k--) {
            task->coordinate[e * count + k] = rest % config->sides[k];
            rest /= config->sides[k];
        }
    }
    return SW_OK;
}

static int32_t order_of(int32_t a, int32_t b) { return a < b ? SW_LESS : a == b ? SW_EQUAL : SW_GREATER; }

static int32_t converse_of(int32_t relation)
{
    const int32_t attribute = relation / SW_RELATIONS, order = relation % SW_RELATIONS;
    return attribute * SW_RELATIONS + (SW_GREATER - order);
}

static sw_status build(sw_task *task, const sw_task_config *config)
{
    sw_status status = build_coordinates(task, config);
    if (status != SW_OK) return status;
    task->mirror = sw_task_alloc(task, task->inputs, sizeof *task->mirror);
    if (task->mirror == NULL) return SW_E_MEMORY;
    const int32_t n = task->entities, relations = task->relations > 0 ? task->relations : 1;
    size_t i = 0;
    for (int32_t a = 0; a < n; a++) {
        for (int32_t r = 0; r < relations; r++) {
            const int32_t k = r / SW_RELATIONS;
            const int32_t back = task->relations > 0 ? converse_of(r) : 0;
            for (int32_t b = 0; b < n; b++, i++) {
                const int32_t order = order_of(sw_comparison_value(task, k, a), sw_comparison_value(task, k, b));
                sw_task_set_input(task, i, a, r, b);
                task->true_label[i] = task->relations > 0 ? order == r % SW_RELATIONS : order;
                task->mirror[i] = (b * relations + back) * n + a; /* (b, converse of r, a) */
            }
        }
    }
    return SW_OK;
}

const sw_task_kind sw_task_comparison = {
    .name = "comparison", .validate = validate, .shape = shape, .build = build, .release = NULL};
