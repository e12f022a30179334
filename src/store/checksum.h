/* checksum.h: the checksum of a row, over everything that the row holds. */
#pragma once

#include "store/catalog.h"

/* CRC-32 over the columns in bytewise order of their paths, but /runs/checksum: for each that holds a value in the row
 * its path with a closing zero byte, then its values that are not missing, in row-major order, little-endian (texts
 * with a closing zero byte). So neither new datasets nor longer dimensions change it. Of rows [first, first + count),
 * read together; `states` NULL, or what to take for their states whatever the file says. */
sw_status sw_checksum_rows(int64_t *out, const sw_catalog *catalog, int64_t first, int64_t count,
                           const int8_t *states) SW_MUST_CHECK;

typedef enum sw_soundness {
    SW_ROW_OPEN,   /* the run is not over: nothing to tell */
    SW_ROW_SOUND,  /* /runs/checksum fits what the row holds */
    SW_ROW_DAMAGED /* it does not */
} sw_soundness;

/* Of rows [first, first + count). */
sw_status sw_checksum_verify(sw_soundness *out, const sw_catalog *catalog, int64_t first, int64_t count) SW_MUST_CHECK;

/* Makes /runs/checksum fit. For rows that were sound before they were changed: a damaged row stays known as one. */
sw_status sw_checksum_renew(const sw_catalog *catalog, int64_t row) SW_MUST_CHECK;
