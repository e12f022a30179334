/* progress.h: the checksum of a run that is not over yet.
 *
 * A run that goes on from a checkpoint relies on what the file holds of it. So while a run is not over /runs/checksum
 * vouches for its evaluations and snapshots: bits 0..31 are a CRC-32 (zlib) over the evaluations, bits 32..62 the low
 * 31 bits of one over the snapshots. Of an evaluation: its step (8 bytes), then the values that are not missing, in the
 * order of sw_metric_id; of a snapshot: its step, then the values that are not missing of pca, explained_variance,
 * singular_values, fourier_power, embedding, parameters. Little-endian. */
#ifndef SYMSWEEP_STORE_PROGRESS_H
#define SYMSWEEP_STORE_PROGRESS_H

#include "store/catalog.h"

typedef struct sw_progress_sum {
    uint32_t records, snapshots;
} sw_progress_sum;

int64_t sw_progress_pack(sw_progress_sum sum);

/* The next evaluation or snapshot. `schema` says what the file has of it. */
void sw_progress_add_record(sw_progress_sum *sum, const sw_record *record, const sw_schema *schema);
void sw_progress_add_snapshot(sw_progress_sum *sum, const sw_snapshot *snapshot, const sw_schema *schema);

/* The sum over the first `records` evaluations and `snapshots` snapshots that the file has of a row. */
sw_status sw_progress_read(sw_progress_sum *out, const sw_catalog *catalog, const sw_schema *schema, int64_t row,
                           int64_t records, int64_t snapshots) SW_MUST_CHECK;

/* How many of the first *records evaluations and *snapshots snapshots of a row the stored checksum vouches for: fewer
 * when a kill came between counter and checksum, none when they were damaged. */
sw_status sw_progress_find(int64_t *records, int64_t *snapshots, sw_progress_sum *sum, const sw_catalog *catalog,
                           const sw_schema *schema, int64_t row, int64_t stored) SW_MUST_CHECK;

#endif
