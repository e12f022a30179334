/* optimizer_filter.c: what happens to a gradient before the update. Norms and dot products are summed in double. */
#include "nn/kernels.h"
#include "nn/optimizer.h"

#include <float.h>
#include <math.h>

SW_MULTIVERSION
static void scale(sw_real *g, size_t n, sw_real factor)
{
    for (size_t i = 0; i < n; i++) g[i] *= factor;
}

SW_MULTIVERSION
static double dot(const sw_real *x, const sw_real *y, size_t n)
{
    enum { LANES = 8 };
    double lane[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (size_t j = 0; j < LANES; j++) lane[j] += (double)x[i + j] * (double)y[i + j];
    for (size_t j = 0; i < n; i++, j++) lane[j] += (double)x[i] * (double)y[i];
    for (size_t half = LANES / 2; half > 0; half /= 2)
        for (size_t j = 0; j < half; j++) lane[j] += lane[j + half];
    return lane[0];
}

void sw_clip_gradient(sw_real *g, size_t n, double largest)
{
    double factor = largest / (sw_blas_norm(g, n) + 1e-6);
    if (!(factor >= 1)) /* a NaN goes on into the gradient */
        scale(g, n, (sw_real)factor);
}

SW_MULTIVERSION
static void average(sw_real *restrict g, sw_real *restrict slow, size_t n, sw_real alpha, sw_real rest, sw_real lambda)
{
    for (size_t i = 0; i < n; i++) {
        slow[i] = alpha * slow[i] + rest * g[i];
        g[i] += lambda * slow[i];
    }
}

void sw_grokfast_filter(sw_real *g, sw_real *slow, size_t n, double alpha, double lambda, bool first)
{
    average(g, slow, n, (sw_real)alpha, (sw_real)(first ? 1 : 1 - alpha), (sw_real)lambda); /* slow is 0 at first */
}

SW_MULTIVERSION
static void subtract(sw_real *restrict g, const sw_real *restrict w, size_t n, double factor)
{
    for (size_t i = 0; i < n; i++) g[i] = (sw_real)((double)g[i] - factor * (double)w[i]);
}

void sw_orthogonalize_gradient(sw_real *g, const sw_real *w, size_t n)
{
    double length = dot(w, w, n), before = sqrt(dot(g, g, n));
    if (length == 0) return;
    subtract(g, w, n, dot(w, g, n) / length);
    double after = sqrt(dot(g, g, n));
    /* A gradient along the weights leaves nothing but rounding errors, which must not be blown up to its norm. */
    const double rounding = sizeof(sw_real) == sizeof(float) ? 4 * FLT_EPSILON : 4 * DBL_EPSILON;
    scale(g, n, (sw_real)(after <= rounding * before ? 0 : before / after));
}
