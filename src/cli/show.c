/* show.c: symsweep show: one run in the terminal. */
#include "cli/command.h"
#include "cli/members.h"
#include "cli/row.h"
#include "cli/sparkline.h"

#include "symsweep/cli.h"
#include "symsweep/config.h"
#include "symsweep/measure.h"
#include "symsweep/symmetry_file.h"
#include "symsweep/task.h"
#include "symsweep/text.h"

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
 * One paragraph a top-level key, "task  kind=modular operation=add p=59", wrapped at 80 columns. Text that is no JSON
 * object is printed as it stands. */

enum { PATH_MAX_BYTES = 512, INDENT = 16, WIDTH = 80 };

typedef struct paragraphs {
    const char *json;
    char key[PATH_MAX_BYTES]; /* of the paragraph */
    size_t column;
} paragraphs;

/* How much of a list is shown: whole elements, no more than half a line. */
static int beginning_of(const char *list) {
    int length = 1;
    for (int i = 1; i < WIDTH / 2 && list[i] && list[i] != ']'; i++)
        if (list[i] == ',') length = i + 1;
    return length;
}

static void put_word(paragraphs *p, const char *key, const char *value, int length) {
    const bool cut = value[0] == '[' && length > WIDTH - INDENT;
    if (cut) length = beginning_of(value);
    const size_t width = strlen(key) + (key[0] ? 1 : 0) + (size_t)length + (cut ? 4 : 0);
    if (p->column > INDENT && p->column + 1 + width > WIDTH) {
        printf("\n%*s", INDENT, "");
        p->column = INDENT;
    }
    p->column += (size_t)sw_text_printf(stdout, "%s%s%s%.*s%s", p->column > INDENT ? " " : "", key, key[0] ? "=" : "",
                                        length, value, cut ? "...]" : "");
}

/* An object whose "weight" is 0 acts in nothing: its other keys say nothing either. */
static bool is_idle(const char *json, const char *path) {
    char weight[PATH_MAX_BYTES];
    size_t length;
    const char *dot = strrchr(path, '.');
    if (!dot || strcmp(dot, ".weight") == 0) return false;
    snprintf(weight, sizeof weight, "%.*s.weight", (int)(dot - path), path);
    const char *value = sw_members_find(&length, json, weight);
    return value && length == 1 && value[0] == '0';
}

static void put_member(void *context, const char *path, const char *value, size_t length) {
    paragraphs *p = context;
    if (strcmp(path, "changes") == 0) return; /* print_changes */
    const size_t top = strcspn(path, ".");
    if (strncmp(p->key, path, top) != 0 || p->key[top]) {
        if (p->key[0]) putchar('\n');
        snprintf(p->key, sizeof p->key, "%.*s", (int)top, path);
        p->column = (size_t)sw_text_printf(stdout, "%-*s", INDENT, p->key);
    }
    if (!is_idle(p->json, path)) put_word(p, path + top + (path[top] == '.'), value, (int)length);
}

static void print_config(const char *json) {
    paragraphs p = {.json = json};
    sw_members_walk(json, put_member, &p);
    if (p.key[0])
        putchar('\n');
    else
        sw_text_printf(stdout, "%s\n", json);
}

/* An entry of `changes` a line: "after step 500: optimizer.weight_decay=0". */
static void put_change(void *context, const char *path, const char *value, size_t length) {
    bool *first = context;
    if (strcmp(path, "at") == 0)
        printf("%-*safter step %.*s:", INDENT, *first ? "changes" : "", (int)length, value);
    else
        sw_text_printf(stdout, " %s=%.*s", path, (int)length, value);
    *first = false;
}

