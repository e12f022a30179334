/* cost.h: costs of many runs, of which most are alike. */
#pragma once

#include "symsweep/plan.h"

/* Costs that were estimated, by what they depend on. */
typedef struct sw_cost_cache sw_cost_cache;
sw_status sw_cost_cache_create(sw_cost_cache **out) SW_MUST_CHECK;
void sw_cost_cache_destroy(sw_cost_cache *cache);

/* As sw_cost_estimate. */
sw_status sw_cost_look_up(sw_run_cost *out, sw_cost_cache *cache, const sw_run_config *config) SW_MUST_CHECK;
