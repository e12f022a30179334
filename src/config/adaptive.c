/* adaptive.c: `refine` and `prune` of a sweep file: their keys, and what they have to do with its axes. */
#include "sweep.h"

#include "symsweep/record.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* ---- the table ---- */

static const char *const statement_names[] = {"t_mem", "t_gen", "t_sym", "t_geo", NULL};
static const char *const best_names[] = {"highest", "lowest", NULL};
static const char *const measure_names[] = {
#define M(ENUM, scope, group, name, units, long_name, definition) name,
#include "symsweep/metrics.def"
#undef M
    NULL};

enum { STEPS_MAX = 1000000000 };

/* clang-format off */

#define STORAGE(field)                                                                                              \
    _Generic(((sw_adaptive_config *)0)->field, double: SW_STORED_DOUBLE, int32_t: SW_STORED_INT32,                  \
             int64_t: SW_STORED_INT64, bool: SW_STORED_BOOL)
#define AT(field) .offset = offsetof(sw_adaptive_config, field), .stored = STORAGE(field)
#define REAL(field) .type = SW_KEY_REAL, AT(field)
#define INTEGER(field) .type = SW_KEY_INTEGER, AT(field)
#define RANGE(low, high) .minimum = low, .maximum = high
#define INSIDE(low, high) .minimum = low, .minimum_excluded = true, .maximum = high, .maximum_excluded = true
#define ENUM(field, list) .type = SW_KEY_ENUM, AT(field), .names = list, RANGE(0, sizeof list / sizeof list[0] - 2)
#define NAMES(most) .type = SW_KEY_NAMES, .capacity = most
#define DEFAULT(value) .fallback = value

static const sw_key adaptive_keys[] = {
    {.path = "refine.axes", NAMES(2), .required = true, .unit = "",
     .meaning = "one or two numeric axes of grid whose lattice is refined"},
    {.path = "refine.reached", ENUM(refine.reached, statement_names), DEFAULT(SW_STATEMENT_T_GEN), .unit = "",
     .meaning = "the statement about a run whose boundary is looked for: it reaches this onset"},
    {.path = "refine.share", REAL(refine.rule.share), INSIDE(0, 1), DEFAULT(0.5), .unit = "",
     .meaning = "share of a point's seeds for which the statement must hold"},
    {.path = "refine.coarse", INTEGER(refine.rule.coarse), RANGE(1, 100000), DEFAULT(4), .unit = "points",
     .meaning = "spacing of the points that are trained first"},
    {.path = "refine.seeds", INTEGER(refine.rule.seeds), RANGE(1, 100000), DEFAULT(1), .unit = "runs",
     .meaning = "seeds that a point gets at first; more follow beside a boundary"},
    {.path = "refine.confidence", REAL(refine.rule.confidence), INSIDE(0, 1), DEFAULT(0.9), .unit = "",
     .meaning = "of the Wilson interval of the share: seeds are added until it excludes refine.share"},
    {.path = "refine.width", REAL(refine.rule.width), RANGE(0, 1), DEFAULT(0.2), .unit = "",
     .meaning = "an interval no wider than this is narrow enough in any case"},
    {.path = "refine.budget", INTEGER(refine.rule.budget), RANGE(0, SW_RUNS_MAX), DEFAULT(0), .unit = "runs",
     .meaning = "most runs of a plane; 0 = as many as it takes"},

    {.path = "prune.generalized.for_steps", INTEGER(prune.generalized_for_steps), RANGE(0, STEPS_MAX), DEFAULT(0),
     .unit = "steps", .meaning = "a run that has generalized for so long is given up; 0 = never"},
    {.path = "prune.generalized.test_accuracy", REAL(prune.generalized_accuracy), .minimum = 0,
     .minimum_excluded = true, .maximum = 1, DEFAULT(0.99), .unit = "",
     .meaning = "test accuracy that counts as generalized"},
    {.path = "prune.diverged.train_loss", REAL(prune.diverged_train_loss), .minimum = 0, .maximum = INFINITY,
     DEFAULT(0), .unit = "nat", .meaning = "a run whose train loss is above this is given up; 0 = never"},
    {.path = "prune.halving.rungs", .type = SW_KEY_INTEGERS, .offset = offsetof(sw_adaptive_config, halving.rungs),
     .stored = SW_STORED_INT64, .count_offset = offsetof(sw_adaptive_config, halving.rung_count),
     .capacity = SW_RUNGS_MAX, RANGE(1, STEPS_MAX), DEFAULT(0), .unit = "steps",
     .meaning = "steps at which runs wait for each other, and only the best go on"},
    {.path = "prune.halving.keep", REAL(halving.keep), INSIDE(0, 1), DEFAULT(0.5), .unit = "",
     .meaning = "share of the runs at a rung that goes on, rounded up"},
    {.path = "prune.halving.measure", ENUM(halving.measure, measure_names), DEFAULT(SW_METRIC_TEST_ACCURACY),
     .unit = "", .meaning = "curve whose value at the rung tells which runs are the best"},
    {.path = "prune.halving.best", ENUM(halving.lowest, best_names), DEFAULT(0), .unit = "",
     .meaning = "which values of it are the best"},
    {.path = "prune.halving.within", NAMES(SW_WITHIN_MAX), .unit = "",
     .meaning = "only runs that agree in these axes (or in their \"label\") compete with each other"},
};

