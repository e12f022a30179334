/* build.c: makes a results file, or room in one. */
#include "store/build.h"

#include "store/axes.h"
#include "store/checksum.h"
#include "store/dataset.h"
#include "store/open.h"
#include "store/preallocate.h"
#include "symsweep/clock.h"
#include "symsweep/version.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- filling rows ---- */

/* Writes the layout's values of one text column where they are new or differ. */
static sw_status write_texts(const sw_column *column, const sw_schema *schema, int field, const sw_store_layout *layout,
                             const sw_growth *growth)
{
    char **before = NULL;
    const char **texts = calloc((size_t)growth->added + 1, sizeof *texts);
    sw_status status = texts ? SW_OK : sw_fail(SW_E_MEMORY, "%s", column->path);
    if (status == SW_OK && growth->known > 0) status = sw_column_load_texts(&before, column);
    for (size_t i = 0; i < layout->run_count && status == SW_OK; i++) {
        const char *text = sw_growth_text(schema, layout, field, i);
        const int64_t row = growth->row[i];
        if (row >= growth->known)
            texts[row - growth->known] = text;
        else if (strcmp(before[row], text) != 0)
            status = sw_column_write_texts(column, (hsize_t)row, 1, &text);
    }
    if (status == SW_OK && growth->added > 0)
        status = sw_column_write_texts(column, (hsize_t)growth->known, (hsize_t)growth->added, texts);
    sw_column_free_texts(before, (size_t)(growth->known + growth->added));
    free(texts);
    return status;
}

/* The same for seed and axes. */
static sw_status write_numbers(const sw_column *column, const sw_schema *schema, int field,
                               const sw_store_layout *layout, const sw_growth *growth)
{
    double *reals = NULL;
    int64_t *integers = NULL;
    const bool is_real = column->type == SW_FIELD_F64;
    sw_status status = is_real ? sw_column_load_reals(&reals, column) : sw_column_load_integers(&integers, column);
    for (size_t i = 0; i < layout->run_count && status == SW_OK; i++) {
        double real;
        int64_t integer;
        if (!sw_growth_number(&real, &integer, schema, layout, field, i)) continue;
        if (is_real)
            reals[growth->row[i]] = real;
        else
            integers[growth->row[i]] = integer;
    }
    if (status == SW_OK)
        status = is_real ? sw_column_write(column, 0, column->extents[0], H5T_NATIVE_DOUBLE, reals)
                         : sw_column_write(column, 0, column->extents[0], H5T_NATIVE_INT64, integers);
    free(integers);
    free(reals);
    return status;
}

static sw_status write_known(const sw_catalog *catalog, const sw_schema *schema, const sw_store_layout *layout,
                             const sw_growth *growth)
{
    sw_status status = SW_OK;
    for (size_t f = 0; f < schema->count && status == SW_OK; f++) {
        double real;
        int64_t integer;
        const sw_column *column = sw_catalog_find(catalog, schema->fields[f].path);
        if (column->type == SW_FIELD_TEXT)
            status = write_texts(column, schema, (int)f, layout, growth);
        else if (layout->run_count > 0 && sw_growth_number(&real, &integer, schema, layout, (int)f, 0))
            status = write_numbers(column, schema, (int)f, layout, growth);
    }
    return status;
}

static sw_status write_sweep_text(hid_t file, const sw_store_layout *layout)
{
    char *text = calloc(layout->sweep_length + 1, 1);
    if (!text) return sw_fail(SW_E_MEMORY, "text of the sweep file");
    memcpy(text, layout->sweep_text, layout->sweep_length);
    const sw_status status = sw_dataset_write_sweep(file, text);
    free(text);
    return status;
}

/* ---- a new file ---- */

