/* lanes.h: arithmetic that the compiler can vectorize and that is the same at every vector width.
 *
 * A row of C classes is copied into a buffer of whole blocks of SW_LANES and summed lane by lane; the lanes are added
 * in a fixed order. */
#pragma once

#include "symsweep/nn.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

enum { SW_LANES = 16 }; /* sw_lane_sum and sw_lane_max write it out */

/* Before a loop over the lanes of a block: gcc would unroll it before its vectorizer sees it, and then not find the
 * vector in the sixteen scalars. */
#if defined(__GNUC__) && !defined(__clang__)
#define SW_LANE_LOOP _Pragma("GCC unroll 1")
#else
#define SW_LANE_LOOP
#endif

/* Inline whatever its size: what is constant where it is called shall be constant in it. */
#if defined(__GNUC__)
#define SW_INLINE static inline __attribute__((always_inline))
#else
#define SW_INLINE static inline
#endif

/* Logits below a row's maximum that stand for "no class": exp of it is 0 and differences of two are 0, not NaN. */
#define SW_ABSENT ((sw_real)-1000)

/* C rounded up to whole blocks. */
SW_INLINE size_t sw_padded(size_t n) { return (n + SW_LANES - 1) / SW_LANES * SW_LANES; }

/* The lanes' sum, as a tree. */
SW_INLINE sw_real sw_lane_sum(const sw_real lane[SW_LANES]) {
    sw_real eight[8], four[4];
    for (int j = 0; j < 8; j++) eight[j] = lane[j] + lane[j + 8];
    for (int j = 0; j < 4; j++) four[j] = eight[j] + eight[j + 4];
    return (four[0] + four[2]) + (four[1] + four[3]);
}

/* The larger of two; the second when either is NaN. (One instruction; it is the sums that carry NaN on.) */
SW_INLINE sw_real sw_max(sw_real a, sw_real b) { return a > b ? a : b; }

/* The largest of x[0..padded); NaN is passed over. */
SW_INLINE sw_real sw_lane_max(const sw_real *x, size_t padded) {
    sw_real lane[SW_LANES];
    for (int j = 0; j < SW_LANES; j++) lane[j] = -INFINITY;
    for (size_t k = 0; k < padded; k += SW_LANES) {
        SW_LANE_LOOP
        for (int j = 0; j < SW_LANES; j++) lane[j] = sw_max(x[k + j], lane[j]);
    }
    sw_real eight[8], four[4];
    for (int j = 0; j < 8; j++) eight[j] = sw_max(lane[j], lane[j + 8]);
    for (int j = 0; j < 4; j++) four[j] = sw_max(eight[j], eight[j + 4]);
    return sw_max(sw_max(four[0], four[2]), sw_max(four[1], four[3]));
}

/* Index of the largest of x[0..n), the lowest on ties; NaN is passed over. */
SW_INLINE int32_t sw_argmax(const sw_real *x, int32_t n) {
    int32_t best = 0;
    for (int32_t k = 1; k < n; k++)
        if (x[k] > x[best]) best = k;
    return best;
}

#ifdef SW_REAL_DOUBLE

SW_INLINE sw_real sw_exp(sw_real x) { return exp(x); }

SW_INLINE sw_real sw_log(sw_real x) { return log(x); }

/* p - q for p = e^a q, from p, q and a: exact to rounding however small a is. */
SW_INLINE sw_real sw_difference(sw_real p, sw_real q, sw_real a) { return (p + q) * tanh(a / 2); }

/* e^-a - 1 + a, exact to rounding however small a is. */
SW_INLINE sw_real sw_exp_excess(sw_real a) {
    return fabs(a) < 0.01
               ? a * a * (0.5 + a * (-1.0 / 6 + a * (1.0 / 24 + a * (-1.0 / 120 + a * (1.0 / 720 - a / 5040)))))
               : a + expm1(-a);
}

#else

/* e^x with an error below 1 ulp (tested over the whole range), 0 below -104, infinity above 88.73, NaN for NaN.
 * libm's expf is a call an element; this one is straight-line code. x = n ln 2 + r with |r| <= ln 2 / 2, ln 2 in two
 * pieces of which the first has few bits, so that n times it is exact; e^r = 1 + r + r^2 q(r) with q the polynomial
 * of least relative error; 2^n in two factors, so that results below the smallest normal number come out too. */
SW_INLINE sw_real sw_exp(sw_real x) {
    const float shift = 0x1.8p23f; /* added, it leaves the nearest integer in the low bits */
    x = x < -104.0f ? -104.0f : x;
    x = x > 89.0f ? 89.0f : x;
    float shifted = x * 0x1.715476p+0f + shift;
    uint32_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    float n = shifted - shift;
    float r = x - n * 0x1.63p-1f - n * -0x1.bd0106p-13f;
    float q = 0.00138145604f;
    q = q * r + 0.0083687352f;
    q = q * r + 0.041668389f;
    q = q * r + 0.166665211f;
    q = q * r + 0.49999994f;
    float power = q * (r * r) + r + 1.0f;
    /* Unsigned: for a NaN the bits are anything, and the product stays NaN. */
    uint32_t exponent = bits - 0x4B400000u;
    uint32_t half = (exponent >> 1) | (exponent & 0x80000000u);
    uint32_t first_bits = (half + 127u) << 23, second_bits = (exponent - half + 127u) << 23;
    float first, second;
    memcpy(&first, &first_bits, sizeof first);
    memcpy(&second, &second_bits, sizeof second);
    return power * first * second;
}

/* ln x for finite x >= 1 with an error below 2 ulp; NaN for NaN and infinity. x = 2^e m with m in [sqrt(1/2),
 * sqrt(2)); ln m = f - f^2 / 2 + f^3 p(f) with f = m - 1 and p the polynomial of least relative error. */
SW_INLINE sw_real sw_log(sw_real x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    uint32_t exponent = (bits - 0x3F3504F3u) >> 23;
    bits -= exponent << 23;
    float m, e = (float)(int32_t)exponent;
    memcpy(&m, &bits, sizeof m);
    float f = m - 1;
    float p = -0.0763450041f;
    p = p * f + 0.127615824f;
    p = p * f - 0.131601825f;
    p = p * f + 0.142017573f;
    p = p * f - 0.166233569f;
    p = p * f + 0.200012267f;
    p = p * f - 0.250008196f;
    p = p * f + 0.333333313f;
    float small = e * -0x1.bd0106p-13f + (f * f * (f * p - 0.5f) + (x - x)); /* ln 2 in two pieces as in sw_exp */
    return e * 0x1.63p-1f + (f + small);
}

/* p - q for p = e^a q, from p, q and a: (p + q) tanh(a / 2), whose relative error stays at 1e-7 however small a is.
 */
SW_INLINE sw_real sw_difference(sw_real p, sw_real q, sw_real a) {
    float b = a * a;
    float series = 0.5f + b * (-0.0416665077f + b * (0.00416348875f + b * -0.000401023601f));
    return b < 0.25f ? (p + q) * (a * series) : p - q;
}

/* e^-a - 1 + a, with a relative error of 1e-7 however small a is. */
SW_INLINE sw_real sw_exp_excess(sw_real a) {
    float series =
        0.5f + a * (-0.166666672f +
                    a * (0.0416666679f +
                         a * (-0.00833318196f + a * (0.00138886075f + a * (-0.000199621849f + a * 2.49570548e-05f)))));
    return fabsf(a) < 0.5f ? a * a * series : sw_exp(-a) - 1.0f + a;
}

#endif
