/* catalog.h: the datasets that a results file really has.
 *
 * A column is a dataset whose first dimension is the run. Checksums, clearing, copying and reading walk the columns of
 * the file at hand, so that datasets of an older or newer sweep are kept and covered. */
#pragma once

#include "store/column.h"

typedef struct sw_catalog {
    size_t count;
    sw_column *columns; /* in bytewise order of their paths */
    hsize_t runs;
} sw_catalog;

/* Opens every column of an open file. SW_E_STORE when one is not as this program writes it (type, shape). */
sw_status sw_catalog_open(sw_catalog **out, hid_t file) SW_MUST_CHECK;
void sw_catalog_close(sw_catalog *catalog);

/* The column of this path; NULL = none. */
const sw_column *sw_catalog_find(const sw_catalog *catalog, const char *path);
/* Index of the column in the catalog; -1 = none. */
int sw_catalog_index(const sw_catalog *catalog, const char *path);

/* Records [first, first + count) of a row as the file has them; metrics that it has not are NaN. */
sw_status sw_catalog_read_records(sw_record *out, const sw_catalog *catalog, int64_t row, int64_t first,
                                  int64_t count) SW_MUST_CHECK;
