/* violations.c: how far the model is from each symmetry family, on tuple sets that are fixed for a task, so that runs
 * can be compared.
 *
 * Options of a family (inputs, intermediate, divergence) shape the loss, never the measure: it takes exact tuples
 * over the whole table and the symmetric divergence. */
#include "measure/instruments/violations.h"

#include "symsweep/changes.h"
#include "symsweep/random.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- tuples ---- */

enum { OUTSIDE_MOST = 1 << 16 }; /* tuples beside blocks that are listed */

/* How many tuples stand in no block, at most one more than may be listed; into `out` unless that is NULL. */
static size_t list_outside(sw_tuple *out, const sw_blocks *blocks, const sw_task *task, sw_family_id f) {
    const sw_family *family = sw_families[f];
    if ((size_t)blocks->start[blocks->count] == task->inputs) return 0;
    const uint64_t candidates = family->candidates(task);
    size_t count = 0;
    sw_tuple tuple;
    for (uint64_t i = 0; i < candidates && count <= OUTSIDE_MOST; i++) {
        if (!family->candidate(task, i, &tuple) || sw_blocks_hold(blocks, &tuple)) continue;
        if (out) out[count] = tuple;
        count++;
    }
    return count;
}

/* All tuples as blocks and a short list, where the family has such; else probe->enumerated stays false. */
static sw_status collect_blocks(sw_family_probe *probe, const sw_task *task, sw_family_id f, sw_arena *arena) {
    sw_status status = sw_blocks_create(&probe->blocks, task, f, arena);
    if (status != SW_OK || probe->blocks.count == 0) return status;
    probe->count = list_outside(NULL, &probe->blocks, task, f);
    if (probe->count > OUTSIDE_MOST) {
        probe->blocks.count = 0;
        return SW_OK;
    }
    probe->enumerated = true;
    probe->tuples = sw_arena_alloc(arena, probe->count, sizeof *probe->tuples);
    if (!probe->tuples) return SW_E_MEMORY;
    list_outside(probe->tuples, &probe->blocks, task, f);
    return SW_OK;
}

static sw_status collect_listed(sw_family_probe *probe, const sw_tuple_set *set, sw_family_id f, size_t count,
                                sw_arena *arena) {
    probe->count = count;
    probe->tuples = sw_arena_alloc(arena, count, sizeof *probe->tuples);
    if (!probe->tuples) return SW_E_MEMORY;
    if (probe->enumerated)
        for (size_t i = 0; i < count; i++) sw_tuples_get(set, (int64_t)i, &probe->tuples[i]);
    else
        sw_tuples_sample(set, probe->tuples, count, 0, SW_STREAM_EVALUATE + (uint32_t)f, 0);
    return SW_OK;
}

/* All tuples where they are few, else a sample. */
static sw_status collect_aligned(sw_family_probe *probe, const sw_tuple_set *set, sw_family_id f, int64_t most,
                                 sw_arena *arena) {
    const int64_t listed = sw_tuples_count(set);
    if (most > SW_COSINE_TUPLES) most = SW_COSINE_TUPLES;
    probe->aligned_count = (size_t)(listed >= 0 && listed <= most ? listed : most);
    probe->aligned = sw_arena_alloc(arena, probe->aligned_count, sizeof *probe->aligned);
    if (!probe->aligned) return SW_E_MEMORY;
    if (listed == (int64_t)probe->aligned_count)
        for (int64_t i = 0; i < listed; i++) sw_tuples_get(set, i, &probe->aligned[i]);
    else
        sw_tuples_sample(set, probe->aligned, probe->aligned_count, 0, SW_STREAM_EVALUATE + (uint32_t)f, 2);
    return SW_OK;
}

static sw_status collect_tuples(sw_family_probe *probe, const sw_task *task, sw_family_id f, int64_t most,
                                sw_arena *arena) {
    sw_tuple_set *set = NULL;
    sw_status status = sw_tuples_create(&set, task, f, NULL, SW_INPUTS_ALL);
    if (status != SW_OK) return status;
    const int64_t listed = sw_tuples_count(set);
    const bool few = listed >= 0 && listed <= most;
    probe->null_count = (size_t)(few ? listed : most);
    if (!few) status = collect_blocks(probe, task, f, arena);
    if (status == SW_OK && !probe->enumerated) {
        probe->enumerated = few;
        status = collect_listed(probe, set, f, probe->null_count, arena);
    }
    if (status == SW_OK) status = collect_aligned(probe, set, f, most, arena);
    sw_tuples_destroy(set);
    return status;
}

