/* table.h: tables of a sweep's runs for a terminal of 80 columns. */
#pragma once

#include "cli/settings.h"

/* One line a setting: runs that are over of all, medians of t_mem, t_sym and t_gen over those, phases; at most `most`
 * settings. A median is "-" when half of the runs or more did not reach it. A long name has lines of its own; none is
 * cut. */
enum { SW_TABLE_SETTINGS = 60 };
sw_status sw_table_print_settings(const sw_results *results, const sw_settings *settings, size_t most) SW_MUST_CHECK;

/* One line a run, at most `most` of them: number (former runs with *), seed, phase or state, t_mem, t_sym, t_gen,
 * newest test accuracy, setting. Names that do not fit are cut at their ends, or at their beginnings where the first
 * would leave two alike; where the second would too, settings are numbered in both tables. */
sw_status sw_table_print_runs(sw_results *results, const sw_settings *settings, size_t most) SW_MUST_CHECK;
