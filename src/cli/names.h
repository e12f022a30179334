/* names.h: names of settings that fit a column, so that no two look alike. */
#pragma once

#include "cli/settings.h"

typedef struct sw_names sw_names;

/* Names of at most `columns` columns. Where one is longer, keys are left out of all, and the heading has them; then
 * what all begin with; what is still too long is cut at its end, or at its beginning where the first would leave two
 * alike; where the second would too, settings are numbered. */
sw_status sw_names_create(sw_names **out, const sw_settings *settings, int columns) SW_MUST_CHECK;
void sw_names_destroy(sw_names *names);

const char *sw_names_get(const sw_names *names, size_t setting);
/* What stands above the names: "setting", or the keys whose values they are, in as many columns. */
const char *sw_names_heading(const sw_names *names);
bool sw_names_are_numbered(const sw_names *names);
