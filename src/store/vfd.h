/* vfd.h: a file driver for HDF5 that outlives a full disk.
 *
 * HDF5 1.10 does not survive a refused write: it goes on with a chunk missing, or crashes when the file is closed. So
 * the library never hears of one. From the first refused write on, that write and all later ones wait in memory in
 * their order, reads see them, and the file on disk stands still in the state of that instant, as after a kill:
 * readable, and recoverable. sw_vfd_drain puts the waiting writes on disk once there is room. A file that is only being
 * built has no need for that: there writes are dropped after the first refusal, which sw_vfd_check tells. */
#pragma once

#include "store/hdf5.h"

#include <stdbool.h>

typedef enum sw_vfd_mode { SW_VFD_HOLD, SW_VFD_DROP } sw_vfd_mode;

/* File access properties with this driver, for H5Fcreate and H5Fopen; -1 with a message. */
hid_t sw_vfd_access(sw_vfd_mode mode);

/* Tries the waiting writes again. SW_E_IO: some still wait (the last errno is in the message), or were given up because
 * too many waited. */
sw_status sw_vfd_drain(hid_t file, const char *path) SW_MUST_CHECK;

/* SW_E_IO: a write was refused and waits or was dropped. */
sw_status sw_vfd_check(hid_t file, const char *path) SW_MUST_CHECK;

/* H5Fclose, after one more try at the waiting writes; nothing when file is negative. Returns `status`, how things went
 * so far, or what goes wrong now. SW_E_IO: some writes are not on disk; the file is closed all the same, and is as
 * after a kill. */
sw_status sw_vfd_close(hid_t file, const char *path, sw_status status) SW_MUST_CHECK;

/* SW_E_IO: the open file is no longer what has that name: its folder vanished, it was moved or removed; or another
 * program has cut it off or written over its beginning. */
sw_status sw_vfd_check_name(hid_t file, const char *path) SW_MUST_CHECK;

/* fsync. */
sw_status sw_vfd_sync(hid_t file, const char *path) SW_MUST_CHECK;
