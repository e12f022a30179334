/* flush.c: puts what the writer was given into the file, in an order that survives a kill at any instant.
 *
 *  0. rows that lose acknowledged data: state, written, checksum; H5Fflush
 *  1. data of all rows; H5Fflush
 *  2. state, attempts, written, checksum of all rows; H5Fflush
 * A reader that sees `written` sees the data; a row that is done and whose checksum fits is whole. Within a phase the
 * values of neighbouring rows are written together (stage.h). */
#include "store/writer.h"

#include "store/checksum.h"
#include "store/vfd.h"
#include "symsweep/clock.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SEALED_TOGETHER = 256 }; /* rows whose checksums are computed in one pass */

/* Power loss may cost what was written in so many seconds; a kill costs nothing that was flushed. */
static const double sync_seconds = 5;

/* ---- values of one row ---- */

/* Where values go; the first fault is kept, and nothing follows it. */
typedef struct target {
    const sw_store *store;
    int64_t row;
    sw_status status;
} target;

static void put(target *t, int field, hid_t type, int64_t at, const hsize_t *count, const void *values) {
    const sw_column *column = sw_writer_column(t->store, field);
    if (t->status == SW_OK && column)
        t->status = sw_stage_put(t->store->stage, column, type, t->row, (hsize_t)at, count, values);
}

static void put_integer(target *t, int field, int64_t value) { put(t, field, H5T_NATIVE_INT64, 0, NULL, &value); }

static void put_real(target *t, int field, double value) { put(t, field, H5T_NATIVE_DOUBLE, 0, NULL, &value); }

static void put_text(target *t, int field, const char *text) {
    const hsize_t length = SW_CHARACTERS;
    char padded[SW_CHARACTERS] = "";
    snprintf(padded, sizeof padded, "%s", text);
    put(t, field, sw_column_memory_type(SW_FIELD_CHAR), 0, &length, padded);
}

/* Entries of one row that must lie within the dataset: [row, at .. at + after[0], 0 .. after[1], ...]. */
static void put_box(target *t, int field, hid_t type, int64_t at, int rank, const hsize_t *after, const void *values) {
    const sw_column *column = sw_writer_column(t->store, field);
    if (!values || !column || t->status != SW_OK) return;
    for (int i = 1; i < rank; i++) {
        const hsize_t start = i == 1 ? (hsize_t)at : 0;
        if (after[i - 1] == 0) return;
        if (rank != column->rank || start + after[i - 1] > column->extents[i]) {
            t->status = sw_fail(SW_E_PROTOCOL, "%s: run %lld sent more than its configuration says", column->path,
                                (long long)t->row);
            return;
        }
    }
    put(t, field, type, at, after, values);
}

/* ---- clearing ---- */

/* What the sweep wrote, what phase 2 writes, and what refine says of the point, is not cleared. */
static bool is_kept(const sw_store *store, const sw_column *column) {
    static const sw_field_id kept[] = {SW_FIELD_SEED, SW_FIELD_STATUS, SW_FIELD_ATTEMPTS, SW_FIELD_WRITTEN,
                                       SW_FIELD_CHECKSUM};
    if (column->type == SW_FIELD_TEXT || strncmp(column->path, "/runs/axes/", 11) == 0 ||
        strncmp(column->path, "/runs/refine/", 13) == 0)
        return true;
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
        if (column == sw_writer_column(store, store->schema->fixed[kept[i]])) return true;
    const int order = store->schema->fixed[SW_FIELD_ORDER_LOG10];
    return order >= 0 && column == sw_writer_column(store, order);
}

/* Makes the elements of a piece fill values, where they are not. */
static sw_status clear_piece(void *context, const sw_column_piece *piece) {
    const sw_column *column = context;
    const size_t size = sw_schema_size(column->type);
    bool differs = false;
    for (size_t i = 0; i < piece->elements; i++) {
        if (sw_column_is_fill(column, piece->values, i)) continue;
        memcpy(piece->values + i * size, column->fill, size);
        differs = true;
    }
    return differs ? sw_column_write_box(column, sw_column_memory_type(column->type), piece->start, piece->count,
                                         piece->values)
                   : SW_OK;
}

