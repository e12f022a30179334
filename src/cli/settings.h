/* settings.h: the settings of a results file: runs that differ in nothing but their seed.
 *
 * Runs fall apart by their label and by every key in which their configurations differ, whether or not it is an axis
 * (that of a former run may have been edited since). Averaged over are seed, and data_seed where it follows the seed.
 * Runs that refine did not select are left out, and former ones unless they are asked for. */
#pragma once

#include "symsweep/store.h"

typedef struct sw_settings sw_settings;

/* all: former runs too. */
sw_status sw_settings_create(sw_settings **out, const sw_results *results, bool all) SW_MUST_CHECK;
void sw_settings_destroy(sw_settings *settings);

/* Settings are numbered in the order of their first runs. */
size_t sw_settings_count(const sw_settings *settings);
/* "baseline, weight=0.1": the label, and the keys in which runs of one label differ (of keys that follow from the axes
 * none), each by the shortest end of its path that no other such key has; "all runs" when there is nothing to tell. */
const char *sw_settings_name(const sw_settings *settings, size_t setting);

/* The same in short, values without their keys: "baseline, 0.1", - where a setting has no such key; and what stands
 * where, "label, weight". */
const char *sw_settings_values(const sw_settings *settings, size_t setting);
const char *sw_settings_keys(const sw_settings *settings);

/* The runs, in the order of the file: row of the results and setting of the i-th. */
size_t sw_settings_run_count(const sw_settings *settings);
size_t sw_settings_row(const sw_settings *settings, size_t i);
size_t sw_settings_of(const sw_settings *settings, size_t i);
