/* status.c: symsweep status: how far a sweep is, finished or running. */
#include "cli/command.h"
#include "cli/row.h"
#include "cli/screen.h"
#include "cli/status_print.h"

#include "symsweep/cli.h"
#include "symsweep/clock.h"
#include "symsweep/config.h"
#include "symsweep/file.h"
#include "symsweep/log.h"
#include "symsweep/terminal.h"
#include "symsweep/text.h"

#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char help[] =
    "usage: symsweep status [options] results.h5\n"
    "       symsweep status [options] results.h5.status.json\n"
    "\n"
    "Progress, phases and failures of a finished, running or crashed sweep. Where a file that is being written cannot\n"
    "be read (NFS), progress alone from the status file beside it.\n"
    "\n"
    "  --json     everything as JSON\n"
    "  --watch    until no writer holds the file: a screen of its own on a terminal (Ctrl-C leaves\n"
    "             it), elsewhere a line when something has changed; then everything\n"
    "  --all      every run, also those of former plans, which the sweep no longer has\n"
    "             (default: the first 40 runs of the present plan)\n"
    "  -h, --help this text\n"
    "\n"
    "A setting is what runs have in common that differ in their seed alone; it is named by the label and by every key\n"
    "in which the runs shown differ.\n"
    "\n"
    "t_mem, t_sym, t_gen: optimizer steps until train accuracy, the symmetry violation and test accuracy cross\n"
    "their thresholds; medians over the runs of a setting, - where most did not get there.\n"
    "Exit codes: 0, 2 wrong usage, 3 the file cannot be read.\n";

enum { WATCH_SECONDS = 2, SILENCE_SECONDS = 60 /* a job writes its status every few */ };

typedef struct status_options {
    bool json, watch, all;
} status_options;

/* ---- a results file ---- */

static sw_status print_once(sw_results *results, const status_options *options) {
    sw_status_view view;
    const sw_status status = sw_status_view_read(&view, results, options->all, NULL);
    if (status != SW_OK) return status;
    if (options->json) return sw_status_view_print_json(results, &view);
    return sw_status_print_text(results, &view);
}

static sw_status draw(sw_results *results, const sw_status_view *view) {
    int rows, columns;
    sw_terminal_size(STDOUT_FILENO, &rows, &columns);
    return sw_status_print_screen(results, view, rows, columns);
}

/* On a terminal a screen of its own, drawn again and again; into a pipe a line for each change. At the end everything,
 * as without --watch. */
static sw_status watch(sw_results *results, const status_options *options) {
    const bool terminal = sw_terminal_is(STDOUT_FILENO) && sw_results_live(results);
    sw_status_view view = {0}, before = {0};
    sw_status status = SW_OK;
    bool live = true;
    if (terminal) sw_screen_enter();
    for (bool first = true; live && status == SW_OK; first = false) {
        live = sw_results_live(results);
        if (!first) status = sw_results_refresh(results);
        if (status == SW_OK) status = sw_status_view_read(&view, results, options->all, first ? NULL : &before);
        if (status != SW_OK || !live) break;
        if (terminal)
            status = draw(results, &view);
        else if (first || sw_status_view_differs(&view, &before))
            sw_status_view_print_line(&view);
        fflush(stdout);
        before = view;
        sw_clock_sleep(WATCH_SECONDS);
    }
    if (terminal) sw_screen_leave();
    return status == SW_OK ? sw_status_print_text(results, &view) : status;
}

/* ---- a status file, FILE.status.json ---- */

static bool is_progress_file(const char *path) {
    size_t length = strlen(path), suffix = strlen(SW_PROGRESS_FILE_SUFFIX);
    return length > suffix && strcmp(path + length - suffix, SW_PROGRESS_FILE_SUFFIX) == 0;
}

static bool is_running(const sw_progress_file *p) { return strcmp(p->state, "running") == 0; }

static void print_progress_run(FILE *out, const sw_progress_run *run) {
    fprintf(out, "%5" PRId64 " %7" PRId64 " %10" PRId64 " %10" PRId64, run->run, run->worker, run->step, run->steps);
    if (isnan(run->train_accuracy))
        fprintf(out, " %8s %8s", "-", "-");
    else
        fprintf(out, " %8.4f %8.4f", run->train_accuracy, run->test_accuracy);
    sw_text_printf(out, "  %s\n", run->label);
}

/* At most `rows` lines. */
static void print_progress(FILE *out, const sw_progress_file *p, int rows) {
    enum { HEAD = 5, REST = 1 };
    char age[32], eta[32];
    double old = (double)((int64_t)time(NULL) - p->updated_unix);
    sw_clock_format(age, old > 0 ? old : 0);
    sw_text_printf(out, "%s, job begun %s: %s", p->sweep, p->started_utc, p->state);
    if (is_running(p)) {
        fprintf(out, " as of %s ago\n", age);
        sw_text_printf(out, "writer: host %s, process %" PRId64 "\n", p->host, p->pid);
    } else {
        sw_text_printf(out, " %s with exit code %" PRId64 "\n", p->updated_utc, p->exit_code);
    }
    fprintf(out, "%" PRId64 " runs: %" PRId64 " done, %" PRId64 " running, %" PRId64 " left, %" PRId64 " failed",
            p->total, p->done, p->running, p->left, p->failed);
    if (is_running(p)) fprintf(out, "; %.0f steps/s", p->steps_per_second);
    if (is_running(p) && !isnan(p->eta_seconds)) {
        sw_clock_format(eta, p->eta_seconds);
        fprintf(out, ", at most %s left", eta);
    }
    fputc('\n', out);
    if (p->run_count == 0) return;
    const int64_t shown = p->run_count <= rows - HEAD - REST ? p->run_count : rows - HEAD - REST;
    fprintf(out, "\n%5s %7s %10s %10s %8s %8s  %s\n", "run", "rank", "step", "of", "train", "test", "setting");
    for (int64_t i = 0; i < shown; i++) print_progress_run(out, &p->runs[i]);
    if (p->running > shown) fprintf(out, "  ... and %" PRId64 " more\n", p->running - shown);
}

