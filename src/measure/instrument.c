/* instrument.c: which instruments a run has, and where each metric applies. */
#include "measure/instrument.h"
#include "measure/matchings.h"
#include "measure/regular.h"

#include "symsweep/measure.h"

#include <assert.h>

#define M(...)
#define INSTRUMENT(name) extern const sw_instrument sw_instrument_##name;
#include "symsweep/metrics.def"

const sw_instrument *const sw_instruments[SW_INSTRUMENT_COUNT] = {
#define INSTRUMENT(name) &sw_instrument_##name,
#include "symsweep/metrics.def"
};
#undef M

sw_status sw_instrument_go_on(const sw_evaluation *of) {
    if (of->keep_going == NULL || of->keep_going(of->context)) return SW_OK;
    return sw_fail(SW_E_INTERRUPTED, "stopped in the measures of step %lld", (long long)of->step);
}

size_t sw_instrument_parameters(const sw_run_config *config, const sw_task *task) {
    const sw_model_shape shape = sw_instrument_model_shape(task);
    size_t parameters = 0;
    sw_model_layout(NULL, 0, &config->model, &shape, &parameters);
    return parameters;
}

static double train_loss(void *context, const sw_real *w, sw_real *gradient) {
    sw_probe *probe = ((const sw_evaluation *)context)->probe;
    assert(w == sw_model_parameters(probe->model) && gradient == sw_model_gradient(probe->model));
    (void)w, (void)gradient;
    return sw_probe_train_loss(probe);
}

static sw_status go_on(void *context) { return sw_instrument_go_on(context); }

sw_landscape sw_instrument_landscape(const sw_evaluation *of) {
    return (sw_landscape){.parameters = sw_model_parameter_count(of->model),
                          .center = sw_model_parameters(of->model),
                          .loss = train_loss,
                          .go_on = go_on,
                          .context = (void *)of,
                          .seed = of->config->seed,
                          .step = (uint64_t)of->step};
}

/* ---- scopes: from the configuration and the shape of its task alone ---- */

#define SCOPE(name, condition)                                                                                         \
    static bool name(const sw_run_config *config, const sw_task *task) {                                               \
        (void)config, (void)task;                                                                                      \
        return condition;                                                                                              \
    }

SCOPE(always, true)
SCOPE(transformer, config->model.kind == SW_MODEL_TRANSFORMER)
SCOPE(untied, config->model.unembedding == SW_UNEMBEDDING_UNTIED)
SCOPE(normalized, config->model.normalization != SW_NORMALIZATION_NONE)
SCOPE(fourier, sw_modes_lines(task) > 0)
SCOPE(circular, task->order > sw_modes_self_inverse(task))
SCOPE(graph, config->task.kind == SW_TASK_GRAPH)
SCOPE(triangle, sw_families[SW_FAMILY_TRIANGLE]->applies(&config->task))
SCOPE(comparison, config->task.kind == SW_TASK_COMPARISON)
SCOPE(second_attribute, config->task.kind == SW_TASK_COMPARISON && config->task.side_count > 1)
SCOPE(third_attribute, config->task.kind == SW_TASK_COMPARISON && config->task.side_count > 2)
SCOPE(llc, config->measure.llc_every > 0)
#define SHARPNESS(k)                                                                                                   \
    SCOPE(eigenvalue_##k, config->measure.sharpness_every > 0 && config->measure.sharpness_eigenvalues >= k)
SHARPNESS(1)
SHARPNESS(2)
SHARPNESS(3)
SHARPNESS(4)
SCOPE(kernel, config->measure.kernel_every > 0)
SCOPE(circulant, config->measure.kernel_every > 0 && task->order > 0 && sw_matchings_apply(task))
SCOPE(product, config->measure.circuits_every > 0 && sw_regular_applies(task))
SCOPE(modular_add, config->task.kind == SW_TASK_MODULAR && config->task.operation == SW_OP_ADD)

/* The rows of metrics.def: an instrument, or one of the metrics of the instrument above. */
static const struct {
    const sw_instrument *instrument;
    bool (*applies)(const sw_run_config *config, const sw_task *task);
} rows[] = {
#define INSTRUMENT(name) {.instrument = &sw_instrument_##name},
#define M(ENUM, scope, ...) {.applies = scope},
#include "symsweep/metrics.def"
#undef M
};
enum { ROW_COUNT = sizeof rows / sizeof rows[0] };

/* Does a family that applies have the metric? */
static bool family_has(const sw_family *family, int metric) {
    switch (metric) {
    case SW_FAMILY_AGREEMENT_WRONG:
    case SW_FAMILY_AGREEMENT_CHANCE:
    case SW_FAMILY_WRONG_TUPLES: return family->compare == SW_COMPARE_SYMMETRIC_KL;
    default: return true;
    }
}

void sw_instrument_applicable(bool applies[SW_INSTRUMENT_COUNT], const sw_run_config *config, const sw_task *shape) {
    int i = -1;
    for (int r = 0; r < ROW_COUNT; r++)
        if (rows[r].instrument != NULL)
            applies[++i] = rows[r].instrument->families;
        else
            applies[i] = applies[i] || rows[r].applies(config, shape);
}

sw_status sw_measure_applicable(bool mask[SW_METRIC_COUNT], const sw_run_config *config) {
    sw_task task;
    sw_status status = sw_task_describe(&task, &config->task, &config->model);
    if (status != SW_OK) return status;
    int m = 0;
    for (int r = 0; r < ROW_COUNT; r++)
        if (rows[r].applies != NULL) mask[m++] = rows[r].applies(config, &task);
    for (int f = 0; f < SW_FAMILY_COUNT; f++)
        for (int k = 0; k < SW_FAMILY_METRIC_COUNT; k++)
            mask[m++] = sw_families[f]->applies(&config->task) && family_has(sw_families[f], k);
    return SW_OK;
}
