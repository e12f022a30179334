/* status_view.c: what `symsweep status` tells, counted, as text and as JSON. */
#include "cli/status_view.h"

#include "cli/command.h"
#include "cli/members.h"
#include "cli/row.h"
#include "cli/sparkline.h"
#include "cli/status_refine.h"
#include "cli/table.h"

#include "symsweep/clock.h"
#include "symsweep/config.h"
#include "symsweep/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    RUNS_SHOWN = 40,
    RUNNING_SHOWN = 16,
    FAILURES_SHOWN = 20,
    BAR_COLUMNS = 40,
    CURVE_COLUMNS = 12,
    HOST_COLUMNS = 10
};

/* ---- counting ---- */

static double planned_steps(const sw_result_row *row) {
    size_t length;
    const char *steps = sw_members_find(&length, row->config, "steps");
    return steps ? strtod(steps, NULL) : 0;
}

static sw_status add_run(sw_status_view *view, sw_results *results, size_t r, double *rate_sum, size_t *rates) {
    const sw_result_row *row = sw_results_row(results, r);
    if (!sw_row_is_told(results, r, view->all)) return SW_OK;
    view->runs++;
    view->states[row->state]++;
    view->damaged += row->damaged;
    if (row->state == SW_RUN_NOT_SELECTED) return SW_OK;
    if (sw_states[row->state].over) {
        view->phases[row->onsets.phase]++;
        view->steps_done += row->steps > 0 ? (double)row->steps : 0;
        if (row->steps_per_second > 0) {
            *rate_sum += row->steps_per_second;
            (*rates)++;
        }
        return SW_OK;
    }
    sw_row_now now;
    const sw_status status = sw_row_newest(&now, results, r);
    if (status != SW_OK) return status;
    const double done = row->state == SW_RUN_RUNNING && now.step > 0 ? (double)now.step : 0;
    const double planned = planned_steps(row);
    view->steps_done += done;
    view->steps_left += planned > done ? planned - done : 0;
    return SW_OK;
}

sw_status sw_status_view_read(sw_status_view *out, sw_results *results, bool all, const sw_status_view *before) {
    double rate_sum = 0;
    size_t rates = 0;
    memset(out, 0, sizeof *out);
    out->all = all;
    out->former = sw_row_count_former(results);
    out->live = sw_results_live(results);
    out->when = sw_clock_now();
    out->steps_per_second = out->eta = NAN;
    sw_results_writer(results, out->writer);
    sw_status status = SW_OK;
    for (size_t r = 0; r < sw_results_count(results) && status == SW_OK; r++)
        status = add_run(out, results, r, &rate_sum, &rates);
    if (status != SW_OK || !out->live) return status;
    const size_t running = out->states[SW_RUN_RUNNING];
    if (before && out->steps_done > before->steps_done && out->when > before->when)
        out->steps_per_second = (out->steps_done - before->steps_done) / (out->when - before->when);
    else if (rates > 0 && running > 0)
        out->steps_per_second = rate_sum / (double)rates * (double)running;
    if (out->steps_per_second > 0) out->eta = out->steps_left / out->steps_per_second;
    return SW_OK;
}

bool sw_status_view_differs(const sw_status_view *a, const sw_status_view *b) {
    return a->runs != b->runs || memcmp(a->states, b->states, sizeof a->states) != 0;
}

/* ---- text ---- */

static void print_count(const sw_status_view *view, sw_run_state s, const char **gap) {
    char text[SW_STATE_TEXT];
    if (view->states[s] == 0) return;
    printf("%s%zu %s", *gap, view->states[s], sw_row_state(text, s));
    *gap = ", ";
}

/* Done and running first. */
static void print_counts(const sw_status_view *view) {
    const char *gap = " ";
    printf("%zu runs:", view->runs);
    print_count(view, SW_RUN_DONE, &gap);
    print_count(view, SW_RUN_RUNNING, &gap);
    for (int s = 0; s < SW_RUN_STATE_COUNT; s++)
        if (s != SW_RUN_DONE && s != SW_RUN_RUNNING) print_count(view, (sw_run_state)s, &gap);
}

static void print_speed(const sw_status_view *view) {
    char text[32];
    if (!isnan(view->steps_per_second)) printf("; %.0f steps/s", view->steps_per_second);
    if (!isnan(view->eta)) {
        sw_clock_format(text, view->eta);
        printf(", at most %s left", text);
    }
}

void sw_status_view_print_line(const sw_status_view *view) {
    char now[32];
    sw_clock_utc(now);
    printf("%s  ", now);
    print_counts(view);
    print_speed(view);
    putchar('\n');
}

/* "[########............]  20 % of the steps" */
static void print_bar(const sw_status_view *view) {
    const double all = view->steps_done + view->steps_left;
    if (!(all > 0)) return;
    const double share = view->steps_done / all;
    putchar('[');
    for (int c = 0; c < BAR_COLUMNS; c++) putchar(c < (int)(share * BAR_COLUMNS) ? '#' : '.');
    printf("] %3d %% of the steps\n", (int)(100 * share));
}

