/* table.h: tables of a sweep's runs for a terminal of 80 columns. */
#pragma once

#include "symsweep/store.h"

/* One line a setting (the axes but the seeds, and the label): runs that are over of all, medians of t_mem, t_sym and
 * t_gen over those, phases; the first 60 settings. Runs that were not selected are left out of this and the next. A
 * median is "-" when half of the runs or more did not reach it.
 *
 * A setting is named by the label, and the axes that vary among the runs of one label and are no seeds, each by the
 * shortest end of its path that no other axis has; axes that do not apply to a run are left out. */
sw_status sw_table_print_settings(const sw_results *results) SW_MUST_CHECK;

/* One line a run, at most `most` of them: number, seed, phase or state, t_mem, t_sym, t_gen, newest test accuracy,
 * setting. */
sw_status sw_table_print_runs(sw_results *results, size_t most) SW_MUST_CHECK;
