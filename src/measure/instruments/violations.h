/* violations.h: how far the model is from each symmetry family, on fixed tuples, beside the same over random inputs.
 *
 * Tuples of every family that applies to the task, over the whole table: all when at most evaluate.tuples exist, or
 * when but few stand outside of blocks, else evaluate.tuples of them drawn from (seed 0, stream EVALUATE + family, step
 * 0). Gradients are taken over at most SW_COSINE_TUPLES of them, drawn at step 2 of that stream. */
#pragma once

#include "measure/agreement.h"
#include "measure/alignment.h"
#include "measure/blocks.h"
#include "measure/generators.h"

typedef struct sw_family_probe {
    bool applies;
    bool enumerated;   /* all tuples of the family, not a sample */
    size_t count;      /* tuples listed */
    sw_tuple *tuples;  /* [count] */
    sw_blocks blocks;  /* tuples beside the list, when count > 0 */
    int like;          /* an earlier family whose blocks are the same; -1 = none */
    size_t null_count; /* null tuples of random inputs */
    sw_tuple *nulls;   /* [null_count] */
    sw_tuple *aligned; /* [aligned_count] tuples that the gradient is taken over */
    size_t aligned_count;
    sw_divergence_spec spec;
    float coverage;         /* share of the inputs that a tuple touches */
    sw_softmax_pairs pairs; /* of the blocks, at the last evaluation */
    float leak; /* share of the test inputs whose label follows through the tuples; NaN: the family does not hold */
} sw_family_probe;

typedef struct sw_violations {
    sw_family_probe family[SW_FAMILY_COUNT];
    sw_generators generators;
    size_t capacity;    /* the largest count of tuples or null tuples */
    sw_real *violation; /* [capacity] */
    sw_real *excess;    /* [capacity] */
    int8_t *disagree;   /* [capacity] */
    sw_real *scratch;   /* of the largest block */
    int8_t *open;       /* [N] inputs that a consistent wrong answer is looked for at */
    int8_t *wrong;      /* [N] those of them that are answered wrongly */
    sw_alignment alignment;
} sw_violations;
