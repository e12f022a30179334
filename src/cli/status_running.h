/* status_running.h: the runs in training. */
#pragma once

#include "cli/status_view.h"

/* One row a run in training: number, seed, how far it is, accuracies, the curves so far, setting. Needs a live file. */
sw_status sw_status_running_print(const sw_table *table, sw_results *results, const sw_settings *settings,
                                  const sw_status_view *view) SW_MUST_CHECK;
