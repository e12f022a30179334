/* layout.h: a plan as the results file must know it before anything is trained. */
#ifndef SYMSWEEP_FARM_LAYOUT_H
#define SYMSWEEP_FARM_LAYOUT_H

#include "symsweep/plan.h"
#include "symsweep/store.h"

typedef struct sw_plan_layout {
    sw_store_sweep layout; /* points into the plan, which must outlive it, and into what follows */
    sw_store_run *runs;
    char **texts; /* configurations and parameter layouts, owned */
    size_t text_count;
} sw_plan_layout;

sw_status sw_plan_layout_create(sw_plan_layout **out, const sw_plan *plan) SW_MUST_CHECK;
void sw_plan_layout_destroy(sw_plan_layout *layout);

#endif
