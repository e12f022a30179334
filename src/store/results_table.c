/* results_table.c: the table of runs: every dataset of one value a run. */
#include "store/results_load.h"

#include "store/lock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Groups in the order of a table's columns. */
static const char *const groups[] = {
    "/runs/",      "/runs/axes/", "/runs/refine/", "/runs/onset/", "/runs/onset/t_sym_mean/", "/runs/onset/t_sym_max/",
    "/runs/final/"};
enum { GROUP_COUNT = sizeof groups / sizeof groups[0] };

/* The group that the path lies in directly; GROUP_COUNT = another one. */
static size_t group_of(const char *path) {
    const size_t length = (size_t)(strrchr(path, '/') - path) + 1;
    for (size_t g = 0; g < GROUP_COUNT; g++)
        if (strlen(groups[g]) == length && strncmp(path, groups[g], length) == 0) return g;
    return GROUP_COUNT;
}

static int by_group(const void *a, const void *b) {
    const sw_column *x = *(const sw_column *const *)a, *y = *(const sw_column *const *)b;
    const size_t gx = group_of(x->path), gy = group_of(y->path);
    if (gx != gy) return gx < gy ? -1 : 1;
    if (gx == GROUP_COUNT) return strcmp(x->path, y->path);
    return (x->order > y->order) - (x->order < y->order);
}

static bool belongs(const sw_column *column) {
    return column->rank == 1 || (column->rank == 2 && column->type == SW_FIELD_CHAR);
}

static sw_status load_column(sw_result_column *out, const sw_column *column) {
    out->path = column->path;
    out->single = column->type == SW_FIELD_F32;
    if (column->type == SW_FIELD_TEXT || column->type == SW_FIELD_CHAR) {
        out->type = SW_AXIS_STRING;
        return sw_column_load_texts(&out->texts, column);
    }
    if (column->type == SW_FIELD_F32 || column->type == SW_FIELD_F64) {
        out->type = SW_AXIS_REAL;
        return sw_column_load_reals(&out->reals, column);
    }
    out->type = SW_AXIS_INTEGER;
    return sw_column_load_integers(&out->integers, column);
}

sw_status sw_results_columns(sw_results *results, sw_result_column **out, size_t *count) {
    const sw_catalog *catalog = results->catalog;
    const sw_column **columns = calloc(catalog->count + 1, sizeof *columns);
    *out = calloc(catalog->count + 1, sizeof **out);
    *count = 0;
    if (!columns || !*out) {
        free(columns);
        free(*out);
        *out = NULL;
        return sw_fail(SW_E_MEMORY, "table of runs");
    }
    size_t n = 0;
    for (size_t c = 0; c < catalog->count; c++)
        if (belongs(&catalog->columns[c])) columns[n++] = &catalog->columns[c];
    qsort(columns, n, sizeof *columns, by_group);
    sw_status status = SW_OK;
    for (size_t i = 0; i < n && status == SW_OK; i++) {
        *count = i + 1;
        status = load_column(&(*out)[i], columns[i]);
    }
    free(columns);
    if (status != SW_OK) {
        sw_results_columns_destroy(*out, *count, results->count);
        *out = NULL;
        *count = 0;
        return sw_fail_in(status, "%s", results->path);
    }
    return SW_OK;
}

void sw_results_columns_destroy(sw_result_column *columns, size_t count, size_t runs) {
    for (size_t c = 0; columns && c < count; c++) {
        sw_column_free_texts(columns[c].texts, runs);
        free(columns[c].reals);
        free(columns[c].integers);
    }
    free(columns);
}

sw_status sw_results_newest(sw_results *results, size_t row, sw_record *out, bool *any) {
    const sw_column *step = sw_catalog_find(results->catalog, "/curves/step");
    const int64_t written = results->rows[row].written;
    *any = step && step->rank == 2 && written > 0 && written <= (int64_t)step->extents[1];
    if (!*any) return SW_OK;
    return sw_catalog_read_records(out, results->catalog, (int64_t)row, written - 1, 1);
}

void sw_results_writer(const sw_results *results, char out[512]) {
    sw_lock_holder holder;
    out[0] = 0;
    if (sw_lock_is_held(results->path, &holder))
        snprintf(out, 512, "host %s, process %lld%s%s, since %s", holder.host, (long long)holder.pid,
                 holder.job[0] ? ", job " : "", holder.job, holder.since);
}
