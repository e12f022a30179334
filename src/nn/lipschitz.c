/* lipschitz.c: how far logits move when one token is exchanged for another, against how far their embeddings
 * lie apart. Sums in double. */
#include "nn/kernels.h"
#include "symsweep/nn.h"

#include <assert.h>
#include <math.h>

SW_MULTIVERSION
static double squared_distance(const sw_real *x, const sw_real *y, size_t n)
{
    enum { LANES = 8 };
    double lane[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (size_t j = 0; j < LANES; j++) {
            double difference = (double)x[i + j] - (double)y[i + j];
            lane[j] += difference * difference;
        }
    for (size_t j = 0; i < n; i++, j++) lane[j] += ((double)x[i] - (double)y[i]) * ((double)x[i] - (double)y[i]);
    for (size_t half = LANES / 2; half > 0; half /= 2)
        for (size_t j = 0; j < half; j++) lane[j] += lane[j + half];
    return lane[0];
}

/* d/dx and d/dy of factor / 2 |x - y|^2: dx += factor (x - y), dy -= factor (x - y). */
SW_MULTIVERSION
static void push_apart(sw_real *dx, sw_real *dy, const sw_real *x, const sw_real *y, size_t n, double factor)
{
    for (size_t i = 0; i < n; i++) {
        sw_real push = (sw_real)(factor * ((double)x[i] - (double)y[i]));
        dx[i] += push;
        dy[i] -= push;
    }
}

double sw_lipschitz_prior(const sw_lipschitz_pair *pairs, size_t count, double bound, const sw_real *logits,
                          int32_t classes, const sw_real *E, int32_t d, double weight, sw_real *dlogits, sw_real *dE)
{
    assert(count > 0);
    double sum = 0, share = weight / (double)count;
    for (size_t i = 0; i < count; i++) {
        size_t z = (size_t)pairs[i].row[0] * (size_t)classes, z2 = (size_t)pairs[i].row[1] * (size_t)classes;
        size_t a = (size_t)pairs[i].token[0] * (size_t)d, a2 = (size_t)pairs[i].token[1] * (size_t)d;
        double moved = squared_distance(logits + z, logits + z2, (size_t)classes);
        double apart = squared_distance(E + a, E + a2, (size_t)d) + 1e-6;
        double above = moved / apart - bound * bound;
        if (above <= 0) continue;
        sum += above; /* NaN too */
        if (dlogits) push_apart(dlogits + z, dlogits + z2, logits + z, logits + z2, (size_t)classes, 2 * share / apart);
        if (dE) push_apart(dE + a, dE + a2, E + a, E + a2, (size_t)d, -2 * share * moved / (apart * apart));
    }
    return sum / (double)count;
}