static sw_status write_root(hid_t file, const sw_store_layout *layout)
{
    const int64_t version = SW_FORMAT_VERSION;
    char now[32];
    sw_clock_utc(now);
    const struct {
        const char *name, *text;
    } texts[] = {
        {"format", "symsweep"}, {"symsweep_version", sw_version()}, {"git_commit", sw_version_commit()},
        {"created_utc", now},   {"sweep_name", layout->sweep_name}, {"blas", layout->blas},
        {"mpi", layout->mpi},   {"Conventions", "CF-1.8"},
    };
    sw_status status = SW_OK;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0] && status == SW_OK; i++)
        status = sw_hdf5_set_text(file, texts[i].name, texts[i].text ? texts[i].text : "");
    if (status == SW_OK) {
        hid_t space = H5Screate(H5S_SCALAR), attribute = -1;
        if (space >= 0) attribute = H5Acreate2(file, "format_version", H5T_STD_I64LE, space, H5P_DEFAULT, H5P_DEFAULT);
        if (attribute < 0 || H5Awrite(attribute, H5T_NATIVE_INT64, &version) < 0)
            status = sw_hdf5_fail("attribute format_version");
        sw_hdf5_close(attribute);
        sw_hdf5_close(space);
    }
    return status;
}

/* Makes the datasets of the schema that the file lacks. */
static sw_status create_missing(hid_t file, const sw_catalog *catalog, const sw_schema *schema,
                                const int64_t extents[SW_DIM_COUNT])
{
    sw_status status = SW_OK;
    for (size_t f = 0; f < schema->count && status == SW_OK; f++) {
        hid_t dataset;
        if (catalog && sw_catalog_find(catalog, schema->fields[f].path)) continue;
        status = sw_dataset_create(&dataset, file, &schema->fields[f], extents, false);
        sw_hdf5_close(dataset);
    }
    return status;
}

/* Fills the rows of a file whose datasets are complete; room first, so that new rows have no chunks yet. */
static sw_status fill_rows(hid_t file, const char *path, const sw_schema *schema, const sw_store_layout *layout,
                           const sw_growth *growth)
{
    sw_catalog *catalog;
    sw_status status = sw_catalog_open(&catalog, file);
    if (status == SW_OK) status = sw_preallocate_rows(catalog, path, layout, growth->row, growth->known);
    if (status == SW_OK) status = write_known(catalog, schema, layout, growth);
    sw_catalog_close(catalog);
    return status;
}

static sw_status close_file(hid_t file, const char *path, sw_status status)
{
    if (file >= 0 && status == SW_OK) status = sw_hdf5_flush(file, path);
    return sw_vfd_close(file, path, status);
}

sw_status sw_build_create(const char *path, const sw_schema *schema, const sw_store_layout *layout,
                          const sw_growth *growth)
{
    int64_t extents[SW_DIM_COUNT];
    hid_t file;
    for (int d = 0; d < SW_DIM_COUNT; d++) extents[d] = sw_schema_extent(layout, (sw_dimension)d);
    sw_status status = sw_dataset_create_file(&file, path);
    if (status == SW_OK) status = write_root(file, layout);
    if (status == SW_OK) status = sw_dataset_create_scales(file, extents);
    if (status == SW_OK) status = write_sweep_text(file, layout);
    if (status == SW_OK) status = create_missing(file, NULL, schema, extents);
    if (status == SW_OK) status = sw_dataset_create_groups(file, "/runs/axes/"); /* there when nothing is swept too */
    if (status == SW_OK) status = fill_rows(file, path, schema, layout, growth);
    return close_file(file, path, status);
}

/* ---- more rows and datasets in a file ---- */

static sw_status grow_columns(const sw_catalog *catalog, const int64_t extents[SW_DIM_COUNT])
{
    for (size_t c = 0; c < catalog->count; c++) {
        const sw_column *column = &catalog->columns[c];
        hsize_t size[SW_RANK_MAX];
        for (int i = 0; i < column->rank; i++) size[i] = (hsize_t)extents[column->dimensions[i]];
        if (H5Dset_extent(column->dataset, size) < 0) return sw_hdf5_fail("%s: room for more", column->path);
    }
    return SW_OK;
}

