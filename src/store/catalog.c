/* catalog.c: opens and reads the columns of a results file. */
#include "store/catalog.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS_MAX = 4096 };

/* ---- opening ---- */

/* The type of a column from what lies in the file. */
static sw_status classify(sw_column *column) {
    sw_status status = SW_OK;
    hid_t type = H5Dget_type(column->dataset);
    if (type < 0) return sw_hdf5_fail("%s", column->path);
    const H5T_class_t class = H5Tget_class(type);
    const size_t size = H5Tget_size(type);
    const bool is_signed = class == H5T_INTEGER && H5Tget_sign(type) == H5T_SGN_2;
    if (class == H5T_FLOAT && size == 4)
        column->type = SW_FIELD_F32;
    else if (class == H5T_FLOAT && size == 8)
        column->type = SW_FIELD_F64;
    else if (is_signed && size == 1)
        column->type = SW_FIELD_I8;
    else if (is_signed && size == 4)
        column->type = SW_FIELD_I32;
    else if (is_signed && size == 8)
        column->type = SW_FIELD_I64;
    else if (class == H5T_STRING && H5Tis_variable_str(type) > 0)
        column->type = SW_FIELD_TEXT;
    else if (class == H5T_STRING && size == 1)
        column->type = SW_FIELD_CHAR;
    else
        status = sw_fail(SW_E_STORE, "%s has a type that symsweep does not write", column->path);
    sw_hdf5_close(type);
    return status;
}

/* Addresses of the scales, which is what an object reference holds. */
typedef struct scales {
    haddr_t address[SW_DIM_COUNT];
} scales;

static sw_status find_scales(scales *out, hid_t file) {
    for (int d = 0; d < SW_DIM_COUNT; d++) {
        H5O_info_t info;
        out->address[d] = HADDR_UNDEF;
        if (H5Lexists(file, sw_dimension_names[d], H5P_DEFAULT) == 0) continue; /* of a later version */
        if (H5Oget_info_by_name2(file, sw_dimension_names[d], &info, H5O_INFO_BASIC, H5P_DEFAULT) < 0)
            return sw_hdf5_fail("scale /%s", sw_dimension_names[d]);
        out->address[d] = info.addr;
    }
    return SW_OK;
}

static bool match_scale(sw_dimension *out, const hvl_t *list, const scales *known) {
    hobj_ref_t reference;
    if (list->len != 1 || !list->p) return false;
    memcpy(&reference, list->p, sizeof reference);
    for (int d = 0; d < SW_DIM_COUNT; d++) {
        if (known->address[d] != reference) continue;
        *out = (sw_dimension)d;
        return true;
    }
    return false;
}

/* Reads DIMENSION_LIST itself: the library's way through H5DSiterate_scales takes a third of a millisecond a dataset.
 */
static sw_status find_dimensions(sw_column *column, const scales *known) {
    hvl_t lists[SW_RANK_MAX] = {{0}};
    hid_t type = H5Tvlen_create(H5T_STD_REF_OBJ), attribute = -1, space = -1;
    sw_status status = SW_OK;
    if (type >= 0) attribute = H5Aopen(column->dataset, "DIMENSION_LIST", H5P_DEFAULT);
    if (attribute >= 0) space = H5Aget_space(attribute);
    if (space < 0 || H5Sget_simple_extent_npoints(space) != column->rank || H5Aread(attribute, type, lists) < 0) {
        H5Eclear2(H5E_DEFAULT);
        status = sw_fail(SW_E_STORE, "%s has no dimension scales", column->path);
    }
    for (int i = 0; i < column->rank && status == SW_OK; i++)
        if (!match_scale(&column->dimensions[i], &lists[i], known) || (i == 0) != (column->dimensions[i] == SW_DIM_RUN))
            status = sw_fail(SW_E_STORE, "%s: dimension %d has no known scale", column->path, i);
    if (space >= 0) H5Dvlen_reclaim(type, space, H5P_DEFAULT, lists);
    sw_hdf5_close(space);
    sw_hdf5_close(attribute);
    sw_hdf5_close(type);
    return status;
}

/* The fill value may differ from "missing": pending rows, unfinished phases. */
static sw_status find_fill(sw_column *column) {
    if (column->type == SW_FIELD_TEXT) return SW_OK;
    hid_t create = H5Dget_create_plist(column->dataset);
    const herr_t result =
        create < 0 ? -1 : H5Pget_fill_value(create, sw_column_memory_type(column->type), column->fill);
    sw_hdf5_close(create);
    return result < 0 ? sw_hdf5_fail("%s: fill value", column->path) : SW_OK;
}

