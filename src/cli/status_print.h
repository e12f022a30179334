/* status_print.h: what `symsweep status` shows of a results file. */
#pragma once

#include "cli/status_view.h"

/* To stdout, as long as it is. */
sw_status sw_status_print_text(sw_results *results, const sw_status_view *view) SW_MUST_CHECK;
/* On a terminal of this size, at least 80 x 24, so that it fits: what matters now comes first, and tables are cut. */
sw_status sw_status_print_screen(sw_results *results, const sw_status_view *view, int rows, int columns) SW_MUST_CHECK;
