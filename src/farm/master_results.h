/* master_results.h: results on their way to the file, and what follows from them for runs that wait for others. */
#ifndef SYMSWEEP_FARM_MASTER_RESULTS_H
#define SYMSWEEP_FARM_MASTER_RESULTS_H

#include "farm/master_state.h"

/* Stops cleanly: workers save what they have. */
void sw_master_stop(sw_master *master, const char *reason);

/* Is something to be written? Not after the file was given up. */
bool sw_master_can_write(sw_master *master);

/* Takes in how a call of the store went that has no second chance; a file that is given up is the end of the job. */
void sw_master_check(sw_master *master, sw_status status);
/* The same for calls of the storage, which know by themselves. */
void sw_master_heed_storage(sw_master *master);

/* The run has ended: its onsets, its final values, and what those decide. Deferred while the file cannot be written;
 * then, after a flush: what was deferred. */
void sw_master_finish(sw_master *master, size_t run, const sw_run_result *result);
void sw_master_finish_deferred(sw_master *master);

/* The run has come to the rung it was sent to. */
sw_status sw_master_note_rung(sw_master *master, size_t run, const sw_run_result *result) SW_MUST_CHECK;

/* Once the scheduler knows which runs are settled: holds the others, if they wait for results, and begins. */
sw_status sw_master_begin_adaptive(sw_master *master) SW_MUST_CHECK;

#endif
