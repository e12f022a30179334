/* task_derived.c: which labels follow from the train labels through the tuples of symmetry families.
 *
 * An input is known when its label follows. Train inputs are. Each comparison has one rule:
 *   SYMMETRIC_KL  the two inputs share their label up to a class map; maps are bijections, so that one known input
 *                 makes the other known: union-find. An input compared with itself under a map that fixes a single
 *                 class is known: only that class can be its label.
 *   NEGATED       one sign is the other's opposite: union-find.
 *   CLASS_ZERO    the input is known.
 *   CONVOLUTION   distances add: any two known of the three make the third known.
 *   ADDITIVE      the signs of ab and bc agree and give that of ac; ac and ab alone do not give bc.
 *   BRADLEY_TERRY the same, where one of the two queries of a pair gives its sign, and the sign both queries of ac.
 *   EXACTLY_ONE   one that is known to hold makes the others known, and so do two that are known the third.
 * The last four are repeated until nothing changes, and so is associativity with predicted intermediates: a tuple
 * counts once the two inner products that it is formed with are known themselves. */
#include "symsweep/log.h"
#include "symsweep/task.h"

#include <stdlib.h>

/* Most candidates of a family that are followed in one pass; of more, as many at even distances. */
static const uint64_t candidates_max = (uint64_t)1 << 27;

typedef struct knowledge {
    const sw_task *task;
    int32_t *parent;     /* [N] union-find forest */
    int8_t *known;       /* [N] of a root: its component is known */
    int32_t *prediction; /* [N] true label of known inputs, -1 of others */
    bool changed;
} knowledge;

static int32_t find(knowledge *k, int32_t i) {
    while (k->parent[i] != i) {
        k->parent[i] = k->parent[k->parent[i]];
        i = k->parent[i];
    }
    return i;
}

static bool is_known(knowledge *k, int32_t i) { return k->known[find(k, i)] != 0; }

static void learn(knowledge *k, int32_t i) {
    const int32_t root = find(k, i);
    if (k->known[root] != 0) return;
    k->known[root] = 1;
    k->changed = true;
}

static void unite(void *context, int32_t i, int32_t j) {
    knowledge *k = context;
    const int32_t a = find(k, i), b = find(k, j);
    if (a == b) return;
    const int32_t low = a < b ? a : b, high = a < b ? b : a;
    k->parent[high] = low;
    if (k->known[low] != k->known[high]) k->changed = true;
    k->known[low] |= k->known[high];
}

static bool fixes_one_class(const sw_task *task, const sw_family *family, int32_t map) {
    int32_t fixed = 0;
    for (int32_t c = 0; c < task->classes; c++) fixed += family->class_map(task, map, c) == c;
    return fixed == 1;
}

static void follow(knowledge *k, const sw_family *family, const sw_tuple *tuple) {
    const int32_t *input = tuple->input;
    switch (family->compare) {
    case SW_COMPARE_SYMMETRIC_KL:
        if (input[0] != input[1])
            unite(k, input[0], input[1]);
        else if (!is_known(k, input[0]) && fixes_one_class(k->task, family, tuple->map))
            learn(k, input[0]);
        break;
    case SW_COMPARE_NEGATED: unite(k, input[0], input[1]); break;
    case SW_COMPARE_CLASS_ZERO: learn(k, input[0]); break;
    case SW_COMPARE_CONVOLUTION: {
        const bool ab = is_known(k, input[0]), bc = is_known(k, input[1]), ac = is_known(k, input[2]);
        if (ab && bc) learn(k, input[2]);
        if (ab && ac) learn(k, input[1]);
        if (bc && ac) learn(k, input[0]);
        break;
    }
    case SW_COMPARE_ADDITIVE:
        if (is_known(k, input[0]) && is_known(k, input[1])) learn(k, input[2]);
        break;
    case SW_COMPARE_BRADLEY_TERRY:
        if ((is_known(k, input[0]) || is_known(k, input[3])) && (is_known(k, input[1]) || is_known(k, input[4]))) {
            learn(k, input[2]);
            learn(k, input[5]);
        }
        break;
    case SW_COMPARE_EXACTLY_ONE: {
        int known = 0;
        for (int r = 0; r < 3; r++)
            if (is_known(k, input[r])) known += k->task->true_label[input[r]] == 1 ? 2 : 1;
        for (int r = 0; known >= 2 && r < 3; r++) learn(k, input[r]);
        break;
    }
    }
}

