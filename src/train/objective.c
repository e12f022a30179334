/* objective.c: the objective of one optimizer step:
 *
 *     loss(batch) + sum_f weight_f * mean over tuples of family f + sum_g weight_g * prior_g
 *
 * One forward over the distinct inputs of the batch and all tuples, losses on the logits, one backward. */
#include "symsweep/train.h"

#include "symsweep/random.h"
#include "train/prior.h"

#include <stdlib.h>
#include <string.h>

static const sw_prior *const priors[SW_PRIOR_COUNT] = {
#define PRIOR(ENUM, name, meaning) &sw_prior_##name,
#include "symsweep/priors.def"
#undef PRIOR
};

typedef struct family_term {
    sw_family_config config;
    sw_tuple_set *set;      /* NULL: the family has no weight in this run */
    size_t capacity, count; /* tuples a step, tuples of the last step */
    sw_tuple *tuples;       /* [capacity] */
    bool predicted;         /* inner products by the model's own answers */
    sw_divergence_spec spec;
    int32_t *class_map; /* [maps, C], owned; NULL = identity only */
} family_term;

struct sw_objective {
    const sw_run_config *config;
    const sw_task *task;
    sw_arena *arena;
    sw_batches *batches;
    sw_rows rows;
    int64_t t; /* the step that was drawn last */
    size_t batch_size, max_rows;
    int32_t *batch_row;   /* [batch] 0, 1, 2, ... */
    int32_t *batch_label; /* [batch] */
    const int32_t *batch; /* [batch] table indices of the last step */
    bool batch_is_set;    /* the full batch stays in the rows */
    family_term family[SW_FAMILY_COUNT];
    sw_prior_term *prior[SW_PRIOR_COUNT]; /* NULL: no weight */
    sw_real *logits, *dlogits;            /* [max_rows, C] */
    int32_t *prediction;                  /* [N] argmax for every input, when a family needs it */
    sw_real *table_logits;                /* [N, C] likewise */
};

/* A weight acts in steps from_step < t <= until_step. */
static bool acts(int64_t from_step, int64_t until_step, int64_t t) {
    return t > from_step && (until_step < 0 || t <= until_step);
}

/* ---- setting up ---- */

static sw_status create_family(sw_objective *objective, sw_family_id f, const int8_t *split) {
    const sw_task *task = objective->task;
    const sw_family *family = sw_families[f];
    family_term *term = &objective->family[f];
    term->config = objective->config->symmetry[f];
    if (term->config.weight == 0) return SW_OK;
    if (!family->applies(&task->config)) /* the plan has seen to it, in another process */
        return sw_fail(SW_E_CONFIG, "symmetry.%s: not defined on the task where it trains, but where it was planned",
                       sw_family_names[f]);
    sw_status status = sw_tuples_create(&term->set, task, f, split, (sw_inputs)term->config.inputs);
    if (status != SW_OK) return sw_fail_in(status, "symmetry.%s", sw_family_names[f]);
    term->predicted = family->candidate_predicted && term->config.intermediate == SW_INTERMEDIATE_PREDICTED;

    int64_t listed = sw_tuples_count(term->set);
    bool all = term->config.tuples_per_step == 0;
    if (all && listed < 0)
        return sw_fail(SW_E_CONFIG, "symmetry.%s.tuples_per_step: there are too many tuples to take \"all\" of them",
                       sw_family_names[f]);
    term->capacity = !all              ? (size_t)term->config.tuples_per_step
                     : term->predicted ? (size_t)family->candidates(task)
                                       : (size_t)listed;
    term->tuples = sw_arena_alloc(objective->arena, term->capacity, sizeof *term->tuples);
    if (!term->tuples) return SW_E_MEMORY;
    if (all && !term->predicted) {
        for (int64_t i = 0; i < listed; i++) sw_tuples_get(term->set, i, &term->tuples[i]);
        term->count = (size_t)listed;
    }

    term->spec = (sw_divergence_spec){
        .compare = family->compare,
        .divergence = (sw_divergence)term->config.divergence,
        .classes = task->classes,
        .bound = term->config.weight < 0 ? term->config.bound : 0,
    };
    if (task->config.kind == SW_TASK_COMPARISON) sw_task_odds(task, &term->spec.odds_high, &term->spec.odds_low);
    if (!family->class_map) return SW_OK;
    status = sw_families_class_maps(&term->class_map, task, f);
    term->spec.class_map = term->class_map;
    return status;
}

