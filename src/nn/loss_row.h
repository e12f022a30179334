/* loss_row.h: cross-entropy of one row of logits, shared by the loss and by the divergence that is one.
 *
 * Cross-entropy without softmax collapse (Prieto et al. 2025): with s = sum_{k != y} exp(z_k - z_y) the loss is
 * log1p(s) and dL/dz_y = -sum_{k != y} p_k. The usual p_y - 1 rounds to 0 in float near a margin of 16 and training
 * halts; this form holds until exp underflows, near 87. Where y is not the argmax the maximum is subtracted instead.
 */
#ifndef SW_NN_LOSS_ROW_H
#define SW_NN_LOSS_ROW_H

#include "nn/lanes.h"

/* A row taken apart into its label and the others. */
typedef struct sw_row {
    sw_real label;   /* z_y */
    sw_real largest; /* max_{k != y} z_k; -infinity when there is one class */
} sw_row;

/* x[padded] <- z[C], with -infinity for the label and the padding. */
SW_INLINE sw_row sw_row_split(sw_real *x, size_t padded, const sw_real *z, int32_t classes, int32_t y)
{
    memcpy(x, z, (size_t)classes * sizeof *x);
    for (size_t k = (size_t)classes; k < padded; k++) x[k] = -INFINITY;
    x[y] = -INFINITY;
    return (sw_row){.label = z[y], .largest = sw_lane_max(x, padded)};
}

/* x[padded] <- exp(x - max), which is 0 for the label; *others is their sum, *own the label's term, so that
 * p_k = x_k / (others + own). Returns the loss. */
SW_INLINE double sw_row_cross_entropy(sw_real *x, size_t padded, sw_row row, sw_real *others, sw_real *own)
{
    bool correct = row.label >= row.largest;
    sw_real max = correct ? row.label : row.largest;
    sw_real lane[SW_LANES] = {0};
    for (size_t k = 0; k < padded; k += SW_LANES) {
        SW_LANE_LOOP
        for (int j = 0; j < SW_LANES; j++) {
            sw_real e = sw_exp(x[k + j] - max);
            x[k + j] = e;
            lane[j] += e;
        }
    }
    *others = sw_lane_sum(lane);
    *own = correct ? 1 : sw_exp(row.label - max);
    return correct ? log1p((double)*others) : log((double)*others + (double)*own) - ((double)row.label - (double)max);
}

#endif
