/* export_csv.h: results as CSV (RFC 4180; UTF-8, missing values empty). */
#ifndef SYMSWEEP_CLI_EXPORT_CSV_H
#define SYMSWEEP_CLI_EXPORT_CSV_H

#include "symsweep/store.h"

#include <stdio.h>

/* One line a run. Columns are the file's datasets of one value a run but the configuration: of /runs by their name,
 * axes by their path ("run." before it where the name is taken), onsets by name, final values as final.<metric>, facts
 * of families as <family>.<fact>. status and phase are words. */
sw_status sw_export_runs(FILE *out, sw_results *results) SW_MUST_CHECK;

/* One line a value: run, id, evaluation, step, metric, value. */
sw_status sw_export_curves(FILE *out, sw_results *results) SW_MUST_CHECK;

#endif
