/* gemm.h: matrix products in a fixed order of summation, for x86-64 with AVX2 or AVX-512.
 *
 * A BLAS gives other bits on another CPU, and other bits for a row that is computed in another batch; here neither
 * happens: an element of C is the sum over k in order, one fused multiply-add after another, whatever the vectors'
 * width and wherever its row and column stand, so that instruction sets agree in every bit, and so do a matrix and its
 * parts. At the sizes of a training step (tiles of some hundred rows, tables of some hundred tokens) it is about as
 * fast as OpenBLAS's kernels for the same instruction set, and B can be packed once for many tiles. */
#pragma once

#include "nn/kernels/vector.h"

/* Rows of C that fit the registers, two vectors wide. */
#if VECTOR_BYTES == 64
#define ROWS_MAX 12
#define FOR_EACH_ROWS(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12)
#else
#define ROWS_MAX 6
#define FOR_EACH_ROWS(X) X(1) X(2) X(3) X(4) X(5) X(6)
#endif

#define UNROLL _Pragma("GCC unroll 12")

enum {
    WIDTH = 2 * LANES, /* columns of a packed panel of B */
    PANEL_ROWS = 256, /* of a packed panel of B, two vectors wide: it fits the first-level cache beside what it meets */
    GROUP = 96,       /* rows of a large A that are taken together: they stay in the second-level cache */
    CHUNK = 128,      /* columns of B that are packed at a time: in the second-level cache too */
    WIDE = 64,        /* columns of C from which packing A pays */
    LARGE = 256 << 10 /* bytes of A from which it is large */
};

/* A[m, k]: element (i, l) at at[i * row_step + l * k_step]; packed, [m / ROWS_MAX][k][ROWS_MAX], that holds in a block
 * of ROWS_MAX rows. */
typedef struct left_side {
    const sw_real *at;
    size_t row_step, k_step;
    bool packed;
} left_side;

/* B[k, n] in panels of two vectors' width: row l of a panel at at[l * step], the next panel panel_step further on. */
typedef struct right_side {
    const sw_real *at;
    size_t step, panel_step;
} right_side;

/* Where a product goes: c <- alpha product + beta c, beta 0 overwriting whatever is there; then 0 where the mask, if
 * there is one, is not positive. The mask has c's shape and stride. */
typedef struct target {
    sw_real *c;
    const sw_real *mask;
    size_t ldc;
    sw_real alpha, beta;
} target;

/* ---- products of panels ---- */

/* to->c[rows, vectors] <- A[rows, k] B[k, vectors] as `to` says: element (i, l) of A lies at a[i * row_step + l *
 * k_step], row l of B at b + l * b_step. k >= 1; rows and vectors are constant where this is inlined. */
SW_INLINE void multiply(int rows, int vectors, size_t k, const sw_real *a, size_t row_step, size_t k_step,
                        const sw_real *b, size_t b_step, const target *to) {
    vector sum[ROWS_MAX][2];
    const sw_real *third[ROWS_MAX / 3]; /* every third row: the two between are within reach of an address */
    UNROLL for (int i = 0; i < rows; i++) UNROLL for (int j = 0; j < vectors; j++) sum[i][j] = (vector){0};
    UNROLL for (int i = 0; i < (rows + 2) / 3; i++) third[i] = a + (size_t)(3 * i) * row_step;
    size_t step = k_step * sizeof *a;
    /* Were the compiler to know that a step may be one element, it would make two versions of the loop, and keep the
     * sums in memory to join them. */
    __asm__("" : "+r"(step));
    do {
        vector in[2];
        UNROLL for (int j = 0; j < vectors; j++) in[j] = *(const vector *)(b + (size_t)(j * LANES));
        UNROLL for (int i = 0; i < rows; i++) {
            vector factor = third[i / 3][(size_t)(i % 3) * row_step] - (vector){0};
            UNROLL for (int j = 0; j < vectors; j++) sum[i][j] = MULTIPLY_ADD(factor, in[j], sum[i][j]);
        }
        UNROLL for (int i = 0; i < (rows + 2) / 3; i++) third[i] = (const sw_real *)((const char *)third[i] + step);
        b += b_step;
    } while (--k);
    sw_real *c = to->c;
    size_t ldc = to->ldc;
    vector alpha = to->alpha - (vector){0}, beta = to->beta - (vector){0};
    if (to->beta == 0)
        UNROLL for (int i = 0; i < rows; i++, c += ldc) UNROLL for (int j = 0; j < vectors; j++) *
            (vector *)(c + j * LANES) = alpha * sum[i][j];
    else
        UNROLL for (int i = 0; i < rows; i++, c += ldc) UNROLL for (int j = 0; j < vectors; j++) *
            (vector *)(c + j * LANES) = beta * *(vector *)(c + j * LANES) + alpha * sum[i][j];
}

