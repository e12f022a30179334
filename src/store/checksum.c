/* checksum.c: the checksum of a row. */
#include "store/checksum.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* Rows whose columns are read together when they are verified. */
enum { BAND = 16 };

/* Where and how fast a run was trained, and who asks for it, is no part of what it found: the same run has the same
 * checksum everywhere. */
static const char *const left_out[] = {
    "/runs/checksum",         "/runs/host",          "/runs/rank",    "/runs/attempts",    "/runs/wall_seconds",
    "/runs/steps_per_second", "/runs/measure_share", "/runs/planned", "/runs/shared_with", "/runs/shared_steps"};

static bool is_left_out(const char *path) {
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

static void add_path(row_sum *sum, const char *path) {
    if (sum->named) return;
    sum->crc = (uint32_t)crc32(sum->crc, (const Bytef *)path, (uInt)strlen(path) + 1);
    sum->named = true;
}

/* Runs of present values go into the sum in one call each. Hosts are little-endian, as the file is. */
static void add_values(row_sum *sum, const sw_column *column, const char *values, size_t count) {
    const size_t size = sw_schema_size(column->type);
    for (size_t i = 0; i < count;) {
        if (sw_column_is_missing(column->type, values, i)) {
            i++;
            continue;
        }
        size_t end = i + 1;
        while (end < count && !sw_column_is_missing(column->type, values, end)) end++;
        add_path(sum, column->path);
        sum->crc = (uint32_t)crc32(sum->crc, (const Bytef *)values + i * size, (uInt)((end - i) * size));
        i = end;
    }
}

static sw_status add_texts(row_sum *sums, const sw_column *column, int64_t first, int64_t count) {
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

typedef struct number_sums {
    row_sum *sums; /* of the row `first` and those behind it */
    const sw_column *column;
    hsize_t first;
} number_sums;

static sw_status add_piece(void *context, const sw_column_piece *piece) {
    const number_sums *n = context;
    const size_t share = piece->elements / piece->count[0], size = sw_schema_size(n->column->type);
    for (hsize_t k = 0; k < piece->count[0]; k++)
        add_values(&n->sums[piece->start[0] - n->first + k], n->column, piece->values + k * share * size, share);
    return SW_OK;
}

static sw_status add_numbers(row_sum *sums, const sw_column *column, int64_t first, int64_t count) {
    number_sums n = {sums, column, (hsize_t)first};
    return sw_column_walk(column, sw_column_memory_type(column->type), first, count, 0, add_piece, &n);
}

sw_status sw_checksum_rows(int64_t *out, const sw_catalog *catalog, int64_t first, int64_t count,
                           const int8_t *states) {
    row_sum *sums = calloc((size_t)count + 1, sizeof *sums);
    if (!sums) return sw_fail(SW_E_MEMORY, "checksums");
    sw_status status = SW_OK;
    for (int64_t r = 0; r < count; r++) sums[r].crc = (uint32_t)crc32(0, NULL, 0);
    for (size_t c = 0; c < catalog->count && status == SW_OK; c++) {
        const sw_column *column = &catalog->columns[c];
        if (is_left_out(column->path)) continue;
        for (int64_t r = 0; r < count; r++) sums[r].named = false;
        if (states && strcmp(column->path, "/runs/status") == 0)
            for (int64_t r = 0; r < count; r++) add_values(&sums[r], column, (const char *)states + r, 1);
        else
            status = column->type == SW_FIELD_TEXT ? add_texts(sums, column, first, count)
                                                   : add_numbers(sums, column, first, count);
    }
    for (int64_t r = 0; r < count && status == SW_OK; r++) out[r] = (int64_t)sums[r].crc;
    free(sums);
    return status;
}

/* The same for rows whose columns are read together. */
static sw_status verify_band(sw_soundness *out, const sw_catalog *catalog, int64_t first, int64_t count,
                             const int64_t *states, const int64_t *checksums) {
    int64_t found[BAND];
    bool any = false;
    for (int64_t i = 0; i < count; i++) {
        out[i] = sw_record_is_over(states[i]) ? SW_ROW_SOUND : SW_ROW_OPEN;
        any = any || out[i] == SW_ROW_SOUND;
    }
    if (!any) return SW_OK;
    const sw_status status = sw_checksum_rows(found, catalog, first, count, NULL);
    for (int64_t i = 0; i < count && status == SW_OK; i++)
        if (out[i] == SW_ROW_SOUND && found[i] != checksums[i]) out[i] = SW_ROW_DAMAGED;
    return status;
}

sw_status sw_checksum_verify(sw_soundness *out, const sw_catalog *catalog, int64_t first, int64_t count) {
    if (count == 0) return SW_OK;
    int64_t *states = calloc(2 * (size_t)count, sizeof *states), *checksums = states + count;
    if (!states) return sw_fail(SW_E_MEMORY, "%lld rows", (long long)count);
    const hsize_t from = (hsize_t)first, rows = (hsize_t)count;
    sw_status status = sw_column_read(sw_catalog_find(catalog, "/runs/status"), from, rows, H5T_NATIVE_INT64, states);
    if (status == SW_OK)
        status = sw_column_read(sw_catalog_find(catalog, "/runs/checksum"), from, rows, H5T_NATIVE_INT64, checksums);
    for (int64_t r = 0; r < count && status == SW_OK; r += BAND)
        status =
            verify_band(out + r, catalog, first + r, r + BAND <= count ? BAND : count - r, states + r, checksums + r);
    free(states);
    return status;
}

sw_status sw_checksum_renew(const sw_catalog *catalog, int64_t row) {
    int64_t sum;
    sw_status status = sw_checksum_rows(&sum, catalog, row, 1, NULL);
    if (status == SW_OK)
        status = sw_column_write(sw_catalog_find(catalog, "/runs/checksum"), (hsize_t)row, 1, H5T_NATIVE_INT64, &sum);
    return status;
}
