/* sweep_axes.h: the axes of a sweep file. */
#pragma once

#include "config/sweep.h"

/* Fills sweep->dimensions, ->cases and ->axes, and counts the runs, from grid, zip, random and cases. */
void sw_sweep_read_axes(sw_sweep *sweep, sw_reader *reader);
