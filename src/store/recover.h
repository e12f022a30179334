/* recover.h: opening results files in whatever state their writer left them. */
#ifndef SYMSWEEP_STORE_RECOVER_H
#define SYMSWEEP_STORE_RECOVER_H

#include "store/vfd.h"

#include <stdbool.h>

/* Makes a file plain whose writer was killed; *killed says whether that was so. The caller holds the lock. */
sw_status sw_recover_file(const char *path, bool *killed) SW_MUST_CHECK;

/* Opens a plain file for writing in SWMR mode, from the first instant on: a kill always leaves a file that readers
 * open. */
sw_status sw_h5_open_live(hid_t *out, const char *path) SW_MUST_CHECK;

/* Opens a plain file to which objects are added; readers cannot open it until it is closed. */
sw_status sw_h5_open_writable(hid_t *out, const char *path) SW_MUST_CHECK;

/* Opens a live, finished or crashed file for reading. Waits a moment for a writer that is just opening it. */
sw_status sw_h5_open_readable(hid_t *out, const char *path) SW_MUST_CHECK;

/* Is it a results file of a version that this program reads, and, unless sweep_name is NULL, of that sweep? */
sw_status sw_check_format(hid_t file, const char *path, const char *sweep_name) SW_MUST_CHECK;

/* A copy of the bytes under a name that must not exist. */
sw_status sw_copy_file(const char *from, const char *to) SW_MUST_CHECK;

/* Gives a complete file its final name, safe against power loss; what had that name is replaced. */
sw_status sw_put_in_place(const char *temporary, const char *path) SW_MUST_CHECK;

/* fsync of a file by name, of an open one, and of the folder that a path lies in. */
sw_status sw_sync_file(const char *path) SW_MUST_CHECK;
sw_status sw_sync_descriptor(int descriptor, const char *path) SW_MUST_CHECK;
sw_status sw_sync_folder(const char *path) SW_MUST_CHECK;

#endif
