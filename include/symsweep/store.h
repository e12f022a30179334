/* store.h: the results file. The only user of HDF5.
 *
 * Knows records, not networks or configurations. One writer (sw_store), any number of readers (sw_results), which may
 * read while the writer writes (SWMR) and after any crash. */
#pragma once

#include "symsweep/axis.h"
#include "symsweep/record.h"

/* ---- writing ---- */

/* One run as the file must know it before SWMR begins. Texts are borrowed during the call. */
typedef struct sw_store_run {
    const char *id, *config, *label, *task;
    int64_t seed;
    int64_t evaluations; /* most records */
    int64_t snapshots;   /* most snapshots */
    sw_snapshot_shape shape;
    int64_t data_inputs; /* 0 unless save.split */
    int32_t data_tokens;
    bool clean_labels;            /* with data: labels without noise too */
    const char *parameter_layout; /* JSON, or "" */
    int32_t generator_count;      /* of by_generator; 0 = the family automorphism is not defined */
    const char *generators;       /* JSON, or "" */
    double order_log10;           /* of their group */
    int32_t llc_stretches;        /* of llc_trace; 0 = llc is not measured */
    int32_t irreps;               /* of neuron_power and logit_power; 0 = circuits are not measured */
    const sw_axis_value *axes;    /* [axis_count] */
} sw_store_run;

/* What the store cannot know of itself: configurations and plans. */
typedef struct sw_store_knowledge {
    /* Value of an axis by a run's configuration text (sw_config_axis_value). */
    sw_status (*axis_value)(sw_axis_value *out, const char *config, const char *path);
    /* Ids of the runs of a sweep by its text, in the plan's order, *ids and each malloc'ed; none when the text makes no
     * plan here. */
    sw_status (*plan_ids)(char ***ids, size_t *count, const char *sweep_text);
} sw_store_knowledge;

/* A sweep as the file must know it. */
typedef struct sw_store_sweep {
    const char *sweep_name;
    const char *sweep_text;
    size_t sweep_length;
    const char *blas, *mpi; /* versions for the root attributes */
    size_t axis_count;
    const sw_axis *axes;
    size_t run_count;
    const sw_store_run *runs;
    bool metric[SW_METRIC_COUNT];        /* datasets to make: metrics that apply to any run */
    bool refined;                        /* /runs/refine too */
    const sw_store_knowledge *knowledge; /* NULL: rows that the sweep does not know stay without values of new axes */
} sw_store_sweep;

typedef struct sw_store sw_store;

/* Opens or makes the results file of a sweep and becomes its one writer (SW_E_BUSY: another lives; SW_E_STORE: not a
 * results file, or of another sweep). A new file is built under a temporary name and renamed. An existing one is
 * recovered when a writer was killed, keeps all its rows, says which of them the sweep no longer has, and gets rows and
 * datasets for runs it lacks.
 * SWMR is on when this returns. */
sw_status sw_store_open(sw_store **out, const char *path, const sw_store_sweep *sweep) SW_MUST_CHECK;

/* Row of the sweep's run i in the file. */
int64_t sw_store_row(const sw_store *store, size_t run);
sw_run_state sw_store_state(const sw_store *store, int64_t row);
int64_t sw_store_attempts(const sw_store *store, int64_t row);

/* A run starts (again): clears what an earlier, unfinished attempt left in its row. */
sw_status sw_store_begin(sw_store *store, int64_t row, const char *host, int64_t rank) SW_MUST_CHECK;
/* The same for a run that goes on from its checkpoint: the first `records` records and `snapshots` snapshots of the row
 * stay (neither is more than what is flushed), the rest is cleared. 0, 0 is sw_store_begin. */
sw_status sw_store_resume(sw_store *store, int64_t row, const char *host, int64_t rank, int64_t records,
                          int64_t snapshots) SW_MUST_CHECK;
sw_status sw_store_facts(sw_store *store, int64_t row, const sw_run_facts *facts) SW_MUST_CHECK;
sw_status sw_store_data(sw_store *store, int64_t row, const sw_run_data *data) SW_MUST_CHECK;
sw_status sw_store_record(sw_store *store, int64_t row, const sw_record *record) SW_MUST_CHECK; /* buffered */
sw_status sw_store_snapshot(sw_store *store, int64_t row, const sw_snapshot *snapshot) SW_MUST_CHECK;
/* Final values, onsets, state, timings, checksum; then the row is never written again. */
sw_status sw_store_finish(sw_store *store, int64_t row, const sw_run_result *result,
                          const sw_onsets *onsets) SW_MUST_CHECK;
