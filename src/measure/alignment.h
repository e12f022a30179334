/* alignment.h: does learning the train set go the way of a symmetry? The cosine of the two gradients. */
#pragma once

#include "measure/instrument.h"
#include "symsweep/measure.h"

typedef struct sw_alignment {
    bool applies;              /* a family does; nothing below is set otherwise */
    int32_t *row_of;           /* [N] row of an input that a tuple touches, -1 = none */
    int32_t *input;            /* [most] the table entry of a row */
    sw_real *logits, *dlogits; /* [most, C] */
    sw_real *loss;             /* [P] gradient of the mean train loss */
} sw_alignment;

sw_status sw_alignment_create(sw_alignment *out, const sw_evaluation *of) SW_MUST_CHECK;
/* Bytes, an estimate from above. */
double sw_alignment_memory(const sw_run_config *config, const sw_task *task);

/* Takes the gradient of the mean train loss at of->model, on of->probe. */
void sw_alignment_begin(sw_alignment *a, const sw_evaluation *of);
/* Its cosine with that of the mean violation of `count` tuples, at most SW_COSINE_TUPLES; NaN where a gradient
 * vanishes or is not finite. */
double sw_alignment_cosine(sw_alignment *a, const sw_evaluation *of, const sw_divergence_spec *spec, int arity,
                           const sw_tuple *tuples, size_t count);
