/* store.c: opens and closes the results file as its one writer, or moves it out of the way of a new one. */
#include "store/build.h"
#include "store/checksum.h"
#include "store/open.h"
#include "store/verify.h"
#include "store/writer.h"
#include "symsweep/clock.h"
#include "symsweep/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- file in SWMR ---- */

static sw_status detach(sw_store *store, sw_status status) {
    sw_catalog_close(store->catalog);
    store->catalog = NULL;
    status = sw_vfd_close(store->file, store->path, status);
    store->file = -1;
    return status;
}

/* Opens the file for SWMR writing; fills file, catalog and column. */
static sw_status attach(sw_store *store) {
    const sw_schema *s = store->schema;
    sw_status status = sw_open_live(&store->file, store->path);
    if (status == SW_OK) status = sw_catalog_open(&store->catalog, store->file);
    for (size_t f = 0; f < s->count && status == SW_OK; f++) {
        store->column[f] = sw_catalog_index(store->catalog, s->fields[f].path);
        if (store->column[f] < 0) status = sw_fail(SW_E_STORE, "%s is missing", s->fields[f].path);
    }
    if (status != SW_OK) return status;
    store->evaluation_capacity = (int64_t)sw_writer_column(store, s->fixed[SW_FIELD_STEP])->extents[1];
    store->snapshot_capacity = (int64_t)sw_writer_column(store, s->fixed[SW_FIELD_SNAPSHOT_STEP])->extents[1];
    return SW_OK;
}

/* ---- rows of an existing file ---- */

/* Snapshots that a row holds: leading entries of /snapshots/step. */
static sw_status load_snapshots(sw_store *store, int64_t row) {
    const sw_column *column = sw_writer_column(store, store->schema->fixed[SW_FIELD_SNAPSHOT_STEP]);
    const hsize_t start[2] = {(hsize_t)row, 0}, count[2] = {1, column->extents[1]};
    int64_t *steps = calloc(count[1] + 1, sizeof *steps), held = 0;
    if (!steps) return sw_fail(SW_E_MEMORY, "%s", column->path);
    const sw_status status = sw_column_read_box(column, H5T_NATIVE_INT64, start, count, steps);
    while (held < (int64_t)count[1] && steps[held] >= 0) held++;
    if (status == SW_OK) store->rows[row].snapshots = store->rows[row].flushed_snapshots = held;
    free(steps);
    return status;
}

/* Of all rows. */
typedef struct row_table {
    int64_t *state, *attempts, *written, *rank, *checksum;
} row_table;

/* A count as the file has it, within what the file can hold. */
static int64_t bounded(int64_t count, int64_t capacity) { return count < 0 ? 0 : count > capacity ? capacity : count; }

/* A kill between checksum and state: the run is over, and the checksum says how. The state is written with the next
 * flush. */
static bool find_sealed_state(sw_store *store, int64_t row, int64_t stored) {
    for (int state = 0; state < SW_RUN_STATE_COUNT; state++) {
        const int8_t code = (int8_t)state;
        int64_t sum;
        if (!sw_states[state].over) continue;
        if (sw_checksum_rows(&sum, store->catalog, row, 1, &code) != SW_OK) return false;
        if (sum != stored) continue;
        store->rows[row].state = (sw_run_state)state;
        sw_writer_touch(store, row);
        return true;
    }
    return false;
}

/* What the file holds of a run that is not over, as far as its checksum vouches for it. */
static sw_status load_partial(sw_store *store, int64_t row, int64_t stored) {
    sw_writer_row *r = &store->rows[row];
    const int64_t claimed = r->records, claimed_snapshots = r->snapshots;
    const sw_status status =
        sw_partial_read(&r->sum, &r->records, &r->snapshots, store->catalog, store->schema, row, &stored);
    if (status != SW_OK) return status;
    if ((r->records < claimed || r->snapshots < claimed_snapshots) && find_sealed_state(store, row, stored)) {
        r->records = claimed;
        r->snapshots = claimed_snapshots;
    } else if (claimed > 0 && r->records == 0) {
        sw_warn("%s: what run %lld had written so far is damaged; it starts again", store->path, (long long)row);
    }
    r->flushed = r->records;
    r->flushed_snapshots = r->snapshots;
    return SW_OK;
}

static sw_status load_row(sw_store *store, const row_table *table, int64_t r, bool killed) {
    sw_writer_row *row = &store->rows[r];
    row->state = (sw_run_state)table->state[r];
    row->attempts = table->attempts[r];
    if (!sw_record_is_over(row->state)) row->state = SW_RUN_PENDING;
    row->records = row->flushed = bounded(table->written[r], store->evaluation_capacity);
    /* After a kill a row may hold what was never acknowledged. */
    row->clean = !killed && table->rank[r] == -1 && row->state == SW_RUN_PENDING && row->records == 0;
    if (row->clean || sw_states[row->state].result) return SW_OK; /* its snapshots are for readers */
    const sw_status status = load_snapshots(store, r);
    return status != SW_OK || row->state != SW_RUN_PENDING ? status : load_partial(store, r, table->checksum[r]);
}

