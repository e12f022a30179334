/* landscape.h: the shape of a loss L around a point w*: the local learning coefficient, the largest eigenvalues of its
 * Hessian, and its trace. Knows no model: a function gives L and its gradient anywhere. */
#pragma once

#include "symsweep/measure.h"

#include <stddef.h>

/* L(w), and its gradient in gradient[parameters] (assigned). */
typedef double (*sw_landscape_loss)(void *context, const sw_real *w, sw_real *gradient);

typedef struct sw_landscape {
    size_t parameters;
    const sw_real *center; /* [parameters] w* */
    sw_landscape_loss loss;
    /* asked before every gradient; anything but SW_OK ends the measurement with it. NULL = nobody asks */
    sw_status (*go_on)(void *context);
    void *context;
    uint32_t seed; /* of the draws, stream LANDSCAPE ... */
    uint64_t step; /* ... and where they begin: those of one step and of another are apart */
} sw_landscape;

/* Local learning coefficient of Lau et al. 2023 (arXiv 2308.12108) by stochastic gradient Langevin dynamics with the
 * gradient of the whole train set. Each chain starts at w* and repeats
 *     w <- w - epsilon / 2 [n beta grad L(w) + gamma (w - w*)] + sqrt(epsilon) N(0, 1),   n beta = n / ln n,
 * and with the mean over the draws after burn_in
 *     lambda = n beta (mean L(w) - L(w*)).
 * It depends on epsilon and gamma: compare it between states, not with theory. */
typedef struct sw_llc_spec {
    int32_t chains, draws, burn_in;
    double epsilon, gamma;
    size_t n; /* train inputs */
} sw_llc_spec;

/* *llc: mean of lambda over chains; *error: its standard error over chains (NaN of one chain); trace[stretches]: n beta
 * (L(w) - L(w*)) averaged over chains and over equal stretches of burn-in and draws. A chain that leaves the finite
 * numbers makes them NaN. w, gradient [parameters]: working space. Number `i` of draw d (from 0, burn-in among them) of
 * chain c is normal number i % 4 of (seed, LANDSCAPE, step 2^24 + c 2^16 + d, i / 4). */
sw_status sw_landscape_llc(double *llc, double *error, float *trace, size_t stretches, const sw_landscape *landscape,
                           const sw_llc_spec *spec, sw_real *w, sw_real *gradient) SW_MUST_CHECK;

/* top[count]: the largest eigenvalues of the Hessian at w*, the largest first, by at most SW_LANCZOS_STEPS steps of
 * Lanczos with full reorthogonalization; until their residuals are below 1 % of the largest magnitude. *trace: the mean
 * of z^T H z over SW_HESSIAN_PROBES random signs z (Hutchinson 1990), *error its standard error. H v is a central
 * difference of two gradients, |h v| = |w*| / 1024. basis [SW_LANCZOS_STEPS, parameters]; w, gradient, product
 * [parameters]: working space. NaN where a gradient is not finite; an eigenvalue beyond the number of parameters is NaN
 * too. */
sw_status sw_landscape_hessian(double *top, int32_t count, double *trace, double *error, const sw_landscape *landscape,
                               sw_real *basis, sw_real *w, sw_real *gradient, sw_real *product) SW_MUST_CHECK;
