/* open.h: opening results files in whatever state their writer left them. */
#pragma once

#include "store/vfd.h"
#include "symsweep/file.h"

/* Where a results file that is copied, synced or renamed can be refused (fault.h). */
extern const sw_file_points sw_open_points;

/* Makes a file plain whose writer was killed; *killed says whether that was so. The caller holds the lock. */
sw_status sw_open_clear(const char *path, bool *killed) SW_MUST_CHECK;

/* Opens a plain file for writing in SWMR mode, from the first instant on: a kill always leaves a file that readers
 * open. */
sw_status sw_open_live(hid_t *out, const char *path) SW_MUST_CHECK;

/* Opens a plain file to which objects are added; readers cannot open it until it is closed. */
sw_status sw_open_writable(hid_t *out, const char *path) SW_MUST_CHECK;

/* Opens a live, finished or crashed file for reading. Waits a moment for a writer that is just opening it. */
sw_status sw_open_readable(hid_t *out, const char *path) SW_MUST_CHECK;

/* Is it a results file of a version that this program reads, and, unless sweep_name is NULL, of that sweep? Does all of
 * it lie in the file (inside.h)? What is opened for writing is asked the latter at once. */
sw_status sw_open_check_format(hid_t file, const char *path, const char *sweep_name) SW_MUST_CHECK;

/* The results file that `path` names, behind all links, malloc'ed: a regular file, or one that is to be made. */
sw_status sw_open_target(char **out, const char *path) SW_MUST_CHECK;

/* The name under which a file is built that is renamed to `path` when it is complete. */
enum { SW_TEMPORARY_MAX = 4096 + 8 };
sw_status sw_open_temporary(char out[SW_TEMPORARY_MAX], const char *path) SW_MUST_CHECK;

/* Removes such a file when a killed writer left it: one that is unfinished, or any results file when the lock was taken
 * over (`left`). Anything else of that name is not ours: SW_E_STORE. The caller holds the lock. */
sw_status sw_open_tidy(const char *temporary, bool left) SW_MUST_CHECK;
