/* store.c: opens and closes the results file as its one writer. */
#include "store/writer.h"

#include "store/checksum.h"
#include "store/recover.h"
#include "store/verify.h"
#include "symsweep/clock.h"
#include "symsweep/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const sw_column *sw_store_column(const sw_store *store, int field)
{
    return field < 0 ? NULL : &store->catalog->columns[store->column[field]];
}

/* ---- file in SWMR ---- */

sw_status sw_store_attach(sw_store *store)
{
    sw_status status = sw_h5_open_live(&store->file, store->path);
    if (status != SW_OK) return status;
    status = sw_catalog_open(&store->catalog, store->file);
    for (size_t f = 0; f < store->schema->count && status == SW_OK; f++) {
        store->column[f] = sw_catalog_index(store->catalog, store->schema->fields[f].path);
        if (store->column[f] < 0) status = sw_fail(SW_E_STORE, "%s is missing", store->schema->fields[f].path);
    }
    if (status == SW_OK) {
        store->evaluation_capacity = (int64_t)sw_store_column(store, store->schema->fixed[SW_FIELD_STEP])->extents[1];
        store->snapshot_capacity =
            (int64_t)sw_store_column(store, store->schema->fixed[SW_FIELD_SNAPSHOT_STEP])->extents[1];
    }
    if (status == SW_OK) return SW_OK;
    sw_catalog_close(store->catalog);
    store->catalog = NULL;
    sw_h5_close(store->file);
    store->file = -1;
    return status;
}

sw_status sw_store_detach(sw_store *store)
{
    sw_status status = SW_OK;
    sw_catalog_close(store->catalog);
    store->catalog = NULL;
    if (store->file >= 0) status = sw_vfd_close(store->file, store->path);
    store->file = -1;
    return status;
}

/* ---- rows of an existing file ---- */

static int64_t count_steps(const int64_t *steps, size_t count)
{
    size_t n = 0;
    while (n < count && steps[n] >= 0) n++;
    return (int64_t)n;
}

/* Snapshots that a row holds: leading entries of /snapshots/step. */
static sw_status load_snapshots(sw_store *store, int64_t row)
{
    const sw_column *column = sw_store_column(store, store->schema->fixed[SW_FIELD_SNAPSHOT_STEP]);
    const size_t capacity = sw_column_elements(column, 1);
    int64_t *steps = calloc(capacity + 1, sizeof *steps);
    if (!steps) return sw_fail(SW_E_MEMORY, "%s", column->path);
    const sw_status status = sw_column_read_rows(column, (hsize_t)row, 1, steps);
    if (status == SW_OK) store->rows[row].snapshots = store->rows[row].flushed_snapshots = count_steps(steps, capacity);
    free(steps);
    return status;
}

typedef struct row_table {
    int8_t *state;
    int64_t *attempts, *written, *rank, *checksum;
} row_table;

static sw_status read_table(const sw_store *store, row_table *table)
{
    const hsize_t rows = (hsize_t)store->row_count;
    const struct {
        sw_field_id field;
        int64_t *values;
    } columns[] = {{SW_FIELD_ATTEMPTS, table->attempts},
                   {SW_FIELD_WRITTEN, table->written},
                   {SW_FIELD_RANK, table->rank},
                   {SW_FIELD_CHECKSUM, table->checksum}};
    sw_status status = sw_column_read(sw_store_column(store, store->schema->fixed[SW_FIELD_STATUS]), 0, rows,
                                      H5T_NATIVE_INT8, table->state);
    for (size_t i = 0; i < sizeof columns / sizeof columns[0] && status == SW_OK; i++)
        status = sw_column_read(sw_store_column(store, store->schema->fixed[columns[i].field]), 0, rows,
                                H5T_NATIVE_INT64, columns[i].values);
    return status;
}

/* A count as the file has it, within what the file can hold. */
static int64_t bounded(int64_t count, int64_t capacity) { return count < 0 ? 0 : count > capacity ? capacity : count; }

/* A kill between checksum and state: the run is over, and the checksum says how. The state is written with the next
 * flush. */
static bool find_sealed_state(sw_store *store, int64_t row, int64_t stored)
{
    for (int state = SW_RUN_DONE; state <= SW_RUN_PRUNED; state++) {
        const int8_t code = (int8_t)state;
        int64_t sum;
        if (sw_rows_checksum_as(&sum, store->catalog, row, 1, &code)) return false;
        if (sum != stored) continue;
        store->rows[row].state = (sw_run_state)state;
        sw_store_touch(store, row);
        return true;
    }
    return false;
}