/* Rewrites the onsets of a finished row (thresholds of phases were changed in the sweep). */
sw_status sw_store_onsets(sw_store *store, int64_t row, const sw_onsets *onsets) SW_MUST_CHECK;
/* The run goes back to pending (its worker was lost or asked to stop); attempts + 1 when `charge`. */
sw_status sw_store_requeue(sw_store *store, int64_t row, bool charge) SW_MUST_CHECK;

/* The row needs no (further) training: SW_RUN_NOT_SELECTED. */
sw_status sw_store_settle(sw_store *store, int64_t row, sw_run_state state) SW_MUST_CHECK;

/* What refine makes of a row: of the run, and of its point of the lattice with all its seeds. */
typedef struct sw_store_refined {
    int64_t round;            /* that chose the run; -1 = none */
    int64_t class;            /* 1 the statement holds at the point, 0 not, -1 not known yet */
    int64_t decided, reached; /* runs of the point with a result, and those for which the statement holds */
    double low, high;         /* Wilson interval of the share; NaN without results */
} sw_store_refined;
sw_status sw_store_refine(sw_store *store, int64_t row, const sw_store_refined *refined) SW_MUST_CHECK;

/* A row that is pending takes over the first `records` records and `snapshots` snapshots of another one, `from`, which
 * stays as it is: the run is to go on from there. They are in the file when this returns. `shared_steps`: 0, and `from`
 * is over; or both runs have these steps in common, `from` is not over, and the file says so. SW_E_STORE: `from` has
 * not as many, or its checksum does not fit; the row holds nothing then. */
sw_status sw_store_adopt(sw_store *store, int64_t row, int64_t from, int64_t records, int64_t snapshots,
                         int64_t shared_steps) SW_MUST_CHECK;

/* Calls `visit` for each row of the file that the sweep does not have. */
typedef sw_status (*sw_store_visit)(void *context, int64_t row, const char *id, const char *config);
sw_status sw_store_former(const sw_store *store, sw_store_visit visit, void *context) SW_MUST_CHECK;

/* Records of a row as written so far (buffered ones too); free with free(). */
sw_status sw_store_records(sw_store *store, int64_t row, sw_record **out, size_t *count) SW_MUST_CHECK;

/* Everything given so far is on its way to the disk: data, H5Fflush, progress counters, H5Fflush; now and then fsync.
 * SW_E_IO: the system refused (full disk, quota, I/O error); nothing that was given is lost, the file stands as after a
 * kill, and the next call tries again. What is given meanwhile is kept up to 512 MB. */
sw_status sw_store_flush(sw_store *store) SW_MUST_CHECK;
/* How many records of the row are flushed (what a worker may forget). */
int64_t sw_store_flushed(const sw_store *store, int64_t row);
/* How many snapshots of the row are flushed. */
int64_t sw_store_flushed_snapshots(const sw_store *store, int64_t row);

/* Shows other hosts that the writer lives: bumps the counter of the lock when the last time was 10 s ago. SW_E_IO: the
 * file is no longer where it was (its folder vanished). Cheap enough for every turn of a loop. */
sw_status sw_store_heartbeat(sw_store *store) SW_MUST_CHECK;
/* Did the row stand in the file with another configuration text than the sweep's (thresholds of phases, say), or with
 * onsets of another definition than this program's? sw_store_open has replaced the text, and the definition of the
 * dataset; the onsets are the caller's to recompute. */
bool sw_store_onsets_stale(const sw_store *store, int64_t row);

/* Runs that are still running become pending; flushes, makes the file plain, gives up the lock. `store` is gone
 * whatever is returned. */
sw_status sw_store_close(sw_store *store) SW_MUST_CHECK;

/* After the close: is the file there, does it read, and are those of `rows` that are over what was written? SW_E_STORE:
 * not so. Checksums of files up to 1 GiB, which take a second for 200 MB. */
sw_status sw_store_verify(const char *path, const int64_t *rows, size_t count) SW_MUST_CHECK;

/* ---- reading: status, show, export; live, finished or crashed files ---- */

typedef struct sw_results sw_results;

typedef struct sw_result_row {
    char *id, *config, *label, *task;
    int64_t seed, rank, attempts, written, steps;
    char host[256], error[256];
    sw_run_state state;
    double wall_seconds, steps_per_second, measure_share;
    sw_onsets onsets;
    int64_t checksum;                     /* -1 = none: the run is not over */
    double train_accuracy, test_accuracy; /* of the last evaluation; NaN until the run is over */
    bool planned;                         /* false: a former run, which the sweep no longer has */
    bool damaged;                         /* over, but its checksum does not fit: the next start trains it again */
} sw_result_row;