/* clang-format on */

enum { ADAPTIVE_COUNT = sizeof adaptive_keys / sizeof adaptive_keys[0] };

size_t sw_adaptive_key_count(void) { return ADAPTIVE_COUNT; }

void sw_adaptive_key_describe(size_t i, sw_key_info *out) { sw_key_describe_row(&adaptive_keys[i], out); }

/* ---- reading ---- */

static const sw_key *find(const char *path)
{
    for (size_t i = 0; i < ADAPTIVE_COUNT; i++)
        if (!strcmp(adaptive_keys[i].path, path)) return &adaptive_keys[i];
    return NULL;
}

static bool is_group(const char *path)
{
    size_t length = strlen(path);
    for (size_t i = 0; i < ADAPTIVE_COUNT; i++)
        if (!strncmp(adaptive_keys[i].path, path, length) && adaptive_keys[i].path[length] == '.') return true;
    return false;
}

static void report_unknown(sw_reader *reader, int32_t node, const char *path)
{
    const char *paths[ADAPTIVE_COUNT];
    char hint[128] = "";
    for (size_t i = 0; i < ADAPTIVE_COUNT; i++) paths[i] = adaptive_keys[i].path;
    const char *nearest = sw_nearest(path, paths, ADAPTIVE_COUNT);
    if (nearest) snprintf(hint, sizeof hint, "did you mean %s?", nearest);
    sw_document_key_error(reader->document, node, reader->diagnostics, hint, "unknown key");
}

/* Number of the axis with this path among all of the sweep; -1 = none. */
static int32_t axis_number(const sw_sweep *sweep, const char *path)
{
    for (size_t i = 0; i < sweep->axis_count; i++)
        if (!strcmp(sweep->axes[i].axis.path, path)) return (int32_t)i;
    return -1;
}

static int32_t grid_dimension(const sw_sweep *sweep, const char *path)
{
    for (size_t i = 0; i < sweep->dimension_count; i++)
        if (sweep->dimensions[i].source == SW_SOURCE_GRID && !strcmp(sweep->dimensions[i].path, path))
            return (int32_t)i;
    return -1;
}

/* Numeric, and strictly ascending or descending: neighbours in the list are neighbours on the axis. */
static bool is_lattice(const sw_dimension *dimension)
{
    const sw_key *key = &sw_keys[dimension->key];
    if (key->type != SW_KEY_REAL && key->type != SW_KEY_INTEGER) return false;
    if (dimension->count < 2 || !dimension->values) return false;
    double direction = 0;
    for (size_t i = 1; i < dimension->count; i++) {
        const sw_value *a = &dimension->values[i - 1], *b = &dimension->values[i];
        double step = key->type == SW_KEY_REAL ? b->real - a->real : (double)(b->integer - a->integer);
        if (step == 0 || step * direction < 0) return false;
        direction = step;
    }
    return true;
}

static void read_refined_axis(sw_sweep *sweep, sw_reader *reader, int32_t node)
{
    sw_refine_config *refine = &sweep->adaptive.refine;
    const char *path = sw_document_string(sweep->document, node);
    int32_t dimension = grid_dimension(sweep, path);
    const char *fault = dimension < 0           ? "expected an axis of grid"
                        : !strcmp(path, "seed") ? "the seeds are repetitions, not an axis to refine"
                        : !is_lattice(&sweep->dimensions[dimension]) ? "expected two or more ascending numbers in grid"
                        : refine->axis_count && sweep->refined[0] == dimension ? "the axis is named twice"
                                                                               : NULL;
    if (fault) {
        sw_document_error(sweep->document, node, reader->diagnostics, NULL, "%s, found \"%.100s\"", fault, path);
        return;
    }
    sweep->refined[refine->axis_count] = dimension;
    refine->axes[refine->axis_count++] = axis_number(sweep, path);
}

