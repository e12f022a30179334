/* kernels_gemm.c: matrix products in a fixed order of summation, for x86-64 with AVX2 or AVX-512.
 *
 * A BLAS gives other bits on another CPU, and other bits for a row that is computed in another batch; here neither
 * happens (kernels_gemm_body.h). At the sizes of a training step (tiles of some hundred rows, tables of some hundred
 * tokens) it is as fast as OpenBLAS's kernels for the same instruction set, and B can be packed once for many tiles. */
#include "nn/kernels.h"

#include <string.h>

#if SW_X86_KERNELS
#include <immintrin.h>

/* Columns of a packed panel of B, and rows: a panel fits the first-level cache. */
enum { PANEL = 32, PANEL_ROWS = 256 };

#ifdef SW_REAL_DOUBLE
#define FUSED_256 _mm256_fmadd_pd
#define FUSED_512 _mm512_fmadd_pd
#else
#define FUSED_256 _mm256_fmadd_ps
#define FUSED_512 _mm512_fmadd_ps
#endif

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

/* out[rows, PANEL] <- op(B)[rows, columns], 0 beyond the columns */
static void pack_panel(sw_real *out, bool transposed, size_t rows, size_t columns, const sw_real *b, size_t ldb)
{
    enum { BLOCK = 16 };
    if (columns < PANEL)
        memset(out, 0, rows * PANEL * sizeof *out);
    if (!transposed) {
        for (size_t l = 0; l < rows; l++)
            memcpy(out + l * PANEL, b + l * ldb, columns * sizeof *out);
        return;
    }
    for (size_t first = 0; first < rows; first += BLOCK)
        for (size_t j = 0; j < columns; j++)
            for (size_t l = first; l < smaller(first + BLOCK, rows); l++)
                out[l * PANEL + j] = b[j * ldb + l];
}

/* Where op(B)'s element (l, j) lies. */
static const sw_real *at(const sw_real *b, bool transposed, size_t ldb, size_t l, size_t j)
{
    return transposed ? b + j * ldb + l : b + l * ldb + j;
}

size_t sw_kernel_pack_size(size_t n, size_t k) { return (n + PANEL - 1) / PANEL * PANEL * k; }

/* Blocks of PANEL_ROWS rows one after another, in each its panels. */
void sw_kernel_pack(sw_real *out, bool transposed, size_t n, size_t k, const sw_real *b, size_t ldb)
{
    for (size_t l = 0; l < k; l += PANEL_ROWS) {
        size_t rows = smaller(PANEL_ROWS, k - l);
        for (size_t j = 0; j < n; j += PANEL, out += rows * PANEL)
            pack_panel(out, transposed, rows, smaller(PANEL, n - j), at(b, transposed, ldb, l, j), ldb);
    }
}

/* ---- products ---- */

void sw_kernel_gemm(sw_isa isa, const sw_product *p)
{
    sw_real buffer[PANEL_ROWS * PANEL];
    const sw_real *packed = p->packed;
    size_t row_step = p->a_transposed ? 1 : p->lda, k_step = p->a_transposed ? p->lda : 1;
    for (size_t l = 0; l < p->k; l += PANEL_ROWS) {
        size_t rows = smaller(PANEL_ROWS, p->k - l);
        sw_real beta = l == 0 ? p->beta : 1;
        for (size_t j = 0; j < p->n; j += PANEL) {
            size_t columns = smaller(PANEL, p->n - j);
            const sw_real *panel = packed;
            if (packed) {
                packed += rows * PANEL;
            } else {
                pack_panel(buffer, p->b_transposed, rows, columns, at(p->b, p->b_transposed, p->ldb, l, j), p->ldb);
                panel = buffer;
            }
            const sw_real *a = p->a + l * k_step;
            if (isa == SW_ISA_AVX512)
                avx512_panel(p->m, columns, rows, p->alpha, a, row_step, k_step, panel, beta, p->c + j, p->ldc);
            else
                avx2_panel(p->m, columns, rows, p->alpha, a, row_step, k_step, panel, beta, p->c + j, p->ldc);
        }
    }
}
#endif
