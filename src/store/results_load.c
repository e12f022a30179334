/* results_load.c: rows and axes of a results file. */
#include "store/results_load.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- one row's texts and numbers ---- */

void sw_results_load_release(sw_results *results) {
    for (size_t r = 0; results->rows && r < results->count; r++) {
        sw_result_row *row = &results->rows[r];
        free(row->id);
        free(row->config);
        free(row->label);
        free(row->task);
    }
    free(results->rows);
    free(results->axis_values);
    for (size_t a = 0; a < results->axis_count; a++) free(results->axis_paths[a]);
    free(results->axis_paths);
    free(results->axes);
    results->rows = NULL;
    results->axis_values = NULL;
    results->axis_paths = NULL;
    results->axes = NULL;
    results->count = results->axis_count = 0;
}

typedef enum member_kind { INTEGER, REAL, TEXT, CHARACTERS } member_kind;

/* One value a row into the member at `offset`. A file without such a column has `absent`, NaN, "". */
static sw_status load_member(sw_results *results, const char *path, member_kind kind, size_t offset, int64_t absent) {
    const sw_column *column = sw_catalog_find(results->catalog, path);
    const sw_field_type type = column ? column->type : SW_FIELD_TEXT;
    const bool is_number = type != SW_FIELD_TEXT && type != SW_FIELD_CHAR;
    const bool fits = kind == TEXT ? type == SW_FIELD_TEXT : kind == CHARACTERS ? type == SW_FIELD_CHAR : is_number;
    if (column && (!fits || column->rank != (kind == CHARACTERS ? 2 : 1))) column = NULL;
    int64_t *integers = NULL;
    double *reals = NULL;
    char **texts = NULL;
    sw_status status = SW_OK;
    if (column && kind == INTEGER) status = sw_column_load_integers(&integers, column);
    if (column && kind == REAL) status = sw_column_load_reals(&reals, column);
    if (column && (kind == TEXT || kind == CHARACTERS)) status = sw_column_load_texts(&texts, column);
    for (size_t r = 0; r < results->count && status == SW_OK; r++) {
        char *member = (char *)&results->rows[r] + offset;
        if (kind == INTEGER)
            *(int64_t *)(void *)member = integers ? integers[r] : absent;
        else if (kind == REAL)
            *(double *)(void *)member = reals ? reals[r] : (double)NAN;
        else if (kind == CHARACTERS)
            snprintf(member, SW_CHARACTERS, "%s", texts ? texts[r] : "");
        else
            *(char **)(void *)member = texts ? texts[r] : strdup("");
    }
    if (kind == TEXT)
        free(texts);
    else
        sw_column_free_texts(texts, results->count);
    free(reals);
    free(integers);
    return status;
}

#define MEMBER(name) offsetof(sw_result_row, name)

static const struct {
    sw_field_id field;
    member_kind kind;
    size_t offset;
    int64_t absent;
} members[] = {
    {SW_FIELD_ID, TEXT, MEMBER(id), 0},
    {SW_FIELD_CONFIG, TEXT, MEMBER(config), 0},
    {SW_FIELD_LABEL, TEXT, MEMBER(label), 0},
    {SW_FIELD_TASK, TEXT, MEMBER(task), 0},
    {SW_FIELD_SEED, INTEGER, MEMBER(seed), -1},
    {SW_FIELD_RANK, INTEGER, MEMBER(rank), -1},
    {SW_FIELD_ATTEMPTS, INTEGER, MEMBER(attempts), 0},
    {SW_FIELD_WRITTEN, INTEGER, MEMBER(written), 0},
    {SW_FIELD_STEPS, INTEGER, MEMBER(steps), -1},
    {SW_FIELD_CHECKSUM, INTEGER, MEMBER(checksum), -1},
    {SW_FIELD_WALL_SECONDS, REAL, MEMBER(wall_seconds), 0},
    {SW_FIELD_STEPS_PER_SECOND, REAL, MEMBER(steps_per_second), 0},
    {SW_FIELD_MEASURE_SHARE, REAL, MEMBER(measure_share), 0},
    {SW_FIELD_ERROR, CHARACTERS, MEMBER(error), 0},
    {SW_FIELD_HOST, CHARACTERS, MEMBER(host), 0},
};

