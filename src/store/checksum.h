/* checksum.h: the checksum of a row, over everything that the row holds. */
#ifndef SYMSWEEP_STORE_CHECKSUM_H
#define SYMSWEEP_STORE_CHECKSUM_H

#include "store/catalog.h"

/* CRC-32 over the columns in bytewise order of their paths, but /runs/checksum: for each that holds a value in the row
 * its path with a closing zero byte, then its values that are not missing, in row-major order, little-endian (texts
 * with a closing zero byte). So neither new datasets nor longer dimensions change it. */
sw_status sw_row_checksum(int64_t *out, const sw_catalog *catalog, int64_t row) SW_MUST_CHECK;

/* The same for rows [first, first + count), reading them together. */
sw_status sw_rows_checksum(int64_t *out, const sw_catalog *catalog, int64_t first, int64_t count) SW_MUST_CHECK;

/* What they are when the rows' states are states[count], whatever the file says. */
sw_status sw_rows_checksum_as(int64_t *out, const sw_catalog *catalog, int64_t first, int64_t count,
                              const int8_t *states) SW_MUST_CHECK;

/* Whether the row's /runs/checksum fits what the row holds. */
sw_status sw_row_is_sound(bool *out, const sw_catalog *catalog, int64_t row) SW_MUST_CHECK;

/* Makes /runs/checksum fit. For rows that were sound before they were changed: a damaged row stays known as one. */
sw_status sw_row_renew_checksum(const sw_catalog *catalog, int64_t row) SW_MUST_CHECK;

#endif
