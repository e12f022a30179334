/* status_view.c: what `symsweep status` tells, counted, as text and as JSON. */
#include "cli/status_view.h"

#include "cli/command.h"
#include "cli/members.h"
#include "cli/row.h"

#include "symsweep/clock.h"
#include "symsweep/config.h"
#include "symsweep/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BAR_COLUMNS = 20 };

/* ---- counting ---- */

double sw_status_view_planned_steps(const sw_result_row *row) {
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
    const double planned = sw_status_view_planned_steps(row);
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

static void print_count(FILE *out, const sw_status_view *view, sw_run_state s, const char **gap) {
    char text[SW_STATE_TEXT];
    if (view->states[s] == 0) return;
    fprintf(out, "%s%zu %s", *gap, view->states[s], sw_row_state(text, s));
    *gap = ", ";
}

/* Done and running first. */
static void print_counts(FILE *out, const sw_status_view *view) {
    const char *gap = " ";
    fprintf(out, "%zu runs:", view->runs);
    print_count(out, view, SW_RUN_DONE, &gap);
    print_count(out, view, SW_RUN_RUNNING, &gap);
    for (int s = 0; s < SW_RUN_STATE_COUNT; s++)
        if (s != SW_RUN_DONE && s != SW_RUN_RUNNING) print_count(out, view, (sw_run_state)s, &gap);
}

static void print_speed(FILE *out, const sw_status_view *view) {
    char text[32];
    if (!isnan(view->steps_per_second)) fprintf(out, "; %.0f steps/s", view->steps_per_second);
    if (!isnan(view->eta)) {
        sw_clock_format(text, view->eta);
        fprintf(out, ", at most %s left", text);
    }
}

void sw_status_view_print_line(const sw_status_view *view) {
    char now[32];
    sw_clock_utc(now);
    printf("%s  ", now);
    print_counts(stdout, view);
    print_speed(stdout, view);
    putchar('\n');
}

/* "[########............]  40 % of the steps; 12000 steps/s, at most 4m 12s left" */
static void print_bar(FILE *out, const sw_status_view *view) {
    const double all = view->steps_done + view->steps_left;
    if (!(all > 0)) return;
    const double share = view->steps_done / all;
    fputc('[', out);
    for (int c = 0; c < BAR_COLUMNS; c++) fputc(c < (int)(share * BAR_COLUMNS) ? '#' : '.', out);
    fprintf(out, "] %3d %% of the steps", (int)(100 * share));
    print_speed(out, view);
    fputc('\n', out);
}

void sw_status_view_print_head(FILE *out, const sw_results *results, const sw_status_view *view) {
    const char *created = sw_results_attribute(results, "created_utc");
    sw_text_printf(out, "%s, begun %s: ", sw_results_sweep_name(results), created ? created : "-");
    if (view->live)
        fprintf(out, "being written\n");
    else if (view->states[SW_RUN_RUNNING] > 0)
        fprintf(out, "its writer was killed; start the sweep again to go on\n");
    else if (view->states[SW_RUN_PENDING] > 0)
        fprintf(out, "stopped; start the sweep again to go on\n");
    else
        fprintf(out, "finished\n");
    if (view->live) sw_text_printf(out, "writer: %s\n", view->writer);
    print_counts(out, view);
    fputc('\n', out);
    char former[SW_FORMER_TEXT];
    if (view->former > 0 && view->all)
        fprintf(out, "%zu of them of former plans, marked *\n", view->former);
    else if (view->former > 0)
        fprintf(out, "%s\n", sw_row_former_text(former, view->former, "--all shows them"));
    if (view->live) print_bar(out, view);
    bool any = false;
    for (int p = 0; p < SW_PHASE_COUNT; p++) {
        if (view->phases[p] == 0) continue;
        fprintf(out, "%s%zu %s", any ? ", " : "phases: ", view->phases[p], sw_phase_names[p]);
        any = true;
    }
    if (any) fputc('\n', out);
}

void sw_status_view_print_failures(const sw_table *table, const sw_results *results, const sw_status_view *view) {
    char state[SW_STATE_TEXT];
    const size_t bad = view->states[SW_RUN_FAILED] + view->states[SW_RUN_DIVERGED] + view->damaged;
    const size_t most = sw_table_shown(table, bad);
    size_t shown = 0;
    for (size_t r = 0; r < sw_results_count(results) && shown < most; r++) {
        const sw_result_row *row = sw_results_row(results, r);
        if (!sw_row_is_told(results, r, view->all)) continue;
        if (row->state != SW_RUN_FAILED && row->state != SW_RUN_DIVERGED && !row->damaged) continue;
        sw_text_printf(table->out, "run %zu %s: %s\n", r, row->damaged ? "damaged" : sw_row_state(state, row->state),
                       row->damaged    ? "its checksum does not fit; the next start trains it again"
                       : row->error[0] ? row->error
                                       : "no reason recorded");
        shown++;
    }
    sw_table_print_rest(table, bad);
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
