/* progress_file.c: reads FILE.status.json. */
#include "symsweep/config.h"
#include "symsweep/file.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void take_text(char *out, size_t capacity, const cJSON *object, const char *key) {
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
    snprintf(out, capacity, "%s", text != NULL ? text : "");
}

/* NaN when it is null or missing. */
static double take_number(const cJSON *object, const char *key) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsNumber(item) ? item->valuedouble : (double)NAN;
}

static int64_t take_integer(const cJSON *object, const char *key) {
    double value = take_number(object, key);
    return value >= -9e15 && value <= 9e15 ? (int64_t)value : -1;
}

static void take_runs(sw_progress_file *out, const cJSON *list) {
    const cJSON *item;
    cJSON_ArrayForEach(item, list) {
        if (out->run_count == SW_PROGRESS_RUNS) return;
        sw_progress_run *run = &out->runs[out->run_count++];
        run->run = take_integer(item, "run");
        run->worker = take_integer(item, "worker");
        run->step = take_integer(item, "step");
        run->steps = take_integer(item, "steps");
        run->train_accuracy = take_number(item, "train_accuracy");
        run->test_accuracy = take_number(item, "test_accuracy");
        take_text(run->label, sizeof run->label, item, "label");
    }
}

static sw_status take_all(sw_progress_file *out, const cJSON *root, const char *path) {
    char format[32];
    *out = (sw_progress_file){0};
    take_text(format, sizeof format, root, "format");
    if (strcmp(format, "symsweep-status") != 0) return sw_fail(SW_E_STORE, "%s: is no status file of symsweep", path);
    if (take_integer(root, "format_version") != SW_PROGRESS_FILE_VERSION)
        return sw_fail(SW_E_STORE, "%s: a status file of another version of symsweep", path);
    const cJSON *runs = cJSON_GetObjectItemCaseSensitive(root, "runs");
    take_text(out->sweep, sizeof out->sweep, root, "sweep");
    take_text(out->state, sizeof out->state, root, "state");
    take_text(out->host, sizeof out->host, root, "host");
    take_text(out->started_utc, sizeof out->started_utc, root, "started_utc");
    take_text(out->updated_utc, sizeof out->updated_utc, root, "updated_utc");
    out->exit_code = take_integer(root, "exit_code");
    out->pid = take_integer(root, "pid");
    out->updated_unix = take_integer(root, "updated_unix");
    out->total = take_integer(runs, "total");
    out->done = take_integer(runs, "done");
    out->failed = take_integer(runs, "failed");
    out->running = take_integer(runs, "running");
    out->left = take_integer(runs, "left");
    out->steps_per_second = take_number(root, "steps_per_second");
    out->eta_seconds = take_number(root, "eta_seconds");
    take_runs(out, cJSON_GetObjectItemCaseSensitive(root, "in_training"));
    return SW_OK;
}

/* cJSON takes control characters in strings and between values. */
static bool is_plain(const char *text, size_t length) {
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)text[i] < 0x20 && text[i] != '\n') return false;
    return true;
}

sw_status sw_config_read_progress(sw_progress_file *out, const char *path) {
    char *text;
    size_t length;
    sw_status status = sw_file_read(&text, &length, path, SW_PROGRESS_FILE_BYTES, NULL);
    const int error = errno;
    if (status == SW_E_IO && (error == EFBIG || error == EISDIR || error == EINVAL))
        return sw_fail(SW_E_STORE, "%s: is no status file of symsweep", path);
    if (status != SW_OK) return status == SW_E_IO ? sw_fail(status, "%s: %s", path, strerror(error)) : status;
    cJSON *root = is_plain(text, length) ? cJSON_ParseWithLength(text, length) : NULL;
    free(text);
    status = root != NULL ? take_all(out, root, path) : sw_fail(SW_E_STORE, "%s: is no status file of symsweep", path);
    cJSON_Delete(root);
    return status;
}
