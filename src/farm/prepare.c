/* prepare.c: from a command line to a plan and an open results file. */
#include "farm/prepare.h"

#include "farm/checkpoints.h"
#include "farm/description.h"
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
    status = sw_plan_load(out, options->sweep, diagnostics);
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
    length = snprintf(out, SW_PATH_MAX, "%s/%s", strcmp(resolved, "/") == 0 ? "" : resolved, base);
    free(resolved);
    if (length < 0 || length >= SW_PATH_MAX - 64) return sw_fail(SW_E_IO, "the path of the results file is too long");
    return SW_OK;
}

static sw_status make_checkpoint_folder(sw_prepared *out) {
    snprintf(out->checkpoints, sizeof out->checkpoints, "%.*s.checkpoints", SW_PATH_MAX - 16, out->output);
    sw_checkpoints_tidy(out->checkpoints, out->plan, out->store, true);
    for (size_t i = 0; i < out->plan->count; i++) {
        if (!sw_checkpoints_wanted(out->plan, i)) continue;
        int refused = sw_fault("checkpoint.folder");
        if (!refused && (mkdir(out->checkpoints, 0777) == 0 || errno == EEXIST)) return SW_OK;
        return sw_fail(SW_E_IO, "%s: cannot make the folder of checkpoints: %s", out->checkpoints,
                       strerror(refused ? refused : errno));
    }
    return SW_OK;
}

static sw_status open_store(sw_prepared *out) {
    sw_description *description = NULL;
    sw_status status = sw_description_create(&description, out->plan);
    if (status == SW_OK) status = sw_store_open(&out->store, out->output, &description->layout);
    sw_description_destroy(description);
    return status;
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

sw_status sw_prepare_job(sw_prepared *out, const sw_job_options *options) {
    *out = (sw_prepared){0};
    sw_status status = load_plan(&out->plan, options);
    if (status == SW_OK) status = name_output(out->output, options, out->plan);
    snprintf(out->status_file, sizeof out->status_file, "%.*s" SW_PROGRESS_FILE_SUFFIX, SW_PATH_MAX - 16, out->output);
    if (status == SW_OK) status = refuse_inputs(out, options->sweep);
    if (status == SW_OK) status = sw_progress_file_check(out->status_file);
    if (status == SW_OK && options->fresh) {
        char moved[SW_PATH_MAX];
        status = sw_store_set_aside(moved, out->output);
        if (status == SW_OK && moved[0] != '\0') sw_info("earlier results moved to %s", moved);
    }
    if (status == SW_OK) status = open_store(out);
    if (status == SW_OK) status = make_checkpoint_folder(out);
    return status;
}

sw_status sw_prepare_release(sw_prepared *prepared) {
    sw_status status = SW_OK;
    if (prepared->store != NULL) {
        /* When nothing can be written, a checkpoint is all that there is of a run. */
        if (prepared->checkpoints[0] != '\0' && sw_store_flush(prepared->store) == SW_OK)
            sw_checkpoints_tidy(prepared->checkpoints, prepared->plan, prepared->store, false);
        status = sw_store_close(prepared->store);
        if (status != SW_OK) sw_error("%s", sw_fail_message());
        rmdir(prepared->checkpoints); /* stays while a checkpoint lies in it */
    }
    sw_plan_destroy(prepared->plan);
    *prepared = (sw_prepared){0};
    return status;
}
