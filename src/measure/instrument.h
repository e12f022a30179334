/* instrument.h: what measures the metrics: src/measure/instruments/<name>.c, an INSTRUMENT row of metrics.def. */
#pragma once

#include "measure/landscape.h"
#include "measure/modes.h"
#include "measure/probe.h"
#include "measure/spectrum.h"
#include "symsweep/nn.h"
#include "symsweep/record.h"
#include "symsweep/task.h"

/* What instruments look at. */
typedef struct sw_evaluation {
    const sw_run_config *config;
    const sw_task *task;
    const int8_t *split; /* [N] sw_split */
    sw_arena *arena;     /* lives as long as the instruments */
    /* of the model as it stands; before its first evaluation nothing below is set */
    sw_model *model;
    int64_t step;       /* optimizer steps taken */
    bool full;          /* the costly measures too */
    sw_real *logits;    /* [N, C] of the whole table */
    sw_softmax softmax; /* of the logits */
    sw_probe *probe;    /* its parameters are anyone's; NULL: no instrument of the run asked for one */
    sw_spectrum spectrum;
    sw_modes modes;
    /* asked now and then by what takes long: false = stop, with SW_E_INTERRUPTED; NULL = nobody asks */
    bool (*keep_going)(void *context);
    void *context;
} sw_evaluation;

/* A function that is left out (NULL) has nothing to do. */
typedef struct sw_instrument {
    size_t size;   /* of its state, which is zeroed before create */
    bool costly;   /* measures only where evaluate.spectra_every says so */
    bool families; /* measures the metrics of the families too */
    bool probes;   /* needs of->probe */
    /* Steps from one measurement to the next, at evaluations and at the last one; NULL: at every evaluation. */
    int64_t (*every)(const sw_run_config *config);
    sw_status (*create)(void *state, const sw_evaluation *of);
    /* Into value[SW_VALUE_COUNT], which holds NaN where nothing has been measured. */
    sw_status (*evaluate)(float *value, void *state, const sw_evaluation *of);
    /* Weights of of->config, or the split, may be others (`changes`). */
    sw_status (*changed)(void *state, const sw_evaluation *of);
    void (*facts)(sw_run_facts *out, const void *state, const sw_evaluation *of);
    void (*destroy)(void *state); /* fine after a failed create */
    /* Bytes outside of the arena. */
    size_t (*bytes)(const void *state, const sw_evaluation *of);
    /* What create allocates, an estimate from above. */
    double (*memory)(const sw_run_config *config, const sw_task *shape);
    /* Bytes of the state that a run has to find again when it is resumed from a checkpoint. */
    void *(*kept)(void *state, size_t *bytes);
} sw_instrument;

enum {
#define M(...)
#define INSTRUMENT(name) SW_INSTRUMENT_##name,
#include "symsweep/metrics.def"
    SW_INSTRUMENT_COUNT
#undef M
};

extern const sw_instrument *const sw_instruments[SW_INSTRUMENT_COUNT];

/* applies[i] = one of the metrics of instrument i applies to such a run. */
void sw_instrument_applicable(bool applies[SW_INSTRUMENT_COUNT], const sw_run_config *config, const sw_task *shape);

/* Parameters of the run's model. */
size_t sw_instrument_parameters(const sw_run_config *config, const sw_task *shape);

/* The train loss around the run's parameters, for the step of the evaluation. It is taken at the probe's parameters,
 * into the probe's gradient: these are the w and gradient to work with. */
sw_landscape sw_instrument_landscape(const sw_evaluation *of);

/* SW_E_INTERRUPTED where whoever trains the run is to stop. */
sw_status sw_instrument_go_on(const sw_evaluation *of) SW_MUST_CHECK;

static inline sw_model_shape sw_instrument_model_shape(const sw_task *task) {
    return (sw_model_shape){
        .vocabulary = task->vocabulary, .entities = task->entities, .tokens = task->tokens, .classes = task->classes};
}
