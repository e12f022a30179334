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

/* ---- single values ---- */

static sw_status put_integer(const sw_store *store, int field, int64_t row, int64_t value)
{
    const sw_column *column = sw_store_column(store, field);
    return column ? sw_stage_put(store->stage, column, H5T_NATIVE_INT64, row, 0, NULL, &value) : SW_OK;
}

static sw_status put_real(const sw_store *store, int field, int64_t row, double value)
{
    const sw_column *column = sw_store_column(store, field);
    return column ? sw_stage_put(store->stage, column, H5T_NATIVE_DOUBLE, row, 0, NULL, &value) : SW_OK;
}

static sw_status put_text(const sw_store *store, int field, int64_t row, const char *text)
{
    const sw_column *column = sw_store_column(store, field);
    const hsize_t length = SW_CHARACTERS;
    char padded[SW_CHARACTERS] = "";
    snprintf(padded, sizeof padded, "%s", text);
    return sw_stage_put(store->stage, column, sw_column_memory_type(column->type), row, 0, &length, padded);
}

typedef struct put {
    int field;
    int64_t value;
} put;

static sw_status put_integers(const sw_store *store, int64_t row, const put *puts, size_t count)
{
    sw_status status = SW_OK;
    for (size_t i = 0; i < count && status == SW_OK; i++)
        status = put_integer(store, puts[i].field, row, puts[i].value);
    return status;
}

/* ---- clearing ---- */

/* Entries [from, end) along the second dimension of one row are made fill values, where they are not. */
static sw_status clear_entries(const sw_column *column, int64_t row, hsize_t from)
{
    const hsize_t depth = column->rank > 1 ? column->extents[1] : 1;
    const size_t entry = depth ? sw_column_elements(column, 1) / depth : 0, size = sw_field_size(column->type);
    if (entry == 0 || from >= depth) return SW_OK;
    hsize_t step = (1 << 18) / entry;
    if (step < 1) step = 1;
    char *values = malloc(entry * step * size);
    if (!values) return sw_fail(SW_E_MEMORY, "%s", column->path);
    sw_status status = SW_OK;
    for (hsize_t e = from; e < depth && status == SW_OK; e += step) {
        const hsize_t take = e + step <= depth ? step : depth - e;
        hsize_t start[SW_H5_RANK_MAX] = {(hsize_t)row, e}, count[SW_H5_RANK_MAX] = {1, take};
        for (int i = 2; i < column->rank; i++) count[i] = column->extents[i];
        const hid_t type = sw_column_memory_type(column->type);
        status = sw_h5_read_box(column->dataset, column->path, type, column->rank, start, count, values);
        bool differs = false;
        for (size_t i = 0; i < take * entry && status == SW_OK; i++) {
            const bool both_missing =
                sw_element_is_missing(column->type, values, i) && sw_element_is_missing(column->type, column->fill, 0);
            if (both_missing || memcmp(values + i * size, column->fill, size) == 0) continue;
            memcpy(values + i * size, column->fill, size);
            differs = true;
        }
        if (differs && status == SW_OK)
            status = sw_h5_write_box(column->dataset, column->path, type, column->rank, start, count, values);
    }
    free(values);
    return status;
}

/* What the layout wrote, and what phase 2 writes, is not cleared. */
static bool is_kept(const sw_store *store, const sw_column *column)
{
    static const sw_field_id kept[] = {SW_FIELD_SEED, SW_FIELD_STATUS, SW_FIELD_ATTEMPTS, SW_FIELD_WRITTEN,
                                       SW_FIELD_CHECKSUM};
    if (column->type == SW_FIELD_TEXT || strncmp(column->path, "/runs/axes/", 11) == 0 ||
        strncmp(column->path, "/runs/refine/", 13) == 0)
        return true;
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
        if (column == sw_store_column(store, store->schema->fixed[kept[i]])) return true;
    return false;
}

static sw_status clear_row(const sw_store *store, int64_t row, const sw_pending *pending)
{
    sw_status status = SW_OK;
    for (size_t c = 0; c < store->catalog->count && status == SW_OK; c++) {
        const sw_column *column = &store->catalog->columns[c];
        const sw_dimension second = column->rank > 1 ? column->dimensions[1] : SW_DIM_RUN;
        if (is_kept(store, column)) continue;
        if (second == SW_DIM_EVALUATION)
            status = clear_entries(column, row, (hsize_t)pending->keep_records);
        else if (second == SW_DIM_SNAPSHOT)
            status = clear_entries(column, row, (hsize_t)pending->keep_snapshots);
        else if (pending->keep_records == 0) /* a run that goes on keeps its facts */
            status = clear_entries(column, row, 0);
    }
    return status;
}

