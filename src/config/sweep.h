/* sweep.h: a parsed sweep: the base configuration, and axes whose product is the runs. */
#pragma once

#include "config/generator.h"
#include "config/resolve.h"

enum { SW_RANDOM_AXES_MAX = 32, SW_LABEL_MAX = 127 };

/* Names of sw_source, as sections of a sweep file. */
extern const char *const sw_sweep_sources[];

typedef struct sw_case {
    char label[SW_LABEL_MAX + 1];
    sw_assignments set;
    sw_dimension *dimensions; /* arena: the axes of this case alone, in the order of the file */
    size_t dimension_count;
    uint64_t first, variants; /* runs of the case without the other axes: their number, those of the cases before it */
    int32_t node;
} sw_case;

/* A column of /runs/axes. */
typedef struct sw_axis_info {
    sw_axis axis;
    const sw_key *key;
    const sw_alias *alias;
} sw_axis_info;

struct sw_sweep {
    char *path, *folder, *name, *output;
    sw_document *document;
    sw_arena *arena;
    sw_assignments base;
    sw_case *cases;
    size_t case_count;
    sw_dimension *dimensions; /* zip first, then random, then grid, each in the order of the file */
    size_t dimension_count, dimension_capacity;
    size_t zip_length, samples; /* 1 without such an axis */
    uint64_t variants;          /* of all cases; 1 without cases */
    uint32_t sampler_seed;
    sw_axis_info *axes;
    size_t axis_count, axis_capacity;
    uint64_t run_count;
    const uint32_t *kept;     /* arena, [run_count]: places of the runs in the product of all axes; NULL = every one */
    uint64_t excluded;        /* places that `exclude` leaves out */
    struct sw_faults *faults; /* arena */
    sw_adaptive_config adaptive;
    int32_t refined[2];     /* dimensions of refine.axes */
    int32_t seed_dimension; /* of the grid; -1 = none */
};

/* What run k has for every key; `drawn` holds the values of random axes. */
typedef struct sw_run_values {
    sw_given given;
    sw_value drawn[SW_RANDOM_AXES_MAX];
} sw_run_values;
void sw_sweep_values(sw_run_values *out, const sw_sweep *sweep, uint64_t k);
/* Missing where the key does not concern the run. An alias that the run does not set has the key's default. */
void sw_sweep_axis_value(sw_axis_value *out, const sw_axis_info *axis, const sw_run_values *values,
                         const sw_run_config *config);
