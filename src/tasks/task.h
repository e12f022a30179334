/* task.h: what the files of the tasks module share. */
#pragma once

#include "symsweep/task.h"

/* Largest table: 4096 x 4096 pairs. */
enum { SW_TASK_ENTITIES_MAX = 4096, SW_TASK_INPUTS_MAX = SW_TASK_ENTITIES_MAX * SW_TASK_ENTITIES_MAX };

/* The kind of a configuration: a row of sw_task_kinds, or its variant. */
const sw_task_kind *sw_task_kind_of(const sw_task_config *config);

/* Zeroed array of the task's arena; NULL with a message. */
void *sw_task_alloc(sw_task *task, size_t count, size_t size) SW_MUST_CHECK;

/* Checks that `entities` and `inputs` are within limits; `key` names the culprit. */
sw_status sw_task_check_size(int64_t entities, int64_t inputs, const char *key) SW_MUST_CHECK;

/* Number of second operands: columns of the table for one first operand and one relation. */
static inline int32_t sw_task_columns(const sw_task *task) { return task->entities - task->second_from; }

/* Mirrors of a table without relations: the input (b, a). */
static inline int32_t sw_task_swapped(const sw_task *task, int32_t a, int32_t r, int32_t b) {
    (void)r;
    return b * task->entities + a;
}

/* Shape of a configuration, for the questions that families ask of it; false (no message kept) when it has none. */
bool sw_task_shape_of(sw_task *out, const sw_task_config *config);

/* Said of every configuration. */
static inline bool sw_task_always(const sw_task_config *config) {
    (void)config;
    return true;
}
