/* overrides.h: KEY=VALUE of the command line. */
#pragma once

#include "config/document.h"

/* Writes the overrides (NULL-terminated; NULL = none) into *text, malloc'ed, which is replaced. Values that are there
 * are replaced in place, and no line moves; others are added at the end of their object. Where the text has faults it
 * stays as it is: reading it tells of them. Faults of the overrides themselves are diagnostics. */
sw_status sw_overrides_apply(char **text, size_t *length, char *const *overrides,
                             sw_diagnostics *diagnostics) SW_MUST_CHECK;
