/* signals.h: requests to stop. USR1, TERM, INT and HUP ask for a clean stop; the second one, a second or more after the
 * first, ends at once (launchers and timeout(1) deliver one request twice). */
#pragma once

#include <stdbool.h>

/* Holds the stop signals back, across exec too, until sw_signals_install. */
void sw_signals_block(void);
/* HUP stays ignored where it was (nohup). */
void sw_signals_install(void);
/* The second signal ends the process with exit code 75 right in the handler: where nobody asks for a while. */
void sw_signals_exit_on_second(void);

int sw_signals_count(void);        /* 0, 1 or 2 requests */
const char *sw_signals_name(void); /* of the latest, "SIGUSR1"; "" = none */

/* A trainer: it obeys its socket alone. Async-signal-safe. */
void sw_signals_ignore(void);
