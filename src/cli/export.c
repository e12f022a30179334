/* export.c: symsweep export: the table of runs, or all curves, as CSV; or a compressed copy. */
#include "cli/command.h"
#include "cli/configs.h"
#include "cli/row.h"

#include "symsweep/cli.h"
#include "symsweep/file.h"
#include "symsweep/log.h"
#include "symsweep/store.h"
#include "symsweep/text.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
    "usage: symsweep export results.h5 [-o runs.csv] [--config | --curves] [--all]\n"
    "       symsweep export results.h5 --compact OUT.h5\n"
    "\n"
    "Without options: one row a run with number, id, status, phase, axes, onsets and final metrics as CSV.\n"
    "\n"
    "  --config         also every key of the configurations, by its dotted path; what is an axis is there anyway;\n"
    "                   with \"run.\" before it where the name is taken (run.steps: the most, steps: those taken)\n"
    "  --all            also runs of former plans, which the sweep no longer has; the column planned tells them\n"
    "                   (1, 0)\n"
    "  --curves         long form instead: run, id, evaluation, step, metric, value; missing values are left out\n"
    "  --compact FILE   a compressed copy of the whole file, former runs too, for archives; nothing can be trained\n"
    "                   into it without growing fast. Of a file that is being written: the runs that are over, the\n"
    "                   others are pending in it\n"
    "  --spreadsheet    put ' before texts that a spreadsheet would take for a formula (= + - @ tab, line's end)\n"
    "  -o, --output F   to a file that must not exist yet, or a device or FIFO (default: -, stdout)\n"
    "  -h, --help       this text\n"
    "\n"
    "Exit codes: 0, 2 wrong usage, 3 a file cannot be read or written.\n";

enum { NAME_MAX_BYTES = 256 };

/* CSV as RFC 4180 has it: UTF-8, missing values empty. */

/* ---- cells ---- */

/* A table and how texts go into it. */
typedef struct sheet {
    FILE *out;
    bool spreadsheet; /* nothing is a formula */
    bool terminal;    /* nothing moves the cursor */
} sheet;

