/* objective.c: the objective of one optimizer step:
 *
 *     loss(batch) + sum_f weight_f * mean over tuples of family f + sum_g weight_g * prior_g
 *
 * One forward over the distinct inputs of the batch and all tuples, losses on the logits, one backward. */
#include "symsweep/train.h"

#include "symsweep/changes.h"
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
    sw_run_config now; /* as `changes` have it in the step that was drawn last */
    const sw_task *task;
    sw_arena *arena;
    sw_batches *batches;
    sw_rows rows;
    int64_t t; /* the step that was drawn last */
    size_t batch_size, max_rows;
    size_t train;         /* inputs of the train set */
    int8_t *split;        /* [N] when it has changed */
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

static void take_config(family_term *term, const sw_family_config *config) {
    term->config = *config;
    term->spec.bound = config->weight < 0 ? config->bound : 0;
}

/* Tuples of the train split, or of all inputs. */
static sw_status create_tuples(sw_objective *objective, sw_family_id f, const int8_t *split) {
    family_term *term = &objective->family[f];
    sw_status status = sw_tuples_create(&term->set, objective->task, f, split, (sw_inputs)term->config.inputs);
    return status == SW_OK ? SW_OK : sw_fail_in(status, "symmetry.%s", sw_family_names[f]);
}

/* The tuples of every step, where all are taken and none is predicted. */
static void list_tuples(family_term *term) {
    if (term->config.tuples_per_step > 0 || term->predicted) return;
    term->count = (size_t)sw_tuples_count(term->set);
    for (size_t i = 0; i < term->count; i++) sw_tuples_get(term->set, (int64_t)i, &term->tuples[i]);
}

/* widest: the family's weight, whenever it has one. */
static sw_status create_family(sw_objective *objective, sw_family_id f, const int8_t *split, double widest) {
    const sw_task *task = objective->task;
    const sw_family *family = sw_families[f];
    family_term *term = &objective->family[f];
    if (widest == 0) return SW_OK;
    term->config = objective->config->symmetry[f];
    if (!family->applies(&task->config)) /* the plan has seen to it, in another process */
        return sw_fail(SW_E_CONFIG, "symmetry.%s: not defined on the task where it trains, but where it was planned",
                       sw_family_names[f]);
    sw_status status = create_tuples(objective, f, split);
    if (status != SW_OK) return status;
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
    list_tuples(term);

    term->spec = (sw_divergence_spec){
        .compare = family->compare,
        .divergence = (sw_divergence)term->config.divergence,
        .classes = task->classes,
    };
    take_config(term, &objective->config->symmetry[f]);
    if (task->config.kind == SW_TASK_COMPARISON) sw_task_odds(task, &term->spec.odds_high, &term->spec.odds_low);
    if (!family->class_map) return SW_OK;
    status = sw_families_class_maps(&term->class_map, task, f);
    term->spec.class_map = term->class_map;
    return status;
}

static sw_status create_prior(sw_objective *objective, sw_prior_id g, double widest) {
    const sw_prior_config *config = &objective->now.geometry[g];
    if (widest == 0) return SW_OK;
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
    sw_run_config widest;
    sw_objective *objective = calloc(1, sizeof *objective);
    if (!objective) return sw_fail(SW_E_MEMORY, "out of memory");
    sw_changes_widest(&widest, config, SW_CHANGES_ALL);
    objective->config = config;
    objective->now = *config;
    objective->task = task;
    objective->train = sw_run_train(config, task->inputs);
    sw_status status = sw_arena_create(&objective->arena);
    if (status == SW_OK) status = sw_batches_create(&objective->batches, config, task, split);
    if (status == SW_OK) objective->batch_size = sw_batches_size(objective->batches);
    for (int f = 0; f < SW_FAMILY_COUNT && status == SW_OK; f++)
        status = create_family(objective, (sw_family_id)f, split, widest.symmetry[f].weight);
    for (int g = 0; g < SW_PRIOR_COUNT && status == SW_OK; g++)
        status = create_prior(objective, (sw_prior_id)g, widest.geometry[g].weight);
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

/* ---- what changes ---- */

/* Batches and tuples of the train set as it is now, a part of the one that the run began with. */
static sw_status change_train_set(sw_objective *objective) {
    const sw_task *task = objective->task;
    if (!objective->split) objective->split = sw_arena_alloc(objective->arena, task->inputs, sizeof *objective->split);
    if (!objective->split) return SW_E_MEMORY;
    objective->train = sw_task_split(objective->split, task, &objective->now);
    if (objective->train == 0) return SW_E_MEMORY;
    sw_batches_destroy(objective->batches);
    sw_status status = sw_batches_create(&objective->batches, &objective->now, task, objective->split);
    if (status != SW_OK) return status;
    objective->batch_size = sw_batches_size(objective->batches);
    objective->batch_is_set = false;
    for (int f = 0; f < SW_FAMILY_COUNT && status == SW_OK; f++) {
        family_term *term = &objective->family[f];
        if (!term->set || term->config.inputs != SW_INPUTS_TRAIN) continue;
        sw_tuples_destroy(term->set);
        term->set = NULL;
        status = create_tuples(objective, (sw_family_id)f, objective->split);
        if (status == SW_OK) list_tuples(term);
    }
    return status;
}

/* Takes in what has changed before step t. */
static sw_status follow_changes(sw_objective *objective, int64_t t) {
    if (objective->config->changes.count == 0) return SW_OK;
    sw_changes_made(&objective->now, objective->config, t - 1);
    for (int f = 0; f < SW_FAMILY_COUNT; f++)
        if (objective->family[f].set) take_config(&objective->family[f], &objective->now.symmetry[f]);
    const bool same = sw_run_train(&objective->now, objective->task->inputs) == objective->train;
    return same ? SW_OK : change_train_set(objective);
}

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
    return objective->family[f].set && config->weight != 0 && acts(config->from_step, config->until_step, t);
}

