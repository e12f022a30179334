/* fixture.h: an invented sweep with every kind of dataset, whose values follow from row and evaluation. */
#pragma once

#include "symsweep/store.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    FIXTURE_RUNS_MAX = 16384,
    FIXTURE_AXES = 4,
    FIXTURE_P = 7,
    FIXTURE_D = 4,
    FIXTURE_PARAMETERS = 300,
    FIXTURE_GENERATORS = 2
};

static const sw_axis fixture_axes[FIXTURE_AXES] = {{"symmetry.commutativity.weight", SW_AXIS_REAL},
                                                   {"seed", SW_AXIS_INTEGER},
                                                   {"model.readout_token", SW_AXIS_BOOL},
                                                   {"task.operation", SW_AXIS_STRING}};

typedef struct fixture {
    sw_store_sweep layout;
    sw_store_run *runs;
    sw_axis_value (*axes)[FIXTURE_AXES];
    char (*ids)[65];
    char (*configs)[256];
} fixture;

/* Runs first .. first + count of an endless sweep. wide: snapshots, data and parameters too. */
static inline fixture fixture_create(size_t first, size_t count, int64_t evaluations, bool wide) {
    static const char sweep[] = "{ \"name\": \"fixture\",\n  \"note\": \"Gr\xc3\xbc\xc3\x9f"
                                "e\" }\n";
    fixture f = {.runs = calloc(count + 1, sizeof *f.runs),
                 .axes = calloc(count + 1, sizeof *f.axes),
                 .ids = calloc(count + 1, sizeof *f.ids),
                 .configs = calloc(count + 1, sizeof *f.configs)};
    for (size_t i = 0; i < count; i++) {
        const size_t k = first + i;
        snprintf(f.ids[i], sizeof f.ids[i], "%064zx", k * 2654435761u % 4294967291u);
        snprintf(
            f.configs[i], sizeof f.configs[i],
            "{\"task\": {\"kind\": \"modular\", \"operation\": \"%s\", \"p\": %d}, \"seed\": %zu, \"steps\": %lld}",
            k % 2 ? "sub" : "add", FIXTURE_P, k, (long long)(evaluations - 1) * 100);
        f.axes[i][0].real = 0.1 * (double)(k % 3);
        f.axes[i][1].integer = (int64_t)k;
        f.axes[i][2].integer = k % 2 == 0;
        snprintf(f.axes[i][3].string, sizeof f.axes[i][3].string, "%s", k % 2 ? "sub" : "add");
        f.runs[i] = (sw_store_run){.id = f.ids[i],
                                   .config = f.configs[i],
                                   .label = k % 5 ? "" : "fünf",
                                   .task = "modular",
                                   .seed = (int64_t)k,
                                   .evaluations = evaluations,
                                   .snapshots = 4,
                                   .axes = f.axes[i],
                                   .parameter_layout = "",
                                   .generators = ""};
        f.runs[i].shape = (sw_snapshot_shape){.entities = FIXTURE_P, .singular = FIXTURE_D, .fourier = FIXTURE_P / 2};
        if (wide) {
            f.runs[i].shape.vocabulary = FIXTURE_P + 1;
            f.runs[i].shape.d = FIXTURE_D;
            f.runs[i].shape.parameters = FIXTURE_PARAMETERS;
            f.runs[i].shape.optimizer = 2 * FIXTURE_PARAMETERS;
            f.runs[i].data_inputs = FIXTURE_P * FIXTURE_P;
            f.runs[i].data_tokens = 3;
            f.runs[i].clean_labels = true;
            f.runs[i].generator_count = FIXTURE_GENERATORS;
            f.runs[i].llc_stretches = SW_LENGTH_LLC_TRACE;
            f.runs[i].irreps = SW_LENGTH_NEURON_POWER;
            f.runs[i].order_log10 = 2.5;
            f.runs[i].generators = "[{\"text\": \"swaps x and y\"}, {\"text\": \"negates x\"}]";
            f.runs[i].parameter_layout = "[{\"name\": \"token_embedding\", \"offset\": 0, \"shape\": [8, 4]}]";
        }
    }
    f.layout = (sw_store_sweep){.sweep_name = "fixture",
                                .sweep_text = sweep,
                                .sweep_length = sizeof sweep - 1,
                                .blas = "OpenBLAS 0.0",
                                .mpi = "none",
                                .axis_count = FIXTURE_AXES,
                                .axes = fixture_axes,
                                .run_count = count,
                                .runs = f.runs,
                                .refined = wide};
    for (int m = 0; m < SW_METRIC_COUNT; m++) f.layout.metric[m] = true;
    return f;
}

