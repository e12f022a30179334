/* updates.h: what filters and optimizers do to gradients and parameters, one pass over memory each. */
#pragma once

#include "nn/kernels.h"
#include "nn/kernels/lanes.h"

static void scale(sw_real *x, size_t n, sw_real factor) {
    for (size_t i = 0; i < n; i++) x[i] *= factor;
}

/* Sums in double of eight lanes, then of the lanes as a tree. */
SW_INLINE double sum_of_eight(double lane[8]) {
    for (size_t half = 4; half > 0; half /= 2)
        for (size_t j = 0; j < half; j++) lane[j] += lane[j + half];
    return lane[0];
}

static double dot_double(const sw_real *x, const sw_real *y, size_t n) {
    double lane[8] = {0};
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (size_t j = 0; j < 8; j++) lane[j] += (double)x[i + j] * (double)y[i + j];
    for (size_t j = 0; i < n; i++, j++) lane[j] += (double)x[i] * (double)y[i];
    return sum_of_eight(lane);
}

static double squared_distance(const sw_real *x, const sw_real *y, size_t n) {
    double lane[8] = {0};
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (size_t j = 0; j < 8; j++) {
            double difference = (double)x[i + j] - (double)y[i + j];
            lane[j] += difference * difference;
        }
    for (size_t j = 0; i < n; i++, j++) lane[j] += ((double)x[i] - (double)y[i]) * ((double)x[i] - (double)y[i]);
    return sum_of_eight(lane);
}

static void subtract(sw_real *restrict g, const sw_real *restrict w, size_t n, double factor) {
    for (size_t i = 0; i < n; i++) g[i] = (sw_real)((double)g[i] - factor * (double)w[i]);
}

static void push_apart(sw_real *dx, sw_real *dy, const sw_real *x, const sw_real *y, size_t n, double factor) {
    for (size_t i = 0; i < n; i++) {
        sw_real push = (sw_real)(factor * ((double)x[i] - (double)y[i]));
        dx[i] += push;
        dy[i] -= push;
    }
}

static void average(sw_real *restrict g, sw_real *restrict slow, size_t n, sw_real alpha, sw_real rest,
                    sw_real lambda) {
    for (size_t i = 0; i < n; i++) {
        slow[i] = alpha * slow[i] + rest * g[i];
        g[i] += lambda * slow[i];
    }
}

#ifdef SW_REAL_DOUBLE
#define SMALLEST DBL_MIN
#define ROOT(x) sqrt(x)
#else
#define SMALLEST FLT_MIN
#define ROOT(x) sqrtf(x)
#endif

/* Arithmetic on subnormal numbers is slow, and means of weights without gradient would decay to them and stay: below
 * the smallest normal number m becomes 0, and v stays at that number, so that a gradient whose square underflows is
 * divided by something (3e-29 in float) however small epsilon is. NaN stays. */
static void adamw(sw_real *restrict w, sw_real *restrict m, sw_real *restrict v, const sw_real *restrict g, size_t n,
                  const sw_adamw_factors *factors) {
    const sw_adamw_factors f = *factors;
    for (size_t i = 0; i < n; i++) {
        sw_real scaled = g[i] * (sw_real)SW_ADAMW_GRADIENT_SCALE;
        sw_real mean = f.beta1 * m[i] + f.rest1 * g[i];
        sw_real square = f.beta2 * v[i] + f.rest2 * (scaled * scaled);
        mean = mean < SMALLEST && mean > -SMALLEST ? 0 : mean;
        square = square < SMALLEST ? SMALLEST : square;
        m[i] = mean;
        v[i] = square;
        w[i] -= f.decay * w[i] + f.step * mean / (ROOT(square) * f.root + f.epsilon);
    }
}

static void sgd(sw_real *restrict w, sw_real *restrict b, const sw_real *restrict g, size_t n, sw_real momentum,
                bool nesterov, sw_real rate, sw_real decay) {
    sw_real ahead = nesterov ? momentum : 1, now = nesterov ? 1 : 0;
    for (size_t i = 0; i < n; i++) {
        b[i] = momentum * b[i] + g[i];
        w[i] -= decay * w[i] + rate * (now * g[i] + ahead * b[i]);
    }
}

static void nesterov(sw_real *restrict x, sw_real *restrict b, const sw_real *restrict g, size_t n, sw_real momentum) {
    for (size_t i = 0; i < n; i++) {
        b[i] = momentum * b[i] + g[i];
        x[i] = g[i] + momentum * b[i];
    }
}

static void descend(sw_real *restrict w, const sw_real *restrict x, size_t n, sw_real decay, sw_real rate) {
    for (size_t i = 0; i < n; i++) w[i] -= decay * w[i] + rate * x[i];
}
