/* table.h: tables of a sweep's runs for a terminal. */
#pragma once

#include "cli/settings.h"

#include <stdio.h>

typedef struct sw_table {
    FILE *out;
    int columns; /* of the terminal, at least 80 */
    size_t most; /* rows; what is not shown is counted in a line of its own, which is one of them when names are cut */
    bool cut;    /* names of settings to one line */
} sw_table;

enum { SW_TABLE_COLUMNS = 80, SW_TABLE_SETTINGS = 60 }; /* where nobody says how many */

/* Rows that are shown of `count`; and the line that says how many are not. */
size_t sw_table_shown(const sw_table *table, size_t count);
void sw_table_print_rest(const sw_table *table, size_t count);

/* One row a setting: runs that are over of all, medians of t_mem, t_sym and t_gen over those, phases. A median is "-"
 * when half of the runs or more did not reach it. A long name has lines of its own, unless names are cut. */
sw_status sw_table_print_settings(const sw_table *table, const sw_results *results,
                                  const sw_settings *settings) SW_MUST_CHECK;

/* One row a run: number (former runs with *), seed, phase or state, t_mem, t_sym, t_gen, newest test accuracy, setting,
 * whose name is cut as names.h says. */
sw_status sw_table_print_runs(const sw_table *table, sw_results *results, const sw_settings *settings) SW_MUST_CHECK;
