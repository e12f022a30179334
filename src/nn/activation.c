/* activation.c: which kernels an activation takes. ReLU has those that add the bias on the way. */
#include "nn/activation.h"
#include "nn/blas.h"
#include "nn/kernels.h"

bool sw_activation_has_slope(int32_t activation) {
    return activation != SW_ACTIVATION_RELU && activation != SW_ACTIVATION_IDENTITY;
}

void sw_activation_forward(int32_t activation, sw_real *h, const sw_real *bias, sw_real *slope, size_t rows, size_t n,
                           size_t stride) {
    if (activation == SW_ACTIVATION_RELU && bias) {
        sw_kernel->bias_relu(h, bias, rows, n, stride);
        return;
    }
    for (size_t r = 0; bias && r < rows; r++) sw_kernel->add(h + r * stride, bias, n);
    if (activation != SW_ACTIVATION_IDENTITY)
        sw_kernel->activate((sw_activation)activation, h, sw_activation_has_slope(activation) ? slope : NULL, rows, n,
                            stride);
}

void sw_activation_sum(int32_t activation, sw_real *z, const sw_real *x, const sw_real *y, const sw_real *bias,
                       sw_real *slope, size_t n) {
    if (activation == SW_ACTIVATION_RELU && bias) {
        sw_kernel->sum_bias_relu(z, x, y, bias, n);
        return;
    }
    sw_kernel->plus(z, x, y, n);
    sw_activation_forward(activation, z, bias, slope, 1, n, n);
}

void sw_activation_backward(int32_t activation, sw_real *dh, const sw_real *h, const sw_real *slope, size_t rows,
                            size_t n, size_t stride) {
    if (activation == SW_ACTIVATION_IDENTITY) return;
    for (size_t r = 0; r < rows; r++, dh += stride, h += stride)
        if (activation == SW_ACTIVATION_RELU)
            sw_kernel->relu_backward(dh, h, n);
        else
            sw_kernel->multiply_by(dh, slope + r * stride, n);
}

void sw_activation_product(int32_t activation, size_t rows, size_t n, size_t k, double alpha, const sw_real *a,
                           size_t lda, const sw_real *packed, const sw_real *h, const sw_real *slope, sw_real *dh,
                           size_t stride) {
    if (activation == SW_ACTIVATION_RELU) {
        sw_blas_packed_relu_backward(rows, n, k, alpha, a, lda, packed, h, dh, stride);
        return;
    }
    sw_blas_packed(SW_N, rows, n, k, alpha, a, lda, packed, 0, dh, stride);
    sw_activation_backward(activation, dh, h, slope, rows, n, stride);
}
