/* status_code.c: how a subcommand that reads results files ends. */
#include "status_code.h"

#include "symsweep/cli.h"
#include "symsweep/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int sw_cli_finish(sw_status status)
{
    if (status == SW_OK && (fflush(stdout) != 0 || ferror(stdout)))
        status = sw_fail(SW_E_IO, "stdout: %s", strerror(errno));
    if (status == SW_OK) return SW_EXIT_OK;
    sw_error("%s", sw_fail_message());
    return status == SW_E_USAGE ? SW_EXIT_USAGE : SW_EXIT_STORE;
}

sw_status sw_cli_parse_number(long long *out, const char *text, const char *option)
{
    char *end;
    errno = 0;
    *out = strtoll(text, &end, 10);
    if (end == text || *end || errno || *out < 0)
        return sw_fail(SW_E_USAGE, "%s takes a number from 0, not '%s'", option, text);
    return SW_OK;
}
