/* violations.h: how far the model is from each symmetry family, on fixed tuples, beside the same over random inputs.
 */
#ifndef SW_MEASURE_VIOLATIONS_H
#define SW_MEASURE_VIOLATIONS_H

#include "symsweep/arena.h"
#include "symsweep/nn.h"
#include "symsweep/record.h"
#include "symsweep/task.h"

typedef struct sw_family_probe {
    bool applies;
    bool enumerated;    /* all tuples of the family, not a sample */
    size_t count;       /* tuples, and as many null tuples of random inputs */
    sw_tuple *tuples;   /* [count] */
    sw_tuple *nulls;    /* [count] */
    int32_t *class_map; /* [maps, C], owned; NULL = none */
    sw_divergence_spec spec;
} sw_family_probe;

typedef struct sw_violations {
    sw_family_probe family[SW_FAMILY_COUNT];
    size_t inputs;      /* N */
    sw_softmax table;   /* of the whole table */
    size_t capacity;    /* the largest count */
    sw_real *violation; /* [capacity] */
    sw_real *excess;    /* [capacity] */
    int8_t *disagree;   /* [capacity] */
} sw_violations;

/* Tuples of every family that applies to the task, over the whole table: all when at most evaluate.tuples exist, else
 * evaluate.tuples of them drawn from (seed 0, stream EVALUATE + family, step 0). */
sw_status sw_violations_create(sw_violations *out, const sw_run_config *config, const sw_task *task,
                               sw_arena *arena) SW_MUST_CHECK;
void sw_violations_release(sw_violations *violations); /* fine after a failed create of a zeroed one */

/* Into value[SW_METRIC_COUNT], from the logits [N, C] of the whole table. */
void sw_violations_fill(float *value, sw_violations *violations, const sw_real *logits);

#endif
