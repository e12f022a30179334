/* subgroups.h: subgroups of a group, and the cosets that they divide it into. */
#pragma once

#include "symsweep/arena.h"
#include "symsweep/fail.h"

#include <stdint.h>

/* Subgroups but the trivial one and the whole group: those that one element generates, in the order of their first
 * generator, then those that two generate: of the first SW_SUBGROUP_PAIRS pairs of cyclic subgroups, in lexicographic
 * order; at most SW_SUBGROUPS_MAX in all. Each divides the group into its left cosets gH and its right cosets Hg; where
 * the two divisions are the same, it counts once. */
enum { SW_SUBGROUPS_MAX = 2048, SW_SUBGROUP_PAIRS = 1 << 16 };

typedef struct sw_subgroups {
    int32_t order;     /* n of the group */
    int32_t subgroups; /* how many there are */
    int32_t divisions; /* into cosets */
    int32_t *size;     /* [divisions] of a coset */
    int16_t *coset;    /* [divisions, n] the number of an element's coset, from 0 */
} sw_subgroups;

/* product [n, n]: the multiplication table, n <= 4096. */
sw_status sw_subgroups_create(sw_subgroups *out, const int32_t *product, int32_t order, int32_t identity,
                              sw_arena *arena) SW_MUST_CHECK;
/* The most that it allocates for a group of n elements. */
double sw_subgroups_memory(int32_t order);
