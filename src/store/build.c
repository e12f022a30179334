/* build.c: makes a results file, or room in one. */
#include "store/build.h"

#include "store/dataset.h"
#include "store/preallocate.h"
#include "symsweep/clock.h"
#include "symsweep/version.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- texts and numbers that are known before a run starts ---- */

/* The text that the layout gives run i for a TEXT field; NULL = the field is no text of the layout. */
static const char *run_text(const sw_schema *schema, const sw_store_layout *layout, int field, size_t i)
{
    const sw_store_run *run = &layout->runs[i];
    const char *text = NULL;
    if (field == schema->fixed[SW_FIELD_ID]) text = run->id;
    else if (field == schema->fixed[SW_FIELD_CONFIG]) text = run->config;
    else if (field == schema->fixed[SW_FIELD_LABEL]) text = run->label;
    else if (field == schema->fixed[SW_FIELD_TASK]) text = run->task;
    else if (field == schema->fixed[SW_FIELD_PARAMETER_LAYOUT]) text = run->parameter_layout;
    for (size_t a = 0; a < schema->axis_count && !text; a++)
        if (field == schema->axis[a]) text = run->axes[a].string;
    return text ? text : "";
}

/* The numbers of a row that the layout knows: seed and axes. false = not one of them. */
static bool run_number(double *real, int64_t *integer, const sw_schema *schema, const sw_store_layout *layout,
                       int field, size_t i)
{
    const sw_store_run *run = &layout->runs[i];
    *integer = run->seed;
    *real = (double)run->seed;
    if (field == schema->fixed[SW_FIELD_SEED]) return true;
    for (size_t a = 0; a < schema->axis_count; a++) {
        if (field != schema->axis[a]) continue;
        const bool is_real = layout->axes[a].type == SW_AXIS_REAL;
        *integer = is_real ? (int64_t)run->axes[a].real : run->axes[a].integer;
        *real = is_real ? run->axes[a].real : (double)run->axes[a].integer;
        return true;
    }
    return false;
}

/* ---- what is missing ---- */

typedef struct known_id {
    const char *id;
    int64_t row;
} known_id;

static int by_id(const void *a, const void *b)
{
    return strcmp(((const known_id *)a)->id, ((const known_id *)b)->id);
}

static void match_rows(sw_growth *growth, known_id *known, const sw_store_layout *layout)
{
    qsort(known, (size_t)growth->known, sizeof *known, by_id);
    for (size_t i = 0; i < layout->run_count; i++) {
        const known_id key = {layout->runs[i].id, 0};
        const known_id *found =
            growth->known ? bsearch(&key, known, (size_t)growth->known, sizeof *known, by_id) : NULL;
        growth->row[i] = found ? found->row : growth->known + growth->added++;
    }
}

static sw_status read_rows(sw_growth *growth, const sw_catalog *catalog, const sw_store_layout *layout)
{
    sw_status status = SW_OK;
    const size_t count = (size_t)growth->known;
    char **ids = calloc(count + 1, sizeof *ids);
    known_id *known = calloc(count + 1, sizeof *known);
    if (!ids || !known) {
        status = sw_fail(SW_E_MEMORY, "rows of the results file");
    } else if (count > 0) {
        status = sw_column_read_texts(sw_catalog_find(catalog, "/runs/id"), 0, count, ids);
    }
    if (!status) {
        for (size_t r = 0; r < count; r++) known[r] = (known_id){ids[r], (int64_t)r};
        match_rows(growth, known, layout);
    }
    for (size_t r = 0; ids && r < count; r++) free(ids[r]);
    free(known);
    free(ids);
    return status;
}

/* Do the texts of one column differ from the layout's for any known run? Notes changed configurations. */
static sw_status compare_texts(sw_growth *growth, const sw_column *column, const sw_schema *schema, int field,
                               const sw_store_layout *layout)
{
    char **texts = calloc((size_t)growth->known + 1, sizeof *texts);
    if (!texts) return sw_fail(SW_E_MEMORY, "%s", column->path);
    const sw_status status = sw_column_read_texts(column, 0, (hsize_t)growth->known, texts);
    if (!status) {
        for (size_t i = 0; i < layout->run_count; i++) {
            if (growth->row[i] >= growth->known) continue;
            if (strcmp(texts[growth->row[i]], run_text(schema, layout, field, i)) == 0) continue;
            growth->needed = true;
            if (field == schema->fixed[SW_FIELD_CONFIG]) growth->config_changed[i] = true;
        }
        for (int64_t r = 0; r < growth->known; r++) free(texts[r]);
    }
    free(texts);
    return status;
}

