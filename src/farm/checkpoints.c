/* checkpoints.c: the folder of checkpoints: names in it, and what can go. */
#include "farm/checkpoints.h"

#include "symsweep/fault.h"
#include "symsweep/log.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What follows a run's id in the name of a file: the checkpoint, one being written, one put aside (train/checkpoint.c).
 * What is kept of a finished run is no such file: it stays. */
static const char *const kinds[] = {".ckpt", ".ckpt.tmp", ".ckpt.kept.tmp", ".ckpt.unusable"};
enum { KINDS = sizeof kinds / sizeof kinds[0], FIRST_HALF_WRITTEN = 1, LAST_HALF_WRITTEN = 2 };

bool sw_checkpoints_wanted(const sw_plan *plan, size_t run) {
    const sw_run_config *config = &plan->runs[run].config;
    return config->checkpoint_every_seconds > 0 || config->checkpoint_keep || plan->adaptive.halving.rung_count > 0;
}

sw_status sw_checkpoints_path(char out[SW_PATH_MAX], const char *folder, const char *run_id) {
    int length = snprintf(out, SW_PATH_MAX, "%s/%s%s", folder, run_id, kinds[0]);
    if (length >= 0 && length < SW_PATH_MAX) return SW_OK;
    return sw_fail(SW_E_CONFIG, "%s: path is too long for checkpoints", folder);
}

static void discard(const char *folder, const char *run_id, int kind) {
    char path[SW_PATH_MAX + 32];
    snprintf(path, sizeof path, "%s/%s%s", folder, run_id, kinds[kind]);
    int refused = sw_fault("checkpoint.remove");
    if (!refused && (unlink(path) == 0 || errno == ENOENT || errno == ENOTDIR)) return;
    sw_warn("%s: cannot be removed: %s", path, strerror(refused ? refused : errno));
}

void sw_checkpoints_discard(const char *folder, const char *run_id) {
    for (int k = 0; k < KINDS; k++) discard(folder, run_id, k);
}

/* ---- the folder as a whole ---- */

static int by_id(const void *left, const void *right) {
    const sw_planned_run *const *a = left, *const *b = right;
    return strcmp((*a)->id, (*b)->id);
}

static int against_id(const void *key, const void *element) {
    const sw_planned_run *const *run = element;
    return strncmp(key, (*run)->id, SW_RUN_ID_LENGTH);
}

/* The kind of a file by what follows the id; -1 = none of ours. */
static int kind_of(const char *name) {
    if (strlen(name) <= SW_RUN_ID_LENGTH) return -1;
    for (int k = 0; k < KINDS; k++)
        if (strcmp(name + SW_RUN_ID_LENGTH, kinds[k]) == 0) return k;
    return -1;
}

void sw_checkpoints_tidy(const char *folder, const sw_plan *plan, const sw_run_state *states, bool idle) {
    DIR *open = opendir(folder);
    if (open == NULL) return; /* no run ever wanted a checkpoint */
    const sw_planned_run **sorted = calloc(plan->count + 1, sizeof *sorted);
    if (sorted == NULL) {
        sw_warn("no memory to look for checkpoints that are no longer needed");
        closedir(open);
        return;
    }
    for (size_t i = 0; i < plan->count; i++) sorted[i] = &plan->runs[i];
    qsort(sorted, plan->count, sizeof *sorted, by_id);
    const struct dirent *entry;
    while ((entry = readdir(open)) != NULL) {
        int kind = kind_of(entry->d_name);
        if (kind < 0) continue;
        const sw_planned_run *const *found = bsearch(entry->d_name, sorted, plan->count, sizeof *sorted, against_id);
        if (found == NULL) continue;
        size_t run = (size_t)(*found - plan->runs);
        bool over =
            sw_states[states[run]].over && states[run] != SW_RUN_FAILED; /* the next job tries a failed run again */
        if (over || (idle && kind >= FIRST_HALF_WRITTEN && kind <= LAST_HALF_WRITTEN))
            discard(folder, (*found)->id, kind);
    }
    free(sorted);
    closedir(open);
}