/* ---- phase 1: data ---- */

static sw_status put_facts(const sw_store *store, int64_t row, const sw_run_facts *facts)
{
    const sw_schema *s = store->schema;
    const put puts[] = {{s->fixed[SW_FIELD_PARAMETERS], facts->parameters},
                        {s->fixed[SW_FIELD_TRAIN_INPUTS], (int64_t)facts->train_inputs},
                        {s->fixed[SW_FIELD_TEST_INPUTS], (int64_t)facts->test_inputs},
                        {s->fixed[SW_FIELD_UNMIRRORED_INPUTS], (int64_t)facts->unmirrored_inputs},
                        {s->fixed[SW_FIELD_UNDERIVED_INPUTS], (int64_t)facts->underived_inputs}};
    sw_status status = put_integers(store, row, puts, sizeof puts / sizeof puts[0]);
    if (status == SW_OK) status = put_real(store, s->fixed[SW_FIELD_MAJORITY], row, facts->majority);
    if (status == SW_OK) status = put_text(store, s->fixed[SW_FIELD_BLAS_CORE], row, facts->blas_core);
    for (int f = 0; f < SW_FAMILY_COUNT && status == SW_OK; f++) {
        const put of_family[] = {{s->family[f][SW_FACT_TUPLES], facts->tuples[f]},
                                 {s->family[f][SW_FACT_ENUMERATED], facts->enumerated[f]},
                                 {s->family[f][SW_FACT_HOLDS], facts->holds[f]},
                                 {s->family[f][SW_FACT_PROMPTED], facts->prompted[f]}};
        status = put_integers(store, row, of_family, sizeof of_family / sizeof of_family[0]);
        if (status == SW_OK) status = put_real(store, s->family[f][SW_FACT_LEAK], row, facts->leak[f]);
    }
    return status;
}

/* Entries of one row that must lie within the dataset: [row, at .. at + after[0], 0 .. after[1], ...]. */
static sw_status put_box(const sw_store *store, int field, hid_t type, int64_t row, int64_t at, int rank,
                         const hsize_t *after, const void *values)
{
    const sw_column *column = sw_store_column(store, field);
    if (!values || !column) return SW_OK;
    for (int i = 1; i < rank; i++) {
        const hsize_t start = i == 1 ? (hsize_t)at : 0;
        if (after[i - 1] == 0) return SW_OK;
        if (rank != column->rank || start + after[i - 1] > column->extents[i])
            return sw_fail(SW_E_PROTOCOL, "%s: run %lld sent more than its configuration says", column->path,
                           (long long)row);
    }
    return sw_stage_put(store->stage, column, type, row, (hsize_t)at, after, values);
}

static sw_status put_data(const sw_store *store, int64_t row, const sw_run_data *data)
{
    const sw_schema *s = store->schema;
    const hsize_t inputs[] = {(hsize_t)data->inputs, (hsize_t)data->tokens};
    sw_status status = put_box(store, s->fixed[SW_FIELD_SPLIT], H5T_NATIVE_INT8, row, 0, 2, inputs, data->split);
    if (status == SW_OK)
        status = put_box(store, s->fixed[SW_FIELD_INPUTS], H5T_NATIVE_INT32, row, 0, 3, inputs, data->input);
    if (status == SW_OK)
        status = put_box(store, s->fixed[SW_FIELD_DATA_LABEL], H5T_NATIVE_INT32, row, 0, 2, inputs, data->label);
    return status;
}

