/* unsafe.h: the records and snapshots of a run that are not known to be in the results file yet. */
#ifndef SYMSWEEP_TRAIN_UNSAFE_H
#define SYMSWEEP_TRAIN_UNSAFE_H

#include "symsweep/record.h"

#include <stddef.h>

typedef struct sw_unsafe {
    sw_record *records;
    size_t record_count, record_capacity;
    sw_snapshot *snapshots; /* each owns one block of floats, at `pca` */
    size_t snapshot_count, snapshot_capacity;
} sw_unsafe;

/* Copies. */
sw_status sw_unsafe_add_record(sw_unsafe *unsafe, const sw_record *record) SW_MUST_CHECK;
sw_status sw_unsafe_add_snapshot(sw_unsafe *unsafe, const sw_snapshot *snapshot) SW_MUST_CHECK;

/* Forgets records with evaluation < records and snapshots with number < snapshots. */
void sw_unsafe_forget(sw_unsafe *unsafe, int32_t records, int32_t snapshots);
void sw_unsafe_clear(sw_unsafe *unsafe);

/* Floats that a snapshot of this shape holds, and its pointers into one block of that many. */
size_t sw_snapshot_floats(const sw_snapshot_shape *shape);
void sw_snapshot_point(sw_snapshot *snapshot, float *block);
/* Its arrays, one after the other, into a block. */
void sw_snapshot_gather(float *block, const sw_snapshot *snapshot);

#endif
