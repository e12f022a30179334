/* schema.c: the datasets of a results file. */
#include "store/schema.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const sw_dimension_names[SW_DIM_COUNT] = {
#define DIMENSION(ENUM, name, tile, reach) #name,
#include "store/dimensions.def"
#undef DIMENSION
};

const sw_field_id sw_array_fields[SW_ARRAY_COUNT] = {
#define ARRAY(ENUM, length) SW_FIELD_##ENUM,
#include "symsweep/record_arrays.def"
#undef ARRAY
};

const sw_field_id sw_snapshot_fields[SW_SNAPSHOT_ARRAY_COUNT] = {
#define SNAPSHOT(ENUM, ...) SW_FIELD_SNAPSHOT_##ENUM,
#include "symsweep/snapshots.def"
#undef SNAPSHOT
};

/* The dimensions after the run that fields.def names. */
typedef struct field_shape {
    int rank; /* with the run */
    sw_dimension after[SW_RANK_MAX - 1];
} field_shape;

static const field_shape NONE = {1, {SW_DIM_RUN}};
static const field_shape E = {2, {SW_DIM_EVALUATION}};
static const field_shape E_G = {3, {SW_DIM_EVALUATION, SW_DIM_GENERATOR}};
static const field_shape E_L = {3, {SW_DIM_EVALUATION, SW_DIM_STRETCH}};
static const field_shape E_I = {3, {SW_DIM_EVALUATION, SW_DIM_IRREP}};
static const field_shape S = {2, {SW_DIM_SNAPSHOT}};
static const field_shape S_V_C = {4, {SW_DIM_SNAPSHOT, SW_DIM_TOKEN, SW_DIM_COMPONENT}};
static const field_shape S_C = {3, {SW_DIM_SNAPSHOT, SW_DIM_COMPONENT}};
static const field_shape S_K = {3, {SW_DIM_SNAPSHOT, SW_DIM_SINGULAR}};
static const field_shape S_F = {3, {SW_DIM_SNAPSHOT, SW_DIM_FREQUENCY}};
static const field_shape S_V_D = {4, {SW_DIM_SNAPSHOT, SW_DIM_TOKEN, SW_DIM_WIDTH}};
static const field_shape S_P = {3, {SW_DIM_SNAPSHOT, SW_DIM_PARAMETER}};
static const field_shape S_O = {3, {SW_DIM_SNAPSHOT, SW_DIM_OPTIMIZER}};
static const field_shape N = {2, {SW_DIM_INPUT}};
static const field_shape N_T = {3, {SW_DIM_INPUT, SW_DIM_POSITION}};

typedef struct fixed_field {
    const char *path;
    sw_field_type type;
    const field_shape *shape;
    const char *units, *long_name, *definition;
} fixed_field;

