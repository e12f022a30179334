#include "symsweep/progress_file.h"

#include "symsweep/clock.h"
#include "symsweep/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void write_text(sw_json *json, const char *key, const char *value)
{
    sw_json_key(json, key);
    sw_json_string(json, value);
}

static void write_integer(sw_json *json, const char *key, int64_t value)
{
    sw_json_key(json, key);
    sw_json_integer(json, value);
}

static void write_number(sw_json *json, const char *key, double value)
{
    sw_json_key(json, key);
    sw_json_number(json, value);
}

static void write_runs(sw_json *json, const sw_progress_file *progress)
{
    sw_json_key(json, "in_training");
    sw_json_begin_array(json);
    for (int64_t i = 0; i < progress->run_count; i++) {
        const sw_progress_run *run = &progress->runs[i];
        sw_json_begin_object(json);
        write_integer(json, "run", run->run);
        write_integer(json, "worker", run->worker);
        write_text(json, "label", run->label);
        write_integer(json, "step", run->step);
        write_integer(json, "steps", run->steps);
        write_number(json, "train_accuracy", run->train_accuracy);
        write_number(json, "test_accuracy", run->test_accuracy);
        sw_json_end_object(json);
    }
    sw_json_end_array(json);
}

static void write_all(sw_json *json, const sw_progress_file *progress)
{
    sw_json_begin_object(json);
    write_text(json, "format", "symsweep-status");
    write_integer(json, "format_version", SW_PROGRESS_FILE_VERSION);
    write_text(json, "sweep", progress->sweep);
    write_text(json, "state", progress->state);
    write_integer(json, "exit_code", progress->exit_code);
    write_text(json, "host", progress->host);
    write_integer(json, "pid", progress->pid);
    write_text(json, "started_utc", progress->started_utc);
    write_text(json, "updated_utc", progress->updated_utc);
    write_integer(json, "updated_unix", progress->updated_unix);
    sw_json_key(json, "runs");
    sw_json_begin_object(json);
    write_integer(json, "total", progress->total);
    write_integer(json, "done", progress->done);
    write_integer(json, "failed", progress->failed);
    write_integer(json, "running", progress->running);
    write_integer(json, "left", progress->left);
    sw_json_end_object(json);
    write_number(json, "steps_per_second", progress->steps_per_second);
    write_number(json, "eta_seconds", progress->eta_seconds);
    write_runs(json, progress);
    sw_json_end_object(json);
}

static sw_status replace(const char *path, const char *text)
{
    char temporary[4200];
    int length = snprintf(temporary, sizeof temporary, "%s.new", path);
    if (length < 0 || length >= (int)sizeof temporary) return sw_fail(SW_E_IO, "%s: path is too long", path);
    FILE *file = fopen(temporary, "w");
    if (file == NULL) return sw_fail(SW_E_IO, "%s: %s", temporary, strerror(errno));
    bool well = fprintf(file, "%s\n", text) > 0;
    well = fclose(file) == 0 && well;
    if (well && rename(temporary, path) == 0) return SW_OK;
    sw_status status = sw_fail(SW_E_IO, "%s: %s", path, strerror(errno));
    unlink(temporary);
    return status;
}

sw_status sw_progress_file_write(const char *path, sw_progress_file *progress)
{
    if (gethostname(progress->host, sizeof progress->host - 1) != 0) progress->host[0] = '\0';
    progress->pid = (int64_t)getpid();
    progress->updated_unix = (int64_t)time(NULL);
    sw_clock_utc(progress->updated_utc);
    sw_json *json = NULL;
    sw_status status = sw_json_create(&json);
    if (status != SW_OK) return status;
    write_all(json, progress);
    const char *text = sw_json_text(json);
    status = text != NULL ? replace(path, text) : SW_E_MEMORY;
    sw_json_destroy(json);
    return status;
}
