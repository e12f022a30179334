/* fixture.h: configurations, models and splits for the tests of the measures. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "measure/instrument.h"
#include "symsweep/measure.h"

#define assert_ok(call) fixture_ok((call), #call, __FILE__, __LINE__)

static inline void fixture_ok(sw_status status, const char *call, const char *file, int line) {
    if (status == SW_OK) return;
    print_error("%s: %s\n", call, sw_fail_message());
    _fail(file, line);
}

/* |a - b| <= 1e-4 |b| + 3e-5 sqrt|b| + 1e-9 */
static inline bool fixture_close(double a, double b) {
    if (isnan(a) || isnan(b)) return isnan(a) && isnan(b);
    return fabs(a - b) <= 1e-4 * fabs(b) + 3e-5 * sqrt(fabs(b)) + 1e-9;
}

#define assert_close(a, b) fixture_assert_close((a), (b), #a, __FILE__, __LINE__)

static inline void fixture_assert_close(double a, double b, const char *what, const char *file, int line) {
    if (fixture_close(a, b)) return;
    print_error("%s = %.9g, expected %.9g\n", what, a, b);
    _fail(file, line);
}

/* A small transformer on x + y mod p, half of the table in train. */
static inline sw_run_config fixture_config(int32_t p) {
    sw_run_config config;
    memset(&config, 0, sizeof config);
    config.task.kind = SW_TASK_MODULAR;
    config.task.operation = SW_OP_ADD;
    config.task.p = p;
    config.train_fraction = 0.5;
    config.model = (sw_model_config){.kind = SW_MODEL_TRANSFORMER,
                                     .layers = 1,
                                     .d_model = 16,
                                     .heads = 2,
                                     .d_head = 8,
                                     .d_mlp = 32,
                                     .d_hidden = 32,
                                     .readout_token = true,
                                     .embedding_init_scale = 1,
                                     .output_scale = 1,
                                     .bias = true,
                                     .init_scale = 1,
                                     .causal = true,
                                     .attention_rate = 1};
    config.steps = 1000;
    config.evaluate = (sw_evaluate_config){.every = 100, .tuples = 4096, .spectra_every = 1, .snapshots = 5};
    config.phase = (sw_phase_config){.family = SW_FAMILY_ASSOCIATIVITY, .tau = 0.1, .accuracy = 0.99, .gap = 1000};
    return config;
}

/* A run before its first step. */
typedef struct fixture {
    sw_run_config config;
    sw_task *task;
    int8_t *split;
    sw_model *model;
    sw_measure *measure;
} fixture;

static inline void fixture_create(fixture *f, const sw_run_config *config) {
    f->config = *config;
    assert_ok(sw_task_create(&f->task, &config->task, &config->model, config->data_seed));
    f->split = malloc(f->task->inputs);
    assert_non_null(f->split);
    assert_true(sw_task_split(f->split, f->task, config) > 0);
    const sw_model_shape shape = {.vocabulary = f->task->vocabulary,
                                  .entities = f->task->entities,
                                  .tokens = f->task->tokens,
                                  .classes = f->task->classes};
    assert_ok(sw_model_create(&f->model, &config->model, &shape, f->task->inputs));
    sw_model_initialize(f->model, config->seed);
    assert_ok(sw_measure_create(&f->measure, &f->config, f->task, f->split, NULL, 0));
}

static inline void fixture_destroy(fixture *f) {
    sw_measure_destroy(f->measure);
    sw_model_destroy(f->model);
    free(f->split);
    sw_task_destroy(f->task);
}

static inline sw_real *fixture_embedding(const fixture *f) {
    return sw_model_parameters(f->model) + sw_model_tensor(f->model, "token_embedding")->offset;
}

/* One instrument of a run, by its name in metrics.def. */
#define INSTRUMENT_OF(name) sw_instruments[SW_INSTRUMENT_##name]

static inline void *fixture_instrument(const sw_instrument *instrument, const sw_evaluation *of) {
    void *state = calloc(1, instrument->size + 1);
    assert_non_null(state);
    if (instrument->create) assert_ok(instrument->create(state, of));
    return state;
}
