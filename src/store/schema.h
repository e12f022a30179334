/* schema.h: which datasets a results file has, with type, dimensions and description. No HDF5 here.
 *
 * One sw_field is one dataset. Its first dimension is always the run. The list of a file follows from its layout: what
 * no run has gets no dataset. docs/file-format.md tells the same to users; a test compares the two. */
#ifndef SYMSWEEP_STORE_SCHEMA_H
#define SYMSWEEP_STORE_SCHEMA_H

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

/* Dimensions, shared by all groups: one scale each, at the root of the file. */
typedef enum sw_dimension {
    SW_DIM_RUN,
    SW_DIM_EVALUATION,
    SW_DIM_SNAPSHOT,
    SW_DIM_TOKEN,
    SW_DIM_COMPONENT,
    SW_DIM_SINGULAR,
    SW_DIM_FREQUENCY,
    SW_DIM_WIDTH,
    SW_DIM_PARAMETER,
    SW_DIM_INPUT,
    SW_DIM_POSITION,
    SW_DIM_CHARACTER,
    SW_DIM_COUNT
} sw_dimension;

extern const char *const sw_dimension_names[SW_DIM_COUNT];

typedef enum sw_field_id {
#define FIELD(ENUM, path, type, dimensions, units, long_name, definition) SW_FIELD_##ENUM,
#include "store/fields.def"
#undef FIELD
    SW_FIELD_FIXED_COUNT
} sw_field_id;

/* Facts of a family, one number a run. */
typedef enum sw_family_fact {
    SW_FACT_TUPLES,
    SW_FACT_ENUMERATED,
    SW_FACT_HOLDS,
    SW_FACT_PROMPTED,
    SW_FACT_LEAK,
    SW_FACT_COUNT
} sw_family_fact;

/* Series of a threshold onset: train and test, each first, stable and the dips of both. */
typedef enum sw_crossing {
    SW_CROSSING_FIRST,
    SW_CROSSING_STABLE,
    SW_CROSSING_FIRST_DIPS,
    SW_CROSSING_STABLE_DIPS,
    SW_CROSSING_COUNT
} sw_crossing;

enum { SW_FORMAT_VERSION = 1, SW_CHARACTERS = 256, SW_FIELD_RANK_MAX = 4 };

typedef struct sw_field {
    char path[192];
    sw_field_type type;
    int rank;
    sw_dimension dimensions[SW_FIELD_RANK_MAX]; /* [0] is SW_DIM_RUN */
    const char *units;
    char long_name[192];
    const char *definition;
    const char *flag_meanings; /* codes 0, 1, 2, ... in order, separated by blanks; NULL = no code */
    int64_t fill;              /* integers: value of a row not written yet; missing is -1 all the same */
} sw_field;

/* All the datasets of a file, and where to find them; -1 = the file has no such dataset. */
typedef struct sw_schema {
    size_t count;
    sw_field *fields;
    int fixed[SW_FIELD_FIXED_COUNT];
    int metric[SW_METRIC_COUNT];
    int final[SW_METRIC_COUNT];
    int family[SW_FAMILY_COUNT][SW_FACT_COUNT];
    int t_sym_mean[SW_FAMILY_COUNT], t_sym_max[SW_FAMILY_COUNT];
    int crossing[2][SW_CROSSING_COUNT][SW_THRESHOLD_COUNT]; /* [0] train, [1] test */
    int *axis;                                              /* [axis_count] */
    size_t axis_count;
} sw_schema;

/* The datasets that `layout` needs. */
sw_status sw_schema_create(sw_schema **out, const sw_store_layout *layout) SW_MUST_CHECK;
void sw_schema_destroy(sw_schema *schema);

/* The path of a metric's dataset ("/curves/train_loss"), and the name of its final value ("commutativity_mean"). */
void sw_metric_path(char out[192], int metric);
void sw_metric_final_name(char out[128], int metric);

/* How far run `run` reaches along a dimension; 0 = it has nothing there. */
int64_t sw_run_extent(const sw_store_run *run, sw_dimension dimension);
/* The largest over the layout's runs; for the run dimension their number. */
int64_t sw_layout_extent(const sw_store_layout *layout, sw_dimension dimension);

/* Chunk of a dataset in a file of these extents. */
void sw_field_chunk(int64_t chunk[SW_FIELD_RANK_MAX], const sw_field *field, const int64_t extents[SW_DIM_COUNT]);

/* Bytes of one element; texts count as a pointer. */
size_t sw_field_size(sw_field_type type);
/* The missing value of a numeric type, `size` bytes little-endian. */
void sw_field_missing(void *out, sw_field_type type);

#endif
