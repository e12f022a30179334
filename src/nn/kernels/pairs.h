/* pairs.h: every two rows of a block compared (softmax.c): their rows gathered, and the largest of a tile. */
#pragma once

#include "nn/kernels.h"
#include "nn/kernels/lanes.h"

/* to[n, classes] <- rows of a table, each through its map, less their mean row, shift[classes]. */
SW_INLINE void gather_rows(sw_real *to, sw_real *shift, const sw_real *table, const sw_block_rows *b) {
    const size_t classes = b->classes, width = sw_padded(classes);
    double mean[SW_CLASSES_MAX];
    for (size_t c = 0; c < classes; c++) mean[c] = 0;
    for (size_t i = 0; i < b->n; i++) {
        const int32_t *map = sw_block_map(b, i);
        const sw_real *row = table + (size_t)b->member[i] * width;
        sw_real *out = to + i * classes;
        if (map)
            for (size_t c = 0; c < classes; c++) out[c] = row[map[c]];
        else
            for (size_t c = 0; c < classes; c++) out[c] = row[c];
        for (size_t c = 0; c < classes; c++) mean[c] += (double)out[c];
    }
    for (size_t c = 0; c < classes; c++) shift[c] = (sw_real)(mean[c] / (double)b->n);
    for (size_t i = 0; i < b->n; i++)
        for (size_t c = 0; c < classes; c++) to[i * classes + c] -= shift[c];
}

/* x . y of two short rows, in double */
SW_INLINE double dot_rows(const sw_real *x, const sw_real *y, size_t n) {
    double sum[8] = {0};
    size_t k = 0;
    for (; k + 8 <= n; k += 8) {
        SW_LANE_LOOP
        for (size_t j = 0; j < 8; j++) sum[j] += (double)x[k + j] * (double)y[k + j];
    }
    for (; k < n; k++) sum[k & 7] += (double)x[k] * (double)y[k];
    return ((sum[0] + sum[4]) + (sum[2] + sum[6])) + ((sum[1] + sum[5]) + (sum[3] + sum[7]));
}

/* x . y to the rounding of sw_real */
SW_INLINE sw_real dot_about(const sw_real *x, const sw_real *y, size_t n) {
    sw_real sum[SW_LANES] = {0}, rest = 0;
    size_t k = 0;
    for (; k + SW_LANES <= n; k += SW_LANES) {
        SW_LANE_LOOP
        for (size_t j = 0; j < SW_LANES; j++) sum[j] += x[k + j] * y[k + j];
    }
    for (; k < n; k++) rest += x[k] * y[k];
    return sw_lane_sum(sum) + rest;
}

static double block_rows(const sw_block_rows *b, const sw_softmax *table) {
    double total = 0;
    gather_rows(b->log_p, b->mean, table->log_p, b);
    gather_rows(b->p, b->mean, table->p, b);
    for (size_t i = 0; i < b->n; i++) {
        const double half = dot_rows(b->p + i * b->classes, b->log_p + i * b->classes, b->classes);
        b->half[i] = (sw_real)half;
        total += half;
    }
    return total;
}

/* With q the rows of p as they were and m their mean, -p_i . l_j = m . l_j - q_i . l_j, and q_i, whose entries are not
 * negative, takes no more from -l_j than from the largest of each class. */
static void block_bounds(const sw_block_rows *b) {
    const size_t classes = b->classes;
    for (size_t c = 0; c < classes; c++) b->least[c] = -b->log_p[c];
    for (size_t i = 1; i < b->n; i++) {
        const sw_real *row = b->log_p + i * classes;
        for (size_t c = 0; c < classes; c++) b->least[c] = sw_max(-row[c], b->least[c]);
    }
    const sw_real shared = dot_about(b->mean, b->least, classes);
    for (size_t i = 0; i < b->n; i++)
        b->bound[i] = b->half[i] + shared + dot_about(b->p + i * classes, b->least, classes) +
                      dot_about(b->mean, b->log_p + i * classes, classes);
}

static void block_largest(sw_block_pair *best, const sw_block_rows *b, size_t i0, size_t rows, size_t j0,
                          size_t columns) {
    const sw_real *ij = b->products, *ji = i0 == j0 ? ij : ij + SW_BLOCK_TILE * SW_BLOCK_TILE;
    sw_real violation[SW_BLOCK_TILE];
    for (size_t i = 0; i < rows; i++) {
        const size_t from = i0 == j0 ? i : 0; /* the other half of a tile is the same */
        const size_t count = columns - from;
        for (size_t j = 0; j < count; j++)
            violation[j] =
                b->half[j0 + from + j] - ij[i * SW_BLOCK_TILE + from + j] - ji[(from + j) * SW_BLOCK_TILE + i];
        for (size_t j = count; j < sw_padded(count); j++) violation[j] = -INFINITY;
        const sw_real most = sw_lane_max(violation, sw_padded(count));
        if (most + b->half[i0 + i] <= best->value) continue;
        size_t j = 0;
        while (j + 1 < count && violation[j] != most) j++;
        *best = (sw_block_pair){most + b->half[i0 + i], {i0 + i, j0 + from + j}};
    }
}
