/* clock.h: time for progress and limits. No number of a run depends on it. */
#pragma once

#include "symsweep/fail.h"

double sw_clock_now(void);           /* seconds, monotonic */
void sw_clock_sleep(double seconds); /* may return early on a signal */
void sw_clock_utc(char out[32]);     /* "2026-03-01T12:00:00Z" */
void sw_clock_moment(char out[32]);  /* "2026-03-01T12:00:00.000000Z" */

/* "90m", "3600s", "3600", "2h", "1-12:00:00", "12:00:00", "30:00" (minutes:seconds) -> seconds. */
sw_status sw_clock_parse_duration(double *out, const char *text) SW_MUST_CHECK;

/* Seconds as "1d 02h", "3h 07m", "4m 12s", "9.3s". */
void sw_clock_format(char out[32], double seconds);
