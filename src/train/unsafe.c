#include "train/unsafe.h"

#include <stdlib.h>
#include <string.h>

/* The arrays of a snapshot in their order in a block. */
enum { ARRAYS = 6 };

static void array_lengths(size_t lengths[ARRAYS], const sw_snapshot_shape *shape)
{
    lengths[0] = (size_t)shape->entities * SW_PCA_COMPONENTS;
    lengths[1] = SW_PCA_COMPONENTS;
    lengths[2] = (size_t)shape->singular;
    lengths[3] = (size_t)shape->fourier;
    lengths[4] = (size_t)shape->vocabulary * (size_t)shape->d;
    lengths[5] = (size_t)shape->parameters;
}

size_t sw_snapshot_floats(const sw_snapshot_shape *shape)
{
    size_t lengths[ARRAYS], total = 0;
    array_lengths(lengths, shape);
    for (int a = 0; a < ARRAYS; a++) total += lengths[a];
    return total;
}

void sw_snapshot_point(sw_snapshot *snapshot, float *block)
{
    size_t lengths[ARRAYS];
    array_lengths(lengths, &snapshot->shape);
    const float **arrays[ARRAYS] = {&snapshot->array[SW_SNAPSHOT_PCA],
                                    &snapshot->array[SW_SNAPSHOT_EXPLAINED_VARIANCE],
                                    &snapshot->array[SW_SNAPSHOT_SINGULAR_VALUES],
                                    &snapshot->array[SW_SNAPSHOT_FOURIER_POWER],
                                    &snapshot->array[SW_SNAPSHOT_EMBEDDING],
                                    &snapshot->array[SW_SNAPSHOT_PARAMETERS]};
    for (int a = 0; a < ARRAYS; a++) {
        *arrays[a] = block;
        block += lengths[a];
    }
}

void sw_snapshot_gather(float *block, const sw_snapshot *snapshot)
{
    size_t lengths[ARRAYS];
    array_lengths(lengths, &snapshot->shape);
    const float *const arrays[ARRAYS] = {snapshot->array[SW_SNAPSHOT_PCA],
                                         snapshot->array[SW_SNAPSHOT_EXPLAINED_VARIANCE],
                                         snapshot->array[SW_SNAPSHOT_SINGULAR_VALUES],
                                         snapshot->array[SW_SNAPSHOT_FOURIER_POWER],
                                         snapshot->array[SW_SNAPSHOT_EMBEDDING],
                                         snapshot->array[SW_SNAPSHOT_PARAMETERS]};
    for (int a = 0; a < ARRAYS; a++) {
        if (lengths[a]) memcpy(block, arrays[a], lengths[a] * sizeof *block);
        block += lengths[a];
    }
}

/* Room for one more element of `size` bytes. */
static sw_status grow(void **items, size_t *capacity, size_t count, size_t size)
{
    if (count < *capacity) return SW_OK;
    size_t wanted = *capacity ? 2 * *capacity : 16;
    void *grown = realloc(*items, wanted * size);
    if (!grown) return sw_fail(SW_E_MEMORY, "out of memory for %zu records", wanted);
    *items = grown;
    *capacity = wanted;
    return SW_OK;
}

sw_status sw_unsafe_add_record(sw_unsafe *unsafe, const sw_record *record)
{
    void *items = unsafe->records;
    sw_status status = grow(&items, &unsafe->record_capacity, unsafe->record_count, sizeof *record);
    unsafe->records = items;
    if (status == SW_OK) unsafe->records[unsafe->record_count++] = *record;
    return status;
}

sw_status sw_unsafe_add_snapshot(sw_unsafe *unsafe, const sw_snapshot *snapshot)
{
    void *items = unsafe->snapshots;
    sw_status status = grow(&items, &unsafe->snapshot_capacity, unsafe->snapshot_count, sizeof *snapshot);
    unsafe->snapshots = items;
    if (status != SW_OK) return status;
    float *block = malloc((sw_snapshot_floats(&snapshot->shape) + 1) * sizeof *block);
    if (!block) return sw_fail(SW_E_MEMORY, "out of memory for a snapshot");
    sw_snapshot_gather(block, snapshot);
    sw_snapshot *kept = &unsafe->snapshots[unsafe->snapshot_count++];
    *kept = *snapshot;
    sw_snapshot_point(kept, block);
    return SW_OK;
}

void sw_unsafe_forget(sw_unsafe *unsafe, int32_t records, int32_t snapshots)
{
    size_t gone = 0;
    while (gone < unsafe->record_count && unsafe->records[gone].evaluation < records) gone++;
    unsafe->record_count -= gone;
    if (gone && unsafe->record_count)
        memmove(unsafe->records, unsafe->records + gone, unsafe->record_count * sizeof *unsafe->records);
    gone = 0;
    while (gone < unsafe->snapshot_count && unsafe->snapshots[gone].snapshot < snapshots)
        free((void *)unsafe->snapshots[gone++].array[SW_SNAPSHOT_PCA]);
    unsafe->snapshot_count -= gone;
    if (gone && unsafe->snapshot_count)
        memmove(unsafe->snapshots, unsafe->snapshots + gone, unsafe->snapshot_count * sizeof *unsafe->snapshots);
}

void sw_unsafe_clear(sw_unsafe *unsafe)
{
    sw_unsafe_forget(unsafe, INT32_MAX, INT32_MAX);
    free(unsafe->records);
    free(unsafe->snapshots);
    *unsafe = (sw_unsafe){0};
}
