/* abbreviate.h: texts that are too long to be shown. */
#pragma once

#include <stddef.h>

/* The text; one that does not fit into `capacity` bytes (at least 64): its beginning, "...", its end and "#" with a
 * digest of the whole, so that two that differ never look alike. UTF-8 characters stay whole. */
void sw_abbreviate_text(char *out, size_t capacity, const char *text);