static sw_status put_snapshot(const sw_store *store, int64_t row, const sw_snapshot *snapshot)
{
    const sw_snapshot_shape *shape = &snapshot->shape;
    const int64_t at = snapshot->snapshot;
    const struct {
        sw_field_id field;
        int rank;
        hsize_t after[3];
        const float *values;
    } arrays[] = {
        {SW_FIELD_SNAPSHOT_PCA, 4, {1, (hsize_t)shape->entities, SW_PCA_COMPONENTS}, snapshot->array[SW_SNAPSHOT_PCA]},
        {SW_FIELD_SNAPSHOT_EXPLAINED_VARIANCE,
         3,
         {1, SW_PCA_COMPONENTS},
         snapshot->array[SW_SNAPSHOT_EXPLAINED_VARIANCE]},
        {SW_FIELD_SNAPSHOT_SINGULAR_VALUES,
         3,
         {1, (hsize_t)shape->singular},
         snapshot->array[SW_SNAPSHOT_SINGULAR_VALUES]},
        {SW_FIELD_SNAPSHOT_FOURIER_POWER, 3, {1, (hsize_t)shape->fourier}, snapshot->array[SW_SNAPSHOT_FOURIER_POWER]},
        {SW_FIELD_SNAPSHOT_EMBEDDING,
         4,
         {1, (hsize_t)shape->vocabulary, (hsize_t)shape->d},
         snapshot->array[SW_SNAPSHOT_EMBEDDING]},
        {SW_FIELD_SNAPSHOT_PARAMETERS, 3, {1, (hsize_t)shape->parameters}, snapshot->array[SW_SNAPSHOT_PARAMETERS]},
    };
    const hsize_t one[] = {1};
    sw_status status = SW_OK;
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0] && status == SW_OK; i++)
        status = put_box(store, store->schema->fixed[arrays[i].field], H5T_NATIVE_FLOAT, row, at, arrays[i].rank,
                         arrays[i].after, arrays[i].values);
    if (status == SW_OK)
        status = put_box(store, store->schema->fixed[SW_FIELD_SNAPSHOT_STEP], H5T_NATIVE_INT64, row, at, 2, one,
                         &snapshot->step);
    return status;
}

/* One block a metric. */
static sw_status put_records(const sw_store *store, int64_t row, const sw_pending *pending)
{
    const size_t count = pending->record_count;
    const hsize_t after[] = {count};
    if (count == 0) return SW_OK;
    sw_status status = SW_OK;
    float *values = malloc(count * sizeof *values);
    int64_t *steps = malloc(count * sizeof *steps);
    if (!values || !steps) status = sw_fail(SW_E_MEMORY, "records of run %lld", (long long)row);
    for (size_t i = 0; i < count && status == SW_OK; i++) steps[i] = pending->records[i].step;
    if (status == SW_OK)
        status = put_box(store, store->schema->fixed[SW_FIELD_STEP], H5T_NATIVE_INT64, row, pending->first_record, 2,
                         after, steps);
    for (int m = 0; m < SW_METRIC_COUNT && status == SW_OK; m++) {
        if (store->schema->metric[m] < 0) continue;
        for (size_t i = 0; i < count; i++) values[i] = pending->records[i].value[m];
        status =
            put_box(store, store->schema->metric[m], H5T_NATIVE_FLOAT, row, pending->first_record, 2, after, values);
    }
    free(steps);
    free(values);
    return status;
}

static sw_status put_onsets(const sw_store *store, int64_t row, const sw_onsets *o)
{
    const sw_schema *s = store->schema;
    const put puts[] = {{s->fixed[SW_FIELD_T_MEM], o->t_mem},
                        {s->fixed[SW_FIELD_T_GEN], o->t_gen},
                        {s->fixed[SW_FIELD_T_SYM], o->t_sym},
                        {s->fixed[SW_FIELD_T_GEO], o->t_geo},
                        {s->fixed[SW_FIELD_T_GEO_PARTICIPATION], o->t_geo_participation},
                        {s->fixed[SW_FIELD_LEAD_TIME], o->lead_time_known ? o->lead_time : -1},
                        {s->fixed[SW_FIELD_PHASE], o->phase}};
    sw_status status = put_integers(store, row, puts, sizeof puts / sizeof puts[0]);
    for (int t = 0; t < SW_THRESHOLD_COUNT && status == SW_OK; t++) {
        const put of_threshold[] = {{s->crossing[0][SW_CROSSING_FIRST][t], o->train_first[t]},
                                    {s->crossing[0][SW_CROSSING_STABLE][t], o->train_stable[t]},
                                    {s->crossing[0][SW_CROSSING_FIRST_DIPS][t], o->train_dips[t]},
                                    {s->crossing[0][SW_CROSSING_STABLE_DIPS][t], o->train_dips[t]},
                                    {s->crossing[1][SW_CROSSING_FIRST][t], o->test_first[t]},
                                    {s->crossing[1][SW_CROSSING_STABLE][t], o->test_stable[t]},
                                    {s->crossing[1][SW_CROSSING_FIRST_DIPS][t], o->test_dips[t]},
                                    {s->crossing[1][SW_CROSSING_STABLE_DIPS][t], o->test_dips[t]}};
        status = put_integers(store, row, of_threshold, sizeof of_threshold / sizeof of_threshold[0]);
    }
    for (int f = 0; f < SW_FAMILY_COUNT && status == SW_OK; f++) {
        status = put_integer(store, s->t_sym_mean[f], row, o->t_sym_mean[f]);
        if (status == SW_OK) status = put_integer(store, s->t_sym_max[f], row, o->t_sym_max[f]);
    }
    return status;
}

