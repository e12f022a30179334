/* results_load.h: the state of a reader, and how its rows are read. */
#pragma once

#include "store/catalog.h"

enum { SW_ATTRIBUTE_COUNT = 8 };

struct sw_results {
    char *path;
    hid_t file;
    sw_catalog *catalog;
    char *attributes[SW_ATTRIBUTE_COUNT]; /* root attributes; NULL = absent */
    size_t count;
    sw_result_row *rows;
    bool verified; /* the rows' checksums were looked at when it was opened */
    size_t axis_count;
    char **axis_paths;
    sw_axis *axes;
    sw_axis_value *axis_values; /* [count, axis_count] */
};

/* Reads rows and axes; on failure what was read is released with the rest. */
sw_status sw_results_load_rows(sw_results *results) SW_MUST_CHECK;
void sw_results_load_release(sw_results *results);
