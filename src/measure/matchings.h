/* matchings.h: the inputs (a, b) with a != b of a square table, in sets in which no two share an operand: the gradients
 * of such a set, taken in one pass, stand in different rows of the token embedding. */
#pragma once

#include "symsweep/arena.h"
#include "symsweep/task.h"

typedef struct sw_matchings {
    const sw_task *task;
    size_t count;   /* of the matchings: together they have every pair of distinct entities in both orders once */
    size_t pairs;   /* of each: floor(entities / 2) */
    int32_t *order; /* [entities] in random order, stream MEASURE, seed 0, step 0 */
} sw_matchings;

/* Two operands, and an input for every pair of entities? */
bool sw_matchings_apply(const sw_task *task);
sw_status sw_matchings_create(sw_matchings *out, const sw_task *task, sw_arena *arena) SW_MUST_CHECK;
/* input[pairs] <- the table entries of matching k. */
void sw_matchings_get(int32_t *input, const sw_matchings *matchings, size_t k);
