/* export.c: symsweep export: the table of runs, or all curves, as CSV; or a compressed copy. */
#include "export_csv.h"
#include "status_code.h"

#include "symsweep/cli.h"
#include "symsweep/store.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
    "usage: symsweep export results.h5 [-o runs.csv] [--curves]\n"
    "       symsweep export results.h5 --compact OUT.h5\n"
    "\n"
    "Without options: one row a run with number, id, status, phase, axes, onsets and final metrics as CSV.\n"
    "\n"
    "  --curves         long form instead: run, id, evaluation, step, metric, value; missing values are left out\n"
    "  --compact FILE   a compressed copy of the whole file, for archives; nothing can be trained into it\n"
    "                   without growing fast\n"
    "  -o, --output F   to a file that must not exist yet (default: stdout)\n"
    "  -h, --help       this text\n"
    "\n"
    "Exit codes: 0, 2 wrong usage, 3 a file cannot be read or written.\n";

typedef struct export_options {
    const char *path, *output, *compact;
    bool curves, help;
} export_options;

static sw_status parse_options(export_options *out, int argc, char **argv)
{
    static const struct option options[] = {{"curves", no_argument, NULL, 'c'},
                                            {"compact", required_argument, NULL, 'z'},
                                            {"output", required_argument, NULL, 'o'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    *out = (export_options){0};
    optind = 1;
    opterr = 0;
    for (int option; (option = getopt_long(argc, argv, "ho:", options, NULL)) != -1;) {
        switch (option) {
        case 'c': out->curves = true; break;
        case 'z': out->compact = optarg; break;
        case 'o': out->output = optarg; break;
        case 'h': out->help = true; return SW_OK;
        default: return sw_fail(SW_E_USAGE, "unknown option, or its value is missing; see symsweep export --help");
        }
    }
    if (optind != argc - 1) return sw_fail(SW_E_USAGE, "expected one results file; see symsweep export --help");
    if (out->compact && (out->curves || out->output))
        return sw_fail(SW_E_USAGE, "--compact names its own output and goes with neither --curves nor -o");
    out->path = argv[optind];
    return SW_OK;
}

static sw_status export_csv(const export_options *options)
{
    sw_results *results;
    sw_status status = sw_results_open(&results, options->path);
    if (status != SW_OK) return status;
    FILE *out = options->output ? fopen(options->output, "wxe") : stdout;
    if (!out) {
        status = sw_fail(SW_E_IO, "%s: %s", options->output, strerror(errno));
    } else {
        status = options->curves ? sw_export_curves(out, results) : sw_export_runs(out, results);
        const bool failed = fflush(out) != 0 || ferror(out);
        if (status == SW_OK && failed)
            status = sw_fail(SW_E_IO, "%s: %s", options->output ? options->output : "stdout", strerror(errno));
        if (out != stdout) fclose(out);
        if (status != SW_OK && options->output) unlink(options->output);
    }
    sw_results_close(results);
    return status;
}

int sw_cli_export(int argc, char **argv)
{
    export_options options;
    sw_status status = parse_options(&options, argc, argv);
    if (status == SW_OK && options.help)
        fputs(help, stdout);
    else if (status == SW_OK && options.compact)
        status = sw_store_compact(options.path, options.compact);
    else if (status == SW_OK)
        status = export_csv(&options);
    return sw_cli_finish(status);
}