static sw_status compare_sweep_text(sw_growth *growth, hid_t file, const sw_store_layout *layout)
{
    char *text;
    const sw_status status = sw_sweep_text_read(&text, file);
    if (!status && (!text || strlen(text) != layout->sweep_length ||
                    memcmp(text, layout->sweep_text, layout->sweep_length) != 0))
        growth->needed = true;
    free(text);
    return status;
}

/* A column can hold the layout's values: the same type, or a wider number (an axis of integers that became reals). */
static bool can_hold(sw_field_type column, sw_field_type field)
{
    return column == field || (column == SW_FIELD_F64 && (field == SW_FIELD_I64 || field == SW_FIELD_I8)) ||
           (column == SW_FIELD_I64 && field == SW_FIELD_I8);
}

static sw_status compare_columns(sw_growth *growth, const sw_catalog *catalog, const sw_schema *schema,
                                 const sw_store_layout *layout)
{
    sw_status status = SW_OK;
    for (size_t f = 0; f < schema->count && !status; f++) {
        const sw_field *field = &schema->fields[f];
        const sw_column *column = sw_catalog_find(catalog, field->path);
        if (!column || !can_hold(column->type, field->type)) {
            growth->needed = true;
            continue;
        }
        if (column->rank != field->rank)
            return sw_fail(SW_E_STORE, "%s has %d dimensions instead of %d", field->path, column->rank, field->rank);
        for (int i = 1; i < field->rank; i++) {
            if ((int64_t)column->extents[i] < sw_layout_extent(layout, field->dimensions[i])) growth->needed = true;
        }
        if (column->type == SW_FIELD_TEXT) status = compare_texts(growth, column, schema, (int)f, layout);
    }
    return status;
}

sw_status sw_growth_find(sw_growth *out, hid_t file, const sw_catalog *catalog, const sw_schema *schema,
                         const sw_store_layout *layout)
{
    memset(out, 0, sizeof *out);
    out->known = catalog ? (int64_t)catalog->runs : 0;
    out->row = calloc(layout->run_count + 1, sizeof *out->row);
    out->config_changed = calloc(layout->run_count + 1, sizeof *out->config_changed);
    sw_status status = out->row && out->config_changed ? SW_OK : sw_fail(SW_E_MEMORY, "rows of the results file");
    if (!status) status = read_rows(out, catalog, layout);
    if (!status && out->added > 0) out->needed = true;
    if (!status && catalog) status = compare_columns(out, catalog, schema, layout);
    if (!status && catalog) status = compare_sweep_text(out, file, layout);
    if (status) sw_growth_release(out);
    return status;
}

void sw_growth_release(sw_growth *growth)
{
    free(growth->row);
    free(growth->config_changed);
    memset(growth, 0, sizeof *growth);
}

/* ---- filling rows ---- */

/* Writes the layout's values of one text column where they are new or differ. */
static sw_status write_texts(const sw_column *column, const sw_schema *schema, int field,
                             const sw_store_layout *layout, const sw_growth *growth)
{
    sw_status status = SW_OK;
    const size_t added = (size_t)growth->added;
    const char **texts = calloc(added + 1, sizeof *texts);
    if (!texts) return sw_fail(SW_E_MEMORY, "%s", column->path);
    for (size_t i = 0; i < layout->run_count && !status; i++) {
        const char *text = run_text(schema, layout, field, i);
        const int64_t row = growth->row[i];
        char *before = NULL;
        if (row >= growth->known) {
            texts[row - growth->known] = text;
            continue;
        }
        status = sw_column_read_texts(column, (hsize_t)row, 1, &before);
        if (!status && strcmp(before, text) != 0) status = sw_column_write_texts(column, (hsize_t)row, 1, &text);
        free(status ? NULL : before);
    }
    if (!status && added > 0) status = sw_column_write_texts(column, (hsize_t)growth->known, added, texts);
    free(texts);
    return status;
}

