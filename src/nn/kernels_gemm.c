/* kernels_gemm.c: matrix products in a fixed order of summation, for x86-64 with AVX2 or AVX-512.
 *
 * A BLAS gives other bits on another CPU, and other bits for a row that is computed in another batch; here neither
 * happens (kernels_gemm_body.h). At the sizes of a training step (tiles of some hundred rows, tables of some hundred
 * tokens) it is about as fast as OpenBLAS's kernels for the same instruction set, and B can be packed once for many
 * tiles. */
#include "nn/kernels.h"

#include <string.h>

#if SW_X86_KERNELS
#include <immintrin.h>

enum {
    PANEL_ROWS = 256, /* of a packed panel of B, two vectors wide: it fits the first-level cache beside what it meets */
    GROUP = 96,       /* rows of a large A that are taken together: they stay in the second-level cache */
    CHUNK = 128,      /* columns of B that are packed at a time: in the second-level cache too */
    WIDE = 64,        /* columns of C from which packing A pays */
    LARGE = 256 << 10 /* bytes of A from which it is large */
};

#ifdef SW_REAL_DOUBLE
#define FUSED_256 _mm256_fmadd_pd
#define FUSED_512 _mm512_fmadd_pd
#else
#define FUSED_256 _mm256_fmadd_ps
#define FUSED_512 _mm512_fmadd_ps
#endif

/* A[m, k]: element (i, l) at at[i * row_step + l * k_step]; packed, [m / 6][k][6], that holds in a block of six rows.
 */
typedef struct sw_left {
    const sw_real *at;
    size_t row_step, k_step;
    bool packed;
} sw_left;

/* B[k, n] in panels of two vectors' width: row l of a panel at at[l * step], the next panel panel_step further on. */
typedef struct sw_right {
    const sw_real *at;
    size_t step, panel_step;
} sw_right;

/* Where a product goes: c <- alpha product + beta c, beta 0 overwriting whatever is there; then 0 where the mask, if
 * there is one, is not positive. The mask has c's shape and stride. */
typedef struct sw_target {
    sw_real *c;
    const sw_real *mask;
    size_t ldc;
    sw_real alpha, beta;
} sw_target;

#define BODY(name) avx2_##name
#define TARGET SW_TARGET_AVX2
#define VECTOR_BYTES 32
#define FUSED(a, b, c) FUSED_256(a, b, c)
#define ROWS_MAX 6
#include "nn/kernels_gemm_body.h"

#define BODY(name) avx512_##name
#define TARGET SW_TARGET_AVX512
#define VECTOR_BYTES 64
#define FUSED(a, b, c) FUSED_512(a, b, c)
#define ROWS_MAX 12
#include "nn/kernels_gemm_body.h"

/* ---- packing ---- */

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

static size_t panel_width(sw_isa isa) { return 2 * (size_t)(isa == SW_ISA_AVX512 ? avx512_LANES : avx2_LANES); }

/* memcpy of a length that is not known to the compiler becomes a string instruction, which is slow to start. */
static void copy(sw_real *out, const sw_real *in, size_t n)
{
    enum { PIECE = 8 };
    size_t i = 0;
    for (; i + PIECE <= n; i += PIECE) memcpy(out + i, in + i, PIECE * sizeof *out);
    for (; i < n; i++) out[i] = in[i];
}

/* out[SQUARE, SQUARE] <- in^T */
#ifdef SW_REAL_DOUBLE
enum { SQUARE = 4 };

static void turn_square(sw_real *out, size_t out_step, const sw_real *in, size_t in_step)
{
    for (size_t i = 0; i < SQUARE; i++)
        for (size_t j = 0; j < SQUARE; j++) out[i * out_step + j] = in[j * in_step + i];
}
#else
enum { SQUARE = 8 };

