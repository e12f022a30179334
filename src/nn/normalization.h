/* normalization.h: layer norm (Ba et al. 2016) and root mean square norm (Zhang & Sennrich 2019) of rows. */
#pragma once

#include "symsweep/real.h"

#include <stddef.h>
#include <stdint.h>

enum {
    SW_STATISTICS = 2
}; /* of a row: its mean (rmsnorm: 0), and 1 / sqrt(variance (rmsnorm: mean square) + epsilon) */

/* Rows of width d and what is learned: gain[d], bias[d] (rmsnorm: none, NULL). */
typedef struct sw_normalization {
    int32_t kind; /* sw_normalization_kind, not NONE */
    size_t rows, d;
} sw_normalization;

/* y[rows, d] = gain (x - mean) / sqrt(var + epsilon) + bias, var the mean square of x - mean (layernorm);
 * y = gain x / sqrt(mean square + epsilon) (rmsnorm). Assigns y and statistics[rows, SW_STATISTICS]; y may be x. */
void sw_normalization_forward(const sw_normalization *shape, const sw_real *x, const sw_real *gain, const sw_real *bias,
                              sw_real *y, sw_real *statistics);

/* dy[rows, d] <- gradient with respect to x; dgain and dbias (NULL where there is none) accumulate. */
void sw_normalization_backward(const sw_normalization *shape, const sw_real *x, const sw_real *gain,
                               const sw_real *statistics, sw_real *dy, sw_real *dgain, sw_real *dbias);