/* The same for seed and axes. */
static sw_status write_numbers(const sw_column *column, const sw_schema *schema, int field,
                               const sw_store_layout *layout, const sw_growth *growth)
{
    sw_status status = SW_OK;
    const bool is_real = column->type == SW_FIELD_F64;
    const hid_t type = is_real ? H5T_NATIVE_DOUBLE : H5T_NATIVE_INT64;
    const size_t rows = (size_t)(growth->known + growth->added);
    double *reals = calloc(rows + 1, sizeof *reals);
    int64_t *integers = calloc(rows + 1, sizeof *integers);
    void *values = is_real ? (void *)reals : (void *)integers;
    if (!reals || !integers) {
        status = sw_fail(SW_E_MEMORY, "%s", column->path);
        goto done;
    }
    status = sw_column_read(column, 0, rows, type, values);
    for (size_t i = 0; i < layout->run_count && !status; i++)
        run_number(&reals[growth->row[i]], &integers[growth->row[i]], schema, layout, field, i);
    if (!status) status = sw_column_write(column, 0, rows, type, values);
done:
    free(integers);
    free(reals);
    return status;
}

static sw_status write_known(const sw_catalog *catalog, const sw_schema *schema, const sw_store_layout *layout,
                             const sw_growth *growth)
{
    sw_status status = SW_OK;
    for (size_t f = 0; f < schema->count && !status; f++) {
        double real;
        int64_t integer;
        const sw_column *column = sw_catalog_find(catalog, schema->fields[f].path);
        if (column->type == SW_FIELD_TEXT) {
            status = write_texts(column, schema, (int)f, layout, growth);
        } else if (layout->run_count > 0 && run_number(&real, &integer, schema, layout, (int)f, 0)) {
            status = write_numbers(column, schema, (int)f, layout, growth);
        }
    }
    return status;
}

static sw_status write_sweep_text(hid_t file, const sw_store_layout *layout)
{
    char *text = calloc(layout->sweep_length + 1, 1);
    if (!text) return sw_fail(SW_E_MEMORY, "text of the sweep file");
    memcpy(text, layout->sweep_text, layout->sweep_length);
    const sw_status status = sw_sweep_text_write(file, text);
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
        {"format", "symsweep"},           {"symsweep_version", sw_version()},
        {"git_commit", sw_git_commit()},  {"created_utc", now},
        {"sweep_name", layout->sweep_name}, {"blas", layout->blas},
        {"mpi", layout->mpi},             {"Conventions", "CF-1.8"},
    };
    sw_status status = SW_OK;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0] && !status; i++)
        status = sw_h5_set_text(file, texts[i].name, texts[i].text ? texts[i].text : "");
    if (!status) {
        hid_t space = H5Screate(H5S_SCALAR), attribute = -1;
        if (space >= 0)
            attribute = H5Acreate2(file, "format_version", H5T_STD_I64LE, space, H5P_DEFAULT, H5P_DEFAULT);
        if (attribute < 0 || H5Awrite(attribute, H5T_NATIVE_INT64, &version) < 0)
            status = sw_h5_fail("attribute format_version");
        sw_h5_close(attribute);
        sw_h5_close(space);
    }
    return status;
}

/* Makes the datasets of the schema that the file lacks. */
static sw_status create_missing(hid_t file, const sw_catalog *catalog, const sw_schema *schema,
                                const int64_t extents[SW_DIM_COUNT])
{
    sw_status status = SW_OK;
    for (size_t f = 0; f < schema->count && !status; f++) {
        hid_t dataset;
        if (catalog && sw_catalog_find(catalog, schema->fields[f].path)) continue;
        status = sw_dataset_create(&dataset, file, &schema->fields[f], extents, false);
        sw_h5_close(dataset);
    }
    return status;
}

/* Fills the rows of a file whose datasets are complete. */
static sw_status fill_rows(hid_t file, const sw_schema *schema, const sw_store_layout *layout,
                           const sw_growth *growth)
{
    sw_catalog *catalog;
    sw_status status = sw_catalog_open(&catalog, file);
    if (!status) status = write_known(catalog, schema, layout, growth);
    if (!status) status = sw_preallocate(catalog, layout, growth->row, growth->known);
    sw_catalog_close(catalog);
    return status;
}

static sw_status close_file(hid_t file, const char *path, sw_status status)
{
    if (file >= 0 && H5Fflush(file, H5F_SCOPE_GLOBAL) < 0 && !status) status = sw_h5_fail("%s", path);
    if (file >= 0 && H5Fclose(file) < 0 && !status) status = sw_h5_fail("%s", path);
    return status;
}

