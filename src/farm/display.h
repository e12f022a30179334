/* display.h: progress on stderr: a block that is redrawn on a terminal, a line now and then elsewhere. */
#pragma once

#include "symsweep/progress_file.h"

typedef struct sw_display sw_display;

/* Looks at stderr to tell what it is. */
sw_status sw_display_create(sw_display **out) SW_MUST_CHECK;
void sw_display_destroy(sw_display *display);

/* Is it time to show something? */
bool sw_display_due(const sw_display *display, double now);
/* newest_test_accuracy: of the run that reported last; NaN = none yet. */
void sw_display_show(sw_display *display, double now, const sw_progress_file *view, float newest_test_accuracy);
/* Wipes the block off a terminal, before other output. */
void sw_display_clear(sw_display *display);
