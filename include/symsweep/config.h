/* config.h: sweep.json -> validated plain structs. The only user of cJSON. */
#pragma once

#include "symsweep/arena.h"
#include "symsweep/axis.h"
#include "symsweep/fail.h"
#include "symsweep/json.h"
#include "symsweep/progress_file.h"
#include "symsweep/run.h"

/* ---- diagnostics: every error at once ---- */

typedef struct sw_diagnostic {
    int line, column;   /* 1-based; 0 = the file as a whole */
    char path[256];     /* "run.optimizer.betaa1" */
    char message[1024]; /* what was expected, what was found */
    char hint[768];     /* the nearest valid key, a remedy; "" = none */
    bool warning;       /* does not refuse the sweep (a control family, say) */
} sw_diagnostic;

typedef struct sw_diagnostics sw_diagnostics;
sw_status sw_diagnostics_create(sw_diagnostics **out) SW_MUST_CHECK;
void sw_diagnostics_destroy(sw_diagnostics *diagnostics);
/* Diagnostics kept, in the order of their positions. What is found twice (in every run of an axis, say) is kept once;
 * at most SW_DIAGNOSTICS_MAX are kept, and how many more there were is counted. */
enum { SW_DIAGNOSTICS_MAX = 128 };
size_t sw_diagnostics_count(const sw_diagnostics *diagnostics);
const sw_diagnostic *sw_diagnostics_get(const sw_diagnostics *diagnostics, size_t i);
size_t sw_diagnostics_errors(const sw_diagnostics *diagnostics); /* those that refuse the sweep, dropped ones too */
size_t sw_diagnostics_dropped(const sw_diagnostics *diagnostics);
/* hint may be NULL; too long texts are cut. */
void sw_diagnostics_add(sw_diagnostics *diagnostics, bool warning, int line, int column, const char *path,
                        const char *hint, const char *format, ...) SW_PRINTF(7, 8);
/* The text that lines and columns are of, `length` bytes, which is copied; `changed`: the command line has changed it.
 */
sw_status sw_diagnostics_set_text(sw_diagnostics *diagnostics, const char *text, size_t length,
                                  bool changed) SW_MUST_CHECK;
/* To stderr, "file:line:column: error: run.optimizer.betaa1: unknown key; did you mean beta1?", each followed by its
 * line of the text with a caret below the place. */
void sw_diagnostics_print(const sw_diagnostics *diagnostics, const char *file);

/* ---- the sweep ---- */

typedef struct sw_sweep sw_sweep;

/* Reads and validates a file (at most 16 MiB, nesting at most 64). On SW_E_CONFIG the diagnostics say why; a missing or
 * unreadable file is a diagnostic too. A sweep with errors that could be read nevertheless is handed out with SW_OK, to
 * look for more errors in it (sw_diagnostics_errors tells). `overrides`: settings of the command line, NULL-terminated
 * (NULL = none), which are written into the text before it is read, see sw_overrides_is; sw_sweep_text has them. */
sw_status sw_sweep_read(sw_sweep **out, const char *path, char *const *overrides,
                        sw_diagnostics *diagnostics) SW_MUST_CHECK;
/* The same from memory (fuzzing, tests); `path` is used for messages and to resolve relative files. */
sw_status sw_sweep_parse(sw_sweep **out, const char *text, size_t length, const char *path,
                         sw_diagnostics *diagnostics) SW_MUST_CHECK;
void sw_sweep_destroy(sw_sweep *sweep);

/* Is an argument KEY=VALUE, as "run.steps=200" or "grid.seed=[0,1,2]"? KEY is a dotted path from the top of the file;
 * VALUE is JSON, or what is none is a text. Other arguments are files. */
bool sw_overrides_is(const char *argument);
/* Puts the files of NULL-terminated arguments first, each kind in its order. Returns how many files there are. */
size_t sw_overrides_sort(char **arguments);

const char *sw_sweep_name(const sw_sweep *sweep);
const char *sw_sweep_path(const sw_sweep *sweep);                 /* as given to load */
const char *sw_sweep_output(const sw_sweep *sweep);               /* resolved path of the results file */
const char *sw_sweep_text(const sw_sweep *sweep, size_t *length); /* byte for byte, but for overrides */

/* ---- expansion (used by plan): run k of the product of all axes ---- */

enum { SW_RUNS_MAX = 200000 };
uint64_t sw_sweep_run_count(const sw_sweep *sweep);
uint64_t sw_sweep_excluded(const sw_sweep *sweep); /* runs of the product that `exclude` leaves out */

size_t sw_sweep_axis_count(const sw_sweep *sweep);
const sw_axis *sw_sweep_axis(const sw_sweep *sweep, size_t i);

