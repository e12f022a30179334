/* adamw.h: AdamW for some of the parameters, for methods that leave the rest to it. */
#pragma once

#include "nn/optimizer.h"

/* AdamW's update of n scalars that start at `offset`. */
void sw_adamw_range(sw_optimizer *optimizer, int64_t t, double schedule, sw_real *parameters, const sw_real *gradient,
                    size_t offset, size_t n);
