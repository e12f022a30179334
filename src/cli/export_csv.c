/* export_csv.c: results as CSV. */
#include "export_csv.h"

#include "symsweep/json.h"
#include "symsweep/log.h"
#include "symsweep/table.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_MAX_BYTES = 256 };

/* ---- cells ---- */

static void put_text(FILE *out, const char *text)
{
    if (!strpbrk(text, ",\"\r\n")) {
        fputs(text, out);
        return;
    }
    fputc('"', out);
    for (; *text; text++) {
        if (*text == '"') fputc('"', out);
        fputc(*text, out);
    }
    fputc('"', out);
}

/* The shortest text that reads back to the same number, in the precision the file has. */
static void put_real(FILE *out, double value, bool single)
{
    char text[40];
    if (isnan(value)) return;
    if (isinf(value)) {
        fputs(value > 0 ? "inf" : "-inf", out);
        return;
    }
    if (!single) {
        sw_json_format_number(text, value);
    } else {
        for (int digits = 6; digits <= 9; digits++) {
            snprintf(text, sizeof text, "%.*g", digits, value);
            if (strtof(text, NULL) == (float)value) break;
        }
    }
    fputs(text, out);
}

static void put_cell(FILE *out, const sw_result_column *column, size_t r)
{
    if (column->texts) {
        put_text(out, column->texts[r]);
    } else if (column->reals) {
        put_real(out, column->reals[r], column->single);
    } else if (strcmp(column->path, "/runs/status") == 0) {
        const int64_t state = column->integers[r];
        fputs(state >= 0 && state < SW_RUN_STATE_COUNT ? sw_states[state].name : "unknown", out);
    } else if (strcmp(column->path, "/runs/phase") == 0) {
        const int64_t phase = column->integers[r];
        if (phase >= 0 && phase < SW_PHASE_COUNT) fputs(sw_phase_names[phase], out);
    } else if (column->integers[r] != -1) {
        fprintf(out, "%" PRId64, column->integers[r]);
    }
}

static void warn_if_damaged(const sw_results *results, size_t r)
{
    if (sw_results_row(results, r)->damaged) sw_warn("run %zu is damaged: its checksum does not fit", r);
}

/* ---- runs ---- */

/* The name of a column in the head: see export_csv.h. */
static void column_name(char out[NAME_MAX_BYTES], const char *path)
{
    static const struct {
        const char *prefix, *become;
    } forms[] = {
        {"/runs/axes/", ""}, {"/runs/onset/", ""}, {"/runs/final/", "final."}, {"/runs/", ""}, {"/symmetry/", ""}};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        const size_t length = strlen(forms[i].prefix);
        if (strncmp(path, forms[i].prefix, length) != 0) continue;
        snprintf(out, NAME_MAX_BYTES, "%s%s", forms[i].become, path + length);
        for (char *c = out; *c; c++)
            if (*c == '/') *c = '.';
        return;
    }
    snprintf(out, NAME_MAX_BYTES, "%s", path + 1);
}

/* An axis whose path is also the name of a column of /runs (seed, steps). */
static bool name_is_taken(const sw_result_column *columns, size_t c, const char *name)
{
    char other[NAME_MAX_BYTES];
    for (size_t i = 0; i < c; i++) {
        column_name(other, columns[i].path);
        if (strcmp(other, name) == 0) return true;
    }
    return false;
}

static bool is_exported(const char *path)
{
    static const char *const left_out[] = {"/runs/config", "/snapshots/parameter_layout"};
    for (size_t i = 0; i < sizeof left_out / sizeof left_out[0]; i++)
        if (strcmp(path, left_out[i]) == 0) return false;
    return true;
}

static void put_head(FILE *out, const sw_result_column *columns, size_t count)
{
    fputs("run", out);
    for (size_t c = 0; c < count; c++) {
        char name[NAME_MAX_BYTES];
        if (!is_exported(columns[c].path)) continue;
        column_name(name, columns[c].path);
        fprintf(out, ",%s", name_is_taken(columns, c, name) ? "run." : "");
        put_text(out, name);
    }
    fputc('\n', out);
}

sw_status sw_export_runs(FILE *out, sw_results *results)
{
    sw_result_column *columns;
    size_t count;
    const size_t runs = sw_results_count(results);
    const sw_status status = sw_results_columns(results, &columns, &count);
    if (status != SW_OK) return status;
    put_head(out, columns, count);
    for (size_t r = 0; r < runs; r++) {
        warn_if_damaged(results, r);
        fprintf(out, "%zu", r);
        for (size_t c = 0; c < count; c++) {
            if (!is_exported(columns[c].path)) continue;
            fputc(',', out);
            put_cell(out, &columns[c], r);
        }
        fputc('\n', out);
    }
    sw_results_columns_destroy(columns, count, runs);
    return SW_OK;
}

/* ---- curves ---- */

static void put_records(FILE *out, size_t r, const char *id, const sw_record *records, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (int m = 0; m < SW_METRIC_COUNT; m++) {
            const sw_metric *metric = sw_record_metric(m);
            if (isnan(records[i].value[m])) continue;
            fprintf(out, "%zu,%s,%d,%" PRId64 ",%s/%s,", r, id, records[i].evaluation, records[i].step, metric->group,
                    metric->name);
            put_real(out, (double)records[i].value[m], true);
            fputc('\n', out);
        }
    }
}

sw_status sw_export_curves(FILE *out, sw_results *results)
{
    fputs("run,id,evaluation,step,metric,value\n", out);
    for (size_t r = 0; r < sw_results_count(results); r++) {
        sw_record *records;
        size_t count;
        const sw_status status = sw_results_records(results, r, &records, &count);
        if (status != SW_OK) return status;
        warn_if_damaged(results, r);
        put_records(out, r, sw_results_row(results, r)->id, records, count);
        free(records);
    }
    return SW_OK;
}
