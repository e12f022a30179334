/* agreement.h: consistent but wrong: do the two sides of a tuple agree where both are wrong? */
#pragma once

#include "measure/blocks.h"

typedef struct sw_agreement {
    uint64_t tuples; /* both sides of which are wrong */
    double share;    /* of these, on which the sides agree; NaN where there are none */
    double chance;   /* sum of the squared shares of the answers of both sides; likewise */
} sw_agreement;

/* open[N] <- test inputs whose mirror, if they have one, is a test input too. */
void sw_agreement_open(int8_t *open, const sw_task *task, const int8_t *split);

/* Over the pairs of `blocks` (none where its count is 0) and the `count` tuples listed beside them. `wrong` [N] marks
 * the inputs that may take part: open, and answered wrongly. */
void sw_agreement_measure(sw_agreement *out, const sw_blocks *blocks, const sw_tuple *tuples, size_t count,
                          const sw_divergence_spec *spec, const int32_t *argmax, const int8_t *wrong);
