/* master_view.h: what the master expects and shows. Reads the master; the rates that it shows and the status file are
 * all that it keeps. */
#ifndef SYMSWEEP_FARM_MASTER_VIEW_H
#define SYMSWEEP_FARM_MASTER_VIEW_H

#include "farm/master_state.h"

/* Seconds until the first run of a worker's queue ends; NaN = unknown. */
double sw_master_current_left(const sw_master *master, size_t worker, double now);
/* Takes in how long a run took. */
void sw_master_calibrate(sw_master *master, size_t run, const sw_run_result *result);

void sw_master_view(sw_master *master, sw_display_view *view, double now);

/* The status file beside the results, for where those cannot be read while they are written. `state` and `exit_code`
 * as in progress_file.h. Nothing depends on it: a failure is said once, and the sweep goes on. */
void sw_master_write_status(sw_master *master, const char *state, int64_t exit_code);

#endif
