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

enum { TILE = SW_BLOCK_TILE };

size_t sw_softmax_block_size(size_t n, int32_t classes) {
    return (n + 1) * (2 * (size_t)classes + 2) + 2 * TILE * TILE;
}

/* products[rows, columns] <- p_i . l_j of two tiles. */
static void multiply(sw_real *products, const sw_block_rows *b, size_t i0, size_t rows, size_t j0, size_t columns) {
    sw_blas_gemm(SW_N, SW_T, rows, columns, b->classes, 1, b->p + i0 * b->classes, b->classes,
                 b->log_p + j0 * b->classes, b->classes, 0, products, TILE);
}

/* Moves the rows that a pair of more than `floor` may have to the front; returns from which bound on they are such. */
static sw_real keep_rows(sw_block_rows *b, double floor) {
    sw_real most = -INFINITY;
    size_t kept = 0;
    sw_kernel->block_bounds(b);
    for (size_t i = 0; i < b->n; i++)
        if (b->bound[i] > most) most = b->bound[i];
    const sw_real from = (sw_real)(2 * floor - (double)most - 1e-4 * (fabs((double)most) + floor)); /* rounding */
    for (size_t i = 0; i < b->n; i++) {
        if (b->bound[i] < from) continue;
        if (kept < i) {
            memcpy(b->p + kept * b->classes, b->p + i * b->classes, b->classes * sizeof *b->p);
            memcpy(b->log_p + kept * b->classes, b->log_p + i * b->classes, b->classes * sizeof *b->log_p);
            b->half[kept] = b->half[i];
        }
        kept++;
    }
    b->n = kept;
    return from;
}

/* The row that was moved to place k. */
static size_t kept_row(const sw_block_rows *b, sw_real from, size_t k) {
    for (size_t i = 0;; i++)
        if (b->bound[i] >= from && k-- == 0) return i;
}

/* The pair whose violation is the largest, to rounding. */
static sw_block_pair find_largest(const sw_block_rows *b) {
    sw_block_pair best = {.value = -INFINITY};
    for (size_t i0 = 0; i0 < b->n; i0 += TILE) {
        const size_t rows = sw_smaller(TILE, b->n - i0);
        for (size_t j0 = i0; j0 < b->n; j0 += TILE) {
            const size_t columns = sw_smaller(TILE, b->n - j0);
            multiply(b->products, b, i0, rows, j0, columns);
            if (i0 != j0) multiply(b->products + TILE * TILE, b, j0, columns, i0, rows);
            sw_kernel->block_largest(&best, b, i0, rows, j0, columns);
        }
    }
    return best;
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

/* The answer that a row gives through its map: the class that the map takes to the row's argmax. */
static int32_t answer_of(const sw_block_rows *b, const sw_softmax *table, size_t i) {
    const int32_t *map = sw_block_map(b, i), argmax = table->argmax[b->member[i]];
    int32_t c = 0;
    if (!map) return argmax;
    while (map[c] != argmax) c++;
    return c;
}

/* Ordered pairs whose answers differ: n^2 - sum over answers of (how many give it)^2. */
static uint64_t count_disagreements(const sw_block_rows *b, const sw_softmax *table) {
    uint32_t given[SW_CLASSES_MAX];
    uint64_t agree = 0;
    memset(given, 0, (size_t)table->classes * sizeof *given);
    for (size_t i = 0; i < b->n; i++) agree += 2 * (uint64_t)given[answer_of(b, table, i)]++ + 1; /* (k + 1)^2 - k^2 */
    return (uint64_t)b->n * b->n - agree;
}

void sw_softmax_block(sw_softmax_pairs *out, const sw_softmax *table, const sw_divergence_spec *spec,
                      const int32_t *member, const int32_t *map, size_t n, double floor, sw_real *scratch) {
    sw_block_rows b = {.n = n, .classes = (size_t)table->classes, .member = member, .map = map};
    b.class_map = spec->class_map;
    b.p = scratch;
    b.log_p = b.p + n * b.classes;
    b.half = b.log_p + n * b.classes;
    b.bound = b.half + n;
    b.mean = b.bound + n;
    b.least = b.mean + b.classes;
    b.products = b.least + b.classes;
    out->sum = (double)n * sw_kernel->block_rows(&b, table);
    out->disagreements = count_disagreements(&b, table);
    out->largest = out->sum;
    if (isnan(out->sum)) return;
    out->largest = 0;
    const sw_real from = keep_rows(&b, floor);
    if (b.n < 2) return;
    const sw_block_pair pair = find_largest(&b);
    const size_t i = kept_row(&b, from, pair.row[0]), j = kept_row(&b, from, pair.row[1]);
    out->largest = compare_two(table, (size_t)member[i], (size_t)member[j], sw_block_map(&b, i), sw_block_map(&b, j));
}
