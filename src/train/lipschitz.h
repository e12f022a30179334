/* lipschitz.h: pairs of inputs that differ in one operand, for the Lipschitz prior. */
#ifndef SYMSWEEP_TRAIN_LIPSCHITZ_H
#define SYMSWEEP_TRAIN_LIPSCHITZ_H

#include "symsweep/nn.h"
#include "train/rows.h"

typedef struct sw_lipschitz_draw {
    const sw_run_config *config;
    const sw_task *task;
    size_t capacity, count;
    sw_lipschitz_pair *pairs; /* [capacity] */
    int32_t *inputs;          /* [capacity, 2] table indices */
    double *distance;         /* [entities] scratch */
    int32_t *nearest;         /* [entities] scratch */
} sw_lipschitz_draw;

sw_status sw_lipschitz_create(sw_lipschitz_draw *draw, const sw_run_config *config, const sw_task *task,
                              sw_arena *arena) SW_MUST_CHECK;

/* Draws the pairs of step t and adds their inputs to the rows. embedding [V, d] decides the nearest tokens.
 * Draw j, attempt a, takes words i = 4 ((a << 32) + j) + {0, 1, 2} of stream LIPSCHITZ: an input of the table, which
 * operand changes, and which other entity it becomes (among all others, or the k nearest in ascending order of
 * distance, ties by token). An input that is not in the table is drawn again. */
void sw_lipschitz_step(sw_lipschitz_draw *draw, sw_rows *rows, const sw_real *embedding, int64_t t);

#endif
