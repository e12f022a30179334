/* One evaluation: logits of the whole table once, then every measure that applies. */
#include "symsweep/measure.h"

#include "measure/applicable.h"
#include "measure/curves.h"
#include "measure/interpret.h"
#include "measure/layout.h"
#include "measure/modes.h"
#include "measure/spectrum.h"
#include "measure/violations.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sw_measure {
    sw_run_config config;
    const sw_task *task;
    const int8_t *split;
    sw_arena *arena; /* owns all buffers */
    sw_real *logits; /* [N, C] */
    sw_curves curves;
    sw_violations violations;
    sw_spectrum spectrum;
    sw_modes modes;
    sw_layout layout;
    sw_interpret interpret;
    sw_snapshot_shape shape;
    float leak[SW_FAMILY_COUNT];
    float *pca; /* [entities, 8] */
    float explained[SW_PCA_COMPONENTS];
    float *singular; /* [singular] */
    float *power;    /* [fourier] */
};

/* ---- setting up ---- */

/* Share of the test inputs whose label follows from train labels through the tuples of one family. */
static sw_status find_leaks(sw_measure *m)
{
    int8_t *derived = malloc(m->task->inputs);
    if (!derived) return sw_fail(SW_E_MEMORY, "derived labels of %zu inputs", m->task->inputs);
    sw_status status = SW_OK;
    for (int f = 0; f < SW_FAMILY_COUNT && status == SW_OK; f++) {
        m->leak[f] = NAN;
        if (!m->violations.family[f].applies || !sw_families[f]->holds(&m->task->config)) continue;
        if (m->curves.test_inputs == 0) continue;
        status = sw_task_derived(derived, m->task, m->split, m->config.symmetry, UINT32_C(1) << f);
        size_t count = 0;
        for (size_t i = 0; i < m->task->inputs; i++) count += m->split[i] == 0 && derived[i];
        m->leak[f] = (float)((double)count / (double)m->curves.test_inputs);
    }
    free(derived);
    return status;
}

static sw_status create_parts(sw_measure *m)
{
    const sw_task *task = m->task;
    sw_status status = sw_arena_create(&m->arena);
    if (status != SW_OK) return status;
    sw_snapshot_shape_from(&m->shape, &m->config, task);
    m->logits = sw_arena_alloc(m->arena, task->inputs * (size_t)task->classes, sizeof *m->logits);
    m->pca = sw_arena_alloc(m->arena, (size_t)task->entities * SW_PCA_COMPONENTS, sizeof *m->pca);
    m->singular = sw_arena_alloc(m->arena, (size_t)m->shape.singular, sizeof *m->singular);
    m->power = sw_arena_alloc(m->arena, (size_t)m->shape.fourier, sizeof *m->power);
    if (!m->logits || !m->pca || !m->singular || !m->power) return SW_E_MEMORY;

    status = sw_curves_create(&m->curves, &m->config, task, m->split, m->arena);
    if (status == SW_OK) status = sw_violations_create(&m->violations, &m->config, task, m->arena);
    if (status == SW_OK) status = sw_spectrum_create(&m->spectrum, task->entities, m->config.model.d_model, m->arena);
    if (status == SW_OK) status = sw_modes_create(&m->modes, task, m->config.model.d_model, m->arena);
    if (status == SW_OK) status = sw_layout_create(&m->layout, task, m->arena);
    if (status == SW_OK) status = sw_interpret_create(&m->interpret, &m->config, task, m->split, m->arena);
    if (status == SW_OK) status = find_leaks(m);
    return status;
}

sw_status sw_measure_create(sw_measure **out, const sw_run_config *config, const sw_task *task, const int8_t *split)
{
    *out = NULL;
    sw_measure *m = calloc(1, sizeof *m);
    if (!m) return sw_fail(SW_E_MEMORY, "measures");
    m->config = *config;
    m->task = task;
    m->split = split;
    sw_status status = create_parts(m);
    if (status != SW_OK) {
        sw_measure_destroy(m);
        return sw_fail_in(status, "measures");
    }
    *out = m;
    return SW_OK;
}

void sw_measure_destroy(sw_measure *m)
{
    if (!m) return;
    sw_interpret_release(&m->interpret);
    sw_violations_release(&m->violations);
    sw_arena_destroy(m->arena);
    free(m);
}

