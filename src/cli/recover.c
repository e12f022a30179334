/* recover.c: symsweep recover: makes a file plain whose writer was killed. */
#include "status_code.h"

#include "symsweep/cli.h"
#include "symsweep/store.h"

#include <getopt.h>
#include <stdio.h>

static const char help[] =
    "usage: symsweep recover results.h5\n"
    "\n"
    "Clears what a killed writer left in a results file, so that any program opens it: HDF5's mark that it is being\n"
    "written, and runs that count as running (they become pending). Nothing that was written is lost. Verifies the\n"
    "checksum of every run; damaged ones become pending too, and are trained again. Refused while a writer lives.\n"
    "The next start of the sweep does the same by itself; symsweep's own tools and analysis read the file as it is.\n"
    "\n"
    "Exit codes: 0, 2 wrong usage, 3 the file cannot be recovered, or a writer holds it.\n";

int sw_cli_recover(int argc, char **argv)
{
    static const struct option options[] = {{"help", no_argument, NULL, 'h'}, {0}};
    optind = 1;
    opterr = 0;
    const int option = getopt_long(argc, argv, "h", options, NULL);
    if (option == 'h') {
        fputs(help, stdout);
        return sw_cli_finish(SW_OK);
    }
    if (option != -1 || optind != argc - 1)
        return sw_cli_finish(sw_fail(SW_E_USAGE, "expected one results file; see symsweep recover --help"));
    return sw_cli_finish(sw_store_recover(argv[optind]));
}
