/* verify.h: is a file sound enough to be opened in this process?
 *
 * A results file is data and never trusted: HDF5 may crash on a corrupted one (its global heap carries no checksum). So
 * a child process reads it first, whole rows with their checksums where the file is not too large. */
#pragma once

#include "symsweep/fail.h"

#include <stddef.h>
#include <stdint.h>

typedef struct sw_damage {
    size_t count;
    int64_t *rows; /* finished rows whose checksum does not fit, ascending */
} sw_damage;

/* How large a file may be (bytes) so that the checksums of its rows are verified, which takes a second for 200 MB. */
#define SW_VERIFY_TO_READ (INT64_C(64) << 20)
#define SW_VERIFY_TO_WRITE (INT64_C(1) << 30)
#define SW_VERIFY_ALWAYS INT64_MAX

/* SW_E_STORE when the file cannot be read, is foreign, or made the child crash. Safe on live files. A file that this
 * process found sound is not read again while its size and time of change are as they were. */
sw_status sw_verify_file(sw_damage *out, const char *path, int64_t largest) SW_MUST_CHECK;
/* Says which rows count as not trained. */
void sw_verify_warn(const sw_damage *damage, const char *path);
void sw_verify_release(sw_damage *damage);
