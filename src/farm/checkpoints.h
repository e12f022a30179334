/* checkpoints.h: the folder of a results file's checkpoints, FILE.checkpoints, as the process that writes the file sees
 * it. Trainers write ID.ckpt files in it; this process removes them, once a run's result is safe in the file. */
#pragma once

#include "symsweep/plan.h"
#include "symsweep/store.h"

/* Does what the run has reached outlive an interruption? */
bool sw_checkpoints_wanted(const sw_plan *plan, size_t run);

/* Where the checkpoint of a run lies. */
sw_status sw_checkpoints_path(char out[SW_PATH_MAX], const char *folder, const char *run_id) SW_MUST_CHECK;

/* Removes what there is of a run: its checkpoint, one put aside, one that a killed trainer was writing. */
void sw_checkpoints_discard(const char *folder, const char *run_id);

/* Removes what the folder holds of runs of the plan that are over by `states`, and half-written checkpoints of
 * the others (only with `idle`: no trainer is at work). Files that are none of the plan's checkpoints stay. */
void sw_checkpoints_tidy(const char *folder, const sw_plan *plan, const sw_run_state *states, bool idle);