/* One function for each shape: nothing but the sums stays alive across the loop, so that they stay in registers. */
#define SHAPE(rows, vectors)                                                                                           \
    static __attribute__((noinline)) void multiply_##rows##_##vectors(size_t k, const sw_real *a, size_t row_step,     \
                                                                      size_t k_step, const sw_real *b, size_t b_step,  \
                                                                      const target *to) {                              \
        multiply(rows, vectors, k, a, row_step, k_step, b, b_step, to);                                                \
    }
#define SHAPES(rows) SHAPE(rows, 1) SHAPE(rows, 2)
#define ENTRY(rows) {multiply_##rows##_1, multiply_##rows##_2},
FOR_EACH_ROWS(SHAPES)
static void (*const shapes[ROWS_MAX][2])(size_t, const sw_real *, size_t, size_t, const sw_real *, size_t,
                                         const target *) = {FOR_EACH_ROWS(ENTRY)};

/* to->c[rows, columns] = alpha sums[rows, WIDTH] + beta c, at the edge of C; beta 0 overwrites whatever is there. */
static void write_edge(const sw_real *sums, int rows, size_t columns, const target *to) {
    sw_real *c = to->c, alpha = to->alpha, beta = to->beta;
    for (int i = 0; i < rows; i++, c += to->ldc, sums += WIDTH)
        for (size_t j = 0; j < columns; j++) c[j] = beta == 0 ? alpha * sums[j] : beta * c[j] + alpha * sums[j];
}

/* to->c[rows, columns] <- 0 where the mask is not positive; NaN in the mask lets the element be. */
static void close_masked(int rows, size_t columns, const target *to) {
    sw_real *c = to->c;
    const sw_real *mask = to->mask;
    for (int i = 0; i < rows; i++, c += to->ldc, mask += to->ldc) {
        size_t j = 0;
        for (; j + (size_t)LANES <= columns; j += (size_t)LANES) {
            vector_bits closed = (vector_bits)(*(const vector *)(mask + j) <= (vector){0});
            *(vector *)(c + j) = (vector)(~closed & (vector_bits) * (vector *)(c + j));
        }
        for (; j < columns; j++) c[j] = mask[j] <= 0 ? 0 : c[j];
    }
}

/* c[m, n] = alpha A[m, k] B[k, n] + beta c for a panel B of n <= WIDTH columns, row l at b + l * b_step. */
static void multiply_panel(size_t m, size_t n, size_t k, const left_side *a, const sw_real *b, size_t b_step,
                           target to) {
    _Alignas(64) sw_real sums[ROWS_MAX * WIDTH];
    const target edge = {.c = sums, .ldc = WIDTH, .alpha = 1, .beta = 0};
    int vectors = n > (size_t)LANES ? 2 : 1, rows;
    for (size_t i = 0; i < m; i += (size_t)rows, to.c += (size_t)rows * to.ldc) {
        size_t left = m - i;
        rows = left < ROWS_MAX ? (int)left : ROWS_MAX;
        if (!a->packed && left > ROWS_MAX && left < 2 * ROWS_MAX)
            rows = (int)((left + 1) / 2); /* two blocks alike take less time than a large and a small one */
        const sw_real *block = a->at + (a->packed ? i / ROWS_MAX * k * ROWS_MAX : i * a->row_step);
        if (n == WIDTH) {
            shapes[rows - 1][1](k, block, a->row_step, a->k_step, b, b_step, &to);
        } else {
            shapes[rows - 1][vectors - 1](k, block, a->row_step, a->k_step, b, b_step, &edge);
            write_edge(sums, rows, n, &to);
        }
        if (to.mask) {
            close_masked(rows, n, &to);
            to.mask += (size_t)rows * to.ldc;
        }
    }
}

/* ---- packing ---- */

/* memcpy of a length that is not known to the compiler becomes a string instruction, which is slow to start. */
static void copy(sw_real *out, const sw_real *in, size_t n) {
    enum { PIECE = 8 };
    size_t i = 0;
    for (; i + PIECE <= n; i += PIECE) memcpy(out + i, in + i, PIECE * sizeof *out);
    for (; i < n; i++) out[i] = in[i];
}

