/* internal.h: what the files of the tasks module share. */
#ifndef SYMSWEEP_TASKS_INTERNAL_H
#define SYMSWEEP_TASKS_INTERNAL_H

#include "symsweep/task.h"

/* Largest table: 4096 x 4096 pairs. */
enum { SW_TASK_ENTITIES_MAX = 4096, SW_TASK_INPUTS_MAX = SW_TASK_ENTITIES_MAX * SW_TASK_ENTITIES_MAX };

#define X(ENUM, id, name, meaning) extern const sw_task_kind sw_task_##name;
#include "symsweep/tasks.def"
#undef X
#define X(ENUM, id, name, meaning) extern const sw_family sw_family_##name;
#include "symsweep/families.def"
#undef X

/* Zeroed array of the task's arena; NULL with a message. */
void *sw_task_alloc(sw_task *task, size_t count, size_t size) SW_MUST_CHECK;

/* Writes the tokens of table entry i: entities a and b, relation r counted from 0 (ignored where there are none). */
void sw_task_set_input(sw_task *task, size_t i, int32_t a, int32_t r, int32_t b);

/* Checks that `entities` and `inputs` are within limits; `key` names the culprit. */
sw_status sw_task_check_size(int64_t entities, int64_t inputs, const char *key) SW_MUST_CHECK;

/* Number of second operands: columns of the table for one first operand and one relation. */
static inline int32_t sw_task_columns(const sw_task *task) { return task->entities - task->second_from; }

/* Shape of a configuration, for the questions that families ask of it; false (no message kept) when it has none. */
bool sw_task_shape_of(sw_task *out, const sw_task_config *config);

/* index = (a * m + b) * n + c with 0 <= b < m, 0 <= c < n. Narrow division where it fits: it is several times faster,
 * and all candidates of a family pass through here. */
static inline void sw_split_index(uint64_t index, uint32_t m, uint32_t n, int32_t *a, int32_t *b, int32_t *c)
{
    if (index <= UINT32_MAX) {
        const uint32_t i = (uint32_t)index, high = i / n;
        *c = (int32_t)(i % n);
        *b = (int32_t)(high % m);
        *a = (int32_t)(high / m);
    } else {
        const uint64_t high = index / n;
        *c = (int32_t)(index % n);
        *b = (int32_t)(high % m);
        *a = (int32_t)(high / m);
    }
}

/* A tuple of two inputs with a class map (-1 = identity); false when it is trivial: equal inputs, identity map. */
static inline bool sw_pair(sw_tuple *out, int32_t first, int32_t second, int32_t map)
{
    *out = (sw_tuple){{first, second, -1}, map};
    return first != second || map >= 0;
}

#endif
