/* results_load.c: rows and axes of a results file. */
#include "store/results.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- one row's texts and numbers ---- */

void sw_results_release_rows(sw_results *results)
{
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

/* A column of one dimension; NULL = the file has none of that name and type. */
static const sw_column *column_of(const sw_results *results, const char *path, bool is_text)
{
    const sw_column *column = sw_catalog_find(results->catalog, path);
    return column && column->rank == 1 && (column->type == SW_FIELD_TEXT) == is_text && column->type != SW_FIELD_CHAR
               ? column
               : NULL;
}

/* One text a row into the member at `offset`. A file without the column has empty texts. */
static sw_status load_texts(sw_results *results, const char *path, size_t offset)
{
    const sw_column *column = column_of(results, path, true);
    char **texts = calloc(results->count + 1, sizeof *texts);
    if (!texts) return sw_fail(SW_E_MEMORY, "%s", path);
    sw_status status = SW_OK;
    if (column)
        status = sw_column_read_texts(column, 0, results->count, texts);
    else
        for (size_t r = 0; r < results->count; r++) texts[r] = strdup("");
    for (size_t r = 0; r < results->count && status == SW_OK; r++)
        *(char **)((char *)&results->rows[r] + offset) = texts[r];
    free(texts);
    return status;
}

static sw_status load_integers(sw_results *results, const char *path, int64_t *scratch, size_t offset, int64_t absent)
{
    const sw_column *column = column_of(results, path, false);
    sw_status status = SW_OK;
    if (column) status = sw_column_read(column, 0, results->count, H5T_NATIVE_INT64, scratch);
    for (size_t r = 0; r < results->count && status == SW_OK; r++)
        *(int64_t *)((char *)&results->rows[r] + offset) = column ? scratch[r] : absent;
    return status;
}

static sw_status load_reals(sw_results *results, const char *path, double *scratch, size_t offset)
{
    const sw_column *column = column_of(results, path, false);
    sw_status status = SW_OK;
    if (column) status = sw_column_read(column, 0, results->count, H5T_NATIVE_DOUBLE, scratch);
    for (size_t r = 0; r < results->count && status == SW_OK; r++)
        *(double *)((char *)&results->rows[r] + offset) = column ? scratch[r] : (double)NAN;
    return status;
}

static sw_status load_characters(sw_results *results, const char *path, size_t offset)
{
    const sw_column *column = sw_catalog_find(results->catalog, path);
    if (!column || column->type != SW_FIELD_CHAR || column->rank != 2) return SW_OK;
    const size_t width = column->extents[1], keep = width < SW_CHARACTERS - 1 ? width : SW_CHARACTERS - 1;
    char *characters = calloc(results->count * width + 1, 1);
    if (!characters) return sw_fail(SW_E_MEMORY, "%s", path);
    const sw_status status = sw_column_read_rows(column, 0, results->count, characters);
    for (size_t r = 0; r < results->count && status == SW_OK; r++) {
        char *text = (char *)&results->rows[r] + offset;
        memset(text, 0, SW_CHARACTERS);
        memcpy(text, characters + r * width, keep);
    }
    free(characters);
    return status;
}

#define MEMBER(name) offsetof(sw_result_row, name)
#define ONSET(name) (offsetof(sw_result_row, onsets) + offsetof(sw_onsets, name))

typedef struct loaded {
    const char *path;
    size_t offset;
    int64_t absent;
} loaded;

static sw_status load_onsets(sw_results *results, int64_t *scratch)
{
    static const char *const thresholds[SW_THRESHOLD_COUNT] = {"0.9", "0.95", "0.99", "1.0"};
    static const struct {
        const char *name, *suffix;
        size_t offset;
    } series[] = {
        {"train_accuracy_first", "", ONSET(train_first)},     {"train_accuracy_stable", "", ONSET(train_stable)},
        {"train_accuracy_first", "_dips", ONSET(train_dips)}, {"test_accuracy_first", "", ONSET(test_first)},
        {"test_accuracy_stable", "", ONSET(test_stable)},     {"test_accuracy_first", "_dips", ONSET(test_dips)}};
    sw_status status = SW_OK;
    char path[192];
    for (size_t s = 0; s < sizeof series / sizeof series[0]; s++) {
        for (size_t t = 0; t < SW_THRESHOLD_COUNT && status == SW_OK; t++) {
            snprintf(path, sizeof path, "/runs/onset/%s_%s%s", series[s].name, thresholds[t], series[s].suffix);
            status = load_integers(results, path, scratch, series[s].offset + t * sizeof(int64_t), -1);
        }
    }
    for (size_t f = 0; f < SW_FAMILY_COUNT && status == SW_OK; f++) {
        snprintf(path, sizeof path, "/runs/onset/t_sym_mean/%s", sw_family_names[f]);
        status = load_integers(results, path, scratch, ONSET(t_sym_mean) + f * sizeof(int64_t), -1);
        snprintf(path, sizeof path, "/runs/onset/t_sym_max/%s", sw_family_names[f]);
        if (status == SW_OK) status = load_integers(results, path, scratch, ONSET(t_sym_max) + f * sizeof(int64_t), -1);
    }
    return status;
}

/* status and phase are enums in memory, whatever the file says. */
static sw_status load_codes(sw_results *results, int64_t *scratch)
{
    const sw_column *state = column_of(results, "/runs/status", false);
    const sw_column *phase = column_of(results, "/runs/phase", false);
    sw_status status = sw_column_read(state, 0, results->count, H5T_NATIVE_INT64, scratch);
    for (size_t r = 0; r < results->count && status == SW_OK; r++) {
        if (scratch[r] < SW_RUN_PENDING || scratch[r] > SW_RUN_PRUNED)
            return sw_fail(SW_E_STORE, "/runs/status row %zu: %lld is no state of a run", r, (long long)scratch[r]);
        results->rows[r].state = (sw_run_state)scratch[r];
    }
    if (status == SW_OK && phase) status = sw_column_read(phase, 0, results->count, H5T_NATIVE_INT64, scratch);
    for (size_t r = 0; r < results->count && status == SW_OK; r++) {
        const bool known = phase && scratch[r] >= SW_PHASE_CONFUSION && scratch[r] <= SW_PHASE_UNFINISHED;
        results->rows[r].onsets.phase = known ? (sw_phase)scratch[r] : SW_PHASE_UNFINISHED;
    }
    return status;
}

static sw_status load_numbers(sw_results *results)
{
    static const loaded integers[] = {
        {"/runs/seed", MEMBER(seed), -1},
        {"/runs/rank", MEMBER(rank), -1},
        {"/runs/attempts", MEMBER(attempts), 0},
        {"/runs/written", MEMBER(written), 0},
        {"/runs/steps", MEMBER(steps), -1},
        {"/runs/onset/t_mem", ONSET(t_mem), -1},
        {"/runs/onset/t_gen", ONSET(t_gen), -1},
        {"/runs/onset/t_sym", ONSET(t_sym), -1},
        {"/runs/onset/t_geo", ONSET(t_geo), -1},
        {"/runs/onset/lead_time", ONSET(lead_time), -1},
        {"/runs/onset/t_geo_participation", ONSET(t_geo_participation), -1},
        {"/runs/checksum", MEMBER(checksum), -1},
    };
    static const loaded reals[] = {
        {"/runs/wall_seconds", MEMBER(wall_seconds), 0},
        {"/runs/steps_per_second", MEMBER(steps_per_second), 0},
        {"/runs/measure_share", MEMBER(measure_share), 0},
        {"/runs/final/train_accuracy", MEMBER(train_accuracy), 0},
        {"/runs/final/test_accuracy", MEMBER(test_accuracy), 0},
    };
    int64_t *integer = calloc(results->count + 1, sizeof *integer);
    double *real = calloc(results->count + 1, sizeof *real);
    sw_status status = integer && real ? SW_OK : sw_fail(SW_E_MEMORY, "%zu rows", results->count);
    for (size_t i = 0; i < sizeof integers / sizeof integers[0] && status == SW_OK; i++)
        status = load_integers(results, integers[i].path, integer, integers[i].offset, integers[i].absent);
    for (size_t i = 0; i < sizeof reals / sizeof reals[0] && status == SW_OK; i++)
        status = load_reals(results, reals[i].path, real, reals[i].offset);
    if (status == SW_OK) status = load_onsets(results, integer);
    if (status == SW_OK) status = load_codes(results, integer);
    if (status == SW_OK) status = load_characters(results, "/runs/error", MEMBER(error));
    if (status == SW_OK) status = load_characters(results, "/runs/host", MEMBER(host));
    for (size_t r = 0; r < results->count && status == SW_OK; r++) {
        sw_onsets *onsets = &results->rows[r].onsets;
        onsets->lead_time_known = onsets->t_gen >= 0 && onsets->lead_time != -1;
        if (!onsets->lead_time_known) onsets->lead_time = INT64_MIN;
    }
    free(real);
    free(integer);
    return status;
}

/* ---- axes ---- */

static herr_t note_axis(hid_t group, const char *name, const H5L_info_t *info, void *data)
{
    (void)group;
    (void)info;
    sw_results *results = data;
    results->axis_paths[results->axis_count] = strdup(name);
    return results->axis_paths[results->axis_count++] ? 0 : -1;
}

/* The axes in the order they were made, which is the sweep's. */
static sw_status find_axes(sw_results *results)
{
    H5G_info_t info;
    if (H5Lexists(results->file, "/runs/axes", H5P_DEFAULT) <= 0) return SW_OK;
    hid_t group = H5Gopen2(results->file, "/runs/axes", H5P_DEFAULT);
    if (group < 0 || H5Gget_info(group, &info) < 0 || info.nlinks > 4096) {
        sw_h5_close(group);
        return sw_h5_fail("/runs/axes");
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
            status = sw_h5_fail("/runs/axes");
    }
    sw_h5_close(group);
    return status;
}

static sw_status load_axis(sw_results *results, size_t a, int64_t *integer, double *real)
{
    char path[512];
    snprintf(path, sizeof path, "/runs/axes/%s", results->axis_paths[a]);
    const sw_column *column = sw_catalog_find(results->catalog, path);
    sw_axis *axis = &results->axes[a];
    axis->path = results->axis_paths[a];
    if (!column || column->rank != 1) return sw_fail(SW_E_STORE, "%s is not one value a run", path);
    sw_axis_value *values = results->axis_values;
    const size_t stride = results->axis_count;
    sw_status status = SW_OK;
    if (column->type == SW_FIELD_TEXT) {
        axis->type = SW_AXIS_STRING;
        for (size_t r = 0; r < results->count && status == SW_OK; r++) {
            char *text;
            status = sw_column_read_texts(column, r, 1, &text);
            if (status != SW_OK) break;
            snprintf(values[r * stride + a].string, sizeof values->string, "%s", text);
            free(text);
        }
    } else if (column->type == SW_FIELD_F64 || column->type == SW_FIELD_F32) {
        axis->type = SW_AXIS_REAL;
        status = sw_column_read(column, 0, results->count, H5T_NATIVE_DOUBLE, real);
        for (size_t r = 0; r < results->count && status == SW_OK; r++) values[r * stride + a].real = real[r];
    } else {
        axis->type = column->type == SW_FIELD_I8 ? SW_AXIS_BOOL : SW_AXIS_INTEGER;
        status = sw_column_read(column, 0, results->count, H5T_NATIVE_INT64, integer);
        for (size_t r = 0; r < results->count && status == SW_OK; r++) values[r * stride + a].integer = integer[r];
    }
    return status;
}

static sw_status load_axes(sw_results *results)
{
    sw_status status = find_axes(results);
    if (status != SW_OK || results->axis_count == 0) return status;
    int64_t *integer = calloc(results->count + 1, sizeof *integer);
    double *real = calloc(results->count + 1, sizeof *real);
    results->axis_values = calloc(results->count * results->axis_count + 1, sizeof *results->axis_values);
    if (!integer || !real || !results->axis_values) status = sw_fail(SW_E_MEMORY, "/runs/axes");
    for (size_t a = 0; a < results->axis_count && status == SW_OK; a++) status = load_axis(results, a, integer, real);
    free(real);
    free(integer);
    return status;
}

sw_status sw_results_load_rows(sw_results *results)
{
    results->rows = calloc(results->catalog->runs + 1, sizeof *results->rows);
    if (!results->rows) return sw_fail(SW_E_MEMORY, "%llu rows", (unsigned long long)results->catalog->runs);
    results->count = results->catalog->runs;
    sw_status status = load_texts(results, "/runs/id", MEMBER(id));
    if (status == SW_OK) status = load_texts(results, "/runs/config", MEMBER(config));
    if (status == SW_OK) status = load_texts(results, "/runs/label", MEMBER(label));
    if (status == SW_OK) status = load_texts(results, "/runs/task", MEMBER(task));
    if (status == SW_OK) status = load_numbers(results);
    if (status == SW_OK) status = load_axes(results);
    return status;
}
