/* rows.c: what the writer is given, kept until a flush has put it into the file. */
#include "store/writer.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Above the first a call flushes by itself; above the second, when flushing fails, nothing more is taken. */
static const size_t kept_soft = (size_t)8 << 20, kept_hard = (size_t)512 << 20;

static void free_snapshots(sw_pending *pending)
{
    while (pending->snapshots) {
        sw_kept_snapshot *next = pending->snapshots->next;
        free(pending->snapshots);
        pending->snapshots = next;
    }
    pending->snapshots_end = &pending->snapshots;
}

void sw_pending_destroy(sw_pending *pending)
{
    if (!pending) return;
    free_snapshots(pending);
    free(pending->records);
    free(pending->facts);
    free(pending->data);
    free(pending);
}

void sw_store_touch(sw_store *store, int64_t row)
{
    if (store->rows[row].dirty) return;
    store->rows[row].dirty = true;
    store->dirty[store->dirty_count++] = row;
}

static sw_pending *pending_of(sw_store *store, int64_t row)
{
    sw_row *r = &store->rows[row];
    sw_store_touch(store, row);
    if (!r->pending) {
        r->pending = calloc(1, sizeof *r->pending);
        if (!r->pending) return NULL;
        r->pending->snapshots_end = &r->pending->snapshots;
        r->pending->bytes = sizeof *r->pending;
        store->kept_bytes += sizeof *r->pending;
    }
    return r->pending;
}

static void account(sw_store *store, sw_pending *pending, size_t bytes)
{
    pending->bytes += bytes;
    store->kept_bytes += bytes;
}

/* Keeps memory bounded. While the disk is full the kept data may grow to the hard bound. */
static sw_status bound_memory(sw_store *store)
{
    if (store->kept_bytes < kept_soft || (store->refused && store->kept_bytes < kept_hard)) return SW_OK;
    const sw_status status = sw_store_flush(store);
    return status && store->kept_bytes < kept_hard ? SW_OK : status;
}

static sw_status no_memory(int64_t row) { return sw_fail(SW_E_MEMORY, "run %lld: what it sent", (long long)row); }

sw_status sw_store_resume(sw_store *store, int64_t row, const char *host, int64_t rank, int64_t records,
                          int64_t snapshots)
{
    sw_row *r = &store->rows[row];
    sw_progress_sum kept = {0, 0};
    assert(records <= r->flushed && snapshots <= r->flushed_snapshots);
    if (records > 0 || snapshots > 0) {
        const sw_status status = sw_progress_read(&kept, store->catalog, store->schema, row, records, snapshots);
        if (status != SW_OK) return status;
    }
    sw_pending earlier = {0};
    if (r->pending) {
        earlier.refine_given = r->pending->refine_given; /* of the point, not of the attempt */
        earlier.refined = r->pending->refined;
        store->kept_bytes -= r->pending->bytes;
        sw_pending_destroy(r->pending);
        r->pending = NULL;
    }
    sw_pending *pending = pending_of(store, row);
    if (!pending) return no_memory(row);
    pending->refine_given = earlier.refine_given;
    pending->refined = earlier.refined;
    pending->begin = true;
    pending->keep_records = records;
    pending->keep_snapshots = snapshots;
    pending->keep_sum = kept;
    pending->rank = rank;
    snprintf(pending->host, sizeof pending->host, "%s", host);
    r->state = SW_RUN_RUNNING;
    r->records = r->flushed = records;
    r->snapshots = r->flushed_snapshots = snapshots;
    r->sum = kept;
    return SW_OK;
}

sw_status sw_store_begin(sw_store *store, int64_t row, const char *host, int64_t rank)
{
    return sw_store_resume(store, row, host, rank, 0, 0);
}

sw_status sw_store_facts(sw_store *store, int64_t row, const sw_run_facts *facts)
{
    sw_pending *pending = pending_of(store, row);
    if (!pending) return no_memory(row);
    if (!pending->facts) {
        pending->facts = malloc(sizeof *pending->facts);
        if (!pending->facts) return no_memory(row);
        account(store, pending, sizeof *pending->facts);
    }
    *pending->facts = *facts;
    return SW_OK;
}