/* out[SQUARE, SQUARE] <- in^T */
#ifdef SW_REAL_DOUBLE
enum { SQUARE = 4 };

static void turn_square(sw_real *out, size_t out_step, const sw_real *in, size_t in_step) {
    for (size_t i = 0; i < SQUARE; i++)
        for (size_t j = 0; j < SQUARE; j++) out[i * out_step + j] = in[j * in_step + i];
}
#else
enum { SQUARE = 8 };

/* Pairs of rows are interleaved, then pairs of pairs; rows i and i + 4 share a vector from the start. */
static void turn_square(sw_real *out, size_t out_step, const sw_real *in, size_t in_step) {
    __m256 row[4], pair[4];
    for (size_t half = 0; half < SQUARE; half += 4, in += 4) {
        for (size_t i = 0; i < 4; i++)
            row[i] = _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(in + i * in_step)),
                                          _mm_loadu_ps(in + (i + 4) * in_step), 1);
        pair[0] = _mm256_unpacklo_ps(row[0], row[1]);
        pair[1] = _mm256_unpackhi_ps(row[0], row[1]);
        pair[2] = _mm256_unpacklo_ps(row[2], row[3]);
        pair[3] = _mm256_unpackhi_ps(row[2], row[3]);
        _mm256_storeu_ps(out + half * out_step, _mm256_shuffle_ps(pair[0], pair[2], 0x44));
        _mm256_storeu_ps(out + (half + 1) * out_step, _mm256_shuffle_ps(pair[0], pair[2], 0xee));
        _mm256_storeu_ps(out + (half + 2) * out_step, _mm256_shuffle_ps(pair[1], pair[3], 0x44));
        _mm256_storeu_ps(out + (half + 3) * out_step, _mm256_shuffle_ps(pair[1], pair[3], 0xee));
    }
}
#endif

/* out[rows, WIDTH] <- op(B)[rows, columns], 0 beyond the columns */
static void pack_panel(sw_real *out, bool transposed, size_t rows, size_t columns, const sw_real *b, size_t ldb) {
    if (columns < WIDTH)
        for (size_t l = 0; l < rows; l++) memset(out + l * WIDTH + columns, 0, (WIDTH - columns) * sizeof *out);
    if (!transposed) {
        for (size_t l = 0; l < rows; l++) copy(out + l * WIDTH, b + l * ldb, columns);
        return;
    }
    size_t whole_rows = rows / SQUARE * SQUARE, whole_columns = columns / SQUARE * SQUARE;
    for (size_t l = 0; l < whole_rows; l += SQUARE)
        for (size_t j = 0; j < whole_columns; j += SQUARE)
            turn_square(out + l * WIDTH + j, WIDTH, b + j * ldb + l, ldb);
    for (size_t j = 0; j < columns; j++)
        for (size_t l = j < whole_columns ? whole_rows : 0; l < rows; l++) out[l * WIDTH + j] = b[j * ldb + l];
}

/* Where op(X)'s element (i, j) lies. */
static const sw_real *at(const sw_real *x, bool transposed, size_t ldx, size_t i, size_t j) {
    return transposed ? x + j * ldx + i : x + i * ldx + j;
}

static size_t padded(size_t n) { return (n + WIDTH - 1) / WIDTH * WIDTH; }

static size_t pack_size(size_t n, size_t k) { return padded(n) * k; }

/* Up to PANEL_ROWS rows of op(B): its panels one after another */
static void pack_block(sw_real *out, bool transposed, size_t n, size_t rows, const sw_real *b, size_t ldb) {
    for (size_t j = 0; j < n; j += WIDTH, out += rows * WIDTH)
        pack_panel(out, transposed, rows, sw_smaller(WIDTH, n - j), at(b, transposed, ldb, 0, j), ldb);
}

static void pack(sw_real *out, bool transposed, size_t n, size_t k, const sw_real *b, size_t ldb) {
    for (size_t l = 0; l < k; l += PANEL_ROWS, out += PANEL_ROWS * padded(n))
        pack_block(out, transposed, n, sw_smaller(PANEL_ROWS, k - l), at(b, transposed, ldb, l, 0), ldb);
}

/* out[m / ROWS_MAX][k][ROWS_MAX] <- A[m, k] given as its transpose: what a product reads of A in the order in which it
 * reads it
 */
