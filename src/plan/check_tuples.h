/* check_tuples.h: families over train inputs that have no tuple there. */
#pragma once

#include "symsweep/run.h"
#include "symsweep/task.h"

/* The task and split of the run that was asked about last, and how much was looked at in all. */
typedef struct sw_tuple_check {
    sw_task *task;
    int8_t *split;
    size_t train; /* inputs in the split; 0 = there is none */
    sw_run_config config;
    double looked_at; /* entries of tables, and candidates */
} sw_tuple_check;

/* *found: a tuple of the family has all its inputs in the run's train split. Exact; builds the table and the split and
 * goes through candidates to the first tuple. When altogether about SW_TUPLE_CHECK_MOST entries were looked at, the
 * rest is left to training, which fails where there is none, and *found is true. */
#define SW_TUPLE_CHECK_MOST 1e8
enum { SW_TUPLE_CHECK_INPUTS = 1 << 20 }; /* larger tables are not made for it */
sw_status sw_check_tuples(bool *found, sw_tuple_check *check, const sw_run_config *config,
                          sw_family_id family) SW_MUST_CHECK;
void sw_check_tuples_end(sw_tuple_check *check);