static sw_status open_column(sw_catalog *catalog, hid_t file, const scales *known, const char *path, int64_t order) {
    sw_column *column = &catalog->columns[catalog->count];
    memset(column, 0, sizeof *column);
    column->order = order;
    hid_t access = H5Pcreate(H5P_DATASET_ACCESS);
    /* No chunk cache: chunks are written in place, and hundreds of datasets would hold a mebibyte each. */
    if (access < 0 || H5Pset_chunk_cache(access, 1, 0, 1.0) < 0) {
        sw_hdf5_close(access);
        return sw_hdf5_fail("%s", path);
    }
    column->dataset = H5Dopen2(file, path, access);
    sw_hdf5_close(access);
    if (column->dataset < 0) return sw_hdf5_fail("%s", path);
    column->path = malloc(strlen(path) + 2);
    if (!column->path) {
        sw_hdf5_close(column->dataset);
        return sw_fail(SW_E_MEMORY, "%s", path);
    }
    snprintf(column->path, strlen(path) + 2, "/%s", path);
    catalog->count++;
    column->rank = sw_hdf5_extents(column->dataset, column->path, column->extents);
    if (column->rank < 0) return SW_E_STORE;
    if (column->rank == 0) return sw_fail(SW_E_STORE, "%s has no dimension", column->path);
    sw_status status = classify(column);
    if (status == SW_OK) status = find_dimensions(column, known);
    if (status == SW_OK) status = find_fill(column);
    return status;
}

typedef struct visit {
    sw_catalog *catalog;
    hid_t file;
    scales known;
    sw_status status;
} visit;

/* Columns lie in groups; the root holds scales alone, and /sweep what concerns no single run. */
static herr_t visit_link(hid_t group, const char *name, const H5L_info_t *info, void *data) {
    (void)group;
    visit *v = data;
    H5O_info_t object;
    if (!strchr(name, '/') || strncmp(name, "sweep/", 6) == 0) return 0;
    if (info->type != H5L_TYPE_HARD) {
        v->status = sw_fail(SW_E_STORE, "/%s is a link out of its place", name);
        return -1;
    }
    if (H5Oget_info_by_name2(v->file, name, &object, H5O_INFO_BASIC, H5P_DEFAULT) < 0) {
        v->status = sw_hdf5_fail("/%s", name);
        return -1;
    }
    if (object.type == H5O_TYPE_GROUP) return 0;
    if (object.type != H5O_TYPE_DATASET || v->catalog->count >= COLUMNS_MAX) {
        v->status = sw_fail(SW_E_STORE, "/%s: %s", name,
                            object.type != H5O_TYPE_DATASET ? "neither a group nor a dataset" : "too many datasets");
        return -1;
    }
    v->status = open_column(v->catalog, v->file, &v->known, name, info->corder_valid ? info->corder : 0);
    return v->status ? -1 : 0;
}

static int by_path(const void *a, const void *b) {
    return strcmp(((const sw_column *)a)->path, ((const sw_column *)b)->path);
}

/* What every file has, and all that is read without asking again. */
static sw_status check_core(const sw_catalog *catalog) {
    static const struct {
        const char *path;
        sw_field_type type;
        int rank;
    } core[] = {{"/runs/id", SW_FIELD_TEXT, 1},      {"/runs/config", SW_FIELD_TEXT, 1},
                {"/runs/status", SW_FIELD_I8, 1},    {"/runs/written", SW_FIELD_I64, 1},
                {"/runs/checksum", SW_FIELD_I64, 1}, {"/curves/step", SW_FIELD_I64, 2}};
    for (size_t i = 0; i < sizeof core / sizeof core[0]; i++) {
        const sw_column *column = sw_catalog_find(catalog, core[i].path);
        if (!column || column->type != core[i].type || column->rank != core[i].rank)
            return sw_fail(SW_E_STORE, "%s is missing or has another form", core[i].path);
    }
    return SW_OK;
}

/* All columns agree on the number of runs, and a row of each can be addressed. */
static sw_status check_runs(sw_catalog *catalog) {
    static const hsize_t runs_max = 10000000, row_max = (hsize_t)1 << 40;
    const sw_status status = check_core(catalog);
    if (status != SW_OK) return status;
    catalog->runs = sw_catalog_find(catalog, "/runs/id")->extents[0];
    if (catalog->runs > runs_max)
        return sw_fail(SW_E_STORE, "%llu runs are more than any sweep has", (unsigned long long)catalog->runs);
    for (size_t i = 0; i < catalog->count; i++) {
        const sw_column *column = &catalog->columns[i];
        hsize_t elements = 1;
        for (int d = 1; d < column->rank; d++) {
            if (column->extents[d] > row_max / elements)
                return sw_fail(SW_E_STORE, "%s is larger than any run's data", column->path);
            elements *= column->extents[d] ? column->extents[d] : 1;
        }
        if (column->extents[0] != catalog->runs)
            return sw_fail(SW_E_STORE, "%s has %llu rows where /runs/id has %llu", column->path,
                           (unsigned long long)column->extents[0], (unsigned long long)catalog->runs);
    }
    return SW_OK;
}