/* Share of the inputs that stand in a tuple. */
static sw_status find_coverage(sw_family_probe *probe, const sw_task *task, sw_family_id f) {
    int8_t *touched = calloc(task->inputs, 1);
    if (!touched) return sw_fail(SW_E_MEMORY, "tuples of %s", sw_family_names[f]);
    for (size_t i = 0; i < probe->count; i++)
        for (int k = 0; k < sw_families[f]->arity; k++) touched[probe->tuples[i].input[k]] = 1;
    for (int32_t b = 0; b < probe->blocks.count; b++) {
        const int32_t from = probe->blocks.start[b], to = probe->blocks.start[b + 1];
        for (int32_t k = from; k < to && to - from > 1; k++) touched[probe->blocks.member[k]] = 1;
    }
    size_t count = 0;
    for (size_t i = 0; i < task->inputs; i++) count += touched[i] != 0;
    free(touched);
    probe->coverage = (float)((double)count / (double)task->inputs);
    return SW_OK;
}

/* ---- the null: the same statistic over random inputs ---- */

/* Does the input carry what the family compares? Log-odds of "greater": the ">" queries of the relation form
 * (relations are attribute-major: <, =, >), every input of three_way. */
static bool is_in_pool(const sw_family_probe *probe, const sw_task *task, size_t input) {
    bool odds = probe->spec.compare == SW_COMPARE_ADDITIVE || probe->spec.compare == SW_COMPARE_NEGATED;
    return !odds || task->relations == 0 || (sw_task_relation(task, input) - task->entities) % 3 == 2;
}

/* pool <- inputs that null tuples are made of, ascending; returns how many. */
static size_t collect_pool(int32_t *pool, const sw_family_probe *probe, const sw_task *task) {
    size_t size = 0;
    for (size_t i = 0; i < task->inputs; i++)
        if (is_in_pool(probe, task, i)) pool[size++] = (int32_t)i;
    return size;
}

/* Null tuple j: input k is pool[below(seed 0, stream NULL + family, step j, index k)]; of a pair, the second is moved
 * on so that it differs from the first. `twice`: the second half of a tuple repeats the first (three_way). */
static void draw_null(sw_tuple *out, const int32_t *pool, size_t size, int arity, bool twice, sw_family_id f,
                      size_t j) {
    uint32_t stream = SW_STREAM_NULL + (uint32_t)f;
    *out = (sw_tuple){.map = -1};
    uint64_t first = sw_random_below(0, stream, j, 0, size);
    out->input[0] = pool[first];
    if (arity == 2) out->input[1] = pool[(first + 1 + sw_random_below(0, stream, j, 1, size - 1)) % size];
    for (int k = 1; arity > 2 && k < arity; k++)
        out->input[k] = twice && k >= arity / 2 ? out->input[k - arity / 2]
                                                : pool[sw_random_below(0, stream, j, (uint64_t)k, size)];
}

static sw_status collect_nulls(sw_family_probe *probe, const sw_task *task, sw_family_id f, sw_arena *arena) {
    int arity = sw_families[f]->arity;
    int32_t *pool = malloc(task->inputs * sizeof *pool);
    if (!pool) return sw_fail(SW_E_MEMORY, "%zu random inputs of %s", task->inputs, sw_family_names[f]);
    size_t size = collect_pool(pool, probe, task);
    assert(size >= 2 || arity != 2); /* a tuple exists */
    probe->nulls = sw_arena_alloc(arena, probe->null_count, sizeof *probe->nulls);
    const bool twice = probe->spec.compare == SW_COMPARE_BRADLEY_TERRY && task->relations == 0;
    for (size_t j = 0; probe->nulls && j < probe->null_count; j++)
        draw_null(&probe->nulls[j], pool, size, arity, twice, f, j);
    free(pool);
    return probe->nulls ? SW_OK : SW_E_MEMORY;
}

/* ---- all families ---- */

static sw_status copy_class_maps(sw_family_probe *probe, const sw_task *task, sw_family_id f, sw_arena *arena) {
    int32_t *maps = NULL;
    sw_status status = sw_families_class_maps(&maps, task, f);
    if (status != SW_OK || maps == NULL) return status;
    const size_t count = (size_t)sw_families[f]->maps(task) * (size_t)task->classes;
    int32_t *copy = sw_arena_alloc(arena, count, sizeof *copy);
    if (copy != NULL) memcpy(copy, maps, count * sizeof *copy);
    probe->spec.class_map = copy;
    free(maps);
    return copy != NULL ? SW_OK : SW_E_MEMORY;
}

