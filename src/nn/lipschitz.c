/* lipschitz.c: how far logits move when one token is exchanged for another, against how far their embeddings
 * lie apart. Sums in double. */
#include "nn/kernels.h"
#include "symsweep/nn.h"

#include <assert.h>

double sw_lipschitz_prior(const sw_lipschitz_pair *pairs, size_t count, double bound, const sw_real *logits,
                          int32_t classes, const sw_real *E, int32_t d, double weight, sw_real *dlogits, sw_real *dE) {
    assert(count > 0);
    double sum = 0, share = weight / (double)count;
    for (size_t i = 0; i < count; i++) {
        size_t z = (size_t)pairs[i].row[0] * (size_t)classes, z2 = (size_t)pairs[i].row[1] * (size_t)classes;
        size_t a = (size_t)pairs[i].token[0] * (size_t)d, a2 = (size_t)pairs[i].token[1] * (size_t)d;
        double moved = sw_kernel->squared_distance(logits + z, logits + z2, (size_t)classes);
        double apart = sw_kernel->squared_distance(E + a, E + a2, (size_t)d) + 1e-6;
        double above = moved / apart - bound * bound;
        if (above <= 0) continue;
        sum += above; /* NaN too */
        if (dlogits)
            sw_kernel->push_apart(dlogits + z, dlogits + z2, logits + z, logits + z2, (size_t)classes,
                                  2 * share / apart);
        if (dE) sw_kernel->push_apart(dE + a, dE + a2, E + a, E + a2, (size_t)d, -2 * share * moved / (apart * apart));
    }
    return sum / (double)count;
}
