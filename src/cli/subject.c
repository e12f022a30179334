/* subject.c: a run that is taken through its steps one by one. */
#include "cli/subject.h"

#include "symsweep/plan.h"

#include <stdlib.h>

sw_status sw_subject_create(sw_subject *out, bool trained) {
    const sw_run_config *config = &out->config;
    sw_status status = sw_task_create(&out->task, &config->task, &config->model, config->data_seed);
    if (status != SW_OK) return status;
    const sw_task *task = out->task;
    out->split = malloc(task->inputs);
    if (!out->split) return sw_fail(SW_E_MEMORY, "out of memory");
    if (sw_task_split(out->split, task, config) == 0) return SW_E_MEMORY;
    status = sw_task_add_noise(out->task, out->split, config->data_seed);
    if (status == SW_OK) status = sw_objective_create(&out->objective, config, task, out->split);
    if (status != SW_OK || !(trained || sw_objective_needs_model(out->objective))) return status;

    sw_blas_set_one_thread(); /* the bits of a GEMM depend on the number of threads */
    status = sw_plan_load_start(&out->config);
    if (status != SW_OK) return status;
    return sw_train_create_model(&out->model, &out->optimizer, config, task, out->objective);
}

void sw_subject_release(sw_subject *subject) {
    sw_optimizer_destroy(subject->optimizer);
    sw_model_destroy(subject->model);
    sw_objective_destroy(subject->objective);
    free(subject->split);
    sw_task_destroy(subject->task);
    sw_plan_release_start(&subject->config);
}

sw_status sw_subject_step(sw_subject *subject) {
    double value;
    sw_status status = sw_objective_step(&value, subject->objective, subject->model, ++subject->t);
    return status == SW_OK ? sw_train_update(subject->optimizer, subject->model, &subject->config, subject->t) : status;
}
