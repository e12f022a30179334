/* show.c: symsweep show: one run in the terminal. */
#include "cli/command.h"
#include "cli/row.h"
#include "cli/sparkline.h"

#include "symsweep/cli.h"
#include "symsweep/config.h"
#include "symsweep/task.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] = "usage: symsweep show results.h5 --run N [--json]\n"
                           "\n"
                           "One run: configuration, phase and onsets, every curve in a line.\n"
                           "\n"
                           "  --run N    the run's number: its row in the file, from 0 (see symsweep status)\n"
                           "  --json     the same with all values, as JSON\n"
                           "  -h, --help this text\n"
                           "\n"
                           "Exit codes: 0, 2 wrong usage, 3 the file cannot be read.\n";

/* ---- onsets, for both forms ---- */

typedef struct named_step {
    char name[64];
    int64_t step;
} named_step;

enum { ONSETS_MAX = SW_ONSETS + 2 * SW_FAMILY_COUNT };

/* Every onset of the run in the order of learning; families that the file does not have are left out. */
static size_t list_onsets(named_step out[ONSETS_MAX], const sw_results *results, const sw_result_row *row) {
    size_t n = 0;
    for (; n < SW_ONSETS; n++) {
        snprintf(out[n].name, sizeof out[n].name, "%s", sw_row_onsets[n].name);
        out[n].step = sw_row_onset(row, (int)n);
    }
    for (int f = 0; f < SW_FAMILY_COUNT; f++) {
        if (!sw_results_has_metric(results, SW_METRIC_OF_FAMILY(f, SW_FAMILY_MAX))) continue;
        snprintf(out[n].name, sizeof out[n].name, "t_sym_mean/%s", sw_family_names[f]);
        out[n++].step = row->onsets.t_sym_mean[f];
        snprintf(out[n].name, sizeof out[n].name, "t_sym_max/%s", sw_family_names[f]);
        out[n++].step = row->onsets.t_sym_max[f];
    }
    return n;
}

static void curve_name(char out[192], int metric) {
    const sw_metric *m = sw_record_metric(metric);
    if (strncmp(m->group, "symmetry/", 9) == 0)
        snprintf(out, 192, "%s/%s", m->group + 9, m->name);
    else
        snprintf(out, 192, "%s", m->name);
}

/* ---- the configuration as text ----
 *
 * One paragraph a top-level key, "task  kind=modular operation=add p=59", wrapped at 80 columns. Walks the text itself,
 * which this program wrote (sw_config_write): keys and values are told apart by quotes, colons and brackets, so that an
 * unknown key of another version is shown like any other. Text that is no JSON object is printed as it stands. */

enum { PATH_MAX_BYTES = 512, INDENT = 16, WIDTH = 80, DEPTH_MAX = 64 };

typedef struct walk {
    const char *at;
    char path[PATH_MAX_BYTES]; /* dotted, below the top-level key */
    size_t column;
    int depth;
} walk;

static void skip_blanks(walk *w) { w->at += strspn(w->at, " \t\r\n"); }

/* Length of the string literal at `text`, with its quotes; 0 = not closed. */
static size_t string_length(const char *text) {
    size_t i = 1;
    while (text[i] && text[i] != '"') i += text[i] == '\\' && text[i + 1] ? 2 : 1;
    return text[i] ? i + 1 : 0;
}

/* Length of a number, literal, string or whole array. */
static size_t value_length(const char *text) {
    size_t i = 0;
    int depth = 0;
    for (; text[i]; i++) {
        if (text[i] == '"') {
            const size_t length = string_length(text + i);
            if (length == 0) return strlen(text);
            i += length - 1;
        } else if (text[i] == '[' || text[i] == '{') {
            depth++;
        } else if (text[i] == ']' || text[i] == '}') {
            if (depth == 0) break;
            depth--;
        } else if (text[i] == ',' && depth == 0) {
            break;
        }
        if (depth == 0 && (text[i] == ']' || text[i] == '}')) return i + 1;
    }
    return i;
}

