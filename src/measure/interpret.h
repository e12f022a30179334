/* interpret.h: which algorithm for modular addition? The costly measures, of group "interpretability". */
#ifndef SW_MEASURE_INTERPRET_H
#define SW_MEASURE_INTERPRET_H

#include "measure/modes.h"
#include "symsweep/nn.h"
#include "symsweep/task.h"

typedef struct sw_interpret {
    const sw_task *task; /* NULL = the task is not modular addition; nothing below is set */
    const int8_t *split;
    /* restricted and excluded loss; p residues, K <= 5 key frequencies */
    double *by_sum;      /* [p, C] logits averaged over the inputs of one sum */
    double *wave;        /* [2 K, p] cos and sin of the key frequencies */
    double *coefficient; /* [2 K, C] */
    double *key_part;    /* [p, C] what the key frequencies make of the logits, by sum */
    double *row;         /* [C] */
    /* gradient symmetricity */
    sw_model *probe;           /* a copy of the model for `pairs` rows; owned */
    size_t pairs;              /* floor(p / 2) */
    int32_t *tokens;           /* [pairs, T] inputs whose operands are all distinct */
    sw_real *logits, *dlogits; /* [pairs, C] */
    /* distance irrelevance */
    double *correct; /* [p] */
} sw_interpret;

sw_status sw_interpret_create(sw_interpret *out, const sw_run_config *config, const sw_task *task, const int8_t *split,
                              sw_arena *arena) SW_MUST_CHECK;
void sw_interpret_release(sw_interpret *interpret); /* fine after a failed create of a zeroed one */

/* RESTRICTED_LOSS .. DISTANCE_IRRELEVANCE into value[SW_METRIC_COUNT], from the logits [N, C] of the whole table and
 * the power that `modes` holds. */
void sw_interpret_fill(float *value, sw_interpret *interpret, const sw_real *logits, const sw_modes *modes,
                       sw_model *model);

#endif
