/* sweep_adaptive.h: `refine` and `prune` of a sweep file. */
#pragma once

#include "config/sweep.h"

/* Fills sweep->adaptive from the members "refine" and "prune" of the root; needs the axes. */
void sw_sweep_read_adaptive(sw_sweep *sweep, sw_reader *reader);
/* Can it be for run k of the sweep? Adds a fault when not. */
void sw_sweep_check_adaptive(const sw_sweep *sweep, uint64_t k, const sw_run_config *config);
