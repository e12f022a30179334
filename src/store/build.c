/* build.c: makes a results file, or room in one. */
#include "store/build.h"

#include "store/axes.h"
#include "store/checksum.h"
#include "store/dataset.h"
#include "store/open.h"
#include "symsweep/clock.h"
#include "symsweep/version.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

/* ---- room on disk ---- */

/* What a sweep may take before a run has started: 2 GiB, and no more than a quarter of what is free. */
static int64_t room_for(const char *path) {
    const int64_t most = INT64_C(2) << 30;
    struct statvfs disk;
    if (statvfs(path, &disk) != 0) return most;
    const int64_t quarter = (int64_t)(disk.f_bavail / 4 * disk.f_frsize);
    return quarter < most ? quarter : most;
}

/* The furthest element along dimension d that any of the runs in rows [from, to) writes; 0 = none of them. */
static int64_t reach(const sw_store_sweep *sweep, const size_t *run_of_row, int64_t first, int64_t from, int64_t to,
                     sw_dimension d) {
    int64_t most = 0;
    for (int64_t r = from > first ? from : first; r < to; r++) {
        const int64_t extent = sw_schema_run_extent(&sweep->runs[run_of_row[r - first]], d);
        if (extent > most) most = extent;
    }
    return most;
}

static int64_t chunk_bytes(const sw_column *column, const hsize_t chunk[SW_RANK_MAX]) {
    int64_t bytes = (int64_t)sw_schema_size(column->type);
    for (int i = 0; i < column->rank; i++) bytes *= (int64_t)chunk[i];
    return bytes;
}

static sw_status write_chunk(const sw_column *column, const hsize_t offset[SW_RANK_MAX], const void *missing,
                             int64_t bytes) {
    if (H5Dwrite_chunk(column->dataset, H5P_DEFAULT, 0, offset, (size_t)bytes, missing) < 0)
        return sw_hdf5_fail("%s: room for the runs", column->path);
    return SW_OK;
}

/* Is the chunk there already? The library walks through the whole index to find out. */
static sw_status find_chunk(bool *out, const sw_column *column, const hsize_t offset[SW_RANK_MAX]) {
    haddr_t address = HADDR_UNDEF;
    hsize_t size = 0;
    unsigned filters = 0;
    if (H5Dget_chunk_info_by_coord(column->dataset, offset, &filters, &address, &size) < 0)
        return sw_hdf5_fail("%s", column->path);
    *out = address != HADDR_UNDEF;
    return SW_OK;
}

/* Every chunk of the box that starts at row `from` and reaches `end` elements along the other dimensions; `shared`:
 * the box holds older rows too, so that chunks may be there. */
static sw_status write_band(const sw_column *column, const hsize_t chunk[SW_RANK_MAX], hsize_t from, bool shared,
                            const int64_t end[SW_RANK_MAX], const void *missing, int64_t bytes) {
    hsize_t offset[SW_RANK_MAX] = {from};
    for (;;) {
        bool there = false;
        sw_status status = shared ? find_chunk(&there, column, offset) : SW_OK;
        if (status == SW_OK && !there) status = write_chunk(column, offset, missing, bytes);
        if (status != SW_OK) return status;
        int i = column->rank - 1;
        while (i > 0 && (offset[i] += chunk[i]) >= (hsize_t)end[i]) offset[i--] = 0;
        if (i <= 0) return SW_OK;
    }
}

