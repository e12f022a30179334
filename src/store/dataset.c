/* dataset.c: one file, its scales and its datasets as netCDF-4 readers expect them. */
#include "store/dataset.h"

#include "store/vfd.h"

#include <hdf5_hl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

sw_status sw_dataset_create_file(hid_t *out, const char *path) {
    sw_status status = SW_OK;
    hid_t create = H5Pcreate(H5P_FILE_CREATE), access = sw_vfd_access(SW_VFD_DROP);
    *out = -1;
    if (create < 0 || access < 0 ||
        H5Pset_link_creation_order(create, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED) < 0) {
        status = sw_hdf5_fail("%s", path);
        goto done;
    }
    status = sw_hdf5_refused("store.create", path);
    if (status != SW_OK) goto done;
    *out = H5Fcreate(path, H5F_ACC_EXCL, create, access);
    if (*out < 0) status = sw_hdf5_fail("cannot make %s", path);
done:
    sw_hdf5_close(access);
    sw_hdf5_close(create);
    return status;
}

sw_status sw_dataset_create_groups(hid_t file, const char *path) {
    char group[192];
    for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        snprintf(group, sizeof group, "%.*s", (int)(slash - path), path);
        if (H5Lexists(file, group, H5P_DEFAULT) > 0) continue;
        hid_t create = H5Pcreate(H5P_GROUP_CREATE), made = -1;
        if (create >= 0 && H5Pset_link_creation_order(create, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED) >= 0)
            made = H5Gcreate2(file, group, H5P_DEFAULT, create, H5P_DEFAULT);
        sw_hdf5_close(create);
        if (made < 0) return sw_hdf5_fail("%s", group);
        sw_hdf5_close(made);
    }
    return SW_OK;
}

/* ---- scales ---- */

/* A dimension without coordinates, exactly as netCDF-4 marks one. */
static sw_status create_scale(hid_t file, sw_dimension dimension, int64_t extent) {
    sw_status status = SW_OK;
    const char *name = sw_dimension_names[dimension];
    const hsize_t size = (hsize_t)extent, most = H5S_UNLIMITED, chunk = 4096;
    char mark[80];
    hid_t space = H5Screate_simple(1, &size, &most), create = H5Pcreate(H5P_DATASET_CREATE), scale = -1;
    if (space >= 0 && create >= 0 && H5Pset_chunk(create, 1, &chunk) >= 0)
        scale = H5Dcreate2(file, name, H5T_IEEE_F32BE, space, H5P_DEFAULT, create, H5P_DEFAULT);
    snprintf(mark, sizeof mark, "This is a netCDF dimension but not a netCDF variable. %10lld", (long long)extent);
    if (scale < 0 || H5DSset_scale(scale, mark) < 0)
        status = sw_hdf5_fail("scale /%s", name);
    else
        status = sw_hdf5_set_integer(scale, "_Netcdf4Dimid", H5T_STD_I32LE, (int64_t)dimension);
    sw_hdf5_close(scale);
    sw_hdf5_close(create);
    sw_hdf5_close(space);
    return status;
}

sw_status sw_dataset_create_scales(hid_t file, const int64_t extents[SW_DIM_COUNT]) {
    sw_status status = SW_OK;
    for (int d = 0; d < SW_DIM_COUNT && status == SW_OK; d++) status = create_scale(file, (sw_dimension)d, extents[d]);
    return status;
}

sw_status sw_dataset_read_scales(hid_t file, int64_t extents[SW_DIM_COUNT]) {
    for (int d = 0; d < SW_DIM_COUNT; d++) {
        hsize_t size[SW_RANK_MAX];
        extents[d] = 0;
        if (H5Lexists(file, sw_dimension_names[d], H5P_DEFAULT) == 0) continue;
        hid_t scale = H5Dopen2(file, sw_dimension_names[d], H5P_DEFAULT);
        if (scale < 0) return sw_hdf5_fail("scale /%s", sw_dimension_names[d]);
        const int rank = sw_hdf5_extents(scale, sw_dimension_names[d], size);
        sw_hdf5_close(scale);
        if (rank != 1) return sw_fail(SW_E_STORE, "scale /%s has %d dimensions", sw_dimension_names[d], rank);
        extents[d] = (int64_t)size[0];
    }
    return SW_OK;
}

