/* check.c: symsweep check: is the sweep valid, and what would it cost? */
#include "check.h"

#include "symsweep/cli.h"
#include "symsweep/log.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LEAK_REPORTS = 4, LEAK_REPORTS_MAX = 64 };

static const char help[] =
    "usage: symsweep check [options] sweep.json\n"
    "       symsweep check --list-keys [--json]\n"
    "\n"
    "Validates a sweep and prints the plan: runs, axes, parameters of each model, estimated time, memory of a\n"
    "worker, size of the results file, and which test labels leak through mirrors and symmetry losses.\n"
    "Nothing is trained and nothing is written.\n"
    "\n"
    "  --json            the same, or the errors, as JSON on stdout\n"
    "  --list runs       also every run: number, id, estimated time, label, axes\n"
    "  --list-keys       every configuration key with type, default, range and meaning\n"
    "  --shard I/N       of the I-th of N parts of the plan\n"
    "  --workers N       predict the time for N workers instead of a few numbers of them\n"
    "  --speed GFLOPS    operations a second of one core to count with (default: measured here in a moment)\n"
    "  --tasks N         settings in the leak report, at most 64 (default 4; 0 = none)\n"
    "  -h, --help        this text\n"
    "\n"
    "Exit codes: 0 valid, 2 not valid or wrong usage.\n";

static bool parse_count(size_t *out, const char *text, size_t most)
{
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (end == text || *end || errno || text[0] == '-' || value > most) return false;
    *out = (size_t)value;
    return true;
}

static bool parse_shard(sw_check_options *out, const char *text)
{
    char part[32];
    const char *slash = strchr(text, '/');
    if (!slash || slash == text || (size_t)(slash - text) >= sizeof part) return false;
    snprintf(part, sizeof part, "%.*s", (int)(slash - text), text);
    return parse_count(&out->shard, part, SW_RUNS_MAX) && parse_count(&out->shards, slash + 1, SW_RUNS_MAX) &&
           out->shard >= 1 && out->shard <= out->shards;
}

static sw_status parse_option(sw_check_options *out, int option)
{
    switch (option) {
    case 'j': out->json = true; return SW_OK;
    case 'k': out->list_keys = true; return SW_OK;
    case 'h': out->help = true; return SW_OK;
    case 'l':
        if (strcmp(optarg, "runs") && strcmp(optarg, "keys"))
            return sw_fail(SW_E_USAGE, "--list takes runs or keys, not '%s'", optarg);
        if (!strcmp(optarg, "runs"))
            out->list_runs = true;
        else
            out->list_keys = true;
        return SW_OK;
    case 's': return parse_shard(out, optarg) ? SW_OK : sw_fail(SW_E_USAGE, "--shard takes I/N, not '%s'", optarg);
    case 'w':
        if (parse_count(&out->workers, optarg, SW_RUNS_MAX) && out->workers > 0) return SW_OK;
        return sw_fail(SW_E_USAGE, "--workers takes a number from 1, not '%s'", optarg);
    case 'g':
        out->speed = 1e9 * strtod(optarg, NULL);
        if (out->speed > 0 && out->speed < 1e18) return SW_OK;
        return sw_fail(SW_E_USAGE, "--speed takes Gflop/s of one core, not '%s'", optarg);
    case 't':
        if (parse_count(&out->tasks, optarg, LEAK_REPORTS_MAX)) return SW_OK;
        return sw_fail(SW_E_USAGE, "--tasks takes 0..%d, not '%s'", LEAK_REPORTS_MAX, optarg);
    default: return sw_fail(SW_E_USAGE, "unknown option, or its value is missing; see symsweep check --help");
    }
}

static sw_status parse_options(sw_check_options *out, int argc, char **argv)
{
    static const struct option options[] = {{"json", no_argument, NULL, 'j'},
                                            {"list", required_argument, NULL, 'l'},
                                            {"list-keys", no_argument, NULL, 'k'},
                                            {"shard", required_argument, NULL, 's'},
                                            {"workers", required_argument, NULL, 'w'},
                                            {"tasks", required_argument, NULL, 't'},
                                            {"speed", required_argument, NULL, 'g'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    *out = (sw_check_options){.tasks = LEAK_REPORTS};
    optind = 1;
    opterr = 0;
    for (int option; (option = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
        sw_status status = parse_option(out, option);
        if (status != SW_OK) return status;
    }
    if (out->help || (out->list_keys && optind == argc)) return SW_OK;
    if (optind != argc - 1) return sw_fail(SW_E_USAGE, "expected one sweep file; see symsweep check --help");
    out->sweep = argv[optind];
    return SW_OK;
}

/* Plan, summary, leaks. A refused sweep leaves *plan NULL and SW_E_CONFIG. */
static sw_status examine(sw_check_report *report, sw_plan **plan, sw_check_summary *summary, sw_leak *leaks,
                         sw_diagnostics *diagnostics)
{
    const sw_check_options *options = report->options;
    sw_status status = sw_plan_load(plan, options->sweep, diagnostics);
    if (status == SW_OK && options->shards) status = sw_plan_shard(*plan, options->shard - 1, options->shards);
    if (status == SW_OK) status = sw_check_summarize(summary, *plan, options);
    if (status == SW_OK && options->tasks)
        status = sw_check_leaks(leaks, options->tasks, &report->leak_count, &report->leak_distinct,
                                &report->leak_too_large, *plan);
    if (status == SW_OK) report->plan = *plan;
    return status;
}

static sw_status check_sweep(const sw_check_options *options)
{
    sw_plan *plan = NULL;
    sw_diagnostics *diagnostics = NULL;
    sw_check_summary *summary = calloc(1, sizeof *summary);
    sw_leak *leaks = calloc(LEAK_REPORTS_MAX, sizeof *leaks);
    sw_status status = summary && leaks ? sw_diagnostics_create(&diagnostics) : sw_fail(SW_E_MEMORY, "out of memory");
    if (status != SW_OK) goto cleanup;
    sw_check_report report = {.options = options, .summary = summary, .leaks = leaks, .diagnostics = diagnostics};
    status = examine(&report, &plan, summary, leaks, diagnostics);
    sw_diagnostics_print(diagnostics, options->sweep);
    if (options->json && (status == SW_OK || sw_diagnostics_errors(diagnostics))) {
        sw_status written = sw_check_print_json(&report);
        if (written) status = written;
    } else if (status == SW_OK) {
        sw_check_print_text(&report);
    }
cleanup:
    sw_plan_destroy(plan);
    sw_diagnostics_destroy(diagnostics);
    free(leaks);
    free(summary);
    return status;
}

int sw_cli_check(int argc, char **argv)
{
    sw_check_options options;
    sw_status status = parse_options(&options, argc, argv);
    if (status == SW_OK && options.help) {
        fputs(help, stdout);
    } else if (status == SW_OK) {
        if (options.list_keys) status = sw_check_print_keys(options.json);
        if (status == SW_OK && options.sweep) status = check_sweep(&options);
    }
    if (status == SW_OK && fflush(stdout)) status = sw_fail(SW_E_IO, "stdout: %s", strerror(errno));
    if (status != SW_OK) sw_error("%s", sw_fail_message());
    return status != SW_OK ? SW_EXIT_USAGE : SW_EXIT_OK;
}