static sw_status preallocate_column(const sw_column *column, const sw_store_sweep *sweep, const size_t *run_of_row,
                                    int64_t first, int64_t *left) {
    hsize_t chunk[SW_RANK_MAX];
    hid_t create = H5Dget_create_plist(column->dataset);
    if (create < 0 || H5Pget_chunk(create, SW_RANK_MAX, chunk) != column->rank) {
        sw_hdf5_close(create);
        return sw_hdf5_fail("%s", column->path);
    }
    sw_hdf5_close(create);
    const int64_t bytes = chunk_bytes(column, chunk), rows = (int64_t)column->extents[0];
    const size_t size = sw_schema_size(column->type);
    char *missing = malloc((size_t)bytes);
    if (!missing) return sw_fail(SW_E_MEMORY, "%s", column->path);
    for (size_t at = 0; at < (size_t)bytes; at += size) memcpy(missing + at, column->fill, size);
    sw_status status = SW_OK;
    int64_t from = first / (int64_t)chunk[0] * (int64_t)chunk[0];
    for (; from < rows && status == SW_OK; from += (int64_t)chunk[0]) {
        const int64_t to = from + (int64_t)chunk[0] < rows ? from + (int64_t)chunk[0] : rows;
        int64_t end[SW_RANK_MAX], chunks = 1;
        for (int i = 1; i < column->rank; i++) {
            end[i] = reach(sweep, run_of_row, first, from, to, column->dimensions[i]);
            chunks *= (end[i] + (int64_t)chunk[i] - 1) / (int64_t)chunk[i];
        }
        if (chunks == 0) continue;
        if (chunks * bytes > *left) break;
        *left -= chunks * bytes;
        status = write_band(column, chunk, (hsize_t)from, from < first, end, missing, bytes);
    }
    free(missing);
    return status;
}

/* Orders columns by the width of a row. */
static int by_width(const void *a, const void *b) {
    const size_t x = sw_column_elements(*(const sw_column *const *)a, 1);
    const size_t y = sw_column_elements(*(const sw_column *const *)b, 1);
    return (x > y) - (x < y);
}

/* Writes chunks of missing values where the sweep's runs will write: in SWMR mode each new chunk costs 3.5 kB of
 * shadowed index, and room that is taken now cannot run out later. Rows below `first` have theirs. row[i] is the row
 * of run i; path is the file's. Beyond 2 GiB in all, or a quarter of the free disk, arrays grow as they are written. */
static sw_status preallocate_rows(const sw_catalog *catalog, const char *path, const sw_store_sweep *sweep,
                                  const int64_t *row, int64_t first) {
    sw_status status = SW_OK;
    int64_t left = room_for(path);
    size_t *run_of_row = calloc(sweep->run_count + 1, sizeof *run_of_row);
    const sw_column **columns = calloc(catalog->count + 1, sizeof *columns);
    if (!run_of_row || !columns) {
        status = sw_fail(SW_E_MEMORY, "rows of the results file");
        goto done;
    }
    for (size_t i = 0; i < sweep->run_count; i++)
        if (row[i] >= first) run_of_row[row[i] - first] = i;
    /* Narrow arrays before wide ones: a file of large snapshots still gets room for its curves. */
    for (size_t c = 0; c < catalog->count; c++) columns[c] = &catalog->columns[c];
    qsort(columns, catalog->count, sizeof *columns, by_width);
    for (size_t c = 0; c < catalog->count && status == SW_OK; c++)
        if (columns[c]->type != SW_FIELD_TEXT) status = preallocate_column(columns[c], sweep, run_of_row, first, &left);
done:
    free(columns);
    free(run_of_row);
    return status;
}

/* ---- filling rows ---- */

