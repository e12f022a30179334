/* normalization.c: layer norm and root mean square norm, forward and backward. With u = (x - mean) s, s the inverse
 * deviation and g the gain:
 *
 *   y = g u + b;  db = sum dy;  dg = sum dy u;  du = dy g;  dx = s (du - mean(du) - u mean(du u))
 *
 * the means over a row; without the two means of x and du for rmsnorm. The loops are kernels. */
#include "nn/normalization.h"
#include "nn/kernels.h"
#include "symsweep/run.h"

void sw_normalization_forward(const sw_normalization *shape, const sw_real *x, const sw_real *gain, const sw_real *bias,
                              sw_real *y, sw_real *statistics) {
    sw_kernel->normalize(shape->kind == SW_NORMALIZATION_LAYERNORM, shape->rows, shape->d, x, gain, bias, y,
                         statistics);
}

void sw_normalization_backward(const sw_normalization *shape, const sw_real *x, const sw_real *gain,
                               const sw_real *statistics, sw_real *dy, sw_real *dgain, sw_real *dbias) {
    sw_kernel->normalize_backward(shape->kind == SW_NORMALIZATION_LAYERNORM, shape->rows, shape->d, x, gain, statistics,
                                  dy, dgain, dbias);
}
