/* group.h: a finite group: src/tasks/groups/<name>.c, a row of groups.def. */
#pragma once

#include "tasks/task.h"

typedef struct sw_group {
    /* Checks the keys that the group has; the message names the key. */
    sw_status (*validate)(const sw_task_config *config);
    /* coordinate_count; factor_count and factor where the group is abelian, else entities and characters. */
    void (*shape)(sw_task *task, const sw_task_config *config);
    /* out[coordinate_count] of element e. Of an abelian group that is not cyclic they are its exponents; a cyclic group
     * has its elements in the order of their exponents. */
    void (*coordinates)(int32_t *out, const sw_task *task, int32_t e);
    /* The element gh from the coordinates of g and h. */
    int32_t (*multiply)(const sw_task *task, const int32_t *g, const int32_t *h);
    /* chi_line of the element with these coordinates, line < task->characters; NULL where that is always 0. */
    double (*character)(const sw_task *task, int32_t line, const int32_t *g);
} sw_group;

#define GROUP(ENUM, name, meaning) extern const sw_group sw_group_##name;
#include "symsweep/groups.def"
#undef GROUP

/* task.n from 1 to `most`. */
static inline sw_status sw_group_check_n(const sw_task_config *config, int32_t most) {
    if (config->n >= 1 && config->n <= most) return SW_OK;
    return sw_fail(SW_E_CONFIG, "task.n: expected 1 to %d, found %d", most, config->n);
}
