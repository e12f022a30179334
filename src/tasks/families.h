/* families.h: what the files of the symmetry families share. */
#pragma once

#include "tasks/task.h"

#define X(ENUM, id, name, meaning) extern const sw_family sw_family_##name;
#include "symsweep/families.def"
#undef X

/* Families with one candidate a table entry. */
static inline uint64_t sw_families_entries(const sw_task *task) { return task->inputs; }

/* Is a family true of a task as data? It is, by the way that it is defined. */
static inline bool sw_families_proved(const sw_task *task) {
    (void)task;
    return true;
}

/* index = (a * m + b) * n + c with 0 <= b < m, 0 <= c < n. Narrow division where it fits: it is several times faster,
 * and all candidates of a family pass through here. */
static inline void sw_families_split(uint64_t index, uint32_t m, uint32_t n, int32_t *a, int32_t *b, int32_t *c) {
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
static inline bool sw_families_pair(sw_tuple *out, int32_t first, int32_t second, int32_t map) {
    *out = (sw_tuple){{first, second, -1}, map};
    return first != second || map >= 0;
}
