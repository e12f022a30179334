/* tuples.c: the tuples of a family over a split, listed where they are few, drawn by rejection where many. */
#include "symsweep/random.h"
#include "symsweep/task.h"

#include <assert.h>
#include <stdlib.h>

enum { PREDICTED_ATTEMPTS = 64, PROBES = 1 << 24 };

struct sw_tuple_set {
    const sw_task *task;
    sw_family_id id;
    const sw_family *family; /* sw_families[id] */
    const int8_t *train;     /* [N] 1 = eligible; NULL = every input is */
    uint64_t candidates;
    uint32_t *list; /* [count] candidate numbers of the eligible tuples; NULL = not listed */
    int64_t count;  /* -1 = not listed */
};

static bool eligible(const sw_tuple_set *set, const sw_tuple *tuple) {
    if (set->train == NULL) return true;
    for (int k = 0; k < set->family->arity; k++)
        if (set->train[tuple->input[k]] == 0) return false;
    return true;
}

/* Candidate `index`; with inner products as predicted where `prediction` is given. */
static bool take(const sw_tuple_set *set, uint64_t index, const int32_t *prediction, sw_tuple *out) {
    const sw_family *family = set->family;
    const bool is_tuple = prediction == NULL ? family->candidate(set->task, index, out)
                                             : family->candidate_predicted(set->task, index, prediction, out);
    return is_tuple && eligible(set, out);
}

/* Two passes, so that the list is as long as it must be. */
static sw_status list_tuples(sw_tuple_set *set) {
    sw_tuple tuple;
    int64_t count = 0;
    for (uint64_t i = 0; i < set->candidates; i++) count += take(set, i, NULL, &tuple);
    set->list = malloc((count > 0 ? (size_t)count : 1) * sizeof *set->list);
    if (set->list == NULL)
        return sw_fail(SW_E_MEMORY, "symmetry.%s: no memory for its tuples", sw_family_names[set->id]);
    set->count = 0;
    for (uint64_t i = 0; i < set->candidates; i++)
        if (take(set, i, NULL, &tuple)) set->list[set->count++] = (uint32_t)i;
    return SW_OK;
}

/* Is there anything to draw? Without a list: does one of many random candidates serve. Where not one in millions does,
 * rejection would not come to an end either. */
static bool any_tuple(const sw_tuple_set *set) {
    sw_tuple tuple;
    if (set->list != NULL) return set->count > 0;
    for (uint64_t probe = 0; probe < PROBES; probe++)
        if (take(set, sw_random_below(0, SW_STREAM_MEASURE, 0, probe, set->candidates), NULL, &tuple)) return true;
    return false;
}

sw_status sw_tuples_create(sw_tuple_set **out, const sw_task *task, sw_family_id family, const int8_t *split,
                           sw_inputs inputs) {
    *out = NULL;
    assert(sw_families[family]->applies(&task->config));
    sw_tuple_set *set = calloc(1, sizeof *set);
    if (set == NULL) return sw_fail(SW_E_MEMORY, "no memory for a tuple set");
    set->task = task;
    set->id = family;
    set->family = sw_families[family];
    set->train = inputs == SW_INPUTS_TRAIN ? split : NULL;
    set->candidates = set->family->candidates(task);
    set->count = -1;
    sw_status status = set->candidates <= SW_TUPLE_LIST_MAX ? list_tuples(set) : SW_OK;
    if (status == SW_OK && !any_tuple(set)) {
        status = sw_fail(SW_E_CONFIG, "symmetry.%s: %s tuple has all of its inputs in the %s", sw_family_names[set->id],
                         set->list != NULL ? "no" : "hardly any", set->train != NULL ? "train split" : "table");
    }
    if (status != SW_OK) {
        sw_tuples_destroy(set);
        return status;
    }
    *out = set;
    return SW_OK;
}

void sw_tuples_destroy(sw_tuple_set *set) {
    if (set == NULL) return;
    free(set->list);
    free(set);
}

int64_t sw_tuples_count(const sw_tuple_set *set) { return set->count; }

void sw_tuples_get(const sw_tuple_set *set, int64_t i, sw_tuple *out) {
    assert(set->list != NULL && i >= 0 && i < set->count);
    const bool is_tuple = set->family->candidate(set->task, set->list[i], out);
    assert(is_tuple);
    (void)is_tuple;
}

/* Attempt a of draw j: its random number has index j + a 2^32. */
static uint64_t attempt_index(size_t j, uint64_t attempt) { return (uint64_t)j + (attempt << 32); }

void sw_tuples_sample(const sw_tuple_set *set, sw_tuple *out, size_t n, uint32_t seed, uint32_t stream, uint64_t step) {
    for (size_t j = 0; j < n; j++) {
        if (set->list != NULL) {
            sw_tuples_get(set, (int64_t)sw_random_below(seed, stream, step, j, (uint64_t)set->count), &out[j]);
            continue;
        }
        uint64_t attempt = 0;
        while (
            !take(set, sw_random_below(seed, stream, step, attempt_index(j, attempt), set->candidates), NULL, &out[j]))
            attempt++; /* ends: eligible tuples are not rarer than any_tuple allows */
    }
}

size_t sw_tuples_sample_predicted(const sw_tuple_set *set, sw_tuple *out, size_t n, const int32_t *prediction,
                                  uint32_t seed, uint32_t stream, uint64_t step) {
    size_t drawn = 0;
    for (size_t j = 0; j < n; j++) {
        bool taken = false;
        for (uint64_t attempt = 0; attempt < PREDICTED_ATTEMPTS && !taken; attempt++)
            taken = take(set, sw_random_below(seed, stream, step, attempt_index(j, attempt), set->candidates),
                         prediction, &out[drawn]);
        drawn += taken;
    }
    return drawn;
}

void sw_tuples_each_predicted(const sw_tuple_set *set, const int32_t *prediction,
                              void (*visit)(void *context, const sw_tuple *tuple), void *context) {
    sw_tuple tuple;
    for (uint64_t i = 0; i < set->candidates; i++)
        if (take(set, i, prediction, &tuple)) visit(context, &tuple);
}
