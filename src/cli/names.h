/* names.h: names of settings that fit a column, so that no two look alike. */
#pragma once

#include "cli/settings.h"

typedef struct sw_names sw_names;

/* Names of at most `columns` columns. Where one is longer, what all begin with is left out; what is still too long is
 * cut at its end, or at its beginning where the first would leave two alike; where the second would too, settings are
 * numbered. */
sw_status sw_names_create(sw_names **out, const sw_settings *settings, int columns) SW_MUST_CHECK;
void sw_names_destroy(sw_names *names);

const char *sw_names_get(const sw_names *names, size_t setting);
/* What is left out of all names, "" = nothing; are they numbered? */
const char *sw_names_prefix(const sw_names *names);
bool sw_names_are_numbered(const sw_names *names);
