/* rows.c: what the writer is given, kept until a flush has put it into the file. */
#include "store/writer.h"

#include "store/checksum.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Above the first a call flushes by itself; above the second, when flushing fails, nothing more is taken. */
static const size_t kept_soft = (size_t)8 << 20, kept_hard = (size_t)512 << 20;

/* Keeps memory bounded. While the disk is full the kept data may grow to the hard bound. */
static sw_status bound_memory(sw_store *store) {
    if (store->kept_bytes < kept_soft || (store->refused && store->kept_bytes < kept_hard)) return SW_OK;
    const sw_status status = sw_store_flush(store);
    return status != SW_OK && store->kept_bytes < kept_hard ? SW_OK : status;
}

static sw_status no_memory(int64_t row) { return sw_fail(SW_E_MEMORY, "run %lld: what it sent", (long long)row); }

sw_status sw_store_resume(sw_store *store, int64_t row, const char *host, int64_t rank, int64_t records,
                          int64_t snapshots) {
    sw_writer_row *r = &store->rows[row];
    sw_partial_sum kept = {0, 0};
    int64_t in_file = records, snapshots_in_file = snapshots;
    assert(records <= r->flushed && snapshots <= r->flushed_snapshots);
    if (records > 0 || snapshots > 0) {
        const sw_status status =
            sw_partial_read(&kept, &in_file, &snapshots_in_file, store->catalog, store->schema, row, NULL);
        if (status != SW_OK) return status;
    }
    /* Of the point of the lattice, not of the attempt. */
    const bool refine_given = r->pending && r->pending->refine_given;
    const sw_store_refined refined = refine_given ? r->pending->refined : (sw_store_refined){0};
    sw_writer_forget(store, row);
    sw_pending *pending = sw_writer_pending(store, row);
    if (!pending) return no_memory(row);
    pending->refine_given = refine_given;
    pending->refined = refined;
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

sw_status sw_store_begin(sw_store *store, int64_t row, const char *host, int64_t rank) {
    return sw_store_resume(store, row, host, rank, 0, 0);
}

/* Has the row, which is in the file, and over unless it is shared with, so much, and is it what was written? */
static sw_status check_adopted(const sw_store *store, int64_t from, int64_t records, int64_t snapshots, bool shared) {
    const sw_column *column = sw_writer_column(store, store->schema->fixed[SW_FIELD_SNAPSHOT_STEP]);
    const hsize_t last[2] = {(hsize_t)from, (hsize_t)(snapshots > 0 ? snapshots - 1 : 0)}, one[2] = {1, 1};
    sw_soundness found = SW_ROW_OPEN;
    int64_t step = -1;
    bool has =
        records >= 0 && records <= store->rows[from].records && snapshots >= 0 && snapshots <= store->snapshot_capacity;
    sw_status status = sw_checksum_verify(&found, store->catalog, from, 1);
    if (status == SW_OK && has && snapshots > 0)
        status = sw_column_read_box(column, H5T_NATIVE_INT64, last, one, &step);
    if (status != SW_OK) return status;
    has = has && (snapshots == 0 || step >= 0);
    if (found == (shared ? SW_ROW_OPEN : SW_ROW_SOUND) && has) return SW_OK;
    return sw_fail(SW_E_STORE, "run %lld %s", (long long)from,
                   found != SW_ROW_DAMAGED ? "has fewer records than its checkpoint says" : "is damaged in the file");
}

sw_status sw_store_adopt(sw_store *store, int64_t row, int64_t from, int64_t records, int64_t snapshots,
                         int64_t shared_steps) {
    sw_writer_row *r = &store->rows[row];
    sw_partial_sum sum;
    int64_t in_file = records, snapshots_in_file = snapshots;
    sw_status status = store->rows[from].dirty ? sw_store_flush(store) : SW_OK;
    if (status == SW_OK) status = check_adopted(store, from, records, snapshots, shared_steps > 0);
    if (status == SW_OK)
        status = sw_partial_read(&sum, &in_file, &snapshots_in_file, store->catalog, store->schema, from, NULL);
    if (status == SW_OK) status = sw_store_begin(store, row, "", -1);
    if (status != SW_OK) return status;
    r->pending->adopts = true;
    r->pending->adopted = from;
    r->pending->adopt_records = records;
    r->pending->adopt_snapshots = snapshots;
    r->pending->shared_steps = shared_steps;
    r->state = SW_RUN_PENDING;
    r->records = records;
    r->snapshots = snapshots;
    r->sum = sum;
    return sw_store_flush(store);
}

sw_status sw_store_former(const sw_store *store, sw_store_visit visit, void *context) {
    const sw_schema *s = store->schema;
    const size_t rows = (size_t)store->row_count;
    char **ids = NULL, **configs = NULL;
    bool *known = calloc(rows + 1, sizeof *known);
    sw_status status = known ? SW_OK : sw_fail(SW_E_MEMORY, "%zu rows", rows);
    for (size_t i = 0; i < store->run_count && status == SW_OK; i++) known[store->run_row[i]] = true;
    if (status == SW_OK && store->run_count < rows) {
        status = sw_column_load_texts(&ids, sw_writer_column(store, s->fixed[SW_FIELD_ID]));
        if (status == SW_OK)
            status = sw_column_load_texts(&configs, sw_writer_column(store, s->fixed[SW_FIELD_CONFIG]));
        for (size_t r = 0; r < rows && status == SW_OK; r++)
            if (!known[r]) status = visit(context, (int64_t)r, ids[r], configs[r]);
    }
    sw_column_free_texts(configs, configs ? rows : 0);
    sw_column_free_texts(ids, ids ? rows : 0);
    free(known);
    return status;
}

sw_status sw_store_facts(sw_store *store, int64_t row, const sw_run_facts *facts) {
    sw_pending *pending = sw_writer_pending(store, row);
    if (!pending) return no_memory(row);
    if (!pending->facts) {
        pending->facts = malloc(sizeof *pending->facts);
        if (!pending->facts) return no_memory(row);
        store->kept_bytes += sizeof *pending->facts;
    }
    *pending->facts = *facts;
    return SW_OK;
}

sw_status sw_store_data(sw_store *store, int64_t row, const sw_run_data *data) {
    sw_pending *pending = sw_writer_pending(store, row);
    if (!pending) return no_memory(row);
    const size_t inputs = (size_t)data->inputs, tokens = (size_t)data->tokens;
    const size_t labels = data->clean_label ? 2 : 1;
    const size_t size = sizeof *data + inputs * (tokens + labels) * sizeof(int32_t) + inputs;
    sw_run_data *kept = malloc(size);
    if (!kept) return no_memory(row);
    int32_t *input = (int32_t *)(kept + 1), *label = input + inputs * tokens;
    int8_t *split = (int8_t *)(label + inputs * labels);
    memcpy(input, data->input, inputs * tokens * sizeof *input);
    memcpy(label, data->label, inputs * sizeof *label);
    if (labels > 1) memcpy(label + inputs, data->clean_label, inputs * sizeof *label);
    memcpy(split, data->split, inputs);
    *kept = *data;
    kept->input = input;
    kept->label = label;
    kept->clean_label = labels > 1 ? label + inputs : NULL;
    kept->split = split;
    free(pending->data);
    pending->data = kept;
    store->kept_bytes += size - pending->data_bytes;
    pending->data_bytes = size;
    return bound_memory(store);
}

/* Counts what the row was given, `before` bytes of which are counted. */
static sw_status account(sw_store *store, const sw_pending *pending, size_t before, sw_status status) {
    store->kept_bytes += pending->kept.bytes - before;
    return status != SW_OK ? status : bound_memory(store);
}

/* Is number `given` of a series the one that is due, and is there room for it in the file? */
static sw_status check_turn(int64_t row, const char *what, int64_t given, int64_t due, int64_t capacity) {
    if (given == due && given < capacity) return SW_OK;
    return sw_fail(SW_E_PROTOCOL, "run %lld sent %s %lld where %lld of %lld is due", (long long)row, what,
                   (long long)given, (long long)due, (long long)capacity);
}

sw_status sw_store_record(sw_store *store, int64_t row, const sw_record *record) {
    sw_writer_row *r = &store->rows[row];
    sw_status status = check_turn(row, "evaluation", record->evaluation, r->records, store->evaluation_capacity);
    sw_pending *pending = status == SW_OK ? sw_writer_pending(store, row) : NULL;
    if (!pending) return status != SW_OK ? status : no_memory(row);
    const size_t before = pending->kept.bytes;
    status = sw_unacknowledged_add_record(&pending->kept, record);
    if (status == SW_OK) sw_partial_add_record(&r->sum, record, store->schema);
    if (status == SW_OK) r->records++;
    return account(store, pending, before, status);
}

sw_status sw_store_snapshot(sw_store *store, int64_t row, const sw_snapshot *snapshot) {
    sw_writer_row *r = &store->rows[row];
    sw_status status = check_turn(row, "snapshot", snapshot->snapshot, r->snapshots, store->snapshot_capacity);
    sw_pending *pending = status == SW_OK ? sw_writer_pending(store, row) : NULL;
    if (!pending) return status != SW_OK ? status : no_memory(row);
    const size_t before = pending->kept.bytes;
    status = sw_unacknowledged_add_snapshot(&pending->kept, snapshot);
    if (status == SW_OK)
        sw_partial_add_snapshot(&r->sum, &pending->kept.snapshots[pending->kept.snapshot_count - 1], store->schema);
    if (status == SW_OK) r->snapshots++;
    return account(store, pending, before, status);
}

sw_status sw_store_finish(sw_store *store, int64_t row, const sw_run_result *result, const sw_onsets *onsets) {
    sw_writer_row *r = &store->rows[row];
    sw_record last = {0};
    const sw_pending *given = r->pending;
    if (given && given->kept.record_count > 0) {
        last = given->kept.records[given->kept.record_count - 1];
    } else if (r->records > 0) {
        const sw_status status = sw_catalog_read_records(&last, store->catalog, row, r->records - 1, 1);
        if (status != SW_OK) return status;
    }
    sw_pending *pending = sw_writer_pending(store, row);
    if (!pending) return no_memory(row);
    pending->finished = pending->onsets_given = true;
    pending->result = *result;
    pending->onsets = *onsets;
    pending->last = last;
    r->state = (sw_run_state)result->state;
    return SW_OK;
}

sw_status sw_store_onsets(sw_store *store, int64_t row, const sw_onsets *onsets) {
    sw_pending *pending = sw_writer_pending(store, row);
    if (!pending) return no_memory(row);
    pending->onsets_given = true;
    pending->onsets = *onsets;
    return SW_OK;
}

sw_status sw_store_settle(sw_store *store, int64_t row, sw_run_state state) {
    store->rows[row].state = state;
    sw_writer_touch(store, row);
    return SW_OK;
}

sw_status sw_store_refine(sw_store *store, int64_t row, const sw_store_refined *refined) {
    sw_pending *pending = sw_writer_pending(store, row);
    if (!pending) return no_memory(row);
    pending->refine_given = true;
    pending->refined = *refined;
    return SW_OK;
}

sw_status sw_store_requeue(sw_store *store, int64_t row, bool charge) {
    store->rows[row].state = SW_RUN_PENDING;
    store->rows[row].attempts += charge;
    sw_writer_touch(store, row);
    return SW_OK;
}

sw_status sw_store_records(sw_store *store, int64_t row, sw_record **out, size_t *count) {
    const sw_writer_row *r = &store->rows[row];
    *count = 0;
    *out = calloc((size_t)r->records + 1, sizeof **out);
    if (!*out) return no_memory(row);
    /* What no flush has acknowledged yet is here, the rest in the file. */
    sw_status status = SW_OK;
    const int64_t kept = r->pending ? (int64_t)r->pending->kept.record_count : 0, in_file = r->records - kept;
    if (kept > 0) memcpy(*out + in_file, r->pending->kept.records, (size_t)kept * sizeof **out);
    if (in_file > 0) status = sw_catalog_read_records(*out, store->catalog, row, 0, in_file);
    if (status != SW_OK) {
        free(*out);
        *out = NULL;
        return status;
    }
    *count = (size_t)r->records;
    return SW_OK;
}
