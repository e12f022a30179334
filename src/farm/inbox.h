/* inbox.h: messages from other ranks, taken frame by frame. A message that comes in pieces does not hold up those of
 * other ranks, nor the caller: what has not come as a whole is looked at again with the next call. */
#pragma once

#include "symsweep/fail.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct sw_inbox sw_inbox;

sw_status sw_inbox_create(sw_inbox **out) SW_MUST_CHECK;
void sw_inbox_destroy(sw_inbox *inbox);

/* Takes one frame, if one is there: *rank is its sender, -1 = none. The frames of a rank come in the order in which it
 * sent them. Valid until the next call. */
sw_status sw_inbox_take(sw_inbox *inbox, int *rank, const void **frame, size_t *size) SW_MUST_CHECK;

/* Is a message on its way, part of which has come? The rest comes with further calls of take. */
bool sw_inbox_expects_more(const sw_inbox *inbox);
