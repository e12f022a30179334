/* check_extend.h: what the results file that is there already means for the plan. */
#pragma once

#include "symsweep/extend.h"

typedef struct sw_check_extend {
    size_t runs[SW_EXTEND_VERDICT_COUNT]; /* of the plan that are to be trained, with such a verdict */
} sw_check_extend;

/* Which runs of the plan go on from the end of a shorter run of its results file, and which do not although there is
 * one. Nothing where there is no such file; one that cannot be read is a warning. */
sw_status sw_check_extend_find(sw_check_extend *out, const sw_plan *plan) SW_MUST_CHECK;