static sw_status put_refined(const sw_store *store, int64_t row, const sw_store_refined *refined)
{
    const sw_schema *s = store->schema;
    const put puts[] = {{s->fixed[SW_FIELD_REFINE_ROUND], refined->round},
                        {s->fixed[SW_FIELD_REFINE_CLASS], refined->class},
                        {s->fixed[SW_FIELD_REFINE_DECIDED], refined->decided},
                        {s->fixed[SW_FIELD_REFINE_REACHED], refined->reached}};
    sw_status status = put_integers(store, row, puts, sizeof puts / sizeof puts[0]);
    if (status == SW_OK) status = put_real(store, s->fixed[SW_FIELD_REFINE_LOW], row, refined->low);
    if (status == SW_OK) status = put_real(store, s->fixed[SW_FIELD_REFINE_HIGH], row, refined->high);
    return status;
}

static sw_status put_result(const sw_store *store, int64_t row, const sw_pending *pending)
{
    const sw_schema *s = store->schema;
    const sw_run_result *result = &pending->result;
    const double wall = result->wall_seconds;
    sw_status status = put_integer(store, s->fixed[SW_FIELD_STEPS], row, result->steps);
    if (status == SW_OK) status = put_integer(store, s->fixed[SW_FIELD_STOPPED_EARLY], row, result->stopped_early);
    if (status == SW_OK) status = put_real(store, s->fixed[SW_FIELD_WALL_SECONDS], row, wall);
    if (status == SW_OK)
        status =
            put_real(store, s->fixed[SW_FIELD_STEPS_PER_SECOND], row, wall > 0 ? (double)result->steps / wall : NAN);
    if (status == SW_OK)
        status =
            put_real(store, s->fixed[SW_FIELD_MEASURE_SHARE], row, wall > 0 ? result->measure_seconds / wall : NAN);
    if (status == SW_OK) status = put_text(store, s->fixed[SW_FIELD_ERROR], row, result->error);
    const bool any = store->rows[row].records > 0;
    for (int m = 0; m < SW_METRIC_COUNT && status == SW_OK; m++)
        status = put_real(store, s->final[m], row, any ? pending->last.value[m] : NAN);
    return status;
}

static sw_status put_pending(sw_store *store, int64_t row)
{
    sw_status status = SW_OK;
    const sw_row *r = &store->rows[row];
    const sw_pending *pending = r->pending;
    if (pending->begin) {
        if (!r->clean) status = clear_row(store, row, pending);
        if (status == SW_OK) status = put_text(store, store->schema->fixed[SW_FIELD_HOST], row, pending->host);
        if (status == SW_OK) status = put_integer(store, store->schema->fixed[SW_FIELD_RANK], row, pending->rank);
    }
    if (status == SW_OK && pending->facts) status = put_facts(store, row, pending->facts);
    if (status == SW_OK && pending->data) status = put_data(store, row, pending->data);
    if (status == SW_OK) status = put_records(store, row, pending);
    for (const sw_kept_snapshot *k = pending->snapshots; k && status == SW_OK; k = k->next)
        status = put_snapshot(store, row, &k->snapshot);
    if (status == SW_OK && pending->finished) status = put_result(store, row, pending);
    if (status == SW_OK && pending->onsets_given) status = put_onsets(store, row, &pending->onsets);
    if (status == SW_OK && pending->refine_given) status = put_refined(store, row, &pending->refined);
    return status;
}

/* ---- the phases ---- */

/* state last: a kill before it leaves a running row, which the next start completes or goes on with. */
static sw_status put_progress(const sw_store *store, int64_t row, sw_run_state state, int64_t written, int64_t checksum)
{
    const sw_schema *s = store->schema;
    const put puts[] = {{s->fixed[SW_FIELD_WRITTEN], written},
                        {s->fixed[SW_FIELD_ATTEMPTS], store->rows[row].attempts},
                        {s->fixed[SW_FIELD_CHECKSUM], checksum},
                        {s->fixed[SW_FIELD_STATUS], state}};
    return put_integers(store, row, puts, sizeof puts / sizeof puts[0]);
}

static bool is_over(sw_run_state state) { return state != SW_RUN_PENDING && state != SW_RUN_RUNNING; }

static sw_status end_phase(const sw_store *store, sw_status status)
{
    if (status == SW_OK) status = sw_stage_write(store->stage);
    return status != SW_OK ? status : sw_h5_flush(store->file, store->path);
}

