/* copy_values.c: attributes and rows of one dataset into another. */
#include "store/copy_values.h"

#include "store/dataset.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- attributes ---- */

/* References and other types would mean something else, or nothing, in another file. */
static bool is_plain(hid_t type) {
    const H5T_class_t class = H5Tget_class(type);
    return class == H5T_INTEGER || class == H5T_FLOAT || class == H5T_STRING;
}

static herr_t copy_attribute(hid_t object, const char *name, const H5A_info_t *info, void *data) {
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
    if (type >= 0 && !is_plain(type)) {
        sw_hdf5_close(type);
        sw_hdf5_close(from);
        return 0;
    }
    if (from >= 0) space = H5Aget_space(from);
    const hssize_t count = space < 0 ? -1 : H5Sget_simple_extent_npoints(space);
    if (type >= 0 && count > 0 && count < 65536) values = calloc((size_t)count, H5Tget_size(type));
    if (values && H5Aread(from, type, values) >= 0) {
        made = H5Acreate2(to, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
        if (made >= 0) result = H5Awrite(made, type, values);
        H5Dvlen_reclaim(type, space, H5P_DEFAULT, values);
    }
    free(values);
    sw_hdf5_close(made);
    sw_hdf5_close(space);
    sw_hdf5_close(type);
    sw_hdf5_close(from);
    return result < 0 ? -1 : 0;
}

sw_status sw_copy_attributes(hid_t from, hid_t to, const char *path) {
    hsize_t at = 0;
    return H5Aiterate2(from, H5_INDEX_NAME, H5_ITER_INC, &at, copy_attribute, &to) < 0
               ? sw_hdf5_fail("attributes of %s", path)
               : SW_OK;
}

sw_status sw_copy_missing(hid_t dataset, const sw_schema_field *field) {
    char missing[8];
    hid_t type = sw_dataset_file_type(field->type);
    sw_schema_missing(missing, field->type);
    H5Adelete(dataset, "_FillValue");
    const sw_status status =
        sw_hdf5_set_array(dataset, "_FillValue", type, sw_column_memory_type(field->type), missing, 1);
    sw_hdf5_close(type);
    return status;
}

/* ---- values ---- */

typedef struct box_copy {
    const sw_column *from, *to;
    int64_t shift; /* of the row's number */
} box_copy;

static sw_status copy_piece(void *context, const sw_column_piece *piece) {
    const box_copy *c = context;
    hsize_t start[SW_RANK_MAX];
    memcpy(start, piece->start, sizeof start);
    start[0] = (hsize_t)((int64_t)start[0] + c->shift);
    if (c->to->type == SW_FIELD_F64 && c->from->type != SW_FIELD_F64 && c->from->type != SW_FIELD_F32) {
        double *reals = (double *)(void *)piece->values;
        for (size_t i = 0; i < piece->elements; i++)
            if (reals[i] == -1) reals[i] = NAN;
    }
    /* Chunks that were never written take no room in the copy either. */
    for (size_t i = 0; i < piece->elements; i++)
        if (!sw_column_is_fill(c->to, piece->values, i))
            return sw_column_write_box(c->to, sw_column_memory_type(c->to->type), start, piece->count, piece->values);
    return SW_OK;
}

static sw_status copy_numbers(const sw_column *from, const sw_column *to, int64_t from_row, int64_t to_row,
                              int64_t rows) {
    box_copy c = {from, to, to_row - from_row};
    return sw_column_walk(from, sw_column_memory_type(to->type), from_row, rows, 0, copy_piece, &c);
}

static sw_status copy_texts(const sw_column *from, const sw_column *to, int64_t from_row, int64_t to_row,
                            int64_t rows) {
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

sw_status sw_copy_rows(const sw_column *from, const sw_column *to, int64_t from_row, int64_t to_row, int64_t rows) {
    return from->type == SW_FIELD_TEXT ? copy_texts(from, to, from_row, to_row, rows)
                                       : copy_numbers(from, to, from_row, to_row, rows);
}