static void pack_transposed_rows(sw_real *out, size_t m, size_t k, const sw_real *a, size_t lda) {
    size_t whole = m / ROWS_MAX * ROWS_MAX;
    for (size_t l = 0; l < k; l++, a += lda, out += ROWS_MAX) {
        sw_real *to = out;
        for (size_t i = 0; i < whole; i += ROWS_MAX, to += k * ROWS_MAX) memcpy(to, a + i, ROWS_MAX * sizeof *to);
        copy(to, a + whole, m - whole);
    }
}

/* ---- products ---- */

static void move_on(target *to, size_t elements) {
    to->c += elements;
    if (to->mask) to->mask += elements;
}

/* C[m, n] for k rows of B: one panel after the other. */
static void multiply_panels(size_t m, size_t n, size_t k, const left_side *a, const right_side *b, target to) {
    const sw_real *panel = b->at;
    for (size_t j = 0; j < n; j += WIDTH, panel += b->panel_step) {
        multiply_panel(m, sw_smaller(WIDTH, n - j), k, a, panel, b->step, to);
        move_on(&to, WIDTH);
    }
}

/* A transposed is read in short pieces far apart, too slowly for the small first-level cache of a CPU without AVX-512:
 * is it packed, group by group? */
static bool packs_left(const sw_product *p) { return VECTOR_BYTES == 32 && p->a_transposed && p->n >= WIDE; }

/* Are rows of A taken in groups, because all of them would not stay in the second-level cache? */
static bool groups_left(const sw_product *p) {
    return packs_left(p) || p->m * sw_smaller(p->k, PANEL_ROWS) * sizeof *p->a > LARGE;
}

/* Rows l .. l + k of B and all rows of A; `b` is columns [j, j + n) of those rows of B. */
static void multiply_rows(const sw_product *p, size_t j, size_t n, size_t l, size_t k, const right_side *b) {
    sw_real buffer[GROUP * PANEL_ROWS];
    target to = {.c = p->c, .mask = p->mask, .ldc = p->ldc, .alpha = p->alpha, .beta = l == 0 ? p->beta : 1};
    move_on(&to, j);
    size_t group = groups_left(p) ? GROUP : p->m;
    for (size_t i = 0; i < p->m; i += group) {
        size_t m = sw_smaller(group, p->m - i);
        left_side left = {.at = at(p->a, p->a_transposed, p->lda, i, l),
                          .row_step = p->a_transposed ? 1 : p->lda,
                          .k_step = p->a_transposed ? p->lda : 1};
        if (packs_left(p)) {
            pack_transposed_rows(buffer, m, k, left.at, p->lda);
            left = (left_side){.at = buffer, .row_step = 1, .k_step = ROWS_MAX, .packed = true};
        }
        multiply_panels(m, n, k, &left, b, to);
        move_on(&to, group * p->ldc);
    }
}

/* Can panels of B be read where they are? Where its rows lie an odd number of cache lines apart, the lines of a panel
 * spread over all sets of the first-level cache as those of a packed one do; every factor of two in the distance leaves
 * them half as many. */
static bool reads_in_place(const sw_product *p) {
    enum { LINE = 64 };
    size_t step = p->ldb * sizeof *p->b / LINE, crowding = step & -step;
    return !p->packed && !p->b_transposed && (uintptr_t)p->b % LINE == 0 && p->ldb * sizeof *p->b % LINE == 0 &&
           sw_smaller(p->k, PANEL_ROWS) * crowding <= PANEL_ROWS;
}

static void gemm(const sw_product *p) {
    sw_real buffer[PANEL_ROWS * CHUNK];
    size_t chunk = groups_left(p) ? CHUNK : WIDTH;
    size_t in_place = reads_in_place(p) ? p->n / WIDTH * WIDTH : 0;
    for (size_t l = 0; l < p->k; l += PANEL_ROWS) {
        size_t k = sw_smaller(PANEL_ROWS, p->k - l);
        const right_side packed = {p->packed ? p->packed + l * padded(p->n) : buffer, WIDTH, k * WIDTH};
        if (p->packed) {
            multiply_rows(p, 0, p->n, l, k, &packed);
            continue;
        }
        if (in_place > 0) multiply_rows(p, 0, in_place, l, k, &(right_side){p->b + l * p->ldb, p->ldb, WIDTH});
        for (size_t j = in_place; j < p->n; j += chunk) {
            size_t n = sw_smaller(chunk, p->n - j);
            pack_block(buffer, p->b_transposed, n, k, at(p->b, p->b_transposed, p->ldb, l, j), p->ldb);
            multiply_rows(p, j, n, l, k, &packed);
        }
    }
}