static sw_status load_rows(sw_store *store, bool killed) {
    sw_status status = SW_OK;
    row_table table = {0};
    const struct {
        sw_field_id field;
        int64_t **values;
    } columns[] = {{SW_FIELD_STATUS, &table.state},
                   {SW_FIELD_ATTEMPTS, &table.attempts},
                   {SW_FIELD_WRITTEN, &table.written},
                   {SW_FIELD_RANK, &table.rank},
                   {SW_FIELD_CHECKSUM, &table.checksum}};
    const size_t count = sizeof columns / sizeof columns[0];
    for (size_t i = 0; i < count && status == SW_OK; i++)
        status =
            sw_column_load_integers(columns[i].values, sw_writer_column(store, store->schema->fixed[columns[i].field]));
    for (int64_t r = 0; r < store->row_count && status == SW_OK; r++) status = load_row(store, &table, r, killed);
    for (size_t i = 0; i < count; i++) free(*columns[i].values);
    return status;
}

/* Rows whose checksum does not fit are trained again. */
static void discard_damaged(sw_store *store, const sw_damage *damage) {
    sw_verify_warn(damage, store->path);
    for (size_t i = 0; i < damage->count; i++) {
        if (damage->rows[i] < 0 || damage->rows[i] >= store->row_count) continue;
        sw_writer_row *row = &store->rows[damage->rows[i]];
        row->state = SW_RUN_PENDING;
        row->flushed = row->records = 0;
        row->flushed_snapshots = row->snapshots = 0;
        row->clean = false;
    }
}

/* ---- opening ---- */

/* A new file, or an extended copy of the one that is there, comes under its name when it is complete. */
static sw_status build_and_rename(const sw_store *store, const sw_store_sweep *sweep, const sw_growth *growth,
                                  bool exists) {
    sw_status status = SW_OK;
    if (exists) status = sw_file_copy(store->path, store->temporary, &sw_open_points);
    if (status == SW_OK)
        status = (exists ? sw_build_extend : sw_build_create)(store->temporary, store->schema, sweep, growth);
    if (status == SW_OK) status = sw_file_put_in_place(store->temporary, store->path, &sw_open_points);
    if (status != SW_OK) unlink(store->temporary);
    return status;
}

/* Compares the file that is there with the sweep. */
static sw_status find_growth(sw_growth *growth, const sw_store *store, const sw_store_sweep *sweep) {
    hid_t file;
    sw_catalog *catalog = NULL;
    sw_status status = sw_open_readable(&file, store->path);
    if (status != SW_OK) return status;
    status = sw_open_check_format(file, store->path, sweep->sweep_name);
    if (status == SW_OK) status = sw_catalog_open(&catalog, file);
    if (status == SW_OK) status = sw_growth_find(growth, file, catalog, store->schema, sweep);
    sw_catalog_close(catalog);
    sw_hdf5_close(file);
    return status;
}

static sw_status allocate_rows(sw_store *store, const sw_growth *growth, size_t run_count) {
    store->run_count = run_count;
    store->row_count = growth->known + growth->added;
    store->run_row = calloc(run_count + 1, sizeof *store->run_row);
    store->column = calloc(store->schema->count + 1, sizeof *store->column);
    store->rows = calloc((size_t)store->row_count + 1, sizeof *store->rows);
    store->dirty = calloc((size_t)store->row_count + 1, sizeof *store->dirty);
    if (!store->run_row || !store->column || !store->rows || !store->dirty)
        return sw_fail(SW_E_MEMORY, "%zu runs", run_count);
    memcpy(store->run_row, growth->row, run_count * sizeof *store->run_row);
    return SW_OK;
}

/* The file is there, complete for the sweep, and plain: takes it for writing. */
static sw_status take_file(sw_store *store, const sw_growth *growth, const sw_damage *damage, bool killed) {
    sw_status status = attach(store);
    if (status == SW_OK && store->catalog->runs != (hsize_t)store->row_count)
        status = sw_fail(SW_E_STORE, "%s: changed while it was opened", store->path);
    if (status == SW_OK) status = load_rows(store, killed);
    if (status != SW_OK) return status;
    for (size_t i = 0; i < store->run_count; i++) store->rows[growth->row[i]].onsets_stale = growth->onsets_stale[i];
    discard_damaged(store, damage);
    return SW_OK;
}

static sw_status open_existing_or_new(sw_store *store, const sw_store_sweep *sweep) {
    sw_growth growth = {0};
    sw_damage damage = {0};
    bool killed = false;
    const bool exists = access(store->path, F_OK) == 0;
    sw_status status = SW_OK;
    if (exists) {
        status = sw_verify_file(&damage, store->path, SW_VERIFY_TO_WRITE);
        if (status == SW_OK) status = sw_open_clear(store->path, &killed);
        if (status == SW_OK) status = find_growth(&growth, store, sweep);
    } else {
        status = sw_growth_find(&growth, -1, NULL, store->schema, sweep);
    }
    if (status == SW_OK) status = allocate_rows(store, &growth, sweep->run_count);
    /* A file without a row (of a shard that had no run) is made anew: its chunks are of no size. */
    if (status == SW_OK && (!exists || growth.needed))
        status = build_and_rename(store, sweep, &growth, exists && growth.known > 0);
    if (status == SW_OK) status = take_file(store, &growth, &damage, killed);
    sw_growth_release(&growth);
    sw_verify_release(&damage);
    return status;
}

