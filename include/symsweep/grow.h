/* grow.h: arrays that grow one element at a time. */
#pragma once

#include "symsweep/fail.h"

#include <stddef.h>

/* `items`, malloc'ed, with room for one more than `count` elements of `size` bytes: moved, and *capacity more than
 * doubled, when it is full. NULL with a message, "no memory for <what>": refused, `items` is as it was. */
void *sw_grow_array(void *items, size_t count, size_t *capacity, size_t size, const char *what) SW_MUST_CHECK;
