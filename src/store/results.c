/* results.c: reads results files, live, finished or crashed. */
#include "store/checksum.h"
#include "store/dataset.h"
#include "store/lock.h"
#include "store/open.h"
#include "store/results_load.h"
#include "store/verify.h"
#include "symsweep/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *const attribute_names[SW_ATTRIBUTE_COUNT] = {
    "format", "format_version", "symsweep_version", "git_commit", "created_utc", "sweep_name", "blas", "mpi"};

/* ---- the file ---- */

static void release_file(sw_results *results) {
    sw_catalog_close(results->catalog);
    results->catalog = NULL;
    sw_hdf5_close(results->file);
    results->file = -1;
    for (int i = 0; i < SW_ATTRIBUTE_COUNT; i++) {
        free(results->attributes[i]);
        results->attributes[i] = NULL;
    }
    sw_results_load_release(results);
}

static sw_status load_attributes(sw_results *results) {
    sw_status status = SW_OK;
    for (int i = 0; i < SW_ATTRIBUTE_COUNT && status == SW_OK; i++) {
        if (strcmp(attribute_names[i], "format_version") == 0) {
            char text[16];
            snprintf(text, sizeof text, "%d", SW_FORMAT_VERSION); /* what sw_open_check_format accepted */
            results->attributes[i] = strdup(text);
        } else {
            status = sw_hdf5_get_text(&results->attributes[i], results->file, attribute_names[i]);
        }
    }
    return status;
}

static sw_status load_file(sw_results *results) {
    sw_status status = sw_open_readable(&results->file, results->path);
    if (status != SW_OK) return status;
    status = sw_open_check_format(results->file, results->path, NULL);
    if (status != SW_OK) return status;
    status = sw_catalog_open(&results->catalog, results->file);
    if (status == SW_OK) status = load_attributes(results);
    if (status == SW_OK) status = sw_results_load_rows(results);
    if (status != SW_OK) status = sw_fail_in(status, "%s", results->path);
    return status;
}

/* A read that meets the writer in the middle of a change is tried again. */
static sw_status load_patiently(sw_results *results) {
    sw_status status = SW_OK;
    for (int attempt = 0; attempt < 5; attempt++) {
        if (attempt > 0) sw_clock_sleep(0.1 * attempt);
        release_file(results);
        status = load_file(results);
        if (status == SW_OK || !sw_results_live(results)) break;
    }
    return status;
}

/* Is the row still damaged? In a live file the writer may be just finishing it. */
static sw_status look_again(sw_soundness *found, sw_results *results, int64_t row) {
    *found = SW_ROW_DAMAGED;
    for (int attempt = 0; attempt < 4 && *found == SW_ROW_DAMAGED; attempt++) {
        sw_status status = SW_OK;
        if (attempt > 0) {
            sw_clock_sleep(0.1);
            status = load_patiently(results);
        }
        if (status == SW_OK) status = sw_checksum_verify(found, results->catalog, row, 1);
        if (status != SW_OK) return status;
    }
    return SW_OK;
}

static sw_status mark_damaged(sw_results *results, const sw_damage *damage) {
    sw_soundness *found = calloc(damage->count + 1, sizeof *found);
    if (!found) return sw_fail(SW_E_MEMORY, "%s", results->path);
    sw_status status = SW_OK;
    for (size_t i = 0; i < damage->count && status == SW_OK; i++) {
        if (damage->rows[i] < 0 || (size_t)damage->rows[i] >= results->count) continue;
        found[i] = SW_ROW_DAMAGED;
        if (sw_results_live(results)) status = look_again(&found[i], results, damage->rows[i]);
    }
    for (size_t i = 0; i < damage->count && status == SW_OK; i++) { /* a look may have read the rows anew */
        if (found[i] != SW_ROW_DAMAGED) continue;
        sw_result_row *row = &results->rows[damage->rows[i]];
        row->damaged = sw_states[row->state].over;
    }
    free(found);
    return status;
}

sw_status sw_results_open(sw_results **out, const char *path) {
    sw_damage damage;
    *out = NULL;
    sw_hdf5_begin();
    sw_results *results = calloc(1, sizeof *results);
    if (results) results->path = strdup(path);
    if (!results || !results->path) {
        free(results);
        return sw_fail(SW_E_MEMORY, "%s", path);
    }
    results->file = -1;
    struct stat info;
    results->verified = stat(path, &info) == 0 && info.st_size <= SW_VERIFY_TO_READ;
    sw_status status = sw_verify_file(&damage, path, SW_VERIFY_TO_READ);
    if (status == SW_OK) {
        status = load_patiently(results);
        if (status == SW_OK) status = mark_damaged(results, &damage);
        sw_verify_release(&damage);
    }
    if (status != SW_OK) {
        sw_results_close(results);
        return status;
    }
    *out = results;
    return SW_OK;
}