static const fixed_field fixed_fields[SW_FIELD_FIXED_COUNT] = {
#define FIELD(ENUM, path, type, dimensions, units, long_name, definition)                                              \
    {path, SW_FIELD_##type, &dimensions, units, long_name, definition},
#include "store/fields.def"
#undef FIELD
};

const char *sw_schema_array_path(sw_record_array array) { return fixed_fields[sw_array_fields[array]].path; }

enum { SERIES_COUNT = 4 }; /* datasets of one threshold and split */
static const char *const threshold_texts[SW_THRESHOLD_COUNT] = {"0.9", "0.95", "0.99", "1.0"};

int64_t sw_schema_run_extent(const sw_store_run *run, sw_dimension dimension) {
    const sw_snapshot_shape *shape = &run->shape;
    const int64_t reach[SW_DIM_COUNT] = {
#define DIMENSION(ENUM, name, tile, reach) reach,
#include "store/dimensions.def"
#undef DIMENSION
    };
    return reach[dimension];
}

int64_t sw_schema_extent(const sw_store_sweep *sweep, sw_dimension dimension) {
    if (dimension == SW_DIM_RUN) return (int64_t)sweep->run_count;
    int64_t largest = dimension == SW_DIM_CHARACTER ? SW_CHARACTERS : 0; /* without any run too */
    for (size_t i = 0; i < sweep->run_count; i++) {
        const int64_t extent = sw_schema_run_extent(&sweep->runs[i], dimension);
        if (extent > largest) largest = extent;
    }
    return largest;
}

/* ---- the list ---- */

/* Appends a field of the given shape and returns its number. The list has room (sw_schema_create). */
static int add(sw_schema *schema, const char *path, sw_field_type type, const field_shape *form, const char *units,
               const char *long_name, const char *definition) {
    sw_schema_field *field = &schema->fields[schema->count];
    memset(field, 0, sizeof *field);
    snprintf(field->path, sizeof field->path, "%s", path);
    snprintf(field->long_name, sizeof field->long_name, "%s", long_name);
    field->type = type;
    field->rank = form->rank;
    field->dimensions[0] = SW_DIM_RUN;
    for (int i = 1; i < form->rank; i++) field->dimensions[i] = form->after[i - 1];
    if (type == SW_FIELD_CHAR) {
        field->rank = 2;
        field->dimensions[1] = SW_DIM_CHARACTER;
    }
    field->units = units;
    field->definition = definition;
    field->fill = -1;
    return (int)schema->count++;
}

/* The same for an onset, int64_t at `offset` in sw_onsets. */
static void add_onset(sw_schema *schema, size_t offset, const char *path, const char *units, const char *long_name,
                      const char *definition) {
    const int field = add(schema, path, SW_FIELD_I64, &NONE, units, long_name, definition);
    schema->onsets[schema->onset_count++] = (sw_schema_onset){field, offset, false};
}

static bool sweep_has_text(const sw_store_sweep *sweep) {
    for (size_t i = 0; i < sweep->run_count; i++)
        if (sweep->runs[i].parameter_layout && sweep->runs[i].parameter_layout[0]) return true;
    return false;
}

static bool sweep_has_generators(const sw_store_sweep *sweep) {
    for (size_t i = 0; i < sweep->run_count; i++)
        if (sweep->runs[i].generator_count > 0) return true;
    return false;
}

static bool sweep_has_entities(const sw_store_sweep *sweep) {
    for (size_t i = 0; i < sweep->run_count; i++)
        if (sweep->runs[i].shape.entities > 0) return true;
    return false;
}

static bool sweep_has_clean_labels(const sw_store_sweep *sweep) {
    for (size_t i = 0; i < sweep->run_count; i++)
        if (sweep->runs[i].clean_labels) return true;
    return false;
}

/* Does any run reach along every dimension of the field? */
static bool any_run_has(const sw_store_sweep *sweep, const fixed_field *fixed) {
    for (size_t i = 0; i < sweep->run_count; i++) {
        bool all = true;
        for (int k = 1; k < fixed->shape->rank; k++)
            if (sw_schema_run_extent(&sweep->runs[i], fixed->shape->after[k - 1]) == 0) all = false;
        if (all) return true;
    }
    return false;
}

static bool is_wanted(sw_field_id id, const sw_store_sweep *sweep) {
    if (id == SW_FIELD_PARAMETER_LAYOUT) return sweep_has_text(sweep);
    if (id == SW_FIELD_GENERATORS || id == SW_FIELD_ORDER_LOG10) return sweep_has_generators(sweep);
    if (id == SW_FIELD_SNAPSHOT_PCA) return sweep_has_entities(sweep);
    if (id == SW_FIELD_CLEAN_LABEL) return sweep_has_clean_labels(sweep);
    if (strncmp(fixed_fields[id].path, "/runs/refine/", 13) == 0) return sweep->refined;
    /* Numbers and texts of a run, and its steps, are in every file. */
    if (fixed_fields[id].shape->rank == 1 || id == SW_FIELD_STEP || id == SW_FIELD_SNAPSHOT_STEP) return true;
    return any_run_has(sweep, &fixed_fields[id]);
}

/* Codes, and counters that do not start as missing. Lists of names have a blank in front. */
static const char state_names[] =
#define STATE(ENUM, name, ...) " " #name
#include "symsweep/states.def"
#undef STATE
    ;
static const char phase_names[] =
#define PHASE(ENUM, name) " " #name
#include "symsweep/phases.def"
#undef PHASE
    ;
static const struct {
    sw_field_id id;
    int64_t fill;
    const char *flag_meanings;
} details[] = {{SW_FIELD_STATUS, SW_RUN_PENDING, state_names + 1},
               {SW_FIELD_PLANNED, 1, "former planned"},
               {SW_FIELD_PHASE, SW_PHASE_UNFINISHED, phase_names + 1},
               {SW_FIELD_STOPPED_EARLY, -1, "no yes"},
               {SW_FIELD_REFINE_CLASS, -1, "not_reached reached"},
               {SW_FIELD_ATTEMPTS, 0, NULL},
               {SW_FIELD_WRITTEN, 0, NULL},
               {SW_FIELD_SPLIT, -1, "test train"}};

#define ONSET(name) offsetof(sw_onsets, name)
static const struct {
    sw_field_id id;
    size_t offset;
} fixed_onsets[] = {{SW_FIELD_T_MEM, ONSET(t_mem)},
                    {SW_FIELD_T_GEN, ONSET(t_gen)},
                    {SW_FIELD_T_SYM, ONSET(t_sym)},
                    {SW_FIELD_T_GEO, ONSET(t_geo)},
                    {SW_FIELD_T_GEO_PARTICIPATION, ONSET(t_geo_participation)},
                    {SW_FIELD_LEAD_TIME, ONSET(lead_time)}};

/* "pending 0, running 1, ..." */
static void describe_states(sw_schema *schema) {
    char *text = schema->state_definition;
    const size_t size = sizeof schema->state_definition;
    for (int s = 0; s < SW_RUN_STATE_COUNT; s++) {
        const sw_state *state = &sw_states[s];
        snprintf(text + strlen(text), size - strlen(text), "%s%s %d", s > 0 ? ", " : "", state->name, s);
        if (state->meaning[0]) snprintf(text + strlen(text), size - strlen(text), " (%s)", state->meaning);
    }
    schema->fields[schema->fixed[SW_FIELD_STATUS]].definition = text;
}

static void add_fixed(sw_schema *schema, const sw_store_sweep *sweep) {
    for (int id = 0; id < SW_FIELD_FIXED_COUNT; id++) {
        const fixed_field *f = &fixed_fields[id];
        schema->fixed[id] = -1;
        if (!is_wanted((sw_field_id)id, sweep)) continue;
        schema->fixed[id] = add(schema, f->path, f->type, f->shape, f->units, f->long_name, f->definition);
    }
    for (size_t i = 0; i < sizeof fixed_onsets / sizeof fixed_onsets[0]; i++)
        schema->onsets[schema->onset_count++] =
            (sw_schema_onset){schema->fixed[fixed_onsets[i].id], fixed_onsets[i].offset, false};
    describe_states(schema);
    for (size_t i = 0; i < sizeof details / sizeof details[0]; i++) {
        const int field = schema->fixed[details[i].id];
        if (field < 0) continue;
        schema->fields[field].fill = details[i].fill;
        schema->fields[field].flag_meanings = details[i].flag_meanings;
    }
}

static bool is_symmetry(const sw_metric *metric) { return strncmp(metric->group, "symmetry/", 9) == 0; }

void sw_schema_metric_path(char out[192], int metric) {
    const sw_metric *m = sw_record_metric(metric);
    snprintf(out, 192, "/%s/%s", m->group, m->name);
}

/* The name of a metric's final value ("commutativity_mean"). */
static void name_final(char out[128], int metric) {
    const sw_metric *m = sw_record_metric(metric);
    if (is_symmetry(m))
        snprintf(out, 128, "%s_%s", m->group + strlen("symmetry/"), m->name);
    else
        snprintf(out, 128, "%s", m->name);
}

static void add_metrics(sw_schema *schema, const sw_store_sweep *sweep) {
    for (int m = 0; m < SW_METRIC_COUNT; m++) {
        schema->metric[m] = schema->final[m] = -1;
        if (!sweep->metric[m]) continue;
        const sw_metric *metric = sw_record_metric(m);
        char path[192], name[128], long_name[192];
        sw_schema_metric_path(path, m);
        schema->metric[m] = add(schema, path, SW_FIELD_F32, &E, metric->units, metric->long_name, metric->definition);
        name_final(name, m);
        snprintf(path, sizeof path, "/runs/final/%s", name);
        snprintf(long_name, sizeof long_name, "%s, last evaluation", metric->long_name);
        schema->final[m] = add(schema, path, SW_FIELD_F32, &NONE, metric->units, long_name, metric->definition);
    }
}

typedef struct fact_field {
    const char *name;
    sw_field_type type;
    const char *long_name, *definition, *flag_meanings;
} fact_field;

static const fact_field fact_fields[SW_FACT_COUNT] = {
    {"tuples", SW_FIELD_I64, "evaluation tuples",
     "number of tuples the violation is measured on; missing where the family does not apply", NULL},
    {"enumerated", SW_FIELD_I8, "are the evaluation tuples all there are", "1 all tuples, 0 a fixed random sample",
     "sample all"},
    {"holds", SW_FIELD_I8, "is the family true of the task", "1 true of the task's labels, 0 a control",
     "control true"},
    {"prompted", SW_FIELD_I8, "is the family weighted in the objective",
     "1 the objective has a term of this family, its weight above or (suppressed) below 0; 0 not", "no yes"},
    {"leak", SW_FIELD_F32, "share of test inputs whose label follows through the tuples",
     "share of the test inputs joined to a train input by the family's tuples under which labels are transported",
     NULL},
    {"coverage", SW_FIELD_F32, "share of the inputs that the evaluation tuples touch",
     "share of the table's inputs that stand in at least one tuple the violation is measured on", NULL},
};

static bool has_family(const sw_store_sweep *sweep, int family) {
    for (int k = 0; k < SW_FAMILY_METRIC_COUNT; k++)
        if (sweep->metric[SW_METRIC_OF_FAMILY(family, k)]) return true;
    return false;
}

static void add_family(sw_schema *schema, int family) {
    static const struct {
        const char *group, *which, *definition;
        size_t offset;
    } kinds[] = {{"t_sym_mean", "mean",
                  "from this evaluation on the mean violation stays <= phase.tau, never before t_mem; missing = not "
                  "reached",
                  ONSET(t_sym_mean)},
                 {"t_sym_max", "largest",
                  "from this evaluation on the largest violation stays <= phase.tau, never before t_mem; missing = not "
                  "reached",
                  ONSET(t_sym_max)}};
    const char *name = sw_family_names[family];
    char path[192], long_name[192];
    for (int k = 0; k < SW_FACT_COUNT; k++) {
        const fact_field *fact = &fact_fields[k];
        snprintf(path, sizeof path, "/symmetry/%s/%s", name, fact->name);
        schema->family[family][k] = add(schema, path, fact->type, &NONE, "1", fact->long_name, fact->definition);
        schema->fields[schema->family[family][k]].flag_meanings = fact->flag_meanings;
    }
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        snprintf(path, sizeof path, "/runs/onset/%s/%s", kinds[k].group, name);
        snprintf(long_name, sizeof long_name, "symmetry acquisition time of %s, %s violation", name, kinds[k].which);
        add_onset(schema, kinds[k].offset + (size_t)family * sizeof(int64_t), path, "step", long_name,
                  kinds[k].definition);
    }
}