/* Few metrics: for tests that open a file often. */
static inline void fixture_narrow(fixture *f) {
    for (int m = 0; m < SW_METRIC_COUNT; m++)
        f->layout.metric[m] = m == SW_METRIC_TRAIN_LOSS || m == SW_METRIC_TEST_ACCURACY ||
                              m == SW_METRIC_EFFECTIVE_RANK ||
                              m == SW_METRIC_OF_FAMILY(SW_FAMILY_COMMUTATIVITY, SW_FAMILY_MAX);
}

static inline void fixture_release(fixture *f) {
    free(f->runs);
    free(f->axes);
    free(f->ids);
    free(f->configs);
}

/* The seed of a run says which one it is, wherever its row lies. */
static inline sw_record fixture_record(int64_t seed, int64_t evaluation) {
    sw_record record = {.step = evaluation * 100, .evaluation = (int32_t)evaluation};
    for (int m = 0; m < SW_METRIC_COUNT; m++) record.value[m] = (float)(seed * 1000 + evaluation) + (float)m / 1024;
    for (int g = 0; g < SW_GENERATORS_MAX; g++)
        record.value[SW_VALUE_BY_GENERATOR + g] = g == 0 ? (float)evaluation : NAN;
    record.value[SW_METRIC_TRAIN_ACCURACY] = (float)(seed % 16) / 32 + (float)evaluation / 1024;
    record.value[SW_METRIC_TEST_ACCURACY] = record.value[SW_METRIC_TRAIN_ACCURACY] / 2;
    record.value[SW_METRIC_TEST_ACCURACY_UNMIRRORED] = NAN;
    if (evaluation == 0) record.value[SW_METRIC_OBJECTIVE] = NAN;
    for (int g = 0; g < SW_GENERATORS_MAX; g++)
        record.value[SW_VALUE_BY_GENERATOR + g] =
            g < FIXTURE_GENERATORS ? (float)(seed + evaluation) + (float)g / 4 : NAN;
    return record;
}

static inline sw_run_facts fixture_facts(int64_t seed) {
    sw_run_facts facts = {.parameters = FIXTURE_PARAMETERS,
                          .majority = 0.25f,
                          .train_inputs = 24,
                          .test_inputs = 25,
                          .unmirrored_inputs = -1,
                          .underived_inputs = 5,
                          .blas_core = "Fixture"};
    for (int f = 0; f < SW_FAMILY_COUNT; f++) {
        facts.tuples[f] = seed % 2 && f == 1 ? -1 : 100 + f;
        facts.enumerated[f] = f % 2;
        facts.holds[f] = 1;
        facts.prompted[f] = f == 0;
        facts.leak[f] = f == 0 ? 0.5f : NAN;
    }
    return facts;
}

static inline sw_onsets fixture_onsets(int64_t seed) {
    sw_onsets onsets = {.t_mem = 100 + seed,
                        .t_gen = 600 + seed,
                        .t_sym = 500,
                        .t_geo = -1,
                        .t_geo_participation = -1,
                        .lead_time = 100,
                        .lead_time_known = seed % 2 == 0,
                        .phase = SW_PHASE_GROKKING};
    for (int t = 0; t < SW_THRESHOLD_COUNT; t++) {
        onsets.train_first[t] = onsets.train_stable[t] = 100 + t;
        onsets.test_first[t] = onsets.test_stable[t] = 600 + t;
    }
    for (int f = 0; f < SW_FAMILY_COUNT; f++) onsets.t_sym_mean[f] = onsets.t_sym_max[f] = 400 + f;
    return onsets;
}

static inline sw_run_result fixture_result(sw_run_state state, int64_t evaluations) {
    sw_run_result result = {.state = state,
                            .records = (int32_t)evaluations,
                            .steps = (evaluations - 1) * 100,
                            .wall_seconds = 2.5,
                            .measure_seconds = 0.25};
    if (state == SW_RUN_FAILED) snprintf(result.error, sizeof result.error, "killed by signal 9");
    return result;
}

