/* measure.c: one evaluation: logits of the whole table and the decomposition of the embedding once, then every
 * instrument that applies. */
#include "symsweep/measure.h"

#include "measure/instrument.h"
#include "symsweep/changes.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sw_measure {
    sw_run_config config;
    sw_run_config so_far; /* with weights as wide as they have been */
    int8_t *split;        /* [N], where the train set changes */
    sw_evaluation of;
    sw_probe probe;
    void *state[SW_INSTRUMENT_COUNT]; /* NULL = the instrument does not apply */
    sw_snapshot_shape shape;
    float *pca; /* [entities, 8] */
    float explained[SW_PCA_COMPONENTS];
    float *singular; /* [singular] */
    float *power;    /* [fourier] */
};

/* ---- setting up ---- */

static void shape_of(sw_snapshot_shape *out, const sw_run_config *config, const sw_task *task) {
    const int32_t d = sw_model_embedding_width(&config->model);
    *out = (sw_snapshot_shape){.entities = task->entities,
                               .singular = task->entities < d ? task->entities : d,
                               .fourier = sw_modes_lines(task)};
    if (config->save.embedding) {
        out->vocabulary = task->vocabulary;
        out->d = d;
    }
    if (config->save.parameters || config->save.optimizer) {
        const size_t parameters = sw_instrument_parameters(config, task);
        out->parameters = (int64_t)parameters;
        if (config->save.optimizer) out->optimizer = (int64_t)sw_optimizer_state_length(&config->optimizer, parameters);
    }
}

sw_status sw_measure_snapshot_shape(sw_snapshot_shape *out, const sw_run_config *config) {
    sw_task task;
    sw_status status = sw_task_describe(&task, &config->task, &config->model);
    if (status == SW_OK) shape_of(out, config, &task);
    return status;
}

static bool probes(const bool applies[SW_INSTRUMENT_COUNT]) {
    bool any = false;
    for (int i = 0; i < SW_INSTRUMENT_COUNT; i++) any = any || (applies[i] && sw_instruments[i]->probes);
    return any;
}

size_t sw_measure_room(const sw_task *shape) {
    const size_t softmax = 2 * sw_softmax_width(shape->classes) * sizeof(sw_real) + sizeof(int32_t);
    return shape->inputs * ((size_t)shape->classes * sizeof(sw_real) + softmax);
}

static sw_status take_room(sw_evaluation *of, void *spare, size_t bytes) {
    const size_t inputs = of->task->inputs, width = sw_softmax_width(of->task->classes);
    sw_real *room =
        bytes >= sw_measure_room(of->task) ? spare : sw_arena_alloc(of->arena, sw_measure_room(of->task), 1);
    if (!room) return SW_E_MEMORY;
    of->softmax.classes = of->task->classes;
    of->softmax.p = room;
    of->softmax.log_p = of->softmax.p + inputs * width;
    of->logits = of->softmax.log_p + inputs * width;
    of->softmax.argmax = (int32_t *)(of->logits + inputs * (size_t)of->task->classes);
    return SW_OK;
}

static sw_status create_parts(sw_measure *m, void *spare, size_t bytes) {
    sw_evaluation *of = &m->of;
    const sw_task *task = of->task;
    const int32_t d = sw_model_embedding_width(&m->config.model);
    sw_status status = sw_arena_create(&of->arena);
    if (status != SW_OK) return status;
    shape_of(&m->shape, &m->config, task);
    status = take_room(of, spare, bytes);
    m->pca = sw_arena_alloc(of->arena, (size_t)task->entities * SW_PCA_COMPONENTS, sizeof *m->pca);
    m->singular = sw_arena_alloc(of->arena, (size_t)m->shape.singular, sizeof *m->singular);
    m->power = sw_arena_alloc(of->arena, (size_t)m->shape.fourier, sizeof *m->power);
    if (status != SW_OK || !m->pca || !m->singular || !m->power) return SW_E_MEMORY;
    if (sw_changes_has(&m->config, offsetof(sw_run_config, train_fraction))) {
        m->split = sw_arena_alloc(of->arena, task->inputs, sizeof *m->split);
        if (!m->split) return SW_E_MEMORY;
        memcpy(m->split, of->split, task->inputs);
        of->split = m->split;
    }
    status = sw_spectrum_create(&of->spectrum, task->entities, d, of->arena);
    if (status == SW_OK) status = sw_modes_create(&of->modes, task, d, of->arena);

    bool applies[SW_INSTRUMENT_COUNT];
    sw_instrument_applicable(applies, &m->config, task);
    if (status == SW_OK && probes(applies)) {
        status = sw_probe_create(&m->probe, &m->config, task, of->split, of->arena);
        of->probe = &m->probe;
    }
    for (int i = 0; i < SW_INSTRUMENT_COUNT && status == SW_OK; i++) {
        if (!applies[i]) continue;
        m->state[i] = calloc(1, sw_instruments[i]->size + 1); /* never NULL where there is no state */
        if (!m->state[i]) return sw_fail(SW_E_MEMORY, "out of memory");
        if (sw_instruments[i]->create) status = sw_instruments[i]->create(m->state[i], of);
    }
    return status;
}

