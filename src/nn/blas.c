/* blas.c: matrix products in sw_real for row-major matrices, and OpenBLAS's names. */
#include "nn/blas.h"
#include "nn/kernels.h"

#include <assert.h>
#include <cblas.h>
#include <limits.h>
#include <math.h>

void sw_blas_gemm_library(sw_transpose ta, sw_transpose tb, size_t m, size_t n, size_t k, double alpha,
                          const sw_real *a, size_t lda, const sw_real *b, size_t ldb, double beta, sw_real *c,
                          size_t ldc) {
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

/* By our kernels where the CPU has what they need, else by OpenBLAS; then packed means dense, not transposed. */
static void multiply(const sw_product *p) {
    if (sw_kernel->gemm) {
        sw_kernel->gemm(p);
        return;
    }
    sw_blas_gemm_library(p->a_transposed ? SW_T : SW_N, p->b_transposed ? SW_T : SW_N, p->m, p->n, p->k,
                         (double)p->alpha, p->a, p->lda, p->packed ? p->packed : p->b, p->packed ? p->n : p->ldb,
                         (double)p->beta, p->c, p->ldc);
    for (size_t i = 0; p->mask && i < p->m; i++)
        sw_kernel->relu_backward(p->c + i * p->ldc, p->mask + i * p->ldc, p->n);
}

void sw_blas_gemm(sw_transpose ta, sw_transpose tb, size_t m, size_t n, size_t k, double alpha, const sw_real *a,
                  size_t lda, const sw_real *b, size_t ldb, double beta, sw_real *c, size_t ldc) {
    if (m == 0 || n == 0) return;
    assert(k > 0);
    const sw_real factor = (sw_real)alpha, keep = (sw_real)beta;
    multiply(&(sw_product){ta == SW_T, tb == SW_T, m, n, k, factor, a, lda, b, ldb, NULL, keep, c, NULL, ldc});
}

void sw_blas_dense(sw_transpose ta, sw_transpose tb, size_t m, size_t n, size_t k, double alpha, const sw_real *a,
                   const sw_real *b, double beta, sw_real *c) {
    sw_blas_gemm(ta, tb, m, n, k, alpha, a, ta == SW_T ? m : k, b, tb == SW_T ? k : n, beta, c, n);
}

/* ---- a right-hand matrix packed once ---- */

size_t sw_blas_pack_size(size_t n, size_t k) { return sw_kernel->pack_size ? sw_kernel->pack_size(n, k) : n * k; }

void sw_blas_pack(sw_real *out, sw_transpose tb, size_t n, size_t k, const sw_real *b, size_t ldb) {
    if (sw_kernel->pack) {
        sw_kernel->pack(out, tb == SW_T, n, k, b, ldb);
        return;
    }
    for (size_t l = 0; l < k; l++)
        for (size_t j = 0; j < n; j++) out[l * n + j] = tb == SW_T ? b[j * ldb + l] : b[l * ldb + j];
}

void sw_blas_packed(sw_transpose ta, size_t m, size_t n, size_t k, double alpha, const sw_real *a, size_t lda,
                    const sw_real *packed, double beta, sw_real *c, size_t ldc) {
    const sw_real factor = (sw_real)alpha, keep = (sw_real)beta;
    multiply(&(sw_product){ta == SW_T, false, m, n, k, factor, a, lda, NULL, 0, packed, keep, c, NULL, ldc});
}

void sw_blas_packed_relu_backward(size_t m, size_t n, size_t k, double alpha, const sw_real *a, size_t lda,
                                  const sw_real *packed, const sw_real *h, sw_real *c, size_t ldc) {
    multiply(&(sw_product){false, false, m, n, k, (sw_real)alpha, a, lda, NULL, 0, packed, 0, c, h, ldc});
}

double sw_blas_norm(const sw_real *x, size_t n) {
    /* Eight partial sums: independent of the vector width of the machine, and a shorter chain than one. */
    double lane[8] = {0};
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (size_t j = 0; j < 8; j++) lane[j] += (double)x[i + j] * (double)x[i + j];
    for (; i < n; i++) lane[i & 7] += (double)x[i] * (double)x[i];
    return sqrt(((lane[0] + lane[1]) + (lane[2] + lane[3])) + ((lane[4] + lane[5]) + (lane[6] + lane[7])));
}

const char *sw_blas_kernels(void) { return sw_kernel->name; }

bool sw_blas_is_portable(void) { return sw_kernel->gemm != NULL; }

const char *sw_blas_core(void) { return openblas_get_corename(); }

const char *sw_blas_version(void) { return openblas_get_config(); }

void sw_blas_set_one_thread(void) { openblas_set_num_threads(1); }