static sw_status clear_row(const sw_store *store, int64_t row, const sw_pending *pending) {
    sw_status status = SW_OK;
    for (size_t c = 0; c < store->catalog->count && status == SW_OK; c++) {
        sw_column *column = &store->catalog->columns[c];
        const sw_dimension second = column->rank > 1 ? column->dimensions[1] : SW_DIM_RUN;
        hsize_t from = 0;
        if (is_kept(store, column)) continue;
        if (second == SW_DIM_EVALUATION)
            from = (hsize_t)pending->keep_records;
        else if (second == SW_DIM_SNAPSHOT)
            from = (hsize_t)pending->keep_snapshots;
        else if (pending->keep_records > 0) /* a run that goes on keeps its facts */
            continue;
        status = sw_column_walk(column, sw_column_memory_type(column->type), row, 1, from, clear_piece, column);
    }
    return status;
}

/* ---- what comes from another row ---- */

typedef struct adoption {
    const sw_column *column;
    int64_t row;
    hsize_t entries;
} adoption;

static sw_status adopt_piece(void *context, const sw_column_piece *piece) {
    const adoption *a = context;
    hsize_t start[SW_RANK_MAX], count[SW_RANK_MAX];
    memcpy(start, piece->start, sizeof start);
    memcpy(count, piece->count, sizeof count);
    if (start[1] >= a->entries) return SW_OK;
    if (start[1] + count[1] > a->entries) count[1] = a->entries - start[1]; /* of one row: they come first */
    start[0] = (hsize_t)a->row;
    return sw_column_write_box(a->column, sw_column_memory_type(a->column->type), start, count, piece->values);
}

static sw_status adopt_entries(const sw_store *store, int64_t row, const sw_pending *pending) {
    sw_status status = SW_OK;
    for (size_t c = 0; c < store->catalog->count && status == SW_OK; c++) {
        const sw_column *column = &store->catalog->columns[c];
        const sw_dimension second = column->rank > 1 ? column->dimensions[1] : SW_DIM_RUN;
        if (second != SW_DIM_EVALUATION && second != SW_DIM_SNAPSHOT) continue;
        adoption a = {column, row, (hsize_t)pending->adopt_records};
        if (second == SW_DIM_SNAPSHOT) a.entries = (hsize_t)pending->adopt_snapshots;
        if (a.entries == 0) continue;
        status = sw_column_walk(column, sw_column_memory_type(column->type), pending->adopted, 1, 0, adopt_piece, &a);
    }
    return status;
}

/* ---- phase 1: data ---- */

static void put_facts(target *t, const sw_run_facts *facts) {
    const sw_schema *s = t->store->schema;
    put_integer(t, s->fixed[SW_FIELD_PARAMETERS], facts->parameters);
    put_integer(t, s->fixed[SW_FIELD_TRAIN_INPUTS], (int64_t)facts->train_inputs);
    put_integer(t, s->fixed[SW_FIELD_TEST_INPUTS], (int64_t)facts->test_inputs);
    put_integer(t, s->fixed[SW_FIELD_UNMIRRORED_INPUTS], (int64_t)facts->unmirrored_inputs);
    put_integer(t, s->fixed[SW_FIELD_UNDERIVED_INPUTS], (int64_t)facts->underived_inputs);
    put_real(t, s->fixed[SW_FIELD_MAJORITY], facts->majority);
    put_text(t, s->fixed[SW_FIELD_BLAS_CORE], facts->blas_core);
    for (int f = 0; f < SW_FAMILY_COUNT; f++) {
        put_integer(t, s->family[f][SW_FACT_TUPLES], facts->tuples[f]);
        put_integer(t, s->family[f][SW_FACT_ENUMERATED], facts->enumerated[f]);
        put_integer(t, s->family[f][SW_FACT_HOLDS], facts->holds[f]);
        put_integer(t, s->family[f][SW_FACT_PROMPTED], facts->prompted[f]);
        put_real(t, s->family[f][SW_FACT_LEAK], facts->leak[f]);
        put_real(t, s->family[f][SW_FACT_COVERAGE], facts->coverage[f]);
    }
}

static void put_data(target *t, const sw_run_data *data) {
    const sw_schema *s = t->store->schema;
    const hsize_t inputs[] = {(hsize_t)data->inputs, (hsize_t)data->tokens};
    put_box(t, s->fixed[SW_FIELD_SPLIT], H5T_NATIVE_INT8, 0, 2, inputs, data->split);
    put_box(t, s->fixed[SW_FIELD_INPUTS], H5T_NATIVE_INT32, 0, 3, inputs, data->input);
    put_box(t, s->fixed[SW_FIELD_DATA_LABEL], H5T_NATIVE_INT32, 0, 2, inputs, data->label);
    if (data->clean_label)
        put_box(t, s->fixed[SW_FIELD_CLEAN_LABEL], H5T_NATIVE_INT32, 0, 2, inputs, data->clean_label);
}

