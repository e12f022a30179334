/* key_steps.h: the type of a key that is a list of steps, as long as a user may want it. */
#pragma once

#include "config/key_types.h"

/* A list of whole numbers and of generators of such, or one generator; ascending, each once. The structure holds a
 * pointer to the numbers, which belong to whoever reads the configuration. */
extern const sw_key_type sw_key_steps;
