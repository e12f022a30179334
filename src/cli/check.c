/* check.c: symsweep check: is the sweep valid, and what would it cost? */
#include "cli/check_report.h"
#include "cli/command.h"

#include "symsweep/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: symsweep check [options] sweep.json [KEY=VALUE ...]\n"
    "       symsweep check --list-keys [--json]\n"
    "\n"
    "Validates a sweep and prints the plan: runs, axes, parameters of each model, train sets, batches and graphs,\n"
    "estimated time, memory of a worker, size of the results file, and which test labels leak through mirrors and\n"
    "symmetry losses. Where the results file is there: how many runs it has already, and which of the others go on\n"
    "from the end of a shorter one (checkpoint.keep).\n"
    "Of runs that are wrong for one reason it names the first and says how to write the sweep without them.\n"
    "Nothing is trained and nothing is written.\n"
    "\n"
    "  --json            the same, or the errors, as JSON on stdout\n"
    "  --list runs       also every run: number, id, estimated time, label, axes\n"
    "  --list-keys       every configuration key with type, default, range and meaning\n"
    "  --shard I/N       of the I-th of N shards of the plan\n"
    "  --workers N       predict the time for N workers instead of a few numbers of them\n"
    "  --speed GFLOPS    operations a second of one core to count with (default: measured here in a moment)\n"
    "  --tasks N         settings in the leak report, at most 64 (default 4; 0 = none)\n"
    "  -h, --help        this text\n"
    "\n"
    "Exit codes: 0 valid, 2 not valid or wrong usage, 3 stdout cannot be written.\n";

/* ---- keys ---- */

static void write_key(sw_json *json, const sw_key_info *key) {
    sw_json_begin_object(json);
    sw_json_member_string(json, "path", key->path);
    sw_json_member_string(json, "section", key->section);
    sw_json_member_string(json, "type", key->type);
    sw_json_member_string(json, "default", key->default_text);
    sw_json_member_string(json, "range", key->range);
    sw_json_member_string(json, "unit", key->unit);
    sw_json_member_string(json, "meaning", key->meaning);
    sw_json_member_string(json, "concerns", key->concerns);
    sw_json_member_bool(json, "identity", key->identity);
    sw_json_member_bool(json, "changes", key->changes);
    sw_json_member_string(json, "base", key->base);
    if (key->word) sw_json_member_string(json, "word", key->word);
    if (key->values) {
        sw_json_member_array(json, "values");
        for (size_t i = 0; key->values[i]; i++) sw_json_string(json, key->values[i]);
        sw_json_end_array(json);
    }
    if (key->has_minimum)
        sw_json_member_number(json, key->minimum_excluded ? "exclusive_minimum" : "minimum", key->minimum);
    if (key->has_maximum)
        sw_json_member_number(json, key->maximum_excluded ? "exclusive_maximum" : "maximum", key->maximum);
    if (key->longest) sw_json_member_integer(json, "longest", (int64_t)key->longest);
    sw_json_end_object(json);
}

static void print_key(const sw_key_info *key) {
    printf("%s\n    %s%s%s; default %s%s%s%s%s\n    %s\n", key->path, key->type, key->range[0] ? " " : "", key->range,
           key->default_text, key->unit[0] ? "; in " : "", key->unit, key->concerns[0] ? "; needs " : "", key->concerns,
           key->meaning);
}

static sw_status print_keys(bool as_json) {
    sw_json *json = NULL;
    sw_status status = sw_json_create(&json);
    if (status != SW_OK) return status;
    sw_json_begin_array(json);
    for (size_t i = 0; i < sw_key_count(); i++) {
        sw_key_info key;
        sw_key_describe(i, &key);
        if (as_json)
            write_key(json, &key);
        else
            print_key(&key);
    }
    sw_json_end_array(json);
    if (as_json) return sw_command_print(json, SW_OK);
    sw_json_destroy(json);
    return SW_OK;
}

/* ---- a sweep ---- */

