/* table.h: tables of a sweep's runs for a terminal of 80 columns. */
#ifndef SYMSWEEP_TABLE_H
#define SYMSWEEP_TABLE_H

#include "symsweep/store.h"

#include <stdio.h>

/* One line a setting (the axes but the seeds, and the label): runs that are over of all, medians of t_mem, t_sym and
 * t_gen over those, phases; the first 60 settings. Runs that were not selected are left out of this and the next. A
 * median is "-" when half of the runs or more did not reach it. */
sw_status sw_table_print_settings(FILE *out, const sw_results *results) SW_MUST_CHECK;

/* One line a run, at most `most` of them: number, seed, phase or state, t_mem, t_sym, t_gen, newest test accuracy,
 * setting. */
sw_status sw_table_print_runs(FILE *out, sw_results *results, size_t most) SW_MUST_CHECK;

/* How settings are named: the label, and the axes that vary among the runs of one label and are no seeds, each by the
 * shortest end of its path that no other axis has. Axes that do not apply to a run are left out. */
typedef struct sw_naming sw_naming;
sw_status sw_naming_create(sw_naming **out, const sw_results *results) SW_MUST_CHECK;
void sw_naming_destroy(sw_naming *naming);

/* Setting of a run: "baseline, weight=0.1"; "all runs" when there is nothing to tell. Truncated to fit. */
void sw_table_setting(char *out, size_t capacity, const sw_naming *naming, const sw_results *results, size_t row);

/* A state as people read it: "pending", "not selected", ... */
const char *sw_table_state_text(sw_run_state state);

/* Value of an axis of a run as text. */
void sw_table_axis_text(char *out, size_t capacity, const sw_results *results, size_t row, size_t axis);

#endif
