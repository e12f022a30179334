/* schema.c: the datasets of a results file. */
#include "store/schema.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const sw_dimension_names[SW_DIM_COUNT] = {
    "run",       "evaluation", "snapshot",  "token", "component", "singular_value",
    "frequency", "width",      "parameter", "input", "position",  "character",
};

/* The dimensions after the run that fields.def names. */
typedef struct shape {
    int rank; /* with the run */
    sw_dimension after[SW_FIELD_RANK_MAX - 1];
} shape;

static const shape NONE = {1, {SW_DIM_RUN}};
static const shape E = {2, {SW_DIM_EVALUATION}};
static const shape S = {2, {SW_DIM_SNAPSHOT}};
static const shape S_V_C = {4, {SW_DIM_SNAPSHOT, SW_DIM_TOKEN, SW_DIM_COMPONENT}};
static const shape S_C = {3, {SW_DIM_SNAPSHOT, SW_DIM_COMPONENT}};
static const shape S_K = {3, {SW_DIM_SNAPSHOT, SW_DIM_SINGULAR}};
static const shape S_F = {3, {SW_DIM_SNAPSHOT, SW_DIM_FREQUENCY}};
static const shape S_V_D = {4, {SW_DIM_SNAPSHOT, SW_DIM_TOKEN, SW_DIM_WIDTH}};
static const shape S_P = {3, {SW_DIM_SNAPSHOT, SW_DIM_PARAMETER}};
static const shape N = {2, {SW_DIM_INPUT}};
static const shape N_T = {3, {SW_DIM_INPUT, SW_DIM_POSITION}};

typedef struct fixed_field {
    const char *path;
    sw_field_type type;
    const shape *shape;
    const char *units, *long_name, *definition;
} fixed_field;

