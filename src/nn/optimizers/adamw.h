/* adamw.h: AdamW for some of the parameters, for methods that leave the rest to it. */
#pragma once

#include "nn/optimizer.h"

/* AdamW's update of the parameters of a span. */
void sw_adamw_range(sw_optimizer *optimizer, int64_t t, double schedule, sw_real *parameters, const sw_real *gradient,
                    const sw_optimizer_span *span);
