/* dropout.h: which entries of a block's output a training step drops (Srivastava et al. 2014). */
#pragma once

#include "symsweep/real.h"

#include <stddef.h>
#include <stdint.h>

/* The masks of one optimizer step: a function of the seed, the step, the block and the place in the task's table, so
 * that an input has one mask wherever it stands in a batch. */
typedef struct sw_dropout {
    double rate; /* 0 = nothing is dropped */
    uint32_t seed;
    int64_t step;
    const int32_t *input; /* table index of every row of the batch; NULL = nothing is dropped */
} sw_dropout;

/* x[d] <- x m / (1 - rate), m 0 where dropped and else 1: what block b adds at position t of `tokens` of a row of the
 * batch, whose input is i. Entry c is dropped when word c mod 4 of stream DROPOUT + b at step `step` and index
 * (i tokens + t) ceil(d / 4) + floor(c / 4) is below 2^32 rate. Backward is the same function. */
void sw_dropout_apply(const sw_dropout *dropout, uint32_t block, size_t row, size_t position, size_t tokens, size_t d,
                      sw_real *x);
