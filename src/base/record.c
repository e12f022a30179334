/* record.c: descriptions of what a run produces, out of the tables. */
#include "symsweep/record.h"

#include <assert.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

static const sw_metric scalars[] = {
#define M(ENUM, scope, group, name, units, long_name, definition) {group, name, units, long_name, definition},
#include "symsweep/metrics.def"
#undef M
};

static const sw_metric family_metrics[][SW_FAMILY_METRIC_COUNT] = {
#define ROW(ENUM, family, name, units, long_name, definition) {"symmetry/" family, #name, units, long_name, definition},
#define X(ENUM, id, name, meaning) {SW_FAMILY_METRICS(ROW, #name, meaning)},
#include "symsweep/families.def"
#undef X
#undef ROW
};

_Static_assert(sizeof scalars / sizeof scalars[0] == SW_METRIC_SCALAR_COUNT, "a row a scalar metric");
_Static_assert(sizeof family_metrics / sizeof family_metrics[0] == SW_FAMILY_COUNT, "a row a family");

const sw_metric *sw_record_metric(int m) {
    assert(m >= 0 && m < SW_METRIC_COUNT);
    const int f = m - SW_METRIC_SCALAR_COUNT; /* families first, then their metrics */
    return f < 0 ? &scalars[m] : &family_metrics[f / SW_FAMILY_METRIC_COUNT][f % SW_FAMILY_METRIC_COUNT];
}

const struct sw_record_place sw_record_places[] = {
#define ARRAY(ENUM, length) {SW_VALUE_##ENUM, SW_LENGTH_##ENUM},
#include "symsweep/record_arrays.def"
#undef ARRAY
};

const sw_state sw_states[] = {
#define STATE(ENUM, name, over, result, worth, meaning) {#name, meaning, over, result, worth},
#include "symsweep/states.def"
#undef STATE
};

bool sw_record_is_over(int64_t code) { return code >= 0 && code < SW_RUN_STATE_COUNT && sw_states[code].over; }

const char *const sw_phase_names[] = {
#define PHASE(ENUM, name) #name,
#include "symsweep/phases.def"
#undef PHASE
};

const double sw_thresholds[SW_THRESHOLD_COUNT] = {0.9, 0.95, 0.99, 1.0};

size_t sw_record_snapshot_length(const sw_snapshot_shape *shape, sw_snapshot_array array) {
    switch (array) {
#define SNAPSHOT(ENUM, name, dimensions, rows, columns, ...)                                                           \
    case SW_SNAPSHOT_##ENUM:                                                                                           \
        return (size_t)(rows) * (size_t)(columns);
#include "symsweep/snapshots.def"
#undef SNAPSHOT
    case SW_SNAPSHOT_ARRAY_COUNT: break;
    }
    return 0;
}

size_t sw_record_snapshot_floats(const sw_snapshot_shape *shape) {
    size_t total = 0;
    for (int a = 0; a < SW_SNAPSHOT_ARRAY_COUNT; a++) total += sw_record_snapshot_length(shape, (sw_snapshot_array)a);
    return total;
}

void sw_record_snapshot_gather(float *block, const sw_snapshot *snapshot) {
    for (int a = 0; a < SW_SNAPSHOT_ARRAY_COUNT; a++) {
        const size_t length = sw_record_snapshot_length(&snapshot->shape, (sw_snapshot_array)a);
        if (snapshot->array[a] && length > 0) memcpy(block, snapshot->array[a], length * sizeof *block);
        for (size_t i = 0; !snapshot->array[a] && i < length; i++) block[i] = NAN;
        block += length;
    }
}

void sw_record_snapshot_point(sw_snapshot *snapshot, const float *block) {
    for (int a = 0; a < SW_SNAPSHOT_ARRAY_COUNT; a++) {
        snapshot->array[a] = block;
        block += sw_record_snapshot_length(&snapshot->shape, (sw_snapshot_array)a);
    }
}
