/* apart.h: work that is done in a child process, so that a crash, a library that ends the process, or a lack of time
 * ends the child alone. What it finds it writes into a pipe. */
#pragma once

#include "symsweep/fail.h"

#include <sys/types.h>

typedef struct sw_apart {
    pid_t child;
    int descriptor; /* the end of the pipe that is read; it ends when the child does */
} sw_apart;

/* Runs work(context, pipe) in a child, which then ends; it must not return into anything of the parent. The child dies
 * with its parent and before it where memory runs out, writes no core file, ends by its crashes, does not heed requests
 * to stop (stop.h), and nothing that the parent registered for its end is done in it.
 * `seconds` > 0: SIGALRM ends it then. */
sw_status sw_apart_start(sw_apart *out, void (*work)(void *context, int pipe), void *context,
                         double seconds) SW_MUST_CHECK;

/* Closes the pipe and waits for the child. Returns the signal that ended it, 0 = none. */
int sw_apart_end(sw_apart *apart);