static sw_status draw_progress(const sw_progress_file *p) {
    int rows, columns;
    char *text = NULL;
    size_t length;
    FILE *picture = open_memstream(&text, &length);
    if (!picture) return sw_fail(SW_E_MEMORY, "a picture of the sweep");
    sw_terminal_size(STDOUT_FILENO, &rows, &columns);
    print_progress(picture, p, rows);
    fclose(picture);
    sw_screen_draw(text, rows, columns);
    free(text);
    return SW_OK;
}

static sw_status copy_out(const char *path) {
    char *text = NULL;
    size_t length = 0;
    sw_status status = sw_file_read(&text, &length, path, SW_PROGRESS_FILE_BYTES, NULL);
    if (status == SW_OK) sw_text_print_json(stdout, text);
    free(text);
    return status;
}

/* As text, or as it stands (json); again and again while the sweep runs (watch). */
static sw_status show_progress(const char *path, const status_options *options) {
    sw_progress_file progress;
    sw_status status = sw_config_read_progress(&progress, path);
    if (status == SW_OK && options->json) return copy_out(path);
    const bool watched = status == SW_OK && options->watch && is_running(&progress);
    const bool terminal = watched && sw_terminal_is(STDOUT_FILENO);
    if (terminal) sw_screen_enter();
    for (int64_t shown = -1; watched && status == SW_OK && is_running(&progress);) {
        if (terminal)
            status = draw_progress(&progress);
        else if (progress.updated_unix != shown)
            print_progress(stdout, &progress, INT_MAX);
        fflush(stdout);
        shown = progress.updated_unix;
        sw_clock_sleep(WATCH_SECONDS);
        if (status == SW_OK) status = sw_config_read_progress(&progress, path);
    }
    if (terminal) sw_screen_leave();
    if (status == SW_OK) print_progress(stdout, &progress, INT_MAX);
    return status;
}

/* A results file could not be opened (sw_fail_message says why): shows its status file when that says that a job writes
 * it now, and says so. Otherwise the failure stands. */
static sw_status fall_back(sw_status failure, const char *results, const status_options *options) {
    char path[4200], why[512];
    sw_progress_file progress;
    snprintf(why, sizeof why, "%s", sw_fail_message());
    int length = snprintf(path, sizeof path, "%s%s", results, SW_PROGRESS_FILE_SUFFIX);
    if (length < 0 || length >= (int)sizeof path || access(path, F_OK) != 0) return failure;
    if (sw_config_read_progress(&progress, path) != SW_OK || !is_running(&progress)) return sw_fail(failure, "%s", why);
    double old = (double)((int64_t)time(NULL) - progress.updated_unix);
    if (access(results, F_OK) != 0 && old > SILENCE_SECONDS) {
        char age[32];
        sw_clock_format(age, old);
        return sw_fail(failure, "%s; %s says that a job writes it, but is %s old: the file was moved or removed", why,
                       path, age);
    }
    sw_warn("%s", why);
    sw_warn("the results cannot be read here while they are written; what follows is what %s says", path);
    return show_progress(path, options);
}

/* ---- the command ---- */

static sw_status show(void *given, char *const *files) {
    const status_options *options = given;
    sw_results *results = NULL;
    if (options->json && options->watch) return sw_fail(SW_E_USAGE, "--json and --watch do not go together");
    if (is_progress_file(files[0])) return show_progress(files[0], options);
    sw_status status = sw_results_open(&results, files[0]);
    if (status != SW_OK) return fall_back(status, files[0], options);
    status = options->watch ? watch(results, options) : print_once(results, options);
    sw_results_close(results);
    return status;
}

static const sw_command command = {
    .name = "status",
    .help = help,
    .unknown = "unknown option",
    .expected = "expected one results file",
    .options =
        (const sw_command_option[]){
            {"json", .place = offsetof(status_options, json)},
            {"watch", .place = offsetof(status_options, watch)},
            {"all", .place = offsetof(status_options, all)},
            {0},
        },
    .least = 1,
    .most = 1,
    .run = show,
};

int sw_cli_status(int argc, char **argv) { return sw_command_run(&command, &(status_options){0}, argc, argv); }

sw_status sw_cli_print_summary(const char *path) {
    sw_results *results = NULL;
    sw_settings *settings = NULL;
    sw_status status = sw_results_open(&results, path);
    if (status == SW_OK) status = sw_settings_create(&settings, results, false);
    const sw_table table = {.out = stdout, .columns = SW_TABLE_COLUMNS, .most = SW_TABLE_SETTINGS};
    if (status == SW_OK) status = sw_table_print_settings(&table, results, settings);
    if (status == SW_OK) {
        char text[SW_FORMER_TEXT];
        const size_t former = sw_row_count_former(results);
        if (former > 0) puts(sw_row_former_text(text, former, "symsweep status --all shows them"));
    }
    sw_settings_destroy(settings);
    sw_results_close(results);
    if (status == SW_OK) sw_text_printf(stdout, "results: %s\n", path);
    return status;
}
