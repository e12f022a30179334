/* build.h: makes a results file, or room in one, between SWMR sessions.
 *
 * Always on a file that nobody reads under its final name: a new one, or a copy that is renamed over the original when
 * it is complete, so that a kill at any instant leaves what was there. */
#pragma once

#include "store/growth.h"

/* Makes a complete results file at `path`, which must not exist. */
sw_status sw_build_create(const char *path, const sw_schema *schema, const sw_store_sweep *sweep,
                          const sw_growth *growth) SW_MUST_CHECK;

/* Gives the file at `path` what it lacks. */
sw_status sw_build_extend(const char *path, const sw_schema *schema, const sw_store_sweep *sweep,
                          const sw_growth *growth) SW_MUST_CHECK;