static sw_status create_prior(sw_objective *objective, sw_prior_id g) {
    const sw_prior_config *config = &objective->config->geometry[g];
    if (config->weight == 0) return SW_OK;
    sw_prior_term *term = objective->prior[g] = sw_arena_alloc(objective->arena, 1, sizeof *term);
    if (!term) return SW_E_MEMORY;
    *term = (sw_prior_term){objective->config, config, objective->task, .arena = objective->arena};
    return priors[g]->create ? priors[g]->create(term) : SW_OK;
}

static size_t count_max_rows(const sw_objective *objective) {
    size_t rows = objective->batch_size;
    for (int f = 0; f < SW_FAMILY_COUNT; f++) rows += objective->family[f].capacity * (size_t)sw_families[f]->arity;
    for (int g = 0; g < SW_PRIOR_COUNT; g++)
        if (objective->prior[g]) rows += sw_prior_rows((sw_prior_id)g, objective->prior[g]->config);
    return rows < objective->task->inputs ? rows : objective->task->inputs;
}

static sw_status create_buffers(sw_objective *objective) {
    sw_arena *arena = objective->arena;
    size_t classes = (size_t)objective->task->classes, inputs = objective->task->inputs;
    objective->max_rows = count_max_rows(objective);
    objective->batch_row = sw_arena_alloc(arena, objective->batch_size, sizeof *objective->batch_row);
    objective->batch_label = sw_arena_alloc(arena, objective->batch_size, sizeof *objective->batch_label);
    objective->logits = sw_arena_alloc(arena, objective->max_rows * classes, sizeof *objective->logits);
    objective->dlogits = sw_arena_alloc(arena, objective->max_rows * classes, sizeof *objective->dlogits);
    if (!objective->batch_row || !objective->batch_label || !objective->logits || !objective->dlogits)
        return SW_E_MEMORY;
    for (int f = 0; f < SW_FAMILY_COUNT; f++) {
        if (!objective->family[f].predicted || objective->prediction) continue;
        objective->prediction = sw_arena_alloc(arena, inputs, sizeof *objective->prediction);
        objective->table_logits = sw_arena_alloc(arena, inputs * classes, sizeof *objective->table_logits);
        if (!objective->prediction || !objective->table_logits) return SW_E_MEMORY;
    }
    return sw_rows_create(&objective->rows, objective->task, objective->max_rows, arena);
}

sw_status sw_objective_create(sw_objective **out, const sw_run_config *config, const sw_task *task,
                              const int8_t *split) {
    sw_objective *objective = calloc(1, sizeof *objective);
    if (!objective) return sw_fail(SW_E_MEMORY, "out of memory");
    objective->config = config;
    objective->task = task;
    sw_status status = sw_arena_create(&objective->arena);
    if (status == SW_OK) status = sw_batches_create(&objective->batches, config, task, split);
    if (status == SW_OK) objective->batch_size = sw_batches_size(objective->batches);
    for (int f = 0; f < SW_FAMILY_COUNT && status == SW_OK; f++)
        status = create_family(objective, (sw_family_id)f, split);
    for (int g = 0; g < SW_PRIOR_COUNT && status == SW_OK; g++) status = create_prior(objective, (sw_prior_id)g);
    if (status == SW_OK) status = create_buffers(objective);
    if (status != SW_OK) {
        sw_objective_destroy(objective);
        objective = NULL;
    }
    *out = objective;
    return status;
}

void sw_objective_destroy(sw_objective *objective) {
    if (!objective) return;
    for (int f = 0; f < SW_FAMILY_COUNT; f++) {
        sw_tuples_destroy(objective->family[f].set);
        free(objective->family[f].class_map);
    }
    for (int g = 0; g < SW_PRIOR_COUNT; g++)
        if (objective->prior[g] && priors[g]->destroy) priors[g]->destroy(objective->prior[g]);
    sw_batches_destroy(objective->batches);
    sw_arena_destroy(objective->arena);
    free(objective);
}

