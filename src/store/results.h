/* results.h: the state of a reader. */
#ifndef SYMSWEEP_STORE_RESULTS_H
#define SYMSWEEP_STORE_RESULTS_H

#include "store/catalog.h"

enum { SW_ATTRIBUTE_COUNT = 8 };

struct sw_results {
    char *path;
    hid_t file;
    sw_catalog *catalog;
    char *attributes[SW_ATTRIBUTE_COUNT]; /* root attributes; NULL = absent */
    size_t count;
    sw_result_row *rows;
    size_t axis_count;
    char **axis_paths;
    sw_axis *axes;
    sw_axis_value *axis_values; /* [count, axis_count] */
};

#endif
