/* optimizer_adamw.c: AdamW (Loshchilov and Hutter 2019), as PyTorch has it:
 *   m <- beta1 m + (1 - beta1) g,  v <- beta2 v + (1 - beta2) g^2,
 *   w <- w - lr wd w - lr (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon),
 * one pass over memory. */
#include "nn/kernels.h"
#include "nn/optimizer.h"

#include <float.h>
#include <math.h>

#ifdef SW_REAL_DOUBLE
#define SMALLEST DBL_MIN
#define GRADIENT_SCALE 1.0
#else
#define SMALLEST FLT_MIN
/* v is kept as the mean of (2^32 g)^2. Unscaled, g^2 underflows below 1e-19; scaled it holds for gradients from 1e-27
 * to 4e9. A power of two: no other digit changes. */
#define GRADIENT_SCALE 0x1p32f
#endif

typedef struct adamw_factors {
    sw_real beta1, rest1, beta2, rest2; /* rest = 1 - beta */
    sw_real decay;                      /* lr wd */
    sw_real step;                       /* lr / (1 - beta1^t) */
    sw_real root;                       /* 1 / (GRADIENT_SCALE sqrt(1 - beta2^t)) */
    sw_real epsilon;
} adamw_factors;

/* Arithmetic on subnormal numbers is slow, and means of weights without gradient would decay to them and stay: below
 * the smallest normal number m becomes 0, and v stays at that number, so that a gradient whose square underflows is
 * divided by something (3e-29 in float) however small epsilon is. NaN stays. */
SW_MULTIVERSION
static void adamw(sw_real *restrict w, sw_real *restrict m, sw_real *restrict v, const sw_real *restrict g, size_t n,
                  adamw_factors f)
{
    for (size_t i = 0; i < n; i++) {
        sw_real scaled = g[i] * (sw_real)GRADIENT_SCALE;
        sw_real mean = f.beta1 * m[i] + f.rest1 * g[i];
        sw_real square = f.beta2 * v[i] + f.rest2 * (scaled * scaled);
        mean = mean < SMALLEST && mean > -SMALLEST ? 0 : mean;
        square = square < SMALLEST ? SMALLEST : square;
        m[i] = mean;
        v[i] = square;
#ifdef SW_REAL_DOUBLE
        sw_real root = sqrt(square);
#else
        sw_real root = sqrtf(square);
#endif
        w[i] -= f.decay * w[i] + f.step * mean / (root * f.root + f.epsilon);
    }
}

void sw_adamw_range(sw_optimizer *optimizer, int64_t t, sw_real *parameters, const sw_real *gradient, size_t offset,
                    size_t n)
{
    const sw_optimizer_config *config = &optimizer->config;
    double rate = sw_optimizer_learning_rate(config, optimizer->total_steps, t);
    const adamw_factors factors = {
        .beta1 = (sw_real)config->beta1,
        .rest1 = (sw_real)(1 - config->beta1),
        .beta2 = (sw_real)config->beta2,
        .rest2 = (sw_real)(1 - config->beta2),
        .decay = (sw_real)(rate * config->weight_decay),
        .step = (sw_real)(rate / (1 - pow(config->beta1, (double)t))),
        .root = (sw_real)(1 / ((double)GRADIENT_SCALE * sqrt(1 - pow(config->beta2, (double)t)))),
        .epsilon = (sw_real)config->epsilon,
    };
    adamw(parameters + offset, optimizer->first + offset, optimizer->second + offset, gradient + offset, n, factors);
}

static void update(sw_optimizer *optimizer, int64_t t, sw_real *parameters, sw_real *gradient)
{
    sw_adamw_range(optimizer, t, parameters, gradient, 0, optimizer->parameters);
}

const sw_optimizer_method sw_method_adamw = {.pieces = 2, .update = update};