/* One pass over the candidates of a family; `predicted`: those whose inner products are known. */
static void pass(knowledge *k, int f, bool predicted) {
    const sw_family *family = sw_families[f];
    const uint64_t total = family->candidates(k->task);
    const uint64_t count = total < candidates_max ? total : candidates_max;
    if (count == 0) return;
    const uint64_t whole = total / count, rest = total % count; /* i-th of evenly spaced: i * total / count */
    sw_tuple tuple;
    for (uint64_t i = 0; i < count; i++) {
        const uint64_t index = i * whole + i * rest / count;
        const bool is_tuple = predicted ? family->candidate_predicted(k->task, index, k->prediction, &tuple)
                                        : family->candidate(k->task, index, &tuple);
        if (is_tuple) follow(k, family, &tuple);
    }
    if (count < total) {
        sw_warn("symmetry.%s: of %llu candidates only %llu were followed for underived accuracy and the leak",
                sw_family_names[f], (unsigned long long)total, (unsigned long long)count);
    }
}

static void predict_known(knowledge *k) {
    for (size_t i = 0; i < k->task->inputs; i++)
        k->prediction[i] = is_known(k, (int32_t)i) ? k->task->true_label[i] : -1;
}

/* Families whose tuples beyond the train split count: those asked for, over all inputs. */
static bool takes_part(int f, const sw_task *task, const sw_family_config *families, uint32_t family_bits) {
    return (family_bits >> f & 1u) != 0 && families[f].inputs == SW_INPUTS_ALL &&
           sw_families[f]->applies(&task->config);
}

static bool is_predicted(int f, const sw_family_config *families) {
    return families[f].intermediate == SW_INTERMEDIATE_PREDICTED && sw_families[f]->candidate_predicted != NULL;
}

/* Repeated until nothing changes: rules that need more than one known input. */
static bool repeats(int f, const sw_family_config *families) {
    static const bool needs_more_than_one[] = {[SW_COMPARE_CONVOLUTION] = true,
                                               [SW_COMPARE_ADDITIVE] = true,
                                               [SW_COMPARE_BRADLEY_TERRY] = true,
                                               [SW_COMPARE_EXACTLY_ONE] = true};
    return needs_more_than_one[sw_families[f]->compare] || is_predicted(f, families);
}

static void derive(knowledge *k, const sw_family_config *families, uint32_t family_bits) {
    for (int f = 0; f < SW_FAMILY_COUNT; f++) {
        if (!takes_part(f, k->task, families, family_bits) || repeats(f, families)) continue;
        if (sw_families[f]->connect != NULL)
            sw_families[f]->connect(k->task, unite, k);
        else
            pass(k, f, false);
    }
    do {
        k->changed = false;
        for (int f = 0; f < SW_FAMILY_COUNT; f++) {
            if (!takes_part(f, k->task, families, family_bits) || !repeats(f, families)) continue;
            if (is_predicted(f, families)) predict_known(k);
            pass(k, f, is_predicted(f, families));
        }
    } while (k->changed);
}

sw_status sw_task_derived(int8_t *derived, const sw_task *task, const int8_t *split, const sw_family_config *families,
                          uint32_t family_bits) {
    sw_status status = SW_OK;
    const size_t n = task->inputs;
    knowledge k = {.task = task};
    k.parent = malloc(n * sizeof *k.parent);
    k.known = malloc(n * sizeof *k.known);
    k.prediction = malloc(n * sizeof *k.prediction);
    if (k.parent == NULL || k.known == NULL || k.prediction == NULL) {
        status = sw_fail(SW_E_MEMORY, "no memory for the derivation of %zu labels", n);
        goto cleanup;
    }
    for (size_t i = 0; i < n; i++) {
        k.parent[i] = (int32_t)i;
        k.known[i] = split[i] != 0;
    }
    derive(&k, families, family_bits);
    for (size_t i = 0; i < n; i++) derived[i] = is_known(&k, (int32_t)i);
cleanup:
    free(k.prediction);
    free(k.known);
    free(k.parent);
    return status;
}
