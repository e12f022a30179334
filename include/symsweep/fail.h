/* fail.h: one code, and one message with context set where the fault is known.
 *
 * A fallible function returns an sw_status; 0 is success. On failure the message of the calling thread
 * says what happened, where. Callers on the way up may prepend context (sw_fail_in) but never replace it.
 * Three tiers: our own bugs are assert()ed; the outside world's faults end the job with a message;
 * everything recoverable comes back as a code. */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#if defined(__GNUC__)
#define SW_PRINTF(text_at, first_at) __attribute__((format(printf, text_at, first_at)))
#define SW_MUST_CHECK __attribute__((warn_unused_result))
#else
#define SW_PRINTF(text_at, first_at)
#define SW_MUST_CHECK
#endif

typedef enum sw_status {
    SW_OK = 0,
    SW_E_USAGE = -1,       /* a wrong command line */
    SW_E_CONFIG = -2,      /* a sweep file that cannot be used */
    SW_E_MEMORY = -3,      /* allocation refused */
    SW_E_IO = -4,          /* the operating system refused a file operation (errno in the message) */
    SW_E_STORE = -5,       /* a results file that is not one, is damaged, or cannot be written */
    SW_E_BUSY = -6,        /* another writer holds the results file */
    SW_E_NUMERIC = -7,     /* LAPACK did not converge, a value is not finite where it must be */
    SW_E_PROTOCOL = -8,    /* a malformed message between processes */
    SW_E_TRANSPORT = -9,   /* MPI or a socket failed */
    SW_E_INTERRUPTED = -10 /* asked to stop; work is left */
} sw_status;

/* Exit codes of the program. */
enum { SW_EXIT_OK = 0, SW_EXIT_FAILED_RUNS = 1, SW_EXIT_USAGE = 2, SW_EXIT_STORE = 3, SW_EXIT_STOPPED = 75 };

#define SW_MESSAGE_MAX 1024

/* Sets the calling thread's message and returns `status`, so that `return sw_fail(...)` reads well. */
sw_status sw_fail(sw_status status, const char *format, ...) SW_PRINTF(2, 3);

/* Prepends "context: " to the message that is set and returns `status`. */
sw_status sw_fail_in(sw_status status, const char *format, ...) SW_PRINTF(2, 3);

/* The calling thread's message; "" when none was set. Valid until the next failure on this thread. */
const char *sw_fail_message(void);

/* Forgets the message (after a fault that was handled). */
void sw_fail_clear(void);