sw_status sw_store_data(sw_store *store, int64_t row, const sw_run_data *data)
{
    sw_pending *pending = pending_of(store, row);
    if (!pending) return no_memory(row);
    const size_t inputs = (size_t)data->inputs, tokens = (size_t)data->tokens;
    const size_t size = sizeof *data + inputs * (tokens + 1) * sizeof(int32_t) + inputs;
    sw_run_data *kept = malloc(size);
    if (!kept) return no_memory(row);
    int32_t *input = (int32_t *)(kept + 1), *label = input + inputs * tokens;
    int8_t *split = (int8_t *)(label + inputs);
    memcpy(input, data->input, inputs * tokens * sizeof *input);
    memcpy(label, data->label, inputs * sizeof *label);
    memcpy(split, data->split, inputs);
    *kept = *data;
    kept->input = input;
    kept->label = label;
    kept->split = split;
    free(pending->data);
    pending->data = kept;
    account(store, pending, size);
    return bound_memory(store);
}

sw_status sw_store_record(sw_store *store, int64_t row, const sw_record *record)
{
    sw_row *r = &store->rows[row];
    if (record->evaluation != r->records || record->evaluation >= store->evaluation_capacity)
        return sw_fail(SW_E_PROTOCOL, "run %lld sent evaluation %d where %lld of %lld is due", (long long)row,
                       record->evaluation, (long long)r->records, (long long)store->evaluation_capacity);
    sw_pending *pending = pending_of(store, row);
    if (!pending) return no_memory(row);
    if (pending->record_count == pending->record_capacity) {
        const size_t more = pending->record_capacity ? 2 * pending->record_capacity : 8;
        sw_record *records = realloc(pending->records, more * sizeof *records);
        if (!records) return no_memory(row);
        account(store, pending, (more - pending->record_capacity) * sizeof *records);
        pending->records = records;
        pending->record_capacity = more;
    }
    if (pending->record_count == 0) pending->first_record = record->evaluation;
    pending->records[pending->record_count++] = *record;
    sw_progress_add_record(&r->sum, record, store->schema);
    r->records++;
    return bound_memory(store);
}

static size_t shape_values(const sw_snapshot_shape *shape)
{
    return (size_t)shape->entities * SW_PCA_COMPONENTS + SW_PCA_COMPONENTS + (size_t)shape->singular +
           (size_t)shape->fourier + (size_t)shape->vocabulary * (size_t)shape->d + (size_t)shape->parameters;
}

static const float *keep(float **at, const float *values, size_t count)
{
    float *copy = *at;
    if (count > 0 && !values) return NULL;
    if (count > 0) memcpy(copy, values, count * sizeof *copy);
    *at += count;
    return copy;
}

