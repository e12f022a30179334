/* agreement.c: how often the two sides of a tuple give the same wrong answer, and how often they would by chance.
 *
 * A tuple compares q(c) = p(map(c) | input 0) with p(c | input 1). Its answers are counted as input 0 gives them: a_0,
 * and map(a_1). */
#include "measure/agreement.h"

#include <math.h>
#include <string.h>

void sw_agreement_open(int8_t *open, const sw_task *task, const int8_t *split) {
    for (size_t i = 0; i < task->inputs; i++) {
        const int32_t mirror = task->mirror ? task->mirror[i] : -1;
        open[i] = split[i] == 0 && (mirror < 0 || split[mirror] == 0);
    }
}

typedef struct tally {
    uint64_t tuples, agree;
    uint64_t answers[SW_CLASSES_MAX]; /* both sides of every tuple */
} tally;

static const int32_t *map_of(const sw_divergence_spec *spec, int32_t map) {
    return map >= 0 ? spec->class_map + (size_t)map * (size_t)spec->classes : NULL;
}

static void count_listed(tally *t, const sw_tuple *tuples, size_t count, const sw_divergence_spec *spec,
                         const int32_t *argmax, const int8_t *wrong) {
    for (size_t i = 0; i < count; i++) {
        const int32_t left = tuples[i].input[0], right = tuples[i].input[1];
        if (!wrong[left] || !wrong[right]) continue;
        const int32_t *map = map_of(spec, tuples[i].map);
        const int32_t one = argmax[left], other = map ? map[argmax[right]] : argmax[right];
        t->tuples++;
        t->agree += one == other;
        t->answers[one]++;
        t->answers[other]++;
    }
}

/* The answer of member k as its block sees it: the class that its map takes to its argmax. */
static int32_t seen_answer(const sw_blocks *blocks, int32_t k, const sw_divergence_spec *spec, const int32_t *argmax) {
    const int32_t *map = map_of(spec, blocks->map ? blocks->map[k] : -1), answer = argmax[blocks->member[k]];
    int32_t c = 0;
    if (!map) return answer;
    while (map[c] != answer) c++;
    return c;
}

/* All ordered pairs of distinct wrong members of block b. */
static void count_block(tally *t, const sw_blocks *blocks, int32_t b, const sw_divergence_spec *spec,
                        const int32_t *argmax, const int8_t *wrong) {
    uint32_t seen[SW_CLASSES_MAX];
    uint64_t members = 0;
    memset(seen, 0, (size_t)spec->classes * sizeof *seen);
    for (int32_t k = blocks->start[b]; k < blocks->start[b + 1]; k++) {
        if (!wrong[blocks->member[k]]) continue;
        members++;
        t->agree += 2 * (uint64_t)seen[seen_answer(blocks, k, spec, argmax)]++;
    }
    if (members < 2) return;
    t->tuples += members * (members - 1);
    for (int32_t k = blocks->start[b]; k < blocks->start[b + 1]; k++) {
        const int32_t input = blocks->member[k];
        if (!wrong[input]) continue;
        const int32_t *map = map_of(spec, blocks->map ? blocks->map[k] : -1);
        for (int32_t c = 0; c < spec->classes; c++) t->answers[map ? map[c] : c] += seen[c];
        t->answers[argmax[input]] += members - 2; /* once for each partner, less itself among those seen */
    }
}

void sw_agreement_measure(sw_agreement *out, const sw_blocks *blocks, const sw_tuple *tuples, size_t count,
                          const sw_divergence_spec *spec, const int32_t *argmax, const int8_t *wrong) {
    tally t;
    memset(&t, 0, sizeof t);
    count_listed(&t, tuples, count, spec, argmax, wrong);
    for (int32_t b = 0; b < blocks->count; b++) count_block(&t, blocks, b, spec, argmax, wrong);
    *out = (sw_agreement){.tuples = t.tuples, .share = NAN, .chance = NAN};
    if (t.tuples == 0) return;
    out->share = (double)t.agree / (double)t.tuples;
    out->chance = 0;
    for (int32_t c = 0; c < spec->classes; c++) {
        const double q = (double)t.answers[c] / (2 * (double)t.tuples);
        out->chance += q * q;
    }
}