static sw_status create_family(sw_family_probe *probe, const sw_run_config *config, const sw_task *task, sw_family_id f,
                               sw_arena *arena) {
    const sw_family *family = sw_families[f];
    probe->applies = family->applies(&task->config);
    if (!probe->applies) return SW_OK;
    probe->spec = (sw_divergence_spec){
        .compare = family->compare, .divergence = SW_DIVERGENCE_SYMMETRIC_KL, .classes = task->classes};
    if (task->config.kind == SW_TASK_COMPARISON) sw_task_odds(task, &probe->spec.odds_high, &probe->spec.odds_low);
    sw_status status = copy_class_maps(probe, task, f, arena);
    if (status == SW_OK) status = collect_tuples(probe, task, f, config->evaluate.tuples, arena);
    if (status == SW_OK) status = find_coverage(probe, task, f);
    if (status == SW_OK) status = collect_nulls(probe, task, f, arena);
    return status == SW_OK ? SW_OK : sw_fail_in(status, "tuples of %s", sw_family_names[f]);
}

/* Share of the test inputs whose label follows from train labels through the tuples of each family. */
static sw_status find_leaks(sw_violations *v, const sw_evaluation *of) {
    const sw_task *task = of->task;
    int8_t *derived = malloc(task->inputs);
    if (!derived) return sw_fail(SW_E_MEMORY, "derived labels of %zu inputs", task->inputs);
    size_t test = 0;
    for (size_t i = 0; i < task->inputs; i++) test += of->split[i] == 0;
    sw_status status = SW_OK;
    for (int f = 0; f < SW_FAMILY_COUNT && status == SW_OK; f++) {
        v->family[f].leak = NAN;
        if (!v->family[f].applies || !sw_families_holds(&task->config, (sw_family_id)f) || test == 0) continue;
        status = sw_task_derived(derived, task, of->split, of->config->symmetry, UINT32_C(1) << f);
        size_t count = 0;
        for (size_t i = 0; i < task->inputs; i++) count += of->split[i] == 0 && derived[i];
        v->family[f].leak = (float)((double)count / (double)test);
    }
    free(derived);
    return status;
}

static sw_status create(void *state, const sw_evaluation *of) {
    sw_violations *v = state;
    const size_t inputs = of->task->inputs;
    v->open = sw_arena_alloc(of->arena, inputs, sizeof *v->open);
    v->wrong = sw_arena_alloc(of->arena, inputs, sizeof *v->wrong);
    if (!v->open || !v->wrong) return SW_E_MEMORY;
    sw_agreement_open(v->open, of->task, of->split);
    size_t largest = 0;
    for (int f = 0; f < SW_FAMILY_COUNT; f++) {
        sw_status status = create_family(&v->family[f], of->config, of->task, (sw_family_id)f, of->arena);
        if (status != SW_OK) return status;
        sw_family_probe *probe = &v->family[f];
        if (probe->count > v->capacity) v->capacity = probe->count;
        if (probe->null_count > v->capacity) v->capacity = probe->null_count;
        if (probe->blocks.count > 0 && probe->blocks.largest > largest) largest = probe->blocks.largest;
        probe->like = -1;
        for (int g = 0; g < f && probe->like < 0; g++)
            if (sw_blocks_equal(&probe->blocks, &v->family[g].blocks)) probe->like = g;
    }
    sw_status status = sw_generators_create(&v->generators, of->task, of->arena);
    if (status != SW_OK) return status;
    if (v->generators.largest > v->capacity) v->capacity = v->generators.largest;
    v->violation = sw_arena_alloc(of->arena, v->capacity, sizeof *v->violation);
    v->excess = sw_arena_alloc(of->arena, v->capacity, sizeof *v->excess);
    v->disagree = sw_arena_alloc(of->arena, v->capacity, sizeof *v->disagree);
    v->scratch = sw_arena_alloc(of->arena, sw_softmax_block_size(largest, of->task->classes), sizeof *v->scratch);
    if (!v->violation || !v->excess || !v->disagree || !v->scratch) return SW_E_MEMORY;
    status = sw_alignment_create(&v->alignment, of);
    return status == SW_OK ? find_leaks(v, of) : status;
}

