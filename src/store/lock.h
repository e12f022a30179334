/* lock.h: the one writer of a results file, through a sidecar file FILE.lock.
 *
 * The sidecar is held by flock for the writer's life and says in text who holds it: host, boot, process and its start,
 * SLURM job, since when, and a counter that is bumped every 10 s. flock alone does not reach across hosts on every
 * file system, and is missing on some; the text serves both cases:
 *  - this host and boot: the lock is stale when the process is gone (a reused number has another start time);
 *  - this host after a reboot: stale;
 *  - another host: stale when the counter stands still for 60 s. */
#pragma once

#include "symsweep/fail.h"

#include <stdint.h>

typedef struct sw_lock sw_lock;

/* Who holds a lock, as its text says. */
typedef struct sw_lock_holder {
    char host[256], boot[64], job[64], since[32];
    int64_t pid, start, counter;
} sw_lock_holder;

/* Takes the lock of `path` (the results file; its folder must exist). SW_E_BUSY names the holder; SW_E_IO: the
 * sidecar's place is taken by something else, which is left alone. */
sw_status sw_lock_take(sw_lock **out, const char *path) SW_MUST_CHECK;

/* Was it taken over from a writer that was killed? What that one left lies about. */
bool sw_lock_was_left(const sw_lock *lock);

/* Bumps the counter when the last time was 10 s ago. SW_E_BUSY: somebody else took the lock meanwhile. */
sw_status sw_lock_heartbeat(sw_lock *lock) SW_MUST_CHECK;

/* Removes the sidecar and gives up the lock; NULL is fine. */
void sw_lock_release(sw_lock *lock);

/* Reads the text beside `path` without touching the lock: true when a writer seems to live (the process runs on this
 * host; on another host the sidecar changed within the last 60 s). */
bool sw_lock_is_held(const char *path, sw_lock_holder *holder);
