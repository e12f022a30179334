/* check_extend.c: which runs would go on from the end of a shorter run of the results file. */
#include "cli/check_extend.h"

#include "symsweep/arena.h"
#include "symsweep/log.h"
#include "symsweep/store.h"
#include "symsweep/train.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *const sw_check_extend_saves[SW_CHECK_SAVES] = {"save.embedding", "save.parameters", "save.split"};

/* A row of the file. */
typedef struct stored {
    const sw_result_row *row;
    int64_t number;
    const sw_planned_run *planned; /* NULL: the plan does not have it */
} stored;

static int by_id(const void *left, const void *right) {
    return strcmp(((const stored *)left)->row->id, ((const stored *)right)->row->id);
}

static int against_id(const void *id, const void *item) { return strcmp(id, ((const stored *)item)->row->id); }

static bool is_finished(const stored *item) { return sw_extend_is_finished(item->row->state) && !item->row->damaged; }

static sw_status add(sw_extend *extend, const stored *item, const char *folder) {
    char path[SW_PATH_MAX];
    sw_run_config former;
    sw_arena *lists = NULL;
    const sw_run_config *config = item->planned ? &item->planned->config : &former;
    if (!is_finished(item)) return SW_OK;
    sw_status status = sw_arena_create(&lists);
    if (status != SW_OK) return status;
    if (!item->planned && sw_config_read(&former, item->row->config, lists) != SW_OK) {
        sw_fail_clear(); /* of another version, or its file is gone: nothing can go on from it */
    } else if (sw_extend_wants(extend, config->steps)) {
        status = sw_train_kept_path(path, folder, item->row->id);
        if (status == SW_OK)
            status = sw_extend_add(extend, item->number, item->row->id, config, access(path, F_OK) == 0);
    }
    sw_arena_destroy(lists);
    return status;
}

/* A run of the plan that the file has. */
static void count_row(sw_check_extend *out, const sw_planned_run *planned, const stored *row) {
    const sw_save_config *save = &planned->config.save;
    const bool wanted[SW_CHECK_SAVES] = {save->embedding, save->parameters, save->split};
    const sw_run_state state = row->row->state;
    const bool finished = is_finished(row);
    out->finished += finished;
    out->failed += state == SW_RUN_FAILED;
    out->begun += !finished && state == SW_RUN_RUNNING;
    for (int s = 0; s < SW_CHECK_SAVES && finished; s++) {
        char saved[16];
        out->unsaved[s] += wanted[s] &&
                           sw_config_lookup(row->row->config, sw_check_extend_saves[s], saved, sizeof saved) &&
                           strcmp(saved, "false") == 0;
    }
}

static void warn_unsaved(const sw_check_extend *found, sw_diagnostics *diagnostics) {
    for (int s = 0; s < SW_CHECK_SAVES; s++)
        if (found->unsaved[s] > 0)
            sw_diagnostics_add(diagnostics, true, 0, 0, sw_check_extend_saves[s], "--fresh trains all runs anew",
                               "%zu finished run%s did not save it and %s not trained again", found->unsaved[s],
                               found->unsaved[s] == 1 ? "" : "s", found->unsaved[s] == 1 ? "is" : "are");
}

/* `rows` are in order of their ids. */
static sw_status count_verdicts(sw_check_extend *out, const sw_plan *plan, stored *rows, size_t count) {
    char folder[SW_PATH_MAX + 16];
    bool *to_train = calloc(plan->count + 1, sizeof *to_train);
    sw_extend *extend = NULL;
    int64_t longest = 0;
    sw_status status = to_train ? SW_OK : sw_fail(SW_E_MEMORY, "out of memory");
    for (size_t k = 0; k < plan->count && status == SW_OK; k++) {
        stored *found = bsearch(plan->runs[k].id, rows, count, sizeof *rows, against_id);
        if (found) found->planned = &plan->runs[k];
        if (found) count_row(out, &plan->runs[k], found);
        to_train[k] = !found || !is_finished(found);
        if (to_train[k] && plan->runs[k].config.steps > longest) longest = plan->runs[k].config.steps;
    }
    for (size_t i = 0; i < count; i++) out->former += rows[i].planned == NULL;
    snprintf(folder, sizeof folder, "%s.checkpoints", plan->output);
    if (status == SW_OK) status = sw_extend_create(&extend, plan, longest);
    for (size_t i = 0; i < count && status == SW_OK && longest > 0; i++) status = add(extend, &rows[i], folder);
    for (size_t k = 0; k < plan->count && status == SW_OK; k++) {
        sw_extend_verdict verdict;
        const sw_extend_run *from;
        if (!to_train[k]) continue;
        status = sw_extend_find(&verdict, &from, extend, k);
        if (status == SW_OK) out->runs[verdict]++;
    }
    sw_extend_destroy(extend);
    free(to_train);
    return status;
}

sw_status sw_check_extend_find(sw_check_extend *out, const sw_plan *plan, sw_diagnostics *diagnostics) {
    sw_results *results = NULL;
    *out = (sw_check_extend){0};
    if (access(plan->output, F_OK) != 0) return SW_OK;
    if (sw_results_open(&results, plan->output) != SW_OK) {
        sw_warn("what the results file holds is not looked at: %s", sw_fail_message());
        sw_fail_clear();
        return SW_OK;
    }
    out->there = true;
    const size_t count = sw_results_count(results);
    stored *rows = calloc(count + 1, sizeof *rows);
    sw_status status = rows ? SW_OK : sw_fail(SW_E_MEMORY, "%zu rows", count);
    for (size_t i = 0; i < count && rows; i++) rows[i] = (stored){sw_results_row(results, i), (int64_t)i, NULL};
    if (status == SW_OK) qsort(rows, count, sizeof *rows, by_id);
    if (status == SW_OK) status = count_verdicts(out, plan, rows, count);
    if (status == SW_OK) warn_unsaved(out, diagnostics);
    free(rows);
    sw_results_close(results);
    return status;
}