static void put_text(const sheet *s, const char *text) {
    const char *mark = s->spreadsheet && text[0] && strchr("=+-@\t\r\n", text[0]) ? "'" : "";
    const char *quote = strpbrk(text, ",\"\r\n") ? "\"" : "";
    fprintf(s->out, "%s%s", quote, mark);
    while (*text) {
        const size_t length = strcspn(text, "\"");
        if (s->terminal)
            sw_text_print_part(s->out, text, length);
        else
            fwrite(text, 1, length, s->out);
        text += length;
        if (*text) fputs("\"\"", s->out);
        text += *text != 0;
    }
    fputs(quote, s->out);
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

static void put_cell(const sheet *s, const sw_result_column *column, size_t r, bool damaged) {
    FILE *out = s->out;
    if (column->texts) {
        put_text(s, column->texts[r]);
    } else if (column->reals) {
        put_real(out, column->reals[r], column->single);
    } else if (strcmp(column->path, "/runs/status") == 0) {
        const int64_t state = column->integers[r];
        fputs(damaged ? "damaged" : state >= 0 && state < SW_RUN_STATE_COUNT ? sw_states[state].name : "unknown", out);
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

/* /runs/planned has a column of its own, which files that do not say have too. */
static bool is_exported(const char *path) {
    static const char *const others[] = {"/runs/config", "/runs/planned", "/snapshots/parameter_layout",
                                         "/symmetry/automorphism/generators"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (strcmp(path, others[i]) == 0) return false;
    return true;
}

/* The columns of the table; configs NULL = no keys of configurations. */
typedef struct run_table {
    size_t *rows, row_count;
    sw_result_column *columns;
    size_t column_count;
    sw_configs *configs;
    bool all;
} run_table;

/* Keys that no axis has a column of. */
static bool is_key_exported(const run_table *t, const char *key) {
    char path[NAME_MAX_BYTES];
    snprintf(path, sizeof path, "/runs/axes/%s", key);
    for (size_t c = 0; c < t->column_count; c++)
        if (strcmp(t->columns[c].path, path) == 0) return false;
    return true;
}

static void put_head(const sheet *s, const run_table *t) {
    fputs(t->all ? "run,planned" : "run", s->out);
    for (size_t c = 0; c < t->column_count; c++) {
        char name[NAME_MAX_BYTES];
        if (!is_exported(t->columns[c].path)) continue;
        column_name(name, t->columns[c].path);
        fprintf(s->out, ",%s", name_is_taken(t->columns, c, name) ? "run." : "");
        put_text(s, name);
    }
    for (size_t k = 0; t->configs && k < sw_configs_count(t->configs); k++) {
        const char *key = sw_configs_get(t->configs, k)->path;
        if (!is_key_exported(t, key)) continue;
        fprintf(s->out, ",%s", name_is_taken(t->columns, t->column_count, key) ? "run." : "");
        put_text(s, key);
    }
    fputc('\n', s->out);
}

static void put_row(const sheet *s, const run_table *t, const sw_results *results, size_t i) {
    FILE *out = s->out;
    const size_t r = t->rows[i];
    warn_if_damaged(results, r);
    fprintf(out, "%zu", r);
    if (t->all) fprintf(out, ",%d", sw_results_row(results, r)->planned);
    for (size_t c = 0; c < t->column_count; c++) {
        if (!is_exported(t->columns[c].path)) continue;
        fputc(',', out);
        put_cell(s, &t->columns[c], r, sw_results_row(results, r)->damaged);
    }
    for (size_t k = 0; t->configs && k < sw_configs_count(t->configs); k++) {
        const sw_configs_column *column = sw_configs_get(t->configs, k);
        const char *value = sw_configs_value(column, i);
        if (!is_key_exported(t, column->path)) continue;
        fputc(',', out);
        if (value) put_text(s, value);
    }
    fputc('\n', out);
}

/* Rows that are told of, and a line on stderr about the others. */
static sw_status choose_rows(size_t **rows, size_t *count, const sw_results *results, bool all) {
    char text[SW_FORMER_TEXT];
    const size_t former = sw_row_count_former(results);
    *count = 0;
    *rows = calloc(sw_results_count(results) + 1, sizeof **rows);
    if (!*rows) return sw_fail(SW_E_MEMORY, "table of runs");
    for (size_t r = 0; r < sw_results_count(results); r++)
        if (sw_row_is_told(results, r, all)) (*rows)[(*count)++] = r;
    if (former > 0 && !all) sw_info("%s", sw_row_former_text(text, former, "--all exports them too"));
    return SW_OK;
}

/* One line a run. Columns are the file's datasets of one value a run but the configuration, then its keys; status and
 * phase are words. */
static sw_status export_runs(const sheet *s, sw_results *results, bool all, bool config) {
    run_table t = {.all = all};
    sw_status status = choose_rows(&t.rows, &t.row_count, results, all);
    if (status == SW_OK) status = sw_results_columns(results, &t.columns, &t.column_count);
    if (status == SW_OK && config) status = sw_configs_create(&t.configs, results, t.rows, t.row_count);
    if (status == SW_OK) put_head(s, &t);
    for (size_t i = 0; i < t.row_count && status == SW_OK; i++) put_row(s, &t, results, i);
    sw_configs_destroy(t.configs);
    sw_results_columns_destroy(t.columns, t.column_count, sw_results_count(results));
    free(t.rows);
    return status;
}

/* ---- curves ---- */

static void put_records(const sheet *s, size_t r, const char *id, const sw_record *records, size_t count) {
    for (size_t i = 0; i < count; i++) {
        for (int m = 0; m < SW_METRIC_COUNT; m++) {
            const sw_metric *metric = sw_record_metric(m);
            if (isnan(records[i].value[m])) continue;
            fprintf(s->out, "%zu,", r);
            put_text(s, id);
            fprintf(s->out, ",%d,%" PRId64 ",%s/%s,", records[i].evaluation, records[i].step, metric->group,
                    metric->name);
            put_real(s->out, (double)records[i].value[m], true);
            fputc('\n', s->out);
        }
    }
}

/* One line a value: run, id, evaluation, step, metric, value. */
static sw_status export_curves(const sheet *s, sw_results *results, bool all) {
    size_t *rows, row_count;
    sw_status status = choose_rows(&rows, &row_count, results, all);
    if (status == SW_OK) fputs("run,id,evaluation,step,metric,value\n", s->out);
    for (size_t i = 0; i < row_count && status == SW_OK; i++) {
        sw_record *records;
        size_t count;
        status = sw_results_records(results, rows[i], &records, &count);
        if (status != SW_OK) break;
        if (sw_results_row(results, rows[i])->damaged)
            sw_warn("run %zu is damaged: its checksum does not fit; its curves are left out", rows[i]);
        else
            put_records(s, rows[i], sw_results_row(results, rows[i])->id, records, count);
        free(records);
    }
    free(rows);
    return status;
}

/* ---- the command ---- */

typedef struct export_options {
    const char *output, *compact;
    bool curves, config, all, spreadsheet;
} export_options;

static sw_status export_csv(const char *path, const export_options *options) {
    sw_results *results;
    sw_status status = sw_results_open(&results, path);
    if (status != SW_OK) return status;
    FILE *out = stdout;
    char *made = NULL;
    if (options->output && strcmp(options->output, "-") != 0) status = sw_file_create(&out, &made, options->output);
    if (status == SW_OK) {
        const sheet table = {out, options->spreadsheet, isatty(fileno(out))};
        status = options->curves ? export_curves(&table, results, options->all)
                                 : export_runs(&table, results, options->all, options->config);
        const bool failed = out != stdout && (fflush(out) != 0 || ferror(out)); /* main looks after stdout */
        if (status == SW_OK && failed) status = sw_fail(SW_E_IO, "%s: %s", options->output, strerror(errno));
        if (out != stdout) fclose(out);
        if (status != SW_OK && made) unlink(made);
    }
    free(made);
    sw_results_close(results);
    return status;
}

static sw_status export(void *given, char *const *files) {
    const export_options *options = given;
    if (options->curves && options->config)
        return sw_fail(SW_E_USAGE, "--config adds columns to the table of runs; it does not go with --curves");
    if (!options->compact) return export_csv(files[0], options);
    if (options->curves || options->output || options->config || options->all)
        return sw_fail(SW_E_USAGE, "--compact copies the whole file and names its own output: it goes with none of "
                                   "--curves, --config, --all and -o");
    return sw_store_compact(files[0], options->compact);
}

static const sw_command command = {
    .name = "export",
    .help = help,
    .expected = "expected one results file",
    .options =
        (const sw_command_option[]){
            {"curves", .place = offsetof(export_options, curves)},
            {"config", .place = offsetof(export_options, config)},
            {"all", .place = offsetof(export_options, all)},
            {"spreadsheet", .place = offsetof(export_options, spreadsheet)},
            {"compact", .place = offsetof(export_options, compact), .parse = sw_command_text},
            {"output", 'o', .place = offsetof(export_options, output), .parse = sw_command_text},
            {0},
        },
    .least = 1,
    .most = 1,
    .run = export,
};

int sw_cli_export(int argc, char **argv) { return sw_command_run(&command, &(export_options){0}, argc, argv); }