static sw_status load_members(sw_results *results, const sw_schema *schema) {
    static const struct {
        int metric;
        size_t offset;
    } finals[] = {{SW_METRIC_TRAIN_ACCURACY, MEMBER(train_accuracy)}, {SW_METRIC_TEST_ACCURACY, MEMBER(test_accuracy)}};
    sw_status status = SW_OK;
    for (size_t i = 0; i < sizeof members / sizeof members[0] && status == SW_OK; i++)
        status = load_member(results, schema->fields[schema->fixed[members[i].field]].path, members[i].kind,
                             members[i].offset, members[i].absent);
    for (size_t i = 0; i < sizeof finals / sizeof finals[0] && status == SW_OK; i++)
        status = load_member(results, schema->fields[schema->final[finals[i].metric]].path, REAL, finals[i].offset, 0);
    for (size_t i = 0; i < schema->onset_count && status == SW_OK; i++) {
        const sw_schema_onset *onset = &schema->onsets[i];
        if (!onset->repeats)
            status =
                load_member(results, schema->fields[onset->field].path, INTEGER, MEMBER(onsets) + onset->offset, -1);
    }
    for (size_t r = 0; r < results->count && status == SW_OK; r++) {
        sw_onsets *onsets = &results->rows[r].onsets;
        onsets->lead_time_known = onsets->t_gen >= 0 && onsets->lead_time != -1;
        if (!onsets->lead_time_known) onsets->lead_time = INT64_MIN;
    }
    return status;
}

/* A column of one code a run; *out = NULL: the file has none, or something else there. */
static sw_status load_code(int64_t **out, const sw_results *results, const char *path) {
    const sw_column *column = sw_catalog_find(results->catalog, path);
    *out = NULL;
    if (!column || column->rank != 1 || column->type == SW_FIELD_TEXT || column->type == SW_FIELD_CHAR) return SW_OK;
    return sw_column_load_integers(out, column);
}

/* Codes are enums in memory, whatever the file says. */
static sw_status load_codes(sw_results *results) {
    int64_t *states = NULL, *phases = NULL, *planned = NULL;
    sw_status status = sw_column_load_integers(&states, sw_catalog_find(results->catalog, "/runs/status"));
    if (status == SW_OK) status = load_code(&phases, results, "/runs/phase");
    if (status == SW_OK) status = load_code(&planned, results, "/runs/planned");
    for (size_t r = 0; r < results->count && status == SW_OK; r++) {
        sw_result_row *row = &results->rows[r];
        if (states[r] < 0 || states[r] >= SW_RUN_STATE_COUNT)
            status = sw_fail(SW_E_STORE, "/runs/status row %zu: %lld is no state of a run", r, (long long)states[r]);
        else
            row->state = (sw_run_state)states[r];
        const bool known = phases && phases[r] >= 0 && phases[r] < SW_PHASE_COUNT;
        row->planned = !planned || planned[r] != 0;
        row->onsets.phase = known ? (sw_phase)phases[r] : SW_PHASE_UNFINISHED;
    }
    free(planned);
    free(phases);
    free(states);
    return status;
}

/* ---- axes ---- */

static herr_t note_axis(hid_t group, const char *name, const H5L_info_t *info, void *data) {
    (void)group;
    (void)info;
    sw_results *results = data;
    results->axis_paths[results->axis_count] = strdup(name);
    return results->axis_paths[results->axis_count++] ? 0 : -1;
}

