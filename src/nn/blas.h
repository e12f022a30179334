/* blas.h: the few BLAS calls of the project, in sw_real and for row-major matrices. */
#ifndef SW_NN_BLAS_H
#define SW_NN_BLAS_H

#include "symsweep/real.h"

#include <stddef.h>

typedef enum sw_transpose { SW_N, SW_T } sw_transpose;

/* C[m, n] = alpha op(A)[m, k] op(B)[k, n] + beta C; ld* is the length of a stored row. Our own kernels where the CPU
 * has AVX2 and fused multiply-add (kernels_gemm.c): the same bits on every such CPU, and for a row in whatever batch it
 * stands. OpenBLAS elsewhere. */
void sw_gemm(sw_transpose ta, sw_transpose tb, size_t m, size_t n, size_t k, double alpha, const sw_real *a, size_t lda,
             const sw_real *b, size_t ldb, double beta, sw_real *c, size_t ldc);

/* The same for densely stored matrices. */
void sw_gemm_dense(sw_transpose ta, sw_transpose tb, size_t m, size_t n, size_t k, double alpha, const sw_real *a,
                   const sw_real *b, double beta, sw_real *c);

/* The same product by OpenBLAS on any CPU, to measure against. */
void sw_gemm_library(sw_transpose ta, sw_transpose tb, size_t m, size_t n, size_t k, double alpha, const sw_real *a,
                     size_t lda, const sw_real *b, size_t ldb, double beta, sw_real *c, size_t ldc);

/* op(B)[k, n] rearranged once for many products with it: sw_gemm_packed is sw_gemm, bit for bit. `out` holds
 * sw_gemm_pack_size(n, k) elements. */
size_t sw_gemm_pack_size(size_t n, size_t k);
void sw_gemm_pack(sw_real *out, sw_transpose tb, size_t n, size_t k, const sw_real *b, size_t ldb);
void sw_gemm_packed(sw_transpose ta, size_t m, size_t n, size_t k, double alpha, const sw_real *a, size_t lda,
                    const sw_real *packed, double beta, sw_real *c, size_t ldc);
/* Backward through a product and ReLU: C[m, n] = alpha A[m, k] op(B)[k, n] where h[m, n] > 0, else 0; h, ReLU's output,
 * has C's stride. */
void sw_gemm_packed_relu_backward(size_t m, size_t n, size_t k, double alpha, const sw_real *a, size_t lda,
                                  const sw_real *packed, const sw_real *h, sw_real *c, size_t ldc);

#endif