/* How much of a list is shown: whole elements, no more than half a line. */
static int beginning_of(const char *list) {
    int length = 1;
    for (int i = 1; i < WIDTH / 2 && list[i] && list[i] != ']'; i++)
        if (list[i] == ',') length = i + 1;
    return length;
}

static void put_word(walk *w, const char *key, const char *value, int length) {
    const bool cut = value[0] == '[' && length > WIDTH - INDENT;
    if (cut) length = beginning_of(value);
    const size_t width = strlen(key) + (key[0] ? 1 : 0) + (size_t)length + (cut ? 4 : 0);
    if (w->column > INDENT && w->column + 1 + width > WIDTH) {
        printf("\n%*s", INDENT, "");
        w->column = INDENT;
    }
    w->column += (size_t)printf("%s%s%s%.*s%s", w->column > INDENT ? " " : "", key, key[0] ? "=" : "", length, value,
                                cut ? "...]" : "");
}

/* An object whose "weight" is 0 acts in nothing: its other keys say nothing either. */
static bool is_idle(const char *object, size_t length) {
    static const char key[] = "\"weight\":";
    for (const char *at = object; (at = strstr(at, key)) && at < object + length; at++) {
        const char *value = at + sizeof key - 1 + strspn(at + sizeof key - 1, " ");
        if (value[0] == '0' && (value[1] == ',' || value[1] == '}')) return true;
    }
    return false;
}

static void walk_value(walk *w);

/* The members of the object at w->at; at the top each is a paragraph. */
static void walk_members(walk *w, bool top) {
    const size_t base = strlen(w->path);
    do {
        w->at++;
        skip_blanks(w);
        const size_t length = *w->at == '"' ? string_length(w->at) : 0;
        if (length == 0) break;
        if (top)
            w->column = (size_t)printf("%-*.*s", INDENT, (int)length - 2, w->at + 1);
        else
            snprintf(w->path + base, sizeof w->path - base, "%s%.*s", base ? "." : "", (int)length - 2, w->at + 1);
        w->at += length;
        w->at += strspn(w->at, " \t\r\n:");
        walk_value(w);
        w->path[base] = 0;
        if (top) putchar('\n');
        skip_blanks(w);
    } while (*w->at == ',');
    if (*w->at == '}') w->at++;
}

static void walk_value(walk *w) {
    if (*w->at == '{' && w->path[0] && is_idle(w->at, value_length(w->at))) {
        const size_t base = strlen(w->path);
        snprintf(w->path + base, sizeof w->path - base, ".weight");
        put_word(w, w->path, "0", 1);
        w->path[base] = 0;
        w->at += value_length(w->at);
        return;
    }
    if (*w->at == '{' && w->depth < DEPTH_MAX) {
        w->depth++;
        walk_members(w, false);
        w->depth--;
        return;
    }
    const size_t length = value_length(w->at);
    const bool quoted = w->at[0] == '"' && length >= 2;
    put_word(w, w->path, w->at + quoted, (int)length - 2 * quoted);
    w->at += length;
}

static void print_config(const char *json) {
    walk w = {.at = json};
    skip_blanks(&w);
    if (*w.at == '{')
        walk_members(&w, true);
    else
        printf("%s\n", json);
}

/* ---- what the run trains on ---- */

typedef struct data_of_run {
    size_t train, test;
    sw_batch_shape batch;
} data_of_run;

/* false: it is not known here, as of an edge list whose file is gone. */
static bool find_data(data_of_run *out, const char *json) {
    sw_run_config config;
    sw_task task;
    if (sw_config_read(&config, json, NULL) != SW_OK || sw_task_describe(&task, &config.task, &config.model) != SW_OK) {
        sw_fail_clear();
        return false;
    }
    out->train = sw_task_train_count(&task, config.train_fraction);
    out->test = task.inputs - out->train;
    out->batch = sw_run_batch(&config.optimizer, out->train);
    return true;
}

static void print_data(const char *json) {
    data_of_run data;
    if (!find_data(&data, json)) return;
    printf("%-*s%zu train and %zu test inputs, ", INDENT, "data", data.train, data.test);
    if (data.batch.full)
        printf("full batch\n");
    else
        printf("batches of %zu\n", data.batch.inputs);
}

