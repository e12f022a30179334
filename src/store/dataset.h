/* dataset.h: one file, its scales and its datasets, as netCDF-4 readers expect them. */
#pragma once

#include "store/catalog.h"

/* A new, empty file; `path` must not exist. */
sw_status sw_dataset_create_file(hid_t *out, const char *path) SW_MUST_CHECK;

/* The scales of all dimensions, at the root. A file of an earlier version lacks those that came later: extent 0, made
 * when the file grows. */
sw_status sw_dataset_create_scales(hid_t file, const int64_t extents[SW_DIM_COUNT]) SW_MUST_CHECK;
sw_status sw_dataset_read_scales(hid_t file, int64_t extents[SW_DIM_COUNT]) SW_MUST_CHECK;
sw_status sw_dataset_set_scales(hid_t file, const int64_t extents[SW_DIM_COUNT]) SW_MUST_CHECK;

/* Type in the file; close with sw_hdf5_close. */
hid_t sw_dataset_file_type(sw_field_type type);

/* Makes the groups above the last / of `path`, where they are missing; they keep the order in which their members come.
 */
sw_status sw_dataset_create_groups(hid_t file, const char *path) SW_MUST_CHECK;

/* An empty dataset with its groups and scales; described when the field has a definition. `compressed`: gzip and
 * shuffle, for copies that are never written again. */
sw_status sw_dataset_create(hid_t *out, hid_t file, const sw_schema_field *field, const int64_t extents[SW_DIM_COUNT],
                            bool compressed) SW_MUST_CHECK;

/* Does a dataset have the definition of the field? Files of earlier versions may have another. */
sw_status sw_dataset_is_defined(bool *out, hid_t dataset, const sw_schema_field *field) SW_MUST_CHECK;
sw_status sw_dataset_define(hid_t dataset, const sw_schema_field *field) SW_MUST_CHECK;

/* /sweep/config, and when it was written (sw_clock_moment; older files do not say). Reading: *out = NULL when there is
 * none; free it. */
sw_status sw_dataset_write_sweep(hid_t file, const char *text, const char *moment) SW_MUST_CHECK;
sw_status sw_dataset_read_sweep(char **out, hid_t file) SW_MUST_CHECK;
sw_status sw_dataset_read_sweep_moment(char **out, hid_t file) SW_MUST_CHECK;