/* What the file holds of a run that is not over, as far as its checksum vouches for it. */
static sw_status load_progress(sw_store *store, int64_t row, int64_t stored)
{
    sw_row *r = &store->rows[row];
    const int64_t claimed = r->records, claimed_snapshots = r->snapshots;
    const sw_status status =
        sw_progress_find(&r->records, &r->snapshots, &r->sum, store->catalog, store->schema, row, stored);
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

static sw_status load_row(sw_store *store, const row_table *table, int64_t r, bool killed)
{
    sw_row *row = &store->rows[r];
    row->state = (sw_run_state)table->state[r];
    row->attempts = table->attempts[r];
    if (row->state == SW_RUN_RUNNING || row->state < SW_RUN_PENDING || row->state > SW_RUN_PRUNED)
        row->state = SW_RUN_PENDING;
    row->records = row->flushed = bounded(table->written[r], store->evaluation_capacity);
    /* After a kill a row may hold what was never acknowledged. */
    row->clean = !killed && table->rank[r] == -1 && row->state == SW_RUN_PENDING && row->records == 0;
    const bool complete =
        row->state == SW_RUN_DONE || row->state == SW_RUN_DIVERGED; /* its snapshots are for readers */
    if (row->clean || complete) return SW_OK;
    const sw_status status = load_snapshots(store, r);
    return status || row->state != SW_RUN_PENDING ? status : load_progress(store, r, table->checksum[r]);
}

static sw_status load_rows(sw_store *store, bool killed)
{
    sw_status status = SW_OK;
    const size_t count = (size_t)store->row_count;
    row_table table = {calloc(count + 1, 1), calloc(count + 1, sizeof(int64_t)), calloc(count + 1, sizeof(int64_t)),
                       calloc(count + 1, sizeof(int64_t)), calloc(count + 1, sizeof(int64_t))};
    if (!table.state || !table.attempts || !table.written || !table.rank || !table.checksum)
        status = sw_fail(SW_E_MEMORY, "rows of the results file");
    else if (count > 0)
        status = read_table(store, &table);
    for (int64_t r = 0; r < store->row_count && status == SW_OK; r++) status = load_row(store, &table, r, killed);
    free(table.state);
    free(table.attempts);
    free(table.written);
    free(table.rank);
    free(table.checksum);
    return status;
}

/* Rows whose checksum does not fit are trained again. */
static void discard_damaged(sw_store *store, const sw_damage *damage)
{
    for (size_t i = 0; i < damage->count; i++) {
        const int64_t r = damage->rows[i];
        if (r < 0 || r >= store->row_count) continue;
        sw_warn("%s: run %lld is damaged (its checksum does not fit) and counts as not trained", store->path,
                (long long)r);
        store->rows[r].state = SW_RUN_PENDING;
        store->rows[r].flushed = store->rows[r].records = 0;
        store->rows[r].flushed_snapshots = store->rows[r].snapshots = 0;
        store->rows[r].clean = false;
    }
}

/* ---- opening ---- */

static char *beside(const char *path, const char *suffix)
{
    char *name = malloc(strlen(path) + strlen(suffix) + 1);
    if (name) sprintf(name, "%s%s", path, suffix);
    return name;
}

/* Builds of a start that was killed; the lock says that nobody is at it. */
static sw_status remove_unfinished(const char *path)
{
    char *temporary = beside(path, ".new");
    if (!temporary) return sw_fail(SW_E_MEMORY, "%s", path);
    unlink(temporary);
    free(temporary);
    return SW_OK;
}

/* A new file, or an extended copy of the one that is there, comes under its name when it is complete. */
static sw_status build_and_rename(const sw_store *store, const sw_store_layout *layout, const sw_growth *growth,
                                  bool exists)
{
    char *temporary = beside(store->path, ".new");
    if (!temporary) return sw_fail(SW_E_MEMORY, "%s", store->path);
    sw_status status = SW_OK;
    if (exists) {
        status = sw_copy_file(store->path, temporary);
        if (status == SW_OK) status = sw_file_extend(temporary, store->schema, layout, growth);
    } else {
        status = sw_file_create(temporary, store->schema, layout, growth);
    }
    if (status == SW_OK) status = sw_put_in_place(temporary, store->path);
    if (status != SW_OK) unlink(temporary);
    free(temporary);
    return status;
}

/* Compares the file that is there with the layout. */
static sw_status find_growth(sw_growth *growth, const sw_store *store, const sw_store_layout *layout)
{
    hid_t file;
    sw_catalog *catalog = NULL;
    sw_status status = sw_h5_open_readable(&file, store->path);
    if (status != SW_OK) return status;
    status = sw_check_format(file, store->path, layout->sweep_name);
    if (status == SW_OK) status = sw_catalog_open(&catalog, file);
    if (status == SW_OK) status = sw_growth_find(growth, file, catalog, store->schema, layout);
    sw_catalog_close(catalog);
    sw_h5_close(file);
    return status;
}

static sw_status allocate_rows(sw_store *store, const sw_growth *growth, size_t run_count)
{
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

/* The file is there, complete for the layout, and plain: takes it for writing. */
static sw_status take_file(sw_store *store, const sw_growth *growth, const sw_damage *damage, bool killed)
{
    sw_status status = sw_store_attach(store);
    if (status == SW_OK && store->catalog->runs != (hsize_t)store->row_count)
        status = sw_fail(SW_E_STORE, "%s: changed while it was opened", store->path);
    if (status == SW_OK) status = load_rows(store, killed);
    if (status != SW_OK) return status;
    for (size_t i = 0; i < store->run_count; i++)
        store->rows[growth->row[i]].config_changed = growth->config_changed[i];
    discard_damaged(store, damage);
    return SW_OK;
}

static sw_status open_existing_or_new(sw_store *store, const sw_store_layout *layout)
{
    sw_growth growth = {0};
    sw_damage damage = {0};
    bool killed = false;
    const bool exists = access(store->path, F_OK) == 0;
    sw_status status = remove_unfinished(store->path);
    if (status != SW_OK) return status;
    if (exists) {
        status = sw_verify_file(&damage, store->path, SW_VERIFY_TO_WRITE);
        if (status == SW_OK) status = sw_recover_file(store->path, &killed);
        if (status == SW_OK) status = find_growth(&growth, store, layout);
    } else {
        status = sw_growth_find(&growth, -1, NULL, store->schema, layout);
    }
    if (status == SW_OK) status = allocate_rows(store, &growth, layout->run_count);
    if (status == SW_OK && (!exists || growth.needed)) status = build_and_rename(store, layout, &growth, exists);
    if (status == SW_OK) status = take_file(store, &growth, &damage, killed);
    sw_growth_release(&growth);
    sw_damage_release(&damage);
    return status;
}

static void destroy(sw_store *store)
{
    if (!store) return;
    for (int64_t r = 0; store->rows && r < store->row_count; r++) sw_pending_destroy(store->rows[r].pending);
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

sw_status sw_store_open(sw_store **out, const char *path, const sw_store_layout *layout)
{
    *out = NULL;
    sw_h5_begin();
    sw_store *store = calloc(1, sizeof *store);
    /* A link stays one: what is replaced is the file itself. */
    if (store) store->path = realpath(path, NULL);
    if (store && !store->path) store->path = strdup(path);
    if (!store || !store->path) {
        destroy(store);
        return sw_fail(SW_E_MEMORY, "%s", path);
    }
    store->file = -1;
    store->synced = sw_clock_now();
    sw_status status = sw_lock_take(&store->lock, path);
    if (status == SW_OK) status = sw_schema_create(&store->schema, layout);
    if (status == SW_OK) status = sw_stage_create(&store->stage);
    if (status == SW_OK) status = open_existing_or_new(store, layout);
    if (status != SW_OK) {
        const sw_status closed = sw_store_detach(store);
        (void)closed; /* the first fault is the one to tell */
        destroy(store);
        return status;
    }
    *out = store;
    return SW_OK;
}

sw_status sw_store_close(sw_store *store)
{
    if (!store) return SW_OK;
    sw_status status = SW_OK;
    for (int64_t r = 0; r < store->row_count && status == SW_OK; r++) /* nobody trains any more */
        if (store->rows[r].state == SW_RUN_RUNNING) status = sw_store_requeue(store, r, false);
    if (status == SW_OK) status = sw_store_flush(store);
    const sw_status closed = sw_store_detach(store);
    if (status == SW_OK) status = closed;
    if (status == SW_OK) status = sw_sync_file(store->path);
    destroy(store);
    return status;
}

/* ---- what is known of a row ---- */

int64_t sw_store_row(const sw_store *store, size_t run) { return store->run_row[run]; }

sw_run_state sw_store_state(const sw_store *store, int64_t row) { return store->rows[row].state; }

int64_t sw_store_attempts(const sw_store *store, int64_t row) { return store->rows[row].attempts; }

int64_t sw_store_flushed(const sw_store *store, int64_t row) { return store->rows[row].flushed; }

int64_t sw_store_flushed_snapshots(const sw_store *store, int64_t row) { return store->rows[row].flushed_snapshots; }

bool sw_store_config_changed(const sw_store *store, int64_t row) { return store->rows[row].config_changed; }

/* Writes to a file that lost its name succeed and are in vain: it is looked for every second. */
sw_status sw_store_heartbeat(sw_store *store)
{
    const sw_status status = sw_lock_heartbeat(store->lock);
    if (status != SW_OK || sw_clock_now() - store->looked < 1) return status;
    const sw_status named = sw_vfd_check_name(store->file, store->path);
    if (!named) store->looked = sw_clock_now();
    return named;
}
