/* copy_values.c: attributes and rows of one dataset into another. */
#include "store/copy_values.h"

#include "store/dataset.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- attributes ---- */

static herr_t copy_attribute(hid_t object, const char *name, const H5A_info_t *info, void *data)
{
    /* What dimension scales keep for themselves is made anew with them; a wider type has its own fill value. */
    static const char *const skipped[] = {"CLASS", "NAME", "REFERENCE_LIST", "DIMENSION_LIST", "_Netcdf4Dimid"};
    const hid_t to = *(const hid_t *)data;
    (void)info;
    for (size_t i = 0; i < sizeof skipped / sizeof skipped[0]; i++)
        if (strcmp(name, skipped[i]) == 0) return 0;
    herr_t result = -1;
    hid_t from = H5Aopen(object, name, H5P_DEFAULT), type = -1, space = -1, made = -1;
    void *values = NULL;
    if (from >= 0) type = H5Aget_type(from);
    if (from >= 0) space = H5Aget_space(from);
    const hssize_t count = space < 0 ? -1 : H5Sget_simple_extent_npoints(space);
    if (type >= 0 && count > 0 && count < 65536) values = calloc((size_t)count, H5Tget_size(type));
    if (values && H5Aread(from, type, values) >= 0) {
        made = H5Acreate2(to, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
        if (made >= 0) result = H5Awrite(made, type, values);
        H5Dvlen_reclaim(type, space, H5P_DEFAULT, values);
    }
    free(values);
    sw_h5_close(made);
    sw_h5_close(space);
    sw_h5_close(type);
    sw_h5_close(from);
    return result < 0 ? -1 : 0;
}

sw_status sw_copy_attributes(hid_t from, hid_t to, const char *path)
{
    hsize_t at = 0;
    return H5Aiterate2(from, H5_INDEX_NAME, H5_ITER_INC, &at, copy_attribute, &to) < 0
               ? sw_h5_fail("attributes of %s", path)
               : SW_OK;
}

sw_status sw_copy_missing(hid_t dataset, const sw_field *field)
{
    char missing[8];
    hid_t type = sw_field_file_type(field->type);
    sw_field_missing(missing, field->type);
    H5Adelete(dataset, "_FillValue");
    const sw_status status =
        sw_h5_set_array(dataset, "_FillValue", type, sw_column_memory_type(field->type), missing, 1);
    sw_h5_close(type);
    return status;
}

/* ---- values ---- */

static bool all_fill(const sw_column *column, const char *values, size_t count)
{
    const size_t size = sw_field_size(column->type);
    for (size_t i = 0; i < count; i++) {
        if (memcmp(values + i * size, column->fill, size) == 0) continue;
        if (!sw_element_is_missing(column->type, values, i) || !sw_element_is_missing(column->type, column->fill, 0))
            return false;
    }
    return true;
}

/* `rows` rows of one source, entries [entry, entry + take) of their second dimension. */
static sw_status copy_box(const sw_column *from, const sw_column *to, int64_t from_row, int64_t to_row, int64_t rows,
                          hsize_t entry, hsize_t take)
{
    hsize_t start[SW_H5_RANK_MAX] = {(hsize_t)from_row, entry}, count[SW_H5_RANK_MAX] = {(hsize_t)rows, take};
    size_t elements = (size_t)rows;
    for (int i = 2; i < from->rank; i++) count[i] = from->extents[i];
    for (int i = 1; i < from->rank; i++) elements *= count[i];
    if (elements == 0) return SW_OK;
    const hid_t type = sw_column_memory_type(to->type);
    char *values = malloc(elements * 8);
    if (!values) return sw_fail(SW_E_MEMORY, "%s", from->path);
    sw_status status = sw_h5_read_box(from->dataset, from->path, type, from->rank, start, count, values);
    if (status == SW_OK && to->type == SW_FIELD_F64 && from->type != SW_FIELD_F64 && from->type != SW_FIELD_F32) {
        double *reals = (double *)(void *)values;
        for (size_t i = 0; i < elements; i++)
            if (reals[i] == -1) reals[i] = NAN;
    }
    /* Chunks that were never written take no room in the copy either. */
    if (status == SW_OK && !all_fill(to, values, elements)) {
        start[0] = (hsize_t)to_row;
        status = sw_h5_write_box(to->dataset, to->path, type, to->rank, start, count, values);
    }
    free(values);
    return status;
}

static sw_status copy_numbers(const sw_column *from, const sw_column *to, int64_t from_row, int64_t to_row,
                              int64_t rows)
{
    enum { ELEMENTS = 1 << 18 };
    const hsize_t depth = from->rank > 1 ? from->extents[1] : 1;
    const size_t row_elements = sw_column_elements(from, 1);
    if (row_elements == 0) return SW_OK;
    if (row_elements * (size_t)rows <= ELEMENTS) return copy_box(from, to, from_row, to_row, rows, 0, depth);
    const size_t entry = row_elements / depth;
    const hsize_t step = entry < ELEMENTS ? ELEMENTS / entry : 1;
    sw_status status = SW_OK;
    for (int64_t r = 0; r < rows && status == SW_OK; r++)
        for (hsize_t e = 0; e < depth && status == SW_OK; e += step)
            status = copy_box(from, to, from_row + r, to_row + r, 1, e, e + step <= depth ? step : depth - e);
    return status;
}

static sw_status copy_texts(const sw_column *from, const sw_column *to, int64_t from_row, int64_t to_row, int64_t rows)
{
    char **texts = calloc((size_t)rows + 1, sizeof *texts);
    if (!texts) return sw_fail(SW_E_MEMORY, "%s", from->path);
    sw_status status = sw_column_read_texts(from, (hsize_t)from_row, (hsize_t)rows, texts);
    if (status == SW_OK) {
        status = sw_column_write_texts(to, (hsize_t)to_row, (hsize_t)rows, (const char *const *)texts);
        for (int64_t r = 0; r < rows; r++) free(texts[r]);
    }
    free(texts);
    return status;
}

sw_status sw_copy_rows(const sw_column *from, const sw_column *to, int64_t from_row, int64_t to_row, int64_t rows)
{
    return from->type == SW_FIELD_TEXT ? copy_texts(from, to, from_row, to_row, rows)
                                       : copy_numbers(from, to, from_row, to_row, rows);
}
