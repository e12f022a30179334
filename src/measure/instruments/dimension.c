/* dimension.c: how many dimensions the centred embedding takes, from its singular values. */
#include "measure/instrument.h"

#include <math.h>

/* -q ln q, 0 at 0. */
static double entropy_term(double q) { return q > 0 ? -q * log(q) : 0; }

static sw_status evaluate(float *value, void *state, const sw_evaluation *of) {
    (void)state;
    const sw_spectrum *s = &of->spectrum;
    double variance = sw_spectrum_variance(s), nuclear = 0;
    for (int32_t i = 0; i < s->rank; i++) nuclear += s->singular[i];
    value[SW_METRIC_NUCLEAR_NORM] = (float)nuclear;
    if (!(variance > 0)) return SW_OK;

    int dimension = 0;
    double entropy = 0, entropy_variance = 0, fourth = 0;
    for (int32_t i = 0; i < s->rank; i++) {
        double sigma = s->singular[i], share = sigma * sigma / variance;
        if (share > 0.01) dimension++;
        entropy += entropy_term(sigma / nuclear);
        entropy_variance += entropy_term(share);
        fourth += share * share;
    }
    value[SW_METRIC_EFFECTIVE_DIMENSION] = (float)dimension;
    value[SW_METRIC_EFFECTIVE_RANK] = (float)exp(entropy);
    value[SW_METRIC_EFFECTIVE_RANK_VARIANCE] = (float)exp(entropy_variance);
    value[SW_METRIC_PARTICIPATION_RATIO] = (float)(1 / fourth);
    value[SW_METRIC_STABLE_RANK] = (float)(variance / (s->singular[0] * s->singular[0]));
    return SW_OK;
}

const sw_instrument sw_instrument_dimension = {.evaluate = evaluate};
