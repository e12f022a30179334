/* display.h: progress on stderr: a block that is redrawn on a terminal, a line now and then elsewhere. */
#ifndef SYMSWEEP_FARM_DISPLAY_H
#define SYMSWEEP_FARM_DISPLAY_H

#include "symsweep/fail.h"

#include <stdint.h>

enum { SW_DISPLAY_RUNS = 12 };

/* A run in training. */
typedef struct sw_display_run {
    int64_t run; /* index in the plan */
    size_t worker;
    int64_t step, steps;
    float train_accuracy, test_accuracy; /* newest, NaN = none yet */
    char label[48];
} sw_display_run;

typedef struct sw_display_view {
    size_t total, done, failed, running, left;
    double steps_per_second;
    double eta;                 /* seconds; NaN = not known yet */
    float newest_test_accuracy; /* of the run that reported last; NaN */
    size_t run_count;           /* entries of `runs`: the first SW_DISPLAY_RUNS of those running */
    sw_display_run runs[SW_DISPLAY_RUNS];
} sw_display_view;

typedef struct sw_display sw_display;

/* Looks at stderr to tell what it is. */
sw_status sw_display_create(sw_display **out) SW_MUST_CHECK;
void sw_display_destroy(sw_display *display);

/* Is it time to show something? Then the caller makes a view. */
bool sw_display_due(const sw_display *display, double now);
void sw_display_show(sw_display *display, double now, const sw_display_view *view);
/* Wipes the block off a terminal, before other output. */
void sw_display_clear(sw_display *display);

#endif
