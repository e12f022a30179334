/* norms.h: layer norm and root mean square norm of rows (normalization.h has the formulas). Means are summed in double,
 * in eight lanes and then as a tree. */
#pragma once

#include "nn/kernels.h"
#include "nn/kernels/elements.h"
#include "nn/kernels/updates.h"
#include "nn/normalization.h"

#define SW_NORM_EPSILON 1e-5 /* PyTorch's default */

static double mean_of(const sw_real *x, size_t n) {
    double lane[8] = {0};
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (size_t j = 0; j < 8; j++) lane[j] += (double)x[i + j];
    for (size_t j = 0; i < n; i++, j++) lane[j] += (double)x[i];
    return sum_of_eight(lane) / (double)n;
}

/* Mean of (x - mean)^2. */
static double variance_of(const sw_real *x, double mean, size_t n) {
    double lane[8] = {0};
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (size_t j = 0; j < 8; j++) {
            double apart = (double)x[i + j] - mean;
            lane[j] += apart * apart;
        }
    for (size_t j = 0; i < n; i++, j++) lane[j] += ((double)x[i] - mean) * ((double)x[i] - mean);
    return sum_of_eight(lane) / (double)n;
}

static void normalize(bool centred, size_t rows, size_t d, const sw_real *x, const sw_real *gain, const sw_real *bias,
                      sw_real *y, sw_real *statistics) {
    for (size_t r = 0; r < rows; r++, x += d, y += d, statistics += SW_STATISTICS) {
        const double mean = centred ? mean_of(x, d) : 0;
        const sw_real from = statistics[0] = (sw_real)mean;
        const sw_real s = statistics[1] = (sw_real)(1 / sqrt(variance_of(x, mean, d) + SW_NORM_EPSILON));
        for (size_t j = 0; j < d; j++) y[j] = gain[j] * ((x[j] - from) * s);
        if (bias) add(y, bias, d);
    }
}

static void normalize_backward(bool centred, size_t rows, size_t d, const sw_real *x, const sw_real *gain,
                               const sw_real *statistics, sw_real *restrict dy, sw_real *restrict dgain,
                               sw_real *dbias) {
    for (size_t r = 0; r < rows; r++, x += d, dy += d, statistics += SW_STATISTICS) {
        const sw_real from = statistics[0], s = statistics[1];
        if (dbias) add(dbias, dy, d);
        double sum[8] = {0}, along[8] = {0}; /* of du, of du u */
        size_t i = 0;
        for (; i + 8 <= d; i += 8)
            for (size_t j = 0; j < 8; j++) {
                const sw_real u = (x[i + j] - from) * s, du = dy[i + j] * gain[i + j];
                dgain[i + j] += dy[i + j] * u;
                dy[i + j] = du;
                sum[j] += (double)du;
                along[j] += (double)du * (double)u;
            }
        for (size_t j = 0; i < d; i++, j++) {
            const sw_real u = (x[i] - from) * s, du = dy[i] * gain[i];
            dgain[i] += dy[i] * u;
            dy[i] = du;
            sum[j] += (double)du;
            along[j] += (double)du * (double)u;
        }
        const sw_real mean = centred ? (sw_real)(sum_of_eight(sum) / (double)d) : 0;
        const sw_real slope = (sw_real)(sum_of_eight(along) / (double)d);
        for (size_t j = 0; j < d; j++) dy[j] = s * (dy[j] - mean - (x[j] - from) * s * slope);
    }
}
