/* extension.c: runs that go on from the end of a shorter run of the results file. */
#include "farm/extension.h"

#include "farm/checkpoints.h"
#include "symsweep/arena.h"
#include "symsweep/file.h"
#include "symsweep/log.h"
#include "symsweep/train.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct sw_extension {
    const sw_plan *plan;
    sw_store *store;
    const char *checkpoints;
    sw_extend *finished;
};

/* ---- what there is ---- */

static bool is_finished(const sw_extension *extension, int64_t row) {
    return sw_extend_is_finished(sw_store_state(extension->store, row));
}

static bool has_checkpoint(const sw_extension *extension, size_t run) {
    char path[SW_PATH_MAX];
    return sw_checkpoints_path(path, extension->checkpoints, extension->plan->runs[run].id) == SW_OK &&
           access(path, F_OK) == 0;
}

/* Nothing of it has been trained that could be gone on from. */
static bool is_to_begin(const sw_extension *extension, size_t run) {
    int64_t row = sw_store_row(extension->store, run);
    if (sw_store_state(extension->store, row) != SW_RUN_PENDING) return false;
    return sw_store_flushed(extension->store, row) == 0 || !has_checkpoint(extension, run);
}

static int64_t longest_to_begin(const sw_extension *extension) {
    int64_t longest = 0;
    for (size_t run = 0; run < extension->plan->count; run++) {
        int64_t steps = extension->plan->runs[run].config.steps;
        if (steps > longest && is_to_begin(extension, run)) longest = steps;
    }
    return longest;
}

static sw_status add(sw_extension *extension, int64_t row, const char *id, const sw_run_config *config) {
    char path[SW_PATH_MAX];
    if (!is_finished(extension, row) || !sw_extend_wants(extension->finished, config->steps)) return SW_OK;
    sw_status status = sw_train_kept_path(path, extension->checkpoints, id);
    if (status != SW_OK) return status;
    return sw_extend_add(extension->finished, row, id, config, access(path, F_OK) == 0);
}

/* A row that the sweep no longer has. */
static sw_status add_former(void *context, int64_t row, const char *id, const char *text) {
    sw_run_config config;
    sw_arena *lists = NULL;
    if (!is_finished(context, row)) return SW_OK;
    sw_status status = sw_arena_create(&lists);
    if (status != SW_OK) return status;
    if (sw_config_read(&config, text, lists) == SW_OK)
        status = add(context, row, id, &config);
    else
        sw_fail_clear(); /* of another version, or its file is gone: nothing can go on from it */
    sw_arena_destroy(lists);
    return status;
}

static sw_status add_all(sw_extension *extension) {
    sw_status status = SW_OK;
    for (size_t run = 0; run < extension->plan->count && status == SW_OK; run++) {
        const sw_planned_run *planned = &extension->plan->runs[run];
        status = add(extension, sw_store_row(extension->store, run), planned->id, &planned->config);
    }
    return status == SW_OK ? sw_store_former(extension->store, add_former, extension) : status;
}

static sw_status say_what_becomes(sw_extension *extension) {
    size_t counts[SW_EXTEND_VERDICT_COUNT] = {0};
    for (size_t run = 0; run < extension->plan->count; run++) {
        sw_extend_verdict verdict;
        const sw_extend_run *from;
        if (!is_to_begin(extension, run)) continue;
        sw_status status = sw_extend_find(&verdict, &from, extension->finished, run);
        if (status != SW_OK) return status;
        counts[verdict]++;
    }
    for (int v = 0; v < SW_EXTEND_VERDICT_COUNT; v++) {
        char line[512];
        if (sw_extend_describe(line, sizeof line, (sw_extend_verdict)v, counts[v])) sw_info("%s", line);
    }
    return SW_OK;
}

sw_status sw_extension_create(sw_extension **out, const sw_plan *plan, sw_store *store, const char *checkpoints) {
    *out = NULL;
    sw_extension *extension = calloc(1, sizeof *extension);
    if (extension == NULL) return sw_fail(SW_E_MEMORY, "no memory to look for runs to go on from");
    *extension = (sw_extension){.plan = plan, .store = store, .checkpoints = checkpoints};
    int64_t longest = longest_to_begin(extension);
    sw_status status = longest > 0 ? sw_extend_create(&extension->finished, plan, longest) : SW_OK;
    if (status == SW_OK && longest > 0) status = add_all(extension);
    if (status == SW_OK && longest > 0) status = say_what_becomes(extension);
    if (status == SW_OK && longest > 0)
        *out = extension;
    else
        sw_extension_destroy(extension);
    return status;
}

void sw_extension_destroy(sw_extension *extension) {
    if (extension == NULL) return;
    sw_extend_destroy(extension->finished);
    free(extension);
}

/* ---- going on ---- */

/* One that is damaged or of another run is not deleted, but out of the way. */
static void put_aside(const char *path, const char *reason) {
    char aside[SW_PATH_MAX + 16];
    snprintf(aside, sizeof aside, "%s.unusable", path);
    sw_warn("%s: kept checkpoint put aside, the longer run starts from step 0: %s", path, reason);
    if (sw_file_move(path, aside, NULL) != SW_OK) sw_warn("%s", sw_fail_message());
}

/* A copy: others may go on from the same run. */
static sw_status copy_checkpoint(const char *from, const char *to) {
    static const sw_file_points points = {.open = "checkpoint.copy.open",
                                          .write = "checkpoint.copy.write",
                                          .sync = "checkpoint.sync",
                                          .rename = "checkpoint.rename"};
    char temporary[SW_PATH_MAX + 8];
    snprintf(temporary, sizeof temporary, "%s.tmp", to);
    unlink(temporary); /* of a job that was killed */
    sw_status status = sw_file_copy(from, temporary, &points);
    if (status == SW_OK) status = sw_file_put_in_place(temporary, to, &points);
    if (status != SW_OK) unlink(temporary);
    return status;
}

static sw_status go_on(sw_extension *extension, size_t run, const sw_extend_run *from, const char *own) {
    char kept_path[SW_PATH_MAX];
    sw_train_kept kept;
    sw_status status = sw_train_kept_path(kept_path, extension->checkpoints, from->id);
    if (status == SW_OK) status = sw_train_kept_read(&kept, kept_path, &extension->plan->runs[run].config);
    if (status == SW_OK && kept.reason != NULL) {
        if (!kept.foreign) return sw_fail(SW_E_STORE, "%s: %s", kept_path, kept.reason);
        put_aside(kept_path, kept.reason);
        return SW_OK;
    }
    if (status == SW_OK)
        status = sw_store_adopt(extension->store, sw_store_row(extension->store, run), from->row, kept.records,
                                kept.snapshots, 0);
    return status == SW_OK ? copy_checkpoint(kept_path, own) : status;
}

void sw_extension_prepare(sw_extension *extension, size_t run) {
    char own[SW_PATH_MAX];
    sw_extend_verdict verdict;
    const sw_extend_run *from = NULL;
    if (extension == NULL) return;
    sw_status status = sw_checkpoints_path(own, extension->checkpoints, extension->plan->runs[run].id);
    if (status == SW_OK && access(own, F_OK) == 0) return;
    if (status == SW_OK) status = sw_extend_find(&verdict, &from, extension->finished, run);
    if (status == SW_OK && from != NULL) status = go_on(extension, run, from, own);
    if (status == SW_OK) return;
    sw_warn("run %zu starts from step 0, not from the end of a shorter one: %s", run, sw_fail_message());
    sw_fail_clear();
}
