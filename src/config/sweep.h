/* sweep.h: a parsed sweep: the base configuration, and axes whose product is the runs. */
#ifndef SYMSWEEP_CONFIG_SWEEP_H
#define SYMSWEEP_CONFIG_SWEEP_H

#include "reader.h"

enum { SW_RANDOM_AXES_MAX = 32, SW_LABEL_MAX = 127 };

typedef enum sw_source { SW_SOURCE_CASES, SW_SOURCE_ZIP, SW_SOURCE_RANDOM, SW_SOURCE_GRID } sw_source;

typedef enum sw_distribution {
    SW_VALUES, /* the listed ones; choice of a random axis draws among them */
    SW_UNIFORM,
    SW_LOG_UNIFORM,
    SW_UNIFORM_INTEGER
} sw_distribution;

/* One dimension of grid, zip or random: a key (two, under an alias) and its values. */
typedef struct sw_dimension {
    const char *path; /* borrowed from the document */
    int32_t key, twin;
    const sw_alias *alias;
    sw_source source;
    int32_t member; /* document node */
    sw_distribution distribution;
    double low, high; /* distributions: half-open [low, high) for integers */
    sw_value *values; /* arena; NULL when the sweep is too large anyway */
    size_t count;
} sw_dimension;

typedef struct sw_case {
    char label[SW_LABEL_MAX + 1];
    sw_assignments set;
    int32_t node;
} sw_case;

/* What /runs/axes has a column for. */
sw_axis_type sw_key_axis_type(const sw_key *key);

typedef struct sw_axis_info {
    sw_axis axis;
    int32_t key;
    const sw_alias *alias;
    sw_source source;
    size_t size;
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
    uint32_t sampler_seed;
    sw_axis_info *axes;
    size_t axis_count, axis_capacity;
    uint64_t run_count;
    sw_adaptive_config adaptive;
    int32_t refined[2];     /* dimensions of refine.axes */
    int32_t seed_dimension; /* of the grid; -1 = none */
};

/* Fills sweep->adaptive from the members "refine" and "prune" of the root; needs the axes. */
void sw_sweep_read_adaptive(sw_sweep *sweep, sw_reader *reader);
/* What of it cannot be for a run of the sweep. */
void sw_sweep_check_adaptive(const sw_sweep *sweep, sw_reader *reader, const sw_run_config *config);

/* Fill sweep->dimensions and ->cases from the members "grid", "zip", "random", "cases" of the root. */
void sw_sweep_read_grid(sw_sweep *sweep, sw_reader *reader, int32_t node);
void sw_sweep_read_zip(sw_sweep *sweep, sw_reader *reader, int32_t node);
void sw_sweep_read_random(sw_sweep *sweep, sw_reader *reader, int32_t node);
void sw_sweep_read_cases(sw_sweep *sweep, sw_reader *reader, int32_t node);

/* {"range": ...}, {"linspace": ...}, {"logspace": ...}: counted before anything is allocated. */
void sw_generator_read(sw_reader *reader, sw_dimension *out, int32_t node);

/* Value of a random dimension for one sample; `place` is its number among the random dimensions. */
void sw_dimension_draw(sw_value *out, const sw_dimension *dimension, uint32_t sampler_seed, size_t sample,
                       size_t place);

/* Where run k stands on each kind of axis. */
typedef struct sw_run_place {
    size_t case_index, zip, sample;
    uint64_t grid; /* number among the grid's points, the last axis fastest */
} sw_run_place;
void sw_sweep_place(sw_run_place *out, const sw_sweep *sweep, uint64_t k);

/* What run k has for every key; `drawn` holds the values of random axes. */
typedef struct sw_run_values {
    sw_given given;
    sw_value drawn[SW_RANDOM_AXES_MAX];
} sw_run_values;
void sw_sweep_values(sw_run_values *out, const sw_sweep *sweep, uint64_t k);

/* x rounded to 12 significant digits: what generators give does not depend on the last bit of libm. */
double sw_round_digits(double x);

#endif