static void put_snapshot(target *t, const sw_snapshot *snapshot) {
    const sw_schema *s = t->store->schema;
    const sw_snapshot_shape *shape = &snapshot->shape;
    const hsize_t extents[SW_SNAPSHOT_ARRAY_COUNT][2] = {
#define SNAPSHOT(ENUM, name, dimensions, rows, columns, ...) {(hsize_t)(rows), (hsize_t)(columns)},
#include "symsweep/snapshots.def"
#undef SNAPSHOT
    };
    const hsize_t one = 1;
    for (int a = 0; a < SW_SNAPSHOT_ARRAY_COUNT; a++) {
        const int field = s->fixed[sw_snapshot_fields[a]];
        if (field < 0) continue;
        const bool has_rows = s->fields[field].rank == 4;
        const hsize_t after[] = {1, has_rows ? extents[a][0] : extents[a][1], extents[a][1]};
        put_box(t, field, H5T_NATIVE_FLOAT, snapshot->snapshot, s->fields[field].rank, after, snapshot->array[a]);
    }
    put_box(t, s->fixed[SW_FIELD_SNAPSHOT_STEP], H5T_NATIVE_INT64, snapshot->snapshot, 2, &one, &snapshot->step);
}

/* An array of records, as much as the widest of them has. */
static void put_array(target *t, sw_record_array array, const sw_record *records, size_t count) {
    const int field = t->store->schema->fixed[sw_array_fields[array]];
    const size_t at = (size_t)sw_record_places[array].at, most = (size_t)sw_record_places[array].length;
    if (field < 0 || t->status != SW_OK) return;
    size_t width = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t k = width; k < most; k++)
            if (!isnan(records[i].value[at + k])) width = k + 1;
    const hsize_t after[] = {count, width};
    if (width == 0) return;
    float *values = malloc(count * width * sizeof *values);
    if (!values) {
        t->status = sw_fail(SW_E_MEMORY, "records of run %lld", (long long)t->row);
        return;
    }
    for (size_t i = 0; i < count; i++) memcpy(values + i * width, records[i].value + at, width * sizeof *values);
    put_box(t, field, H5T_NATIVE_FLOAT, records[0].evaluation, 3, after, values);
    free(values);
}

/* One block a metric. */
static void put_records(target *t, const sw_record *records, size_t count) {
    const sw_schema *s = t->store->schema;
    const hsize_t after = count;
    if (count == 0 || t->status != SW_OK) return;
    float *values = malloc(count * sizeof *values);
    int64_t *steps = malloc(count * sizeof *steps);
    if (!values || !steps) {
        t->status = sw_fail(SW_E_MEMORY, "records of run %lld", (long long)t->row);
    } else {
        const int64_t first = records[0].evaluation;
        for (size_t i = 0; i < count; i++) steps[i] = records[i].step;
        put_box(t, s->fixed[SW_FIELD_STEP], H5T_NATIVE_INT64, first, 2, &after, steps);
        for (int m = 0; m < SW_METRIC_COUNT; m++) {
            if (s->metric[m] < 0) continue;
            for (size_t i = 0; i < count; i++) values[i] = records[i].value[m];
            put_box(t, s->metric[m], H5T_NATIVE_FLOAT, first, 2, &after, values);
        }
        for (int a = 0; a < SW_ARRAY_COUNT; a++) put_array(t, (sw_record_array)a, records, count);
    }
    free(steps);
    free(values);
}

static void put_onsets(target *t, const sw_onsets *given) {
    const sw_schema *s = t->store->schema;
    sw_onsets onsets = *given;
    if (!onsets.lead_time_known) onsets.lead_time = -1;
    for (size_t i = 0; i < s->onset_count; i++)
        put_integer(t, s->onsets[i].field, *(const int64_t *)((const char *)&onsets + s->onsets[i].offset));
    put_integer(t, s->fixed[SW_FIELD_PHASE], onsets.phase);
}

static void put_refined(target *t, const sw_store_refined *refined) {
    const sw_schema *s = t->store->schema;
    put_integer(t, s->fixed[SW_FIELD_REFINE_ROUND], refined->round);
    put_integer(t, s->fixed[SW_FIELD_REFINE_CLASS], refined->class);
    put_integer(t, s->fixed[SW_FIELD_REFINE_DECIDED], refined->decided);
    put_integer(t, s->fixed[SW_FIELD_REFINE_REACHED], refined->reached);
    put_real(t, s->fixed[SW_FIELD_REFINE_LOW], refined->low);
    put_real(t, s->fixed[SW_FIELD_REFINE_HIGH], refined->high);
}

