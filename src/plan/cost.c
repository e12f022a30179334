/* cost.c: operations, time, memory and file size of a run, estimated from its configuration.
 *
 * Good for an order (longest first) and for a first idea of core-hours, not for a bill: caches and early stops are
 * not in it. */
#include "plan/cost.h"

#include "symsweep/changes.h"
#include "symsweep/measure.h"
#include "symsweep/nn.h"
#include "symsweep/task.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Operations that are no GEMM, in units that the rate of a GEMM pays for; measured once, rounded. */
#define LOGIT_FLOPS 40.0          /* softmax, loss and gradient of one logit: an exponential and a few passes */
#define SINGLE_FLOPS 90.0         /* gradient of one input, per parameter: a few passes over all of them */
#define SVD_FLOPS 60.0            /* per V d min(V, d): LAPACK's divide and conquer, far below the rate of a GEMM */
#define SHARE_FORWARD (1.0 / 3.0) /* of a training step: forward is one GEMM in three */

/* Resident before any run: libraries, the BLAS buffer, stacks. */
#define PROCESS_BYTES (40.0 * 1024 * 1024)

typedef struct sizes {
    sw_task task;
    sw_model_shape shape;
    size_t train, batch;
    size_t rows, max_rows; /* distinct inputs of one training step: expected, at most */
    size_t parameters;
    double logits; /* logits that the symmetry losses of one step read */
} sizes;

/* Families with one tuple an input (its mirror); all others have about one for each input and entity. */
static bool has_one_tuple_an_input(int family) {
    return family == SW_FAMILY_COMMUTATIVITY || family == SW_FAMILY_NEGATION || family == SW_FAMILY_REFLEXIVITY ||
           family == SW_FAMILY_DISTANCE_SYMMETRY || family == SW_FAMILY_ANTISYMMETRY;
}

static double all_tuples(int family, const sw_task *task) {
    const double each = family == SW_FAMILY_COMMUTATIVITY ? task->operands - 1 : 1;
    return (double)task->inputs * (has_one_tuple_an_input(family) ? each : (double)task->entities);
}

static double tuples_a_step(int family, const sw_run_config *config, const sw_task *task) {
    int64_t tuples = config->symmetry[family].tuples_per_step;
    return tuples > 0 ? (double)tuples : all_tuples(family, task);
}

/* Expected number of inputs, of `pool` with `known` of them in the batch already, that `draws` draws with replacement
 * add to it. */
static double new_rows(double draws, double pool, double known) {
    return known < pool ? (pool - known) * -expm1(-draws / pool) : 0;
}

static sw_status measure_sizes(sizes *out, const sw_run_config *config) {
    sw_status status = sw_task_describe(&out->task, &config->task, &config->model);
    if (status != SW_OK) return status;
    const sw_task *task = &out->task;
    out->shape = (sw_model_shape){
        .vocabulary = task->vocabulary, .entities = task->entities, .tokens = task->tokens, .classes = task->classes};
    out->train = sw_run_train(config, task->inputs);
    out->batch = sw_run_batch(&config->optimizer, out->train).inputs;
    double inputs = (double)task->inputs, batch_rows = (double)out->batch, all = 0, train_only = 0;
    out->logits = 0;
    for (int f = 0; f < SW_FAMILY_COUNT; f++) {
        if (config->symmetry[f].weight == 0) continue;
        double touched = tuples_a_step(f, config, task) * sw_families[f]->arity;
        if (config->symmetry[f].inputs == SW_INPUTS_TRAIN)
            train_only += touched;
        else
            all += touched;
        out->logits += touched * task->classes;
    }
    for (int g = 0; g < SW_PRIOR_COUNT; g++)
        if (config->geometry[g].weight != 0) all += (double)sw_prior_rows((sw_prior_id)g, &config->geometry[g]);
    double train = (double)out->train;
    double rows = batch_rows + new_rows(train_only, train, batch_rows);
    rows += new_rows(all, inputs, rows);
    out->rows = (size_t)rows;
    out->max_rows = batch_rows + train_only + all < inputs ? (size_t)(batch_rows + train_only + all) : task->inputs;
    sw_model_layout(NULL, 0, &config->model, &out->shape, &out->parameters);
    return SW_OK;
}

/* ---- operations ---- */

static double svd_flops(const sw_run_config *config, const sw_task *task) {
    double v = task->entities, d = sw_model_embedding_width(&config->model);
    return SVD_FLOPS * v * d * (v < d ? v : d);
}

static double step_flops(const sw_run_config *config, const sizes *s) {
    double flops = sw_model_flops(&config->model, &s->shape, s->rows) +
                   LOGIT_FLOPS * ((double)s->batch * s->task.classes + s->logits);
    for (int g = 0; g < SW_PRIOR_COUNT; g++)
        if (config->geometry[g].weight != 0)
            flops += sw_prior_flops((sw_prior_id)g, &config->geometry[g], svd_flops(config, &s->task));
    return flops;
}