static double memory(const sw_run_config *config, const sw_task *shape) {
    double tuples = (double)config->evaluate.tuples, bytes = tuples * (2 * sizeof(sw_real) + 1);
    for (int f = 0; f < SW_FAMILY_COUNT; f++) {
        if (!sw_families[f]->applies(&config->task)) continue;
        bytes += (2 * tuples + SW_COSINE_TUPLES) * sizeof(sw_tuple);
        if (sw_families[f]->class_map) bytes += (double)shape->entities * shape->classes * sizeof(int32_t);
        if (f == SW_FAMILY_AUTOMORPHISM) bytes += sw_generators_memory(&config->task, shape);
        if (!sw_families[f]->block) continue;
        bytes += (double)shape->inputs * (sw_families[f]->class_map ? 3 : 2) * sizeof(int32_t);
        /* Tuples outside of blocks: as many as inputs, all such families taken together. */
        if (config->task.kind == SW_TASK_MODULAR) bytes += (double)shape->inputs * sizeof(sw_tuple);
    }
    /* Blocks of pairs are about as large as there are inputs of a class. */
    double block = 1.4 * (double)shape->inputs / shape->classes;
    bytes += sizeof(sw_real) * (double)sw_softmax_block_size((size_t)block, shape->classes);
    bytes += sw_alignment_memory(config, shape);
    return (double)shape->inputs * 2 + bytes;
}

static uint64_t blocks_pairs(const sw_family_probe *probe) { return probe->blocks.count > 0 ? probe->blocks.pairs : 0; }

static void facts(sw_run_facts *out, const void *state, const sw_evaluation *of) {
    const sw_violations *v = state;
    sw_run_config ever;
    sw_changes_widest(&ever, of->config, SW_CHANGES_ALL);
    for (int f = 0; f < SW_FAMILY_COUNT; f++) {
        const sw_family_probe *probe = &v->family[f];
        out->tuples[f] = probe->applies ? (int64_t)(probe->count + blocks_pairs(probe)) : -1;
        out->enumerated[f] = probe->applies ? probe->enumerated : -1;
        out->holds[f] = probe->applies ? sw_families_holds(&of->task->config, (sw_family_id)f) : -1;
        out->prompted[f] = ever.symmetry[f].weight != 0;
        out->leak[f] = probe->leak;
        out->coverage[f] = probe->applies ? probe->coverage : NAN;
    }
}

/* ---- statistics ---- */

/* Mean and maximum; a NaN among the values makes both NaN. */
static void summarize(float *mean, float *max, const sw_real *x, size_t n) {
    double sum = 0, largest = -INFINITY;
    for (size_t i = 0; i < n; i++) {
        sum += x[i];
        if (x[i] > largest) largest = x[i];
    }
    *mean = (float)(sum / (double)n);
    *max = isnan(sum) ? NAN : (float)largest;
}

static double share_of(const int8_t *flag, size_t n) {
    size_t count = 0;
    for (size_t i = 0; i < n; i++) count += flag[i] != 0;
    return (double)count / (double)n;
}

static float ratio(float value, float null) { return null > 0 ? value / null : NAN; }

static void measure_tuples(sw_violations *v, const sw_divergence_spec *spec, const sw_tuple *tuples, size_t count,
                           const sw_evaluation *of) {
    if (spec->compare == SW_COMPARE_SYMMETRIC_KL)
        sw_softmax_divergence(&of->softmax, spec, tuples, count, v->violation, v->disagree);
    else
        sw_divergence_each(spec, tuples, count, NULL, of->logits, v->violation, v->disagree,
                           spec->compare == SW_COMPARE_CONVOLUTION ? v->excess : NULL);
}

/* Over the pairs of the blocks and the tuples listed beside them, which v->violation and v->disagree are of. */
static void fill_blocks(float *out, sw_violations *v, sw_family_probe *probe, const sw_softmax *softmax) {
    if (probe->like >= 0)
        probe->pairs = v->family[probe->like].pairs;
    else
        sw_blocks_measure(&probe->pairs, &probe->blocks, softmax, &probe->spec, v->scratch);
    double sum = probe->pairs.sum, largest = probe->pairs.largest, disagreements = (double)probe->pairs.disagreements;
    for (size_t i = 0; i < probe->count; i++) {
        sum += (double)v->violation[i];
        if ((double)v->violation[i] > largest) largest = (double)v->violation[i];
        disagreements += v->disagree[i] != 0;
    }
    const double count = (double)(probe->count + blocks_pairs(probe));
    out[SW_FAMILY_MEAN] = (float)(sum / count);
    out[SW_FAMILY_MAX] = isnan(sum) ? NAN : (float)largest;
    out[SW_FAMILY_DISAGREEMENT] = isnan(sum) ? NAN : (float)(disagreements / count);
}