/* The axes in the order they were made, which is the sweep's. */
static sw_status find_axes(sw_results *results) {
    H5G_info_t info;
    if (H5Lexists(results->file, "/runs/axes", H5P_DEFAULT) <= 0) return SW_OK;
    hid_t group = H5Gopen2(results->file, "/runs/axes", H5P_DEFAULT);
    if (group < 0 || H5Gget_info(group, &info) < 0 || info.nlinks > 4096) {
        sw_hdf5_close(group);
        return sw_hdf5_fail("/runs/axes");
    }
    results->axis_paths = calloc(info.nlinks + 1, sizeof *results->axis_paths);
    results->axes = calloc(info.nlinks + 1, sizeof *results->axes);
    sw_status status = results->axis_paths && results->axes ? SW_OK : sw_fail(SW_E_MEMORY, "/runs/axes");
    hsize_t at = 0;
    if (status == SW_OK && H5Literate(group, H5_INDEX_CRT_ORDER, H5_ITER_INC, &at, note_axis, results) < 0) {
        H5Eclear2(H5E_DEFAULT);
        for (size_t a = 0; a < results->axis_count; a++) free(results->axis_paths[a]);
        results->axis_count = 0;
        at = 0;
        if (H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, &at, note_axis, results) < 0)
            status = sw_hdf5_fail("/runs/axes");
    }
    sw_hdf5_close(group);
    return status;
}

static sw_status load_axis(sw_results *results, size_t a) {
    char path[512];
    snprintf(path, sizeof path, "/runs/axes/%s", results->axis_paths[a]);
    const sw_column *column = sw_catalog_find(results->catalog, path);
    sw_axis *axis = &results->axes[a];
    axis->path = results->axis_paths[a];
    if (!column || column->rank != 1) return sw_fail(SW_E_STORE, "%s is not one value a run", path);
    int64_t *integers = NULL;
    double *reals = NULL;
    char **texts = NULL;
    sw_status status = SW_OK;
    if (column->type == SW_FIELD_TEXT) {
        axis->type = SW_AXIS_STRING;
        status = sw_column_load_texts(&texts, column);
    } else if (column->type == SW_FIELD_F64 || column->type == SW_FIELD_F32) {
        axis->type = SW_AXIS_REAL;
        status = sw_column_load_reals(&reals, column);
    } else {
        axis->type = column->type == SW_FIELD_I8 ? SW_AXIS_BOOL : SW_AXIS_INTEGER;
        status = sw_column_load_integers(&integers, column);
    }
    for (size_t r = 0; r < results->count && status == SW_OK; r++) {
        sw_axis_value *value = &results->axis_values[r * results->axis_count + a];
        if (texts) snprintf(value->string, sizeof value->string, "%s", texts[r]);
        if (reals) value->real = reals[r];
        if (integers) value->integer = integers[r];
    }
    sw_column_free_texts(texts, results->count);
    free(reals);
    free(integers);
    return status;
}

static sw_status load_axes(sw_results *results) {
    sw_status status = find_axes(results);
    if (status != SW_OK || results->axis_count == 0) return status;
    results->axis_values = calloc(results->count * results->axis_count + 1, sizeof *results->axis_values);
    if (!results->axis_values) return sw_fail(SW_E_MEMORY, "/runs/axes");
    for (size_t a = 0; a < results->axis_count && status == SW_OK; a++) status = load_axis(results, a);
    return status;
}

/* The names of all datasets that a row may have. */
static sw_status list_everything(sw_schema **out) {
    sw_store_sweep everything = {0};
    for (int m = 0; m < SW_METRIC_COUNT; m++) everything.metric[m] = true;
    return sw_schema_create(out, &everything);
}

sw_status sw_results_load_rows(sw_results *results) {
    sw_schema *schema = NULL;
    results->rows = calloc(results->catalog->runs + 1, sizeof *results->rows);
    if (!results->rows) return sw_fail(SW_E_MEMORY, "%llu rows", (unsigned long long)results->catalog->runs);
    results->count = results->catalog->runs;
    sw_status status = list_everything(&schema);
    if (status == SW_OK) status = load_members(results, schema);
    if (status == SW_OK) status = load_codes(results);
    if (status == SW_OK) status = load_axes(results);
    sw_schema_destroy(schema);
    return status;
}