static const fixed_field fixed_fields[SW_FIELD_FIXED_COUNT] = {
#define FIELD(ENUM, path, type, dimensions, units, long_name, definition)                                              \
    {path, SW_FIELD_##type, &dimensions, units, long_name, definition},
#include "store/fields.def"
#undef FIELD
};

static const char *const threshold_texts[SW_THRESHOLD_COUNT] = {"0.9", "0.95", "0.99", "1.0"};

int64_t sw_run_extent(const sw_store_run *run, sw_dimension dimension)
{
    const sw_snapshot_shape *snapshot = &run->shape;
    switch (dimension) {
    case SW_DIM_RUN: return 1;
    case SW_DIM_EVALUATION: return run->evaluations;
    case SW_DIM_SNAPSHOT: return run->snapshots;
    case SW_DIM_TOKEN: return snapshot->vocabulary > snapshot->entities ? snapshot->vocabulary : snapshot->entities;
    case SW_DIM_COMPONENT: return SW_PCA_COMPONENTS;
    case SW_DIM_SINGULAR: return snapshot->singular;
    case SW_DIM_FREQUENCY: return snapshot->fourier;
    case SW_DIM_WIDTH: return snapshot->d;
    case SW_DIM_PARAMETER: return snapshot->parameters;
    case SW_DIM_INPUT: return run->data_inputs;
    case SW_DIM_POSITION: return run->data_tokens;
    case SW_DIM_CHARACTER: return SW_CHARACTERS;
    default: return 0;
    }
}

int64_t sw_layout_extent(const sw_store_layout *layout, sw_dimension dimension)
{
    if (dimension == SW_DIM_RUN) return (int64_t)layout->run_count;
    int64_t largest = 0;
    for (size_t i = 0; i < layout->run_count; i++) {
        const int64_t extent = sw_run_extent(&layout->runs[i], dimension);
        if (extent > largest) largest = extent;
    }
    return largest;
}

/* ---- the list ---- */

/* Appends a field of the given shape and returns its number. The list has room (sw_schema_create). */
static int add(sw_schema *schema, const char *path, sw_field_type type, const shape *form, const char *units,
               const char *long_name, const char *definition)
{
    sw_field *field = &schema->fields[schema->count];
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

static bool layout_has_text(const sw_store_layout *layout)
{
    for (size_t i = 0; i < layout->run_count; i++)
        if (layout->runs[i].parameter_layout && layout->runs[i].parameter_layout[0]) return true;
    return false;
}

static bool layout_has_entities(const sw_store_layout *layout)
{
    for (size_t i = 0; i < layout->run_count; i++)
        if (layout->runs[i].shape.entities > 0) return true;
    return false;
}

/* Does any run reach along every dimension of the field? */
static bool any_run_has(const sw_store_layout *layout, const fixed_field *fixed)
{
    for (size_t i = 0; i < layout->run_count; i++) {
        bool all = true;
        for (int k = 1; k < fixed->shape->rank; k++)
            if (sw_run_extent(&layout->runs[i], fixed->shape->after[k - 1]) == 0) all = false;
        if (all) return true;
    }
    return false;
}

static bool is_wanted(sw_field_id id, const sw_store_layout *layout)
{
    if (id == SW_FIELD_PARAMETER_LAYOUT) return layout_has_text(layout);
    if (id == SW_FIELD_SNAPSHOT_PCA) return layout_has_entities(layout);
    if (id >= SW_FIELD_REFINE_ROUND && id <= SW_FIELD_REFINE_HIGH) return layout->refined;
    /* Numbers and texts of a run, and its steps, are in every file. */
    if (fixed_fields[id].shape->rank == 1 || id == SW_FIELD_STEP || id == SW_FIELD_SNAPSHOT_STEP) return true;
    return any_run_has(layout, &fixed_fields[id]);
}

static void add_fixed(sw_schema *schema, const sw_store_layout *layout)
{
    for (int id = 0; id < SW_FIELD_FIXED_COUNT; id++) {
        const fixed_field *f = &fixed_fields[id];
        schema->fixed[id] = -1;
        if (!is_wanted((sw_field_id)id, layout)) continue;
        schema->fixed[id] = add(schema, f->path, f->type, f->shape, f->units, f->long_name, f->definition);
    }
    sw_field *status = &schema->fields[schema->fixed[SW_FIELD_STATUS]];
    status->fill = SW_RUN_PENDING;
    status->flag_meanings = "pending running done diverged failed not_selected pruned";
    sw_field *phase = &schema->fields[schema->fixed[SW_FIELD_PHASE]];
    phase->fill = SW_PHASE_UNFINISHED;
    phase->flag_meanings = "confusion memorization grokking comprehension diverged unfinished";
    schema->fields[schema->fixed[SW_FIELD_STOPPED_EARLY]].flag_meanings = "no yes";
    if (layout->refined) schema->fields[schema->fixed[SW_FIELD_REFINE_CLASS]].flag_meanings = "not_reached reached";
    schema->fields[schema->fixed[SW_FIELD_ATTEMPTS]].fill = 0;
    schema->fields[schema->fixed[SW_FIELD_WRITTEN]].fill = 0;
    if (schema->fixed[SW_FIELD_SPLIT] >= 0) schema->fields[schema->fixed[SW_FIELD_SPLIT]].flag_meanings = "test train";
}

static bool is_symmetry(const sw_metric *metric) { return strncmp(metric->group, "symmetry/", 9) == 0; }

void sw_metric_path(char out[192], int metric)
{
    const sw_metric *m = sw_record_metric(metric);
    snprintf(out, 192, "/%s/%s", m->group, m->name);
}

void sw_metric_final_name(char out[128], int metric)
{
    const sw_metric *m = sw_record_metric(metric);
    if (is_symmetry(m))
        snprintf(out, 128, "%s_%s", m->group + strlen("symmetry/"), m->name);
    else
        snprintf(out, 128, "%s", m->name);
}

static void add_metrics(sw_schema *schema, const sw_store_layout *layout)
{
    for (int m = 0; m < SW_METRIC_COUNT; m++) {
        schema->metric[m] = schema->final[m] = -1;
        if (!layout->metric[m]) continue;
        const sw_metric *metric = sw_record_metric(m);
        char path[192], name[128], long_name[192];
        sw_metric_path(path, m);
        schema->metric[m] = add(schema, path, SW_FIELD_F32, &E, metric->units, metric->long_name, metric->definition);
        sw_metric_final_name(name, m);
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
     "1 the objective has a term of this family with weight above 0, 0 not", "no yes"},
    {"leak", SW_FIELD_F32, "share of test inputs whose label follows through the tuples",
     "share of the test inputs joined to a train input by the family's tuples under which labels are transported",
     NULL},
};

static bool has_family(const sw_store_layout *layout, int family)
{
    for (int k = 0; k < SW_FAMILY_METRIC_COUNT; k++)
        if (layout->metric[SW_METRIC_OF_FAMILY(family, k)]) return true;
    return false;
}

static void add_family(sw_schema *schema, int family)
{
    const char *name = sw_family_names[family];
    char path[192], long_name[192];
    for (int k = 0; k < SW_FACT_COUNT; k++) {
        const fact_field *fact = &fact_fields[k];
        snprintf(path, sizeof path, "/symmetry/%s/%s", name, fact->name);
        schema->family[family][k] = add(schema, path, fact->type, &NONE, "1", fact->long_name, fact->definition);
        schema->fields[schema->family[family][k]].flag_meanings = fact->flag_meanings;
    }
    snprintf(path, sizeof path, "/runs/onset/t_sym_mean/%s", name);
    snprintf(long_name, sizeof long_name, "symmetry acquisition time of %s, mean violation", name);
    schema->t_sym_mean[family] =
        add(schema, path, SW_FIELD_I64, &NONE, "step", long_name,
            "from this evaluation on the mean violation stays <= phase.tau, never before t_mem; missing = not reached");
    snprintf(path, sizeof path, "/runs/onset/t_sym_max/%s", name);
    snprintf(long_name, sizeof long_name, "symmetry acquisition time of %s, largest violation", name);
    schema->t_sym_max[family] = add(
        schema, path, SW_FIELD_I64, &NONE, "step", long_name,
        "from this evaluation on the largest violation stays <= phase.tau, never before t_mem; missing = not reached");
}

static void add_families(sw_schema *schema, const sw_store_layout *layout)
{
    for (int f = 0; f < SW_FAMILY_COUNT; f++) {
        for (int k = 0; k < SW_FACT_COUNT; k++) schema->family[f][k] = -1;
        schema->t_sym_mean[f] = schema->t_sym_max[f] = -1;
        if (has_family(layout, f)) add_family(schema, f);
    }
}

static void add_crossings(sw_schema *schema)
{
    static const char *const split[2] = {"train", "test"};
    static const char *const kind[SW_CROSSING_COUNT] = {"first", "stable", "first", "stable"};
    static const char *const what[SW_CROSSING_COUNT] = {"first crossing", "stable crossing", "dips", "dips"};
    static const char *const definition[SW_CROSSING_COUNT] = {
        "first evaluation at or above the threshold; missing = not reached",
        "from this evaluation on it stays at or above the threshold to the end; missing = not so",
        "times the accuracy fell back below the threshold after it had reached it; missing = not reached",
        "times the accuracy fell back below the threshold after it had reached it; missing = not reached"};
    char path[192], long_name[192];
    for (int s = 0; s < 2; s++) {
        for (int c = 0; c < SW_CROSSING_COUNT; c++) {
            for (int t = 0; t < SW_THRESHOLD_COUNT; t++) {
                const bool dips = c >= SW_CROSSING_FIRST_DIPS;
                snprintf(path, sizeof path, "/runs/onset/%s_accuracy_%s_%s%s", split[s], kind[c], threshold_texts[t],
                         dips ? "_dips" : "");
                snprintf(long_name, sizeof long_name, "%s of %s accuracy %s", what[c], split[s], threshold_texts[t]);
                schema->crossing[s][c][t] =
                    add(schema, path, SW_FIELD_I64, &NONE, dips ? "1" : "step", long_name, definition[c]);
            }
        }
    }
}

static void add_axes(sw_schema *schema, const sw_store_layout *layout)
{
    static const sw_field_type types[] = {[SW_AXIS_INTEGER] = SW_FIELD_I64,
                                          [SW_AXIS_REAL] = SW_FIELD_F64,
                                          [SW_AXIS_BOOL] = SW_FIELD_I8,
                                          [SW_AXIS_STRING] = SW_FIELD_TEXT};
    char path[192], long_name[192];
    for (size_t a = 0; a < layout->axis_count; a++) {
        snprintf(path, sizeof path, "/runs/axes/%s", layout->axes[a].path);
        snprintf(long_name, sizeof long_name, "%s", layout->axes[a].path);
        schema->axis[a] = add(schema, path, types[layout->axes[a].type], &NONE, "1", long_name,
                              "value of the swept key of this name in the run's configuration");
        if (layout->axes[a].type == SW_AXIS_BOOL) schema->fields[schema->axis[a]].flag_meanings = "false true";
    }
}

sw_status sw_schema_create(sw_schema **out, const sw_store_layout *layout)
{
    const size_t most = SW_FIELD_FIXED_COUNT + 2 * SW_METRIC_COUNT + SW_FAMILY_COUNT * (SW_FACT_COUNT + 2) +
                        2 * SW_CROSSING_COUNT * SW_THRESHOLD_COUNT + layout->axis_count;
    sw_schema *schema = calloc(1, sizeof *schema);
    *out = NULL;
    if (schema) {
        schema->fields = calloc(most, sizeof *schema->fields);
        schema->axis = calloc(layout->axis_count + 1, sizeof *schema->axis);
    }
    if (!schema || !schema->fields || !schema->axis) {
        sw_schema_destroy(schema);
        return sw_fail(SW_E_MEMORY, "list of %zu datasets", most);
    }
    schema->axis_count = layout->axis_count;
    add_fixed(schema, layout);
    add_metrics(schema, layout);
    add_families(schema, layout);
    add_crossings(schema);
    add_axes(schema, layout);
    *out = schema;
    return SW_OK;
}

void sw_schema_destroy(sw_schema *schema)
{
    if (!schema) return;
    free(schema->fields);
    free(schema->axis);
    free(schema);
}

/* ---- chunks ---- */

/* The largest tile not above `cap` that covers n with the fewest tiles and the least waste. */
static int64_t tile(int64_t n, int64_t cap)
{
    if (n <= 0) return 1;
    const int64_t tiles = (n + cap - 1) / cap;
    return (n + tiles - 1) / tiles;
}

static int64_t at_least(int64_t value, int64_t least) { return value < least ? least : value; }

/* Elements along each dimension. Small models beside large ones, and short runs beside long ones, waste less than a
 * tile. Runs are one a chunk in wide arrays, 16 in curves (few enough to read one run fast, many enough that a chunk is
 * worth its place in the index). */
void sw_field_chunk(int64_t chunk[SW_FIELD_RANK_MAX], const sw_field *field, const int64_t extents[SW_DIM_COUNT])
{
    static const int64_t caps[SW_DIM_COUNT] = {
        [SW_DIM_EVALUATION] = 256,
        [SW_DIM_SNAPSHOT] = 16,
        [SW_DIM_TOKEN] = 32,
        [SW_DIM_COMPONENT] = 8,
        [SW_DIM_SINGULAR] = 64,
        [SW_DIM_FREQUENCY] = 64,
        [SW_DIM_WIDTH] = 32,
        [SW_DIM_PARAMETER] = 16384,
        [SW_DIM_INPUT] = 8192,
        [SW_DIM_POSITION] = 16,
        [SW_DIM_CHARACTER] = SW_CHARACTERS,
    };
    const int64_t runs = extents[SW_DIM_RUN];
    for (int i = 1; i < field->rank; i++) chunk[i] = tile(extents[field->dimensions[i]], caps[field->dimensions[i]]);
    if (field->rank == 1)
        chunk[0] = at_least(tile(runs, 1024), 64);
    else if (field->rank == 2 && field->dimensions[1] != SW_DIM_INPUT)
        chunk[0] = at_least(tile(runs, 16), 4);
    else
        chunk[0] = 1;
    if (field->rank > 2 && field->dimensions[1] == SW_DIM_SNAPSHOT) {
        int64_t snapshot_bytes = (int64_t)sw_field_size(field->type);
        for (int i = 2; i < field->rank; i++) snapshot_bytes *= chunk[i];
        while (chunk[1] > 1 && chunk[1] * snapshot_bytes > 65536) chunk[1] = (chunk[1] + 1) / 2;
    }
}

size_t sw_field_size(sw_field_type type)
{
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

void sw_field_missing(void *out, sw_field_type type)
{
    const float f32 = NAN;
    const double f64 = NAN;
    memset(out, type == SW_FIELD_CHAR || type == SW_FIELD_TEXT ? 0 : 0xff, sw_field_size(type)); /* -1 of any width */
    if (type == SW_FIELD_F32) memcpy(out, &f32, sizeof f32);
    if (type == SW_FIELD_F64) memcpy(out, &f64, sizeof f64);
}
