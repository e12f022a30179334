/* partial.c: the checksum of a run that is not over yet. */
#include "store/partial.h"

#include <math.h>
#include <stdlib.h>
#include <zlib.h>

static const uint32_t snapshot_mask = 0x7fffffff;

int64_t sw_partial_pack(sw_partial_sum sum) {
    return (int64_t)((uint64_t)(sum.snapshots & snapshot_mask) << 32 | sum.records);
}

static void add_step(uint32_t *crc, int64_t step) { *crc = (uint32_t)crc32(*crc, (const Bytef *)&step, sizeof step); }

static void add_values(uint32_t *crc, const float *values, size_t count) {
    for (size_t i = 0; i < count;) {
        size_t end = i;
        while (end < count && !isnan(values[end])) end++;
        if (end > i) *crc = (uint32_t)crc32(*crc, (const Bytef *)(values + i), (uInt)((end - i) * sizeof *values));
        i = end + 1;
    }
}

void sw_partial_add_record(sw_partial_sum *sum, const sw_record *record, const sw_schema *schema) {
    add_step(&sum->records, record->step);
    for (int m = 0; m < SW_METRIC_COUNT; m++)
        if (schema->metric[m] >= 0) add_values(&sum->records, &record->value[m], 1);
    for (int a = 0; a < SW_ARRAY_COUNT; a++)
        if (schema->fixed[sw_array_fields[a]] >= 0)
            add_values(&sum->records, record->value + sw_record_places[a].at, (size_t)sw_record_places[a].length);
}

void sw_partial_add_snapshot(sw_partial_sum *sum, const sw_snapshot *snapshot, const sw_schema *schema) {
    add_step(&sum->snapshots, snapshot->step);
    for (int a = 0; a < SW_SNAPSHOT_ARRAY_COUNT; a++)
        if (schema->fixed[sw_snapshot_fields[a]] >= 0)
            add_values(&sum->snapshots, snapshot->array[a],
                       sw_record_snapshot_length(&snapshot->shape, (sw_snapshot_array)a));
}

static const sw_column *column_of(const sw_catalog *catalog, const sw_schema *schema, sw_field_id id) {
    return sw_catalog_find(catalog, schema->fields[schema->fixed[id]].path);
}

/* Adds snapshot s as the file has it. */
static sw_status add_stored_snapshot(sw_partial_sum *sum, const sw_catalog *catalog, const sw_schema *schema,
                                     int64_t row, int64_t s) {
    hsize_t start[SW_RANK_MAX] = {(hsize_t)row, (hsize_t)s}, count[SW_RANK_MAX] = {1, 1};
    const sw_column *column = column_of(catalog, schema, SW_FIELD_SNAPSHOT_STEP);
    int64_t step;
    sw_status status = sw_column_read_box(column, H5T_NATIVE_INT64, start, count, &step);
    if (status == SW_OK) add_step(&sum->snapshots, step);
    for (int a = 0; a < SW_SNAPSHOT_ARRAY_COUNT && status == SW_OK; a++) {
        if (schema->fixed[sw_snapshot_fields[a]] < 0) continue;
        column = column_of(catalog, schema, sw_snapshot_fields[a]);
        size_t elements = 1;
        for (int i = 2; i < column->rank; i++) {
            count[i] = column->extents[i];
            elements *= count[i];
        }
        float *values = malloc(elements * sizeof *values + 1);
        if (!values) return sw_fail(SW_E_MEMORY, "%s", column->path);
        if (elements > 0) status = sw_column_read_box(column, H5T_NATIVE_FLOAT, start, count, values);
        if (status == SW_OK) add_values(&sum->snapshots, values, elements);
        free(values);
    }
    return status;
}

sw_status sw_partial_read(sw_partial_sum *out, int64_t *records, int64_t *snapshots, const sw_catalog *catalog,
                          const sw_schema *schema, int64_t row, const int64_t *stored) {
    const int64_t record_count = *records, snapshot_count = *snapshots;
    sw_partial_sum sum = {0, 0};
    sw_record *kept = calloc((size_t)record_count + 1, sizeof *kept);
    sw_status status = kept ? SW_OK : sw_fail(SW_E_MEMORY, "records of run %lld", (long long)row);
    if (status == SW_OK && record_count > 0) status = sw_catalog_read_records(kept, catalog, row, 0, record_count);
    *records = *snapshots = 0;
    *out = (sw_partial_sum){0, 0};
    for (int64_t i = 0; i < record_count && status == SW_OK; i++) {
        sw_partial_add_record(&sum, &kept[i], schema);
        if (stored && sum.records != (uint32_t)*stored) continue;
        *records = i + 1;
        out->records = sum.records;
    }
    for (int64_t s = 0; s < snapshot_count && status == SW_OK; s++) {
        status = add_stored_snapshot(&sum, catalog, schema, row, s);
        if (stored && (sum.snapshots & snapshot_mask) != (uint32_t)(*stored >> 32)) continue;
        *snapshots = s + 1;
        out->snapshots = sum.snapshots;
    }
    free(kept);
    return status;
}