/* Writes the sweep's values of one text column where they are new or differ. */
static sw_status write_texts(const sw_column *column, const sw_schema *schema, int field, const sw_store_sweep *sweep,
                             const sw_growth *growth) {
    char **before = NULL;
    const char **texts = calloc((size_t)growth->added + 1, sizeof *texts);
    sw_status status = texts ? SW_OK : sw_fail(SW_E_MEMORY, "%s", column->path);
    if (status == SW_OK && growth->known > 0) status = sw_column_load_texts(&before, column);
    for (size_t i = 0; i < sweep->run_count && status == SW_OK; i++) {
        const char *text = sw_growth_text(schema, sweep, field, i);
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
static sw_status write_numbers(const sw_column *column, const sw_schema *schema, int field, const sw_store_sweep *sweep,
                               const sw_growth *growth) {
    double *reals = NULL;
    int64_t *integers = NULL;
    const bool is_real = column->type == SW_FIELD_F64;
    sw_status status = is_real ? sw_column_load_reals(&reals, column) : sw_column_load_integers(&integers, column);
    for (size_t i = 0; i < sweep->run_count && status == SW_OK; i++) {
        double real;
        int64_t integer;
        if (!sw_growth_number(&real, &integer, schema, sweep, field, i)) continue;
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

/* Says which of the older rows the sweep has; the others are former ones. */
static sw_status write_planned(const sw_column *column, const sw_growth *growth) {
    int64_t *planned = calloc((size_t)growth->known + 1, sizeof *planned);
    if (!planned) return sw_fail(SW_E_MEMORY, "%s", column->path);
    for (int64_t r = 0; r < growth->known; r++) planned[r] = growth->planned[r];
    const sw_status status =
        growth->known == 0 ? SW_OK : sw_column_write(column, 0, (hsize_t)growth->known, H5T_NATIVE_INT64, planned);
    free(planned);
    return status;
}

static sw_status write_known(const sw_catalog *catalog, const sw_schema *schema, const sw_store_sweep *sweep,
                             const sw_growth *growth) {
    sw_status status = SW_OK;
    for (size_t f = 0; f < schema->count && status == SW_OK; f++) {
        double real;
        int64_t integer;
        const sw_column *column = sw_catalog_find(catalog, schema->fields[f].path);
        if ((int)f == schema->fixed[SW_FIELD_PLANNED])
            status = write_planned(column, growth);
        else if (column->type == SW_FIELD_TEXT)
            status = write_texts(column, schema, (int)f, sweep, growth);
        else if (sweep->run_count > 0 && sw_growth_number(&real, &integer, schema, sweep, (int)f, 0))
            status = write_numbers(column, schema, (int)f, sweep, growth);
    }
    return status;
}

static sw_status write_sweep_text(hid_t file, const sw_store_sweep *sweep) {
    char now[32];
    sw_clock_moment(now);
    char *text = calloc(sweep->sweep_length + 1, 1);
    if (!text) return sw_fail(SW_E_MEMORY, "text of the sweep file");
    memcpy(text, sweep->sweep_text, sweep->sweep_length);
    const sw_status status = sw_dataset_write_sweep(file, text, now);
    free(text);
    return status;
}

/* ---- a new file ---- */

static sw_status write_root(hid_t file, const sw_store_sweep *sweep) {
    char now[32];
    sw_clock_utc(now);
    const struct {
        const char *name, *text;
    } texts[] = {
        {"format", "symsweep"}, {"symsweep_version", sw_version()}, {"git_commit", sw_version_commit()},
        {"created_utc", now},   {"sweep_name", sweep->sweep_name},  {"blas", sweep->blas},
        {"mpi", sweep->mpi},    {"Conventions", "CF-1.8"},
    };
    sw_status status = SW_OK;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0] && status == SW_OK; i++)
        status = sw_hdf5_set_text(file, texts[i].name, texts[i].text ? texts[i].text : "");
    if (status == SW_OK) status = sw_hdf5_set_integer(file, "format_version", H5T_STD_I64LE, SW_FORMAT_VERSION);
    return status;
}

/* Makes the datasets of the schema that the file lacks. */
static sw_status create_missing(hid_t file, const sw_catalog *catalog, const sw_schema *schema,
                                const int64_t extents[SW_DIM_COUNT]) {
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
static sw_status fill_rows(hid_t file, const char *path, const sw_schema *schema, const sw_store_sweep *sweep,
                           const sw_growth *growth) {
    sw_catalog *catalog;
    sw_status status = sw_catalog_open(&catalog, file);
    if (status == SW_OK) status = preallocate_rows(catalog, path, sweep, growth->row, growth->known);
    if (status == SW_OK) status = write_known(catalog, schema, sweep, growth);
    sw_catalog_close(catalog);
    return status;
}

static sw_status close_file(hid_t file, const char *path, sw_status status) {
    if (file >= 0 && status == SW_OK) status = sw_hdf5_flush(file, path);
    return sw_vfd_close(file, path, status);
}

sw_status sw_build_create(const char *path, const sw_schema *schema, const sw_store_sweep *sweep,
                          const sw_growth *growth) {
    int64_t extents[SW_DIM_COUNT];
    hid_t file;
    for (int d = 0; d < SW_DIM_COUNT; d++) extents[d] = sw_schema_extent(sweep, (sw_dimension)d);
    sw_status status = sw_dataset_create_file(&file, path);
    if (status == SW_OK) status = write_root(file, sweep);
    if (status == SW_OK) status = sw_dataset_create_scales(file, extents);
    if (status == SW_OK) status = write_sweep_text(file, sweep);
    if (status == SW_OK) status = create_missing(file, NULL, schema, extents);
    if (status == SW_OK) status = sw_dataset_create_groups(file, "/runs/axes/"); /* there when nothing is swept too */
    if (status == SW_OK) status = fill_rows(file, path, schema, sweep, growth);
    return close_file(file, path, status);
}

/* ---- more rows and datasets in a file ---- */

static sw_status grow_columns(const sw_catalog *catalog, const int64_t extents[SW_DIM_COUNT]) {
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
                              const int64_t extents[SW_DIM_COUNT]) {
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
                               const int64_t extents[SW_DIM_COUNT]) {
    sw_status status = SW_OK;
    for (size_t f = 0; f < schema->count && status == SW_OK; f++) {
        const sw_column *column = sw_catalog_find(catalog, schema->fields[f].path);
        if (column && !sw_growth_can_hold(column->type, schema->fields[f].type))
            status = widen_column(file, column, &schema->fields[f], extents);
    }
    return status;
}

/* The caller computes onsets anew where their definition is another (sw_growth). */
static sw_status define_onsets(const sw_catalog *catalog, const sw_schema *schema) {
    sw_status status = SW_OK;
    for (size_t o = 0; o < schema->onset_count && status == SW_OK; o++) {
        const sw_column *column;
        status = sw_growth_redefined(&column, catalog, schema, o);
        if (column) status = sw_dataset_define(column->dataset, &schema->fields[schema->onsets[o].field]);
    }
    return status;
}

/* ---- checksums of rows that change ---- */

/* [known]: rows that will change and whose checksums fit now; *out is malloc'ed. A damaged row stays one. */
static sw_status find_sound_rows(sw_soundness **out, const sw_catalog *catalog, const sw_growth *growth) {
    *out = calloc((size_t)growth->known + 1, sizeof **out);
    sw_status status = *out ? SW_OK : sw_fail(SW_E_MEMORY, "checksums");
    for (int64_t r = 0; r < growth->known && status == SW_OK; r++)
        if (growth->changed[r]) status = sw_checksum_verify(&(*out)[r], catalog, r, 1);
    return status;
}

static sw_status renew_checksums(hid_t file, const sw_soundness *rows, int64_t count) {
    sw_catalog *catalog;
    sw_status status = sw_catalog_open(&catalog, file);
    for (int64_t r = 0; r < count && status == SW_OK; r++)
        if (rows[r] == SW_ROW_SOUND) status = sw_checksum_renew(catalog, r);
    sw_catalog_close(catalog);
    return status;
}

static sw_status complete_axes(hid_t file, const sw_store_knowledge *knowledge) {
    sw_catalog *catalog;
    sw_status status = sw_catalog_open(&catalog, file);
    if (status == SW_OK) status = sw_axes_complete(catalog, knowledge);
    sw_catalog_close(catalog);
    return status;
}

sw_status sw_build_extend(const char *path, const sw_schema *schema, const sw_store_sweep *sweep,
                          const sw_growth *growth) {
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
            const int64_t wanted = sw_schema_extent(sweep, (sw_dimension)d);
            if (wanted > extents[d]) extents[d] = wanted;
        }
        extents[SW_DIM_RUN] = growth->known + growth->added;
        status = sw_dataset_set_scales(file, extents);
    }
    if (status == SW_OK) status = grow_columns(catalog, extents);
    if (status == SW_OK) status = define_onsets(catalog, schema);
    if (status == SW_OK) status = widen_columns(file, catalog, schema, extents);
    if (status == SW_OK) status = create_missing(file, catalog, schema, extents);
    sw_catalog_close(catalog);
    if (status == SW_OK) status = fill_rows(file, path, schema, sweep, growth);
    if (status == SW_OK) status = renew_checksums(file, rows, growth->known);
    if (status == SW_OK) status = complete_axes(file, sweep->knowledge);
    if (status == SW_OK) status = write_sweep_text(file, sweep);
    free(rows);
    return close_file(file, path, status);
}
