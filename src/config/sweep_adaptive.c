/* sweep_adaptive.c: `refine` and `prune` of a sweep file, and what they have to do with its axes. */
#include "config/sweep_adaptive.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Number of the axis with this path among all of the sweep; -1 = none. */
static int32_t axis_number(const sw_sweep *sweep, const char *path) {
    for (size_t i = 0; i < sweep->axis_count; i++)
        if (!strcmp(sweep->axes[i].axis.path, path)) return (int32_t)i;
    return -1;
}

static int32_t grid_dimension(const sw_sweep *sweep, const char *path) {
    for (size_t i = 0; i < sweep->dimension_count; i++)
        if (sweep->dimensions[i].source == SW_SOURCE_GRID && !strcmp(sweep->dimensions[i].path, path))
            return (int32_t)i;
    return -1;
}

/* Numeric, and strictly ascending or descending: neighbours in the list are neighbours on the axis. */
static bool is_lattice(const sw_dimension *dimension) {
    if (!sw_key_is_numeric(dimension->key) || dimension->count < 2 || !dimension->values) return false;
    int direction = 0;
    for (size_t i = 1; i < dimension->count; i++) {
        int step = dimension->key->type->compare(&dimension->values[i], &dimension->values[i - 1]);
        if (step == 0 || step * direction < 0) return false;
        direction = step;
    }
    return true;
}

/* An axis of refine.axes, behind `count` others. false: reported. */
static bool read_refined_axis(int32_t *axis, sw_sweep *sweep, int32_t node, int32_t count) {
    const char *path = sw_document_string(sweep->document, node);
    int32_t dimension = grid_dimension(sweep, path);
    const char *fault = dimension < 0           ? "expected an axis of grid"
                        : !strcmp(path, "seed") ? "the seeds are repetitions, not an axis to refine"
                        : !is_lattice(&sweep->dimensions[dimension])  ? "expected two or more ascending numbers in grid"
                        : count > 0 && sweep->refined[0] == dimension ? "the axis is named twice"
                                                                      : NULL;
    if (fault) return sw_document_error(sweep->document, node, NULL, "%s, found \"%.100s\"", fault, path);
    sweep->refined[count] = dimension;
    *axis = axis_number(sweep, path);
    return true;
}

/* An axis of prune.halving.within; -1 = the label. false: reported. */
static bool read_compared_axis(int32_t *axis, const sw_sweep *sweep, int32_t node) {
    const char *path = sw_document_string(sweep->document, node);
    *axis = axis_number(sweep, path);
    if (*axis >= 0 || (!strcmp(path, "label") && sweep->case_count)) return true;
    return sw_document_error(sweep->document, node, NULL,
                             "expected an axis of the sweep, or \"label\" with cases; found \"%.100s\"", path);
}

/* Paths of axes become their numbers; those that cannot be are left out. */
static void store_axes(sw_sweep *sweep, const sw_key *key, const sw_value *paths) {
    const bool refined = key->offset == offsetof(sw_adaptive_config, refine.axes);
    int64_t axes[SW_LIST_MAX];
    sw_value numbers = {.list = axes};
    for (int32_t i = 0; i < paths->count; i++) {
        const int32_t node = (int32_t)paths->list[i];
        int32_t axis = -1;
        if (refined ? read_refined_axis(&axis, sweep, node, numbers.count) : read_compared_axis(&axis, sweep, node))
            axes[numbers.count++] = axis;
    }
    key->type->store(&sweep->adaptive, key, &numbers);
}

static bool read_section(sw_sweep *sweep, sw_reader *reader, const char *name, int32_t node) {
    const sw_scope scope = {.section = SW_SECTION_SWEEP, .prefix = name, .dotted = true};
    sw_assignments members = {NULL, 0, 0};
    if (!sw_reader_is_object(reader, node)) return false;
    sw_reader_assignments(reader, &members, node, &scope);
    for (size_t i = 0; i < members.count; i++) {
        const sw_key *key = members.items[i].key;
        const sw_value *value = &members.items[i].value;
        if (value->broken) continue;
        if (key->type == &sw_key_names)
            store_axes(sweep, key, value);
        else
            key->type->store(&sweep->adaptive, key, value);
    }
    free(members.items);
    return true;
}

