/* status_view.h: what `symsweep status` tells of a results file. */
#pragma once

#include "cli/table.h"

#include "symsweep/store.h"

typedef struct sw_status_view {
    bool all;            /* former runs too */
    size_t runs, former; /* told of; former ones in the file */
    size_t states[SW_RUN_STATE_COUNT], phases[SW_PHASE_COUNT], damaged;
    bool live;
    char writer[512];
    double steps_done, steps_left; /* of all runs; left at most: runs may stop early */
    double steps_per_second;       /* of the whole sweep; NaN = not known */
    double eta;                    /* seconds; NaN = not known */
    double when;                   /* sw_clock_now of this view */
} sw_status_view;

/* before: an earlier view of the same file, from which the speed follows; NULL = from the runs that are over. all: of
 * former runs too, as everything that is printed of the view. */
sw_status sw_status_view_read(sw_status_view *out, sw_results *results, bool all,
                              const sw_status_view *before) SW_MUST_CHECK;
/* Steps that a run is to take. */
double sw_status_view_planned_steps(const sw_result_row *row);
bool sw_status_view_differs(const sw_status_view *a, const sw_status_view *b);

/* What, how far and how fast: at most seven lines. */
void sw_status_view_print_head(FILE *out, const sw_results *results, const sw_status_view *view);
/* A line for each run that failed, diverged or is damaged. */
void sw_status_view_print_failures(const sw_table *table, const sw_results *results, const sw_status_view *view);
void sw_status_view_print_line(const sw_status_view *view);
sw_status sw_status_view_print_json(sw_results *results, const sw_status_view *view) SW_MUST_CHECK;
