/* copy_values.h: attributes and rows of one dataset into another. */
#pragma once

#include "store/catalog.h"

/* All attributes of an object but what dimension scales keep for themselves. */
sw_status sw_copy_attributes(hid_t from, hid_t to, const char *path) SW_MUST_CHECK;

/* Gives a dataset whose type became wider the missing value of its new type. */
sw_status sw_copy_missing(hid_t dataset, const sw_schema_field *field) SW_MUST_CHECK;

/* `rows` rows from `from_row` on. Integers that go into reals: -1 becomes NaN. Where nothing but fill values is,
 * nothing is written. */
sw_status sw_copy_rows(const sw_column *from, const sw_column *to, int64_t from_row, int64_t to_row,
                       int64_t rows) SW_MUST_CHECK;