static void put_result(target *t, const sw_pending *pending) {
    const sw_schema *s = t->store->schema;
    const sw_run_result *result = &pending->result;
    const double wall = result->wall_seconds;
    put_integer(t, s->fixed[SW_FIELD_STEPS], result->steps);
    put_integer(t, s->fixed[SW_FIELD_STOPPED_EARLY], result->stopped_early);
    put_real(t, s->fixed[SW_FIELD_WALL_SECONDS], wall);
    put_real(t, s->fixed[SW_FIELD_STEPS_PER_SECOND], wall > 0 ? (double)result->steps / wall : NAN);
    put_real(t, s->fixed[SW_FIELD_MEASURE_SHARE], wall > 0 ? result->measure_seconds / wall : NAN);
    put_text(t, s->fixed[SW_FIELD_ERROR], result->error);
    const bool any = t->store->rows[t->row].records > 0;
    for (int m = 0; m < SW_METRIC_COUNT; m++) put_real(t, s->final[m], any ? pending->last.value[m] : NAN);
}

static sw_status put_pending(const sw_store *store, int64_t row) {
    target t = {store, row, SW_OK};
    const sw_writer_row *r = &store->rows[row];
    const sw_pending *pending = r->pending;
    if (pending->begin) {
        if (!r->clean) t.status = clear_row(store, row, pending);
        if (pending->adopts) {
            if (t.status == SW_OK) t.status = adopt_entries(store, row, pending);
            if (pending->shared_steps > 0) {
                put_integer(&t, store->schema->fixed[SW_FIELD_SHARED_WITH], pending->adopted);
                put_integer(&t, store->schema->fixed[SW_FIELD_SHARED_STEPS], pending->shared_steps);
            }
        } else {
            put_text(&t, store->schema->fixed[SW_FIELD_HOST], pending->host);
            put_integer(&t, store->schema->fixed[SW_FIELD_RANK], pending->rank);
        }
    }
    if (pending->facts) put_facts(&t, pending->facts);
    if (pending->data) put_data(&t, pending->data);
    put_records(&t, pending->kept.records, pending->kept.record_count);
    for (size_t k = 0; k < pending->kept.snapshot_count; k++) put_snapshot(&t, &pending->kept.snapshots[k]);
    if (pending->finished) put_result(&t, pending);
    if (pending->onsets_given) put_onsets(&t, &pending->onsets);
    if (pending->refine_given) put_refined(&t, &pending->refined);
    return t.status;
}

/* ---- the phases ---- */

/* state last: a kill before it leaves a running row, which the next start completes or goes on with. */
static sw_status put_state(const sw_store *store, int64_t row, sw_run_state state, int64_t written, int64_t checksum) {
    const sw_schema *s = store->schema;
    target t = {store, row, SW_OK};
    put_integer(&t, s->fixed[SW_FIELD_WRITTEN], written);
    put_integer(&t, s->fixed[SW_FIELD_ATTEMPTS], store->rows[row].attempts);
    put_integer(&t, s->fixed[SW_FIELD_CHECKSUM], checksum);
    put_integer(&t, s->fixed[SW_FIELD_STATUS], state);
    return t.status;
}

static sw_status end_phase(const sw_store *store, sw_status status) {
    if (status == SW_OK) status = sw_stage_write(store->stage);
    return status != SW_OK ? status : sw_hdf5_flush(store->file, store->path);
}

static sw_status withdraw(const sw_store *store) {
    sw_status status = SW_OK;
    bool any = false;
    for (size_t i = 0; i < store->dirty_count && status == SW_OK; i++) {
        const int64_t row = store->dirty[i];
        const sw_writer_row *r = &store->rows[row];
        if (r->clean || !r->pending || !r->pending->begin) continue;
        any = true;
        status = put_state(store, row, SW_RUN_RUNNING, r->pending->keep_records, sw_partial_pack(r->pending->keep_sum));
    }
    return status != SW_OK || !any ? status : end_phase(store, status);
}

