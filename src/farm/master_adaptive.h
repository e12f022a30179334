/* master_adaptive.h: runs whose training depends on the results of others: refine, and the rungs of prune.halving.
 * What is known of the runs goes in; runs are held, released and decided against in the scheduler and the file. The
 * decisions are replayed from the results (refine.h, halving.h), so nothing else needs to survive the job. */
#ifndef SYMSWEEP_FARM_MASTER_ADAPTIVE_H
#define SYMSWEEP_FARM_MASTER_ADAPTIVE_H

#include "farm/master_state.h"

/* After the master has settled what the file holds: takes over the runs that are left. master->adaptive stays NULL for
 * a sweep in which no run waits for others. */
sw_status sw_adaptive_create(sw_master *master) SW_MUST_CHECK;
void sw_adaptive_destroy(sw_adaptive *adaptive);

/* The run is over and written; or it has come to the rung it was sent to. */
sw_status sw_adaptive_ended(sw_master *master, size_t run, sw_run_state state, const sw_onsets *onsets) SW_MUST_CHECK;
sw_status sw_adaptive_parked(sw_master *master, size_t run, const sw_run_result *result) SW_MUST_CHECK;

/* The step at which the run is to wait for others; 0 = none. */
int64_t sw_adaptive_until(const sw_master *master, size_t run);

#endif
