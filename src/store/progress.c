/* progress.c: the checksum of a run that is not over yet. */
#include "store/progress.h"

#include <math.h>
#include <stdlib.h>
#include <zlib.h>

static const uint32_t snapshot_mask = 0x7fffffff;

int64_t sw_progress_pack(sw_progress_sum sum)
{
    return (int64_t)((uint64_t)(sum.snapshots & snapshot_mask) << 32 | sum.records);
}

static void add_step(uint32_t *crc, int64_t step) { *crc = (uint32_t)crc32(*crc, (const Bytef *)&step, sizeof step); }

static void add_values(uint32_t *crc, const float *values, size_t count)
{
    for (size_t i = 0; i < count;) {
        size_t end = i;
        while (end < count && !isnan(values[end])) end++;
        if (end > i) *crc = (uint32_t)crc32(*crc, (const Bytef *)(values + i), (uInt)((end - i) * sizeof *values));
        i = end + 1;
    }
}

void sw_progress_add_record(sw_progress_sum *sum, const sw_record *record, const sw_schema *schema)
{
    add_step(&sum->records, record->step);
    for (int m = 0; m < SW_METRIC_COUNT; m++)
        if (schema->metric[m] >= 0) add_values(&sum->records, &record->value[m], 1);
}

/* The arrays of a snapshot in the order of the sum. */
static const sw_field_id arrays[] = {
    SW_FIELD_SNAPSHOT_PCA,           SW_FIELD_SNAPSHOT_EXPLAINED_VARIANCE, SW_FIELD_SNAPSHOT_SINGULAR_VALUES,
    SW_FIELD_SNAPSHOT_FOURIER_POWER, SW_FIELD_SNAPSHOT_EMBEDDING,          SW_FIELD_SNAPSHOT_PARAMETERS};
enum { ARRAY_COUNT = sizeof arrays / sizeof arrays[0] };

void sw_progress_add_snapshot(sw_progress_sum *sum, const sw_snapshot *snapshot, const sw_schema *schema)
{
    const sw_snapshot_shape *shape = &snapshot->shape;
    const struct {
        const float *values;
        size_t count;
    } given[ARRAY_COUNT] = {{snapshot->array[SW_SNAPSHOT_PCA], (size_t)shape->entities * SW_PCA_COMPONENTS},
                            {snapshot->array[SW_SNAPSHOT_EXPLAINED_VARIANCE], SW_PCA_COMPONENTS},
                            {snapshot->array[SW_SNAPSHOT_SINGULAR_VALUES], (size_t)shape->singular},
                            {snapshot->array[SW_SNAPSHOT_FOURIER_POWER], (size_t)shape->fourier},
                            {snapshot->array[SW_SNAPSHOT_EMBEDDING], (size_t)shape->vocabulary * (size_t)shape->d},
                            {snapshot->array[SW_SNAPSHOT_PARAMETERS], (size_t)shape->parameters}};
    add_step(&sum->snapshots, snapshot->step);
    for (size_t a = 0; a < ARRAY_COUNT; a++)
        if (schema->fixed[arrays[a]] >= 0 && given[a].values)
            add_values(&sum->snapshots, given[a].values, given[a].count);
}

/* Adds snapshot s as the file has it. */
static sw_status add_stored_snapshot(sw_progress_sum *sum, const sw_catalog *catalog, const sw_schema *schema,
                                     int64_t row, int64_t s)
{
    const sw_column *column = sw_catalog_find(catalog, schema->fields[schema->fixed[SW_FIELD_SNAPSHOT_STEP]].path);
    hsize_t start[SW_H5_RANK_MAX] = {(hsize_t)row, (hsize_t)s}, count[SW_H5_RANK_MAX] = {1, 1};
    int64_t step;
    sw_status status = sw_h5_read_box(column->dataset, column->path, H5T_NATIVE_INT64, 2, start, count, &step);
    if (status == SW_OK) add_step(&sum->snapshots, step);
    for (size_t a = 0; a < ARRAY_COUNT && status == SW_OK; a++) {
        if (schema->fixed[arrays[a]] < 0) continue;
        column = sw_catalog_find(catalog, schema->fields[schema->fixed[arrays[a]]].path);
        size_t elements = 1;
        for (int i = 2; i < column->rank; i++) {
            count[i] = column->extents[i];
            elements *= count[i];
        }
        float *values = malloc(elements * sizeof *values + 1);
        if (!values) return sw_fail(SW_E_MEMORY, "%s", column->path);
        if (elements > 0)
            status =
                sw_h5_read_box(column->dataset, column->path, H5T_NATIVE_FLOAT, column->rank, start, count, values);
        if (status == SW_OK) add_values(&sum->snapshots, values, elements);
        free(values);
    }
    return status;
}

/* Adds up to `most` evaluations and snapshots, noting the longest prefixes whose sums are `wanted`. */
static sw_status add_prefixes(sw_progress_sum *sum, int64_t *records, int64_t *snapshots, const sw_catalog *catalog,
                              const sw_schema *schema, int64_t row, const int64_t *wanted)
{
    const int64_t record_count = *records, snapshot_count = *snapshots;
    sw_progress_sum found = {0, 0};
    sw_record *stored = calloc((size_t)record_count + 1, sizeof *stored);
    sw_status status = stored ? SW_OK : sw_fail(SW_E_MEMORY, "records of run %lld", (long long)row);
    if (status == SW_OK && record_count > 0) status = sw_catalog_read_records(stored, catalog, row, 0, record_count);
    *records = *snapshots = 0;
    *sum = (sw_progress_sum){0, 0};
    for (int64_t i = 0; i < record_count && status == SW_OK; i++) {
        sw_progress_add_record(sum, &stored[i], schema);
        if (wanted && sum->records != (uint32_t)*wanted) continue;
        *records = i + 1;
        found.records = sum->records;
    }
    for (int64_t s = 0; s < snapshot_count && status == SW_OK; s++) {
        status = add_stored_snapshot(sum, catalog, schema, row, s);
        if (wanted && (sum->snapshots & snapshot_mask) != (uint32_t)(*wanted >> 32)) continue;
        *snapshots = s + 1;
        found.snapshots = sum->snapshots;
    }
    *sum = found;
    free(stored);
    return status;
}

sw_status sw_progress_read(sw_progress_sum *out, const sw_catalog *catalog, const sw_schema *schema, int64_t row,
                           int64_t records, int64_t snapshots)
{
    return add_prefixes(out, &records, &snapshots, catalog, schema, row, NULL);
}

sw_status sw_progress_find(int64_t *records, int64_t *snapshots, sw_progress_sum *sum, const sw_catalog *catalog,
                           const sw_schema *schema, int64_t row, int64_t stored)
{
    return add_prefixes(sum, records, snapshots, catalog, schema, row, &stored);
}
