/* prior.c: what the priors cost a step, from priors.def. */
#include "symsweep/nn.h"

size_t sw_prior_rows(sw_prior_id id, const sw_prior_config *config) {
    switch (id) {
#define PRIOR(ENUM, name, meaning)
#define COSTS(ENUM, rows, flops)                                                                                       \
    case SW_PRIOR_##ENUM:                                                                                              \
        return (size_t)(rows);
#include "symsweep/priors.def"
#undef COSTS
    default: return 0;
    }
}

double sw_prior_flops(sw_prior_id id, const sw_prior_config *config, double svd) {
    switch (id) {
#define COSTS(ENUM, rows, flops)                                                                                       \
    case SW_PRIOR_##ENUM:                                                                                              \
        return (flops);
#include "symsweep/priors.def"
#undef PRIOR
    default: return 0;
    }
}
