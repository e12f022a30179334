/* show.c: symsweep show: one run in the terminal. */
#include "show_config.h"
#include "sparkline.h"
#include "status_code.h"

#include "symsweep/cli.h"
#include "symsweep/config.h"
#include "symsweep/json.h"
#include "symsweep/table.h"

#include <getopt.h>
#include <inttypes.h>
#include <math.h>
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

typedef struct show_options {
    const char *path;
    long long run;
    bool json, help;
} show_options;

static sw_status parse_options(show_options *out, int argc, char **argv)
{
    static const struct option options[] = {
        {"run", required_argument, NULL, 'r'}, {"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'}, {0}};
    *out = (show_options){.run = -1};
    optind = 1;
    opterr = 0;
    for (int option; (option = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
        sw_status status;
        switch (option) {
        case 'j': out->json = true; break;
        case 'h': out->help = true; return SW_OK;
        case 'r':
            status = sw_cli_parse_number(&out->run, optarg, "--run");
            if (status != SW_OK) return status;
            break;
        default: return sw_fail(SW_E_USAGE, "unknown option, or its value is missing; see symsweep show --help");
        }
    }
    if (optind != argc - 1 || out->run < 0)
        return sw_fail(SW_E_USAGE, "expected a results file and --run N; see symsweep show --help");
    out->path = argv[optind];
    return SW_OK;
}

/* ---- onsets, for both forms ---- */

typedef struct named_step {
    char name[64];
    int64_t step;
} named_step;

enum { ONSETS_MAX = 6 + 2 * SW_FAMILY_COUNT };

/* Every onset of the run in the order of learning; families that the file does not have are left out. */
static size_t list_onsets(named_step out[ONSETS_MAX], const sw_results *results, const sw_onsets *o)
{
    const named_step plain[] = {{"t_mem", o->t_mem},
                                {"t_sym", o->t_sym},
                                {"t_gen", o->t_gen},
                                {"t_geo", o->t_geo},
                                {"t_geo_participation", o->t_geo_participation}};
    size_t n = 0;
    for (; n < sizeof plain / sizeof plain[0]; n++) out[n] = plain[n];
    for (int f = 0; f < SW_FAMILY_COUNT; f++) {
        if (!sw_results_has_metric(results, SW_METRIC_OF_FAMILY(f, SW_FAMILY_MAX))) continue;
        snprintf(out[n].name, sizeof out[n].name, "t_sym_mean/%s", sw_family_names[f]);
        out[n++].step = o->t_sym_mean[f];
        snprintf(out[n].name, sizeof out[n].name, "t_sym_max/%s", sw_family_names[f]);
        out[n++].step = o->t_sym_max[f];
    }
    return n;
}

static void curve_name(char out[192], int metric)
{
    const sw_metric *m = sw_record_metric(metric);
    if (strncmp(m->group, "symmetry/", 9) == 0)
        snprintf(out, 192, "%s/%s", m->group + 9, m->name);
    else
        snprintf(out, 192, "%s", m->name);
}

/* ---- text ---- */

static void print_head(const sw_results *results, const sw_result_row *row, size_t run)
{
    printf("run %zu of %s: %s%s%s\n", run, sw_results_sweep_name(results), row->task, row->label[0] ? ", " : "",
           row->label);
    printf("id %s\n", row->id);
    printf("%s", row->damaged ? "damaged (its checksum does not fit)" : sw_table_state_text(row->state));
    if (row->steps >= 0) printf(" after %" PRId64 " steps", row->steps);
    if (!isnan(row->wall_seconds))
        printf(" in %.1f s (%.1f steps/s, %.0f %% of it measuring)", row->wall_seconds, row->steps_per_second,
               100 * row->measure_share);
    if (row->host[0]) printf(" on %s", row->host);
    putchar('\n');
    if (row->error[0]) printf("reason: %s\n", row->error);
}

static void print_onsets(const sw_results *results, const sw_result_row *row)
{
    named_step onsets[ONSETS_MAX];
    const size_t count = list_onsets(onsets, results, &row->onsets);
    printf("\nphase: %s\n", sw_phase_names[row->onsets.phase]);
    for (size_t i = 0; i < count; i++)
        if (onsets[i].step < 0)
            printf("  %-34s %10s\n", onsets[i].name, "not reached");
        else
            printf("  %-34s %10" PRId64 "\n", onsets[i].name, onsets[i].step);
    if (row->onsets.lead_time_known) printf("  %-34s %10" PRId64 "\n", "lead_time", row->onsets.lead_time);
}

/* "train_loss   4.1 ▇▅▂▁ 0.001  log": first, curve, last; left out when no value is there. */
static void print_curve(int metric, const sw_record *records, size_t count, double *values)
{
    enum { WIDTH = 24 };
    char name[192], line[WIDTH * SW_SPARKLINE_BYTES + 1];
    sw_sparkline_scale scale;
    double first = NAN, last = NAN;
    for (size_t i = 0; i < count; i++) {
        values[i] = (double)records[i].value[metric];
        if (isnan(values[i])) continue;
        if (isnan(first)) first = values[i];
        last = values[i];
    }
    if (!sw_sparkline_range(&scale, values, count)) return;
    const size_t columns = sw_sparkline(line, WIDTH, values, count, &scale);
    curve_name(name, metric);
    printf("%-30s %9.3g %s%*s %9.3g%s\n", name, first, line, (int)(WIDTH - columns), "", last,
           scale.logarithmic ? " log" : "");
}

static sw_status print_curves(const sw_record *records, size_t count)
{
    double *values = calloc(count + 1, sizeof *values);
    if (!values) return sw_fail(SW_E_MEMORY, "curves of %zu evaluations", count);
    printf("\n%zu evaluations", count);
    if (count > 0) printf(", steps %" PRId64 "..%" PRId64, records[0].step, records[count - 1].step);
    putchar('\n');
    for (int m = 0; m < SW_METRIC_COUNT; m++) print_curve(m, records, count, values);
    free(values);
    return SW_OK;
}

static sw_status print_text(sw_results *results, size_t run)
{
    sw_record *records;
    size_t count;
    sw_status status = sw_results_records(results, run, &records, &count); /* also tells whether the row is sound */
    if (status != SW_OK) return status;
    const sw_result_row *row = sw_results_row(results, run);
    print_head(results, row, run);
    putchar('\n');
    sw_show_config(stdout, row->config);
    print_onsets(results, row);
    status = print_curves(records, count);
    free(records);
    return status;
}

/* ---- JSON ---- */

static void write_curves(sw_json *json, const sw_results *results, const sw_record *records, size_t count)
{
    sw_json_key(json, "curves");
    sw_json_begin_object(json);
    sw_json_key(json, "step");
    sw_json_begin_array(json);
    for (size_t i = 0; i < count; i++) sw_json_integer(json, records[i].step);
    sw_json_end_array(json);
    for (int m = 0; m < SW_METRIC_COUNT; m++) {
        char name[192];
        if (!sw_results_has_metric(results, m)) continue;
        curve_name(name, m);
        sw_json_key(json, name);
        sw_json_begin_array(json);
        for (size_t i = 0; i < count; i++) sw_json_number(json, (double)records[i].value[m]);
        sw_json_end_array(json);
    }
    sw_json_end_object(json);
}

static void write_run(sw_json *json, const sw_results *results, size_t run)
{
    const sw_result_row *row = sw_results_row(results, run);
    named_step onsets[ONSETS_MAX];
    const struct {
        const char *key, *text;
    } texts[] = {{"id", row->id},
                 {"label", row->label},
                 {"task", row->task},
                 {"status", sw_table_state_text(row->state)},
                 {"phase", sw_phase_names[row->onsets.phase]},
                 {"host", row->host},
                 {"error", row->error}};
    sw_json_key(json, "run");
    sw_json_integer(json, (int64_t)run);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        sw_json_key(json, texts[i].key);
        sw_json_string(json, texts[i].text);
    }
    sw_json_key(json, "seed");
    sw_json_integer(json, row->seed);
    sw_json_key(json, "steps");
    sw_json_integer(json, row->steps);
    sw_json_key(json, "wall_seconds");
    sw_json_number(json, row->wall_seconds);
    sw_json_key(json, "measure_share");
    sw_json_number(json, row->measure_share);
    sw_json_key(json, "damaged");
    sw_json_bool(json, row->damaged);
    sw_json_key(json, "config");
    /* A text that no configuration can be read from is passed on as a text: the output stays JSON. */
    sw_run_config config;
    if (sw_config_read(&config, row->config) == SW_OK)
        sw_json_raw(json, row->config);
    else
        sw_json_string(json, row->config);
    sw_json_key(json, "onsets");
    sw_json_begin_object(json);
    const size_t count = list_onsets(onsets, results, &row->onsets);
    for (size_t i = 0; i < count; i++) {
        sw_json_key(json, onsets[i].name);
        if (onsets[i].step < 0)
            sw_json_null(json);
        else
            sw_json_integer(json, onsets[i].step);
    }
    sw_json_key(json, "lead_time");
    if (row->onsets.lead_time_known)
        sw_json_integer(json, row->onsets.lead_time);
    else
        sw_json_null(json);
    sw_json_end_object(json);
}

static sw_status print_json(sw_results *results, size_t run)
{
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
        const char *text = sw_json_text(json);
        if (text)
            puts(text);
        else
            status = SW_E_MEMORY;
    }
    free(records);
    sw_json_destroy(json);
    return status;
}

int sw_cli_show(int argc, char **argv)
{
    show_options options;
    sw_results *results = NULL;
    sw_status status = parse_options(&options, argc, argv);
    if (status == SW_OK && options.help) {
        fputs(help, stdout);
    } else if (status == SW_OK) {
        status = sw_results_open(&results, options.path);
        if (status == SW_OK && (size_t)options.run >= sw_results_count(results))
            status = sw_fail(SW_E_USAGE, "%s has %zu runs, from 0: there is no run %lld", options.path,
                             sw_results_count(results), options.run);
        if (status == SW_OK)
            status = options.json ? print_json(results, (size_t)options.run) : print_text(results, (size_t)options.run);
    }
    sw_results_close(results);
    return sw_cli_finish(status);
}
