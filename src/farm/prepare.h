/* prepare.h: from a command line to a plan and an open results file, on the one process that writes. */
#pragma once

#include "farm/options.h"
#include "symsweep/plan.h"
#include "symsweep/store.h"

typedef struct sw_prepared {
    sw_plan *plan;
    sw_store *store;
    char output[SW_PATH_MAX];      /* the results file, absolute */
    char status_file[SW_PATH_MAX]; /* FILE.status.json */
    char checkpoints[SW_PATH_MAX]; /* folder beside it, made when a run wants checkpoints */
} sw_prepared;

/* Everything that is wrong with the sweep has been printed when this returns SW_E_CONFIG; other failures have their
 * message. SW_E_INTERRUPTED: the time limit, counted from `started`, passed, or a signal came; what was made stays.
 * `out` is to be released whatever is returned. */
sw_status sw_prepare_job(sw_prepared *out, const sw_job_options *options, double started) SW_MUST_CHECK;

/* How a job ends. */
typedef enum sw_prepare_end { SW_END_FINISHED, SW_END_STOPPED } sw_prepare_end;

/* Closes the file and frees the rest; of a finished job the file is read once more. A failure is said, and returned;
 * without one the checkpoints of runs that are over are superfluous and go, and so does an empty folder of them. */
sw_status sw_prepare_release(sw_prepared *prepared, sw_prepare_end end) SW_MUST_CHECK;