/* Plan, summary, leaks. A sweep that is refused has no plan. */
static sw_status examine(sw_check_report *report) {
    const sw_check_options *options = &report->options;
    sw_status status = sw_plan_load(&report->plan, report->sweep, report->overrides, report->diagnostics);
    if (status == SW_OK && options->shards)
        status = sw_plan_shard(report->plan, (size_t)options->shard, (size_t)options->shards);
    if (status == SW_OK)
        status = sw_check_summarize(&report->summary, report->plan, options->speed, (size_t)options->workers);
    if (status == SW_OK) status = sw_check_data_find(&report->data, report->plan);
    if (status == SW_OK && !options->shards)
        status = sw_check_extend_find(&report->extend, report->plan, report->diagnostics);
    if (status == SW_OK && options->tasks)
        status = sw_check_leaks_find(&report->leaks, (size_t)options->tasks, report->plan);
    return status;
}

static sw_status check_sweep(const char *sweep, char *const *overrides, const sw_check_options *options) {
    sw_check_report *report = calloc(1, sizeof *report);
    if (!report) return sw_fail(SW_E_MEMORY, "out of memory");
    report->sweep = sweep;
    report->overrides = overrides;
    report->options = *options;
    sw_status status = sw_diagnostics_create(&report->diagnostics);
    if (status == SW_OK) {
        status = examine(report);
        sw_diagnostics_print(report->diagnostics, sweep);
        if (options->json && (status == SW_OK || sw_diagnostics_errors(report->diagnostics))) {
            sw_status written = sw_check_report_json(report);
            if (written != SW_OK) status = written;
        } else if (status == SW_OK) {
            sw_check_report_text(report);
        }
    }
    sw_plan_destroy(report->plan);
    sw_diagnostics_destroy(report->diagnostics);
    free(report);
    return status;
}

/* ---- the command ---- */

static bool parse_workers(void *place, const char *value) {
    const long long *number = place;
    return sw_command_number(place, value) && *number > 0 && *number <= SW_RUNS_MAX;
}

static bool parse_tasks(void *place, const char *value) {
    return sw_command_number(place, value) && *(long long *)place <= SW_LEAKS_MAX;
}

static bool parse_shard(void *options, const char *value) {
    sw_check_options *out = options;
    char part[32];
    const size_t length = strcspn(value, "/");
    snprintf(part, sizeof part, "%.*s", (int)length, value);
    return length < sizeof part && value[length] && sw_command_number(&out->shard, part) &&
           sw_command_number(&out->shards, value + length + 1) && out->shard >= 1 && out->shard <= out->shards &&
           out->shards <= SW_RUNS_MAX;
}

static bool parse_list(void *options, const char *value) {
    sw_check_options *out = options;
    const bool runs = strcmp(value, "runs") == 0, keys = strcmp(value, "keys") == 0;
    out->list_runs = out->list_runs || runs;
    out->list_keys = out->list_keys || keys;
    return runs || keys;
}

static bool parse_speed(void *place, const char *value) {
    double *speed = place;
    *speed = 1e9 * strtod(value, NULL);
    return *speed > 0 && *speed < 1e18;
}

static sw_status check(void *options, char *const *files);

static const sw_command command = {
    .name = "check",
    .help = help,
    .expected = "expected one sweep file",
    .options =
        (const sw_command_option[]){
            {"json", .place = offsetof(sw_check_options, json)},
            {"list", .parse = parse_list, .takes = "runs or keys"},
            {"list-keys", .place = offsetof(sw_check_options, list_keys)},
            {"shard", .parse = parse_shard, .takes = "I/N"},
            {"workers", .place = offsetof(sw_check_options, workers), .parse = parse_workers,
             .takes = "a number from 1"},
            {"tasks", .place = offsetof(sw_check_options, tasks), .parse = parse_tasks, .takes = "0..64"},
            {"speed", .place = offsetof(sw_check_options, speed), .parse = parse_speed, .takes = "Gflop/s of one core"},
            {0},
        },
    .most = 1,
    .overrides = true,
    .when = SW_HELP_LAST,
    .run = check,
    .failure = SW_EXIT_USAGE,
};

static sw_status check(void *given, char *const *files) {
    const sw_check_options *options = given;
    if (!files[0] && !options->list_keys) return sw_command_misused(&command);
    sw_status status = options->list_keys ? print_keys(options->json) : SW_OK;
    if (status == SW_OK && files[0]) status = check_sweep(files[0], files + 1, options);
    return status;
}

int sw_cli_check(int argc, char **argv) {
    enum { LEAK_REPORTS = 4 };
    return sw_command_run(&command, &(sw_check_options){.tasks = LEAK_REPORTS}, argc, argv);
}