static void write_data(sw_json *json, const char *config) {
    data_of_run data;
    if (!find_data(&data, config)) return;
    sw_json_member_integer(json, "train_inputs", (int64_t)data.train);
    sw_json_member_integer(json, "test_inputs", (int64_t)data.test);
    sw_json_member_integer(json, "batch", (int64_t)data.batch.inputs);
    sw_json_member_bool(json, "full_batch", data.batch.full);
}

/* ---- text ---- */

static void print_head(const sw_results *results, const sw_result_row *row, size_t run) {
    char state[SW_STATE_TEXT];
    printf("run %zu of %s: %s%s%s\n", run, sw_results_sweep_name(results), row->task, row->label[0] ? ", " : "",
           row->label);
    printf("id %s\n", row->id);
    printf("%s", row->damaged ? "damaged (its checksum does not fit)" : sw_row_state(state, row->state));
    if (row->steps >= 0) printf(" after %" PRId64 " steps", row->steps);
    if (!isnan(row->wall_seconds))
        printf(" in %.1f s (%.1f steps/s, %.0f %% of it measuring)", row->wall_seconds, row->steps_per_second,
               100 * row->measure_share);
    if (row->host[0]) printf(" on %s", row->host);
    putchar('\n');
    if (row->error[0]) printf("reason: %s\n", row->error);
}

static void print_onsets(const sw_results *results, const sw_result_row *row) {
    named_step onsets[ONSETS_MAX];
    const size_t count = list_onsets(onsets, results, row);
    printf("\nphase: %s\n", sw_phase_names[row->onsets.phase]);
    for (size_t i = 0; i < count; i++)
        if (onsets[i].step < 0)
            printf("  %-34s %10s\n", onsets[i].name, "not reached");
        else
            printf("  %-34s %10" PRId64 "\n", onsets[i].name, onsets[i].step);
    if (row->onsets.lead_time_known) printf("  %-34s %10" PRId64 "\n", "lead_time", row->onsets.lead_time);
}

/* "train_loss   4.1 ▇▅▂▁ 0.001  log": first, curve, last; left out when no value is there. */
static void print_curve(int metric, const sw_record *records, size_t count) {
    enum { CURVE_COLUMNS = 24 };
    char name[192], line[CURVE_COLUMNS * SW_SPARKLINE_BYTES + 1];
    sw_sparkline_scale scale;
    double first = NAN, last = NAN;
    for (size_t i = 0; i < count; i++) {
        const double value = (double)records[i].value[metric];
        if (isnan(value)) continue;
        if (isnan(first)) first = value;
        last = value;
    }
    if (!sw_sparkline_range(&scale, records, count, metric)) return;
    const size_t columns = sw_sparkline(line, CURVE_COLUMNS, records, count, metric, &scale);
    curve_name(name, metric);
    printf("%-30s %9.3g %s%*s %9.3g%s\n", name, first, line, (int)(CURVE_COLUMNS - columns), "", last,
           scale.logarithmic ? " log" : "");
}

static sw_status print_text(sw_results *results, size_t run) {
    sw_record *records;
    size_t count;
    sw_status status = sw_results_records(results, run, &records, &count); /* also tells whether the row is sound */
    if (status != SW_OK) return status;
    const sw_result_row *row = sw_results_row(results, run);
    print_head(results, row, run);
    putchar('\n');
    print_config(row->config);
    print_data(row->config);
    print_onsets(results, row);
    printf("\n%zu evaluations", count);
    if (count > 0) printf(", steps %" PRId64 "..%" PRId64, records[0].step, records[count - 1].step);
    putchar('\n');
    for (int m = 0; m < SW_METRIC_COUNT; m++) print_curve(m, records, count);
    free(records);
    return SW_OK;
}

/* ---- JSON ---- */