static void set_defaults(sw_adaptive_config *out) {
    size_t count;
    const sw_key *keys = sw_keys_of(SW_SECTION_SWEEP, &count);
    for (size_t i = 0; i < count; i++) {
        sw_value value;
        sw_key_default(&value, &keys[i], NULL, false);
        keys[i].type->store(out, &keys[i], &value);
    }
}

/* ---- what cannot be ---- */

static void check_refine(const sw_sweep *sweep, int32_t node) {
    const sw_refine_config *refine = &sweep->adaptive.refine;
    size_t planes, size[2], seeds;
    if (sw_document_member(sweep->document, node, "axes") < 0)
        sw_document_error(sweep->document, node, "as in \"axes\": [\"train_fraction\", \"optimizer.weight_decay\"]",
                          "the key axes is missing: the axes of grid to refine");
    sw_sweep_lattice_size(sweep, &planes, size, &seeds);
    int32_t at = sw_document_member(sweep->document, node, "seeds");
    if (refine->axis_count && at >= 0 && refine->rule.seeds > (int64_t)seeds)
        sw_document_error(sweep->document, at, "give grid a longer axis \"seed\"",
                          "a point of the lattice has %zu seed%s", seeds, seeds == 1 ? "" : "s");
    if (sweep->adaptive.halving.rung_count)
        sw_document_key_error(sweep->document, node, "use one of the two",
                              "refine needs the outcome of every run that it chooses; prune.halving cuts runs short");
}

static int32_t rungs_node(const sw_sweep *sweep) {
    int32_t node = sw_document_member(sweep->document, 0, "prune");
    return sw_document_member(sweep->document, sw_document_member(sweep->document, node, "halving"), "rungs");
}

static bool check_rungs(const sw_sweep *sweep) {
    const sw_halving_config *halving = &sweep->adaptive.halving;
    for (int32_t r = 1; r < halving->rung_count; r++)
        if (halving->rungs[r] <= halving->rungs[r - 1])
            return sw_document_error(sweep->document, rungs_node(sweep), NULL, "expected ascending steps");
    return true;
}

void sw_sweep_read_adaptive(sw_sweep *sweep, sw_reader *reader) {
    const int32_t prune = sw_document_member(sweep->document, 0, "prune");
    const int32_t refine = sw_document_member(sweep->document, 0, "refine");
    set_defaults(&sweep->adaptive);
    sweep->seed_dimension = grid_dimension(sweep, "seed");
    if (prune >= 0) read_section(sweep, reader, "prune", prune);
    if (refine >= 0 && read_section(sweep, reader, "refine", refine)) check_refine(sweep, refine);
    check_rungs(sweep);
}

void sw_sweep_check_adaptive(const sw_sweep *sweep, uint64_t k, const sw_run_config *config) {
    const sw_halving_config *halving = &sweep->adaptive.halving;
    for (int32_t r = 0; r < halving->rung_count; r++) {
        if (halving->rungs[r] % config->evaluate.every == 0) continue;
        char message[128];
        sw_run_fault fault = {.rule = "rung",
                              .keys = "evaluate.every",
                              .hint = "runs are compared by what an evaluation measured",
                              .message = message};
        snprintf(message, sizeof message, "a rung at step %lld is no multiple of evaluate.every = %lld",
                 (long long)halving->rungs[r], (long long)config->evaluate.every);
        sw_document_locate(sweep->document, rungs_node(sweep), &fault.place);
        sw_sweep_faults_add(sweep, k, &fault);
        return;
    }
}
