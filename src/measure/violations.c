/* Symmetry violations on tuple sets that are fixed for a task, so that runs can be compared.
 *
 * Options of a family (inputs, intermediate, divergence) shape the loss, never the measure: it takes exact tuples
 * over the whole table and the symmetric divergence. */
#include "measure/violations.h"

#include "symsweep/random.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

/* ---- tuples ---- */

static sw_status collect_tuples(sw_family_probe *probe, const sw_task *task, sw_family_id f, int64_t most,
                                sw_arena *arena)
{
    sw_tuple_set *set = NULL;
    sw_status status = sw_tuples_create(&set, task, f, NULL, SW_INPUTS_ALL);
    if (status != SW_OK) return status;

    int64_t listed = sw_tuples_count(set);
    probe->enumerated = listed >= 0 && listed <= most;
    probe->count = (size_t)(probe->enumerated ? listed : most);
    probe->tuples = sw_arena_alloc(arena, probe->count, sizeof *probe->tuples);
    if (!probe->tuples)
        status = SW_E_MEMORY;
    else if (probe->enumerated)
        for (int64_t i = 0; i < listed; i++) sw_tuples_get(set, i, &probe->tuples[i]);
    else
        sw_tuples_sample(set, probe->tuples, probe->count, 0, SW_STREAM_EVALUATE + (uint32_t)f, 0);
    sw_tuples_destroy(set);
    return status;
}

/* ---- the null: the same statistic over random inputs ---- */

/* Does the input carry what the family compares? Log-odds of "greater": the ">" queries of the relation form
 * (relations are attribute-major: <, =, >), every input of three_way. */
static bool is_in_pool(const sw_family_probe *probe, const sw_task *task, size_t input)
{
    bool odds = probe->spec.compare == SW_COMPARE_ADDITIVE || probe->spec.compare == SW_COMPARE_NEGATED;
    return !odds || task->relations == 0 || (sw_task_relation(task, input) - task->entities) % 3 == 2;
}

/* pool <- inputs that null tuples are made of, ascending; returns how many. */
static size_t collect_pool(int32_t *pool, const sw_family_probe *probe, const sw_task *task)
{
    size_t size = 0;
    for (size_t i = 0; i < task->inputs; i++)
        if (is_in_pool(probe, task, i)) pool[size++] = (int32_t)i;
    return size;
}

/* Null tuple j: input k is pool[below(seed 0, stream NULL + family, step j, index k)]; of a pair, the second is moved
 * on so that it differs from the first. */
static void draw_null(sw_tuple *out, const int32_t *pool, size_t size, int arity, sw_family_id f, size_t j)
{
    uint32_t stream = SW_STREAM_NULL + (uint32_t)f;
    *out = (sw_tuple){{-1, -1, -1}, -1};
    uint64_t first = sw_random_below(0, stream, j, 0, size);
    out->input[0] = pool[first];
    if (arity == 2) out->input[1] = pool[(first + 1 + sw_random_below(0, stream, j, 1, size - 1)) % size];
    for (int k = 1; arity == 3 && k < 3; k++) out->input[k] = pool[sw_random_below(0, stream, j, (uint64_t)k, size)];
}

static sw_status collect_nulls(sw_family_probe *probe, const sw_task *task, sw_family_id f, sw_arena *arena)
{
    int arity = sw_families[f]->arity;
    int32_t *pool = malloc(task->inputs * sizeof *pool);
    if (!pool) return sw_fail(SW_E_MEMORY, "%zu random inputs of %s", task->inputs, sw_families[f]->name);
    size_t size = collect_pool(pool, probe, task);
    assert(size >= 2 || arity != 2); /* a tuple exists */
    probe->nulls = sw_arena_alloc(arena, probe->count, sizeof *probe->nulls);
    for (size_t j = 0; probe->nulls && j < probe->count; j++) draw_null(&probe->nulls[j], pool, size, arity, f, j);
    free(pool);
    return probe->nulls ? SW_OK : SW_E_MEMORY;
}

/* ---- all families ---- */

static sw_status create_family(sw_family_probe *probe, const sw_run_config *config, const sw_task *task, sw_family_id f,
                               sw_arena *arena)
{
    const sw_family *family = sw_families[f];
    probe->applies = family->applies(&task->config);
    if (!probe->applies) return SW_OK;
    probe->spec = (sw_divergence_spec){
        .compare = family->compare, .divergence = SW_DIVERGENCE_SYMMETRIC_KL, .classes = task->classes};
    if (task->config.kind == SW_TASK_COMPARISON) sw_task_odds(task, &probe->spec.odds_high, &probe->spec.odds_low);
    sw_status status = sw_families_class_maps(&probe->class_map, task, f);
    probe->spec.class_map = probe->class_map;
    if (status == SW_OK) status = collect_tuples(probe, task, f, config->evaluate.tuples, arena);
    if (status == SW_OK) status = collect_nulls(probe, task, f, arena);
    return status == SW_OK ? SW_OK : sw_fail_in(status, "tuples of %s", family->name);
}

