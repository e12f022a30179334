/* sgd.c: gradient descent with momentum, as PyTorch has it but with decoupled decay:
 *   b <- momentum b + g,  u = nesterov ? g + momentum b : b,  w <- w - lr wd w - lr u. */
#include "nn/kernels.h"
#include "nn/optimizer.h"

static void update(sw_optimizer *optimizer, int64_t t, double schedule, sw_real *parameters, sw_real *gradient) {
    const sw_optimizer_config *config = &optimizer->config;
    (void)t;
    double rate = config->learning_rate * schedule;
    for (size_t i = 0; i < optimizer->span_count; i++) {
        const sw_optimizer_span *span = &optimizer->spans[i];
        sw_kernel->sgd(parameters + span->offset, optimizer->first + span->offset, gradient + span->offset, span->count,
                       (sw_real)config->momentum, config->nesterov, (sw_real)rate,
                       (sw_real)(rate * sw_optimizer_decay(optimizer, span)));
    }
}

const sw_optimizer_method sw_optimizer_sgd = {.update = update};