sw_status sw_store_snapshot(sw_store *store, int64_t row, const sw_snapshot *snapshot)
{
    sw_row *r = &store->rows[row];
    const sw_snapshot_shape *shape = &snapshot->shape;
    if (snapshot->snapshot != r->snapshots || snapshot->snapshot >= store->snapshot_capacity)
        return sw_fail(SW_E_PROTOCOL, "run %lld sent snapshot %d where %lld of %lld is due", (long long)row,
                       snapshot->snapshot, (long long)r->snapshots, (long long)store->snapshot_capacity);
    sw_pending *pending = pending_of(store, row);
    if (!pending) return no_memory(row);
    const size_t bytes = sizeof(sw_kept_snapshot) + shape_values(shape) * sizeof(float);
    sw_kept_snapshot *kept = malloc(bytes);
    if (!kept) return no_memory(row);
    float *at = kept->values;
    kept->next = NULL;
    kept->bytes = bytes;
    kept->snapshot = *snapshot;
    kept->snapshot.array[SW_SNAPSHOT_PCA] =
        keep(&at, snapshot->array[SW_SNAPSHOT_PCA], (size_t)shape->entities * SW_PCA_COMPONENTS);
    kept->snapshot.array[SW_SNAPSHOT_EXPLAINED_VARIANCE] =
        keep(&at, snapshot->array[SW_SNAPSHOT_EXPLAINED_VARIANCE], SW_PCA_COMPONENTS);
    kept->snapshot.array[SW_SNAPSHOT_SINGULAR_VALUES] =
        keep(&at, snapshot->array[SW_SNAPSHOT_SINGULAR_VALUES], (size_t)shape->singular);
    kept->snapshot.array[SW_SNAPSHOT_FOURIER_POWER] =
        keep(&at, snapshot->array[SW_SNAPSHOT_FOURIER_POWER], (size_t)shape->fourier);
    kept->snapshot.array[SW_SNAPSHOT_EMBEDDING] =
        keep(&at, snapshot->array[SW_SNAPSHOT_EMBEDDING], (size_t)shape->vocabulary * (size_t)shape->d);
    kept->snapshot.array[SW_SNAPSHOT_PARAMETERS] =
        keep(&at, snapshot->array[SW_SNAPSHOT_PARAMETERS], (size_t)shape->parameters);
    *pending->snapshots_end = kept;
    pending->snapshots_end = &kept->next;
    account(store, pending, bytes);
    sw_progress_add_snapshot(&r->sum, snapshot, store->schema);
    r->snapshots++;
    return bound_memory(store);
}

sw_status sw_store_finish(sw_store *store, int64_t row, const sw_run_result *result, const sw_onsets *onsets)
{
    sw_row *r = &store->rows[row];
    sw_record last = {0};
    const sw_pending *given = r->pending;
    if (given && given->record_count > 0) {
        last = given->records[given->record_count - 1];
    } else if (r->records > 0) {
        const sw_status status = sw_catalog_read_records(&last, store->catalog, row, r->records - 1, 1);
        if (status != SW_OK) return status;
    }
    sw_pending *pending = pending_of(store, row);
    if (!pending) return no_memory(row);
    pending->finished = pending->onsets_given = true;
    pending->result = *result;
    pending->onsets = *onsets;
    pending->last = last;
    r->state = (sw_run_state)result->state;
    return SW_OK;
}

sw_status sw_store_onsets(sw_store *store, int64_t row, const sw_onsets *onsets)
{
    sw_pending *pending = pending_of(store, row);
    if (!pending) return no_memory(row);
    pending->onsets_given = true;
    pending->onsets = *onsets;
    return SW_OK;
}

sw_status sw_store_settle(sw_store *store, int64_t row, sw_run_state state)
{
    store->rows[row].state = state;
    sw_store_touch(store, row);
    return SW_OK;
}

sw_status sw_store_refine(sw_store *store, int64_t row, const sw_store_refined *refined)
{
    sw_pending *pending = pending_of(store, row);
    if (!pending) return no_memory(row);
    pending->refine_given = true;
    pending->refined = *refined;
    return SW_OK;
}

sw_status sw_store_requeue(sw_store *store, int64_t row, bool charge)
{
    store->rows[row].state = SW_RUN_PENDING;
    store->rows[row].attempts += charge;
    sw_store_touch(store, row);
    return SW_OK;
}

sw_status sw_store_records(sw_store *store, int64_t row, sw_record **out, size_t *count)
{
    const sw_row *r = &store->rows[row];
    *count = 0;
    *out = calloc((size_t)r->records + 1, sizeof **out);
    if (!*out) return no_memory(row);
    /* What no flush has acknowledged yet is here, the rest in the file. */
    sw_status status = SW_OK;
    const int64_t kept = r->pending ? (int64_t)r->pending->record_count : 0, in_file = r->records - kept;
    if (kept > 0) memcpy(*out + in_file, r->pending->records, (size_t)kept * sizeof **out);
    if (in_file > 0) status = sw_catalog_read_records(*out, store->catalog, row, 0, in_file);
    if (status != SW_OK) {
        free(*out);
        *out = NULL;
        return status;
    }
    *count = (size_t)r->records;
    return SW_OK;
}