sw_status sw_measure_create(sw_measure **out, const sw_run_config *config, const sw_task *task, const int8_t *split,
                            void *spare, size_t bytes) {
    *out = NULL;
    sw_measure *m = calloc(1, sizeof *m);
    if (!m) return sw_fail(SW_E_MEMORY, "measures");
    m->config = m->so_far = *config;
    m->of = (sw_evaluation){.config = &m->so_far, .task = task, .split = split};
    sw_status status = create_parts(m, spare, bytes);
    if (status != SW_OK) {
        sw_measure_destroy(m);
        return sw_fail_in(status, "measures");
    }
    *out = m;
    return SW_OK;
}

void sw_measure_destroy(sw_measure *m) {
    if (!m) return;
    for (int i = 0; i < SW_INSTRUMENT_COUNT; i++) {
        if (m->state[i] && sw_instruments[i]->destroy) sw_instruments[i]->destroy(m->state[i]);
        free(m->state[i]);
    }
    sw_probe_destroy(&m->probe);
    sw_arena_destroy(m->of.arena);
    free(m);
}

/* ---- memory ---- */

size_t sw_measure_bytes(const sw_measure *m) {
    return sw_arena_bytes(m->of.arena) + (m->of.probe ? sw_probe_model_bytes(&m->config, m->of.task) : 0);
}

double sw_measure_memory(const sw_run_config *config, const sw_task *shape, size_t spare) {
    double n = shape->entities, d = sw_model_embedding_width(&config->model), r = n < d ? n : d;
    double lines = sw_modes_lines(shape);
    double spectrum = 2 * n * d + r * (n + d) + SW_PCA_COMPONENTS * n + 7 * r * r + 64 * (n + d);
    double modes = shape->order > 0 ? 2 * lines * (n + d) : lines > 0 ? n * (n + lines) : 0;
    double bytes = sizeof(double) * (2 * spectrum + modes) + sizeof(float) * SW_PCA_COMPONENTS * n;
    if (spare < sw_measure_room(shape)) bytes += (double)sw_measure_room(shape);
    bool applies[SW_INSTRUMENT_COUNT];
    sw_instrument_applicable(applies, config, shape);
    if (probes(applies)) bytes += sw_probe_memory(config, shape);
    for (int i = 0; i < SW_INSTRUMENT_COUNT; i++)
        if (applies[i] && sw_instruments[i]->memory) bytes += sw_instruments[i]->memory(config, shape);
    return bytes;
}

/* ---- what instruments keep from evaluation to evaluation ---- */

/* Copies it to `out`, or back from `saved`, where they are given; returns how many bytes it is. */
static size_t copy_state(char *out, const char *saved, const sw_measure *m) {
    size_t total = 0;
    for (int i = 0; i < SW_INSTRUMENT_COUNT; i++) {
        size_t bytes = 0;
        if (!m->state[i] || !sw_instruments[i]->kept) continue;
        void *kept = sw_instruments[i]->kept(m->state[i], &bytes);
        if (out) memcpy(out + total, kept, bytes);
        if (saved) memcpy(kept, saved + total, bytes);
        total += bytes;
    }
    return total;
}

size_t sw_measure_state_bytes(const sw_measure *measure) { return copy_state(NULL, NULL, measure); }

void sw_measure_state_save(void *out, const sw_measure *measure) { (void)copy_state(out, NULL, measure); }

void sw_measure_state_restore(sw_measure *measure, const void *saved) { (void)copy_state(NULL, saved, measure); }

/* ---- what changes ---- */

/* Of those in train, the inputs that are trained on no more. */
static sw_status shrink_train_set(sw_measure *m, const sw_run_config *now) {
    const size_t inputs = m->of.task->inputs;
    int8_t *present = malloc(inputs);
    if (!present) return sw_fail(SW_E_MEMORY, "out of memory");
    const bool known = sw_task_split(present, m->of.task, now) > 0;
    for (size_t i = 0; i < inputs && known; i++)
        if (m->split[i] != SW_SPLIT_TEST) m->split[i] = present[i] == SW_SPLIT_TRAIN ? SW_SPLIT_TRAIN : SW_SPLIT_LEFT;
    free(present);
    return known ? SW_OK : SW_E_MEMORY;
}

sw_status sw_measure_follow(sw_measure *m, int64_t t) {
    sw_run_config now;
    sw_status status = SW_OK;
    if (m->config.changes.count == 0) return SW_OK;
    sw_changes_widest(&m->so_far, &m->config, t - 1);
    sw_changes_made(&now, &m->config, t - 1);
    if (m->split) status = shrink_train_set(m, &now);
    if (status == SW_OK && m->of.probe) sw_probe_divide(m->of.probe, m->of.split);
    for (int i = 0; i < SW_INSTRUMENT_COUNT && status == SW_OK; i++)
        if (m->state[i] && sw_instruments[i]->changed) status = sw_instruments[i]->changed(m->state[i], &m->of);
    return status;
}

