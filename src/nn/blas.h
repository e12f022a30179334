/* blas.h: the few BLAS calls of the project, in sw_real and for row-major matrices. */
#ifndef SW_NN_BLAS_H
#define SW_NN_BLAS_H

#include "symsweep/real.h"

#include <stddef.h>

typedef enum sw_transpose { SW_N, SW_T } sw_transpose;

/* C[m, n] = alpha op(A)[m, k] op(B)[k, n] + beta C; ld* is the length of a stored row. */
void sw_gemm(sw_transpose ta, sw_transpose tb, size_t m, size_t n, size_t k, double alpha, const sw_real *a,
             size_t lda, const sw_real *b, size_t ldb, double beta, sw_real *c, size_t ldc);

/* The same for densely stored matrices. */
void sw_gemm_dense(sw_transpose ta, sw_transpose tb, size_t m, size_t n, size_t k, double alpha, const sw_real *a,
                   const sw_real *b, double beta, sw_real *c);

#endif
