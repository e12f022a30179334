/* softmax.c: softmax of a whole table once, and symmetric divergences of many tuples between its rows.
 *
 * Measuring takes far more tuples than the table has rows, and exp is what a tuple costs: with the rows'
 * distributions at hand a tuple is a few loads and products. */
#include "nn/kernels.h"
#include "nn/kernels/lanes.h"

#include <assert.h>
#include <math.h>
#include <string.h>

size_t sw_softmax_width(int32_t classes) { return sw_padded((size_t)classes); }

void sw_softmax_table(sw_softmax *out, const sw_real *logits, size_t rows) {
    assert(out->classes <= SW_CLASSES_MAX);
    sw_kernel->softmax_table(out, logits, rows);
}

void sw_softmax_divergence(const sw_softmax *table, const sw_divergence_spec *spec, const sw_tuple *tuples,
                           size_t count, sw_real *out, int8_t *disagree) {
    assert(spec->compare == SW_COMPARE_SYMMETRIC_KL && spec->classes == table->classes);
    sw_kernel->softmax_divergence(table, spec, tuples, count, out, disagree);
}

/* ---- every two rows of a block ----
 *
 * symKL_ij = 1/2 (p_i - p_j) . (l_i - l_j), l = log p, stays what it is when the mean row is taken from all p and from
 * all l. Then sum_ij = n sum_i p_i . l_i, and with h_i = p_i . l_i symKL_ij = 1/2 (h_i + h_j - p_i . l_j - p_j . l_i):
 * a product of matrices, in tiles, shows where the largest is. */

enum { TILE = 128 };

size_t sw_softmax_block_size(size_t n, int32_t classes) { return n * (2 * (size_t)classes + 1) + 2 * TILE * TILE; }

typedef struct block_rows {
    size_t n, classes;
    sw_real *p, *log_p; /* [n, classes] */
    sw_real *half;      /* [n] h_i */
    sw_real *products;  /* [2, TILE, TILE] p_i . l_j and p_j . l_i */
} block_rows;

static const int32_t *map_of(const sw_divergence_spec *spec, const int32_t *map, size_t i) {
    return map && map[i] >= 0 ? spec->class_map + (size_t)map[i] * (size_t)spec->classes : NULL;
}

/* to[n, classes] <- rows of a table, each through its map, less their mean row. */
static void gather(sw_real *to, const sw_real *table, const block_rows *b, const sw_divergence_spec *spec,
                   const int32_t *member, const int32_t *map) {
    const size_t width = sw_padded(b->classes);
    double mean[SW_CLASSES_MAX] = {0};
    for (size_t i = 0; i < b->n; i++) {
        const int32_t *m = map_of(spec, map, i);
        const sw_real *row = table + (size_t)member[i] * width;
        sw_real *out = to + i * b->classes;
        for (size_t c = 0; m && c < b->classes; c++) out[c] = row[m[c]];
        if (!m) memcpy(out, row, b->classes * sizeof *out);
        for (size_t c = 0; c < b->classes; c++) mean[c] += (double)out[c];
    }
    sw_real shift[SW_CLASSES_MAX];
    for (size_t c = 0; c < b->classes; c++) shift[c] = (sw_real)(mean[c] / (double)b->n);
    for (size_t i = 0; i < b->n; i++)
        for (size_t c = 0; c < b->classes; c++) to[i * b->classes + c] -= shift[c];
}

/* Fills half; returns its sum. */
static double fill_half(block_rows *b) {
    double total = 0;
    for (size_t i = 0; i < b->n; i++) {
        const sw_real *p = b->p + i * b->classes, *log_p = b->log_p + i * b->classes;
        double h[4] = {0};
        size_t c = 0;
        for (; c + 4 <= b->classes; c += 4)
            for (size_t k = 0; k < 4; k++) h[k] += (double)p[c + k] * (double)log_p[c + k];
        for (; c < b->classes; c++) h[0] += (double)p[c] * (double)log_p[c];
        b->half[i] = (sw_real)((h[0] + h[1]) + (h[2] + h[3]));
        total += (h[0] + h[1]) + (h[2] + h[3]);
    }
    return total;
}