static void print_head(const sw_results *results, const sw_status_view *view) {
    const char *created = sw_results_attribute(results, "created_utc");
    sw_text_printf(stdout, "%s, begun %s: ", sw_results_sweep_name(results), created ? created : "-");
    if (view->live)
        printf("being written\n");
    else if (view->states[SW_RUN_RUNNING] > 0)
        printf("its writer was killed; start the sweep again to go on\n");
    else if (view->states[SW_RUN_PENDING] > 0)
        printf("stopped; start the sweep again to go on\n");
    else
        printf("finished\n");
    if (view->live) sw_text_printf(stdout, "writer: %s\n", view->writer);
    print_counts(view);
    print_speed(view);
    putchar('\n');
    char former[SW_FORMER_TEXT];
    if (view->former > 0 && view->all)
        printf("%zu of them of former plans, marked *\n", view->former);
    else if (view->former > 0)
        puts(sw_row_former_text(former, view->former, "--all shows them"));
    if (view->live) print_bar(view);
    bool any = false;
    for (int p = 0; p < SW_PHASE_COUNT; p++) {
        if (view->phases[p] == 0) continue;
        printf("%s%zu %s", any ? ", " : "phases: ", view->phases[p], sw_phase_names[p]);
        any = true;
    }
    if (any) putchar('\n');
}

/* The curve of a metric so far, in CURVE_COLUMNS columns; `scale` NULL = its own. */
static void print_curve(const sw_record *records, size_t count, int metric, const sw_sparkline_scale *scale) {
    char line[CURVE_COLUMNS * SW_SPARKLINE_BYTES + 1] = "";
    sw_sparkline_scale own;
    size_t columns = 0;
    if (sw_sparkline_range(&own, records, count, metric))
        columns = sw_sparkline(line, CURVE_COLUMNS, records, count, metric, scale ? scale : &own);
    printf("%s%*s", line, (int)(CURVE_COLUMNS - columns), "");
}

/* The violation that decides t_sym: the largest of phase.family. -1 = the configuration does not say. */
static int violation_of(const sw_result_row *row) {
    char name[64];
    if (!sw_config_lookup(row->config, "phase.family", name, sizeof name)) return -1;
    for (int f = 0; f < SW_FAMILY_COUNT; f++)
        if (strcmp(name, sw_family_names[f]) == 0) return SW_METRIC_OF_FAMILY(f, SW_FAMILY_MAX);
    return -1;
}

static sw_status print_running_run(sw_results *results, size_t r) {
    static const sw_sparkline_scale share = {.low = 0, .high = 1};
    const sw_result_row *row = sw_results_row(results, r);
    const double planned = planned_steps(row);
    sw_record *records;
    size_t count;
    const sw_status status = sw_results_records(results, r, &records, &count);
    if (status != SW_OK) return status;
    const sw_record *newest = count > 0 ? &records[count - 1] : NULL;
    const int violation = violation_of(row);
    printf("%5zu %6lld ", r, (long long)row->seed);
    if (newest)
        printf("%9lld %3.0f%% %6.3f %6.3f  ", (long long)newest->step,
               planned > 0 ? 100 * (double)newest->step / planned : 0.0,
               (double)newest->value[SW_METRIC_TRAIN_ACCURACY], (double)newest->value[SW_METRIC_TEST_ACCURACY]);
    else
        printf("%9s %4s %6s %6s  ", "-", "-", "-", "-");
    print_curve(records, count, SW_METRIC_TEST_ACCURACY, &share);
    fputs("  ", stdout);
    print_curve(records, violation >= 0 ? count : 0, violation >= 0 ? violation : 0, NULL);
    fputs("  ", stdout);
    sw_text_print_cut(stdout, row->host, HOST_COLUMNS);
    putchar('\n');
    free(records);
    return SW_OK;
}

/* Runs in training, each with what its worker sent last and its curves so far. */
static sw_status print_running(sw_results *results, const sw_status_view *view) {
    size_t shown = 0;
    if (!view->live || view->states[SW_RUN_RUNNING] == 0) return SW_OK;
    printf("\n%5s %6s %9s %4s %6s %6s  %-*s  %-*s  %s\n", "run", "seed", "step", "", "train", "test", CURVE_COLUMNS,
           "test so far", CURVE_COLUMNS, "violation", "host");
    for (size_t r = 0; r < sw_results_count(results); r++) {
        if (!sw_row_is_told(results, r, view->all)) continue;
        if (sw_results_row(results, r)->state != SW_RUN_RUNNING || ++shown > RUNNING_SHOWN) continue;
        const sw_status status = print_running_run(results, r);
        if (status != SW_OK) return status;
    }
    if (shown > RUNNING_SHOWN) printf("  ... and %zu more\n", shown - RUNNING_SHOWN);
    return SW_OK;
}

