/* optimizer_sgd.c: gradient descent with momentum, as PyTorch has it but with decoupled decay:
 *   b <- momentum b + g,  u = nesterov ? g + momentum b : b,  w <- w - lr wd w - lr u. */
#include "nn/kernels.h"
#include "nn/optimizer.h"

SW_MULTIVERSION
static void sgd(sw_real *restrict w, sw_real *restrict b, const sw_real *restrict g, size_t n, sw_real momentum,
                bool nesterov, sw_real rate, sw_real decay)
{
    sw_real ahead = nesterov ? momentum : 1, now = nesterov ? 1 : 0;
    for (size_t i = 0; i < n; i++) {
        b[i] = momentum * b[i] + g[i];
        w[i] -= decay * w[i] + rate * (now * g[i] + ahead * b[i]);
    }
}

static void update(sw_optimizer *optimizer, int64_t t, sw_real *parameters, sw_real *gradient)
{
    const sw_optimizer_config *config = &optimizer->config;
    double rate = sw_optimizer_learning_rate(config, optimizer->total_steps, t);
    sgd(parameters, optimizer->first, gradient, optimizer->parameters, (sw_real)config->momentum, config->nesterov,
        (sw_real)rate, (sw_real)(rate * config->weight_decay));
}

const sw_optimizer_method sw_method_sgd = {.pieces = 1, .update = update};