static void print_changes(const char *json) {
    size_t length;
    bool first = true;
    const char *list = sw_members_find(&length, json, "changes"), *end = list ? list + length : NULL;
    while (list && (list = memchr(list, '{', (size_t)(end - list))) != NULL) {
        sw_members_walk(list, put_change, &first);
        putchar('\n');
        list += strcspn(list, "}");
    }
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
    out->train = sw_run_train(&config, task.inputs);
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
    sw_text_printf(stdout, "run %zu of %s: %s%s%s\n", run, sw_results_sweep_name(results), row->task,
                   row->label[0] ? ", " : "", row->label);
    sw_text_printf(stdout, "id %s\n", row->id);
    if (!row->planned) printf("a former run: the present sweep no longer has it\n");
    printf("%s", row->damaged ? "damaged (its checksum does not fit)" : sw_row_state(state, row->state));
    if (row->steps >= 0) printf(" after %" PRId64 " steps", row->steps);
    if (!isnan(row->wall_seconds))
        printf(" in %.1f s (%.1f steps/s, %.0f %% of it measuring)", row->wall_seconds, row->steps_per_second,
               100 * row->measure_share);
    if (row->host[0]) sw_text_printf(stdout, " on %s", row->host);
    putchar('\n');
    if (row->error[0]) sw_text_printf(stdout, "reason: %s\n", row->error);
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

/* Generators in the order in which they are acquired. */
static void print_generators(const char *json, const char *listed, const sw_record *records, size_t count) {
    enum { TEXT_COLUMNS = 62 };
    int64_t step[SW_GENERATORS_MAX];
    char text[SW_GENERATORS_MAX][SW_SYMMETRY_TEXT];
    bool shown[SW_GENERATORS_MAX] = {false};
    sw_run_config config;
    int generators = 0;
    if (count == 0 || sw_config_read(&config, json, NULL) != SW_OK) {
        sw_fail_clear();
        return;
    }
    for (int g = 0; g < SW_GENERATORS_MAX; g++) /* one that moves nothing has no value */
        if (!isnan(records[count - 1].value[SW_VALUE_BY_GENERATOR + g])) generators = g + 1;
    if (generators == 0) return;
    sw_symmetry_file_texts(text, SW_GENERATORS_MAX, listed);
    sw_phases_acquired(step, records, count, &config);
    printf("\ngenerators of the symmetry group, by when their mean violation stays <= %g nat\n", config.phase.tau);
    for (int k = 0; k < generators; k++) {
        int next = -1;
        for (int g = 0; g < generators; g++) {
            if (shown[g]) continue;
            const bool earlier = next < 0 || (step[g] >= 0 && (step[next] < 0 || step[g] < step[next]));
            if (earlier) next = g;
        }
        shown[next] = true;
        char when[24] = "not reached";
        if (step[next] >= 0) snprintf(when, sizeof when, "%" PRId64, step[next]);
        printf("  %2d  ", next + 1);
        const int used = sw_text_print_cut(stdout, text[next], TEXT_COLUMNS);
        printf("%*s %11s\n", TEXT_COLUMNS - used, "", when);
    }
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
    sw_record *records = NULL;
    size_t count;
    char *generators;
    sw_status status = sw_results_generators(results, run, &generators);
    if (status == SW_OK)
        status = sw_results_records(results, run, &records, &count); /* also tells whether the row is sound */
    if (status != SW_OK) {
        free(generators);
        return status;
    }
    const sw_result_row *row = sw_results_row(results, run);
    print_head(results, row, run);
    putchar('\n');
    print_config(row->config);
    print_changes(row->config);
    print_data(row->config);
    print_onsets(results, row);
    printf("\n%zu evaluations", count);
    if (count > 0) printf(", steps %" PRId64 "..%" PRId64, records[0].step, records[count - 1].step);
    putchar('\n');
    for (int m = 0; m < SW_METRIC_COUNT; m++) print_curve(m, records, count);
    print_generators(row->config, generators, records, count);
    free(generators);
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
    sw_json_member_bool(json, "planned", row->planned);
    sw_json_member_bool(json, "damaged", row->damaged);
    write_data(json, row->config);
    sw_json_key(json, "config");
    /* A text that no configuration can be read from is passed on as a text: the output stays JSON. */
    sw_run_config config;
    if (sw_text_is_line(row->config) && sw_config_read(&config, row->config, NULL) == SW_OK)
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
