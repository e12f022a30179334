/* serve.h: drives a master until no run is left to hand out. */
#pragma once

#include "farm/master.h"

/* `settings` as for sw_master_create; workers and port are set here. *exit_code: what became of the runs. A failure is
 * one of the transport or of a worker that makes no sense; SW_E_INTERRUPTED: stop at once. */

/* Rank 0 of a job of several ranks. It trains nothing and sleeps when nothing happens. */
sw_status sw_serve_ranks(int *exit_code, const sw_master_settings *settings, int ranks) SW_MUST_CHECK;
/* Tells the workers that the job is over and waits for their last words. */
sw_status sw_serve_goodbye(int exit_code, int ranks) SW_MUST_CHECK;

/* The job of one process: trainer and master take turns in it. */
sw_status sw_serve_alone(int *exit_code, const sw_master_settings *settings) SW_MUST_CHECK;