static void add_families(sw_schema *schema, const sw_store_sweep *sweep) {
    for (int f = 0; f < SW_FAMILY_COUNT; f++) {
        for (int k = 0; k < SW_FACT_COUNT; k++) schema->family[f][k] = -1;
        if (has_family(sweep, f)) add_family(schema, f);
    }
}

/* Train and test, each first, stable and the dips of both. */
static void add_crossings(sw_schema *schema) {
    static const char *const dips = "times the accuracy fell back below the threshold after it had reached it; missing "
                                    "= not reached";
    static const char *const first = "first evaluation at or above the threshold; missing = not reached";
    static const char *const stable = "from this evaluation on it stays at or above the threshold to the end; missing "
                                      "= not so";
    static const char *const split[] = {"train", "test"};
    const struct {
        const char *kind, *suffix, *units, *what, *definition;
        size_t offset[2];
        bool repeats;
    } series[] = {{"first", "", "step", "first crossing", first, {ONSET(train_first), ONSET(test_first)}, false},
                  {"stable", "", "step", "stable crossing", stable, {ONSET(train_stable), ONSET(test_stable)}, false},
                  {"first", "_dips", "1", "dips", dips, {ONSET(train_dips), ONSET(test_dips)}, false},
                  {"stable", "_dips", "1", "dips", dips, {ONSET(train_dips), ONSET(test_dips)}, true}};
    char path[192], long_name[192];
    for (size_t s = 0; s < 2; s++) {
        for (size_t c = 0; c < SERIES_COUNT; c++) {
            for (size_t t = 0; t < SW_THRESHOLD_COUNT; t++) {
                snprintf(path, sizeof path, "/runs/onset/%s_accuracy_%s_%s%s", split[s], series[c].kind,
                         threshold_texts[t], series[c].suffix);
                snprintf(long_name, sizeof long_name, "%s of %s accuracy %s", series[c].what, split[s],
                         threshold_texts[t]);
                add_onset(schema, series[c].offset[s] + t * sizeof(int64_t), path, series[c].units, long_name,
                          series[c].definition);
                schema->onsets[schema->onset_count - 1].repeats = series[c].repeats;
            }
        }
    }
}

