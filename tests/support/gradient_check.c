/* gradient_check.c: central differences. */
#include "gradient_check.h"

#include <float.h>
#include <math.h>
#include <stdio.h>

int sw_check_gradient(const char *name, double (*value)(void *context), void *context, double *parameters,
                      const double *gradient, size_t n, double tolerance) {
    int bad = 0;
    size_t worst = 0;
    double worst_error = -1, worst_quotient = 0;
    for (size_t i = 0; i < n; i++) {
        double w = parameters[i], h = cbrt(DBL_EPSILON) * fmax(1, fabs(w));
        parameters[i] = w + h;
        double above = value(context);
        parameters[i] = w - h;
        double below = value(context);
        parameters[i] = w;
        double quotient = (above - below) / (2 * h), error = fabs(quotient - gradient[i]) / fmax(1, fabs(quotient));
        if (!(error <= tolerance)) {
            bad++;
            if (!(error <= worst_error)) {
                worst = i;
                worst_error = error;
                worst_quotient = quotient;
            }
        }
    }
    if (bad && name)
        fprintf(stderr, "%s: %d of %zu entries differ; worst [%zu]: gradient %.12g, difference quotient %.12g\n", name,
                bad, n, worst, gradient[worst], worst_quotient);
    return bad;
}