static inline sw_status fixture_snapshot(sw_store *store, int64_t row, int64_t seed, int32_t number,
                                         const sw_snapshot_shape *shape) {
    float values[2 * FIXTURE_PARAMETERS];
    for (int i = 0; i < 2 * FIXTURE_PARAMETERS; i++) values[i] = (float)(seed * 10 + number) + (float)i / 512;
    const sw_snapshot snapshot = {.step = number * 100,
                                  .snapshot = number,
                                  .shape = *shape,
                                  .array[SW_SNAPSHOT_PCA] = values,
                                  .array[SW_SNAPSHOT_EXPLAINED_VARIANCE] = values,
                                  .array[SW_SNAPSHOT_SINGULAR_VALUES] = values,
                                  .array[SW_SNAPSHOT_FOURIER_POWER] = values,
                                  .array[SW_SNAPSHOT_EMBEDDING] = values,
                                  .array[SW_SNAPSHOT_PARAMETERS] = values,
                                  .array[SW_SNAPSHOT_OPTIMIZER] = values};
    return sw_store_snapshot(store, row, &snapshot);
}

static inline sw_status fixture_data(sw_store *store, int64_t row) {
    int8_t split[FIXTURE_P * FIXTURE_P];
    int32_t input[FIXTURE_P * FIXTURE_P * 3], label[FIXTURE_P * FIXTURE_P], clean[FIXTURE_P * FIXTURE_P];
    for (int i = 0; i < FIXTURE_P * FIXTURE_P; i++) {
        split[i] = i % 2;
        input[3 * i] = i / FIXTURE_P;
        input[3 * i + 1] = i % FIXTURE_P;
        input[3 * i + 2] = FIXTURE_P;
        clean[i] = (i / FIXTURE_P + i % FIXTURE_P) % FIXTURE_P;
        label[i] = (clean[i] + (i % 5 == 0)) % FIXTURE_P; /* noise in some */
    }
    const sw_run_data data = {.inputs = FIXTURE_P * FIXTURE_P,
                              .tokens = 3,
                              .split = split,
                              .input = input,
                              .label = label,
                              .clean_label = clean};
    return sw_store_data(store, row, &data);
}

/* What refine says of a row, made from its seed. */
static inline sw_store_refined fixture_refined(int64_t seed) {
    return (sw_store_refined){
        .round = seed % 3, .class = seed % 2, .decided = 3, .reached = 2, .low = 0.25, .high = 0.5};
}

/* A whole run, from begin to finish, unless it is over already. */
static inline sw_status fixture_train(sw_store *store, const fixture *f, size_t run, sw_run_state state) {
    const sw_store_run *r = &f->runs[run];
    const int64_t row = sw_store_row(store, run);
    const sw_run_facts facts = fixture_facts(r->seed);
    sw_status status = sw_store_begin(store, row, "host-1", 1 + r->seed % 3);
    if (status == SW_OK) status = sw_store_facts(store, row, &facts);
    if (status == SW_OK && r->data_inputs > 0) status = fixture_data(store, row);
    for (int64_t e = 0; e < r->evaluations && status == SW_OK; e++) {
        const sw_record record = fixture_record(r->seed, e);
        status = sw_store_record(store, row, &record);
    }
    for (int32_t s = 0; s < r->snapshots && status == SW_OK; s++)
        status = fixture_snapshot(store, row, r->seed, s, &r->shape);
    if (status == SW_OK) {
        const sw_run_result result = fixture_result(state, r->evaluations);
        const sw_onsets onsets = fixture_onsets(r->seed);
        status = sw_store_finish(store, row, &result, &onsets);
    }
    if (status == SW_OK && f->layout.refined) {
        const sw_store_refined refined = fixture_refined(r->seed);
        status = sw_store_refine(store, row, &refined);
    }
    return status;
}

/* A path in a fresh folder; the caller removes the folder with fixture_remove. */
static inline void fixture_folder(char folder[64]) {
    snprintf(folder, 64, "/tmp/symsweep-store-XXXXXX");
    if (!mkdtemp(folder)) abort();
}

static inline void fixture_remove(const char *folder) {
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    if (system(command) != 0) fprintf(stderr, "%s is left behind\n", folder);
}
