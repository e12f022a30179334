/* column.h: a dataset of a results file whose first dimension is the run, and its elements by rows. */
#pragma once

#include "store/hdf5.h"
#include "store/schema.h"

typedef struct sw_column {
    char *path;
    hid_t dataset;
    sw_field_type type;
    int rank;
    hsize_t extents[SW_RANK_MAX];
    sw_dimension dimensions[SW_RANK_MAX];
    int64_t order; /* of creation within its group; 0 when the file does not keep it */
    char fill[8];  /* value of an element that was never written, in memory order; not for TEXT */
} sw_column;

/* Memory type of a column's elements (a constant, not to be closed; texts have their own functions). */
hid_t sw_column_memory_type(sw_field_type type);

/* Is element i of `values` the missing value of the type; is it what the column has where nothing was written? */
bool sw_column_is_missing(sw_field_type type, const void *values, size_t i);
bool sw_column_is_fill(const sw_column *column, const void *values, size_t i);

/* Elements of `rows` rows of a column. */
size_t sw_column_elements(const sw_column *column, hsize_t rows);

/* Reads or writes the box [start, start + count); memory is dense, row-major, of memory_type. */
sw_status sw_column_read_box(const sw_column *column, hid_t memory_type, const hsize_t *start, const hsize_t *count,
                             void *values) SW_MUST_CHECK;
sw_status sw_column_write_box(const sw_column *column, hid_t memory_type, const hsize_t *start, const hsize_t *count,
                              const void *values) SW_MUST_CHECK;

/* Rows [first, first + count) of a column of one dimension, as `memory_type`. */
sw_status sw_column_read(const sw_column *column, hsize_t first, hsize_t count, hid_t memory_type,
                         void *values) SW_MUST_CHECK;
sw_status sw_column_write(const sw_column *column, hsize_t first, hsize_t count, hid_t memory_type,
                          const void *values) SW_MUST_CHECK;

/* Texts of rows [first, first + count) of a TEXT column, each malloc'ed, never NULL; on failure all are NULL. */
sw_status sw_column_read_texts(const sw_column *column, hsize_t first, hsize_t count, char **values) SW_MUST_CHECK;
sw_status sw_column_write_texts(const sw_column *column, hsize_t first, hsize_t count,
                                const char *const *values) SW_MUST_CHECK;

/* The values of all rows of a column of one value (or one text, TEXT or CHAR) a run; NULL on failure. Release them with
 * free() and sw_column_free_texts. */
sw_status sw_column_load_integers(int64_t **out, const sw_column *column) SW_MUST_CHECK;
sw_status sw_column_load_reals(double **out, const sw_column *column) SW_MUST_CHECK;
sw_status sw_column_load_texts(char ***out, const sw_column *column) SW_MUST_CHECK;
void sw_column_free_texts(char **texts, size_t count);

/* A box of a column, with its values. */
typedef struct sw_column_piece {
    hsize_t start[SW_RANK_MAX], count[SW_RANK_MAX];
    size_t elements;
    char *values;
} sw_column_piece;

/* Reads rows [first, first + count) of a numeric column, entries of the second dimension from `entry` on, and gives
 * them to `visit` piece by piece: all together when they are few, else row by row and in slices of whole entries. */
sw_status sw_column_walk(const sw_column *column, hid_t memory_type, int64_t first, int64_t count, hsize_t entry,
                         sw_status (*visit)(void *context, const sw_column_piece *piece), void *context) SW_MUST_CHECK;
