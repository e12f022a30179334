/* check_extend.h: what the results file that is there already means for the plan. */
#pragma once

#include "symsweep/extend.h"

enum { SW_CHECK_SAVES = 3 };
extern const char *const sw_check_extend_saves[SW_CHECK_SAVES]; /* keys of `save` */

typedef struct sw_check_extend {
    bool there;                           /* the results file is; what follows is of runs of the plan */
    size_t finished, begun, failed;       /* runs; begun: neither finished nor failed, but not pending */
    size_t former;                        /* rows of runs that the plan does not have */
    size_t unsaved[SW_CHECK_SAVES];       /* finished runs that did not save what the plan asks for */
    size_t runs[SW_EXTEND_VERDICT_COUNT]; /* that are to be trained, with such a verdict */
} sw_check_extend;

/* How many runs of the plan its results file has already; which of the plan go on from the end of a shorter run of its
 * results file, and which do not although there is one. Nothing where there is no such file; one that cannot be read is
 * a warning, and so is what finished runs were to save and did not. */
sw_status sw_check_extend_find(sw_check_extend *out, const sw_plan *plan, sw_diagnostics *diagnostics) SW_MUST_CHECK;
