/* catalog.c: opens and reads the columns of a results file. */
#include "store/catalog.h"

#include <hdf5_hl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS_MAX = 4096 };

/* ---- opening ---- */

/* The type of a column from what lies in the file. */
static sw_status classify(sw_column *column)
{
    sw_status status = SW_OK;
    hid_t type = H5Dget_type(column->dataset);
    if (type < 0) return sw_h5_fail("%s", column->path);
    const H5T_class_t class = H5Tget_class(type);
    const size_t size = H5Tget_size(type);
    const bool is_signed = class == H5T_INTEGER && H5Tget_sign(type) == H5T_SGN_2;
    if (class == H5T_FLOAT && size == 4) {
        column->type = SW_FIELD_F32;
    } else if (class == H5T_FLOAT && size == 8) {
        column->type = SW_FIELD_F64;
    } else if (is_signed && size == 1) {
        column->type = SW_FIELD_I8;
    } else if (is_signed && size == 4) {
        column->type = SW_FIELD_I32;
    } else if (is_signed && size == 8) {
        column->type = SW_FIELD_I64;
    } else if (class == H5T_STRING && H5Tis_variable_str(type) > 0) {
        column->type = SW_FIELD_TEXT;
    } else if (class == H5T_STRING && size == 1) {
        column->type = SW_FIELD_CHAR;
    } else {
        status = sw_fail(SW_E_STORE, "%s has a type that symsweep does not write", column->path);
    }
    sw_h5_close(type);
    return status;
}

typedef struct scale_search {
    sw_dimension dimension;
    bool found;
} scale_search;

static herr_t match_scale(hid_t dataset, unsigned axis, hid_t scale, void *data)
{
    (void)dataset;
    (void)axis;
    scale_search *search = data;
    char name[64] = "";
    if (H5Iget_name(scale, name, sizeof name) <= 0) return -1;
    for (int d = 0; d < SW_DIM_COUNT; d++) {
        if (name[0] == '/' && strcmp(name + 1, sw_dimension_names[d]) == 0) {
            search->dimension = (sw_dimension)d;
            search->found = true;
            return 1;
        }
    }
    return 0;
}

static sw_status find_dimensions(sw_column *column)
{
    for (int i = 0; i < column->rank; i++) {
        scale_search search = {SW_DIM_RUN, false};
        if (H5DSiterate_scales(column->dataset, (unsigned)i, NULL, match_scale, &search) < 0)
            return sw_h5_fail("%s: scale of dimension %d", column->path, i);
        if (!search.found || (i == 0) != (search.dimension == SW_DIM_RUN))
            return sw_fail(SW_E_STORE, "%s: dimension %d has no known scale", column->path, i);
        column->dimensions[i] = search.dimension;
    }
    return SW_OK;
}

/* The fill value may differ from "missing": pending rows, unfinished phases. */
static sw_status find_fill(sw_column *column)
{
    if (column->type == SW_FIELD_TEXT) return SW_OK;
    hid_t create = H5Dget_create_plist(column->dataset);
    const herr_t result =
        create < 0 ? -1 : H5Pget_fill_value(create, sw_column_memory_type(column->type), column->fill);
    sw_h5_close(create);
    return result < 0 ? sw_h5_fail("%s: fill value", column->path) : SW_OK;
}

static sw_status open_column(sw_catalog *catalog, hid_t file, const char *path, int64_t order)
{
    sw_column *column = &catalog->columns[catalog->count];
    memset(column, 0, sizeof *column);
    column->order = order;
    hid_t access = H5Pcreate(H5P_DATASET_ACCESS);
    /* No chunk cache: chunks are written in place, and hundreds of datasets would hold a mebibyte each. */
    if (access < 0 || H5Pset_chunk_cache(access, 1, 0, 1.0) < 0) {
        sw_h5_close(access);
        return sw_h5_fail("%s", path);
    }
    column->dataset = H5Dopen2(file, path, access);
    sw_h5_close(access);
    if (column->dataset < 0) return sw_h5_fail("%s", path);
    column->path = malloc(strlen(path) + 2);
    if (!column->path) {
        sw_h5_close(column->dataset);
        return sw_fail(SW_E_MEMORY, "%s", path);
    }
    snprintf(column->path, strlen(path) + 2, "/%s", path);
    catalog->count++;
    column->rank = sw_h5_extents(column->dataset, column->path, column->extents);
    if (column->rank < 0) return SW_E_STORE;
    if (column->rank == 0) return sw_fail(SW_E_STORE, "%s has no dimension", column->path);
    sw_status status = classify(column);
    if (!status) status = find_dimensions(column);
    if (!status) status = find_fill(column);
    return status;
}

typedef struct visit {
    sw_catalog *catalog;
    hid_t file;
    sw_status status;
} visit;