/* Replaces a column of integers by one of reals (or of booleans by one of integers) with the same values. */
static sw_status widen_column(hid_t file, const sw_column *column, const sw_schema_field *field,
                              const int64_t extents[SW_DIM_COUNT])
{
    if (!sw_growth_can_hold(field->type, column->type))
        return sw_fail(SW_E_STORE, "%s held another kind of value in an earlier form of the sweep", field->path);
    double *values;
    hid_t dataset = -1;
    sw_status status = sw_column_load_reals(&values, column);
    for (hsize_t r = 0; r < column->extents[0] && status == SW_OK; r++)
        if (field->type == SW_FIELD_F64 && values[r] == -1) values[r] = NAN;
    if (status == SW_OK && H5Ldelete(file, field->path, H5P_DEFAULT) < 0) status = sw_hdf5_fail("%s", field->path);
    if (status == SW_OK) status = sw_dataset_create(&dataset, file, field, extents, false);
    if (status == SW_OK) {
        const sw_column wide = {.path = column->path, .dataset = dataset, .rank = 1};
        status = sw_column_write(&wide, 0, column->extents[0], H5T_NATIVE_DOUBLE, values);
    }
    sw_hdf5_close(dataset);
    free(values);
    return status;
}

static sw_status widen_columns(hid_t file, const sw_catalog *catalog, const sw_schema *schema,
                               const int64_t extents[SW_DIM_COUNT])
{
    sw_status status = SW_OK;
    for (size_t f = 0; f < schema->count && status == SW_OK; f++) {
        const sw_column *column = sw_catalog_find(catalog, schema->fields[f].path);
        if (column && !sw_growth_can_hold(column->type, schema->fields[f].type))
            status = widen_column(file, column, &schema->fields[f], extents);
    }
    return status;
}

/* ---- checksums of rows that change ---- */

/* [known]: rows that will change and whose checksums fit now; *out is malloc'ed. A damaged row stays one. */
static sw_status find_sound_rows(sw_soundness **out, const sw_catalog *catalog, const sw_growth *growth)
{
    *out = calloc((size_t)growth->known + 1, sizeof **out);
    sw_status status = *out ? SW_OK : sw_fail(SW_E_MEMORY, "checksums");
    for (int64_t r = 0; r < growth->known && status == SW_OK; r++)
        if (growth->changed[r]) status = sw_checksum_verify(&(*out)[r], catalog, r, 1);
    return status;
}

static sw_status renew_checksums(hid_t file, const sw_soundness *rows, int64_t count)
{
    sw_catalog *catalog;
    sw_status status = sw_catalog_open(&catalog, file);
    for (int64_t r = 0; r < count && status == SW_OK; r++)
        if (rows[r] == SW_ROW_SOUND) status = sw_checksum_renew(catalog, r);
    sw_catalog_close(catalog);
    return status;
}

static sw_status complete_axes(hid_t file, const sw_store_knowledge *knowledge)
{
    sw_catalog *catalog;
    sw_status status = sw_catalog_open(&catalog, file);
    if (status == SW_OK) status = sw_axes_complete(catalog, knowledge);
    sw_catalog_close(catalog);
    return status;
}

sw_status sw_build_extend(const char *path, const sw_schema *schema, const sw_store_layout *layout,
                          const sw_growth *growth)
{
    int64_t extents[SW_DIM_COUNT];
    sw_catalog *catalog = NULL;
    sw_soundness *rows = NULL;
    hid_t file;
    sw_status status = sw_open_writable(&file, path);
    if (status != SW_OK) return status;
    status = sw_dataset_read_scales(file, extents);
    if (status == SW_OK) status = sw_catalog_open(&catalog, file);
    if (status == SW_OK) status = find_sound_rows(&rows, catalog, growth);
    if (status == SW_OK) {
        for (int d = 0; d < SW_DIM_COUNT; d++) {
            const int64_t wanted = sw_schema_extent(layout, (sw_dimension)d);
            if (wanted > extents[d]) extents[d] = wanted;
        }
        extents[SW_DIM_RUN] = growth->known + growth->added;
        status = sw_dataset_set_scales(file, extents);
    }
    if (status == SW_OK) status = grow_columns(catalog, extents);
    if (status == SW_OK) status = widen_columns(file, catalog, schema, extents);
    if (status == SW_OK) status = create_missing(file, catalog, schema, extents);
    sw_catalog_close(catalog);
    if (status == SW_OK) status = fill_rows(file, path, schema, layout, growth);
    if (status == SW_OK) status = renew_checksums(file, rows, growth->known);
    if (status == SW_OK) status = complete_axes(file, layout->knowledge);
    if (status == SW_OK) status = write_sweep_text(file, layout);
    free(rows);
    return close_file(file, path, status);
}
