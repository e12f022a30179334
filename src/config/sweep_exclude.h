/* sweep_exclude.h: `exclude` of a sweep file. */
#pragma once

#include "config/sweep.h"

/* Reads the member "exclude" of the root, if any, and leaves the runs that meet a condition out: fills sweep->kept and
 * counts the runs anew. Needs the axes; before it run k is place k of their product. */
void sw_sweep_exclude(sw_sweep *sweep, sw_reader *reader);
