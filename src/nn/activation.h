/* activation.h: f(x + b) of a layer and its way back (activations.def). */
#pragma once

#include "symsweep/nn.h"

/* Must f' be kept from forward? That of relu is read off its output, that of identity is 1. */
bool sw_activation_has_slope(int32_t activation);

/* h[rows, n] <- f(h + bias), row r at h + r * stride; bias[n] NULL = none. slope of h's shape <- f'(h + bias) where it
 * is kept and slope is not NULL. */
void sw_activation_forward(int32_t activation, sw_real *h, const sw_real *bias, sw_real *slope, size_t rows, size_t n,
                           size_t stride);

/* z[n] <- f((x + y) + bias) and its slope: one row as above. */
void sw_activation_sum(int32_t activation, sw_real *z, const sw_real *x, const sw_real *y, const sw_real *bias,
                       sw_real *slope, size_t n);

/* dh[rows, n] <- dh f', from what forward left in h and slope, all of one stride. */
void sw_activation_backward(int32_t activation, sw_real *dh, const sw_real *h, const sw_real *slope, size_t rows,
                            size_t n, size_t stride);

/* dh[rows, n] <- (alpha a[rows, k] B[k, n]) f', B packed (blas.h); in one pass where f is
 * ReLU. */
void sw_activation_product(int32_t activation, size_t rows, size_t n, size_t k, double alpha, const sw_real *a,
                           size_t lda, const sw_real *packed, const sw_real *h, const sw_real *slope, sw_real *dh,
                           size_t stride);
