/* load.h: other processes that do what is being measured, so that it is measured as fast as it will be when every
 * core of the machine works. Cores share clock, caches and memory. */
#pragma once

#include "symsweep/plan.h"

#include <sys/types.h>

enum { SW_LOAD_MOST = 63 };

typedef struct sw_load {
    pid_t process[SW_LOAD_MOST];
    size_t count;
} sw_load;

/* Starts up to `count` processes that measure this run again and again; fewer when the system gives no more. They end
 * with sw_load_end, or with the caller. */
void sw_load_start(sw_load *load, size_t count, sw_pace_function measure, const sw_run_config *config);
void sw_load_end(sw_load *load);
