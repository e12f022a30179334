/* writer.h: the state of the one writer of a results file.
 *
 * Nothing reaches the file before sw_store_flush; until a flush has succeeded everything that was given is kept in
 * memory and given again with the next. Writes that the system refused wait in the file driver (vfd.h). */
#pragma once

#include "store/growth.h"
#include "store/lock.h"
#include "store/open.h"
#include "store/partial.h"
#include "store/stage.h"
#include "symsweep/unacknowledged.h"

/* What a row has been given since the last flush. */
typedef struct sw_pending {
    bool begin; /* clear all but the first keep_* entries before anything else */
    int64_t keep_records, keep_snapshots;
    sw_partial_sum keep_sum; /* of what is kept */
    bool adopts;             /* begin: the first adopt_* entries come from the row `adopted` */
    int64_t adopted, adopt_records, adopt_snapshots;
    int64_t
        shared_steps; /* adopts, of a run that is in training: so many steps are that one's; 0 = of one that is over */
    char host[SW_CHARACTERS];
    int64_t rank;
    sw_run_facts *facts;
    sw_run_data *data; /* with arrays behind it in the same allocation */
    size_t data_bytes;
    sw_unacknowledged kept;
    bool finished, onsets_given;
    sw_run_result result;
    sw_onsets onsets;
    bool refine_given;
    sw_store_refined refined;
    sw_record last; /* finished with records > 0: the last one */
} sw_pending;

typedef struct sw_writer_row {
    sw_run_state state;
    int64_t attempts;
    int64_t flushed, flushed_snapshots; /* acknowledged by a flush */
    int64_t records, snapshots;         /* given in this attempt, flushed or not */
    sw_partial_sum sum;                 /* of these */
    bool clean;                         /* holds nothing of an earlier attempt */
    bool onsets_stale;
    bool dirty;          /* on the dirty list */
    sw_pending *pending; /* NULL = only state and attempts are to be written */
} sw_writer_row;

struct sw_store {
    char *path, temporary[SW_TEMPORARY_MAX]; /* under which a new form of the file is built */
    sw_lock *lock;
    sw_schema *schema;
    hid_t file;
    sw_catalog *catalog;
    sw_stage *stage;
    int *column; /* [schema->count]: index in the catalog */
    size_t run_count;
    int64_t *run_row; /* [run_count] */
    int64_t row_count;
    sw_writer_row *rows;                            /* [row_count] */
    int64_t evaluation_capacity, snapshot_capacity; /* E, S of the file */
    int64_t *dirty; /* [row_count]: rows to be written at the next flush, in order of first touch */
    size_t dirty_count;
    size_t kept_bytes;
    bool refused;  /* the last flush failed */
    double looked; /* sw_clock_now when the file was last seen under its name */
    double synced; /* sw_clock_now of the last fsync */
};

/* The column of a schema field (an index as in sw_schema; -1 gives NULL). */
const sw_column *sw_writer_column(const sw_store *store, int field);

/* Puts the row on the list of the next flush. */
void sw_writer_touch(sw_store *store, int64_t row);

/* What the row has been given, made when it is the first; NULL = out of memory. */
sw_pending *sw_writer_pending(sw_store *store, int64_t row);
/* Forgets it. */
void sw_writer_forget(sw_store *store, int64_t row);