/* Resolves run k (label, axes and diagnostics may be NULL): configuration, label ("" = none), value of every axis
 * [axis_count] (an axis that a case does not set has the base value). */
sw_status sw_sweep_resolve(const sw_sweep *sweep, uint64_t k, sw_run_config *config, char label[128],
                           sw_axis_value *axes, sw_diagnostics *diagnostics) SW_MUST_CHECK;

/* Where run k has `path` from: line and column of the value, and the path as diagnostics print it
 * ("grid.task.p[1]"). false: the key was left to its default. Keys of `task` that are not given fall back to where
 * the task's kind was. */
typedef struct sw_position {
    int line, column;
    char path[256];
} sw_position;
bool sw_sweep_locate(const sw_sweep *sweep, uint64_t k, const char *path, sw_position *out);
/* Where run k has what one of `changes` sets: the field of an sw_change, and the step after which it does. */
void sw_sweep_locate_change(const sw_sweep *sweep, uint64_t k, uint32_t field, int64_t at, sw_position *out);
/* "run 3 baseline (seed 1, task.p 59)": number, label and values of the axes, as many as fit. */
void sw_sweep_describe(char *out, size_t capacity, const sw_sweep *sweep, uint64_t k);

/* How the settings of two runs differ, those of keys that do not concern them among them. */
typedef enum sw_difference {
    SW_DIFFERENCE_NONE,
    SW_DIFFERENCE_IDLE,  /* only in keys without effect */
    SW_DIFFERENCE_DRAWN, /* none, but they are two samples of random */
    SW_DIFFERENCE_REAL,
    SW_DIFFERENCE_COUNT
} sw_difference;
/* *path: the first key without effect in which they differ. */
sw_difference sw_sweep_compare(const char **path, const sw_sweep *sweep, uint64_t a, uint64_t b);

/* What is wrong with a run. */
typedef struct sw_run_fault {
    const char *rule; /* constant text: the same for the same fault of another run */
    const char *keys; /* what it comes from: dotted paths, and groups ("task."), separated by blanks */
    sw_position place;
    bool warning;
    const char *hint, *message; /* hint may be NULL */
    const char *multiple_of;    /* a key that would have to be a multiple of `multiple`; NULL = none */
    int64_t multiple;
} sw_run_fault;
/* Keeps a fault of run k. One of many runs, by rule and keys, becomes one diagnostic: that of the first run, with its
 * axes, how many more there are, and what to write into the sweep so that it is without them. `seen`: runs that were
 * looked at. Telling forgets what was kept. */
void sw_sweep_faults_add(const sw_sweep *sweep, uint64_t k, const sw_run_fault *fault);
size_t sw_sweep_faults_errors(const sw_sweep *sweep);
void sw_sweep_faults_tell(const sw_sweep *sweep, sw_diagnostics *diagnostics, uint64_t seen);

/* What makes run k the one it is: its case, else the section of axes, else `run`. */
void sw_sweep_run_position(const sw_sweep *sweep, uint64_t k, sw_position *out);
/* Label of the case of run k; "" = the sweep has none. */
const char *sw_sweep_case(const sw_sweep *sweep, uint64_t k);

/* ---- adaptive work: `refine` and `prune` ---- */

enum { SW_RUNGS_MAX = 32, SW_WITHIN_MAX = 8 };

/* How `refine` decides what a point of its lattice needs (plan.h). */
typedef struct sw_refine_rule {
    double share;      /* of a point's runs for which the statement must hold, 0 < share < 1 */
    double confidence; /* two-sided, of the Wilson interval of the share */
    double width;      /* an interval no wider than this is narrow enough even when it holds `share` */
    int64_t coarse;    /* spacing of the first sub-lattice, in points */
    int64_t seeds;     /* runs that a point gets at first */
    int64_t budget;    /* most runs of a plane; 0 = as many as it takes */
} sw_refine_rule;

typedef enum sw_statement {
    SW_STATEMENT_T_MEM,
    SW_STATEMENT_T_GEN,
    SW_STATEMENT_T_SYM,
    SW_STATEMENT_T_GEO
} sw_statement;

typedef struct sw_refine_config {
    int32_t axis_count; /* 0 = the sweep does not refine */
    int32_t axes[2];    /* numbers among the sweep's axes */
    int32_t reached;    /* sw_statement: this onset is reached */
    sw_refine_rule rule;
} sw_refine_config;

/* Successive halving: runs stop at each rung; when all that are left have come there, the best go on. */
typedef struct sw_halving_config {
    int32_t rung_count;          /* 0 = off */
    int64_t rungs[SW_RUNGS_MAX]; /* steps, ascending */
    double keep;                 /* share that goes on */
    int32_t measure;             /* number of a metric (record.h) */
    bool lowest;                 /* the best have the lowest value, not the highest */
    int32_t within_count;
    int32_t within[SW_WITHIN_MAX]; /* only runs that agree in these axes compete; -1 = the label */
} sw_halving_config;

