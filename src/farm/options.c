/* options.c: the command line of the main job. */
#include "farm/options.h"

#include "symsweep/clock.h"
#include "symsweep/config.h"

#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { OPTION_FRESH = 256, OPTION_TIME_LIMIT, OPTION_SHARD, OPTION_NO_PROGRESS, OPTION_NO_SHARING, OPTION_VERSION };

static const struct option long_options[] = {
    {"output", required_argument, NULL, 'o'},
    {"fresh", no_argument, NULL, OPTION_FRESH},
    {"time-limit", required_argument, NULL, OPTION_TIME_LIMIT},
    {"shard", required_argument, NULL, OPTION_SHARD},
    {"quiet", no_argument, NULL, 'q'},
    {"verbose", no_argument, NULL, 'v'},
    {"no-progress", no_argument, NULL, OPTION_NO_PROGRESS},
    {"no-sharing", no_argument, NULL, OPTION_NO_SHARING},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, OPTION_VERSION},
    {NULL, 0, NULL, 0},
};

void sw_options_print_help(void) {
    fputs("Sweeps of small networks that grok, with symmetry measures.\n"
          "\n"
          "usage: symsweep [options] SWEEP.json [KEY=VALUE ...]     train it in one process\n"
          "       mpirun -n RANKS symsweep [options] SWEEP.json [KEY=VALUE ...]\n"
          "                                      rank 0 hands out runs, the others train\n"
          "       symsweep COMMAND ...                     see COMMAND --help\n"
          "\n"
          "KEY=VALUE changes the sweep for this call: run.steps=200, output=x.h5, 'grid.seed=[0, 1]'. VALUE is JSON;\n"
          "what is not JSON is a text.\n"
          "\n"
          "options:\n"
          "  -o, --output FILE        results file (default: the sweep's \"output\", else NAME.h5 beside the sweep)\n"
          "      --fresh              start anew; an existing results file is moved aside, never deleted\n"
          "      --time-limit TIME    stop cleanly before then: 90m, 3600s, 2h, 1-12:00:00\n"
          "      --shard I/N          train only the I-th of N shards of the plan, into a file of its own\n"
          "  -q, --quiet              warnings and errors only\n"
          "  -v, --verbose            say more\n"
          "      --no-progress        no progress on stderr\n"
          "      --no-sharing         train every run alone, also where runs begin alike; the numbers are the same\n"
          "  -h, --help               this text\n"
          "      --version            versions of symsweep and the libraries it runs on\n"
          "\n"
          "commands:\n"
          "  check SWEEP.json         validate; print the plan and its cost; list keys\n"
          "  status RESULTS.h5        progress, phases and failures of a finished or running sweep\n"
          "  show RESULTS.h5 --run N  one run: configuration, curves, phases\n"
          "  export RESULTS.h5        the run table as CSV; curves; a compressed copy\n"
          "  merge -o ALL.h5 A.h5 ... join shards of one sweep, into a file that may be there\n"
          "  draws RESULTS.h5 --run N --steps A:B   batches and symmetry tuples drawn, as JSON\n"
          "  recover RESULTS.h5       clear what a killed writer left\n"
          "  bench                    speed of the training kernels on this machine\n"
          "  simulate SWEEP.json      how long it takes on different numbers of workers\n"
          "  symmetries SWEEP.json    the symmetry group of a task's table, found by itself\n"
          "\n"
          "exit codes: 0 every run finished, 1 some run failed, 2 usage or a bad sweep file,\n"
          "3 results file unusable or held by another writer, 75 stopped with work left (run it again to go on)\n",
          stdout);
}

/* "2/8" -> 2, 8. */
static sw_status parse_shard(sw_job_options *out, const char *text) {
    char *end;
    unsigned long part = 0, parts = 0;
    bool digits = text[0] >= '0' && text[0] <= '9';
    if (digits) part = strtoul(text, &end, 10);
    if (digits && *end == '/' && end[1] >= '0' && end[1] <= '9') {
        parts = strtoul(end + 1, &end, 10);
        if (*end == '\0' && part >= 1 && part <= parts && parts <= 1000000) {
            out->shard = part;
            out->shards = parts;
            return SW_OK;
        }
    }
    return sw_fail(SW_E_USAGE, "--shard %s: expected I/N with 1 <= I <= N, such as 2/8", text);
}

static sw_status parse_limit(sw_job_options *out, const char *text) {
    sw_status status = sw_clock_parse_duration(&out->time_limit, text);
    if (status != SW_OK) return sw_fail_in(status, "--time-limit");
    if (!(out->time_limit > 0)) return sw_fail(SW_E_USAGE, "--time-limit %s: must be more than 0", text);
    return SW_OK;
}

static sw_status parse_one(sw_job_options *out, int option, char **argv) {
    switch (option) {
    case 'o':
        out->output = optarg;
        return optarg[0] != '\0' ? SW_OK : sw_fail(SW_E_USAGE, "--output: the name of a file is missing");
    case OPTION_FRESH: out->fresh = true; return SW_OK;
    case OPTION_TIME_LIMIT: return parse_limit(out, optarg);
    case OPTION_SHARD: return parse_shard(out, optarg);
    case 'q': out->level = SW_LOG_WARNING; return SW_OK;
    case 'v': out->level = SW_LOG_DEBUG; return SW_OK;
    case OPTION_NO_PROGRESS: out->progress = false; return SW_OK;
    case OPTION_NO_SHARING: out->sharing = false; return SW_OK;
    case 'h': out->help = true; return SW_OK;
    case OPTION_VERSION: out->version = true; return SW_OK;
    case ':': return sw_fail(SW_E_USAGE, "%s: a value is missing", argv[optind - 1]);
    default: break;
    }
    if (optopt != 0 && optopt < 256) return sw_fail(SW_E_USAGE, "unknown option -%c", optopt);
    if (optopt != 0) return sw_fail(SW_E_USAGE, "%s: takes no value", argv[optind - 1]);
    return sw_fail(SW_E_USAGE, "unknown option %s", argv[optind - 1]);
}

sw_status sw_options_parse(sw_job_options *out, int argc, char **argv) {
    *out = (sw_job_options){.time_limit = INFINITY, .level = SW_LOG_INFO, .progress = true, .sharing = true};
    opterr = 0;
    optind = 0; /* start anew, whoever parsed before */
    int option;
    while ((option = getopt_long(argc, argv, ":o:qvh", long_options, NULL)) != -1) {
        sw_status status = parse_one(out, option, argv);
        if (status != SW_OK) return status;
    }
    if (out->help || out->version) return SW_OK;
    char **arguments = argv + optind;
    const size_t files = sw_overrides_sort(arguments);
    if (files == 0) return sw_fail(SW_E_USAGE, "a sweep file is missing");
    if (files > 1)
        return sw_fail(SW_E_USAGE, "'%s': one sweep file at a time (and '%s' is no command)", arguments[1],
                       arguments[0]);
    out->sweep = arguments[0];
    out->overrides = arguments + 1;
    if (out->level == SW_LOG_WARNING) out->progress = false;
    return SW_OK;
}