sw_status sw_dataset_set_scales(hid_t file, const int64_t extents[SW_DIM_COUNT]) {
    for (int d = 0; d < SW_DIM_COUNT; d++) {
        const hsize_t size = (hsize_t)extents[d];
        if (H5Lexists(file, sw_dimension_names[d], H5P_DEFAULT) == 0) {
            const sw_status status = create_scale(file, (sw_dimension)d, extents[d]);
            if (status != SW_OK) return status;
            continue;
        }
        hid_t scale = H5Dopen2(file, sw_dimension_names[d], H5P_DEFAULT);
        const herr_t result = scale < 0 ? -1 : H5Dset_extent(scale, &size);
        sw_hdf5_close(scale);
        if (result < 0) return sw_hdf5_fail("scale /%s", sw_dimension_names[d]);
    }
    return SW_OK;
}

static sw_status attach_scales(hid_t file, hid_t dataset, const char *path, int rank, const sw_dimension *dimensions) {
    sw_status status = SW_OK;
    for (int i = 0; i < rank && status == SW_OK; i++) {
        hid_t scale = H5Dopen2(file, sw_dimension_names[dimensions[i]], H5P_DEFAULT);
        if (scale < 0 || H5DSattach_scale(dataset, scale, (unsigned)i) < 0)
            status = sw_hdf5_fail("%s: scale of dimension %d", path, i);
        sw_hdf5_close(scale);
    }
    return status;
}

/* ---- datasets ---- */

hid_t sw_dataset_file_type(sw_field_type type) {
    switch (type) {
    case SW_FIELD_F32: return H5Tcopy(H5T_IEEE_F32LE);
    case SW_FIELD_F64: return H5Tcopy(H5T_IEEE_F64LE);
    case SW_FIELD_I8: return H5Tcopy(H5T_STD_I8LE);
    case SW_FIELD_I32: return H5Tcopy(H5T_STD_I32LE);
    case SW_FIELD_I64: return H5Tcopy(H5T_STD_I64LE);
    case SW_FIELD_CHAR: return H5Tcopy(H5T_C_S1);
    default: return sw_hdf5_text_type();
    }
}

sw_status sw_dataset_is_defined(bool *out, hid_t dataset, const sw_schema_field *field) {
    char *definition;
    const sw_status status = sw_hdf5_get_text(&definition, dataset, "definition");
    *out = definition && strcmp(definition, field->definition) == 0;
    free(definition);
    return status;
}

sw_status sw_dataset_define(hid_t dataset, const sw_schema_field *field) {
    const sw_status status = sw_hdf5_set_text(dataset, "long_name", field->long_name);
    return status != SW_OK ? status : sw_hdf5_set_text(dataset, "definition", field->definition);
}

