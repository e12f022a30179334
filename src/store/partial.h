/* partial.h: the checksum of a run that is not over yet.
 *
 * A run that goes on from a checkpoint relies on what the file holds of it. So while a run is not over /runs/checksum
 * vouches for its evaluations and snapshots: bits 0..31 are a CRC-32 (zlib) over the evaluations, bits 32..62 the low
 * 31 bits of one over the snapshots. Of an evaluation: its step (8 bytes), then the values that are not missing, in the
 * order of sw_metric_id; of a snapshot: its step, then the values that are not missing of its arrays in the order of
 * snapshots.def. Little-endian. */
#pragma once

#include "store/catalog.h"

typedef struct sw_partial_sum {
    uint32_t records, snapshots;
} sw_partial_sum;

int64_t sw_partial_pack(sw_partial_sum sum);

/* The next evaluation or snapshot. `schema` says what the file has of it. */
void sw_partial_add_record(sw_partial_sum *sum, const sw_record *record, const sw_schema *schema);
void sw_partial_add_snapshot(sw_partial_sum *sum, const sw_snapshot *snapshot, const sw_schema *schema);

/* The sum over evaluations and snapshots that the file has of a row: the first *records and *snapshots of them, which
 * become fewer when the checksum `stored` (NULL = do not ask) vouches for fewer: a kill came between counter and
 * checksum, or they were damaged. */
sw_status sw_partial_read(sw_partial_sum *out, int64_t *records, int64_t *snapshots, const sw_catalog *catalog,
                          const sw_schema *schema, int64_t row, const int64_t *stored) SW_MUST_CHECK;