static void fill_family(float *value, sw_violations *v, sw_family_id f, const sw_evaluation *of) {
    sw_family_probe *probe = &v->family[f];
    float *out = value + SW_METRIC_OF_FAMILY(f, 0);
    measure_tuples(v, &probe->spec, probe->nulls, probe->null_count, of);
    summarize(&out[SW_FAMILY_NULL_MEAN], &out[SW_FAMILY_NULL_MAX], v->violation, probe->null_count);

    measure_tuples(v, &probe->spec, probe->tuples, probe->count, of);
    if (probe->blocks.count > 0) {
        fill_blocks(out, v, probe, &of->softmax);
    } else {
        summarize(&out[SW_FAMILY_MEAN], &out[SW_FAMILY_MAX], v->violation, probe->count);
        out[SW_FAMILY_DISAGREEMENT] = isnan(out[SW_FAMILY_MEAN]) ? NAN : (float)share_of(v->disagree, probe->count);
    }
    out[SW_FAMILY_RATIO_MEAN] = ratio(out[SW_FAMILY_MEAN], out[SW_FAMILY_NULL_MEAN]);
    out[SW_FAMILY_RATIO_MAX] = ratio(out[SW_FAMILY_MAX], out[SW_FAMILY_NULL_MAX]);
    if (probe->spec.compare == SW_COMPARE_CONVOLUTION) {
        float largest;
        summarize(&value[SW_METRIC_TRIANGLE_EXCESS], &largest, v->excess, probe->count);
    }
}

static void fill_agreement(float *out, const sw_violations *v, const sw_family_probe *probe, const int32_t *argmax) {
    sw_agreement found;
    if (isnan(out[SW_FAMILY_MEAN])) return; /* no answers */
    sw_agreement_measure(&found, &probe->blocks, probe->tuples, probe->count, &probe->spec, argmax, v->wrong);
    out[SW_FAMILY_AGREEMENT_WRONG] = (float)found.share;
    out[SW_FAMILY_AGREEMENT_CHANCE] = (float)found.chance;
    out[SW_FAMILY_WRONG_TUPLES] = (float)found.tuples;
}

/* Consistent but wrong, for families that compare two distributions. */
static void fill_agreements(float *value, sw_violations *v, const sw_evaluation *of) {
    const int32_t *argmax = of->softmax.argmax;
    for (size_t i = 0; i < of->task->inputs; i++) v->wrong[i] = v->open[i] && argmax[i] != of->task->label[i];
    for (int f = 0; f < SW_FAMILY_COUNT; f++)
        if (v->family[f].applies && v->family[f].spec.compare == SW_COMPARE_SYMMETRIC_KL)
            fill_agreement(value + SW_METRIC_OF_FAMILY(f, 0), v, &v->family[f], argmax);
}

static void fill_cosines(float *value, sw_violations *v, const sw_evaluation *of) {
    if (!v->alignment.applies) return;
    sw_alignment_begin(&v->alignment, of);
    for (int f = 0; f < SW_FAMILY_COUNT; f++) {
        const sw_family_probe *probe = &v->family[f];
        if (probe->applies)
            value[SW_METRIC_OF_FAMILY(f, SW_FAMILY_GRADIENT_COSINE)] = (float)sw_alignment_cosine(
                &v->alignment, of, &probe->spec, sw_families[f]->arity, probe->aligned, probe->aligned_count);
    }
}

static sw_status evaluate(float *value, void *state, const sw_evaluation *of) {
    sw_violations *v = state;
    for (int f = 0; f < SW_FAMILY_COUNT; f++)
        if (v->family[f].applies) fill_family(value, v, (sw_family_id)f, of);
    sw_generators_measure(value + SW_VALUE_BY_GENERATOR, &v->generators, &of->softmax, v->violation, v->disagree);
    if (!of->full) return SW_OK;
    fill_agreements(value, v, of);
    fill_cosines(value, v, of);
    return SW_OK;
}

const sw_instrument sw_instrument_violations = {
    .size = sizeof(sw_violations),
    .families = true,
    .probes = true,
    .create = create,
    .evaluate = evaluate,
    .facts = facts,
    .memory = memory,
};