size_t sw_objective_max_rows(const sw_objective *objective) { return objective->max_rows; }

/* ---- drawing a step ---- */

static void draw_batch(sw_objective *objective, int64_t t) {
    const bool full = sw_batches_full(objective->batches);
    if (full && objective->batch_is_set) {
        sw_rows_truncate(&objective->rows, objective->batch_size);
        return;
    }
    sw_rows_truncate(&objective->rows, 0);
    objective->batch = sw_batches_step(objective->batches, t);
    for (size_t i = 0; i < objective->batch_size; i++) {
        objective->batch_row[i] = sw_rows_add(&objective->rows, objective->batch[i]);
        objective->batch_label[i] = objective->task->label[objective->batch[i]];
    }
    objective->batch_is_set = full;
}

static void collect_tuple(void *context, const sw_tuple *tuple) {
    family_term *term = context;
    term->tuples[term->count++] = *tuple;
}

static void draw_tuples(sw_objective *objective, sw_family_id f, int64_t t) {
    family_term *term = &objective->family[f];
    uint32_t seed = objective->config->seed, stream = SW_STREAM_TUPLES + (uint32_t)f;
    size_t wanted = (size_t)term->config.tuples_per_step;
    if (term->predicted && wanted) {
        term->count = sw_tuples_sample_predicted(term->set, term->tuples, wanted, objective->prediction, seed, stream,
                                                 (uint64_t)t);
    } else if (term->predicted) {
        term->count = 0;
        sw_tuples_each_predicted(term->set, objective->prediction, collect_tuple, term);
    } else if (wanted) {
        sw_tuples_sample(term->set, term->tuples, wanted, seed, stream, (uint64_t)t);
        term->count = wanted;
    } /* else: every tuple, listed once and for all */

    int arity = sw_families[f]->arity;
    for (size_t i = 0; i < term->count; i++)
        for (int k = 0; k < arity; k++) sw_rows_add(&objective->rows, term->tuples[i].input[k]);
}

static bool family_acts(const sw_objective *objective, int f, int64_t t) {
    const sw_family_config *config = &objective->family[f].config;
    return objective->family[f].set && acts(config->from_step, config->until_step, t);
}

static bool prior_acts(const sw_objective *objective, int g, int64_t t) {
    const sw_prior_term *term = objective->prior[g];
    return term && acts(term->config->from_step, term->config->until_step, t);
}

/* The model's answer to every input of the table, before the step's forward. */
static void predict_table(sw_objective *objective, sw_model *model, int64_t t) {
    bool needed = false;
    for (int f = 0; f < SW_FAMILY_COUNT; f++)
        needed = needed || (objective->family[f].predicted && family_acts(objective, f, t));
    if (!needed) return;
    const sw_task *task = objective->task;
    sw_model_evaluate(model, task->input, task->inputs, objective->table_logits);
    sw_loss_rows(SW_LOSS_CROSS_ENTROPY, objective->table_logits, task->classes, task->label, task->inputs, NULL, NULL,
                 objective->prediction);
}

/* ---- the step ---- */

static sw_status add_priors(double *value, sw_objective *objective, sw_model *model, int64_t t) {
    size_t embedding = sw_model_tensor(model, "token_embedding")->offset; /* entity tokens are its first rows */
    const sw_prior_step step = {.t = t,
                                .E = sw_model_parameters(model) + embedding,
                                .dE = sw_model_gradient(model) + embedding,
                                .logits = objective->logits,
                                .dlogits = objective->dlogits};
    sw_status status = SW_OK;
    for (int g = 0; g < SW_PRIOR_COUNT && status == SW_OK; g++) {
        if (!prior_acts(objective, g, t)) continue;
        double prior = 0;
        status = priors[g]->add(&prior, objective->prior[g], &step);
        *value += objective->prior[g]->config->weight * prior;
    }
    return status;
}

bool sw_objective_needs_model(const sw_objective *objective) {
    bool needs = false;
    for (int f = 0; f < SW_FAMILY_COUNT; f++) needs = needs || objective->family[f].predicted;
    for (int g = 0; g < SW_PRIOR_COUNT; g++)
        needs = needs ||
                (objective->prior[g] && priors[g]->needs_model && priors[g]->needs_model(objective->prior[g]->config));
    return needs;
}

