/* violations.h: how far the model is from each symmetry family, on fixed tuples, beside the same over random inputs.
 *
 * Tuples of every family that applies to the task, over the whole table: all when at most evaluate.tuples exist, else
 * evaluate.tuples of them drawn from (seed 0, stream EVALUATE + family, step 0). */
#pragma once

#include "measure/instrument.h"

typedef struct sw_family_probe {
    bool applies;
    bool enumerated;  /* all tuples of the family, not a sample */
    size_t count;     /* tuples, and as many null tuples of random inputs */
    sw_tuple *tuples; /* [count] */
    sw_tuple *nulls;  /* [count] */
    sw_divergence_spec spec;
    float leak; /* share of the test inputs whose label follows through the tuples; NaN: the family does not hold */
} sw_family_probe;

typedef struct sw_violations {
    sw_family_probe family[SW_FAMILY_COUNT];
    sw_softmax table;   /* of the whole table */
    size_t capacity;    /* the largest count */
    sw_real *violation; /* [capacity] */
    sw_real *excess;    /* [capacity] */
    int8_t *disagree;   /* [capacity] */
} sw_violations;