/* Rows that are over, side by side: their checksums cover the counters too, which are in the file by now. */
static sw_status seal(const sw_store *store, const int64_t *rows, size_t count) {
    int64_t checksums[SEALED_TOGETHER] = {0};
    int8_t states[SEALED_TOGETHER] = {0};
    for (size_t i = 0; i < count; i++) states[i] = (int8_t)store->rows[rows[i]].state;
    sw_status status = sw_checksum_rows(checksums, store->catalog, rows[0], (int64_t)count, states);
    for (size_t i = 0; i < count && status == SW_OK; i++) {
        const sw_writer_row *r = &store->rows[rows[i]];
        status = put_state(store, rows[i], r->state, r->records, checksums[i]);
    }
    return status;
}

static int by_number(const void *left, const void *right) {
    const int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

static sw_status seal_all(const sw_store *store) {
    const sw_schema *s = store->schema;
    sw_status status = SW_OK;
    size_t over = 0;
    int64_t *rows = malloc((store->dirty_count + 1) * sizeof *rows);
    if (!rows) return sw_fail(SW_E_MEMORY, "checksums");
    for (size_t i = 0; i < store->dirty_count; i++)
        if (sw_record_is_over(store->rows[store->dirty[i]].state)) rows[over++] = store->dirty[i];
    qsort(rows, over, sizeof *rows, by_number);
    for (size_t i = 0; i < over && status == SW_OK; i++) {
        const sw_writer_row *r = &store->rows[rows[i]];
        target t = {store, rows[i], SW_OK};
        put_integer(&t, s->fixed[SW_FIELD_WRITTEN], r->records);
        put_integer(&t, s->fixed[SW_FIELD_ATTEMPTS], r->attempts);
        status = t.status;
    }
    if (status == SW_OK) status = sw_stage_write(store->stage);
    for (size_t first = 0, end; first < over && status == SW_OK; first = end) {
        end = first + 1;
        while (end < over && end - first < SEALED_TOGETHER && rows[end] == rows[end - 1] + 1) end++;
        status = seal(store, rows + first, end - first);
    }
    free(rows);
    return status;
}

static sw_status write_pending(sw_store *store) {
    sw_status status = withdraw(store);
    for (size_t i = 0; i < store->dirty_count && status == SW_OK; i++)
        if (store->rows[store->dirty[i]].pending) status = put_pending(store, store->dirty[i]);
    status = end_phase(store, status);
    if (status == SW_OK) status = seal_all(store);
    for (size_t i = 0; i < store->dirty_count && status == SW_OK; i++) {
        const int64_t row = store->dirty[i];
        const sw_writer_row *r = &store->rows[row];
        if (!sw_record_is_over(r->state)) status = put_state(store, row, r->state, r->records, sw_partial_pack(r->sum));
    }
    status = end_phase(store, status);
    if (status != SW_OK) sw_stage_clear(store->stage);
    return status;
}

/* Everything kept is in the file: forget it. */
static void acknowledge(sw_store *store) {
    for (size_t i = 0; i < store->dirty_count; i++) {
        sw_writer_row *r = &store->rows[store->dirty[i]];
        r->flushed = r->records;
        r->flushed_snapshots = r->snapshots;
        if (r->pending) r->clean = false;
        r->dirty = false;
        sw_writer_forget(store, store->dirty[i]);
    }
    store->dirty_count = 0;
}

/* Writes to a file that lost its name succeed and are in vain: it is looked for every second, and before a flush says
 * that all is well. */
static sw_status look(sw_store *store) {
    const sw_status named = sw_vfd_check_name(store->file, store->path);
    if (named == SW_OK) store->looked = sw_clock_now();
    return named;
}

sw_status sw_store_heartbeat(sw_store *store) {
    const sw_status status = sw_lock_heartbeat(store->lock);
    if (status != SW_OK || sw_clock_now() - store->looked < 1) return status;
    return look(store);
}

sw_status sw_store_flush(sw_store *store) {
    sw_status status = sw_store_heartbeat(store);
    if (status != SW_OK) return status;
    status = sw_vfd_drain(store->file, store->path);
    if (status == SW_OK && store->dirty_count > 0) {
        status = write_pending(store);
        if (status == SW_OK) status = sw_vfd_check(store->file, store->path);
        if (status == SW_OK) status = look(store);
        if (status == SW_OK && sw_clock_now() - store->synced >= sync_seconds) {
            status = sw_vfd_sync(store->file, store->path);
            store->synced = sw_clock_now();
        }
    }
    store->refused = status != SW_OK;
    /* Part of what was given may be in the file: the next flush puts all of it there again, over whatever is there. */
    for (size_t i = 0; status != SW_OK && i < store->dirty_count; i++) store->rows[store->dirty[i]].clean = false;
    if (status == SW_OK) acknowledge(store);
    return status;
}
