/* sharpness.c: the largest eigenvalues of the train loss's Hessian, and its trace. */
#include "measure/instrument.h"
#include "measure/landscape.h"

typedef struct sharpness {
    sw_real *basis;   /* [SW_LANCZOS_STEPS, P] */
    sw_real *product; /* [P] */
} sharpness;

static int64_t every(const sw_run_config *config) { return config->measure.sharpness_every; }

static sw_status create(void *state, const sw_evaluation *of) {
    sharpness *s = state;
    const size_t parameters = sw_model_parameter_count(of->probe->model);
    s->basis = sw_arena_alloc(of->arena, SW_LANCZOS_STEPS * parameters, sizeof *s->basis);
    s->product = sw_arena_alloc(of->arena, parameters, sizeof *s->product);
    return s->basis && s->product ? SW_OK : SW_E_MEMORY;
}

static double memory(const sw_run_config *config, const sw_task *shape) {
    return (SW_LANCZOS_STEPS + 1.0) * (double)sw_instrument_parameters(config, shape) * sizeof(sw_real);
}

static sw_status evaluate(float *value, void *state, const sw_evaluation *of) {
    const sharpness *s = state;
    const sw_landscape landscape = sw_instrument_landscape(of);
    const int32_t count = of->config->measure.sharpness_eigenvalues;
    double top[SW_EIGENVALUES_MAX], trace, error;
    const sw_status status =
        sw_landscape_hessian(top, count, &trace, &error, &landscape, s->basis, sw_model_parameters(of->probe->model),
                             sw_model_gradient(of->probe->model), s->product);
    if (status != SW_OK) return status;
    for (int32_t k = 0; k < count; k++) value[SW_METRIC_HESSIAN_TOP_1 + k] = (float)top[k];
    value[SW_METRIC_HESSIAN_TRACE] = (float)trace;
    value[SW_METRIC_HESSIAN_TRACE_ERROR] = (float)error;
    return SW_OK;
}

const sw_instrument sw_instrument_sharpness = {
    .size = sizeof(sharpness),
    .probes = true,
    .every = every,
    .create = create,
    .evaluate = evaluate,
    .memory = memory,
};