/* Logits read by the violations of every family that applies, and by as many random pairs. */
static double violation_logits(const sw_run_config *config, const sizes *s) {
    double logits = 0;
    for (int f = 0; f < SW_FAMILY_COUNT; f++) {
        if (!sw_families[f]->applies(&config->task)) continue;
        logits += 2.0 * (double)config->evaluate.tuples * sw_families[f]->arity * s->task.classes;
    }
    return logits;
}

/* Gradients of the train loss and, over few tuples, of every family that applies. */
static double cosine_flops(const sw_run_config *config, const sizes *s) {
    const double tuples = fmin((double)config->evaluate.tuples, SW_COSINE_TUPLES);
    double rows = 0;
    for (int f = 0; f < SW_FAMILY_COUNT; f++)
        if (sw_families[f]->applies(&config->task))
            rows += fmin(tuples * sw_families[f]->arity, (double)s->task.inputs);
    return rows > 0 ? sw_model_flops(&config->model, &s->shape, s->train + (size_t)rows) : 0;
}

/* Gradients of the train loss that a measure with a cadence of its own takes, over the whole run. */
static double gradients_a_run(const sw_run_config *config) {
    const sw_measure_config *m = &config->measure;
    const double llc = m->llc_chains * (1.0 + m->llc_draws + m->llc_burn_in);
    const double sharpness = 2.0 * (SW_LANCZOS_STEPS + SW_HESSIAN_PROBES);
    return llc * (double)sw_schedule_measurements(config, m->llc_every) +
           sharpness * (double)sw_schedule_measurements(config, m->sharpness_every);
}

/* A measurement of circuits: neurons and logits of all pairs, and their coordinates along either operand. */
static double circuits_flops(const sw_run_config *config, const sizes *s) {
    const double n = s->task.entities, functions = sw_model_neurons(&config->model) + s->task.classes;
    return SHARE_FORWARD * sw_model_flops(&config->model, &s->shape, s->task.inputs) + 4 * n * n * n * functions;
}

/* A measurement of the tangent kernel: gradients of single inputs, for every block those behind it again, and their
 * inner products; of its circulance, gradients of the table. */
static double kernel_flops(const sw_run_config *config, const sizes *s) {
    const double n = fmin((double)s->task.inputs, SW_KERNEL_INPUTS), blocks = ceil(n / SW_KERNEL_BLOCK);
    return (n * (blocks + 1) / 2 * SINGLE_FLOPS + n * n) * (double)s->parameters +
           sw_model_flops(&config->model, &s->shape, s->task.inputs);
}

static double evaluate_flops(const sw_run_config *config, const sizes *s) {
    double table = (double)s->task.inputs * s->task.classes;
    return cosine_flops(config, s) / (double)config->evaluate.spectra_every +
           SHARE_FORWARD * sw_model_flops(&config->model, &s->shape, s->task.inputs) +
           LOGIT_FLOPS * (table + violation_logits(config, s)) + svd_flops(config, &s->task);
}

/* ---- memory ---- */

static double memory_bytes(const sw_run_config *config, const sizes *s) {
    double inputs = (double)s->task.inputs, classes = s->task.classes, entities = s->task.entities;
    size_t spare = 0;
    double model = (double)sw_model_memory(&config->model, &s->shape, s->max_rows, &spare);
    double optimizer = 4.0 * (double)sw_optimizer_state_length(&config->optimizer, s->parameters);
    double objective = 4.0 * (double)s->max_rows * (2.0 * classes + s->task.tokens);
    double measures = sw_measure_memory(config, &s->task, spare);
    double table = 4.0 * inputs * (s->task.tokens + 6) + 4.0 * entities * entities;
    double lists = 0; /* eligible tuples, listed where a family has at most SW_TUPLE_LIST_MAX candidates */
    for (int f = 0; f < SW_FAMILY_COUNT; f++) {
        if (config->symmetry[f].weight == 0) continue;
        double candidates = all_tuples(f, &s->task);
        if (candidates <= SW_TUPLE_LIST_MAX) lists += 4.0 * candidates;
        lists += (double)sizeof(sw_tuple) * tuples_a_step(f, config, &s->task);
    }
    return PROCESS_BYTES + model + optimizer + objective + measures + table + lists;
}

/* ---- rows of the results file ---- */

static sw_status file_bytes(double *out, const sw_run_config *config, const sizes *s) {
    bool applies[SW_METRIC_COUNT];
    sw_snapshot_shape shape;
    sw_status status = sw_measure_applicable(applies, config);
    if (status == SW_OK) status = sw_measure_snapshot_shape(&shape, config);
    if (status != SW_OK) return status;
    int metrics = 0;
    for (int m = 0; m < SW_METRIC_COUNT; m++) metrics += applies[m];
    double evaluations = (double)sw_schedule_evaluations(config);
    double snapshots = (double)sw_schedule_snapshots(config);
    double snapshot = (double)sw_record_snapshot_floats(&shape) + 2; /* its step and its number */
    *out = evaluations * (4.0 * metrics + 8) + 4.0 * snapshots * snapshot + 4096 /* texts, onsets, final values */;
    if (config->save.split) *out += (double)s->task.inputs * (1 + 4.0 * s->task.tokens + 4);
    return SW_OK;
}

