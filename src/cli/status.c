/* status.c: symsweep status: how far a sweep is, finished or running. */
#include "status_code.h"
#include "status_progress.h"
#include "status_view.h"

#include "symsweep/cli.h"
#include "symsweep/clock.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
    "usage: symsweep status [options] results.h5\n"
    "       symsweep status [options] results.h5.status.json\n"
    "\n"
    "Progress, phases and failures of a finished, running or crashed sweep. Where a file that is being written cannot\n"
    "be read (NFS), progress alone from the status file beside it.\n"
    "\n"
    "  --json     everything as JSON\n"
    "  --watch    again and again until no writer holds the file; redraws on a terminal,\n"
    "             elsewhere prints a line when something has changed\n"
    "  --all      every run (default: the first 40)\n"
    "  -h, --help this text\n"
    "\n"
    "t_mem, t_sym, t_gen: optimizer steps until train accuracy, the symmetry violation and test accuracy cross\n"
    "their thresholds; medians over the runs of a setting, - where most did not get there.\n"
    "Exit codes: 0, 2 wrong usage, 3 the file cannot be read.\n";

enum { RUNS_SHOWN = 40, WATCH_SECONDS = 2 };

typedef struct status_options {
    const char *path;
    bool json, watch, all, help;
} status_options;

static sw_status parse_options(status_options *out, int argc, char **argv)
{
    static const struct option options[] = {{"json", no_argument, NULL, 'j'},
                                            {"watch", no_argument, NULL, 'w'},
                                            {"all", no_argument, NULL, 'a'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    *out = (status_options){0};
    optind = 1;
    opterr = 0;
    for (int option; (option = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
        switch (option) {
        case 'j': out->json = true; break;
        case 'w': out->watch = true; break;
        case 'a': out->all = true; break;
        case 'h': out->help = true; return SW_OK;
        default: return sw_fail(SW_E_USAGE, "unknown option; see symsweep status --help");
        }
    }
    if (optind != argc - 1) return sw_fail(SW_E_USAGE, "expected one results file; see symsweep status --help");
    if (out->json && out->watch) return sw_fail(SW_E_USAGE, "--json and --watch do not go together");
    out->path = argv[optind];
    return SW_OK;
}

static sw_status print_once(sw_results *results, const status_options *options)
{
    sw_status_view view;
    const sw_status status = sw_status_view_read(&view, results, NULL);
    if (status != SW_OK) return status;
    if (options->json) return sw_status_print_json(results, &view);
    return sw_status_print_text(results, &view, options->all ? SIZE_MAX : RUNS_SHOWN);
}

/* On a terminal the whole picture each time; into a pipe a line for each change and the picture at the end. */
static sw_status watch(sw_results *results, const status_options *options)
{
    const bool terminal = isatty(STDOUT_FILENO);
    sw_status_view view = {0}, before = {0};
    for (bool first = true;; first = false) {
        const bool live = sw_results_live(results);
        sw_status status = first ? SW_OK : sw_results_refresh(results);
        if (status == SW_OK) status = sw_status_view_read(&view, results, first ? NULL : &before);
        if (status != SW_OK) return status;
        if (terminal || !live) {
            if (terminal) fputs("\033[H\033[J", stdout);
            status = sw_status_print_text(results, &view, options->all ? SIZE_MAX : RUNS_SHOWN);
            if (status != SW_OK) return status;
        } else if (first || sw_status_view_differs(&view, &before)) {
            sw_status_print_line(&view);
        }
        fflush(stdout);
        if (!live) return SW_OK;
        before = view;
        sw_clock_sleep(WATCH_SECONDS);
    }
}

static sw_status show(sw_results **results, const status_options *options)
{
    if (sw_status_is_progress_file(options->path))
        return sw_status_show_progress(options->path, options->json, options->watch);
    const sw_status status = sw_results_open(results, options->path);
    if (status != SW_OK) return sw_status_fall_back(status, options->path, options->json, options->watch);
    return options->watch ? watch(*results, options) : print_once(*results, options);
}

int sw_cli_status(int argc, char **argv)
{
    status_options options;
    sw_results *results = NULL;
    sw_status status = parse_options(&options, argc, argv);
    if (status == SW_OK && options.help)
        fputs(help, stdout);
    else if (status == SW_OK)
        status = show(&results, &options);
    sw_results_close(results);
    return sw_cli_finish(status);
}
