/* writer.c: the rows of a results file that is being written, and what they were given since the last flush. */
#include "store/writer.h"

#include <stdlib.h>

const sw_column *sw_writer_column(const sw_store *store, int field) {
    return field < 0 ? NULL : &store->catalog->columns[store->column[field]];
}

void sw_writer_touch(sw_store *store, int64_t row) {
    if (store->rows[row].dirty) return;
    store->rows[row].dirty = true;
    store->dirty[store->dirty_count++] = row;
}

sw_pending *sw_writer_pending(sw_store *store, int64_t row) {
    sw_writer_row *r = &store->rows[row];
    sw_writer_touch(store, row);
    if (!r->pending) {
        r->pending = calloc(1, sizeof *r->pending);
        if (r->pending) store->kept_bytes += sizeof *r->pending;
    }
    return r->pending;
}

void sw_writer_forget(sw_store *store, int64_t row) {
    sw_pending *pending = store->rows[row].pending;
    if (!pending) return;
    store->kept_bytes -= sizeof *pending + pending->kept.bytes + pending->data_bytes;
    if (pending->facts) store->kept_bytes -= sizeof *pending->facts;
    sw_unacknowledged_clear(&pending->kept);
    free(pending->facts);
    free(pending->data);
    free(pending);
    store->rows[row].pending = NULL;
}

/* ---- what is known of a row ---- */

int64_t sw_store_row(const sw_store *store, size_t run) { return store->run_row[run]; }

sw_run_state sw_store_state(const sw_store *store, int64_t row) { return store->rows[row].state; }

int64_t sw_store_attempts(const sw_store *store, int64_t row) { return store->rows[row].attempts; }

int64_t sw_store_flushed(const sw_store *store, int64_t row) { return store->rows[row].flushed; }

int64_t sw_store_flushed_snapshots(const sw_store *store, int64_t row) { return store->rows[row].flushed_snapshots; }

bool sw_store_onsets_stale(const sw_store *store, int64_t row) { return store->rows[row].onsets_stale; }
