/* progress_file.c: writes FILE.status.json. */
#include "symsweep/progress_file.h"

#include "symsweep/clock.h"
#include "symsweep/file.h"
#include "symsweep/json.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void write_runs(sw_json *json, const sw_progress_file *progress) {
    sw_json_member_array(json, "in_training");
    for (int64_t i = 0; i < progress->run_count; i++) {
        const sw_progress_run *run = &progress->runs[i];
        sw_json_begin_object(json);
        sw_json_member_integer(json, "run", run->run);
        sw_json_member_integer(json, "worker", run->worker);
        sw_json_member_string(json, "label", run->label);
        sw_json_member_integer(json, "step", run->step);
        sw_json_member_integer(json, "steps", run->steps);
        sw_json_member_number(json, "train_accuracy", run->train_accuracy);
        sw_json_member_number(json, "test_accuracy", run->test_accuracy);
        sw_json_end_object(json);
    }
    sw_json_end_array(json);
}

static void write_all(sw_json *json, const sw_progress_file *progress) {
    sw_json_begin_object(json);
    sw_json_member_string(json, "format", "symsweep-status");
    sw_json_member_integer(json, "format_version", SW_PROGRESS_FILE_VERSION);
    sw_json_member_string(json, "sweep", progress->sweep);
    sw_json_member_string(json, "state", progress->state);
    sw_json_member_integer(json, "exit_code", progress->exit_code);
    sw_json_member_string(json, "host", progress->host);
    sw_json_member_integer(json, "pid", progress->pid);
    sw_json_member_string(json, "started_utc", progress->started_utc);
    sw_json_member_string(json, "updated_utc", progress->updated_utc);
    sw_json_member_integer(json, "updated_unix", progress->updated_unix);
    sw_json_member_object(json, "runs");
    sw_json_member_integer(json, "total", progress->total);
    sw_json_member_integer(json, "done", progress->done);
    sw_json_member_integer(json, "failed", progress->failed);
    sw_json_member_integer(json, "running", progress->running);
    sw_json_member_integer(json, "left", progress->left);
    sw_json_end_object(json);
    sw_json_member_number(json, "steps_per_second", progress->steps_per_second);
    sw_json_member_number(json, "eta_seconds", progress->eta_seconds);
    write_runs(json, progress);
    sw_json_end_object(json);
}

static const char marker[] = "{\"format\":\"symsweep-status\"", suffix[] = ".new";

sw_status sw_progress_file_check(const char *path) {
    char temporary[4096 + sizeof suffix];
    snprintf(temporary, sizeof temporary, "%s%s", path, suffix);
    const sw_status status = sw_file_check_own(path, marker);
    return status == SW_OK ? sw_file_check_own(temporary, marker) : status;
}

static sw_status replace(const char *path, const char *text) {
    sw_file file;
    sw_status status = sw_file_check_own(path, marker);
    if (status == SW_OK) status = sw_file_begin(&file, path, suffix, marker, NULL);
    if (status != SW_OK) return status;
    sw_file_put(&file, text, strlen(text));
    sw_file_put(&file, "\n", 1);
    return sw_file_commit(&file, false);
}

sw_status sw_progress_file_write(const char *path, sw_progress_file *progress) {
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
