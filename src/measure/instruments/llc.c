/* llc.c: the local learning coefficient of the train loss where the model stands. */
#include "measure/instrument.h"
#include "measure/landscape.h"

static int64_t every(const sw_run_config *config) { return config->measure.llc_every; }

static sw_status evaluate(float *value, void *state, const sw_evaluation *of) {
    const sw_run_config *config = of->config;
    const sw_landscape landscape = sw_instrument_landscape(of);
    const sw_llc_spec spec = {.chains = config->measure.llc_chains,
                              .draws = config->measure.llc_draws,
                              .burn_in = config->measure.llc_burn_in,
                              .epsilon = config->measure.llc_epsilon,
                              .gamma = config->measure.llc_gamma,
                              .n = of->probe->train};
    double llc, error;
    (void)state;
    const sw_status status =
        sw_landscape_llc(&llc, &error, value + SW_VALUE_LLC_TRACE, SW_LENGTH_LLC_TRACE, &landscape, &spec,
                         sw_model_parameters(of->probe->model), sw_model_gradient(of->probe->model));
    value[SW_METRIC_LLC] = (float)llc;
    value[SW_METRIC_LLC_ERROR] = (float)error;
    return status;
}

const sw_instrument sw_instrument_llc = {.probes = true, .every = every, .evaluate = evaluate};
