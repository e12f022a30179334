/* serial.h: the job of one process: trainer and master take turns in it. */
#ifndef SYMSWEEP_FARM_SERIAL_H
#define SYMSWEEP_FARM_SERIAL_H

#include "farm/master.h"

/* Trains until the job is over. `settings` as for sw_master_create, workers and port are set here.
 * *exit_code: what became of the runs; a failure is one of the transport (SW_E_INTERRUPTED: stop at once). */
sw_status sw_serial_run(int *exit_code, const sw_master_settings *settings) SW_MUST_CHECK;

#endif
