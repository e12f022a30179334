/* task_create.c: a whole task: its table, and the symmetries of the table. */
#include "tasks/automorphism.h"
#include "tasks/task.h"

sw_status sw_task_create(sw_task **out, const sw_task_config *config, const sw_model_config *model,
                         uint32_t data_seed) {
    sw_status status = sw_task_create_table(out, config, model, data_seed);
    if (status == SW_OK) status = sw_automorphism_attach(*out);
    if (status == SW_OK) return SW_OK;
    sw_task_destroy(*out);
    *out = NULL;
    return status;
}

void sw_task_destroy(sw_task *task) {
    if (task == NULL) return;
    sw_automorphism_release(task);
    sw_task_destroy_table(task);
}