static void print_failures(const sw_results *results, const sw_status_view *view) {
    char state[SW_STATE_TEXT];
    const size_t bad = view->states[SW_RUN_FAILED] + view->states[SW_RUN_DIVERGED] + view->damaged;
    size_t shown = 0;
    if (bad == 0) return;
    putchar('\n');
    for (size_t r = 0; r < sw_results_count(results) && shown < FAILURES_SHOWN; r++) {
        const sw_result_row *row = sw_results_row(results, r);
        if (!sw_row_is_told(results, r, view->all)) continue;
        if (row->state != SW_RUN_FAILED && row->state != SW_RUN_DIVERGED && !row->damaged) continue;
        sw_text_printf(stdout, "run %zu %s: %s\n", r, row->damaged ? "damaged" : sw_row_state(state, row->state),
                       row->damaged    ? "its checksum does not fit; the next start trains it again"
                       : row->error[0] ? row->error
                                       : "no reason recorded");
        shown++;
    }
    if (bad > shown) printf("  ... and %zu more\n", bad - shown);
}

sw_status sw_status_view_print_text(sw_results *results, const sw_status_view *view) {
    print_head(results, view);
    sw_status status = print_running(results, view);
    if (status == SW_OK) status = sw_status_refine_print(results);
    if (status != SW_OK) return status;
    sw_settings *settings;
    status = sw_settings_create(&settings, results, view->all);
    if (status != SW_OK) return status;
    putchar('\n');
    status = sw_table_print_settings(results, settings, view->all ? SIZE_MAX : SW_TABLE_SETTINGS);
    putchar('\n');
    if (status == SW_OK) status = sw_table_print_runs(results, settings, view->all ? SIZE_MAX : RUNS_SHOWN);
    if (status == SW_OK) print_failures(results, view);
    sw_settings_destroy(settings);
    return status;
}

/* ---- JSON ---- */

static void write_axes(sw_json *json, const sw_results *results, size_t r) {
    sw_json_member_object(json, "axes");
    for (size_t a = 0; a < sw_results_axis_count(results); a++)
        sw_row_write_value(json, sw_results_axis(results, a), sw_results_axis_value(results, r, a));
    sw_json_end_object(json);
}

static sw_status write_run(sw_json *json, sw_results *results, size_t r) {
    const sw_result_row *row = sw_results_row(results, r);
    sw_row_now now;
    const sw_status status = sw_row_newest(&now, results, r);
    if (status != SW_OK) return status;
    sw_json_begin_object(json);
    sw_json_member_integer(json, "run", (int64_t)r);
    sw_json_member_string(json, "id", row->id);
    sw_json_member_string(json, "label", row->label);
    sw_json_member_string(json, "task", row->task);
    sw_json_member_integer(json, "seed", row->seed);
    write_axes(json, results, r);
    sw_json_member_string(json, "status", sw_states[row->state].name);
    sw_json_member_bool(json, "planned", row->planned);
    sw_json_member_bool(json, "damaged", row->damaged);
    sw_json_member_string(json, "phase", sw_phase_names[row->onsets.phase]);
    sw_row_write_step(json, "step", now.step);
    sw_json_member_number(json, "train_accuracy", now.train_accuracy);
    sw_json_member_number(json, "test_accuracy", now.test_accuracy);
    for (int o = 0; o < SW_ONSETS; o++) sw_row_write_step(json, sw_row_onsets[o].name, sw_row_onset(row, o));
    sw_json_member_integer(json, "attempts", row->attempts);
    sw_json_member_number(json, "wall_seconds", row->wall_seconds);
    sw_json_member_string(json, "host", row->host);
    sw_json_member_string(json, "error", row->error);
    sw_json_end_object(json);
    return SW_OK;
}

static void write_head(sw_json *json, const sw_results *results, const sw_status_view *view) {
    sw_json_member_string(json, "sweep", sw_results_sweep_name(results));
    sw_json_member_string(json, "created_utc", sw_results_attribute(results, "created_utc"));
    sw_json_member_bool(json, "live", view->live);
    sw_json_member_string(json, "writer", view->writer[0] ? view->writer : NULL);
    sw_json_member_object(json, "counts");
    sw_json_member_integer(json, "total", (int64_t)view->runs);
    for (int s = 0; s < SW_RUN_STATE_COUNT; s++)
        sw_json_member_integer(json, sw_states[s].name, (int64_t)view->states[s]);
    sw_json_end_object(json);
    sw_json_member_object(json, "phases");
    for (int p = 0; p < SW_PHASE_COUNT; p++) sw_json_member_integer(json, sw_phase_names[p], (int64_t)view->phases[p]);
    sw_json_end_object(json);
    sw_json_member_integer(json, "former", (int64_t)view->former);
    sw_json_member_integer(json, "damaged", (int64_t)view->damaged);
    sw_json_member_number(json, "steps_per_second", view->steps_per_second);
    sw_json_member_number(json, "eta_seconds", view->eta);
}

sw_status sw_status_view_print_json(sw_results *results, const sw_status_view *view) {
    sw_json *json;
    sw_status status = sw_json_create(&json);
    if (status != SW_OK) return status;
    sw_json_begin_object(json);
    write_head(json, results, view);
    sw_json_member_array(json, "runs");
    for (size_t r = 0; r < sw_results_count(results) && status == SW_OK; r++)
        if (sw_row_is_told(results, r, view->all)) status = write_run(json, results, r);
    sw_json_end_array(json);
    sw_json_end_object(json);
    return sw_command_print(json, status);
}
