/* table.c: a task from a file, one input a line: its operands, then its label. */
#include "tasks/table_file.h"
#include "tasks/task.h"

#include <string.h>

static sw_status validate(const sw_task_config *config) {
    if (config->file[0] != '\0') return SW_OK;
    return sw_fail(SW_E_CONFIG, "task.file: a table needs the file that lists its inputs");
}

static sw_status read_sizes(sw_table_sizes *out, const sw_task_config *config) {
    sw_table_file file;
    sw_status status = sw_table_file_read(&file, config);
    if (status != SW_OK) return status;
    *out = file.sizes;
    sw_table_file_release(&file);
    return SW_OK;
}

static sw_status shape(sw_task *task, const sw_task_config *config) {
    sw_table_sizes sizes;
    sw_status status = sw_facts_sizes(&sizes, config, read_sizes);
    if (status != SW_OK) return status;
    task->operands = sizes.operands;
    task->entities = sizes.entities;
    task->classes = sizes.classes;
    task->named_alike = sizes.named_alike;
    task->closed = sizes.named_alike && sizes.operands == 2;
    task->inputs = sizes.inputs;
    size_t all = 1; /* combinations of the entities, as far as it takes to know whether the table has them all */
    for (int32_t k = 0; k < sizes.operands && all <= sizes.inputs; k++) all *= (size_t)sizes.entities;
    task->listed = all != sizes.inputs;
    return SW_OK;
}

/* Takes names over; `names` may be NULL. */
static sw_status take_names(char (**out)[SW_TASK_NAME], sw_task *task, char (*names)[SW_TASK_NAME], int32_t count) {
    if (names == NULL) return SW_OK;
    *out = sw_task_alloc(task, (size_t)count, sizeof **out);
    if (*out == NULL) return SW_E_MEMORY;
    memcpy(*out, names, (size_t)count * sizeof **out);
    return SW_OK;
}

static sw_status fill(sw_task *task, int32_t *operand) {
    sw_table_file file;
    sw_status status = sw_table_file_read(&file, &task->config);
    if (status != SW_OK) return status;
    memcpy(operand, file.operand, task->inputs * (size_t)task->operands * sizeof *operand);
    memcpy(task->true_label, file.label, task->inputs * sizeof *task->true_label);
    status = take_names(&task->entity_name, task, file.token_name, task->entities);
    if (status == SW_OK) status = take_names(&task->class_name, task, file.label_name, task->classes);
    sw_table_file_release(&file);
    return status;
}

sw_status sw_table_describe(sw_table_notes *out, const sw_task_config *config) {
    sw_table_file file;
    sw_status status = sw_table_file_read(&file, config);
    if (status == SW_OK) *out = file.notes;
    sw_table_file_release(&file);
    return status;
}

const sw_task_kind sw_task_table = {.validate = validate, .shape = shape, .fill = fill};
