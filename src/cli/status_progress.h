/* status_progress.h: `symsweep status` of a status file, FILE.status.json. */
#ifndef SYMSWEEP_CLI_STATUS_PROGRESS_H
#define SYMSWEEP_CLI_STATUS_PROGRESS_H

#include "symsweep/fail.h"

/* Is it the name of a status file? */
bool sw_status_is_progress_file(const char *path);

/* The status file as text, or as it stands (json); again and again while the sweep runs (watch). */
sw_status sw_status_show_progress(const char *path, bool json, bool watch) SW_MUST_CHECK;

/* A results file could not be opened (sw_fail_message says why): shows its status file when that says that a job writes
 * it now, and says so. Otherwise the failure stands. */
sw_status sw_status_fall_back(sw_status failure, const char *results, bool json, bool watch) SW_MUST_CHECK;

#endif