/* Of a step on average: it may be another one after each of `changes`. */
static sw_status mean_step_flops(double *out, const sw_run_config *config) {
    sw_status status = SW_OK;
    *out = 0;
    for (int64_t from = 0, to; from < config->steps && status == SW_OK; from = to) {
        sw_run_config now;
        sizes s;
        to = sw_changes_next(config, from);
        if (to > config->steps) to = config->steps;
        sw_changes_made(&now, config, from);
        status = measure_sizes(&s, &now);
        if (status == SW_OK) *out += step_flops(&now, &s) * ((double)(to - from) / (double)config->steps);
    }
    return status;
}

sw_status sw_cost_estimate(sw_run_cost *out, const sw_run_config *given) {
    sizes s;
    sw_run_config widest;
    const sw_run_config *config = &widest;
    *out = (sw_run_cost){0};
    sw_changes_widest(&widest, given, SW_CHANGES_ALL);
    sw_status status = measure_sizes(&s, config);
    if (status == SW_OK) status = file_bytes(&out->file_bytes, config, &s);
    if (status == SW_OK) status = mean_step_flops(&out->step_flops, given);
    if (status != SW_OK) return status;
    out->parameters = s.parameters;
    out->evaluate_flops = evaluate_flops(config, &s);
    bool applies[SW_METRIC_COUNT];
    status = sw_measure_applicable(applies, config);
    if (status != SW_OK) return status;
    const double circuits = applies[SW_METRIC_NEURON_CONCENTRATION] ? circuits_flops(config, &s) : 0;
    out->measure_flops =
        gradients_a_run(config) * sw_model_flops(&config->model, &s.shape, s.train) +
        circuits * (double)sw_schedule_measurements(config, config->measure.circuits_every) +
        kernel_flops(config, &s) * (double)sw_schedule_measurements(config, config->measure.kernel_every);
    out->flops = out->step_flops * (double)config->steps +
                 out->evaluate_flops * (double)sw_schedule_evaluations(config) + out->measure_flops;
    out->seconds = out->flops / SW_REFERENCE_FLOPS;
    double memory = memory_bytes(config, &s);
    out->memory = memory < 9e18 ? (size_t)memory : (size_t)9e18;
    return SW_OK;
}

/* ---- many runs ---- */

enum { SLOTS = 64 };

typedef struct slot {
    sw_run_config config; /* reduced to what the cost depends on */
    sw_run_cost cost;
    bool used;
} slot;

struct sw_cost_cache {
    slot slots[SLOTS];
};

sw_status sw_cost_cache_create(sw_cost_cache **out) {
    *out = calloc(1, sizeof **out);
    return *out ? SW_OK : sw_fail(SW_E_MEMORY, "out of memory");
}

void sw_cost_cache_destroy(sw_cost_cache *cache) { free(cache); }

/* Away with numbers that change no cost; of weights and switches it is only asked whether they are 0. */
static void reduce(sw_run_config *out, const sw_run_config *config) {
    *out = *config;
    sw_optimizer_config *o = &out->optimizer;
    o->learning_rate = o->beta1 = o->beta2 = o->epsilon = o->weight_decay = o->momentum = o->gradient_clip = 0;
    o->muon_learning_rate = o->muon_momentum = o->grokfast_alpha = o->final_share = 0;
    out->model.init_scale = out->model.embedding_init_scale = out->model.output_scale = 0;
    o->grokfast_lambda = o->grokfast_lambda > 0;
    for (int f = 0; f < SW_FAMILY_COUNT; f++) {
        out->symmetry[f].weight = out->symmetry[f].weight != 0;
        out->symmetry[f].bound = 0;
    }
    for (int g = 0; g < SW_PRIOR_COUNT; g++) out->geometry[g].weight = out->geometry[g].weight != 0;
    out->seed = out->data_seed = 0;
    memset(&out->start, 0, sizeof out->start);
    out->model.dropout = out->model.dropout > 0;
    out->model.attention_rate = out->model.attention_rate != 1;
}

/* FNV-1a over whole words; what is left over at the end is compared anyway. */
static size_t slot_of(const sw_run_config *config) {
    uint64_t hash = UINT64_C(14695981039346656037), word;
    for (size_t i = 0; i + sizeof word <= sizeof *config; i += sizeof word) {
        memcpy(&word, (const char *)config + i, sizeof word);
        hash = (hash ^ word) * UINT64_C(1099511628211);
    }
    return (size_t)(hash ^ hash >> 32) % SLOTS;
}

sw_status sw_cost_look_up(sw_run_cost *out, sw_cost_cache *cache, const sw_run_config *config) {
    sw_run_config reduced;
    reduce(&reduced, config);
    slot *known = &cache->slots[slot_of(&reduced)];
    if (!known->used || memcmp(&known->config, &reduced, sizeof reduced) != 0) {
        known->used = false;
        sw_status status = sw_cost_estimate(&known->cost, config);
        if (status != SW_OK) return status;
        known->config = reduced;
        known->used = true;
    }
    *out = known->cost;
    return SW_OK;
}