static void destroy(sw_store *store) {
    if (!store) return;
    for (int64_t r = 0; store->rows && r < store->row_count; r++) sw_writer_forget(store, r);
    sw_lock_release(store->lock);
    sw_schema_destroy(store->schema);
    sw_stage_destroy(store->stage);
    free(store->dirty);
    free(store->rows);
    free(store->column);
    free(store->run_row);
    free(store->path);
    free(store);
}

sw_status sw_store_open(sw_store **out, const char *path, const sw_store_sweep *sweep) {
    *out = NULL;
    sw_hdf5_begin();
    sw_store *store = calloc(1, sizeof *store);
    if (!store) return sw_fail(SW_E_MEMORY, "%s", path);
    store->file = -1;
    store->synced = sw_clock_now();
    /* A link stays one: what is made or replaced is the file itself. */
    sw_status status = sw_open_target(&store->path, path);
    if (status == SW_OK) status = sw_open_temporary(store->temporary, store->path);
    if (status == SW_OK) status = sw_lock_take(&store->lock, path);
    if (status == SW_OK) status = sw_open_tidy(store->temporary, sw_lock_was_left(store->lock));
    if (status == SW_OK) status = sw_schema_create(&store->schema, sweep);
    if (status == SW_OK) status = sw_stage_create(&store->stage);
    if (status == SW_OK) status = open_existing_or_new(store, sweep);
    if (status != SW_OK) {
        status = detach(store, status);
        destroy(store);
        return status;
    }
    *out = store;
    return SW_OK;
}

sw_status sw_store_close(sw_store *store) {
    if (!store) return SW_OK;
    sw_status status = SW_OK;
    for (int64_t r = 0; r < store->row_count && status == SW_OK; r++) /* nobody trains any more */
        if (store->rows[r].state == SW_RUN_RUNNING) status = sw_store_requeue(store, r, false);
    if (status == SW_OK) status = sw_store_flush(store);
    status = detach(store, status);
    if (status == SW_OK) status = sw_file_sync_path(store->path, sw_open_points.sync);
    destroy(store);
    return status;
}

sw_status sw_store_verify(const char *path, const int64_t *rows, size_t count) {
    sw_damage damage;
    sw_status status = sw_verify_file(&damage, path, SW_VERIFY_TO_WRITE);
    for (size_t d = 0; d < damage.count && status == SW_OK; d++)
        for (size_t i = 0; i < count && status == SW_OK; i++)
            if (rows[i] == damage.rows[d])
                status = sw_fail(SW_E_STORE, "%s: run %lld is not what was written; the next start trains it again",
                                 path, (long long)rows[i]);
    sw_verify_release(&damage);
    return status;
}

/* ---- set aside ---- */

/* Is there nothing of this name? A link that leads nowhere is something. */
static bool is_free(const char *path) {
    struct stat info;
    return lstat(path, &info) != 0;
}

/* real.N with the smallest N that is free, for the file and for the checkpoints beside the name it goes by. */
static sw_status free_name(char out[SW_PATH_MAX], char folder[SW_PATH_MAX + 32], const char *real, const char *path) {
    for (int n = 1; n < 100000; n++) {
        if (snprintf(out, SW_PATH_MAX, "%s.%d", real, n) >= SW_PATH_MAX)
            return sw_fail(SW_E_IO, "%s: the name is too long", path);
        snprintf(folder, SW_PATH_MAX + 32, "%s.%d.checkpoints", path, n);
        if (is_free(out) && is_free(folder)) return SW_OK;
    }
    return sw_fail(SW_E_IO, "%s: no free name beside it", path);
}

static sw_status move_aside(char moved[SW_PATH_MAX], const char *real, const char *path) {
    char from[SW_PATH_MAX + 32], to[SW_PATH_MAX + 32];
    sw_status status = free_name(moved, to, real, path);
    if (status != SW_OK) return status;
    status = sw_file_move(real, moved, "store.rename");
    if (status != SW_OK) return status;
    snprintf(from, sizeof from, "%s.checkpoints", path);
    return access(from, F_OK) == 0 ? sw_file_move(from, to, NULL) : SW_OK;
}

sw_status sw_store_set_aside(char moved[SW_PATH_MAX], const char *path) {
    char temporary[SW_TEMPORARY_MAX], *real = NULL;
    sw_lock *lock = NULL;
    moved[0] = 0;
    sw_status status = sw_open_target(&real, path);
    if (status == SW_OK && access(real, F_OK) == 0) {
        status = sw_open_temporary(temporary, real);
        if (status == SW_OK) status = sw_lock_take(&lock, path);
        if (status == SW_OK) status = sw_open_tidy(temporary, sw_lock_was_left(lock));
        if (status == SW_OK) status = move_aside(moved, real, path);
        sw_lock_release(lock);
    }
    free(real);
    return status;
}
