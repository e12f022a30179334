/* adamw.c: AdamW (Loshchilov and Hutter 2019), as PyTorch has it:
 *   m <- beta1 m + (1 - beta1) g,  v <- beta2 v + (1 - beta2) g^2,
 *   w <- w - lr wd w - lr (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon),
 * the mean v being kept scaled (SW_ADAMW_GRADIENT_SCALE). */
#include "nn/optimizers/adamw.h"
#include "nn/kernels.h"

#include <math.h>

void sw_adamw_range(sw_optimizer *optimizer, int64_t t, double schedule, sw_real *parameters, const sw_real *gradient,
                    const sw_optimizer_span *span) {
    const size_t offset = span->offset;
    const sw_optimizer_config *config = &optimizer->config;
    double rate = config->learning_rate * schedule;
    const sw_adamw_factors factors = {
        .beta1 = (sw_real)config->beta1,
        .rest1 = (sw_real)(1 - config->beta1),
        .beta2 = (sw_real)config->beta2,
        .rest2 = (sw_real)(1 - config->beta2),
        .decay = (sw_real)(rate * sw_optimizer_decay(optimizer, span)),
        .step = (sw_real)(rate / (1 - pow(config->beta1, (double)t))),
        .root = (sw_real)(1 / ((double)SW_ADAMW_GRADIENT_SCALE * sqrt(1 - pow(config->beta2, (double)t)))),
        .epsilon = (sw_real)config->epsilon,
    };
    sw_kernel->adamw(parameters + offset, optimizer->first + offset, optimizer->second + offset, gradient + offset,
                     span->count, &factors);
}

static void update(sw_optimizer *optimizer, int64_t t, double schedule, sw_real *parameters, sw_real *gradient) {
    for (size_t i = 0; i < optimizer->span_count; i++)
        sw_adamw_range(optimizer, t, schedule, parameters, gradient, &optimizer->spans[i]);
}

const sw_optimizer_method sw_optimizer_adamw = {.update = update};