/* Columns lie in groups; the root holds scales alone, and /sweep what concerns no single run. */
static herr_t visit_link(hid_t group, const char *name, const H5L_info_t *info, void *data)
{
    (void)group;
    visit *v = data;
    H5O_info_t object;
    if (!strchr(name, '/') || strncmp(name, "sweep/", 6) == 0) return 0;
    if (info->type != H5L_TYPE_HARD) {
        v->status = sw_fail(SW_E_STORE, "/%s is a link out of its place", name);
        return -1;
    }
    if (H5Oget_info_by_name2(v->file, name, &object, H5O_INFO_BASIC, H5P_DEFAULT) < 0) {
        v->status = sw_h5_fail("/%s", name);
        return -1;
    }
    if (object.type == H5O_TYPE_GROUP) return 0;
    if (object.type != H5O_TYPE_DATASET || v->catalog->count >= COLUMNS_MAX) {
        v->status = sw_fail(SW_E_STORE, "/%s: %s", name,
                            object.type != H5O_TYPE_DATASET ? "neither a group nor a dataset" : "too many datasets");
        return -1;
    }
    v->status = open_column(v->catalog, v->file, name, info->corder_valid ? info->corder : 0);
    return v->status ? -1 : 0;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const sw_column *)a)->path, ((const sw_column *)b)->path);
}

/* All columns agree on the number of runs. */
static sw_status check_runs(sw_catalog *catalog)
{
    const sw_column *id = sw_catalog_find(catalog, "/runs/id");
    if (!id || id->type != SW_FIELD_TEXT || id->rank != 1)
        return sw_fail(SW_E_STORE, "/runs/id is missing: not a symsweep results file, or a damaged one");
    catalog->runs = id->extents[0];
    for (size_t i = 0; i < catalog->count; i++) {
        if (catalog->columns[i].extents[0] != catalog->runs)
            return sw_fail(SW_E_STORE, "%s has %llu rows where /runs/id has %llu", catalog->columns[i].path,
                           (unsigned long long)catalog->columns[i].extents[0], (unsigned long long)catalog->runs);
    }
    return SW_OK;
}

sw_status sw_catalog_open(sw_catalog **out, hid_t file)
{
    *out = NULL;
    sw_catalog *catalog = calloc(1, sizeof *catalog);
    if (catalog) catalog->columns = calloc(COLUMNS_MAX, sizeof *catalog->columns);
    if (!catalog || !catalog->columns) {
        free(catalog);
        return sw_fail(SW_E_MEMORY, "list of datasets");
    }
    visit v = {catalog, file, SW_OK};
    if (H5Lvisit(file, H5_INDEX_NAME, H5_ITER_NATIVE, visit_link, &v) < 0 && !v.status)
        v.status = sw_h5_fail("list of datasets");
    H5Eclear2(H5E_DEFAULT);
    if (!v.status) {
        qsort(catalog->columns, catalog->count, sizeof *catalog->columns, by_path);
        v.status = check_runs(catalog);
    }
    if (v.status) {
        sw_catalog_close(catalog);
        return v.status;
    }
    *out = catalog;
    return SW_OK;
}

void sw_catalog_close(sw_catalog *catalog)
{
    if (!catalog) return;
    for (size_t i = 0; i < catalog->count; i++) {
        sw_h5_close(catalog->columns[i].dataset);
        free(catalog->columns[i].path);
    }
    free(catalog->columns);
    free(catalog);
}

int sw_catalog_index(const sw_catalog *catalog, const char *path)
{
    size_t low = 0, high = catalog->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = strcmp(path, catalog->columns[middle].path);
        if (order == 0) return (int)middle;
        if (order < 0) high = middle;
        else low = middle + 1;
    }
    return -1;
}

const sw_column *sw_catalog_find(const sw_catalog *catalog, const char *path)
{
    const int i = sw_catalog_index(catalog, path);
    return i < 0 ? NULL : &catalog->columns[i];
}

/* ---- elements ---- */

hid_t sw_column_memory_type(sw_field_type type)
{
    switch (type) {
    case SW_FIELD_F32: return H5T_NATIVE_FLOAT;
    case SW_FIELD_F64: return H5T_NATIVE_DOUBLE;
    case SW_FIELD_I8: return H5T_NATIVE_INT8;
    case SW_FIELD_I32: return H5T_NATIVE_INT32;
    case SW_FIELD_I64: return H5T_NATIVE_INT64;
    default: return H5T_C_S1;
    }
}

