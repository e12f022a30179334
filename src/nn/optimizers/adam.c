/* adam.c: Adam (Kingma and Ba 2015) with L2 regularization, as PyTorch has it: g <- g + wd w, then the step of AdamW
 * without decay (adamw.c). */
#include "nn/kernels.h"
#include "nn/optimizers/adamw.h"

static void update(sw_optimizer *optimizer, int64_t t, double schedule, sw_real *parameters, sw_real *gradient) {
    for (size_t i = 0; i < optimizer->span_count; i++) {
        const sw_optimizer_span *span = &optimizer->spans[i];
        const double decay = sw_optimizer_decay(optimizer, span);
        if (decay > 0) sw_kernel->axpy(gradient + span->offset, (sw_real)decay, parameters + span->offset, span->count);
    }
    const sw_optimizer_span all = {.count = optimizer->parameters};
    sw_adamw_range(optimizer, t, schedule, parameters, gradient, &all);
}

const sw_optimizer_method sw_optimizer_adam = {.update = update};