void sw_results_close(sw_results *results) {
    if (!results) return;
    release_file(results);
    free(results->path);
    free(results);
}

sw_status sw_results_refresh(sw_results *results) {
    bool *damaged = calloc(results->count + 1, sizeof *damaged);
    const size_t before = results->count;
    if (!damaged) return sw_fail(SW_E_MEMORY, "%s", results->path);
    for (size_t r = 0; r < before; r++) damaged[r] = results->rows[r].damaged;
    const sw_status status = load_patiently(results);
    for (size_t r = 0; r < before && r < results->count && status == SW_OK; r++)
        results->rows[r].damaged = damaged[r] && sw_states[results->rows[r].state].over;
    free(damaged);
    return status;
}

/* ---- access ---- */

size_t sw_results_count(const sw_results *results) { return results->count; }

const char *sw_results_attribute(const sw_results *results, const char *name) {
    for (int i = 0; i < SW_ATTRIBUTE_COUNT; i++)
        if (strcmp(name, attribute_names[i]) == 0) return results->attributes[i];
    return NULL;
}

sw_status sw_results_sweep_text(const sw_results *results, char **out) {
    *out = NULL;
    return sw_dataset_read_sweep(out, results->file);
}

const char *sw_results_sweep_name(const sw_results *results) {
    const char *name = sw_results_attribute(results, "sweep_name");
    return name ? name : "";
}

bool sw_results_live(const sw_results *results) {
    sw_lock_holder holder;
    return sw_lock_is_held(results->path, &holder);
}

const sw_result_row *sw_results_row(const sw_results *results, size_t i) { return &results->rows[i]; }

size_t sw_results_axis_count(const sw_results *results) { return results->axis_count; }

const sw_axis *sw_results_axis(const sw_results *results, size_t i) { return &results->axes[i]; }

const sw_axis_value *sw_results_axis_value(const sw_results *results, size_t row, size_t axis) {
    return &results->axis_values[row * results->axis_count + axis];
}

bool sw_results_has_metric(const sw_results *results, int metric) {
    char path[192];
    sw_schema_metric_path(path, metric);
    const sw_column *column = sw_catalog_find(results->catalog, path);
    return column && column->rank == 2 && column->type == SW_FIELD_F32;
}

/* Rows of a large file are verified when somebody reads them. */
static sw_status verify_row(sw_results *results, size_t row) {
    sw_soundness found = SW_ROW_OPEN;
    const sw_status status = sw_checksum_verify(&found, results->catalog, (int64_t)row, 1);
    if (status == SW_OK && found == SW_ROW_DAMAGED) results->rows[row].damaged = true;
    return status;
}

sw_status sw_results_records(sw_results *results, size_t row, sw_record **out, size_t *count) {
    const sw_column *step = sw_catalog_find(results->catalog, "/curves/step");
    const int64_t most = step && step->rank == 2 ? (int64_t)step->extents[1] : 0;
    int64_t written = results->rows[row].written;
    if (written < 0) written = 0;
    if (written > most) written = most;
    *count = 0;
    *out = calloc((size_t)written + 1, sizeof **out);
    if (!*out) return sw_fail(SW_E_MEMORY, "%lld records", (long long)written);
    sw_status status = SW_OK;
    if (written > 0) status = sw_catalog_read_records(*out, results->catalog, (int64_t)row, 0, written);
    if (status == SW_OK && !results->verified && !sw_results_live(results)) status = verify_row(results, row);
    if (status != SW_OK) {
        free(*out);
        *out = NULL;
        return sw_fail_in(status, "%s", results->path);
    }
    *count = (size_t)written;
    return SW_OK;
}

sw_status sw_results_generators(const sw_results *results, size_t row, char **out) {
    const sw_column *column = sw_catalog_find(results->catalog, "/symmetry/automorphism/generators");
    *out = NULL;
    if (column && column->rank == 1 && column->type == SW_FIELD_TEXT) {
        const sw_status status = sw_column_read_texts(column, row, 1, out);
        return status == SW_OK ? SW_OK : sw_fail_in(status, "%s", results->path);
    }
    *out = strdup("");
    return *out ? SW_OK : sw_fail(SW_E_MEMORY, "%s", results->path);
}
