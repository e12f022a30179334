/* parity.c: bits -> the parity of the first `relevant` of them, the others are distractors: sparse parity (Barak et
 * al., "Hidden Progress in Deep Learning", NeurIPS 2022; there the relevant bits are hidden among the others). */
#include "tasks/task.h"

enum { BITS_MOST = SW_OPERANDS_MAX };

static sw_status validate(const sw_task_config *config) {
    if (config->bits < 2 || config->bits > BITS_MOST)
        return sw_fail(SW_E_CONFIG, "task.bits: expected 2 to %d, found %d", BITS_MOST, config->bits);
    if (config->relevant < 1 || config->relevant > config->bits)
        return sw_fail(SW_E_CONFIG, "task.relevant: expected 1 to task.bits = %d, found %d", config->bits,
                       config->relevant);
    return SW_OK;
}

static sw_status shape(sw_task *task, const sw_task_config *config) {
    task->operands = config->bits;
    task->entities = task->classes = 2;
    task->closed = config->bits == 2;
    return SW_OK;
}

static sw_status fill(sw_task *task, int32_t *operand) {
    const size_t width = (size_t)task->operands;
    for (size_t i = 0; i < task->inputs; i++) {
        int32_t ones = 0;
        for (int32_t k = 0; k < task->config.relevant; k++) ones += operand[i * width + (size_t)k];
        task->true_label[i] = ones % 2;
    }
    return SW_OK;
}

const sw_task_kind sw_task_parity = {.validate = validate, .shape = shape, .fill = fill};