static void add_axes(sw_schema *schema, const sw_store_sweep *sweep) {
    static const sw_field_type types[] = {[SW_AXIS_INTEGER] = SW_FIELD_I64,
                                          [SW_AXIS_REAL] = SW_FIELD_F64,
                                          [SW_AXIS_BOOL] = SW_FIELD_I8,
                                          [SW_AXIS_STRING] = SW_FIELD_TEXT};
    char path[192], long_name[192];
    for (size_t a = 0; a < sweep->axis_count; a++) {
        snprintf(path, sizeof path, "/runs/axes/%s", sweep->axes[a].path);
        snprintf(long_name, sizeof long_name, "%s", sweep->axes[a].path);
        schema->axis[a] = add(schema, path, types[sweep->axes[a].type], &NONE, "1", long_name,
                              "value of the swept key of this name in the run's configuration");
        if (sweep->axes[a].type == SW_AXIS_BOOL) schema->fields[schema->axis[a]].flag_meanings = "false true";
    }
}

sw_status sw_schema_create(sw_schema **out, const sw_store_sweep *sweep) {
    const size_t onsets =
        sizeof fixed_onsets / sizeof fixed_onsets[0] + 2 * SW_FAMILY_COUNT + 2 * SERIES_COUNT * SW_THRESHOLD_COUNT;
    const size_t most =
        SW_FIELD_FIXED_COUNT + 2 * SW_METRIC_COUNT + SW_FAMILY_COUNT * SW_FACT_COUNT + onsets + sweep->axis_count;
    sw_schema *schema = calloc(1, sizeof *schema);
    *out = NULL;
    if (schema) {
        schema->fields = calloc(most, sizeof *schema->fields);
        schema->onsets = calloc(onsets, sizeof *schema->onsets);
        schema->axis = calloc(sweep->axis_count + 1, sizeof *schema->axis);
    }
    if (!schema || !schema->fields || !schema->onsets || !schema->axis) {
        sw_schema_destroy(schema);
        return sw_fail(SW_E_MEMORY, "list of %zu datasets", most);
    }
    schema->axis_count = sweep->axis_count;
    add_fixed(schema, sweep);
    add_metrics(schema, sweep);
    add_families(schema, sweep);
    add_crossings(schema);
    add_axes(schema, sweep);
    *out = schema;
    return SW_OK;
}

