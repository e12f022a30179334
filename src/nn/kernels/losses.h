/* losses.h: cross-entropy and StableMax (Prieto et al. 2025) on logits.
 *
 * Cross-entropy without softmax collapse (Prieto et al. 2025): with s = sum_{k != y} exp(z_k - z_y) the loss is
 * log1p(s) and dL/dz_y = -sum_{k != y} p_k. The usual p_y - 1 rounds to 0 in float near a margin of 16 and training
 * halts; this form holds until exp underflows, near 87. Where y is not the argmax the maximum is subtracted instead.
 */
#pragma once

#include "nn/kernels/lanes.h"

/* A row taken apart into its label and the others. */
typedef struct row_parts {
    sw_real label;   /* z_y */
    sw_real largest; /* max_{k != y} z_k; -infinity when there is one class */
} row_parts;

/* x[padded] <- z[C], with -infinity for the label and the padding. */
SW_INLINE row_parts split_row(sw_real *x, size_t padded, const sw_real *z, int32_t classes, int32_t y) {
    memcpy(x, z, (size_t)classes * sizeof *x);
    for (size_t k = (size_t)classes; k < padded; k++) x[k] = -INFINITY;
    x[y] = -INFINITY;
    return (row_parts){.label = z[y], .largest = sw_lane_max(x, padded)};
}

/* x[padded] <- exp(x - max), which is 0 for the label; *others is their sum, *own the label's term, so that
 * p_k = x_k / (others + own). Returns the loss. */
SW_INLINE double cross_entropy_row(sw_real *x, size_t padded, row_parts row, sw_real *others, sw_real *own) {
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

/* s(z) = z + 1 for z >= 0, 1 / (1 - z) below. */
SW_INLINE sw_real stable_s(sw_real z) { return z >= 0 ? z + 1 : 1 / (1 - z); }

/* x[padded] <- s(x), 0 for the label; otherwise as cross_entropy_row: log1p(sum_{k != y} s_k / s_y). */
SW_INLINE double stablemax_row(sw_real *x, size_t padded, row_parts row, sw_real *others, sw_real *own) {
    sw_real lane[SW_LANES] = {0};
    for (size_t k = 0; k < padded; k += SW_LANES) {
        SW_LANE_LOOP
        for (int j = 0; j < SW_LANES; j++) {
            sw_real s = stable_s(x[k + j]);
            x[k + j] = s;
            lane[j] += s;
        }
    }
    *others = sw_lane_sum(lane);
    *own = stable_s(row.label);
    return log1p((double)*others / (double)*own);
}

SW_INLINE double loss_of_row(sw_loss_kind kind, sw_real *x, size_t padded, row_parts row, sw_real *others,
                             sw_real *own) {
    return kind == SW_LOSS_STABLEMAX ? stablemax_row(x, padded, row, others, own)
                                     : cross_entropy_row(x, padded, row, others, own);
}

static double loss(sw_loss_kind kind, const sw_real *logits, int32_t classes, const int32_t *rows, const int32_t *label,
                   size_t count, sw_real *dlogits) {
    sw_real x[SW_CLASSES_MAX];
    size_t padded = sw_padded((size_t)classes);
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        size_t at = (rows ? (size_t)rows[i] : i) * (size_t)classes;
        const sw_real *z = logits + at;
        sw_real others, own;
        row_parts row = split_row(x, padded, z, classes, label[i]);
        sum += loss_of_row(kind, x, padded, row, &others, &own);
        if (!dlogits) continue;
        sw_real factor = 1 / ((others + own) * (sw_real)count), *dz = dlogits + at;
        if (kind == SW_LOSS_STABLEMAX) {
            /* s' = 1 for z >= 0, s^2 below; dz_k += s'_k / sum s, dz_y -= s'_y / s_y * sum_{k != y} s_k / sum s */
            for (int32_t k = 0; k < classes; k++) dz[k] += factor * (z[k] >= 0 && x[k] > 0 ? 1 : x[k] * x[k]);
            dz[label[i]] -= factor * others * (row.label >= 0 ? 1 / own : own);
        } else {
            /* dz_k += p_k / count, dz_y -= sum_{k != y} p_k / count */
            for (int32_t k = 0; k < classes; k++) dz[k] += factor * x[k];
            dz[label[i]] -= factor * others;
        }
    }
    return sum / (double)count;
}

static void loss_rows(sw_loss_kind kind, const sw_real *logits, int32_t classes, const int32_t *label, size_t rows,
                      sw_real *loss, sw_real *margin, int32_t *argmax) {
    sw_real x[SW_CLASSES_MAX];
    size_t padded = sw_padded((size_t)classes);
    for (size_t i = 0; i < rows; i++) {
        const sw_real *z = logits + i * (size_t)classes;
        row_parts row = split_row(x, padded, z, classes, label[i]);
        sw_real others, own;
        double value = 0;
        if (loss || margin) value = loss_of_row(kind, x, padded, row, &others, &own);
        if (loss) loss[i] = (sw_real)value;
        if (margin) /* the maximum passes over NaN, the loss does not */
            margin[i] = isnan(value) ? NAN : row.label - row.largest;
        if (argmax) argmax[i] = row.label > row.largest ? label[i] : sw_argmax(z, classes);
    }
}
