/* activations.h: activations and their derivatives, the rows of activations.def. */
#pragma once

#include "nn/kernels.h"
#include "nn/kernels/lanes.h"

/* 1 / (1 + e^-x) */
SW_INLINE sw_real logistic(sw_real x) { return 1 / (1 + sw_exp(-x)); }

/* The density of the normal distribution. */
SW_INLINE sw_real normal_density(sw_real x) { return (sw_real)0.3989422804014327 * sw_exp((sw_real)-0.5 * x * x); }

/* 2 / (e^2|x| + 1) = 1 - tanh |x|, without loss of digits where tanh is near 1. */
SW_INLINE sw_real tanh_rest(sw_real x) { return 2 / (sw_exp(2 * (x < 0 ? -x : x)) + 1); }

/* 1 - tanh(x)^2 */
SW_INLINE sw_real tanh_slope(sw_real x) { return tanh_rest(x) * (2 - tanh_rest(x)); }

#ifdef SW_REAL_DOUBLE

/* The share of the normal distribution below x. */
SW_INLINE sw_real normal_below(sw_real x) { return 0.5 * erfc(-0.7071067811865476 * x); }

SW_INLINE sw_real tanh_value(sw_real x) { return tanh(x); }

#else

/* The share of the normal distribution below x, with an error below 3e-7. The share above a = |x| is e^(-a^2 / 2) times
 * a polynomial in 1 / (1 + 0.26 a), whose relative error of 3e-8 is the least for 0 <= a <= 14.5. */
SW_INLINE sw_real normal_below(sw_real x) {
    float a = x < 0 ? -x : x, t = 1 / (1 + 0.26f * a);
    float p = 0.0302300708f;
    p = p * t - 0.151493291f;
    p = p * t + 0.248730788f;
    p = p * t - 0.147786526f;
    p = p * t + 0.158756781f;
    p = p * t + 0.0519656788f;
    p = p * t + 0.102788459f;
    p = p * t + 0.103051006f;
    p = p * t + 0.10375702f;
    float above = p * t * sw_exp(-0.5f * a * a);
    return x < 0 ? above : 1 - above;
}

/* tanh x; x + x^3 p(x^2) for |x| < 0.625, p the polynomial of least relative error. */
SW_INLINE sw_real tanh_value(sw_real x) {
    float b = x * x, far = 1 - tanh_rest(x);
    float p = -0.00570491704f;
    p = p * b + 0.0206390243f;
    p = p * b - 0.0537396955f;
    p = p * b + 0.13331442f;
    p = p * b - 0.333332819f;
    return b < 0.390625f ? x + x * (b * p) : x < 0 ? -far : far;
}

#endif

/* A row in place: x <- f(x) and, where it is wanted, slope <- f'(x). */
#define ACTIVATION(ENUM, name, value, derivative, ...)                                                                 \
    SW_INLINE sw_real value_of_##name(sw_real x) { return value; }                                                     \
    SW_INLINE sw_real slope_of_##name(sw_real x) {                                                                     \
        (void)x;                                                                                                       \
        return derivative;                                                                                             \
    }                                                                                                                  \
    static void activate_##name(sw_real *restrict x, sw_real *restrict slope, size_t n) {                              \
        if (!slope)                                                                                                    \
            for (size_t j = 0; j < n; j++) x[j] = value_of_##name(x[j]);                                               \
        else                                                                                                           \
            for (size_t j = 0; j < n; j++) {                                                                           \
                sw_real a = x[j];                                                                                      \
                slope[j] = slope_of_##name(a);                                                                         \
                x[j] = value_of_##name(a);                                                                             \
            }                                                                                                          \
    }
#include "symsweep/activations.def"
#undef ACTIVATION

static void activate(sw_activation kind, sw_real *x, sw_real *slope, size_t rows, size_t n, size_t stride) {
    static void (*const of[SW_ACTIVATION_COUNT])(sw_real *restrict, sw_real *restrict, size_t) = {
#define ACTIVATION(ENUM, name, ...) activate_##name,
#include "symsweep/activations.def"
#undef ACTIVATION
    };
    for (size_t r = 0; r < rows; r++) of[kind](x + r * stride, slope ? slope + r * stride : NULL, n);
}

static void multiply_by(sw_real *restrict x, const sw_real *restrict y, size_t n) {
    for (size_t i = 0; i < n; i++) x[i] *= y[i];
}