static void read_within(sw_sweep *sweep, sw_reader *reader, int32_t node)
{
    sw_halving_config *halving = &sweep->adaptive.halving;
    const char *path = sw_document_string(sweep->document, node);
    int32_t axis = axis_number(sweep, path);
    if (axis < 0 && (strcmp(path, "label") || !sweep->case_count)) {
        sw_document_error(sweep->document, node, reader->diagnostics, NULL,
                          "expected an axis of the sweep, or \"label\" with cases; found \"%.100s\"", path);
        return;
    }
    halving->within[halving->within_count++] = axis;
}

static void read_names(sw_sweep *sweep, sw_reader *reader, const sw_key *key, int32_t node)
{
    const sw_document *document = sweep->document;
    const sw_node *list = &document->nodes[node];
    bool valid = list->type == SW_NODE_ARRAY && list->count >= 1 && list->count <= key->capacity;
    for (int32_t i = valid ? list->child : -1; i >= 0; i = document->nodes[i].next)
        valid = valid && document->nodes[i].type == SW_NODE_STRING;
    if (!valid) {
        sw_document_error(document, node, reader->diagnostics, "as in [\"optimizer.weight_decay\"]",
                          "expected an array of 1 to %d axes' paths", key->capacity);
        return;
    }
    for (int32_t i = list->child; i >= 0; i = document->nodes[i].next)
        if (!strcmp(key->path, "refine.axes"))
            read_refined_axis(sweep, reader, i);
        else
            read_within(sweep, reader, i);
}

static void read_members(sw_sweep *sweep, sw_reader *reader, int32_t object, const char *prefix)
{
    const sw_document *document = sweep->document;
    if (document->nodes[object].type != SW_NODE_OBJECT) {
        char found[128];
        sw_document_describe(document, object, found);
        sw_document_error(document, object, reader->diagnostics, NULL, "expected an object, found %s", found);
        return;
    }
    for (int32_t i = document->nodes[object].child; i >= 0; i = document->nodes[i].next) {
        char path[300];
        int length = snprintf(path, sizeof path, "%s.%s", prefix, sw_document_key(document, i));
        const sw_key *key = length < (int)sizeof path ? find(path) : NULL;
        if (document->nodes[i].duplicate) continue;
        if (key && key->type == SW_KEY_NAMES) {
            read_names(sweep, reader, key, i);
        } else if (key) {
            sw_value value;
            sw_reader_value(reader, &value, key, i);
            if (!value.broken) sw_key_store(&sweep->adaptive, key, &value);
        } else if (length < (int)sizeof path && is_group(path)) {
            read_members(sweep, reader, i, path); /* as deep as the table */
        } else {
            report_unknown(reader, i, path);
        }
    }
}

static void set_defaults(sw_adaptive_config *out)
{
    for (size_t i = 0; i < ADAPTIVE_COUNT; i++) {
        sw_value value;
        if (adaptive_keys[i].type == SW_KEY_NAMES) continue;
        sw_key_default(&value, &adaptive_keys[i], NULL, false);
        sw_key_store(out, &adaptive_keys[i], &value);
    }
}

/* ---- what cannot be ---- */

static void check_refine(const sw_sweep *sweep, sw_reader *reader, int32_t node)
{
    const sw_refine_config *refine = &sweep->adaptive.refine;
    size_t planes, size[2], seeds;
    if (sw_document_member(sweep->document, node, "axes") < 0)
        sw_document_error(sweep->document, node, reader->diagnostics,
                          "as in \"axes\": [\"train_fraction\", \"optimizer.weight_decay\"]",
                          "the key axes is missing: the axes of grid to refine");
    sw_sweep_lattice_size(sweep, &planes, size, &seeds);
    int32_t at = sw_document_member(sweep->document, node, "seeds");
    if (refine->axis_count && at >= 0 && refine->rule.seeds > (int64_t)seeds)
        sw_document_error(sweep->document, at, reader->diagnostics, "give grid a longer axis \"seed\"",
                          "a point of the lattice has %zu seed%s", seeds, seeds == 1 ? "" : "s");
    if (sweep->adaptive.halving.rung_count)
        sw_document_key_error(sweep->document, node, reader->diagnostics, "use one of the two",
                              "refine needs the outcome of every run that it chooses; prune.halving cuts runs short");
}

