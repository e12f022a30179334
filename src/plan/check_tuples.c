/* check_tuples.c: has a family a tuple within the train split? */
#include "plan/check_tuples.h"

#include <stdlib.h>
#include <string.h>

/* Have two runs the same table? Labels, which a family may go by, are shuffled by the seed. */
static bool same_table(const sw_run_config *a, const sw_run_config *b) {
    return memcmp(&a->task, &b->task, sizeof a->task) == 0 && a->model.kind == b->model.kind &&
           a->model.readout_token == b->model.readout_token &&
           a->model.operand_embeddings == b->model.operand_embeddings &&
           (a->task.label_shuffle == 0 || a->data_seed == b->data_seed);
}

static bool same_split(const sw_run_config *a, const sw_run_config *b) {
    return a->data_seed == b->data_seed && a->train_fraction == b->train_fraction && a->train_inputs == b->train_inputs;
}

void sw_check_tuples_end(sw_tuple_check *check) {
    sw_task_destroy(check->task);
    free(check->split);
    check->task = NULL;
    check->split = NULL;
    check->train = 0;
}

static sw_status make_split(sw_tuple_check *check, const sw_run_config *config) {
    const bool known = check->task && same_table(&check->config, config);
    sw_status status = SW_OK;
    if (known && check->train && same_split(&check->config, config)) return SW_OK;
    if (!known) {
        sw_check_tuples_end(check);
        status = sw_task_create(&check->task, &config->task, &config->model, config->data_seed);
        if (status != SW_OK) return status;
        check->split = malloc(check->task->inputs);
        check->looked_at += 4.0 * (double)check->task->inputs;
    }
    check->config = *config;
    check->looked_at += (double)check->task->inputs;
    if (!check->split) return sw_fail(SW_E_MEMORY, "split of %zu inputs", check->task->inputs);
    check->train = sw_task_split(check->split, check->task, config);
    return check->train ? SW_OK : SW_E_MEMORY;
}

static bool is_within(const sw_tuple *tuple, int arity, const int8_t *split) {
    for (int i = 0; i < arity; i++)
        if (!split[tuple->input[i]]) return false;
    return true;
}

sw_status sw_check_tuples(bool *found, sw_tuple_check *check, const sw_run_config *config, sw_family_id f) {
    const sw_family *family = sw_families[f];
    *found = true;
    if (check->looked_at > SW_TUPLE_CHECK_MOST) return SW_OK;
    sw_status status = make_split(check, config);
    if (status != SW_OK) return status;
    const uint64_t candidates = family->candidates(check->task);
    for (uint64_t i = 0; i < candidates; i++) {
        sw_tuple tuple;
        check->looked_at++;
        if (check->looked_at > SW_TUPLE_CHECK_MOST) return SW_OK;
        if (family->candidate(check->task, i, &tuple) && is_within(&tuple, family->arity, check->split)) return SW_OK;
    }
    *found = false;
    return SW_OK;
}
