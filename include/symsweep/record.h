/* record.h: what a run produces. Plain data that train makes, the wire carries and the store writes.
 *
 * Scalar metrics have a fixed number each, known at compile time (metrics.def and the families), so that a record is
 * one array of floats wherever it goes. A metric that does not apply to a run is NaN. */
#pragma once

#include "symsweep/fail.h"
#include "symsweep/run.h"

typedef enum sw_metric_id {
#define M(ENUM, scope, group, name, units, long_name, definition) SW_METRIC_##ENUM,
#include "symsweep/metrics.def"
#undef M
    SW_METRIC_SCALAR_COUNT
} sw_metric_id;

/* Metrics of each family, in this order after the scalar ones. */
typedef enum sw_family_metric {
#include "symsweep/family_metrics.def"
#define ROW(ENUM, ...) SW_FAMILY_##ENUM,
    SW_FAMILY_METRICS(ROW, "", "")
#undef ROW
        SW_FAMILY_METRIC_COUNT
} sw_family_metric;

enum { SW_METRIC_COUNT = SW_METRIC_SCALAR_COUNT + SW_FAMILY_COUNT * SW_FAMILY_METRIC_COUNT };

typedef enum sw_record_array {
#define ARRAY(ENUM, length) SW_ARRAY_##ENUM,
#include "symsweep/record_arrays.def"
#undef ARRAY
    SW_ARRAY_COUNT
} sw_record_array;

/* Values of a record: its metrics, then its arrays, each from SW_VALUE_<ENUM> on. */
enum {
    SW_VALUE_LAST_METRIC = SW_METRIC_COUNT - 1,
#define ARRAY(ENUM, length) SW_VALUE_##ENUM, SW_VALUE_LAST_##ENUM = SW_VALUE_##ENUM + (length)-1,
#include "symsweep/record_arrays.def"
#undef ARRAY
    SW_VALUE_COUNT
};
enum {
#define ARRAY(ENUM, length) SW_LENGTH_##ENUM = (length),
#include "symsweep/record_arrays.def"
#undef ARRAY
    SW_GENERATORS_MAX = SW_LENGTH_BY_GENERATOR /* of the task's symmetry group, of which violations are measured */
};
extern const struct sw_record_place { int at, length; } sw_record_places[SW_ARRAY_COUNT];

#define SW_METRIC_OF_FAMILY(family, which) (SW_METRIC_SCALAR_COUNT + (family)*SW_FAMILY_METRIC_COUNT + (which))

typedef struct sw_metric {
    const char *group; /* "curves", "geometry", "symmetry/commutativity" */
    const char *name;  /* "train_loss", "mean" */
    const char *units;
    const char *long_name;
    const char *definition;
} sw_metric;

/* Description of metric m, 0 <= m < SW_METRIC_COUNT. */
const sw_metric *sw_record_metric(int m);

/* One evaluation. */
typedef struct sw_record {
    int64_t step;       /* optimizer steps taken */
    int32_t evaluation; /* 0, 1, 2, ... within the run */
    int32_t reserved;
    float value[SW_VALUE_COUNT];
} sw_record;

/* What is fixed when a run starts. */
typedef struct sw_run_facts {
    int64_t parameters;                        /* P */
    float majority;                            /* share of the majority class over the table */
    float train_inputs, test_inputs;           /* counts */
    float unmirrored_inputs, underived_inputs; /* counts in the test split; -1 = does not apply */
    int64_t tuples[SW_FAMILY_COUNT];           /* measured on so many; -1 = family does not apply */
    int8_t enumerated[SW_FAMILY_COUNT];        /* 1 all, 0 a fixed sample, -1 none */
    int8_t holds[SW_FAMILY_COUNT];             /* 1 true of the task, 0 a control, -1 does not apply */
    int8_t prompted[SW_FAMILY_COUNT];          /* 1 weighted in the objective */
    float coverage[SW_FAMILY_COUNT];           /* share of the inputs that a measured tuple touches; NaN */
    float leak[SW_FAMILY_COUNT];               /* share of test inputs whose label follows through its tuples; NaN */
    char blas_core[32];
} sw_run_facts;

/* Widths of the snapshot arrays of one run. A zero width: the run has no such array. */
typedef struct sw_snapshot_shape {
    int32_t entities;      /* rows of pca */
    int32_t singular;      /* singular values: min(entities, d) */
    int32_t fourier;       /* frequencies 1..n/2 (or irreducible characters) */
    int32_t vocabulary, d; /* embedding, 0 unless saved */
    int64_t parameters;    /* 0 unless saved */
    int64_t optimizer;     /* its state, 0 unless saved */
} sw_snapshot_shape;

enum { SW_PCA_COMPONENTS = 8 };

/* The arrays of a snapshot, rows of snapshots.def. */
typedef enum sw_snapshot_array {
#define SNAPSHOT(ENUM, ...) SW_SNAPSHOT_##ENUM,
#include "symsweep/snapshots.def"
#undef SNAPSHOT
    SW_SNAPSHOT_ARRAY_COUNT
} sw_snapshot_array;

