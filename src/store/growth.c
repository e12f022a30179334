/* growth.c: what a results file lacks for a sweep. */
#include "store/growth.h"

#include "store/dataset.h"

#include <stdlib.h>
#include <string.h>

/* ---- texts and numbers that are known before a run starts ---- */

/* The text that the sweep gives run i for a TEXT field; NULL = the field is no text of the sweep. */
const char *sw_growth_text(const sw_schema *schema, const sw_store_sweep *sweep, int field, size_t i) {
    const sw_store_run *run = &sweep->runs[i];
    const char *text = NULL;
    if (field == schema->fixed[SW_FIELD_ID])
        text = run->id;
    else if (field == schema->fixed[SW_FIELD_CONFIG])
        text = run->config;
    else if (field == schema->fixed[SW_FIELD_LABEL])
        text = run->label;
    else if (field == schema->fixed[SW_FIELD_TASK])
        text = run->task;
    else if (field == schema->fixed[SW_FIELD_PARAMETER_LAYOUT])
        text = run->parameter_layout;
    else if (field == schema->fixed[SW_FIELD_GENERATORS])
        text = run->generators;
    for (size_t a = 0; a < schema->axis_count && !text; a++)
        if (field == schema->axis[a]) text = run->axes[a].string;
    return text ? text : "";
}

/* The numbers of a row that the sweep knows: seed, order of the symmetry group and axes. false = not one of them. */
bool sw_growth_number(double *real, int64_t *integer, const sw_schema *schema, const sw_store_sweep *sweep, int field,
                      size_t i) {
    const sw_store_run *run = &sweep->runs[i];
    *integer = run->seed;
    *real = (double)run->seed;
    if (field == schema->fixed[SW_FIELD_SEED]) return true;
    if (field == schema->fixed[SW_FIELD_ORDER_LOG10]) {
        *real = run->order_log10;
        return run->generator_count > 0;
    }
    for (size_t a = 0; a < schema->axis_count; a++) {
        if (field != schema->axis[a]) continue;
        const bool is_real = sweep->axes[a].type == SW_AXIS_REAL;
        *integer = is_real ? (int64_t)run->axes[a].real : run->axes[a].integer;
        *real = is_real ? run->axes[a].real : (double)run->axes[a].integer;
        return true;
    }
    return false;
}

/* ---- what is missing ---- */

typedef struct known_id {
    const char *id;
    int64_t row;
} known_id;

static int by_id(const void *a, const void *b) { return strcmp(((const known_id *)a)->id, ((const known_id *)b)->id); }

static void match_rows(sw_growth *growth, known_id *known, const sw_store_sweep *sweep) {
    qsort(known, (size_t)growth->known, sizeof *known, by_id);
    for (size_t i = 0; i < sweep->run_count; i++) {
        const known_id key = {sweep->runs[i].id, 0};
        const known_id *found =
            growth->known ? bsearch(&key, known, (size_t)growth->known, sizeof *known, by_id) : NULL;
        growth->row[i] = found ? found->row : growth->known + growth->added++;
        if (found) growth->planned[found->row] = true;
    }
}

static sw_status read_rows(sw_growth *growth, const sw_catalog *catalog, const sw_store_sweep *sweep) {
    const size_t count = (size_t)growth->known;
    char **ids = NULL;
    known_id *known = calloc(count + 1, sizeof *known);
    sw_status status = known ? SW_OK : sw_fail(SW_E_MEMORY, "rows of the results file");
    if (status == SW_OK && catalog) status = sw_column_load_texts(&ids, sw_catalog_find(catalog, "/runs/id"));
    for (size_t r = 0; r < count && status == SW_OK; r++) known[r] = (known_id){ids[r], (int64_t)r};
    if (status == SW_OK) match_rows(growth, known, sweep);
    sw_column_free_texts(ids, count);
    free(known);
    return status;
}

static void note_change(sw_growth *growth, size_t i) {
    growth->needed = true;
    growth->changed[growth->row[i]] = true;
}

/* Do the texts of one column differ from the sweep's for any known run? Notes changed configurations. */
static sw_status compare_texts(sw_growth *growth, const sw_column *column, const sw_schema *schema, int field,
                               const sw_store_sweep *sweep) {
    char **texts;
    const sw_status status = sw_column_load_texts(&texts, column);
    for (size_t i = 0; i < sweep->run_count && status == SW_OK; i++) {
        if (growth->row[i] >= growth->known) continue;
        if (strcmp(texts[growth->row[i]], sw_growth_text(schema, sweep, field, i)) == 0) continue;
        note_change(growth, i);
        if (field == schema->fixed[SW_FIELD_CONFIG]) growth->onsets_stale[i] = true;
    }
    sw_column_free_texts(texts, (size_t)growth->known);
    return status;
}

/* The same for seed and axes. */
static sw_status compare_numbers(sw_growth *growth, const sw_column *column, const sw_schema *schema, int field,
                                 const sw_store_sweep *sweep) {
    double *values;
    const sw_status status = sw_column_load_reals(&values, column);
    for (size_t i = 0; i < sweep->run_count && status == SW_OK; i++) {
        double real;
        int64_t integer;
        if (growth->row[i] >= growth->known || !sw_growth_number(&real, &integer, schema, sweep, field, i)) continue;
        if (values[growth->row[i]] != real) note_change(growth, i);
    }
    free(values);
    return status;
}

/* A dataset that the file lacks, or has in a narrower type: whose rows get a value there? */
static void note_new_column(sw_growth *growth, const sw_schema *schema, int field, const sw_store_sweep *sweep) {
    growth->needed = true;
    for (size_t i = 0; i < sweep->run_count; i++) {
        double real;
        int64_t integer;
        if (growth->row[i] >= growth->known) continue;
        if (schema->fields[field].type == SW_FIELD_TEXT ? sw_growth_text(schema, sweep, field, i)[0] != 0
                                                        : sw_growth_number(&real, &integer, schema, sweep, field, i))
            note_change(growth, i);
    }
}

