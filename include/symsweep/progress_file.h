/* progress_file.h: FILE.status.json, a small text beside a results file that says how far the sweep is: for file
 * systems on which a file that is being written cannot be read, and for people with `cat`.
 *
 * Replaced as a whole by rename, so that a reader sees one state or the next. Reading it is sw_config_read_progress
 * (config.h).
 */
#pragma once

#include "symsweep/fail.h"

#include <stdint.h>

#define SW_PROGRESS_FILE_SUFFIX ".status.json"
/* No status file has more bytes. */
enum { SW_PROGRESS_FILE_VERSION = 1, SW_PROGRESS_RUNS = 12, SW_PROGRESS_FILE_BYTES = 1 << 16 };

typedef struct sw_progress_run {
    int64_t run, worker;                  /* index in the plan; rank that trains it */
    int64_t step, steps;                  /* newest, of at most */
    double train_accuracy, test_accuracy; /* NaN = none yet */
    char label[48];
} sw_progress_run;

typedef struct sw_progress_file {
    char sweep[128];
    char state[16];    /* "running"; "finished", "stopped" (work is left) or "failed" when the job has ended */
    int64_t exit_code; /* -1 while it runs */
    char host[256];    /* of the writer */
    int64_t pid;
    char started_utc[32], updated_utc[32];
    int64_t updated_unix;                       /* seconds since 1970: how old this is */
    int64_t total, done, failed, running, left; /* runs */
    double steps_per_second;
    double eta_seconds; /* NaN = not known */
    int64_t run_count;  /* of `runs`: the first of those in training */
    sw_progress_run runs[SW_PROGRESS_RUNS];
} sw_progress_file;

/* SW_E_IO when something that is no status file stands in its place, or in that of the file it is made from: it would
 * be left alone, and there would be none. */
sw_status sw_progress_file_check(const char *path) SW_MUST_CHECK;
/* Fills host, pid and the times of update. */
sw_status sw_progress_file_write(const char *path, sw_progress_file *progress) SW_MUST_CHECK;