/* Floats in one array, and in all of them. */
size_t sw_record_snapshot_length(const sw_snapshot_shape *shape, sw_snapshot_array array);
size_t sw_record_snapshot_floats(const sw_snapshot_shape *shape);

/* One snapshot; the pointers belong to whoever calls the sink and are read before it returns. */
typedef struct sw_snapshot {
    int64_t step;
    int32_t snapshot; /* 0, 1, 2, ... within the run */
    sw_snapshot_shape shape;
    const float *array[SW_SNAPSHOT_ARRAY_COUNT]; /* by sw_snapshot_array; missing components are NaN */
} sw_snapshot;

/* Its arrays, one after the other, into a block of so many floats (NaN for one that is not given), and its pointers
 * into such a block. */
void sw_record_snapshot_gather(float *block, const sw_snapshot *snapshot);
void sw_record_snapshot_point(sw_snapshot *snapshot, const float *block);

/* Split, inputs and labels of a run (save.split); pointers as above. */
typedef struct sw_run_data {
    int64_t inputs;
    int32_t tokens;
    int32_t reserved;
    const int8_t *split;        /* [inputs] 1 train, 0 test */
    const int32_t *input;       /* [inputs, tokens] */
    const int32_t *label;       /* [inputs] as trained on and measured */
    const int32_t *clean_label; /* [inputs] without task.label_noise; NULL = there is none */
} sw_run_data;

typedef enum sw_run_state {
#define STATE(ENUM, ...) SW_RUN_##ENUM,
#include "symsweep/states.def"
#undef STATE
    SW_RUN_STATE_COUNT
} sw_run_state;

/* What a state means, by its code: a row of states.def. */
typedef struct sw_state {
    const char *name, *meaning;
    bool over, result;
    int worth;
} sw_state;
extern const sw_state sw_states[SW_RUN_STATE_COUNT];

/* Is it the code of a state that is over? false also for what is no code. */
bool sw_record_is_over(int64_t code);

/* ---- onsets and phases, computed from the curves of a run (sw_phases_onsets) ---- */

enum { SW_THRESHOLD_COUNT = 4 }; /* 0.9, 0.95, 0.99, 1.0 */
extern const double sw_thresholds[SW_THRESHOLD_COUNT];

typedef enum sw_phase {
#define PHASE(ENUM, name) SW_PHASE_##ENUM,
#include "symsweep/phases.def"
#undef PHASE
    SW_PHASE_COUNT
} sw_phase;
extern const char *const sw_phase_names[SW_PHASE_COUNT];

/* Steps; -1 = not reached (censored). Dips are counts: 0 also where the threshold is never reached, -1 without any
 * evaluation. */
typedef struct sw_onsets {
    int64_t t_mem, t_gen, t_sym, t_geo, t_geo_participation;
    int64_t lead_time; /* t_gen - t_sym of the mean violation; INT64_MIN = one is not reached */
    bool lead_time_known;
    int64_t train_first[SW_THRESHOLD_COUNT], train_stable[SW_THRESHOLD_COUNT], train_dips[SW_THRESHOLD_COUNT];
    int64_t test_first[SW_THRESHOLD_COUNT], test_stable[SW_THRESHOLD_COUNT], test_dips[SW_THRESHOLD_COUNT];
    int64_t t_sym_mean[SW_FAMILY_COUNT], t_sym_max[SW_FAMILY_COUNT];
    sw_phase phase;
} sw_onsets;

/* How a run ended. */
typedef struct sw_run_result {
    int32_t state;              /* sw_run_state */
    int32_t records, snapshots; /* how many were sent */
    int32_t stopped_early;      /* 1 = by `stop` before `steps` */
    int64_t steps;              /* optimizer steps taken */
    double wall_seconds, measure_seconds;
    char error[256];
} sw_run_result;

/* Where a run's records go. Each returns a status; a failure ends the run. `begin` comes first and once: the records
 * and snapshots from those numbers on follow, earlier ones (of an interrupted attempt that is resumed) are already
 * there; 0, 0 for a run that starts. Every record and snapshot comes in order. */
typedef struct sw_sink {
    void *context;
    sw_status (*begin)(void *context, int32_t first_record, int32_t first_snapshot);
    sw_status (*facts)(void *context, const sw_run_facts *facts);
    sw_status (*data)(void *context, const sw_run_data *data);
    sw_status (*record)(void *context, const sw_record *record);
    sw_status (*snapshot)(void *context, const sw_snapshot *snapshot);
    /* Asked once a step, so it must be cheap: false = stop now (checkpoint, then SW_E_INTERRUPTED). */
    bool (*keep_going)(void *context);
    /* How many records and snapshots of this run are safe in the results file; a checkpoint keeps the others.
     * NULL = none is ever known to be safe. */
    void (*safe)(void *context, int32_t *records, int32_t *snapshots);
} sw_sink;

/* Processor seconds of the parts of a run. */
typedef struct sw_pace {
    double setup; /* until the first step */
    double step;
    double evaluate; /* on the average of those with and without the costly measures */
} sw_pace;
