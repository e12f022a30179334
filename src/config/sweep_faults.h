/* sweep_faults.h: what is wrong with runs of a sweep: one fault of many runs is told once (config.h). */
#pragma once

#include "config/sweep.h"

/* Makes room for faults; they live as long as the sweep. */
void sw_sweep_faults_prepare(sw_sweep *sweep, sw_reader *reader);
