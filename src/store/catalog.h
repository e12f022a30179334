/* catalog.h: the datasets that a results file really has.
 *
 * A column is a dataset whose first dimension is the run. Checksums, clearing, copying and reading walk the columns of
 * the file at hand, so that datasets of an older or newer sweep are kept and covered. */
#ifndef SYMSWEEP_STORE_CATALOG_H
#define SYMSWEEP_STORE_CATALOG_H

#include "store/hdf5.h"
#include "store/schema.h"

typedef struct sw_column {
    char *path;
    hid_t dataset;
    sw_field_type type;
    int rank;
    hsize_t extents[SW_H5_RANK_MAX];
    sw_dimension dimensions[SW_H5_RANK_MAX];
    int64_t order; /* of creation within its group; 0 when the file does not keep it */
    char fill[8];  /* value of an element that was never written, in memory order; not for TEXT */
} sw_column;

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

/* Memory type of a column's elements (a constant, not to be closed; texts have their own functions). */
hid_t sw_column_memory_type(sw_field_type type);

/* Rows [first, first + count) of a column of one dimension, as `memory_type`. */
sw_status sw_column_read(const sw_column *column, hsize_t first, hsize_t count, hid_t memory_type,
                         void *values) SW_MUST_CHECK;
sw_status sw_column_write(const sw_column *column, hsize_t first, hsize_t count, hid_t memory_type,
                          const void *values) SW_MUST_CHECK;
/* Texts of rows [first, first + count) of a TEXT column, each malloc'ed, never NULL; on failure all are NULL. */
sw_status sw_column_read_texts(const sw_column *column, hsize_t first, hsize_t count, char **values) SW_MUST_CHECK;
sw_status sw_column_write_texts(const sw_column *column, hsize_t first, hsize_t count,
                                const char *const *values) SW_MUST_CHECK;

/* Elements of `rows` rows of a column. */
size_t sw_column_elements(const sw_column *column, hsize_t rows);
/* All of rows [first, first + count), dense. Not for TEXT. */
sw_status sw_column_read_rows(const sw_column *column, hsize_t first, hsize_t count, void *values) SW_MUST_CHECK;
sw_status sw_column_write_rows(const sw_column *column, hsize_t first, hsize_t count, const void *values) SW_MUST_CHECK;

/* Records [first, first + count) of a row as the file has them; metrics that it has not are NaN. */
sw_status sw_catalog_read_records(sw_record *out, const sw_catalog *catalog, int64_t row, int64_t first,
                                  int64_t count) SW_MUST_CHECK;

/* Is element i of `values` the missing value of the type? */
bool sw_element_is_missing(sw_field_type type, const void *values, size_t i);

#endif