static void check_rungs(const sw_sweep *sweep, sw_reader *reader, int32_t rungs)
{
    const sw_halving_config *halving = &sweep->adaptive.halving;
    for (int32_t r = 1; r < halving->rung_count; r++) {
        if (halving->rungs[r] > halving->rungs[r - 1]) continue;
        sw_document_error(sweep->document, rungs, reader->diagnostics, NULL, "expected ascending steps");
        return;
    }
}

static int32_t rungs_node(const sw_sweep *sweep)
{
    int32_t node = sw_document_member(sweep->document, 0, "prune");
    if (node >= 0) node = sw_document_member(sweep->document, node, "halving");
    return node >= 0 ? sw_document_member(sweep->document, node, "rungs") : -1;
}

void sw_sweep_read_adaptive(sw_sweep *sweep, sw_reader *reader)
{
    static const char *const sections[] = {"prune", "refine"};
    set_defaults(&sweep->adaptive);
    sweep->seed_dimension = grid_dimension(sweep, "seed");
    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++) {
        int32_t node = sw_document_member(sweep->document, 0, sections[i]);
        if (node < 0) continue;
        read_members(sweep, reader, node, sections[i]);
        if (i == 1 && sweep->document->nodes[node].type == SW_NODE_OBJECT) check_refine(sweep, reader, node);
    }
    if (sweep->adaptive.halving.rung_count) check_rungs(sweep, reader, rungs_node(sweep));
}

void sw_sweep_check_adaptive(const sw_sweep *sweep, sw_reader *reader, const sw_run_config *config)
{
    const sw_halving_config *halving = &sweep->adaptive.halving;
    for (int32_t r = 0; r < halving->rung_count; r++) {
        if (halving->rungs[r] % config->evaluate.every == 0) continue;
        sw_document_error(sweep->document, rungs_node(sweep), reader->diagnostics,
                          "runs are compared by what an evaluation measured",
                          "a rung at step %lld is no multiple of evaluate.every = %lld", (long long)halving->rungs[r],
                          (long long)config->evaluate.every);
        return;
    }
}

/* ---- what others see ---- */

const sw_adaptive_config *sw_sweep_adaptive(const sw_sweep *sweep) { return &sweep->adaptive; }

/* 0, 1: an axis to refine; 2: the seeds; -1: another one. */
static int role_of(const sw_sweep *sweep, size_t dimension)
{
    for (int32_t a = 0; a < sweep->adaptive.refine.axis_count; a++)
        if (sweep->refined[a] == (int32_t)dimension) return a;
    return sweep->seed_dimension == (int32_t)dimension ? 2 : -1;
}

void sw_sweep_lattice_size(const sw_sweep *sweep, size_t *planes, size_t size[2], size_t *seeds)
{
    size_t found[3] = {1, 1, 1};
    for (size_t i = 0; i < sweep->dimension_count; i++) {
        int role = sweep->dimensions[i].source == SW_SOURCE_GRID ? role_of(sweep, i) : -1;
        if (role >= 0 && sweep->dimensions[i].count) found[role] = sweep->dimensions[i].count;
    }
    size[0] = found[0];
    size[1] = found[1];
    *seeds = found[2];
    *planes = (size_t)sweep->run_count / (found[0] * found[1] * found[2]);
}

void sw_sweep_lattice_place(sw_lattice_place *out, const sw_sweep *sweep, uint64_t k)
{
    sw_run_place place;
    size_t found[3] = {0, 0, 0}, others = 1;
    sw_sweep_place(&place, sweep, k);
    out->plane = 0;
    uint64_t rest = place.grid;
    for (size_t i = sweep->dimension_count; i-- > 0;) { /* the last axis varies fastest */
        const sw_dimension *dimension = &sweep->dimensions[i];
        if (dimension->source != SW_SOURCE_GRID || !dimension->count) continue;
        size_t index = (size_t)(rest % dimension->count);
        rest /= dimension->count;
        int role = role_of(sweep, i);
        if (role >= 0) {
            found[role] = index;
        } else {
            out->plane += index * others;
            others *= dimension->count;
        }
    }
    out->plane += others * ((place.case_index * sweep->zip_length + place.zip) * sweep->samples + place.sample);
    out->index[0] = found[0];
    out->index[1] = found[1];
    out->seed = found[2];
}
