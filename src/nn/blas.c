/* blas.c: OpenBLAS behind a row-major interface in sw_real. */
#include "nn/blas.h"

#include "symsweep/nn.h"

#include <assert.h>
#include <cblas.h>
#include <limits.h>
#include <math.h>

void sw_gemm(sw_transpose ta, sw_transpose tb, size_t m, size_t n, size_t k, double alpha, const sw_real *a,
             size_t lda, const sw_real *b, size_t ldb, double beta, sw_real *c, size_t ldc) {
    assert(m <= INT_MAX && n <= INT_MAX && k <= INT_MAX && lda <= INT_MAX && ldb <= INT_MAX && ldc <= INT_MAX);
    if (m == 0 || n == 0)
        return;
    CBLAS_TRANSPOSE op_a = ta == SW_T ? CblasTrans : CblasNoTrans;
    CBLAS_TRANSPOSE op_b = tb == SW_T ? CblasTrans : CblasNoTrans;
#ifdef SW_REAL_DOUBLE
    cblas_dgemm(CblasRowMajor, op_a, op_b, (int)m, (int)n, (int)k, alpha, a, (int)lda, b, (int)ldb, beta, c, (int)ldc);
#else
    cblas_sgemm(CblasRowMajor, op_a, op_b, (int)m, (int)n, (int)k, (float)alpha, a, (int)lda, b, (int)ldb, (float)beta,
                c, (int)ldc);
#endif
}

void sw_gemm_dense(sw_transpose ta, sw_transpose tb, size_t m, size_t n, size_t k, double alpha, const sw_real *a,
                   const sw_real *b, double beta, sw_real *c) {
    sw_gemm(ta, tb, m, n, k, alpha, a, ta == SW_T ? m : k, b, tb == SW_T ? k : n, beta, c, n);
}

double sw_norm(const sw_real *x, size_t n) {
    /* Eight partial sums: independent of the vector width of the machine, and a shorter chain than one. */
    double lane[8] = {0};
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (size_t j = 0; j < 8; j++)
            lane[j] += (double)x[i + j] * (double)x[i + j];
    for (; i < n; i++)
        lane[i & 7] += (double)x[i] * (double)x[i];
    return sqrt(((lane[0] + lane[1]) + (lane[2] + lane[3])) + ((lane[4] + lane[5]) + (lane[6] + lane[7])));
}

const char *sw_blas_core(void) { return openblas_get_corename(); }

const char *sw_blas_version(void) { return openblas_get_config(); }

void sw_blas_set_one_thread(void) { openblas_set_num_threads(1); }
