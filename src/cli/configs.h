/* configs.h: the configurations of runs as a table, a column a key. */
#pragma once

#include "symsweep/store.h"

typedef struct sw_configs_column {
    const char *path;
    const char *first;   /* the value of the first row; NULL = the key does not concern it */
    const char **values; /* [rows]; NULL = every row has the first one's */
    size_t seen;         /* the row that had it last */
} sw_configs_column;

typedef struct sw_configs sw_configs;

/* Of the results' rows `rows` [count]. Keys that a configuration of an older version does not have are there with their
 * defaults. Sorted by path. */
sw_status sw_configs_create(sw_configs **out, const sw_results *results, const size_t *rows,
                            size_t count) SW_MUST_CHECK;
void sw_configs_destroy(sw_configs *configs);

size_t sw_configs_count(const sw_configs *configs);
const sw_configs_column *sw_configs_get(const sw_configs *configs, size_t column);
/* The value of row i of those given; NULL = the key does not concern it. */
const char *sw_configs_value(const sw_configs_column *column, size_t i);
