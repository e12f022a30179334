/* tensors.c: the tensors of a run's model, and names that stand for them. */
#include "plan/tensors.h"

#include "symsweep/changes.h"
#include "symsweep/task.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

sw_status sw_plan_tensors(sw_tensor **out, size_t *count, const sw_run_config *config) {
    sw_task task;
    *out = NULL;
    *count = 0;
    sw_status status = sw_task_describe(&task, &config->task, &config->model);
    if (status != SW_OK) return status;
    const sw_model_shape shape = {
        .vocabulary = task.vocabulary, .entities = task.entities, .tokens = task.tokens, .classes = task.classes};
    *count = sw_model_layout(NULL, 0, &config->model, &shape, NULL);
    *out = calloc(*count, sizeof **out);
    if (!*out) return sw_fail(SW_E_MEMORY, "%zu tensors", *count);
    sw_model_layout(*out, *count, &config->model, &shape, NULL);
    return SW_OK;
}

bool sw_plan_unknown_tensor(char out[SW_TENSOR_NAMES_MAX], const char **names, const sw_tensor *tensors, size_t count) {
    while (**names) {
        const size_t length = strcspn(*names, " ");
        bool found = false;
        snprintf(out, SW_TENSOR_NAMES_MAX, "%.*s", (int)length, *names);
        for (size_t i = 0; i < count && !found; i++) found = sw_changes_names_tensor(out, tensors[i].name);
        *names += length + ((*names)[length] == ' ');
        if (!found) return true;
    }
    return false;
}
