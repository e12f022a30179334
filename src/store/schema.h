/* schema.h: which datasets a results file has, with type, dimensions and description. No HDF5 here.
 *
 * One sw_schema_field is one dataset. Its first dimension is always the run. The list of a file follows from its
 * sweep: what no run has gets no dataset. docs/file-format.md tells the same to users; a test compares the two. */
#pragma once

#include "symsweep/store.h"

typedef enum sw_field_type {
    SW_FIELD_F32,
    SW_FIELD_F64,
    SW_FIELD_I8,
    SW_FIELD_I32,
    SW_FIELD_I64,  /* missing: NaN, -1 */
    SW_FIELD_CHAR, /* char[R, 256], zero padded */
    SW_FIELD_TEXT  /* variable-length UTF-8, written before SWMR begins */
} sw_field_type;

typedef enum sw_dimension {
#define DIMENSION(ENUM, name, tile, reach) SW_DIM_##ENUM,
#include "store/dimensions.def"
#undef DIMENSION
    SW_DIM_COUNT
} sw_dimension;

extern const char *const sw_dimension_names[SW_DIM_COUNT];

typedef enum sw_field_id {
#define FIELD(ENUM, path, type, dimensions, units, long_name, definition) SW_FIELD_##ENUM,
#include "store/fields.def"
#undef FIELD
    SW_FIELD_FIXED_COUNT
} sw_field_id;

/* The dataset of each array of a snapshot. */
extern const sw_field_id sw_snapshot_fields[SW_SNAPSHOT_ARRAY_COUNT];
extern const sw_field_id sw_array_fields[SW_ARRAY_COUNT];
const char *sw_schema_array_path(sw_record_array array);

/* Facts of a family, one number a run. */
typedef enum sw_family_fact {
    SW_FACT_TUPLES,
    SW_FACT_ENUMERATED,
    SW_FACT_HOLDS,
    SW_FACT_PROMPTED,
    SW_FACT_LEAK,
    SW_FACT_COVERAGE,
    SW_FACT_COUNT
} sw_family_fact;

enum { SW_FORMAT_VERSION = 1, SW_CHARACTERS = 256, SW_RANK_MAX = 4 };

typedef struct sw_schema_field {
    char path[192];
    sw_field_type type;
    int rank;
    sw_dimension dimensions[SW_RANK_MAX]; /* [0] is SW_DIM_RUN */
    const char *units;
    char long_name[192];
    const char *definition;
    const char *flag_meanings; /* codes 0, 1, 2, ... in order, separated by blanks; NULL = no code */
    int64_t fill;              /* integers: value of a row not written yet; missing is -1 all the same */
} sw_schema_field;

/* A dataset of one onset, an int64_t of sw_onsets. */
typedef struct sw_schema_onset {
    int field;
    size_t offset;
    bool repeats; /* what another dataset has too */
} sw_schema_onset;

/* All the datasets of a file, and where to find them; -1 = the file has no such dataset. */
typedef struct sw_schema {
    size_t count;
    sw_schema_field *fields;
    int fixed[SW_FIELD_FIXED_COUNT];
    int metric[SW_METRIC_COUNT];
    int final[SW_METRIC_COUNT];
    int family[SW_FAMILY_COUNT][SW_FACT_COUNT];
    sw_schema_onset *onsets; /* [onset_count] */
    size_t onset_count;
    int *axis; /* [axis_count] */
    size_t axis_count;
    char state_definition[256];
} sw_schema;

/* The datasets that `sweep` needs. */
sw_status sw_schema_create(sw_schema **out, const sw_store_sweep *sweep) SW_MUST_CHECK;
void sw_schema_destroy(sw_schema *schema);

/* The path of a metric's dataset ("/curves/train_loss"). */
void sw_schema_metric_path(char out[192], int metric);

/* How far run `run` reaches along a dimension; 0 = it has nothing there. */
int64_t sw_schema_run_extent(const sw_store_run *run, sw_dimension dimension);
/* The largest over the sweep's runs; for the run dimension their number. */
int64_t sw_schema_extent(const sw_store_sweep *sweep, sw_dimension dimension);

/* Chunk of a dataset in a file of these extents. */
void sw_schema_chunk(int64_t chunk[SW_RANK_MAX], const sw_schema_field *field, const int64_t extents[SW_DIM_COUNT]);

/* Bytes of one element; texts count as a pointer. */
size_t sw_schema_size(sw_field_type type);
/* The missing value of a numeric type, `size` bytes little-endian. */
void sw_schema_missing(void *out, sw_field_type type);
