/* show_config.h: a configuration for a terminal. */
#ifndef SYMSWEEP_CLI_SHOW_CONFIG_H
#define SYMSWEEP_CLI_SHOW_CONFIG_H

#include <stdio.h>

/* One paragraph a top-level key of the JSON object, "task  kind=modular operation=add p=59", wrapped at 80 columns.
 * Text that is no JSON object is printed as it stands. */
void sw_show_config(FILE *out, const char *json);

#endif