static void write_curves(sw_json *json, const sw_results *results, const sw_record *records, size_t count) {
    sw_json_member_object(json, "curves");
    sw_json_member_array(json, "step");
    for (size_t i = 0; i < count; i++) sw_json_integer(json, records[i].step);
    sw_json_end_array(json);
    for (int m = 0; m < SW_METRIC_COUNT; m++) {
        char name[192];
        if (!sw_results_has_metric(results, m)) continue;
        curve_name(name, m);
        sw_json_member_array(json, name);
        for (size_t i = 0; i < count; i++) sw_json_number(json, (double)records[i].value[m]);
        sw_json_end_array(json);
    }
    sw_json_end_object(json);
}

static void write_run(sw_json *json, const sw_results *results, size_t run) {
    const sw_result_row *row = sw_results_row(results, run);
    named_step onsets[ONSETS_MAX];
    char state[SW_STATE_TEXT];
    sw_json_member_integer(json, "run", (int64_t)run);
    sw_json_member_string(json, "id", row->id);
    sw_json_member_string(json, "label", row->label);
    sw_json_member_string(json, "task", row->task);
    sw_json_member_string(json, "status", sw_row_state(state, row->state));
    sw_json_member_string(json, "phase", sw_phase_names[row->onsets.phase]);
    sw_json_member_string(json, "host", row->host);
    sw_json_member_string(json, "error", row->error);
    sw_json_member_integer(json, "seed", row->seed);
    sw_json_member_integer(json, "steps", row->steps);
    sw_json_member_number(json, "wall_seconds", row->wall_seconds);
    sw_json_member_number(json, "measure_share", row->measure_share);
    sw_json_member_bool(json, "damaged", row->damaged);
    write_data(json, row->config);
    sw_json_key(json, "config");
    /* A text that no configuration can be read from is passed on as a text: the output stays JSON. */
    sw_run_config config;
    if (sw_config_read(&config, row->config, NULL) == SW_OK)
        sw_json_raw(json, row->config);
    else
        sw_json_string(json, row->config);
    sw_json_member_object(json, "onsets");
    const size_t count = list_onsets(onsets, results, row);
    for (size_t i = 0; i < count; i++) sw_row_write_step(json, onsets[i].name, onsets[i].step);
    sw_json_key(json, "lead_time");
    if (row->onsets.lead_time_known)
        sw_json_integer(json, row->onsets.lead_time);
    else
        sw_json_null(json);
    sw_json_end_object(json);
}

static sw_status print_json(sw_results *results, size_t run) {
    sw_json *json;
    sw_record *records = NULL;
    size_t count;
    sw_status status = sw_json_create(&json);
    if (status != SW_OK) return status;
    status = sw_results_records(results, run, &records, &count);
    if (status == SW_OK) {
        sw_json_begin_object(json);
        write_run(json, results, run);
        write_curves(json, results, records, count);
        sw_json_end_object(json);
    }
    free(records);
    return sw_command_print(json, status);
}

/* ---- the command ---- */

typedef struct show_options {
    long long run;
    bool json;
} show_options;

static sw_status show(void *given, char *const *files) {
    const show_options *options = given;
    const size_t run = (size_t)options->run;
    sw_results *results = NULL;
    sw_status status = sw_results_open(&results, files[0]);
    if (status != SW_OK) return status;
    if (run >= sw_results_count(results))
        status = sw_fail(SW_E_USAGE, "%s has %zu runs, from 0: there is no run %zu", files[0],
                         sw_results_count(results), run);
    else
        status = options->json ? print_json(results, run) : print_text(results, run);
    sw_results_close(results);
    return status;
}

static const sw_command command = {
    .name = "show",
    .help = help,
    .expected = "expected a results file and --run N",
    .options = (const sw_command_option[]){{"run", .place = offsetof(show_options, run), .parse = sw_command_number,
                                            .takes = "a number from 0", .required = true},
                                           {"json", .place = offsetof(show_options, json)},
                                           {0}},
    .least = 1,
    .most = 1,
    .run = show,
};

int sw_cli_show(int argc, char **argv) { return sw_command_run(&command, &(show_options){0}, argc, argv); }
