/* stop.h: the signals that ask a job to stop. */
#pragma once

typedef struct sw_stop_signal {
    int number;
    const char *name;
} sw_stop_signal;

enum { SW_STOP_SIGNALS = 4 };
extern const sw_stop_signal sw_stop_signals[SW_STOP_SIGNALS];
