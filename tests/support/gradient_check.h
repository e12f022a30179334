/* gradient_check.h: a gradient against central differences, in double. */
#pragma once

#include <stddef.h>

/* Compares gradient[n] with (f(w + h) - f(w - h)) / 2h, h = cbrt(eps) max(1, |w|), one parameter at a time; value()
 * computes f from whatever `parameters` hold. An entry is bad when the two differ by more than
 * tolerance * (largest |gradient| + 1e-4 |f|), the second term being the rounding of the quotient itself; NaN is bad.
 * Prints the worst entry when any is bad, unless name is NULL. Returns how many are. The parameters are left as they
 * were. */
int sw_check_gradient(const char *name, double (*value)(void *context), void *context, double *parameters,
                      const double *gradient, size_t n, double tolerance);
