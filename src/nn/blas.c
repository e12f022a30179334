/* blas.c: matrix products in sw_real for row-major matrices, and OpenBLAS's names. */
#include "nn/blas.h"

#include "nn/kernels.h"
#include "symsweep/nn.h"

#include <assert.h>
#include <cblas.h>
#include <limits.h>
#include <math.h>

void sw_gemm_library(sw_transpose ta, sw_transpose tb, size_t m, size_t n, size_t k, double alpha, const sw_real *a,
                     size_t lda, const sw_real *b, size_t ldb, double beta, sw_real *c, size_t ldc)
{
    assert(m <= INT_MAX && n <= INT_MAX && k <= INT_MAX && lda <= INT_MAX && ldb <= INT_MAX && ldc <= INT_MAX);
    CBLAS_TRANSPOSE op_a = ta == SW_T ? CblasTrans : CblasNoTrans;
    CBLAS_TRANSPOSE op_b = tb == SW_T ? CblasTrans : CblasNoTrans;
#ifdef SW_REAL_DOUBLE
    cblas_dgemm(CblasRowMajor, op_a, op_b, (int)m, (int)n, (int)k, alpha, a, (int)lda, b, (int)ldb, beta, c, (int)ldc);
#else
    cblas_sgemm(CblasRowMajor, op_a, op_b, (int)m, (int)n, (int)k, (float)alpha, a, (int)lda, b, (int)ldb, (float)beta,
                c, (int)ldc);
#endif
}

/* By our kernels, where the CPU has what they need; says whether. */
static bool multiplied(const sw_product *product)
{
#if SW_X86_KERNELS
    sw_isa isa = sw_isa_best();
    if (isa != SW_ISA_PLAIN) sw_kernel_gemm(isa, product);
    return isa != SW_ISA_PLAIN;
#else
    (void)product;
    return false;
#endif
}

void sw_gemm(sw_transpose ta, sw_transpose tb, size_t m, size_t n, size_t k, double alpha, const sw_real *a, size_t lda,
             const sw_real *b, size_t ldb, double beta, sw_real *c, size_t ldc)
{
    if (m == 0 || n == 0) return;
    assert(k > 0);
    const sw_product product = {.a_transposed = ta == SW_T,
                                .b_transposed = tb == SW_T,
                                .m = m,
                                .n = n,
                                .k = k,
                                .alpha = (sw_real)alpha,
                                .a = a,
                                .lda = lda,
                                .b = b,
                                .ldb = ldb,
                                .beta = (sw_real)beta,
                                .c = c,
                                .ldc = ldc};
    if (!multiplied(&product)) sw_gemm_library(ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

void sw_gemm_dense(sw_transpose ta, sw_transpose tb, size_t m, size_t n, size_t k, double alpha, const sw_real *a,
                   const sw_real *b, double beta, sw_real *c)
{
    sw_gemm(ta, tb, m, n, k, alpha, a, ta == SW_T ? m : k, b, tb == SW_T ? k : n, beta, c, n);
}

/* ---- a right-hand matrix packed once; without our kernels packed means dense, not transposed ---- */

size_t sw_gemm_pack_size(size_t n, size_t k)
{
#if SW_X86_KERNELS
    if (sw_isa_best() != SW_ISA_PLAIN) return sw_kernel_pack_size(sw_isa_best(), n, k);
#endif
    return n * k;
}

void sw_gemm_pack(sw_real *out, sw_transpose tb, size_t n, size_t k, const sw_real *b, size_t ldb)
{
#if SW_X86_KERNELS
    if (sw_isa_best() != SW_ISA_PLAIN) {
        sw_kernel_pack(sw_isa_best(), out, tb == SW_T, n, k, b, ldb);
        return;
    }
#endif
    for (size_t l = 0; l < k; l++)
        for (size_t j = 0; j < n; j++) out[l * n + j] = tb == SW_T ? b[j * ldb + l] : b[l * ldb + j];
}

void sw_gemm_packed(sw_transpose ta, size_t m, size_t n, size_t k, double alpha, const sw_real *a, size_t lda,
                    const sw_real *packed, double beta, sw_real *c, size_t ldc)
{
    const sw_product product = {.a_transposed = ta == SW_T,
                                .m = m,
                                .n = n,
                                .k = k,
                                .alpha = (sw_real)alpha,
                                .a = a,
                                .lda = lda,
                                .packed = packed,
                                .beta = (sw_real)beta,
                                .c = c,
                                .ldc = ldc};
    if (!multiplied(&product)) sw_gemm_library(ta, SW_N, m, n, k, alpha, a, lda, packed, n, beta, c, ldc);
}

void sw_gemm_packed_relu_backward(size_t m, size_t n, size_t k, double alpha, const sw_real *a, size_t lda,
                                  const sw_real *packed, const sw_real *h, sw_real *c, size_t ldc)
{
    const sw_product product = {.m = m,
                                .n = n,
                                .k = k,
                                .alpha = (sw_real)alpha,
                                .a = a,
                                .lda = lda,
                                .packed = packed,
                                .c = c,
                                .mask = h,
                                .ldc = ldc};
    if (multiplied(&product)) return;
    sw_gemm_library(SW_N, SW_N, m, n, k, alpha, a, lda, packed, n, 0, c, ldc);
    for (size_t i = 0; i < m; i++) sw_kernel_relu_backward(c + i * ldc, h + i * ldc, n);
}

double sw_blas_norm(const sw_real *x, size_t n)
{
    /* Eight partial sums: independent of the vector width of the machine, and a shorter chain than one. */
    double lane[8] = {0};
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (size_t j = 0; j < 8; j++) lane[j] += (double)x[i + j] * (double)x[i + j];
    for (; i < n; i++) lane[i & 7] += (double)x[i] * (double)x[i];
    return sqrt(((lane[0] + lane[1]) + (lane[2] + lane[3])) + ((lane[4] + lane[5]) + (lane[6] + lane[7])));
}

bool sw_blas_is_portable(void) { return SW_X86_KERNELS && sw_isa_best() != SW_ISA_PLAIN; }

const char *sw_blas_core(void) { return openblas_get_corename(); }

const char *sw_blas_version(void) { return openblas_get_config(); }

void sw_blas_set_one_thread(void) { openblas_set_num_threads(1); }