sw_status sw_catalog_open(sw_catalog **out, hid_t file) {
    *out = NULL;
    sw_catalog *catalog = calloc(1, sizeof *catalog);
    if (catalog) catalog->columns = calloc(COLUMNS_MAX, sizeof *catalog->columns);
    if (!catalog || !catalog->columns) {
        free(catalog);
        return sw_fail(SW_E_MEMORY, "list of datasets");
    }
    visit v = {.catalog = catalog, .file = file};
    v.status = find_scales(&v.known, file);
    if (!v.status && H5Lvisit(file, H5_INDEX_NAME, H5_ITER_NATIVE, visit_link, &v) < 0 && !v.status)
        v.status = sw_hdf5_fail("list of datasets");
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

void sw_catalog_close(sw_catalog *catalog) {
    if (!catalog) return;
    for (size_t i = 0; i < catalog->count; i++) {
        sw_hdf5_close(catalog->columns[i].dataset);
        free(catalog->columns[i].path);
    }
    free(catalog->columns);
    free(catalog);
}

int sw_catalog_index(const sw_catalog *catalog, const char *path) {
    size_t low = 0, high = catalog->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = strcmp(path, catalog->columns[middle].path);
        if (order == 0) return (int)middle;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return -1;
}

const sw_column *sw_catalog_find(const sw_catalog *catalog, const char *path) {
    const int i = sw_catalog_index(catalog, path);
    return i < 0 ? NULL : &catalog->columns[i];
}

/* ---- records ---- */

/* An array of records; NaN where the file has none. */
static sw_status read_array(sw_record *out, sw_record_array array, const sw_catalog *catalog, int64_t row,
                            int64_t first, int64_t count) {
    const struct sw_record_place *place = &sw_record_places[array];
    const sw_column *column = sw_catalog_find(catalog, sw_schema_array_path(array));
    const bool there = column && column->rank == 3 && column->type == SW_FIELD_F32 && column->extents[2] > 0;
    const hsize_t most = (hsize_t)place->length;
    const hsize_t width = !there ? 0 : column->extents[2] < most ? column->extents[2] : most;
    const hsize_t start[3] = {(hsize_t)row, (hsize_t)first, 0}, size[3] = {1, (hsize_t)count, width};
    for (int64_t i = 0; i < count; i++)
        for (int k = 0; k < place->length; k++) out[i].value[place->at + k] = NAN;
    if (width == 0 || count == 0) return SW_OK;
    float *values = malloc((size_t)count * width * sizeof *values);
    if (!values) return sw_fail(SW_E_MEMORY, "records of run %lld", (long long)row);
    const sw_status status = sw_column_read_box(column, H5T_NATIVE_FLOAT, start, size, values);
    for (int64_t i = 0; i < count && status == SW_OK; i++)
        memcpy(out[i].value + place->at, values + (size_t)i * width, width * sizeof *values);
    free(values);
    return status;
}

sw_status sw_catalog_read_records(sw_record *out, const sw_catalog *catalog, int64_t row, int64_t first,
                                  int64_t count) {
    const hsize_t start[2] = {(hsize_t)row, (hsize_t)first}, size[2] = {1, (hsize_t)count};
    const sw_column *step = sw_catalog_find(catalog, "/curves/step");
    if (!step || step->rank != 2 || step->type != SW_FIELD_I64)
        return sw_fail(SW_E_STORE, "/curves/step is missing or has another form");
    sw_status status = SW_OK;
    int64_t *steps = malloc((size_t)count * sizeof *steps);
    float *values = malloc((size_t)count * sizeof *values);
    if (!steps || !values) status = sw_fail(SW_E_MEMORY, "records of run %lld", (long long)row);
    if (status == SW_OK) status = sw_column_read_box(step, H5T_NATIVE_INT64, start, size, steps);
    for (int64_t i = 0; i < count && status == SW_OK; i++) {
        out[i].step = steps[i];
        out[i].evaluation = (int32_t)(first + i);
        out[i].reserved = 0;
    }
    for (int m = 0; m < SW_METRIC_COUNT && status == SW_OK; m++) {
        char path[192];
        sw_schema_metric_path(path, m);
        const sw_column *column = sw_catalog_find(catalog, path);
        if (column && column->rank == 2 && column->type == SW_FIELD_F32)
            status = sw_column_read_box(column, H5T_NATIVE_FLOAT, start, size, values);
        else
            for (int64_t i = 0; i < count; i++) values[i] = NAN;
        for (int64_t i = 0; i < count && status == SW_OK; i++) out[i].value[m] = values[i];
    }
    free(values);
    free(steps);
    for (int a = 0; a < SW_ARRAY_COUNT && status == SW_OK; a++)
        status = read_array(out, (sw_record_array)a, catalog, row, first, count);
    return status;
}