bool sw_element_is_missing(sw_field_type type, const void *values, size_t i)
{
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

size_t sw_column_elements(const sw_column *column, hsize_t rows)
{
    size_t elements = rows;
    for (int i = 1; i < column->rank; i++) elements *= column->extents[i];
    return elements;
}

sw_status sw_column_read(const sw_column *column, hsize_t first, hsize_t count, hid_t memory_type, void *values)
{
    return sw_h5_read_box(column->dataset, column->path, memory_type, 1, &first, &count, values);
}

sw_status sw_column_write(const sw_column *column, hsize_t first, hsize_t count, hid_t memory_type,
                          const void *values)
{
    return sw_h5_write_box(column->dataset, column->path, memory_type, 1, &first, &count, values);
}

/* The box of whole rows. */
static void row_box(const sw_column *column, hsize_t first, hsize_t rows, hsize_t start[SW_H5_RANK_MAX],
                    hsize_t count[SW_H5_RANK_MAX])
{
    start[0] = first;
    count[0] = rows;
    for (int i = 1; i < column->rank; i++) {
        start[i] = 0;
        count[i] = column->extents[i];
    }
}

sw_status sw_column_read_rows(const sw_column *column, hsize_t first, hsize_t rows, void *values)
{
    hsize_t start[SW_H5_RANK_MAX], count[SW_H5_RANK_MAX];
    row_box(column, first, rows, start, count);
    return sw_h5_read_box(column->dataset, column->path, sw_column_memory_type(column->type), column->rank, start,
                          count, values);
}

sw_status sw_column_write_rows(const sw_column *column, hsize_t first, hsize_t rows, const void *values)
{
    hsize_t start[SW_H5_RANK_MAX], count[SW_H5_RANK_MAX];
    row_box(column, first, rows, start, count);
    return sw_h5_write_box(column->dataset, column->path, sw_column_memory_type(column->type), column->rank, start,
                           count, values);
}

/* The text type of a column in memory: of the file's character set. */
static hid_t text_memory_type(const sw_column *column)
{
    hid_t stored = H5Dget_type(column->dataset), type = sw_h5_text_type();
    if (stored < 0 || type < 0 || H5Tset_cset(type, H5Tget_cset(stored)) < 0) {
        sw_h5_fail("%s", column->path);
        sw_h5_close(type);
        type = -1;
    }
    sw_h5_close(stored);
    return type;
}

sw_status sw_column_read_texts(const sw_column *column, hsize_t first, hsize_t count, char **values)
{
    sw_status status = SW_OK;
    size_t copied = 0;
    hid_t type = text_memory_type(column);
    char **raw = calloc(count ? count : 1, sizeof *raw);
    if (type < 0) {
        status = SW_E_STORE;
    } else if (!raw) {
        status = sw_fail(SW_E_MEMORY, "%s", column->path);
    } else {
        status = sw_h5_read_box(column->dataset, column->path, type, 1, &first, &count, raw);
    }
    for (; !status && copied < count; copied++) {
        values[copied] = strdup(raw[copied] ? raw[copied] : "");
        if (!values[copied]) status = sw_fail(SW_E_MEMORY, "%s", column->path);
    }
    for (size_t i = 0; raw && i < count; i++)
        if (raw[i]) H5free_memory(raw[i]);
    for (size_t i = 0; status && i < count; i++) {
        if (i < copied) free(values[i]);
        values[i] = NULL;
    }
    free(raw);
    sw_h5_close(type);
    return status;
}

sw_status sw_column_write_texts(const sw_column *column, hsize_t first, hsize_t count, const char *const *values)
{
    hid_t type = text_memory_type(column);
    if (type < 0) return SW_E_STORE;
    const sw_status status = sw_h5_write_box(column->dataset, column->path, type, 1, &first, &count, values);
    sw_h5_close(type);
    return status;
}

/* ---- records ---- */

sw_status sw_catalog_read_records(sw_record *out, const sw_catalog *catalog, int64_t row, int64_t first,
                                  int64_t count)
{
    const hsize_t start[2] = {(hsize_t)row, (hsize_t)first}, size[2] = {1, (hsize_t)count};
    const sw_column *step = sw_catalog_find(catalog, "/curves/step");
    if (!step || step->rank != 2 || step->type != SW_FIELD_I64)
        return sw_fail(SW_E_STORE, "/curves/step is missing or has another form");
    sw_status status = SW_OK;
    int64_t *steps = malloc((size_t)count * sizeof *steps);
    float *values = malloc((size_t)count * sizeof *values);
    if (!steps || !values) status = sw_fail(SW_E_MEMORY, "records of run %lld", (long long)row);
    if (!status) status = sw_h5_read_box(step->dataset, step->path, H5T_NATIVE_INT64, 2, start, size, steps);
    for (int64_t i = 0; i < count && !status; i++) {
        out[i].step = steps[i];
        out[i].evaluation = (int32_t)(first + i);
        out[i].reserved = 0;
    }
    for (int m = 0; m < SW_METRIC_COUNT && !status; m++) {
        char path[192];
        sw_metric_path(path, m);
        const sw_column *column = sw_catalog_find(catalog, path);
        if (column && column->rank == 2 && column->type == SW_FIELD_F32) {
            status = sw_h5_read_box(column->dataset, path, H5T_NATIVE_FLOAT, 2, start, size, values);
        } else {
            for (int64_t i = 0; i < count; i++) values[i] = NAN;
        }
        for (int64_t i = 0; i < count && !status; i++) out[i].value[m] = values[i];
    }
    free(values);
    free(steps);
    return status;
}