sw_status sw_results_open(sw_results **out, const char *path) SW_MUST_CHECK;
void sw_results_close(sw_results *results);
size_t sw_results_count(const sw_results *results);
const char *sw_results_sweep_name(const sw_results *results);
/* The sweep file as given, its latest form; free with free(). */
sw_status sw_results_sweep_text(const sw_results *results, char **out) SW_MUST_CHECK;
const char *sw_results_attribute(const sw_results *results, const char *name); /* root attribute; NULL */
bool sw_results_live(const sw_results *results);                               /* a writer holds the file now */
/* Reads what is new in a live file. */
sw_status sw_results_refresh(sw_results *results) SW_MUST_CHECK;
const sw_result_row *sw_results_row(const sw_results *results, size_t i);
size_t sw_results_axis_count(const sw_results *results);
const sw_axis *sw_results_axis(const sw_results *results, size_t i);
const sw_axis_value *sw_results_axis_value(const sw_results *results, size_t row, size_t axis);
bool sw_results_has_metric(const sw_results *results, int metric);
/* Records of one row; metrics absent from the file are NaN; free with free(). */
sw_status sw_results_records(sw_results *results, size_t row, sw_record **out, size_t *count) SW_MUST_CHECK;
/* Generators of one row as the file has them: JSON, "" = none; free with free(). */
sw_status sw_results_generators(const sw_results *results, size_t row, char **out) SW_MUST_CHECK;

/* A snapshot of all parameters of a row. */
typedef struct sw_result_parameters {
    int64_t step;
    char *layout;  /* JSON: names, offsets and shapes of the tensors */
    float *values; /* [count] */
    size_t count;
} sw_result_parameters;
/* That of step `step`; -1 = the last. SW_E_STORE: the row has none, or none of that step; the message says which there
 * are. Release it whatever is returned. */
sw_status sw_results_parameters(sw_results *results, size_t row, int64_t step, sw_result_parameters *out) SW_MUST_CHECK;
void sw_results_parameters_release(sw_result_parameters *parameters);

/* The newest record of a row; *any = false: none is written yet. */
sw_status sw_results_newest(sw_results *results, size_t row, sw_record *out, bool *any) SW_MUST_CHECK;
/* Who writes the file now: "host H, process P, since T"; "" = nobody. */
void sw_results_writer(const sw_results *results, char out[512]);

/* All that a run has one value of, for tables: the file's datasets of one value (or one text) a run, in groups: runs,
 * axes, onsets, final values, facts of the families. Missing: NaN, -1, "". */
typedef struct sw_result_column {
    const char *path;  /* "/runs/onset/t_mem"; valid as long as the results */
    sw_axis_type type; /* SW_AXIS_BOOL never: codes are integers */
    bool single;       /* a real that the file keeps in single precision */
    int64_t *integers; /* [count of runs], by type; the others NULL */
    double *reals;
    char **texts;
} sw_result_column;
sw_status sw_results_columns(sw_results *results, sw_result_column **out, size_t *count) SW_MUST_CHECK;
void sw_results_columns_destroy(sw_result_column *columns, size_t count, size_t runs);

/* Compressed copy (gzip + shuffle) of a file; of one that is being written the runs that are over, with the others as
 * pending. Join of several; clearing what a killed writer left.
 * A join takes of each run the finished row, wherever it is planned. What is planned in it is the plan of the form of
 * the sweep that was written last; where that makes no plan here (knowledge NULL), a run is planned when a file of that
 * form says so, or, if none of them has it, any other. `to` may exist, as a file of the same sweep: what it holds is
 * kept. */
sw_status sw_store_compact(const char *from, const char *to) SW_MUST_CHECK;
sw_status sw_store_merge(const char *to, const char *const *from, size_t count,
                         const sw_store_knowledge *knowledge) SW_MUST_CHECK;
sw_status sw_store_recover(const char *path) SW_MUST_CHECK;
/* --fresh: renames an existing file (and the folder of its checkpoints, path.checkpoints, when there is one) to a name
 * that is free and says so in `moved` ("" = there was none). SW_E_BUSY while a writer lives. Never deletes. */
sw_status sw_store_set_aside(char moved[SW_PATH_MAX], const char *path) SW_MUST_CHECK;
const char *sw_store_library_version(void);