void sw_schema_destroy(sw_schema *schema) {
    if (!schema) return;
    free(schema->fields);
    free(schema->onsets);
    free(schema->axis);
    free(schema);
}

/* ---- chunks ---- */

/* The largest tile not above `cap` that covers n with the fewest tiles and the least waste. */
static int64_t tile(int64_t n, int64_t cap) {
    if (n <= 0) return 1;
    const int64_t tiles = (n + cap - 1) / cap;
    return (n + tiles - 1) / tiles;
}

static int64_t at_least(int64_t value, int64_t least) { return value < least ? least : value; }

/* Elements along each dimension. Small models beside large ones, and short runs beside long ones, waste less than a
 * tile. Runs are one a chunk in wide arrays, 16 in curves (few enough to read one run fast, many enough that a chunk is
 * worth its place in the index). */
void sw_schema_chunk(int64_t chunk[SW_RANK_MAX], const sw_schema_field *field, const int64_t extents[SW_DIM_COUNT]) {
    static const int64_t most[SW_DIM_COUNT] = {
#define DIMENSION(ENUM, name, tile, reach) tile,
#include "store/dimensions.def"
#undef DIMENSION
    };
    const int64_t runs = extents[SW_DIM_RUN];
    for (int i = 1; i < field->rank; i++) chunk[i] = tile(extents[field->dimensions[i]], most[field->dimensions[i]]);
    if (field->rank == 1)
        chunk[0] = at_least(tile(runs, 1024), 64);
    else if (field->rank == 2 && field->dimensions[1] != SW_DIM_INPUT)
        chunk[0] = at_least(tile(runs, 16), 4);
    else
        chunk[0] = 1;
    if (field->rank > 2 && field->dimensions[1] == SW_DIM_SNAPSHOT) {
        int64_t snapshot_bytes = (int64_t)sw_schema_size(field->type);
        for (int i = 2; i < field->rank; i++) snapshot_bytes *= chunk[i];
        while (chunk[1] > 1 && chunk[1] * snapshot_bytes > 65536) chunk[1] = (chunk[1] + 1) / 2;
    }
}

size_t sw_schema_size(sw_field_type type) {
    switch (type) {
    case SW_FIELD_F32:
    case SW_FIELD_I32: return 4;
    case SW_FIELD_F64:
    case SW_FIELD_I64: return 8;
    case SW_FIELD_I8:
    case SW_FIELD_CHAR: return 1;
    case SW_FIELD_TEXT: return sizeof(char *);
    default: return 0;
    }
}

void sw_schema_missing(void *out, sw_field_type type) {
    const float f32 = NAN;
    const double f64 = NAN;
    memset(out, type == SW_FIELD_CHAR || type == SW_FIELD_TEXT ? 0 : 0xff, sw_schema_size(type)); /* -1 of any width */
    if (type == SW_FIELD_F32) memcpy(out, &f32, sizeof f32);
    if (type == SW_FIELD_F64) memcpy(out, &f64, sizeof f64);
}
