/* checksum.c: the checksum of a row. */
#include "store/checksum.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* Elements read at a time; wide rows come in slices of whole entries of their second dimension. */
enum { SLICE_ELEMENTS = 1 << 18 };

/* Where and how fast a run was trained is no part of what it found: the same run has the same checksum everywhere. */
static const char *const left_out[] = {"/runs/checksum",     "/runs/host",         "/runs/rank",
                                       "/runs/attempts",     "/runs/wall_seconds", "/runs/steps_per_second",
                                       "/runs/measure_share"};

static bool is_left_out(const char *path)
{
    if (strncmp(path, "/runs/refine/", 13) == 0) return true; /* goes on changing when the run is over */
    for (size_t i = 0; i < sizeof left_out / sizeof left_out[0]; i++)
        if (strcmp(path, left_out[i]) == 0) return true;
    return false;
}

/* A row's share of one column: whether the path has been counted yet. */
typedef struct row_sum {
    uint32_t crc;
    bool named;
} row_sum;

static void add_path(row_sum *sum, const char *path)
{
    if (sum->named) return;
    sum->crc = (uint32_t)crc32(sum->crc, (const Bytef *)path, (uInt)strlen(path) + 1);
    sum->named = true;
}

/* Runs of present values go into the sum in one call each. Hosts are little-endian, as the file is. */
static void add_values(row_sum *sum, const sw_column *column, const char *values, size_t count)
{
    const size_t size = sw_field_size(column->type);
    for (size_t i = 0; i < count;) {
        if (sw_element_is_missing(column->type, values, i)) {
            i++;
            continue;
        }
        size_t end = i + 1;
        while (end < count && !sw_element_is_missing(column->type, values, end)) end++;
        add_path(sum, column->path);
        sum->crc = (uint32_t)crc32(sum->crc, (const Bytef *)values + i * size, (uInt)((end - i) * size));
        i = end;
    }
}

static sw_status add_texts(row_sum *sums, const sw_column *column, int64_t first, int64_t count)
{
    char **texts = calloc((size_t)count + 1, sizeof *texts);
    if (!texts) return sw_fail(SW_E_MEMORY, "%s", column->path);
    const sw_status status = sw_column_read_texts(column, (hsize_t)first, (hsize_t)count, texts);
    for (int64_t r = 0; r < count && status == SW_OK; r++) {
        if (texts[r][0]) {
            add_path(&sums[r], column->path);
            sums[r].crc = (uint32_t)crc32(sums[r].crc, (const Bytef *)texts[r], (uInt)strlen(texts[r]) + 1);
        }
        free(texts[r]);
    }
    free(texts);
    return status;
}

/* Rows [first, first + count) of a numeric column, in slices along its second dimension when one row is wide. */
static sw_status add_numbers(row_sum *sums, const sw_column *column, int64_t first, int64_t count)
{
    const size_t row_elements = sw_column_elements(column, 1);
    const hsize_t depth = column->rank > 1 ? column->extents[1] : 1;
    if (row_elements == 0) return SW_OK;
    const size_t entry = row_elements / depth;
    const bool whole = row_elements * (size_t)count <= SLICE_ELEMENTS;
    hsize_t step = whole ? depth : SLICE_ELEMENTS / entry;
    if (step < 1) step = 1;
    if (step > depth) step = depth;
    const int64_t together = whole ? count : 1;
    char *values = malloc(step * entry * (size_t)together * sw_field_size(column->type));
    if (!values) return sw_fail(SW_E_MEMORY, "%s", column->path);

    sw_status status = SW_OK;
    for (int64_t r = 0; r < count && status == SW_OK; r += together) {
        for (hsize_t e = 0; e < depth && status == SW_OK; e += step) {
            const hsize_t take = e + step <= depth ? step : depth - e;
            hsize_t start[SW_H5_RANK_MAX] = {(hsize_t)(first + r), e}, size[SW_H5_RANK_MAX] = {(hsize_t)together, take};
            for (int i = 2; i < column->rank; i++) size[i] = column->extents[i];
            status = sw_h5_read_box(column->dataset, column->path, sw_column_memory_type(column->type), column->rank,
                                    start, size, values);
            for (int64_t k = 0; k < together && status == SW_OK; k++)
                add_values(&sums[r + k], column, values + (size_t)k * take * entry * sw_field_size(column->type),
                           take * entry);
        }
    }
    free(values);
    return status;
}

sw_status sw_rows_checksum_as(int64_t *out, const sw_catalog *catalog, int64_t first, int64_t count,
                              const int8_t *states)
{
    row_sum *sums = calloc((size_t)count + 1, sizeof *sums);
    if (!sums) return sw_fail(SW_E_MEMORY, "checksums");
    sw_status status = SW_OK;
    for (int64_t r = 0; r < count; r++) sums[r].crc = (uint32_t)crc32(0, NULL, 0);
    for (size_t c = 0; c < catalog->count && status == SW_OK; c++) {
        const sw_column *column = &catalog->columns[c];
        if (is_left_out(column->path)) continue;
        for (int64_t r = 0; r < count; r++) sums[r].named = false;
        if (states && strcmp(column->path, "/runs/status") == 0) {
            for (int64_t r = 0; r < count; r++) add_values(&sums[r], column, (const char *)states + r, 1);
            continue;
        }
        status = column->type == SW_FIELD_TEXT ? add_texts(sums, column, first, count)
                                               : add_numbers(sums, column, first, count);
    }
    for (int64_t r = 0; r < count && status == SW_OK; r++) out[r] = (int64_t)sums[r].crc;
    free(sums);
    return status;
}

sw_status sw_rows_checksum(int64_t *out, const sw_catalog *catalog, int64_t first, int64_t count)
{
    return sw_rows_checksum_as(out, catalog, first, count, NULL);
}

sw_status sw_row_checksum(int64_t *out, const sw_catalog *catalog, int64_t row)
{
    return sw_rows_checksum(out, catalog, row, 1);
}

sw_status sw_row_is_sound(bool *out, const sw_catalog *catalog, int64_t row)
{
    const sw_column *column = sw_catalog_find(catalog, "/runs/checksum");
    int64_t stored = 0, found = 0;
    sw_status status = sw_column_read(column, (hsize_t)row, 1, H5T_NATIVE_INT64, &stored);
    if (status == SW_OK) status = sw_row_checksum(&found, catalog, row);
    *out = status == SW_OK && found == stored;
    return status;
}

sw_status sw_row_renew_checksum(const sw_catalog *catalog, int64_t row)
{
    int64_t sum;
    sw_status status = sw_row_checksum(&sum, catalog, row);
    if (status == SW_OK)
        status = sw_column_write(sw_catalog_find(catalog, "/runs/checksum"), (hsize_t)row, 1, H5T_NATIVE_INT64, &sum);
    return status;
}
