/* normalization.c: layer norm and root mean square norm, forward and backward. With u = (x - mean) s, s the inverse
 * deviation and g the gain:
 *
 *   y = g u + b;  db = sum dy;  dg = sum dy u;  du = dy g;  dx = s (du - mean(du) - u mean(du u))
 *
 * the means over a row; without the two means of x and du for rmsnorm. Means are summed in double. */
#include "nn/normalization.h"
#include "symsweep/run.h"

#include <math.h>

static const double epsilon = 1e-5; /* PyTorch's default */

static double mean_of(const sw_real *x, size_t d) {
    double sum = 0;
    for (size_t j = 0; j < d; j++) sum += (double)x[j];
    return sum / (double)d;
}

/* Mean of (x - mean)^2. */
static double square_of(const sw_real *x, double mean, size_t d) {
    double sum = 0;
    for (size_t j = 0; j < d; j++) sum += ((double)x[j] - mean) * ((double)x[j] - mean);
    return sum / (double)d;
}

void sw_normalization_forward(const sw_normalization *shape, const sw_real *x, const sw_real *gain, const sw_real *bias,
                              sw_real *y, sw_real *statistics) {
    const size_t d = shape->d;
    for (size_t r = 0; r < shape->rows; r++, x += d, y += d, statistics += SW_STATISTICS) {
        const double mean = shape->kind == SW_NORMALIZATION_LAYERNORM ? mean_of(x, d) : 0;
        const sw_real from = statistics[0] = (sw_real)mean;
        const sw_real s = statistics[1] = (sw_real)(1 / sqrt(square_of(x, mean, d) + epsilon));
        for (size_t j = 0; j < d; j++) y[j] = gain[j] * ((x[j] - from) * s);
        for (size_t j = 0; bias && j < d; j++) y[j] += bias[j];
    }
}

void sw_normalization_backward(const sw_normalization *shape, const sw_real *x, const sw_real *gain,
                               const sw_real *statistics, sw_real *dy, sw_real *dgain, sw_real *dbias) {
    const size_t d = shape->d;
    for (size_t r = 0; r < shape->rows; r++, x += d, dy += d, statistics += SW_STATISTICS) {
        const sw_real from = statistics[0], s = statistics[1];
        double sum = 0, along = 0; /* of du, of du u */
        for (size_t j = 0; j < d; j++) {
            const sw_real u = (x[j] - from) * s;
            if (dbias) dbias[j] += dy[j];
            dgain[j] += dy[j] * u;
            dy[j] *= gain[j];
            sum += (double)dy[j];
            along += (double)dy[j] * (double)u;
        }
        const sw_real mean = shape->kind == SW_NORMALIZATION_LAYERNORM ? (sw_real)(sum / (double)d) : 0;
        const sw_real slope = (sw_real)(along / (double)d);
        for (size_t j = 0; j < d; j++) dy[j] = s * (dy[j] - mean - (x[j] - from) * s * slope);
    }
}
