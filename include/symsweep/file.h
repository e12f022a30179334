/* file.h: files as a whole: read, replaced, copied, made safe on the disk.
 *
 * What is written destroys nothing. An output that the user names is a new file, or a device or FIFO that is written
 * to; results files alone are taken up again, by what they hold. Files that the program keeps beside them for itself
 * are made anew, or replaced when they bear its mark; a link or a file of somebody else under such a name is refused.
 *
 * A call that a signal interrupts is made again. Every call that the system may refuse asks sw_fault first, at the
 * point that the caller names; NULL = none. Failures are SW_E_IO, "path: cannot write: why", with errno kept. */
#pragma once

#include "symsweep/fail.h"

#include <stdio.h>
#include <sys/types.h>

/* The points at which a file that is written can be refused. */
typedef struct sw_file_points {
    const char *open, *write, *sync, *close, *rename;
} sw_file_points;

/* ---- whole files ---- */

/* All bytes of a file, and a zero byte behind them, in *out, to be freed with free(). SW_E_IO with errno ENOENT: there
 * is none; EISDIR or EINVAL: it is no regular file; EFBIG: it has more than `most` bytes. */
sw_status sw_file_read(char **out, size_t *length, const char *path, size_t most, const char *point) SW_MUST_CHECK;

/* An output for the user. *made: the name of the new file, malloc'ed, which the caller removes when it fails; NULL for
 * a device or FIFO, which is written to as it stands. A link is followed, also to a file that is to be made. SW_E_IO
 * when there is a file. */
sw_status sw_file_create(FILE **out, char **made, const char *path) SW_MUST_CHECK;

/* A file that replaces another one in one step, or not at all: written under a temporary name beside it. A fault while
 * it is written is kept and comes out of sw_file_commit. */
typedef struct sw_file {
    char *path, *temporary;
    int descriptor;
    sw_status status;
    const sw_file_points *points;
} sw_file;

/* `suffix` makes the temporary name; a file of that name that begins with `marker` is what a kill has left, and goes
 * (see sw_file_open_own). `points` may be NULL. */
sw_status sw_file_begin(sw_file *out, const char *path, const char *suffix, const char *marker,
                        const sw_file_points *points) SW_MUST_CHECK;
void sw_file_put(sw_file *file, const void *bytes, size_t count);
/* Puts it in place; `safe`: after it has reached the disk. Whatever is returned, the temporary file and what `file`
 * held are gone. */
sw_status sw_file_commit(sw_file *file, bool safe) SW_MUST_CHECK;

/* rename(2): SW_E_IO with errno ENOENT: there is none. */
sw_status sw_file_move(const char *from, const char *to, const char *point) SW_MUST_CHECK;
/* Moves a finished temporary file to its place: syncs it, renames it, syncs the folder. */
sw_status sw_file_put_in_place(const char *temporary, const char *path, const sw_file_points *points) SW_MUST_CHECK;

/* A copy under a new name; SW_E_IO when there is such a file. */
sw_status sw_file_copy(const char *from, const char *to, const sw_file_points *points) SW_MUST_CHECK;

/* ---- what is there ---- */

/* The path behind all symbolic links, malloc'ed. Nothing need be there: a link may lead to a file that is to be made.
 */
sw_status sw_file_resolve(char **out, const char *path) SW_MUST_CHECK;

/* Is it one file under two names? false when one of them is missing. */
bool sw_file_is_same(const char *path, const char *other);

/* Opens a file that the program keeps for itself: a regular file, no link, that is empty, begins with `marker` or with
 * zeros. `flags` as for open(2). SW_E_IO with errno EEXIST: something else is there, which is left alone; ENOENT: there
 * is none. */
sw_status sw_file_open_own(int *out, const char *path, const char *marker, int flags) SW_MUST_CHECK;
/* SW_OK when there is none or such a file. */
sw_status sw_file_check_own(const char *path, const char *marker) SW_MUST_CHECK;

/* ---- on descriptors ---- */

/* At `at`, or where the descriptor stands. */
enum { SW_FILE_HERE = -1 };

/* Bytes read, fewer than `count` only at the end; -1 = errno. */
ssize_t sw_file_read_at(int descriptor, void *bytes, size_t count, off_t at);
ssize_t sw_file_read_all(int descriptor, void *bytes, size_t count);
/* Bytes written, fewer than `count` with errno. */
size_t sw_file_write_at(int descriptor, const void *bytes, size_t count, off_t at, const char *point);
/* false = errno. */
bool sw_file_write_all(int descriptor, const void *bytes, size_t count, const char *point);

/* fsync of an open file, of one by name, and of the folder that a path lies in. File systems that have none for such a
 * file are no fault of the data. */
sw_status sw_file_sync(int descriptor, const char *path, const char *point) SW_MUST_CHECK;
sw_status sw_file_sync_path(const char *path, const char *point) SW_MUST_CHECK;
sw_status sw_file_sync_folder(const char *path, const char *point) SW_MUST_CHECK;
