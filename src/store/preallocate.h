/* preallocate.h: gives the rows of a file their place on disk before SWMR begins. */
#ifndef SYMSWEEP_STORE_PREALLOCATE_H
#define SYMSWEEP_STORE_PREALLOCATE_H

#include "store/catalog.h"

/* Writes chunks of missing values where the layout's runs will write: in SWMR mode each new chunk costs 3.5 kB of
 * shadowed index, and room that is taken now cannot run out later. Rows below `first` have theirs. row[i] is the row
 * of run i; path is the file's. Beyond 2 GiB in all, or a quarter of the free disk, arrays grow as they are written. */
sw_status sw_preallocate_rows(const sw_catalog *catalog, const char *path, const sw_store_layout *layout,
                              const int64_t *row, int64_t first) SW_MUST_CHECK;

#endif