static sw_status withdraw(const sw_store *store)
{
    sw_status status = SW_OK;
    bool any = false;
    for (size_t i = 0; i < store->dirty_count && status == SW_OK; i++) {
        const int64_t row = store->dirty[i];
        const sw_row *r = &store->rows[row];
        if (r->clean || !r->pending || !r->pending->begin) continue;
        any = true;
        status =
            put_progress(store, row, SW_RUN_RUNNING, r->pending->keep_records, sw_progress_pack(r->pending->keep_sum));
    }
    return status || !any ? status : end_phase(store, status);
}

/* Rows that are over, side by side: their checksums cover the counters too, which are in the file by now. */
static sw_status seal(const sw_store *store, const int64_t *rows, size_t count)
{
    int64_t checksums[SEALED_TOGETHER] = {0};
    int8_t states[SEALED_TOGETHER] = {0};
    for (size_t i = 0; i < count; i++) states[i] = (int8_t)store->rows[rows[i]].state;
    sw_status status = sw_rows_checksum_as(checksums, store->catalog, rows[0], (int64_t)count, states);
    for (size_t i = 0; i < count && status == SW_OK; i++) {
        const sw_row *r = &store->rows[rows[i]];
        status = put_progress(store, rows[i], r->state, r->records, checksums[i]);
    }
    return status;
}

static int by_number(const void *left, const void *right)
{
    const int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

static sw_status seal_all(const sw_store *store)
{
    const sw_schema *s = store->schema;
    sw_status status = SW_OK;
    size_t over = 0;
    int64_t *rows = malloc((store->dirty_count + 1) * sizeof *rows);
    if (!rows) return sw_fail(SW_E_MEMORY, "checksums");
    for (size_t i = 0; i < store->dirty_count; i++)
        if (is_over(store->rows[store->dirty[i]].state)) rows[over++] = store->dirty[i];
    qsort(rows, over, sizeof *rows, by_number);
    for (size_t i = 0; i < over && status == SW_OK; i++) {
        const sw_row *r = &store->rows[rows[i]];
        const put counters[] = {{s->fixed[SW_FIELD_WRITTEN], r->records}, {s->fixed[SW_FIELD_ATTEMPTS], r->attempts}};
        status = put_integers(store, rows[i], counters, sizeof counters / sizeof counters[0]);
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

sw_status sw_store_write_pending(sw_store *store)
{
    sw_status status = withdraw(store);
    for (size_t i = 0; i < store->dirty_count && status == SW_OK; i++)
        if (store->rows[store->dirty[i]].pending) status = put_pending(store, store->dirty[i]);
    status = end_phase(store, status);
    if (status == SW_OK) status = seal_all(store);
    for (size_t i = 0; i < store->dirty_count && status == SW_OK; i++) {
        const int64_t row = store->dirty[i];
        const sw_row *r = &store->rows[row];
        if (!is_over(r->state)) status = put_progress(store, row, r->state, r->records, sw_progress_pack(r->sum));
    }
    status = end_phase(store, status);
    if (status != SW_OK) sw_stage_clear(store->stage);
    return status;
}

/* Everything kept is in the file: forget it. */
static void acknowledge(sw_store *store)
{
    for (size_t i = 0; i < store->dirty_count; i++) {
        sw_row *r = &store->rows[store->dirty[i]];
        r->flushed = r->records;
        r->flushed_snapshots = r->snapshots;
        if (r->pending) r->clean = false;
        r->dirty = false;
        sw_pending_destroy(r->pending);
        r->pending = NULL;
    }
    store->dirty_count = 0;
    store->kept_bytes = 0;
}

sw_status sw_store_flush(sw_store *store)
{
    sw_status status = sw_store_heartbeat(store);
    if (status != SW_OK) return status;
    status = sw_vfd_drain(store->file, store->path);
    if (status == SW_OK && store->dirty_count > 0) {
        status = sw_store_write_pending(store);
        if (status == SW_OK) status = sw_vfd_check(store->file, store->path);
        if (status == SW_OK && sw_clock_now() - store->synced >= sync_seconds) {
            status = sw_vfd_sync(store->file, store->path);
            store->synced = sw_clock_now();
        }
    }
    store->refused = status != SW_OK;
    /* Part of what was given may be in the file: the next flush puts all of it there again, over whatever is there. */
    for (size_t i = 0; status && i < store->dirty_count; i++) store->rows[store->dirty[i]].clean = false;
    if (status == SW_OK) acknowledge(store);
    return status;
}
