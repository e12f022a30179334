/* run.c: everything that a run trains with, made from its configuration. */
#include "train/run.h"

#include "symsweep/changes.h"

#include <stdlib.h>

/* The tensors that the run takes from a snapshot. */
static sw_status begin_at(sw_model *model, const sw_start_config *start) {
    size_t count = 0;
    const sw_tensor *tensors = sw_model_tensors(model, &count);
    const float *values = start->values;
    if (!start->file[0]) return SW_OK;
    if (!values) return sw_fail(SW_E_CONFIG, "model.start: its parameters were not read");
    for (size_t i = 0; i < count; i++) {
        const size_t n = (size_t)(tensors[i].shape[0] * tensors[i].shape[1]);
        sw_real *w = sw_model_parameters(model) + tensors[i].offset;
        if (!sw_run_starts_with(start, tensors[i].name)) continue;
        for (size_t k = 0; k < n; k++) w[k] = (sw_real)*values++;
    }
    return SW_OK;
}

sw_status sw_train_create_model(sw_model **model, sw_optimizer **optimizer, const sw_run_config *config,
                                const sw_task *task, const sw_objective *objective) {
    sw_run_config widest; /* what the optimizer needs at any time */
    sw_changes_widest(&widest, config, SW_CHANGES_ALL);
    const sw_model_shape shape = {task->vocabulary, task->entities, task->tokens, task->classes};
    sw_status status = sw_model_create(model, &config->model, &shape, sw_objective_max_rows(objective));
    if (status != SW_OK) return status;
    sw_model_initialize(*model, config->seed);
    status = begin_at(*model, &config->start);
    if (status != SW_OK) return status;
    size_t count = 0;
    const sw_tensor *tensors = sw_model_tensors(*model, &count);
    return sw_optimizer_create(optimizer, &widest.optimizer, config->steps, tensors, count,
                               sw_model_parameter_count(*model));
}

sw_status sw_train_update(sw_optimizer *optimizer, sw_model *model, const sw_run_config *config, int64_t t) {
    sw_status status = SW_OK;
    if (config->changes.count > 0) {
        sw_run_config now;
        sw_changes_made(&now, config, t - 1);
        status = sw_optimizer_change(optimizer, &now.optimizer, sw_changes_frozen(config, t - 1));
    }
    if (status == SW_OK) sw_optimizer_step(optimizer, t, sw_model_parameters(model), sw_model_gradient(model));
    return status;
}

sw_status sw_run_create(sw_run *run) {
    const sw_run_config *config = &run->config;
    sw_status status = sw_task_create(&run->task, &config->task, &config->model, config->data_seed);
    if (status != SW_OK) return status;
    run->split = malloc(run->task->inputs);
    if (!run->split) return sw_fail(SW_E_MEMORY, "out of memory");
    if (sw_task_split(run->split, run->task, config) == 0) return SW_E_MEMORY;
    status = sw_task_add_noise(run->task, run->split, config->data_seed);
    if (status == SW_OK) status = sw_objective_create(&run->objective, config, run->task, run->split);
    if (status == SW_OK)
        status = sw_train_create_model(&run->model, &run->optimizer, config, run->task, run->objective);
    size_t bytes = 0;
    void *spare = status == SW_OK ? sw_model_spare(run->model, &bytes) : NULL;
    if (status == SW_OK) status = sw_measure_create(&run->measure, config, run->task, run->split, spare, bytes);
    if (status != SW_OK || !run->checkpoint.keep) return status;
    run->carried_before = malloc(sw_measure_state_bytes(run->measure) + 1);
    return run->carried_before ? SW_OK : sw_fail(SW_E_MEMORY, "out of memory for a checkpoint");
}

void sw_run_release(sw_run *run) {
    free(run->carried_before);
    sw_unacknowledged_clear(&run->unacknowledged);
    sw_measure_destroy(run->measure);
    sw_optimizer_destroy(run->optimizer);
    sw_model_destroy(run->model);
    sw_objective_destroy(run->objective);
    free(run->split);
    sw_task_destroy(run->task);
}
