/* generators.h: how far the model is from each generator of the symmetry group of the task's table. */
#pragma once

#include "measure/instrument.h"

enum { SW_GENERATORS_INPUTS = 1024 };

typedef struct sw_generators {
    int32_t count; /* at most SW_GENERATORS_MAX; 0 = the task has no group */
    size_t start[SW_GENERATORS_MAX + 1];
    sw_tuple *tuples; /* those of generator g: start[g] .. start[g + 1] */
    size_t largest;   /* most tuples of one */
    sw_divergence_spec spec;
} sw_generators;

/* Of a task whose group is known. Inputs are those of the table, or SW_GENERATORS_INPUTS of them drawn with replacement
 * from (seed 0, stream EVALUATE + automorphism, step 1). */
sw_status sw_generators_create(sw_generators *out, const sw_task *task, sw_arena *arena) SW_MUST_CHECK;

/* Bytes of them, of a described task. */
double sw_generators_memory(const sw_task_config *config, const sw_task *shape);

/* value[count] <- mean violations, NaN of a generator that moves none of the inputs; violation and disagree are
 * scratch for `largest` tuples. */
void sw_generators_measure(float *value, const sw_generators *generators, const sw_softmax *table, sw_real *violation,
                           int8_t *disagree);
