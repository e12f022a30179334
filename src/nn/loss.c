/* loss.c: cross-entropy (loss_row.h) and StableMax (Prieto et al. 2025) on logits. */
#include "nn/loss_row.h"

#include <assert.h>

/* s(z) = z + 1 for z >= 0, 1 / (1 - z) below. */
SW_INLINE sw_real stable_s(sw_real z) { return z >= 0 ? z + 1 : 1 / (1 - z); }

/* x[padded] <- s(x), 0 for the label; otherwise as sw_row_cross_entropy: log1p(sum_{k != y} s_k / s_y). */
SW_INLINE double stablemax_row(sw_real *x, size_t padded, sw_row row, sw_real *others, sw_real *own)
{
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

SW_MULTIVERSION
static double cross_entropy(const sw_real *logits, int32_t classes, const int32_t *rows, const int32_t *label,
                            size_t count, sw_real *dlogits)
{
    sw_real x[SW_CLASSES_MAX];
    size_t padded = sw_padded((size_t)classes);
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        size_t at = (rows ? (size_t)rows[i] : i) * (size_t)classes;
        sw_real others, own;
        sw_row row = sw_row_split(x, padded, logits + at, classes, label[i]);
        sum += sw_row_cross_entropy(x, padded, row, &others, &own);
        if (!dlogits) continue;
        /* dz_k += p_k / count, dz_y -= sum_{k != y} p_k / count */
        sw_real factor = 1 / ((others + own) * (sw_real)count), *dz = dlogits + at;
        for (int32_t k = 0; k < classes; k++) dz[k] += factor * x[k];
        dz[label[i]] -= factor * others;
    }
    return sum / (double)count;
}

SW_MULTIVERSION
static double stablemax(const sw_real *logits, int32_t classes, const int32_t *rows, const int32_t *label, size_t count,
                        sw_real *dlogits)
{
    sw_real x[SW_CLASSES_MAX];
    size_t padded = sw_padded((size_t)classes);
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        size_t at = (rows ? (size_t)rows[i] : i) * (size_t)classes;
        const sw_real *z = logits + at;
        sw_real others, own;
        sw_row row = sw_row_split(x, padded, z, classes, label[i]);
        sum += stablemax_row(x, padded, row, &others, &own);
        if (!dlogits) continue;
        /* s' = 1 for z >= 0, s^2 below; dz_k += s'_k / sum s, dz_y -= s'_y / s_y * sum_{k != y} s_k / sum s */
        sw_real factor = 1 / ((others + own) * (sw_real)count), *dz = dlogits + at;
        for (int32_t k = 0; k < classes; k++) dz[k] += factor * (z[k] >= 0 && x[k] > 0 ? 1 : x[k] * x[k]);
        dz[label[i]] -= factor * others * (row.label >= 0 ? 1 / own : own);
    }
    return sum / (double)count;
}

double sw_loss(sw_loss_kind kind, const sw_real *logits, int32_t classes, const int32_t *rows, const int32_t *label,
               size_t count, sw_real *dlogits)
{
    assert(count > 0 && classes > 0 && classes <= SW_CLASSES_MAX);
    return kind == SW_LOSS_STABLEMAX ? stablemax(logits, classes, rows, label, count, dlogits)
                                     : cross_entropy(logits, classes, rows, label, count, dlogits);
}

SW_MULTIVERSION
static void loss_rows(sw_loss_kind kind, const sw_real *logits, int32_t classes, const int32_t *label, size_t rows,
                      sw_real *loss, sw_real *margin, int32_t *argmax)
{
    sw_real x[SW_CLASSES_MAX];
    size_t padded = sw_padded((size_t)classes);
    for (size_t i = 0; i < rows; i++) {
        const sw_real *z = logits + i * (size_t)classes;
        sw_row row = sw_row_split(x, padded, z, classes, label[i]);
        sw_real others, own;
        double value = 0;
        if (loss || margin)
            value = kind == SW_LOSS_STABLEMAX ? stablemax_row(x, padded, row, &others, &own)
                                              : sw_row_cross_entropy(x, padded, row, &others, &own);
        if (loss) loss[i] = (sw_real)value;
        if (margin) /* the maximum passes over NaN, the loss does not */
            margin[i] = isnan(value) ? NAN : row.label - row.largest;
        if (argmax) argmax[i] = row.label > row.largest ? label[i] : sw_argmax(z, classes);
    }
}

void sw_loss_rows(sw_loss_kind kind, const sw_real *logits, int32_t classes, const int32_t *label, size_t rows,
                  sw_real *loss, sw_real *margin, int32_t *argmax)
{
    assert(classes > 0 && classes <= SW_CLASSES_MAX);
    loss_rows(kind, logits, classes, label, rows, loss, margin, argmax);
}