/* Pairs of rows are interleaved, then pairs of pairs; rows i and i + 4 share a vector from the start. */
static SW_TARGET_AVX2 void turn_square(sw_real *out, size_t out_step, const sw_real *in, size_t in_step)
{
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

/* out[rows, width] <- op(B)[rows, columns], 0 beyond the columns */
static void pack_panel(sw_real *out, size_t width, bool transposed, size_t rows, size_t columns, const sw_real *b,
                       size_t ldb)
{
    if (columns < width)
        for (size_t l = 0; l < rows; l++) memset(out + l * width + columns, 0, (width - columns) * sizeof *out);
    if (!transposed) {
        for (size_t l = 0; l < rows; l++) copy(out + l * width, b + l * ldb, columns);
        return;
    }
    size_t whole_rows = rows / SQUARE * SQUARE, whole_columns = columns / SQUARE * SQUARE;
    for (size_t l = 0; l < whole_rows; l += SQUARE)
        for (size_t j = 0; j < whole_columns; j += SQUARE)
            turn_square(out + l * width + j, width, b + j * ldb + l, ldb);
    for (size_t j = 0; j < columns; j++)
        for (size_t l = j < whole_columns ? whole_rows : 0; l < rows; l++) out[l * width + j] = b[j * ldb + l];
}

/* Where op(X)'s element (i, j) lies. */
static const sw_real *at(const sw_real *x, bool transposed, size_t ldx, size_t i, size_t j)
{
    return transposed ? x + j * ldx + i : x + i * ldx + j;
}

static size_t padded(size_t n, size_t width) { return (n + width - 1) / width * width; }

size_t sw_kernel_pack_size(sw_isa isa, size_t n, size_t k) { return padded(n, panel_width(isa)) * k; }

/* Up to PANEL_ROWS rows of op(B): its panels one after another */
static void pack_block(sw_real *out, size_t width, bool transposed, size_t n, size_t rows, const sw_real *b, size_t ldb)
{
    for (size_t j = 0; j < n; j += width, out += rows * width)
        pack_panel(out, width, transposed, rows, smaller(width, n - j), at(b, transposed, ldb, 0, j), ldb);
}

void sw_kernel_pack(sw_isa isa, sw_real *out, bool transposed, size_t n, size_t k, const sw_real *b, size_t ldb)
{
    size_t width = panel_width(isa);
    for (size_t l = 0; l < k; l += PANEL_ROWS, out += PANEL_ROWS * padded(n, width))
        pack_block(out, width, transposed, n, smaller(PANEL_ROWS, k - l), at(b, transposed, ldb, l, 0), ldb);
}

/* out[m / 6][k][6] <- A[m, k] given as its transpose: what a product reads of A in the order in which it reads it */
static void pack_transposed_rows(sw_real *out, size_t m, size_t k, const sw_real *a, size_t lda)
{
    enum { ROWS = 6 };
    size_t whole = m / ROWS * ROWS;
    for (size_t l = 0; l < k; l++, a += lda, out += ROWS) {
        sw_real *to = out;
        for (size_t i = 0; i < whole; i += ROWS, to += k * ROWS) memcpy(to, a + i, ROWS * sizeof *to);
        copy(to, a + whole, m - whole);
    }
}

/* ---- products ---- */

static void move_on(sw_target *to, size_t elements)
{
    to->c += elements;
    if (to->mask) to->mask += elements;
}

/* C[m, n] for k rows of B: one panel after the other. */
static void multiply_panels(sw_isa isa, size_t m, size_t n, size_t k, const sw_left *a, const sw_right *b, sw_target to)
{
    size_t width = panel_width(isa);
    const sw_real *panel = b->at;
    for (size_t j = 0; j < n; j += width, panel += b->panel_step) {
        if (isa == SW_ISA_AVX512)
            avx512_panel(m, smaller(width, n - j), k, a, panel, b->step, to);
        else
            avx2_panel(m, smaller(width, n - j), k, a, panel, b->step, to);
        move_on(&to, width);
    }
}

/* A transposed is read in short pieces far apart, too slowly for the small first-level cache of a CPU without AVX-512:
 * is it packed, group by group? */
static bool packs_left(sw_isa isa, const sw_product *p)
{
    return isa == SW_ISA_AVX2 && p->a_transposed && p->n >= WIDE;
}

/* Are rows of A taken in groups, because all of them would not stay in the second-level cache? */
static bool groups_left(sw_isa isa, const sw_product *p)
{
    return packs_left(isa, p) || p->m * smaller(p->k, PANEL_ROWS) * sizeof *p->a > LARGE;
}

/* Rows l .. l + k of B and all rows of A; `b` is columns [j, j + n) of those rows of B. */
static void multiply_rows(sw_isa isa, const sw_product *p, size_t j, size_t n, size_t l, size_t k, const sw_right *b)
{
    sw_real buffer[GROUP * PANEL_ROWS];
    sw_target to = {.c = p->c, .mask = p->mask, .ldc = p->ldc, .alpha = p->alpha, .beta = l == 0 ? p->beta : 1};
    move_on(&to, j);
    size_t group = groups_left(isa, p) ? GROUP : p->m;
    for (size_t i = 0; i < p->m; i += group) {
        size_t m = smaller(group, p->m - i);
        sw_left left = {.at = at(p->a, p->a_transposed, p->lda, i, l),
                        .row_step = p->a_transposed ? 1 : p->lda,
                        .k_step = p->a_transposed ? p->lda : 1};
        if (packs_left(isa, p)) {
            pack_transposed_rows(buffer, m, k, left.at, p->lda);
            left = (sw_left){.at = buffer, .row_step = 1, .k_step = 6, .packed = true};
        }
        multiply_panels(isa, m, n, k, &left, b, to);
        move_on(&to, group * p->ldc);
    }
}

/* Can panels of B be read where they are? Where its rows lie an odd number of cache lines apart, the lines of a panel
 * spread over all sets of the first-level cache as those of a packed one do; every factor of two in the distance leaves
 * them half as many. */
static bool reads_in_place(const sw_product *p)
{
    enum { LINE = 64 };
    size_t step = p->ldb * sizeof *p->b / LINE, crowding = step & -step;
    return !p->packed && !p->b_transposed && (uintptr_t)p->b % LINE == 0 && p->ldb * sizeof *p->b % LINE == 0 &&
           smaller(p->k, PANEL_ROWS) * crowding <= PANEL_ROWS;
}

void sw_kernel_gemm(sw_isa isa, const sw_product *p)
{
    sw_real buffer[PANEL_ROWS * CHUNK];
    size_t width = panel_width(isa), chunk = groups_left(isa, p) ? CHUNK : width;
    size_t in_place = reads_in_place(p) ? p->n / width * width : 0;
    for (size_t l = 0; l < p->k; l += PANEL_ROWS) {
        size_t k = smaller(PANEL_ROWS, p->k - l);
        const sw_right packed = {p->packed ? p->packed + l * padded(p->n, width) : buffer, width, k * width};
        if (p->packed) {
            multiply_rows(isa, p, 0, p->n, l, k, &packed);
            continue;
        }
        if (in_place > 0) multiply_rows(isa, p, 0, in_place, l, k, &(sw_right){p->b + l * p->ldb, p->ldb, width});
        for (size_t j = in_place; j < p->n; j += chunk) {
            size_t n = smaller(chunk, p->n - j);
            pack_block(buffer, width, p->b_transposed, n, k, at(p->b, p->b_transposed, p->ldb, l, j), p->ldb);
            multiply_rows(isa, p, j, n, l, k, &packed);
        }
    }
}
#endif
