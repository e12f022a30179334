/* blas.h: products of matrices for the networks, beside those of nn.h. */
#pragma once

#include "symsweep/nn.h"

/* sw_blas_gemm for densely stored matrices. */
void sw_blas_dense(sw_transpose ta, sw_transpose tb, size_t m, size_t n, size_t k, double alpha, const sw_real *a,
                   const sw_real *b, double beta, sw_real *c);

/* op(B)[k, n] rearranged once for many products with it: sw_blas_packed is sw_blas_gemm, bit for bit. `out` holds
 * sw_blas_pack_size(n, k) elements. */
size_t sw_blas_pack_size(size_t n, size_t k);
void sw_blas_pack(sw_real *out, sw_transpose tb, size_t n, size_t k, const sw_real *b, size_t ldb);
void sw_blas_packed(sw_transpose ta, size_t m, size_t n, size_t k, double alpha, const sw_real *a, size_t lda,
                    const sw_real *packed, double beta, sw_real *c, size_t ldc);
/* Backward through a product and ReLU: C[m, n] = alpha A[m, k] op(B)[k, n] where h[m, n] > 0, else 0; h, ReLU's output,
 * has C's stride. */
void sw_blas_packed_relu_backward(size_t m, size_t n, size_t k, double alpha, const sw_real *a, size_t lda,
                                  const sw_real *packed, const sw_real *h, sw_real *c, size_t ldc);
