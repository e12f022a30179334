/* prepare.c: from a command line to a plan and an open results file. */
#include "farm/prepare.h"

#include "farm/checkpoints.h"
#include "farm/description.h"
#include "farm/signals.h"
#include "symsweep/clock.h"
#include "symsweep/fault.h"
#include "symsweep/file.h"
#include "symsweep/log.h"
#include "symsweep/progress_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static sw_status load_plan(sw_plan **out, const sw_job_options *options) {
    sw_diagnostics *diagnostics = NULL;
    sw_status status = sw_diagnostics_create(&diagnostics);
    if (status != SW_OK) return status;
    status = sw_plan_load(out, options->sweep, options->overrides, diagnostics);
    for (char *const *set = options->overrides; status == SW_OK && set && *set; set++)
        sw_info("%s: %s", options->sweep, *set);
    sw_diagnostics_print(diagnostics, options->sweep);
    if (status == SW_E_CONFIG && sw_diagnostics_errors(diagnostics) > 0) sw_fail_clear(); /* all is said */
    if (status == SW_OK && options->shards > 0) status = sw_plan_shard(*out, options->shard, options->shards);
    sw_diagnostics_destroy(diagnostics);
    return status;
}

/* "sweep.h5" -> "sweep.2-of-8.h5": shards train side by side, each into a file of its own. */
static int shard_name(char *out, size_t capacity, const char *path, size_t shard, size_t shards) {
    const char *slash = strrchr(path, '/');
    const char *dot = strrchr(path, '.');
    if (dot == NULL || (slash != NULL && dot < slash)) dot = path + strlen(path);
    return snprintf(out, capacity, "%.*s.%zu-of-%zu%s", (int)(dot - path), path, shard, shards, dot);
}

enum { LONGEST_SUFFIX = 24 }; /* ".status.json.tmp", ".1234.checkpoints" and the like, behind the file's name */

static sw_status name_output(char out[SW_PATH_MAX], const sw_job_options *options, const sw_plan *plan) {
    char name[SW_PATH_MAX], folder[SW_PATH_MAX];
    int length;
    if (options->output != NULL)
        length = snprintf(name, sizeof name, "%s", options->output);
    else if (options->shards > 0)
        length = shard_name(name, sizeof name, plan->output, options->shard, options->shards);
    else
        length = snprintf(name, sizeof name, "%s", plan->output);
    if (length < 0 || length >= (int)sizeof name) return sw_fail(SW_E_IO, "the path of the results file is too long");

    /* Absolute, for trainers may stand elsewhere. The file need not be there yet, its folder must. */
    char *slash = strrchr(name, '/');
    const char *base = slash != NULL ? slash + 1 : name;
    if (slash == name)
        snprintf(folder, sizeof folder, "/");
    else
        snprintf(folder, sizeof folder, "%.*s", slash != NULL ? (int)(slash - name) : 1, slash != NULL ? name : ".");
    char *resolved = realpath(folder, NULL);
    if (resolved == NULL) return sw_fail(SW_E_IO, "%s: folder of the results file: %s", folder, strerror(errno));
    long longest = pathconf(resolved, _PC_NAME_MAX) - LONGEST_SUFFIX;
    length = snprintf(out, SW_PATH_MAX, "%s/%s", strcmp(resolved, "/") == 0 ? "" : resolved, base);
    free(resolved);
    if (longest > 0 && strlen(base) > (size_t)longest)
        return sw_fail(SW_E_IO,
                       "the name of the results file has %zu bytes, at most %ld leave room for the files beside it "
                       "(NAME.checkpoints ...): give a shorter --output",
                       strlen(base), longest);
    if (length < 0 || length >= SW_PATH_MAX - 64) return sw_fail(SW_E_IO, "the path of the results file is too long");
    return SW_OK;
}

/* What the file says of each run of the plan, to be freed. */
static sw_status read_states(sw_run_state **out, const sw_prepared *prepared) {
    const size_t count = prepared->plan->count;
    *out = calloc(count + 1, sizeof **out);
    if (*out == NULL) return sw_fail(SW_E_MEMORY, "no memory for %zu runs", count);
    for (size_t run = 0; run < count; run++)
        (*out)[run] = sw_store_state(prepared->store, sw_store_row(prepared->store, run));
    return SW_OK;
}

/* Before anything is made or trained: checkpoints need their folder. */
static sw_status check_checkpoint_folder(sw_prepared *out) {
    struct stat info;
    snprintf(out->checkpoints, sizeof out->checkpoints, "%.*s.checkpoints", SW_PATH_MAX - 16, out->output);
    if (stat(out->checkpoints, &info) != 0 || S_ISDIR(info.st_mode)) return SW_OK;
    for (size_t i = 0; i < out->plan->count; i++)
        if (sw_checkpoints_wanted(out->plan, i))
            return sw_fail(SW_E_IO, "%s is a file where the folder of checkpoints belongs: move it away",
                           out->checkpoints);
    return SW_OK;
}

