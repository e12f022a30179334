/* recover.c: symsweep recover: makes a file plain whose writer was killed. */
#include "cli/command.h"

#include "symsweep/cli.h"
#include "symsweep/store.h"

static const char help[] =
    "usage: symsweep recover results.h5\n"
    "\n"
    "Clears what a killed writer left in a results file, so that any program opens it: HDF5's mark that it is being\n"
    "written, and runs that count as running (they become pending). Nothing that was written is lost. Verifies the\n"
    "checksum of every run; damaged ones become pending too, and are trained again. Refused while a writer lives.\n"
    "The next start of the sweep does the same by itself; symsweep's own tools and analysis read the file as it is.\n"
    "\n"
    "Exit codes: 0, 2 wrong usage, 3 the file cannot be recovered, or a writer holds it.\n";

static sw_status recover(void *options, char *const *files) {
    (void)options;
    return sw_store_recover(files[0]);
}

static const sw_command command = {
    .name = "recover",
    .help = help,
    .unknown = "expected one results file",
    .expected = "expected one results file",
    .options = (const sw_command_option[]){{0}},
    .least = 1,
    .most = 1,
    .run = recover,
};

int sw_cli_recover(int argc, char **argv) { return sw_command_run(&command, NULL, argc, argv); }