/* products[rows, columns] <- p_i . l_j of two tiles. */
static void multiply(sw_real *products, const block_rows *b, size_t i0, size_t rows, size_t j0, size_t columns) {
    sw_blas_gemm(SW_N, SW_T, rows, columns, b->classes, 1, b->p + i0 * b->classes, b->classes,
                 b->log_p + j0 * b->classes, b->classes, 0, products, TILE);
}

/* The pair whose violation is the largest, to rounding. */
static void find_largest(size_t pair[2], const block_rows *b) {
    sw_real best = -INFINITY, violation[TILE];
    pair[0] = pair[1] = 0;
    for (size_t i0 = 0; i0 < b->n; i0 += TILE) {
        const size_t rows = b->n - i0 < TILE ? b->n - i0 : TILE;
        for (size_t j0 = i0; j0 < b->n; j0 += TILE) {
            const size_t columns = b->n - j0 < TILE ? b->n - j0 : TILE;
            const sw_real *ij = b->products, *ji = i0 == j0 ? ij : ij + TILE * TILE;
            multiply(b->products, b, i0, rows, j0, columns);
            if (i0 != j0) multiply(b->products + TILE * TILE, b, j0, columns, i0, rows);
            for (size_t i = 0; i < rows; i++) {
                const size_t from = i0 == j0 ? i : 0; /* the other half of a tile is the same */
                size_t count = 0;
                for (size_t j = from; j < columns; j++)
                    violation[count++] = b->half[j0 + j] - ij[i * TILE + j] - ji[j * TILE + i];
                const size_t length = count;
                while (count < sw_padded(length)) violation[count++] = -INFINITY;
                const sw_real most = sw_lane_max(violation, count);
                if (most + b->half[i0 + i] <= best) continue;
                best = most + b->half[i0 + i];
                size_t j = 0;
                while (j + 1 < length && violation[j] != most) j++;
                pair[0] = i0 + i;
                pair[1] = j0 + from + j;
            }
        }
    }
}

/* symKL of two rows, in double; p - q = (p + q) tanh(a / 2) with a = log p - log q. */
static double compare_two(const sw_softmax *table, size_t i, size_t j, const int32_t *map_i, const int32_t *map_j) {
    const size_t classes = (size_t)table->classes, width = sw_padded(classes);
    double sum = 0;
    for (size_t c = 0; c < classes; c++) {
        const size_t at_i = i * width + (map_i ? (size_t)map_i[c] : c),
                     at_j = j * width + (map_j ? (size_t)map_j[c] : c);
        const double a = (double)table->log_p[at_i] - (double)table->log_p[at_j];
        sum += ((double)table->p[at_i] + (double)table->p[at_j]) * tanh(a / 2) * a;
    }
    return sum / 2;
}

/* Ordered pairs whose answers differ: n^2 - sum over answers of (how many give it)^2. */
static uint64_t count_disagreements(const sw_softmax *table, const sw_divergence_spec *spec, const int32_t *member,
                                    const int32_t *map, size_t n) {
    uint32_t given[SW_CLASSES_MAX] = {0};
    uint64_t agree = 0;
    for (size_t i = 0; i < n; i++) {
        const int32_t *m = map_of(spec, map, i);
        int32_t answer = table->argmax[member[i]];
        for (int32_t c = 0; m && c < table->classes; c++)
            if (m[c] == table->argmax[member[i]]) answer = c;
        agree += 2 * (uint64_t)given[answer]++ + 1; /* (k + 1)^2 - k^2 */
    }
    return (uint64_t)n * n - agree;
}

void sw_softmax_block(sw_softmax_pairs *out, const sw_softmax *table, const sw_divergence_spec *spec,
                      const int32_t *member, const int32_t *map, size_t n, sw_real *scratch) {
    block_rows b = {.n = n, .classes = (size_t)table->classes};
    size_t pair[2];
    b.p = scratch;
    b.log_p = b.p + n * b.classes;
    b.half = b.log_p + n * b.classes;
    b.products = b.half + n;
    gather(b.p, table->p, &b, spec, member, map);
    gather(b.log_p, table->log_p, &b, spec, member, map);
    out->sum = (double)n * fill_half(&b);
    out->disagreements = count_disagreements(table, spec, member, map, n);
    out->largest = out->sum;
    if (isnan(out->sum)) return;
    find_largest(pair, &b);
    out->largest = compare_two(table, (size_t)member[pair[0]], (size_t)member[pair[1]], map_of(spec, map, pair[0]),
                               map_of(spec, map, pair[1]));
}
