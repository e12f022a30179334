/* lead.h: rank 0 of a job of several ranks. It trains nothing and sleeps when nothing happens. */
#ifndef SYMSWEEP_FARM_LEAD_H
#define SYMSWEEP_FARM_LEAD_H

#include "farm/master.h"

/* Serves the worker ranks until no run is left to hand out. `settings` as for sw_master_create, workers and port are
 * set here. A failure is one of the transport or of a worker that makes no sense; SW_E_INTERRUPTED: stop at once. */
sw_status sw_lead_run(int *exit_code, const sw_master_settings *settings, int ranks) SW_MUST_CHECK;

/* Tells the workers that the job is over and waits for their last words. */
sw_status sw_lead_dismiss(int exit_code, int ranks) SW_MUST_CHECK;

#endif