sw_status sw_file_create(const char *path, const sw_schema *schema, const sw_store_layout *layout,
                         const sw_growth *growth)
{
    int64_t extents[SW_DIM_COUNT];
    hid_t file;
    for (int d = 0; d < SW_DIM_COUNT; d++) extents[d] = sw_layout_extent(layout, (sw_dimension)d);
    sw_status status = sw_root_create(&file, path);
    if (!status) status = write_root(file, layout);
    if (!status) status = sw_scales_create(file, extents);
    if (!status) status = write_sweep_text(file, layout);
    if (!status) status = create_missing(file, NULL, schema, extents);
    if (!status) status = fill_rows(file, schema, layout, growth);
    return close_file(file, path, status);
}

/* ---- more rows and datasets in a file ---- */

static sw_status grow_columns(const sw_catalog *catalog, const int64_t extents[SW_DIM_COUNT])
{
    for (size_t c = 0; c < catalog->count; c++) {
        const sw_column *column = &catalog->columns[c];
        hsize_t size[SW_H5_RANK_MAX];
        for (int i = 0; i < column->rank; i++) size[i] = (hsize_t)extents[column->dimensions[i]];
        if (H5Dset_extent(column->dataset, size) < 0) return sw_h5_fail("%s: room for more", column->path);
    }
    return SW_OK;
}

/* Replaces a column of integers by one of reals (or of booleans by one of integers) with the same values. */
static sw_status widen_column(hid_t file, const sw_column *column, const sw_field *field,
                              const int64_t extents[SW_DIM_COUNT])
{
    const size_t rows = (size_t)column->extents[0];
    if (!can_hold(field->type, column->type))
        return sw_fail(SW_E_STORE, "%s held another kind of value in an earlier form of the sweep", field->path);
    double *values = calloc(rows + 1, sizeof *values);
    if (!values) return sw_fail(SW_E_MEMORY, "%s", field->path);
    hid_t dataset = -1;
    sw_status status = sw_column_read(column, 0, rows, H5T_NATIVE_DOUBLE, values);
    if (!status && field->type == SW_FIELD_F64) {
        for (size_t r = 0; r < rows; r++)
            if (values[r] == -1) values[r] = NAN;
    }
    if (!status && H5Ldelete(file, field->path, H5P_DEFAULT) < 0) status = sw_h5_fail("%s", field->path);
    if (!status) status = sw_dataset_create(&dataset, file, field, extents, false);
    if (!status) {
        const hsize_t start = 0, count = rows;
        status = sw_h5_write_box(dataset, field->path, H5T_NATIVE_DOUBLE, 1, &start, &count, values);
    }
    sw_h5_close(dataset);
    free(values);
    return status;
}

static sw_status widen_columns(hid_t file, const sw_catalog *catalog, const sw_schema *schema,
                               const int64_t extents[SW_DIM_COUNT])
{
    sw_status status = SW_OK;
    for (size_t f = 0; f < schema->count && !status; f++) {
        const sw_column *column = sw_catalog_find(catalog, schema->fields[f].path);
        if (column && !can_hold(column->type, schema->fields[f].type))
            status = widen_column(file, column, &schema->fields[f], extents);
    }
    return status;
}

sw_status sw_file_extend(const char *path, const sw_schema *schema, const sw_store_layout *layout,
                         const sw_growth *growth)
{
    int64_t extents[SW_DIM_COUNT];
    sw_catalog *catalog = NULL;
    hid_t access = sw_h5_access(), file = access < 0 ? -1 : H5Fopen(path, H5F_ACC_RDWR, access);
    sw_h5_close(access);
    if (file < 0) return sw_h5_fail("%s", path);
    sw_status status = sw_scales_read(file, extents);
    if (!status) status = sw_catalog_open(&catalog, file);
    if (!status) {
        for (int d = 0; d < SW_DIM_COUNT; d++) {
            const int64_t wanted = sw_layout_extent(layout, (sw_dimension)d);
            if (wanted > extents[d]) extents[d] = wanted;
        }
        extents[SW_DIM_RUN] = growth->known + growth->added;
        status = sw_scales_set(file, extents);
    }
    if (!status) status = grow_columns(catalog, extents);
    if (!status) status = widen_columns(file, catalog, schema, extents);
    if (!status) status = create_missing(file, catalog, schema, extents);
    sw_catalog_close(catalog);
    if (!status) status = fill_rows(file, schema, layout, growth);
    if (!status) status = write_sweep_text(file, layout);
    return close_file(file, path, status);
}
