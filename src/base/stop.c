/* stop.c: the signals that ask a job to stop. */
#include "symsweep/stop.h"

#include <signal.h>

const sw_stop_signal sw_stop_signals[SW_STOP_SIGNALS] = {
    {SIGUSR1, "SIGUSR1"}, {SIGTERM, "SIGTERM"}, {SIGINT, "SIGINT"}, {SIGHUP, "SIGHUP"}};
