/* unacknowledged.c: records and snapshots until they are known to be in the results file. */
#include "symsweep/unacknowledged.h"

#include <stdlib.h>
#include <string.h>

/* Room for one more element of `size` bytes. */
static sw_status grow(sw_unacknowledged *kept, void **items, size_t *capacity, size_t count, size_t size) {
    if (count < *capacity) return SW_OK;
    const size_t wanted = *capacity ? 2 * *capacity : 8;
    void *grown = realloc(*items, wanted * size);
    if (!grown) return sw_fail(SW_E_MEMORY, "out of memory for %zu records", wanted);
    kept->bytes += (wanted - *capacity) * size;
    *items = grown;
    *capacity = wanted;
    return SW_OK;
}

sw_status sw_unacknowledged_add_record(sw_unacknowledged *kept, const sw_record *record) {
    void *items = kept->records;
    const sw_status status = grow(kept, &items, &kept->record_capacity, kept->record_count, sizeof *record);
    kept->records = items;
    if (status == SW_OK) kept->records[kept->record_count++] = *record;
    return status;
}

sw_status sw_unacknowledged_add_snapshot(sw_unacknowledged *kept, const sw_snapshot *snapshot) {
    void *items = kept->snapshots;
    const sw_status status = grow(kept, &items, &kept->snapshot_capacity, kept->snapshot_count, sizeof *snapshot);
    kept->snapshots = items;
    if (status != SW_OK) return status;
    const size_t bytes = sw_record_snapshot_floats(&snapshot->shape) * sizeof(float);
    float *block = malloc(bytes + 1);
    if (!block) return sw_fail(SW_E_MEMORY, "out of memory for a snapshot");
    sw_record_snapshot_gather(block, snapshot);
    sw_snapshot *copy = &kept->snapshots[kept->snapshot_count++];
    *copy = *snapshot;
    sw_record_snapshot_point(copy, block);
    kept->bytes += bytes;
    return SW_OK;
}

void sw_unacknowledged_forget(sw_unacknowledged *kept, int32_t records, int32_t snapshots) {
    size_t gone = 0;
    while (gone < kept->record_count && kept->records[gone].evaluation < records) gone++;
    kept->record_count -= gone;
    if (gone && kept->record_count)
        memmove(kept->records, kept->records + gone, kept->record_count * sizeof *kept->records);
    gone = 0;
    while (gone < kept->snapshot_count && kept->snapshots[gone].snapshot < snapshots) {
        kept->bytes -= sw_record_snapshot_floats(&kept->snapshots[gone].shape) * sizeof(float);
        free((void *)kept->snapshots[gone++].array[0]);
    }
    kept->snapshot_count -= gone;
    if (gone && kept->snapshot_count)
        memmove(kept->snapshots, kept->snapshots + gone, kept->snapshot_count * sizeof *kept->snapshots);
}

void sw_unacknowledged_clear(sw_unacknowledged *kept) {
    sw_unacknowledged_forget(kept, INT32_MAX, INT32_MAX);
    free(kept->records);
    free(kept->snapshots);
    *kept = (sw_unacknowledged){0};
}