sw_status sw_violations_create(sw_violations *out, const sw_run_config *config, const sw_task *task, sw_arena *arena)
{
    *out = (sw_violations){.inputs = task->inputs, .table = {.classes = task->classes}};
    size_t width = sw_softmax_width(task->classes);
    out->table.p = sw_arena_alloc(arena, task->inputs * width, sizeof *out->table.p);
    out->table.log_p = sw_arena_alloc(arena, task->inputs * width, sizeof *out->table.log_p);
    out->table.argmax = sw_arena_alloc(arena, task->inputs, sizeof *out->table.argmax);
    if (!out->table.p || !out->table.log_p || !out->table.argmax) return SW_E_MEMORY;
    for (int f = 0; f < SW_FAMILY_COUNT; f++) {
        sw_status status = create_family(&out->family[f], config, task, (sw_family_id)f, arena);
        if (status != SW_OK) return status;
        if (out->family[f].count > out->capacity) out->capacity = out->family[f].count;
    }
    out->violation = sw_arena_alloc(arena, out->capacity, sizeof *out->violation);
    out->excess = sw_arena_alloc(arena, out->capacity, sizeof *out->excess);
    out->disagree = sw_arena_alloc(arena, out->capacity, sizeof *out->disagree);
    return out->violation && out->excess && out->disagree ? SW_OK : SW_E_MEMORY;
}

void sw_violations_release(sw_violations *violations)
{
    for (int f = 0; f < SW_FAMILY_COUNT; f++) free(violations->family[f].class_map);
}

/* ---- statistics ---- */

/* Mean and maximum; a NaN among the values makes both NaN. */
static void summarize(float *mean, float *max, const sw_real *x, size_t n)
{
    double sum = 0, largest = -INFINITY;
    for (size_t i = 0; i < n; i++) {
        sum += x[i];
        if (x[i] > largest) largest = x[i];
    }
    *mean = (float)(sum / (double)n);
    *max = isnan(sum) ? NAN : (float)largest;
}

static double share_of(const int8_t *flag, size_t n)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++) count += flag[i] != 0;
    return (double)count / (double)n;
}

static float ratio(float value, float null) { return null > 0 ? value / null : NAN; }

static void measure_tuples(sw_violations *v, const sw_divergence_spec *spec, const sw_tuple *tuples, size_t count,
                           const sw_real *logits)
{
    if (spec->compare == SW_COMPARE_SYMMETRIC_KL)
        sw_softmax_divergence(&v->table, spec, tuples, count, v->violation, v->disagree);
    else
        sw_divergence_each(spec, tuples, count, NULL, logits, v->violation, v->disagree,
                           spec->compare == SW_COMPARE_CONVOLUTION ? v->excess : NULL);
}

static void fill_family(float *value, sw_violations *v, sw_family_id f, const sw_real *logits)
{
    const sw_family_probe *probe = &v->family[f];
    float *out = value + SW_METRIC_OF_FAMILY(f, 0);
    measure_tuples(v, &probe->spec, probe->nulls, probe->count, logits);
    summarize(&out[SW_FAMILY_NULL_MEAN], &out[SW_FAMILY_NULL_MAX], v->violation, probe->count);

    measure_tuples(v, &probe->spec, probe->tuples, probe->count, logits);
    summarize(&out[SW_FAMILY_MEAN], &out[SW_FAMILY_MAX], v->violation, probe->count);
    out[SW_FAMILY_DISAGREEMENT] = isnan(out[SW_FAMILY_MEAN]) ? NAN : (float)share_of(v->disagree, probe->count);
    out[SW_FAMILY_RATIO_MEAN] = ratio(out[SW_FAMILY_MEAN], out[SW_FAMILY_NULL_MEAN]);
    out[SW_FAMILY_RATIO_MAX] = ratio(out[SW_FAMILY_MAX], out[SW_FAMILY_NULL_MAX]);
    if (probe->spec.compare == SW_COMPARE_CONVOLUTION) {
        float largest;
        summarize(&value[SW_METRIC_TRIANGLE_EXCESS], &largest, v->excess, probe->count);
    }
}

void sw_violations_fill(float *value, sw_violations *violations, const sw_real *logits)
{
    sw_softmax_table(&violations->table, logits, violations->inputs);
    for (int f = 0; f < SW_FAMILY_COUNT; f++)
        if (violations->family[f].applies) fill_family(value, violations, (sw_family_id)f, logits);
}
