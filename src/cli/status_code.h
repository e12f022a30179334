/* status_code.h: how a subcommand that reads results files ends. */
#ifndef SYMSWEEP_CLI_STATUS_CODE_H
#define SYMSWEEP_CLI_STATUS_CODE_H

#include "symsweep/fail.h"

/* Says what went wrong, if anything did, and gives the exit code: 2 for wrong usage, 3 for the results file. */
int sw_cli_finish(sw_status status);

/* A number from 0, whole text; SW_E_USAGE names the option. */
sw_status sw_cli_parse_number(long long *out, const char *text, const char *option) SW_MUST_CHECK;

#endif