size_t sw_measure_bytes(const sw_measure *m)
{
    size_t bytes = sw_arena_bytes(m->arena);
    for (int f = 0; f < SW_FAMILY_COUNT; f++)
        if (m->violations.family[f].class_map)
            bytes += (size_t)sw_families[f]->maps(m->task) * (size_t)m->task->classes * sizeof(int32_t);
    if (m->interpret.probe) {
        const sw_model_shape shape = {.vocabulary = m->task->vocabulary,
                                      .entities = m->task->entities,
                                      .tokens = m->task->tokens,
                                      .classes = m->task->classes};
        bytes += sw_model_memory(&m->config.model, &shape, m->interpret.pairs);
    }
    return bytes;
}

void sw_measure_facts(sw_run_facts *out, const sw_measure *m, const sw_model *model)
{
    memset(out, 0, sizeof *out); /* padding too: facts travel and are compared as bytes */
    out->parameters = (int64_t)sw_model_parameter_count(model);
    out->majority = (float)sw_task_majority(m->task);
    out->train_inputs = (float)m->curves.train_inputs;
    out->test_inputs = (float)m->curves.test_inputs;
    out->unmirrored_inputs = (float)m->curves.unmirrored_inputs;
    out->underived_inputs = (float)m->curves.underived_inputs;
    for (int f = 0; f < SW_FAMILY_COUNT; f++) {
        const sw_family_probe *probe = &m->violations.family[f];
        out->tuples[f] = probe->applies ? (int64_t)probe->count : -1;
        out->enumerated[f] = probe->applies ? probe->enumerated : -1;
        out->holds[f] = probe->applies ? sw_families[f]->holds(&m->task->config) : -1;
        out->prompted[f] = m->config.symmetry[f].weight != 0;
        out->leak[f] = m->leak[f];
    }
    snprintf(out->blas_core, sizeof out->blas_core, "%s", sw_blas_core());
}

/* ---- measuring ---- */

static const sw_real *embedding(sw_model *model)
{
    return sw_model_parameters(model) + sw_model_tensor(model, "token_embedding")->offset;
}

/* Decomposes the embedding: spectrum and power are those of the model as it stands. */
static sw_status decompose(sw_measure *m, sw_model *model)
{
    sw_status status = sw_spectrum_compute(&m->spectrum, embedding(model), NULL);
    return status == SW_OK ? sw_modes_compute(&m->modes, &m->spectrum, embedding(model)) : status;
}

sw_status sw_measure_evaluate(sw_record *out, sw_measure *m, sw_model *model, bool full)
{
    memset(out, 0, sizeof *out); /* padding too: records travel and are compared as bytes */
    for (int i = 0; i < SW_METRIC_COUNT; i++) out->value[i] = NAN;
    sw_model_evaluate(model, m->task->input, m->task->inputs, m->logits);
    sw_curves_fill(out->value, &m->curves, m->logits, model);
    sw_violations_fill(out->value, &m->violations, m->logits);

    sw_status status = decompose(m, model);
    if (status != SW_OK) return status;
    sw_spectrum_fill(out->value, &m->spectrum);
    sw_modes_fill(out->value, &m->modes, &m->spectrum);
    sw_layout_fill(out->value, &m->layout, &m->spectrum);
    if (full) sw_interpret_fill(out->value, &m->interpret, m->logits, &m->modes, model);
    return SW_OK;
}

sw_status sw_measure_snapshot(sw_snapshot *out, sw_measure *m, sw_model *model)
{
    const sw_spectrum *s = &m->spectrum;
    sw_status status = decompose(m, model);
    if (status != SW_OK) return status;
    for (int32_t i = 0; i < s->rows; i++)
        for (int32_t c = 0; c < SW_PCA_COMPONENTS; c++)
            m->pca[i * SW_PCA_COMPONENTS + c] =
                c < s->components ? (float)s->score[(size_t)i * (size_t)s->components + (size_t)c] : NAN;
    for (int32_t i = 0; i < s->rank; i++) m->singular[i] = (float)s->singular[i];
    for (int32_t i = 0; i < m->modes.lines; i++) m->power[i] = (float)m->modes.power[i];
    sw_spectrum_explained(m->explained, s);

    *out = (sw_snapshot){.shape = m->shape,
                         .array[SW_SNAPSHOT_PCA] = m->pca,
                         .array[SW_SNAPSHOT_EXPLAINED_VARIANCE] = m->explained,
                         .array[SW_SNAPSHOT_SINGULAR_VALUES] = m->singular,
                         .array[SW_SNAPSHOT_FOURIER_POWER] = m->power,
                         .array[SW_SNAPSHOT_EMBEDDING] = m->shape.vocabulary > 0 ? embedding(model) : NULL,
                         .array[SW_SNAPSHOT_PARAMETERS] = m->shape.parameters > 0 ? sw_model_parameters(model) : NULL};
    return SW_OK;
}
