/* curves.h: losses, accuracies, margins and weight norms. */
#ifndef SW_MEASURE_CURVES_H
#define SW_MEASURE_CURVES_H

#include "symsweep/arena.h"
#include "symsweep/nn.h"
#include "symsweep/record.h"
#include "symsweep/task.h"

typedef struct sw_curves {
    const sw_task *task;
    const int8_t *split; /* [N] */
    sw_loss_kind loss_kind;
    int8_t *underived;      /* [N] 1 = test input whose label does not follow through the weighted families */
    sw_real *loss, *margin; /* [N] */
    int32_t *argmax;        /* [N] */
    size_t train_inputs, test_inputs;
    int64_t unmirrored_inputs; /* -1 = the task has no mirrors */
    int64_t underived_inputs;
} sw_curves;

sw_status sw_curves_create(sw_curves *out, const sw_run_config *config, const sw_task *task, const int8_t *split,
                           sw_arena *arena) SW_MUST_CHECK;

/* Into value[SW_METRIC_COUNT], from the logits [N, C] of the whole table and the model's parameters. */
void sw_curves_fill(float *value, sw_curves *curves, const sw_real *logits, sw_model *model);

#endif
