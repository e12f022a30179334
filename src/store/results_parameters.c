/* results_parameters.c: a snapshot of all parameters, out of a results file. */
#include "store/results_load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The steps of a row's snapshots, [*count], malloc'ed. */
static sw_status read_steps(int64_t **out, size_t *count, const sw_results *results, size_t row) {
    const sw_column *column = sw_catalog_find(results->catalog, "/snapshots/step");
    const bool there = column && column->rank == 2;
    const hsize_t start[SW_RANK_MAX] = {row}, box[SW_RANK_MAX] = {1, there ? column->extents[1] : 0};
    *count = 0;
    *out = calloc((size_t)box[1] + 1, sizeof **out);
    if (!*out) return sw_fail(SW_E_MEMORY, "snapshots of run %zu", row);
    if (box[1] == 0) return SW_OK;
    const sw_status status = sw_column_read_box(column, H5T_NATIVE_INT64, start, box, *out);
    while (status == SW_OK && *count < box[1] && (*out)[*count] >= 0) ++*count;
    return status;
}

/* "no snapshot of step 7; there are 0, 10, ..., 500" */
static sw_status fail_step(size_t row, int64_t step, const int64_t *steps, size_t count) {
    enum { SHOWN = 12 };
    char list[256] = "";
    size_t used = 0;
    if (count == 0) return sw_fail(SW_E_STORE, "run %zu has no snapshot", row);
    for (size_t i = 0; i < count && used < sizeof list; i++) {
        if (i == SHOWN && count > SHOWN + 1) i = count - 1;
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%lld",
                                 i == 0                                ? ""
                                 : i == count - 1 && count > SHOWN + 1 ? ", ..., "
                                                                       : ", ",
                                 (long long)steps[i]);
    }
    return sw_fail(SW_E_STORE, "run %zu has no snapshot of step %lld; there are %s", row, (long long)step, list);
}

/* Place of the step; `count` = there is none. */
static size_t find_step(int64_t step, const int64_t *steps, size_t count) {
    size_t at = 0;
    if (step < 0 && count > 0) return count - 1;
    while (at < count && steps[at] != step) at++;
    return at;
}

static sw_status read_values(sw_result_parameters *out, const sw_results *results, size_t row, size_t snapshot) {
    const sw_column *column = sw_catalog_find(results->catalog, "/snapshots/parameters");
    const sw_column *layout = sw_catalog_find(results->catalog, "/snapshots/parameter_layout");
    const bool there = column && column->rank == 3 && layout && layout->rank == 1 && layout->type == SW_FIELD_TEXT;
    if (!there) return sw_fail(SW_E_STORE, "no parameters were saved (save.parameters)");
    const hsize_t start[SW_RANK_MAX] = {row, snapshot}, box[SW_RANK_MAX] = {1, 1, column->extents[2]};
    if (snapshot >= column->extents[1]) return sw_fail(SW_E_STORE, "run %zu has no such snapshot", row);
    out->count = (size_t)box[2];
    out->values = malloc((out->count + 1) * sizeof *out->values);
    if (!out->values) return sw_fail(SW_E_MEMORY, "%zu parameters", out->count);
    sw_status status = sw_column_read_texts(layout, row, 1, &out->layout);
    if (status == SW_OK) status = sw_column_read_box(column, H5T_NATIVE_FLOAT, start, box, out->values);
    return status;
}

sw_status sw_results_parameters(sw_results *results, size_t row, int64_t step, sw_result_parameters *out) {
    int64_t *steps = NULL;
    size_t count = 0;
    *out = (sw_result_parameters){.step = -1};
    sw_status status = read_steps(&steps, &count, results, row);
    const size_t snapshot = find_step(step, steps, count);
    if (status == SW_OK && snapshot == count) status = fail_step(row, step, steps, count);
    if (status == SW_OK) {
        out->step = steps[snapshot];
        status = read_values(out, results, row, snapshot);
    }
    free(steps);
    return status == SW_OK ? SW_OK : sw_fail_in(status, "%s", results->path);
}

void sw_results_parameters_release(sw_result_parameters *parameters) {
    free(parameters->layout);
    free(parameters->values);
    *parameters = (sw_result_parameters){.step = -1};
}
