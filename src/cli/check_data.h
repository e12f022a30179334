/* check_data.h: what the runs of a plan train on: train sets, batches, replaced labels, graphs. */
#pragma once

#include "cli/check_summary.h"

#include "symsweep/task.h"

enum { SW_CHECK_SETS_MAX = 16, SW_CHECK_GRAPHS_MAX = 16 };

/* Runs with one train set, and batches of one size. */
typedef struct sw_check_set {
    char task[SW_CHECK_TITLE];
    size_t train, test, batch, noisy, runs;
    bool full; /* the batch is the train set */
} sw_check_set;

typedef struct sw_check_graph {
    sw_task_config config;
    char task[SW_CHECK_TITLE];
    sw_graph_facts facts;
    size_t runs;
} sw_check_graph;

typedef struct sw_check_data {
    sw_check_set sets[SW_CHECK_SETS_MAX];
    sw_check_graph graphs[SW_CHECK_GRAPHS_MAX];
    size_t set_count, sets_left_out;     /* runs of those that there was no room for */
    size_t graph_count, graphs_left_out; /* likewise */
} sw_check_data;

sw_status sw_check_data_find(sw_check_data *out, const sw_plan *plan) SW_MUST_CHECK;

void sw_check_data_text(const sw_check_data *data);
/* Members "data" and "graphs" of the object that is open. */
void sw_check_data_json(sw_json *json, const sw_check_data *data);
