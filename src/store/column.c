/* column.c: elements of the columns of a results file. */
#include "store/column.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- types ---- */

hid_t sw_column_memory_type(sw_field_type type) {
    switch (type) {
    case SW_FIELD_F32: return H5T_NATIVE_FLOAT;
    case SW_FIELD_F64: return H5T_NATIVE_DOUBLE;
    case SW_FIELD_I8: return H5T_NATIVE_INT8;
    case SW_FIELD_I32: return H5T_NATIVE_INT32;
    case SW_FIELD_I64: return H5T_NATIVE_INT64;
    default: return H5T_C_S1;
    }
}

bool sw_column_is_missing(sw_field_type type, const void *values, size_t i) {
    switch (type) {
    case SW_FIELD_F32: return isnan(((const float *)values)[i]);
    case SW_FIELD_F64: return isnan(((const double *)values)[i]);
    case SW_FIELD_I8: return ((const int8_t *)values)[i] == -1;
    case SW_FIELD_I32: return ((const int32_t *)values)[i] == -1;
    case SW_FIELD_I64: return ((const int64_t *)values)[i] == -1;
    case SW_FIELD_CHAR: return ((const char *)values)[i] == 0;
    default: return false;
    }
}

bool sw_column_is_fill(const sw_column *column, const void *values, size_t i) {
    const size_t size = sw_schema_size(column->type);
    return memcmp((const char *)values + i * size, column->fill, size) == 0 ||
           (sw_column_is_missing(column->type, values, i) && sw_column_is_missing(column->type, column->fill, 0));
}

size_t sw_column_elements(const sw_column *column, hsize_t rows) {
    size_t elements = rows;
    for (int i = 1; i < column->rank; i++) elements *= column->extents[i];
    return elements;
}

/* ---- boxes ---- */

typedef enum direction { READ, WRITE } direction;

static sw_status transfer(direction way, const sw_column *column, hid_t type, const hsize_t *start,
                          const hsize_t *count, void *values) {
    sw_status status = sw_hdf5_refused(way == READ ? "store.read" : "store.write", column->path);
    if (status != SW_OK) return status;
    hid_t file_space = H5Dget_space(column->dataset), memory_space = H5Screate_simple(column->rank, count, NULL);
    herr_t result = -1;
    if (file_space >= 0 && memory_space >= 0 &&
        H5Sselect_hyperslab(file_space, H5S_SELECT_SET, start, NULL, count, NULL) >= 0 &&
        H5Sselect_valid(file_space) > 0)
        result = way == READ ? H5Dread(column->dataset, type, memory_space, file_space, H5P_DEFAULT, values)
                             : H5Dwrite(column->dataset, type, memory_space, file_space, H5P_DEFAULT, values);
    if (result < 0) status = sw_hdf5_fail("%s: row %lld", column->path, (long long)start[0]);
    sw_hdf5_close(memory_space);
    sw_hdf5_close(file_space);
    return status;
}

sw_status sw_column_read_box(const sw_column *column, hid_t memory_type, const hsize_t *start, const hsize_t *count,
                             void *values) {
    return transfer(READ, column, memory_type, start, count, values);
}

sw_status sw_column_write_box(const sw_column *column, hid_t memory_type, const hsize_t *start, const hsize_t *count,
                              const void *values) {
    return transfer(WRITE, column, memory_type, start, count, (void *)(uintptr_t)values);
}

sw_status sw_column_read(const sw_column *column, hsize_t first, hsize_t count, hid_t memory_type, void *values) {
    return transfer(READ, column, memory_type, &first, &count, values);
}

sw_status sw_column_write(const sw_column *column, hsize_t first, hsize_t count, hid_t memory_type,
                          const void *values) {
    return sw_column_write_box(column, memory_type, &first, &count, values);
}

sw_status sw_column_walk(const sw_column *column, hid_t memory_type, int64_t first, int64_t count, hsize_t entry,
                         sw_status (*visit)(void *context, const sw_column_piece *piece), void *context) {
    enum { PIECE_ELEMENTS = 1 << 18 };
    const hsize_t depth = column->rank > 1 ? column->extents[1] : 1;
    const size_t row_elements = sw_column_elements(column, 1);
    if (row_elements == 0 || entry >= depth) return SW_OK;
    const size_t entry_elements = row_elements / depth;
    const bool whole = row_elements * (size_t)count <= PIECE_ELEMENTS;
    const hsize_t slice = entry_elements < PIECE_ELEMENTS ? PIECE_ELEMENTS / entry_elements : 1;
    const hsize_t step = whole || slice > depth ? depth : slice;
    const int64_t together = whole ? count : 1;
    sw_column_piece piece = {.values = malloc((size_t)together * step * entry_elements * H5Tget_size(memory_type))};
    if (!piece.values) return sw_fail(SW_E_MEMORY, "%s", column->path);
    sw_status status = SW_OK;
    for (int i = 2; i < column->rank; i++) piece.count[i] = column->extents[i];
    for (int64_t r = 0; r < count && status == SW_OK; r += together) {
        for (hsize_t e = entry; e < depth && status == SW_OK; e += step) {
            piece.start[0] = (hsize_t)(first + r);
            piece.start[1] = e;
            piece.count[0] = (hsize_t)together;
            piece.count[1] = e + step <= depth ? step : depth - e;
            piece.elements = (size_t)together * piece.count[1] * entry_elements;
            status = sw_column_read_box(column, memory_type, piece.start, piece.count, piece.values);
            if (status == SW_OK) status = visit(context, &piece);
        }
    }
    free(piece.values);
    return status;
}

