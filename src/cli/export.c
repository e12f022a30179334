/* export.c: symsweep export: the table of runs, or all curves, as CSV; or a compressed copy. */
#include "cli/command.h"

#include "symsweep/cli.h"
#include "symsweep/log.h"
#include "symsweep/store.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
    "usage: symsweep export results.h5 [-o runs.csv] [--curves]\n"
    "       symsweep export results.h5 --compact OUT.h5\n"
    "\n"
    "Without options: one row a run with number, id, status, phase, axes, onsets and final metrics as CSV.\n"
    "\n"
    "  --curves         long form instead: run, id, evaluation, step, metric, value; missing values are left out\n"
    "  --compact FILE   a compressed copy of the whole file, for archives; nothing can be trained into it.\n"
    "                   Of a file that is being written: the runs that are over, the others are pending in it\n"
    "                   without growing fast\n"
    "  -o, --output F   to a file that must not exist yet (default: stdout)\n"
    "  -h, --help       this text\n"
    "\n"
    "Exit codes: 0, 2 wrong usage, 3 a file cannot be read or written.\n";

enum { NAME_MAX_BYTES = 256 };

/* CSV as RFC 4180 has it: UTF-8, missing values empty. */

/* ---- cells ---- */

static void put_text(FILE *out, const char *text) {
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
static void put_real(FILE *out, double value, bool single) {
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

static void put_cell(FILE *out, const sw_result_column *column, size_t r) {
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

static void warn_if_damaged(const sw_results *results, size_t r) {
    if (sw_results_row(results, r)->damaged) sw_warn("run %zu is damaged: its checksum does not fit", r);
}

/* ---- runs ---- */

/* The name of a column in the head: of /runs by their name, axes by their path ("run." before it where the name is
 * taken), onsets by name, final values as final.<metric>, facts of families as <family>.<fact>. */
static void column_name(char out[NAME_MAX_BYTES], const char *path) {
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
static bool name_is_taken(const sw_result_column *columns, size_t c, const char *name) {
    char other[NAME_MAX_BYTES];
    for (size_t i = 0; i < c; i++) {
        column_name(other, columns[i].path);
        if (strcmp(other, name) == 0) return true;
    }
    return false;
}

static bool is_exported(const char *path) {
    return strcmp(path, "/runs/config") != 0 && strcmp(path, "/snapshots/parameter_layout") != 0;
}

static void put_head(FILE *out, const sw_result_column *columns, size_t count) {
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

/* One line a run. Columns are the file's datasets of one value a run but the configuration; status and phase are words.
 */
static sw_status export_runs(FILE *out, sw_results *results) {
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

static void put_records(FILE *out, size_t r, const char *id, const sw_record *records, size_t count) {
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

/* One line a value: run, id, evaluation, step, metric, value. */
static sw_status export_curves(FILE *out, sw_results *results) {
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

/* ---- the command ---- */

typedef struct export_options {
    const char *output, *compact;
    bool curves;
} export_options;

static sw_status export_csv(const char *path, const export_options *options) {
    sw_results *results;
    sw_status status = sw_results_open(&results, path);
    if (status != SW_OK) return status;
    FILE *out = options->output ? fopen(options->output, "wxe") : stdout;
    if (!out) {
        status = sw_fail(SW_E_IO, "%s: %s", options->output, strerror(errno));
    } else {
        status = options->curves ? export_curves(out, results) : export_runs(out, results);
        const bool failed = out != stdout && (fflush(out) != 0 || ferror(out)); /* main looks after stdout */
        if (status == SW_OK && failed) status = sw_fail(SW_E_IO, "%s: %s", options->output, strerror(errno));
        if (out != stdout) fclose(out);
        if (status != SW_OK && options->output) unlink(options->output);
    }
    sw_results_close(results);
    return status;
}

static sw_status export(void *given, char *const *files) {
    const export_options *options = given;
    if (!options->compact) return export_csv(files[0], options);
    if (options->curves || options->output)
        return sw_fail(SW_E_USAGE, "--compact names its own output and goes with neither --curves nor -o");
    return sw_store_compact(files[0], options->compact);
}

static const sw_command command = {
    .name = "export",
    .help = help,
    .expected = "expected one results file",
    .options =
        (const sw_command_option[]){
            {"curves", .place = offsetof(export_options, curves)},
            {"compact", .place = offsetof(export_options, compact), .parse = sw_command_text},
            {"output", 'o', .place = offsetof(export_options, output), .parse = sw_command_text},
            {0},
        },
    .least = 1,
    .most = 1,
    .run = export,
};

int sw_cli_export(int argc, char **argv) { return sw_command_run(&command, &(export_options){0}, argc, argv); }
