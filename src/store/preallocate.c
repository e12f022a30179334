/* preallocate.c: chunks of missing values for rows to come. */
#include "store/preallocate.h"

#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

/* What a sweep may take before a run has started: 2 GiB, and no more than a quarter of what is free. */
static int64_t room_for(const char *path)
{
    const int64_t most = INT64_C(2) << 30;
    struct statvfs disk;
    if (statvfs(path, &disk) != 0) return most;
    const int64_t quarter = (int64_t)(disk.f_bavail / 4 * disk.f_frsize);
    return quarter < most ? quarter : most;
}

/* The furthest element along dimension d that any of the runs in rows [from, to) writes; 0 = none of them. */
static int64_t reach(const sw_store_layout *layout, const size_t *run_of_row, int64_t first, int64_t from, int64_t to,
                     sw_dimension d)
{
    int64_t most = 0;
    for (int64_t r = from > first ? from : first; r < to; r++) {
        const int64_t extent = sw_schema_run_extent(&layout->runs[run_of_row[r - first]], d);
        if (extent > most) most = extent;
    }
    return most;
}

static int64_t chunk_bytes(const sw_column *column, const hsize_t chunk[SW_RANK_MAX])
{
    int64_t bytes = (int64_t)sw_schema_size(column->type);
    for (int i = 0; i < column->rank; i++) bytes *= (int64_t)chunk[i];
    return bytes;
}

static sw_status write_chunk(const sw_column *column, const hsize_t offset[SW_RANK_MAX], const void *missing,
                             int64_t bytes)
{
    if (H5Dwrite_chunk(column->dataset, H5P_DEFAULT, 0, offset, (size_t)bytes, missing) < 0)
        return sw_hdf5_fail("%s: room for the runs", column->path);
    return SW_OK;
}

/* Is the chunk there already? The library walks through the whole index to find out. */
static sw_status find_chunk(bool *out, const sw_column *column, const hsize_t offset[SW_RANK_MAX])
{
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
                            const int64_t end[SW_RANK_MAX], const void *missing, int64_t bytes)
{
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

static sw_status preallocate_column(const sw_column *column, const sw_store_layout *layout, const size_t *run_of_row,
                                    int64_t first, int64_t *left)
{
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
            end[i] = reach(layout, run_of_row, first, from, to, column->dimensions[i]);
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
static int by_width(const void *a, const void *b)
{
    const size_t x = sw_column_elements(*(const sw_column *const *)a, 1);
    const size_t y = sw_column_elements(*(const sw_column *const *)b, 1);
    return (x > y) - (x < y);
}

sw_status sw_preallocate_rows(const sw_catalog *catalog, const char *path, const sw_store_layout *layout,
                              const int64_t *row, int64_t first)
{
    sw_status status = SW_OK;
    int64_t left = room_for(path);
    size_t *run_of_row = calloc(layout->run_count + 1, sizeof *run_of_row);
    const sw_column **columns = calloc(catalog->count + 1, sizeof *columns);
    if (!run_of_row || !columns) {
        status = sw_fail(SW_E_MEMORY, "rows of the results file");
        goto done;
    }
    for (size_t i = 0; i < layout->run_count; i++)
        if (row[i] >= first) run_of_row[row[i] - first] = i;
    /* Narrow arrays before wide ones: a file of large snapshots still gets room for its curves. */
    for (size_t c = 0; c < catalog->count; c++) columns[c] = &catalog->columns[c];
    qsort(columns, catalog->count, sizeof *columns, by_width);
    for (size_t c = 0; c < catalog->count && status == SW_OK; c++)
        if (columns[c]->type != SW_FIELD_TEXT)
            status = preallocate_column(columns[c], layout, run_of_row, first, &left);
done:
    free(columns);
    free(run_of_row);
    return status;
}
