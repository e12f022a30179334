/* merge.c: symsweep merge: shards, or later additions, of one sweep joined by run id. */
#include "status_code.h"

#include "symsweep/cli.h"
#include "symsweep/store.h"

#include <getopt.h>
#include <stdio.h>

static const char help[] =
    "usage: symsweep merge -o all.h5 a.h5 b.h5 ...\n"
    "\n"
    "Joins results files of one sweep (shards, or the same sweep trained in parts) by run id into a new file. Where a\n"
    "run is in several files its finished row is taken, the first one where several are finished.\n"
    "\n"
    "  -o, --output F   the new file; it must not exist yet\n"
    "  -h, --help       this text\n"
    "\n"
    "Exit codes: 0, 2 wrong usage, 3 a file cannot be read or written, or a writer holds one.\n";

int sw_cli_merge(int argc, char **argv)
{
    static const struct option options[] = {
        {"output", required_argument, NULL, 'o'}, {"help", no_argument, NULL, 'h'}, {0}};
    const char *output = NULL;
    sw_status status = SW_OK;
    optind = 1;
    opterr = 0;
    for (int option; !status && (option = getopt_long(argc, argv, "ho:", options, NULL)) != -1;) {
        if (option == 'h') {
            fputs(help, stdout);
            return sw_cli_finish(SW_OK);
        }
        if (option == 'o') output = optarg;
        else status = sw_fail(SW_E_USAGE, "unknown option, or its value is missing; see symsweep merge --help");
    }
    if (!status && (!output || optind == argc))
        status = sw_fail(SW_E_USAGE, "expected -o and the results files to join; see symsweep merge --help");
    if (!status)
        status = sw_store_merge(output, (const char *const *)(argv + optind), (size_t)(argc - optind));
    return sw_cli_finish(status);
}
