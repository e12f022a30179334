/* relay.h: a worker rank. It passes messages between the master and its trainer, a child process, and replaces the
 * trainer when that dies. It never blocks on the master and is asleep when nothing moves. */
#pragma once

#include "symsweep/fail.h"

/* Until the master says that the job is over; *exit_code is the master's. A failure is one of MPI. */
sw_status sw_relay_run(int *exit_code) SW_MUST_CHECK;