/* units, long_name, definition, _FillValue, and for codes flag_values and flag_meanings (CF conventions). */
static sw_status describe(hid_t dataset, const sw_schema_field *field) {
    sw_status status = sw_dataset_define(dataset, field);
    if (status == SW_OK) status = sw_hdf5_set_text(dataset, "units", field->units);
    if (status == SW_OK && field->type != SW_FIELD_TEXT && field->type != SW_FIELD_CHAR) {
        char missing[8];
        hid_t type = sw_dataset_file_type(field->type);
        sw_schema_missing(missing, field->type);
        status = sw_hdf5_set_array(dataset, "_FillValue", type, sw_column_memory_type(field->type), missing, 1);
        sw_hdf5_close(type);
    }
    if (status == SW_OK && field->flag_meanings) {
        static const int8_t codes[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
        size_t count = 1;
        for (const char *c = field->flag_meanings; *c; c++) count += *c == ' ';
        status = sw_hdf5_set_array(dataset, "flag_values", H5T_STD_I8LE, H5T_NATIVE_INT8, codes, count);
        if (status == SW_OK) status = sw_hdf5_set_text(dataset, "flag_meanings", field->flag_meanings);
    }
    return status;
}

static sw_status set_fill(hid_t create, const sw_schema_field *field) {
    char missing[8];
    if (field->type == SW_FIELD_TEXT) return SW_OK;
    sw_schema_missing(missing, field->type);
    const bool is_integer = field->type == SW_FIELD_I8 || field->type == SW_FIELD_I32 || field->type == SW_FIELD_I64;
    /* A code or counter may start at a value that is not "missing": pending 0, unfinished 5. */
    const herr_t result = is_integer ? H5Pset_fill_value(create, H5T_NATIVE_INT64, &field->fill)
                                     : H5Pset_fill_value(create, sw_column_memory_type(field->type), missing);
    return result < 0 ? sw_hdf5_fail("%s: fill value", field->path) : SW_OK;
}

sw_status sw_dataset_create(hid_t *out, hid_t file, const sw_schema_field *field, const int64_t extents[SW_DIM_COUNT],
                            bool compressed) {
    hsize_t size[SW_RANK_MAX], most[SW_RANK_MAX], chunk[SW_RANK_MAX];
    int64_t tile[SW_RANK_MAX];
    hid_t space = -1, create = -1, type = -1, dataset = -1;
    *out = -1;
    sw_status status = sw_dataset_create_groups(file, field->path);
    if (status != SW_OK) return status;
    sw_schema_chunk(tile, field, extents);
    for (int i = 0; i < field->rank; i++) {
        size[i] = (hsize_t)extents[field->dimensions[i]];
        most[i] = H5S_UNLIMITED;
        chunk[i] = (hsize_t)tile[i];
    }
    space = H5Screate_simple(field->rank, size, most);
    create = H5Pcreate(H5P_DATASET_CREATE);
    type = sw_dataset_file_type(field->type);
    if (space < 0 || create < 0 || type < 0 || H5Pset_chunk(create, field->rank, chunk) < 0 ||
        (compressed && (H5Pset_shuffle(create) < 0 || H5Pset_deflate(create, 6) < 0))) {
        status = sw_hdf5_fail("%s", field->path);
        goto done;
    }
    status = set_fill(create, field);
    if (status != SW_OK) goto done;
    dataset = H5Dcreate2(file, field->path, type, space, H5P_DEFAULT, create, H5P_DEFAULT);
    if (dataset < 0) {
        status = sw_hdf5_fail("%s", field->path);
        goto done;
    }
    if (field->definition) status = describe(dataset, field);
    if (status == SW_OK) status = attach_scales(file, dataset, field->path, field->rank, field->dimensions);
done:
    if (status != SW_OK) {
        sw_hdf5_close(dataset);
        dataset = -1;
    }
    sw_hdf5_close(type);
    sw_hdf5_close(create);
    sw_hdf5_close(space);
    *out = dataset;
    return status;
}

/* ---- /sweep/config ---- */

static const char sweep_path[] = "/sweep/config", sweep_moment[] = "written_utc";

sw_status sw_dataset_write_sweep(hid_t file, const char *text, const char *moment) {
    sw_status status = sw_dataset_create_groups(file, sweep_path);
    if (status != SW_OK) return status;
    hid_t type = sw_hdf5_text_type(), space = H5Screate(H5S_SCALAR), dataset = -1;
    const bool exists = H5Lexists(file, sweep_path, H5P_DEFAULT) > 0;
    if (type >= 0 && space >= 0) {
        dataset = exists ? H5Dopen2(file, sweep_path, H5P_DEFAULT)
                         : H5Dcreate2(file, sweep_path, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    }
    if (dataset < 0 || H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, &text) < 0)
        status = sw_hdf5_fail("%s", sweep_path);
    if (status == SW_OK && !exists) status = sw_hdf5_set_text(dataset, "long_name", "sweep file");
    if (status == SW_OK && !exists)
        status = sw_hdf5_set_text(dataset, "definition", "the sweep file as given, byte for byte");
    if (status == SW_OK) status = sw_hdf5_set_text(dataset, sweep_moment, moment);
    sw_hdf5_close(dataset);
    sw_hdf5_close(space);
    sw_hdf5_close(type);
    return status;
}

/* The dataset itself, or its attribute. */
static sw_status read_sweep(char **out, hid_t file, const char *attribute) {
    *out = NULL;
    if (H5Lexists(file, "/sweep", H5P_DEFAULT) <= 0 || H5Lexists(file, sweep_path, H5P_DEFAULT) <= 0) return SW_OK;
    hid_t dataset = H5Dopen2(file, sweep_path, H5P_DEFAULT);
    const sw_status status = dataset < 0 ? sw_hdf5_fail("%s", sweep_path)
                             : attribute ? sw_hdf5_get_text(out, dataset, attribute)
                                         : sw_hdf5_read_text(out, dataset, sweep_path);
    sw_hdf5_close(dataset);
    return status;
}

sw_status sw_dataset_read_sweep(char **out, hid_t file) { return read_sweep(out, file, NULL); }

sw_status sw_dataset_read_sweep_moment(char **out, hid_t file) { return read_sweep(out, file, sweep_moment); }