typedef struct sw_adaptive_config {
    sw_refine_config refine;
    sw_halving_config halving;
    sw_prune_config prune;
} sw_adaptive_config;
const sw_adaptive_config *sw_sweep_adaptive(const sw_sweep *sweep);

/* Where run k stands on the lattice of `refine`: planes are what the other axes make. Index 1 is 0 with one axis. */
typedef struct sw_lattice_place {
    size_t plane, index[2], seed;
} sw_lattice_place;
void sw_sweep_lattice_size(const sw_sweep *sweep, size_t *planes, size_t size[2], size_t *seeds);
void sw_sweep_lattice_place(sw_lattice_place *out, const sw_sweep *sweep, uint64_t k);

/* ---- one resolved configuration ---- */

/* The complete configuration with every key that applies, as JSON (what /runs/config holds). */
void sw_config_write(sw_json *json, const sw_run_config *config);
/* Canonical JSON of what decides the run's numbers: sorted keys, keys equal to their frozen default left out. */
void sw_config_write_identity(sw_json *json, const sw_run_config *config);
/* The same run with its keys without effect at their defaults (options of weight 0, say); false: it has none others. */
bool sw_config_reduce(sw_run_config *out, const sw_run_config *config);
/* Back from sw_config_write's text. `lists` owns the steps of snapshots; NULL: they are left out. */
sw_status sw_config_read(sw_run_config *out, const char *json, sw_arena *lists) SW_MUST_CHECK;
/* Tensors of a parameter layout as results files have it: [{"name": ..., "offset": ..., "shape": [...]}, ...]. *out
 * [*count] is freed with free(). SW_E_STORE: it is no such text. */
typedef struct sw_layout_tensor {
    char name[48];
    size_t offset;    /* elements */
    int64_t shape[2]; /* a vector: {n, 0} */
} sw_layout_tensor;
sw_status sw_config_read_layout(sw_layout_tensor **out, size_t *count, const char *json) SW_MUST_CHECK;
/* Value that a configuration, as sw_config_write's text, has for a key; missing (NaN, -1, "") where the key does not
 * concern the run, or is an alias. */
sw_status sw_config_axis_value(sw_axis_value *out, const char *json, const char *path) SW_MUST_CHECK;
/* A valid configuration of all defaults: task modular add p = 59 (tests and benchmarks start from it). */
void sw_config_default(sw_run_config *out);

/* ---- the table of keys: documentation, --list-keys and the schema follow from it ---- */

typedef struct sw_key_info {
    const char *path;    /* "optimizer.learning_rate" */
    const char *section; /* "run"; "sweep": `refine` and `prune`, which stand beside it */
    const char *type;    /* "number", "integer", "boolean", "string", "one of a, b, c" */
    const char *default_text;
    const char *range; /* "> 0", "0..1", "" */
    const char *meaning;
    bool identity;        /* enters the run's identity */
    bool changes;         /* `changes` may change it while the run trains */
    const char *unit;     /* "steps", "nat", "" */
    const char *concerns; /* "task.kind modular", "" = every run */
    /* For the JSON Schema. `base`: "number", "integer", "boolean", "string", "array" (of integers), "steps" (an array
     * of integers and generators, or a generator), "names" (an array of axes' paths), "words" (an array of texts),
     * "row" (an integer or a text), "changes" (an array of changes); `word`: a text allowed instead of an integer
     * ("all"), NULL = none; `values`: of an enumeration, NULL-terminated, else NULL. */
    const char *base, *word;
    const char *const *values;
    bool has_minimum, has_maximum, minimum_excluded, maximum_excluded;
    double minimum, maximum;
    size_t longest;     /* array: most elements */
    char text[4][2048]; /* storage of the texts above: the longest lists what a key may be */
} sw_key_info;
size_t sw_key_count(void);
void sw_key_describe(size_t i, sw_key_info *out); /* texts point into *out: not to be copied */

/* The identity's generation: a key that is added later does not change it, a default that is changed does. */
enum { SW_IDENTITY_VERSION = 1 };

/* Reads a status file. SW_E_IO: it cannot be read; SW_E_STORE: it is no such file. */
sw_status sw_config_read_progress(sw_progress_file *out, const char *path) SW_MUST_CHECK;

/* Summary and status text of a results file read by tools: member of a flat JSON object as text; false = absent. */
bool sw_config_lookup(const char *json, const char *dotted_path, char *out, size_t capacity);

/* Version of the cJSON that is linked, "1.7.15". */
const char *sw_config_library_version(void);