static sw_status make_checkpoint_folder(sw_prepared *out) {
    sw_run_state *states = NULL;
    sw_status status = read_states(&states, out);
    if (status == SW_OK) sw_checkpoints_tidy(out->checkpoints, out->plan, states, true);
    free(states);
    if (status != SW_OK) return status;
    for (size_t i = 0; i < out->plan->count; i++) {
        if (!sw_checkpoints_wanted(out->plan, i)) continue;
        int refused = sw_fault("checkpoint.folder");
        if (!refused && (mkdir(out->checkpoints, 0777) == 0 || errno == EEXIST)) return SW_OK;
        return sw_fail(SW_E_IO, "%s: cannot make the folder of checkpoints: %s", out->checkpoints,
                       strerror(refused ? refused : errno));
    }
    return SW_OK;
}

/* Trainers look for the symmetries that were found here however long it takes them, and for no others: a search that
 * ends here in time may not do so there. */
static void settle_symmetries(sw_plan *plan, const sw_description *description) {
    for (size_t i = 0; i < plan->count; i++)
        plan->runs[i].config.task.automorphism.time_limit = description->runs[i].generator_count > 0 ? 0 : -1;
}

static sw_status open_store(sw_prepared *out) {
    sw_description *description = NULL;
    sw_status status = sw_description_create(&description, out->plan);
    if (status == SW_OK) settle_symmetries(out->plan, description);
    if (status == SW_OK) status = sw_store_open(&out->store, out->output, &description->layout);
    sw_description_destroy(description);
    if (status != SW_E_STORE || strstr(sw_fail_message(), "--fresh") != NULL) return status;
    char why[SW_MESSAGE_MAX];
    snprintf(why, sizeof why, "%s", sw_fail_message());
    return sw_fail(status, "%s; --fresh moves the file aside and starts anew", why);
}

/* The results may be moved aside, and are written to: they are none of the files that the job is made of. */
static sw_status refuse_inputs(const sw_prepared *job, const char *sweep) {
    const char *input = sw_file_is_same(job->output, sweep) ? sweep : NULL, *before = NULL;
    for (size_t i = 0; i < job->plan->count && input == NULL; i++) {
        const char *file = job->plan->runs[i].config.task.file;
        if (file[0] == '\0' || (before != NULL && strcmp(file, before) == 0)) continue;
        if (sw_file_is_same(job->output, file)) input = file;
        before = file;
    }
    if (input == NULL) return SW_OK;
    return sw_fail(SW_E_STORE, "%s is an input of this job, %s; name another results file with --output", job->output,
                   input);
}

/* Between two parts of the preparation, which take long when there are very many runs. */
static sw_status heed_limits(const sw_job_options *options, double started, const char *done) {
    double taken = sw_clock_now() - started;
    sw_debug("%s %.1f s after the start", done, taken);
    if (sw_signals_count() > 0)
        return sw_fail(SW_E_INTERRUPTED, "stopped by %s while the sweep was prepared", sw_signals_name());
    if (taken < options->time_limit) return SW_OK;
    return sw_fail(SW_E_INTERRUPTED,
                   "the time limit of %.0f s passed while the sweep was prepared (%s after %.0f s); give more time: "
                   "every start needs as much",
                   options->time_limit, done, taken);
}

sw_status sw_prepare_job(sw_prepared *out, const sw_job_options *options, double started) {
    *out = (sw_prepared){0};
    sw_status status = load_plan(&out->plan, options);
    if (status == SW_OK) status = heed_limits(options, started, "planned");
    if (status == SW_OK) status = name_output(out->output, options, out->plan);
    snprintf(out->status_file, sizeof out->status_file, "%.*s" SW_PROGRESS_FILE_SUFFIX, SW_PATH_MAX - 16, out->output);
    if (status == SW_OK) status = refuse_inputs(out, options->sweep);
    if (status == SW_OK) status = sw_progress_file_check(out->status_file);
    if (status == SW_OK && options->fresh) {
        char moved[SW_PATH_MAX];
        status = sw_store_set_aside(moved, out->output);
        if (status == SW_OK && moved[0] != '\0') sw_info("earlier results moved to %s", moved);
    }
    if (status == SW_OK) status = check_checkpoint_folder(out);
    if (status == SW_OK) status = open_store(out);
    if (status == SW_OK) status = make_checkpoint_folder(out);
    if (status == SW_OK) status = heed_limits(options, started, "the results file was opened");
    return status;
}

sw_status sw_prepare_release(sw_prepared *prepared, sw_prepare_end end) {
    sw_status status = SW_OK;
    if (prepared->store != NULL) {
        sw_run_state *states = NULL;
        int64_t *rows = calloc(prepared->plan->count + 1, sizeof *rows);
        status = rows != NULL ? read_states(&states, prepared) : sw_fail(SW_E_MEMORY, "no memory for the runs' rows");
        for (size_t run = 0; run < prepared->plan->count && rows != NULL; run++)
            rows[run] = sw_store_row(prepared->store, run);
        sw_status closed = sw_store_close(prepared->store);
        if (closed != SW_OK) status = closed;
        if (status == SW_OK && end == SW_END_FINISHED)
            status = sw_store_verify(prepared->output, rows, prepared->plan->count);
        if (status != SW_OK) sw_error("%s", sw_fail_message());
        /* When nothing could be written, a checkpoint is all that there is of a run. */
        if (status == SW_OK && prepared->checkpoints[0] != '\0')
            sw_checkpoints_tidy(prepared->checkpoints, prepared->plan, states, false);
        rmdir(prepared->checkpoints); /* stays while a checkpoint lies in it */
        free(states);
        free(rows);
    }
    sw_plan_destroy(prepared->plan);
    *prepared = (sw_prepared){0};
    return status;
}
