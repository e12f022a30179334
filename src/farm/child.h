/* child.h: the trainer process of a worker rank. A crash, a kill or a hang of training is its end, not the job's. */
#pragma once

#include "symsweep/fail.h"

#include <stdint.h>
#include <sys/types.h>

typedef struct sw_child {
    pid_t pid;   /* 0 = none */
    int socket;  /* our end, non-blocking; -1 = none */
    bool halted; /* stopped by a signal (SIGSTOP, say) and not continued since */
} sw_child;

/* How a child ended. */
typedef struct sw_child_end {
    int signal, exit_code;
    int64_t peak_memory; /* bytes, largest resident set */
} sw_child_end;

/* Starts this program again as `symsweep --trainer FD`, with one BLAS thread, our stderr and nothing else of ours open.
 * It dies with us. */
sw_status sw_child_start(sw_child *out) SW_MUST_CHECK;

/* Notes whether it is halted; true when it has ended: `end` says how and the child is gone, its socket still open. */
bool sw_child_ended(sw_child *child, sw_child_end *end);

/* Waits up to `patience` seconds for its end, then kills it. */
void sw_child_reap(sw_child *child, double patience, sw_child_end *end);

/* Closes our end of the socket. */
void sw_child_close(sw_child *child);