void sw_objective_draw(sw_objective *objective, sw_model *model, int64_t t) {
    const sw_real *E = model ? sw_model_parameters(model) + sw_model_tensor(model, "token_embedding")->offset : NULL;
    objective->t = t;
    predict_table(objective, model, t);
    draw_batch(objective, t);
    for (int f = 0; f < SW_FAMILY_COUNT; f++)
        if (family_acts(objective, f, t)) draw_tuples(objective, (sw_family_id)f, t);
    for (int g = 0; g < SW_PRIOR_COUNT; g++)
        if (prior_acts(objective, g, t) && priors[g]->draw)
            priors[g]->draw(objective->prior[g], &objective->rows, E, t);
}

sw_status sw_objective_step(double *value, sw_objective *objective, sw_model *model, int64_t t) {
    sw_objective_draw(objective, model, t);
    size_t rows = objective->rows.count, classes = (size_t)objective->task->classes;
    sw_real *logits = objective->logits, *dlogits = objective->dlogits;
    sw_model_drop(model, objective->config->seed, t, objective->rows.input);
    sw_model_forward(model, objective->rows.tokens, rows, logits);
    memset(dlogits, 0, rows * classes * sizeof *dlogits);
    memset(sw_model_gradient(model), 0, sw_model_parameter_count(model) * sizeof(sw_real));

    *value = sw_loss((sw_loss_kind)objective->config->loss, logits, objective->task->classes, objective->batch_row,
                     objective->batch_label, objective->batch_size, dlogits);
    for (int f = 0; f < SW_FAMILY_COUNT; f++) {
        const family_term *term = &objective->family[f];
        if (!family_acts(objective, f, t) || term->count == 0) continue;
        *value +=
            term->config.weight * sw_divergence_mean(&term->spec, term->tuples, term->count, objective->rows.row_of,
                                                     logits, term->config.weight, dlogits);
    }
    sw_status status = add_priors(value, objective, model, t);
    sw_model_backward(model, dlogits);
    sw_model_drop(model, 0, 0, NULL);
    return status;
}

/* ---- what was drawn, and what is carried over ---- */

const sw_tuple *sw_objective_tuples(const sw_objective *objective, sw_family_id f, size_t *count) {
    *count = family_acts(objective, f, objective->t) ? objective->family[f].count : 0;
    return objective->family[f].tuples;
}

const int32_t *sw_objective_class_map(const sw_objective *objective, sw_family_id f, int32_t map) {
    if (map < 0) return NULL;
    return objective->family[f].class_map + (size_t)map * (size_t)objective->task->classes;
}

const sw_lipschitz_pair *sw_objective_pairs(const sw_objective *objective, sw_prior_id g, size_t *count) {
    *count = prior_acts(objective, g, objective->t) ? objective->prior[g]->pair_count : 0;
    return *count ? objective->prior[g]->pairs : NULL;
}

const int32_t *sw_objective_pair_inputs(const sw_objective *objective, sw_prior_id g) {
    return objective->prior[g] ? objective->prior[g]->pair_inputs : NULL;
}

const int32_t *sw_objective_batch(const sw_objective *objective, size_t *count) {
    *count = objective->batch_size;
    return objective->batch;
}

/* Bytes of what the priors carry over, one after the other; copied to `to` or from `from` unless those are NULL. */
static size_t carry(const sw_objective *objective, char *to, const char *from) {
    size_t total = 0, bytes;
    for (int g = 0; g < SW_PRIOR_COUNT; g++, total += bytes) {
        bytes = 0;
        void *state = objective->prior[g] && priors[g]->state ? priors[g]->state(objective->prior[g], &bytes) : NULL;
        if (to && bytes) memcpy(to + total, state, bytes);
        if (from && bytes) memcpy(state, from + total, bytes);
    }
    return total;
}

size_t sw_objective_state_bytes(const sw_objective *objective) { return carry(objective, NULL, NULL); }

void sw_objective_save(const sw_objective *objective, void *state) { carry(objective, state, NULL); }

void sw_objective_restore(sw_objective *objective, const void *state) { carry(objective, NULL, state); }
