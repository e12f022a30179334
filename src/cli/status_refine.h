/* status_refine.h: what refine has found. */
#pragma once

#include "symsweep/store.h"

#include <stdio.h>

/* The maps of refine, of a sweep that has them. */
sw_status sw_status_refine_print(FILE *out, sw_results *results) SW_MUST_CHECK;
