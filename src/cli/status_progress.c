#include "status_progress.h"

#include "symsweep/clock.h"
#include "symsweep/config.h"
#include "symsweep/log.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { WATCH_SECONDS = 2 };

bool sw_status_is_progress_file(const char *path)
{
    size_t length = strlen(path), suffix = strlen(SW_PROGRESS_FILE_SUFFIX);
    return length > suffix && strcmp(path + length - suffix, SW_PROGRESS_FILE_SUFFIX) == 0;
}

static bool is_running(const sw_progress_file *p) { return strcmp(p->state, "running") == 0; }

static void print_run(const sw_progress_run *run)
{
    printf("%5" PRId64 " %7" PRId64 " %10" PRId64 " %10" PRId64, run->run, run->worker, run->step, run->steps);
    if (isnan(run->train_accuracy))
        printf(" %8s %8s", "-", "-");
    else
        printf(" %8.4f %8.4f", run->train_accuracy, run->test_accuracy);
    printf("  %s\n", run->label);
}

static void print_text(const sw_progress_file *p)
{
    char age[32], eta[32];
    double old = (double)((int64_t)time(NULL) - p->updated_unix);
    sw_clock_format(age, old > 0 ? old : 0);
    printf("%s, job begun %s: %s", p->sweep, p->started_utc, p->state);
    if (is_running(p))
        printf(" as of %s ago\nwriter: host %s, process %" PRId64 "\n", age, p->host, p->pid);
    else
        printf(" %s with exit code %" PRId64 "\n", p->updated_utc, p->exit_code);
    printf("%" PRId64 " runs: %" PRId64 " done, %" PRId64 " running, %" PRId64 " left, %" PRId64 " failed", p->total,
           p->done, p->running, p->left, p->failed);
    if (is_running(p)) printf("; %.0f steps/s", p->steps_per_second);
    if (is_running(p) && !isnan(p->eta_seconds)) {
        sw_clock_format(eta, p->eta_seconds);
        printf(", at most %s left", eta);
    }
    putchar('\n');
    if (p->run_count == 0) return;
    printf("\n%5s %7s %10s %10s %8s %8s  %s\n", "run", "rank", "step", "of", "train", "test", "setting");
    for (int64_t i = 0; i < p->run_count; i++) print_run(&p->runs[i]);
    if (p->running > p->run_count) printf("  ... and %" PRId64 " more\n", p->running - p->run_count);
}

static sw_status copy_out(const char *path)
{
    char text[4096];
    FILE *file = fopen(path, "r");
    if (file == NULL) return sw_fail(SW_E_IO, "%s: %s", path, strerror(errno));
    for (size_t got; (got = fread(text, 1, sizeof text, file)) > 0;) fwrite(text, 1, got, stdout);
    fclose(file);
    return SW_OK;
}

sw_status sw_status_show_progress(const char *path, bool json, bool watch)
{
    const bool terminal = isatty(STDOUT_FILENO);
    for (int64_t shown = -1;;) {
        sw_progress_file progress;
        sw_status status = sw_config_read_progress(&progress, path);
        if (status != SW_OK) return status;
        if (json) return copy_out(path);
        if (terminal && watch) fputs("\033[H\033[J", stdout);
        if (terminal || progress.updated_unix != shown) print_text(&progress);
        fflush(stdout);
        if (!watch || !is_running(&progress)) return SW_OK;
        shown = progress.updated_unix;
        sw_clock_sleep(WATCH_SECONDS);
    }
}

sw_status sw_status_fall_back(sw_status failure, const char *results, bool json, bool watch)
{
    char path[4200], why[512];
    sw_progress_file progress;
    snprintf(why, sizeof why, "%s", sw_fail_message());
    int length = snprintf(path, sizeof path, "%s%s", results, SW_PROGRESS_FILE_SUFFIX);
    if (length < 0 || length >= (int)sizeof path || access(path, F_OK) != 0) return failure;
    if (sw_config_read_progress(&progress, path) != SW_OK || !is_running(&progress)) return sw_fail(failure, "%s", why);
    sw_warn("%s", why);
    sw_warn("the results cannot be read here while they are written; what follows is what %s says", path);
    return sw_status_show_progress(path, json, watch);
}
