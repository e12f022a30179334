/* writer.h: the state of the one writer of a results file.
 *
 * Nothing reaches the file before sw_store_flush; until a flush has succeeded everything that was given is kept in
 * memory and given again with the next. Writes that the system refused wait in the file driver (vfd.h). */
#ifndef SYMSWEEP_STORE_WRITER_H
#define SYMSWEEP_STORE_WRITER_H

#include "store/build.h"
#include "store/lock.h"
#include "store/progress.h"
#include "store/stage.h"

/* A snapshot with its own copy of the arrays. */
typedef struct sw_kept_snapshot {
    struct sw_kept_snapshot *next;
    sw_snapshot snapshot;
    size_t bytes;
    float values[];
} sw_kept_snapshot;

/* What a row has been given since the last flush. */
typedef struct sw_pending {
    bool begin; /* clear all but the first keep_* entries before anything else */
    int64_t keep_records, keep_snapshots;
    sw_progress_sum keep_sum; /* of what is kept */
    char host[SW_CHARACTERS];
    int64_t rank;
    sw_run_facts *facts;
    sw_run_data *data;    /* with arrays behind it in the same allocation */
    int64_t first_record; /* evaluation number of records[0] */
    size_t record_count, record_capacity;
    sw_record *records;
    sw_kept_snapshot *snapshots, **snapshots_end;
    bool finished, onsets_given;
    sw_run_result result;
    sw_onsets onsets;
    bool refine_given;
    sw_store_refined refined;
    sw_record last; /* finished with records > 0: the last one */
    size_t bytes;   /* of all of this */
} sw_pending;

typedef struct sw_row {
    sw_run_state state;
    int64_t attempts;
    int64_t flushed, flushed_snapshots; /* acknowledged by a flush */
    int64_t records, snapshots;         /* given in this attempt, flushed or not */
    sw_progress_sum sum;                /* of these */
    bool clean;                         /* holds nothing of an earlier attempt */
    bool config_changed;
    bool dirty;          /* on the dirty list */
    sw_pending *pending; /* NULL = only state and attempts are to be written */
} sw_row;

struct sw_store {
    char *path;
    sw_lock *lock;
    sw_schema *schema;
    hid_t file;
    sw_catalog *catalog;
    sw_stage *stage;
    int *column; /* [schema->count]: index in the catalog */
    size_t run_count;
    int64_t *run_row; /* [run_count] */
    int64_t row_count;
    sw_row *rows;                                   /* [row_count] */
    int64_t evaluation_capacity, snapshot_capacity; /* E, S of the file */
    int64_t *dirty; /* [row_count]: rows to be written at the next flush, in order of first touch */
    size_t dirty_count;
    size_t kept_bytes;
    bool refused;  /* the last flush failed */
    double looked; /* sw_clock_now when the file was last seen under its name */
    double synced; /* sw_clock_now of the last fsync */
};

/* The column of a schema field (an index as in sw_schema; -1 gives NULL). */
const sw_column *sw_store_column(const sw_store *store, int field);

/* Puts the row on the list of the next flush. */
void sw_store_touch(sw_store *store, int64_t row);

void sw_pending_destroy(sw_pending *pending);

/* Opens the file for SWMR writing, clearing what a killed writer left; fills file, catalog and column. */
sw_status sw_store_attach(sw_store *store) SW_MUST_CHECK;
/* Closes the file, whatever state it is in. */
sw_status sw_store_detach(sw_store *store) SW_MUST_CHECK;

/* Puts pending rows into the file (flush.c). */
sw_status sw_store_write_pending(sw_store *store) SW_MUST_CHECK;

#endif
