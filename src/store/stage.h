/* stage.h: writes of one phase of a flush, put together.
 *
 * A call of the library costs microseconds whatever it writes, and a run that ends is some 300 values in as many
 * datasets. So small writes wait here, and rows that stand side by side go into a dataset in one call. Datasets are
 * written in the order in which each was first staged: what must come last is staged last. */
#pragma once

#include "store/catalog.h"

typedef struct sw_stage sw_stage;

sw_status sw_stage_create(sw_stage **out) SW_MUST_CHECK;
void sw_stage_destroy(sw_stage *stage);

/* Entries of one row: [row, at .. at + count[0], 0 .. count[1], ...], `rank` as the column's; count has rank - 1
 * elements. `values` are copied, or written at once when they are large. Two writes of the same entries: the later one
 * counts. */
sw_status sw_stage_put(sw_stage *stage, const sw_column *column, hid_t memory_type, int64_t row, hsize_t at,
                       const hsize_t *count, const void *values) SW_MUST_CHECK;

/* Writes all that is staged; the stage is empty then, even after a failure. */
sw_status sw_stage_write(sw_stage *stage) SW_MUST_CHECK;
/* Forgets all that is staged. */
void sw_stage_clear(sw_stage *stage);