/* ---- measuring ---- */

void sw_measure_facts(sw_run_facts *out, const sw_measure *m, const sw_model *model) {
    memset(out, 0, sizeof *out); /* padding too: facts travel and are compared as bytes */
    out->parameters = (int64_t)sw_model_parameter_count(model);
    out->majority = (float)sw_task_majority(m->of.task);
    snprintf(out->blas_core, sizeof out->blas_core, "%s", sw_blas_core());
    for (int i = 0; i < SW_INSTRUMENT_COUNT; i++)
        if (m->state[i] && sw_instruments[i]->facts) sw_instruments[i]->facts(out, m->state[i], &m->of);
}

static const sw_real *embedding(sw_model *model) { return sw_model_parameters(model); }

/* Decomposes the embedding: spectrum and power are those of the model as it stands. */
static sw_status decompose(sw_evaluation *of, sw_model *model) {
    sw_status status = sw_spectrum_compute(&of->spectrum, embedding(model), NULL);
    return status == SW_OK ? sw_modes_compute(&of->modes, &of->spectrum, embedding(model)) : status;
}

void sw_measure_ask(sw_measure *m, bool (*keep_going)(void *context), void *context) {
    m->of.keep_going = keep_going;
    m->of.context = context;
}

/* Is it measured at every evaluation like this one? */
static bool is_due(const sw_instrument *instrument, const sw_evaluation *of) {
    return instrument->every ? of->step % instrument->every(of->config) == 0 : of->full || !instrument->costly;
}

sw_status sw_measure_evaluate(sw_record *out, sw_measure *m, sw_model *model, int64_t step, int32_t evaluation,
                              bool last) {
    memset(out, 0, sizeof *out); /* padding too: records travel and are compared as bytes */
    for (int i = 0; i < SW_VALUE_COUNT; i++) out->value[i] = NAN;
    out->step = step;
    out->evaluation = evaluation;
    m->of.model = model;
    m->of.step = step;
    m->of.full = last || evaluation % m->config.evaluate.spectra_every == 0;
    sw_model_evaluate(model, m->of.task->input, m->of.task->inputs, m->of.logits);
    sw_softmax_table(&m->of.softmax, m->of.logits, m->of.task->inputs);
    sw_status status = decompose(&m->of, model);
    for (int i = 0; i < SW_INSTRUMENT_COUNT && status == SW_OK; i++)
        if (m->state[i] && (last || is_due(sw_instruments[i], &m->of)))
            status = sw_instruments[i]->evaluate(out->value, m->state[i], &m->of);
    return status;
}

sw_status sw_measure_complete(sw_record *record, sw_measure *m) {
    const bool was_full = m->of.full;
    sw_status status = SW_OK;
    m->of.full = true;
    for (int i = 0; i < SW_INSTRUMENT_COUNT && status == SW_OK; i++) {
        if (!m->state[i]) continue;
        const bool whole = sw_instruments[i]->every ? is_due(sw_instruments[i], &m->of) : was_full;
        if (!whole) status = sw_instruments[i]->evaluate(record->value, m->state[i], &m->of);
    }
    return status;
}

sw_status sw_measure_snapshot(sw_snapshot *out, sw_measure *m, sw_model *model) {
    const sw_spectrum *s = &m->of.spectrum;
    const sw_modes *modes = &m->of.modes;
    sw_status status = decompose(&m->of, model);
    if (status != SW_OK) return status;
    for (int32_t i = 0; i < s->rows; i++)
        for (int32_t c = 0; c < SW_PCA_COMPONENTS; c++)
            m->pca[i * SW_PCA_COMPONENTS + c] =
                c < s->components ? (float)s->score[(size_t)i * (size_t)s->components + (size_t)c] : NAN;
    for (int32_t i = 0; i < s->rank; i++) m->singular[i] = (float)s->singular[i];
    for (int32_t i = 0; i < modes->lines; i++) m->power[i] = (float)modes->power[i];
    const double variance = sw_spectrum_variance(s);
    for (int32_t c = 0; c < SW_PCA_COMPONENTS; c++)
        m->explained[c] = c < s->components && variance > 0 ? (float)(s->singular[c] * s->singular[c] / variance) : NAN;

    *out = (sw_snapshot){.shape = m->shape,
                         .array[SW_SNAPSHOT_PCA] = m->pca,
                         .array[SW_SNAPSHOT_EXPLAINED_VARIANCE] = m->explained,
                         .array[SW_SNAPSHOT_SINGULAR_VALUES] = m->singular,
                         .array[SW_SNAPSHOT_FOURIER_POWER] = m->power,
                         .array[SW_SNAPSHOT_EMBEDDING] = m->shape.vocabulary > 0 ? embedding(model) : NULL,
                         .array[SW_SNAPSHOT_PARAMETERS] = m->shape.parameters > 0 ? sw_model_parameters(model) : NULL};
    return SW_OK;
}
