/* losses.h: the losses of losses.def on logits.
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

/* x[padded] <- what the logits are off by: z_k, z_y - 1 for the label, 0 for the padding; the mean of its squares, as
 * torch.nn.MSELoss has it. */
SW_INLINE double squared_row(sw_real *x, size_t padded, row_parts row, int32_t classes, int32_t y) {
    sw_real lane[SW_LANES] = {0};
    x[y] = row.label - 1;
    for (size_t k = (size_t)classes; k < padded; k++) x[k] = 0;
    for (size_t k = 0; k < padded; k += SW_LANES) {
        SW_LANE_LOOP
        for (int j = 0; j < SW_LANES; j++) lane[j] += x[k + j] * x[k + j];
    }
    return (double)sw_lane_sum(lane) / (double)classes;
}

/* x[padded] <- max(0, 1 - z_y + z_k), 0 for the label and the padding; its sum over all classes by their number, as
 * torch.nn.MultiMarginLoss has it. */
SW_INLINE double hinge_row(sw_real *x, size_t padded, row_parts row, int32_t classes) {
    sw_real lane[SW_LANES] = {0};
    for (size_t k = 0; k < padded; k += SW_LANES) {
        SW_LANE_LOOP
        for (int j = 0; j < SW_LANES; j++) {
            sw_real excess = (1 - row.label) + x[k + j];
            x[k + j] = excess < 0 ? 0 : excess;
            lane[j] += x[k + j];
        }
    }
    return (double)sw_lane_sum(lane) / (double)classes;
}

SW_INLINE double loss_of_row(sw_loss_kind kind, sw_real *x, size_t padded, row_parts row, int32_t classes, int32_t y,
                             sw_real *others, sw_real *own) {
    switch (kind) {
    case SW_LOSS_STABLEMAX: return stablemax_row(x, padded, row, others, own);
    case SW_LOSS_MSE: return squared_row(x, padded, row, classes, y);
    case SW_LOSS_HINGE: return hinge_row(x, padded, row, classes);
    default: return cross_entropy_row(x, padded, row, others, own);
    }
}

/* dz[C] += factor d value, from what loss_of_row has left in x. */
SW_INLINE void add_gradient(sw_loss_kind kind, sw_real *dz, const sw_real *z, const sw_real *x, row_parts row,
                            int32_t classes, int32_t y, sw_real others, sw_real own, double value, sw_real count) {
    sw_real factor, sum = 0;
    switch (kind) {
    case SW_LOSS_STABLEMAX:
        /* s' = 1 for z >= 0, s^2 below; dz_k += s'_k / sum s, dz_y -= s'_y / s_y * sum_{k != y} s_k / sum s */
        factor = 1 / ((others + own) * count);
        for (int32_t k = 0; k < classes; k++) dz[k] += factor * (z[k] >= 0 && x[k] > 0 ? 1 : x[k] * x[k]);
        dz[y] -= factor * others * (row.label >= 0 ? 1 / own : own);
        break;
    case SW_LOSS_MSE:
        /* dz_k += 2 x_k / (C count); NaN anywhere in the row is NaN in all of it */
        factor = 2 / ((sw_real)classes * count) + 0 * (sw_real)value;
        for (int32_t k = 0; k < classes; k++) dz[k] += factor * x[k];
        break;
    case SW_LOSS_HINGE:
        /* dz_k += 1 / (C count) where x_k > 0, dz_y -= their sum */
        factor = 1 / ((sw_real)classes * count) + 0 * (sw_real)value;
        for (int32_t k = 0; k < classes; k++) {
            sw_real share = x[k] <= 0 ? 0 * factor : factor;
            dz[k] += share;
            sum += share;
        }
        dz[y] -= sum;
        break;
    default:
        /* dz_k += p_k / count, dz_y -= sum_{k != y} p_k / count */
        factor = 1 / ((others + own) * count);
        for (int32_t k = 0; k < classes; k++) dz[k] += factor * x[k];
        dz[y] -= factor * others;
    }
}

static double loss(sw_loss_kind kind, const sw_real *logits, int32_t classes, const int32_t *rows, const int32_t *label,
                   size_t count, sw_real *dlogits) {
    sw_real x[SW_CLASSES_MAX];
    size_t padded = sw_padded((size_t)classes);
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        size_t at = (rows ? (size_t)rows[i] : i) * (size_t)classes;
        const sw_real *z = logits + at;
        sw_real others = 0, own = 0;
        row_parts row = split_row(x, padded, z, classes, label[i]);
        double value = loss_of_row(kind, x, padded, row, classes, label[i], &others, &own);
        sum += value;
        if (dlogits) add_gradient(kind, dlogits + at, z, x, row, classes, label[i], others, own, value, (sw_real)count);
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
        sw_real others = 0, own = 0;
        double value = 0;
        if (loss || margin) value = loss_of_row(kind, x, padded, row, classes, label[i], &others, &own);
        if (loss) loss[i] = (sw_real)value;
        if (margin) /* the maximum passes over NaN, the loss does not */
            margin[i] = isnan(value) ? NAN : row.label - row.largest;
        if (argmax) argmax[i] = row.label > row.largest ? label[i] : sw_argmax(z, classes);
    }
}
