/* kernels.c: element-wise loops and row sums, compiled for several instruction sets. */
#include "nn/kernels.h"

bool sw_isa_available(sw_isa isa)
{
#if SW_X86_KERNELS
    bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    if (isa == SW_ISA_AVX2) return avx2;
    if (isa == SW_ISA_AVX512)
        return avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
               __builtin_cpu_supports("avx512dq");
#endif
    return isa == SW_ISA_PLAIN;
}

sw_isa sw_isa_best(void)
{
    sw_isa best = SW_ISA_PLAIN;
    for (int isa = SW_ISA_PLAIN; isa < SW_ISA_COUNT; isa++)
        if (sw_isa_available((sw_isa)isa)) best = (sw_isa)isa;
    return best;
}

const char *sw_isa_name(sw_isa isa)
{
    static const char *const names[SW_ISA_COUNT] = {"plain", "AVX2", "AVX-512"};
    return names[isa];
}

SW_MULTIVERSION
void sw_kernel_bias(sw_real *x, const sw_real *bias, size_t rows, size_t n)
{
    for (size_t r = 0; r < rows; r++, x += n)
        for (size_t j = 0; j < n; j++) x[j] += bias[j];
}

SW_MULTIVERSION
void sw_kernel_bias_relu(sw_real *x, const sw_real *bias, size_t rows, size_t n, size_t stride)
{
    for (size_t r = 0; r < rows; r++, x += stride)
        for (size_t j = 0; j < n; j++) {
            sw_real a = x[j] + bias[j];
            x[j] = a < 0 ? 0 : a;
        }
}

SW_MULTIVERSION
void sw_kernel_sum_bias_relu(sw_real *z, const sw_real *x, const sw_real *y, const sw_real *bias, size_t n)
{
    for (size_t j = 0; j < n; j++) {
        sw_real a = (x[j] + y[j]) + bias[j];
        z[j] = a < 0 ? 0 : a;
    }
}

SW_MULTIVERSION
void sw_kernel_relu_backward(sw_real *dh, const sw_real *h, size_t count)
{
    for (size_t i = 0; i < count; i++) dh[i] = h[i] <= 0 ? 0 : dh[i];
}

SW_MULTIVERSION
void sw_kernel_column_sums(sw_real *sum, const sw_real *x, size_t rows, size_t n, size_t stride)
{
    for (size_t r = 0; r < rows; r++, x += stride)
        for (size_t j = 0; j < n; j++) sum[j] += x[j];
}

SW_MULTIVERSION
void sw_kernel_add(sw_real *y, const sw_real *x, size_t n)
{
    for (size_t i = 0; i < n; i++) y[i] += x[i];
}

SW_MULTIVERSION
void sw_kernel_add_to_both(sw_real *y, sw_real *z, const sw_real *x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        sw_real add = x[i];
        y[i] += add;
        z[i] += add;
    }
}

SW_MULTIVERSION
void sw_kernel_sum(sw_real *z, const sw_real *x, const sw_real *y, size_t n)
{
    for (size_t i = 0; i < n; i++) z[i] = x[i] + y[i];
}

SW_MULTIVERSION
void sw_kernel_axpy(sw_real *y, sw_real a, const sw_real *x, size_t n)
{
    for (size_t i = 0; i < n; i++) y[i] += a * x[i];
}

SW_MULTIVERSION
sw_real sw_kernel_dot(const sw_real *x, const sw_real *y, size_t n)
{
    enum { LANES = 16 };
    sw_real lane[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (size_t j = 0; j < LANES; j++) lane[j] += x[i + j] * y[i + j];
    for (size_t j = 0; i < n; i++, j++) lane[j] += x[i] * y[i];
    for (size_t half = LANES / 2; half > 0; half /= 2)
        for (size_t j = 0; j < half; j++) lane[j] += lane[j + half];
    return lane[0];
}