static sw_status compare_sweep_text(sw_growth *growth, hid_t file, const sw_store_sweep *sweep) {
    char *text;
    const sw_status status = sw_dataset_read_sweep(&text, file);
    if (status == SW_OK &&
        (!text || strlen(text) != sweep->sweep_length || memcmp(text, sweep->sweep_text, sweep->sweep_length) != 0))
        growth->needed = true;
    free(text);
    return status;
}

/* A column can hold the sweep's values: the same type, or a wider number (an axis of integers that became reals). */
bool sw_growth_can_hold(sw_field_type column, sw_field_type field) {
    return column == field || (column == SW_FIELD_F64 && (field == SW_FIELD_I64 || field == SW_FIELD_I8)) ||
           (column == SW_FIELD_I64 && field == SW_FIELD_I8);
}

/* The same for what the file says of rows that the sweep has and of those that it no longer has. */
static sw_status compare_planned(sw_growth *growth, const sw_column *column) {
    int64_t *planned;
    const sw_status status = sw_column_load_integers(&planned, column);
    for (int64_t r = 0; r < growth->known && status == SW_OK; r++)
        if (planned[r] != growth->planned[r]) growth->needed = true;
    free(planned);
    return status;
}

static sw_status compare_columns(sw_growth *growth, const sw_catalog *catalog, const sw_schema *schema,
                                 const sw_store_sweep *sweep) {
    sw_status status = SW_OK;
    for (size_t f = 0; f < schema->count && status == SW_OK; f++) {
        const sw_schema_field *field = &schema->fields[f];
        const sw_column *column = sw_catalog_find(catalog, field->path);
        if (!column || !sw_growth_can_hold(column->type, field->type)) {
            note_new_column(growth, schema, (int)f, sweep);
            /* Rows that are no longer in the sweep change too when their values become wider ones. */
            for (int64_t r = 0; column && r < growth->known; r++) growth->changed[r] = true;
            continue;
        }
        if (column->rank != field->rank)
            return sw_fail(SW_E_STORE, "%s has %d dimensions instead of %d", field->path, column->rank, field->rank);
        if (field->type == SW_FIELD_CHAR && column->extents[1] != SW_CHARACTERS)
            return sw_fail(SW_E_STORE, "%s has texts of another length than %d", field->path, SW_CHARACTERS);
        for (int i = 1; i < field->rank; i++)
            if ((int64_t)column->extents[i] < sw_schema_extent(sweep, field->dimensions[i])) growth->needed = true;
        if ((int)f == schema->fixed[SW_FIELD_PLANNED])
            status = compare_planned(growth, column);
        else if (column->type == SW_FIELD_TEXT)
            status = compare_texts(growth, column, schema, (int)f, sweep);
        else if (column->rank == 1)
            status = compare_numbers(growth, column, schema, (int)f, sweep);
    }
    return status;
}

sw_status sw_growth_redefined(const sw_column **out, const sw_catalog *catalog, const sw_schema *schema, size_t o) {
    const sw_schema_field *field = &schema->fields[schema->onsets[o].field];
    const sw_column *column = sw_catalog_find(catalog, field->path);
    bool same = true;
    const sw_status status = column ? sw_dataset_is_defined(&same, column->dataset, field) : SW_OK;
    *out = status == SW_OK && !same ? column : NULL;
    return status;
}

/* Onsets that the file has by another definition are to be computed anew, as after a change of thresholds. */
static sw_status compare_definitions(sw_growth *growth, const sw_catalog *catalog, const sw_schema *schema,
                                     const sw_store_sweep *sweep) {
    sw_status status = SW_OK;
    for (size_t o = 0; o < schema->onset_count && status == SW_OK; o++) {
        const sw_column *column;
        status = sw_growth_redefined(&column, catalog, schema, o);
        if (!column) continue;
        growth->needed = true;
        for (size_t i = 0; i < sweep->run_count; i++)
            if (growth->row[i] < growth->known) growth->onsets_stale[i] = true;
    }
    return status;
}

sw_status sw_growth_find(sw_growth *out, hid_t file, const sw_catalog *catalog, const sw_schema *schema,
                         const sw_store_sweep *sweep) {
    memset(out, 0, sizeof *out);
    out->known = catalog ? (int64_t)catalog->runs : 0;
    out->row = calloc(sweep->run_count + 1, sizeof *out->row);
    out->onsets_stale = calloc(sweep->run_count + 1, sizeof *out->onsets_stale);
    out->changed = calloc((size_t)out->known + 1, sizeof *out->changed);
    out->planned = calloc((size_t)out->known + 1, sizeof *out->planned);
    sw_status status = out->row && out->onsets_stale && out->changed && out->planned
                           ? SW_OK
                           : sw_fail(SW_E_MEMORY, "rows of the results file");
    if (status == SW_OK) status = read_rows(out, catalog, sweep);
    if (status == SW_OK && out->added > 0) out->needed = true;
    if (status == SW_OK && catalog) status = compare_columns(out, catalog, schema, sweep);
    if (status == SW_OK && catalog) status = compare_definitions(out, catalog, schema, sweep);
    if (status == SW_OK && catalog) status = compare_sweep_text(out, file, sweep);
    if (status != SW_OK) sw_growth_release(out);
    return status;
}

void sw_growth_release(sw_growth *growth) {
    free(growth->row);
    free(growth->onsets_stale);
    free(growth->changed);
    free(growth->planned);
    memset(growth, 0, sizeof *growth);
}