static bool prior_acts(const sw_objective *objective, int g, int64_t t) {
    const sw_prior_term *term = objective->prior[g];
    return term && term->config->weight != 0 && acts(term->config->from_step, term->config->until_step, t);
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
    const sw_prior_step step = {.t = t,
                                .E = sw_model_parameters(model), /* it begins with E, whose first rows are entities */
                                .dE = sw_model_gradient(model),
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

sw_status sw_objective_draw(sw_objective *objective, sw_model *model, int64_t t) {
    const sw_status status = follow_changes(objective, t);
    if (status != SW_OK) return status;
    const sw_real *E = model ? sw_model_parameters(model) : NULL;
    objective->t = t;
    predict_table(objective, model, t);
    draw_batch(objective, t);
    for (int f = 0; f < SW_FAMILY_COUNT; f++)
        if (family_acts(objective, f, t)) draw_tuples(objective, (sw_family_id)f, t);
    for (int g = 0; g < SW_PRIOR_COUNT; g++)
        if (prior_acts(objective, g, t) && priors[g]->draw)
            priors[g]->draw(objective->prior[g], &objective->rows, E, t);
    return SW_OK;
}

sw_status sw_objective_step(double *value, sw_objective *objective, sw_model *model, int64_t t) {
    sw_status status = sw_objective_draw(objective, model, t);
    if (status != SW_OK) return status;
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
    status = add_priors(value, objective, model, t);
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

/* In front of what a prior carries over. */
typedef struct carried {
    uint64_t prior, bytes;
} carried;

/* Bytes of what the priors carry over, one after the other; copied to `to` unless that is NULL. */
static size_t carry(const sw_objective *objective, char *to) {
    size_t total = 0;
    for (int g = 0; g < SW_PRIOR_COUNT; g++) {
        size_t bytes = 0;
        void *state = objective->prior[g] && priors[g]->state ? priors[g]->state(objective->prior[g], &bytes) : NULL;
        const carried head = {(uint64_t)g, bytes};
        if (bytes == 0) continue;
        if (to) memcpy(to + total, &head, sizeof head);
        if (to) memcpy(to + total + sizeof head, state, bytes);
        total += sizeof head + bytes;
    }
    return total;
}

size_t sw_objective_state_bytes(const sw_objective *objective) { return carry(objective, NULL); }

void sw_objective_save(const sw_objective *objective, void *state) { carry(objective, state); }

bool sw_objective_restore(sw_objective *objective, const void *state, size_t bytes) {
    const char *at = state, *end = at + bytes;
    while (at < end) {
        carried head;
        if ((size_t)(end - at) < sizeof head) return false;
        memcpy(&head, at, sizeof head);
        at += sizeof head;
        if (head.prior >= SW_PRIOR_COUNT || head.bytes > (size_t)(end - at)) return false;
        sw_prior_term *term = objective->prior[head.prior];
        size_t own = 0;
        void *to = term && priors[head.prior]->state ? priors[head.prior]->state(term, &own) : NULL;
        if (to && own != head.bytes) return false;
        if (to) memcpy(to, at, own);
        at += head.bytes;
    }
    return true;
}
