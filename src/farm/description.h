/* description.h: a plan as the results file must know it before anything is trained. */
#pragma once

#include "symsweep/plan.h"
#include "symsweep/store.h"

typedef struct sw_description {
    sw_store_sweep layout; /* points into the plan, which must outlive it, and into what follows */
    sw_store_run *runs;
    char **texts; /* configurations and parameter layouts, owned */
    size_t text_count;
} sw_description;

sw_status sw_description_create(sw_description **out, const sw_plan *plan) SW_MUST_CHECK;
void sw_description_destroy(sw_description *description);
