/* sharing.h: runs of a plan that have their beginning in common: it is trained once.
 *
 * Two runs that differ only in `changes`, in windows (`from_step`, `until_step`) and in `steps` are the same up to the
 * first step in which that tells. Of runs that are alike at first the earliest in the plan trains the beginning; each
 * other one goes on from where it parts from the earlier run with which it has most in common. */
#pragma once

#include "symsweep/plan.h"

/* A run that begins as another does. */
typedef struct sw_sharing_run {
    int64_t with;  /* the run that trains its beginning, an earlier one; -1 = it has it for itself */
    int64_t steps; /* how many; 0 = none. Those of the two stay fewer than this one's and that one's */
} sw_sharing_run;

/* How many steps two runs have in common, fewer than either has: 0 = none, or they differ in more. */
sw_status sw_sharing_common(int64_t *steps, const sw_run_config *a, const sw_run_config *b) SW_MUST_CHECK;

/* out[plan->count]; of runs that are not wanted (NULL: all are) nothing is shared. Nothing is shared where runs wait
 * for the results of others (refine, prune.halving), nor by runs without checkpoints. */
sw_status sw_sharing_find(sw_sharing_run *out, const sw_plan *plan, const bool *wanted) SW_MUST_CHECK;