/* ---- texts ---- */

/* The text type of a column in memory: of the file's character set. */
static hid_t text_memory_type(const sw_column *column) {
    hid_t stored = H5Dget_type(column->dataset), type = sw_hdf5_text_type();
    if (stored < 0 || type < 0 || H5Tset_cset(type, H5Tget_cset(stored)) < 0) {
        sw_hdf5_fail("%s", column->path);
        sw_hdf5_close(type);
        type = -1;
    }
    sw_hdf5_close(stored);
    return type;
}

sw_status sw_column_read_texts(const sw_column *column, hsize_t first, hsize_t count, char **values) {
    sw_status status = SW_OK;
    size_t copied = 0;
    hid_t type = text_memory_type(column);
    char **raw = calloc(count ? count : 1, sizeof *raw);
    if (type < 0)
        status = SW_E_STORE;
    else if (!raw)
        status = sw_fail(SW_E_MEMORY, "%s", column->path);
    else
        status = sw_column_read(column, first, count, type, raw);
    for (; status == SW_OK && copied < count; copied++) {
        values[copied] = strdup(raw[copied] ? raw[copied] : "");
        if (!values[copied]) status = sw_fail(SW_E_MEMORY, "%s", column->path);
    }
    for (size_t i = 0; raw && i < count; i++)
        if (raw[i]) H5free_memory(raw[i]);
    for (size_t i = 0; status != SW_OK && i < count; i++) {
        if (i < copied) free(values[i]);
        values[i] = NULL;
    }
    free(raw);
    sw_hdf5_close(type);
    return status;
}

sw_status sw_column_write_texts(const sw_column *column, hsize_t first, hsize_t count, const char *const *values) {
    hid_t type = text_memory_type(column);
    if (type < 0) return SW_E_STORE;
    const sw_status status = sw_column_write(column, first, count, type, values);
    sw_hdf5_close(type);
    return status;
}

/* ---- all rows ---- */

/* Room for the values of all rows, filled by what `column` holds; elements of 8 bytes. */
static sw_status load(void **out, const sw_column *column, hid_t memory_type) {
    const hsize_t rows = column->extents[0];
    *out = calloc(rows + 1, 8);
    if (!*out) return sw_fail(SW_E_MEMORY, "%s", column->path);
    const sw_status status = rows > 0 ? sw_column_read(column, 0, rows, memory_type, *out) : SW_OK;
    if (status == SW_OK) return SW_OK;
    free(*out);
    *out = NULL;
    return status;
}

sw_status sw_column_load_integers(int64_t **out, const sw_column *column) {
    void *values;
    const sw_status status = load(&values, column, H5T_NATIVE_INT64);
    *out = values;
    return status;
}

sw_status sw_column_load_reals(double **out, const sw_column *column) {
    void *values;
    const sw_status status = load(&values, column, H5T_NATIVE_DOUBLE);
    *out = values;
    return status;
}

/* char[R, n] as texts. */
static sw_status load_characters(char **texts, const sw_column *column) {
    const hsize_t rows = column->extents[0], width = column->rank > 1 ? column->extents[1] : 1;
    const hsize_t start[2] = {0, 0}, count[2] = {rows, width};
    char *characters = calloc(rows * width + 1, 1);
    if (!characters) return sw_fail(SW_E_MEMORY, "%s", column->path);
    sw_status status = sw_column_read_box(column, H5T_C_S1, start, count, characters);
    for (hsize_t r = 0; r < rows && status == SW_OK; r++) {
        texts[r] = strndup(characters + r * width, width);
        if (!texts[r]) status = sw_fail(SW_E_MEMORY, "%s", column->path);
    }
    free(characters);
    return status;
}

sw_status sw_column_load_texts(char ***out, const sw_column *column) {
    const hsize_t rows = column->extents[0];
    *out = calloc(rows + 1, sizeof **out);
    if (!*out) return sw_fail(SW_E_MEMORY, "%s", column->path);
    sw_status status = SW_OK;
    if (rows > 0)
        status =
            column->type == SW_FIELD_CHAR ? load_characters(*out, column) : sw_column_read_texts(column, 0, rows, *out);
    if (status == SW_OK) return SW_OK;
    sw_column_free_texts(*out, rows);
    *out = NULL;
    return status;
}

void sw_column_free_texts(char **texts, size_t count) {
    for (size_t i = 0; texts && i < count; i++) free(texts[i]);
    free(texts);
}
