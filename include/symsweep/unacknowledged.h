/* unacknowledged.h: the records and snapshots of a run that are not known to be in the results file yet. The trainer
 * keeps them for its checkpoints, the store until a flush has written them. */
#pragma once

#include "symsweep/record.h"

typedef struct sw_unacknowledged {
    sw_record *records;
    size_t record_count, record_capacity;
    sw_snapshot *snapshots; /* each owns one block of floats, at its first array */
    size_t snapshot_count, snapshot_capacity;
    size_t bytes; /* of all of this */
} sw_unacknowledged;

/* Copies. */
sw_status sw_unacknowledged_add_record(sw_unacknowledged *kept, const sw_record *record) SW_MUST_CHECK;
sw_status sw_unacknowledged_add_snapshot(sw_unacknowledged *kept, const sw_snapshot *snapshot) SW_MUST_CHECK;

/* Forgets records with evaluation < records and snapshots with number < snapshots. */
void sw_unacknowledged_forget(sw_unacknowledged *kept, int32_t records, int32_t snapshots);
void sw_unacknowledged_clear(sw_unacknowledged *kept);
