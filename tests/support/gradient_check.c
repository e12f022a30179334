/* gradient_check.c: a gradient against central differences. */
#include "gradient_check.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>

static double central_difference(double (*value)(void *context), void *context, double *w) {
    double kept = *w, h = cbrt(DBL_EPSILON) * fmax(1, fabs(kept));
    double above = kept + h, below = kept - h;
    *w = above;
    double up = value(context);
    *w = below;
    double down = value(context);
    *w = kept;
    return (up - down) / (above - below);
}

int sw_check_gradient(const char *name, double (*value)(void *context), void *context, double *parameters,
                      const double *gradient, size_t n, double tolerance) {
    double largest = 0;
    for (size_t i = 0; i < n; i++) largest = fmax(largest, fabs(gradient[i]));
    double allowed = tolerance * (largest + 1e-4 * fabs(value(context)));
    int bad = 0;
    size_t worst = 0;
    double worst_quotient = 0, worst_error = 0;
    for (size_t i = 0; i < n; i++) {
        double quotient = central_difference(value, context, &parameters[i]);
        double error = fabs(quotient - gradient[i]);
        if (error <= allowed) continue;
        bool worse = isnan(error) || error > worst_error;
        if (bad++ == 0 || worse) {
            worst = i;
            worst_quotient = quotient;
            worst_error = isnan(error) ? INFINITY : error;
        }
    }
    if (bad && name)
        fprintf(stderr,
                "%s: %d of %zu entries are wrong, the worst %zu: gradient %.12g, central difference %.12g, "
                "allowed %.3g\n",
                name, bad, n, worst, gradient[worst], worst_quotient, allowed);
    return bad;
}
