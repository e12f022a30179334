/* rows.h: the rows of one forward pass, each input of the task's table at most once.
 *
 * The batch comes first, in its order; inputs of symmetry tuples and Lipschitz pairs follow unless they are there
 * already, so that no logit is computed twice in a step. */
#pragma once

#include "symsweep/arena.h"
#include "symsweep/task.h"

typedef struct sw_rows {
    const sw_task *task;
    size_t capacity, count;
    int32_t *row_of; /* [N] row of a table index, -1 = not there */
    int32_t *input;  /* [capacity] table index of a row */
    int32_t *tokens; /* [capacity, T] */
} sw_rows;

sw_status sw_rows_create(sw_rows *rows, const sw_task *task, size_t capacity, sw_arena *arena) SW_MUST_CHECK;

/* Forgets the rows from `keep` on. */
void sw_rows_truncate(sw_rows *rows, size_t keep);

/* The row of an input, added when it is not there. */
int32_t sw_rows_add(sw_rows *rows, int32_t input);
