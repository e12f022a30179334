/* status_view.c: what `symsweep status` tells, as text. */
#include "status_view.h"

#include "symsweep/clock.h"
#include "symsweep/config.h"
#include "symsweep/table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { RUNNING_SHOWN = 16, FAILURES_SHOWN = 20 };

/* ---- counting ---- */

static double planned_steps(const sw_result_row *row)
{
    char text[64];
    return sw_config_lookup(row->config, "steps", text, sizeof text) ? strtod(text, NULL) : 0;
}

static bool is_over(sw_run_state state) { return state != SW_RUN_PENDING && state != SW_RUN_RUNNING; }

static sw_status add_run(sw_status_view *view, sw_results *results, size_t r, double *rate_sum, size_t *rates)
{
    const sw_result_row *row = sw_results_row(results, r);
    view->states[row->state]++;
    view->damaged += row->damaged;
    if (is_over(row->state)) {
        view->phases[row->onsets.phase]++;
        view->steps_done += row->steps > 0 ? (double)row->steps : 0;
        if (row->steps_per_second > 0) {
            *rate_sum += row->steps_per_second;
            (*rates)++;
        }
        return SW_OK;
    }
    double done = 0;
    if (row->state == SW_RUN_RUNNING) {
        sw_record newest;
        bool any;
        const sw_status status = sw_results_newest(results, r, &newest, &any);
        if (status) return status;
        if (any) done = (double)newest.step;
    }
    const double planned = planned_steps(row);
    view->steps_done += done;
    view->steps_left += planned > done ? planned - done : 0;
    return SW_OK;
}

sw_status sw_status_view_read(sw_status_view *out, sw_results *results, const sw_status_view *before)
{
    double rate_sum = 0;
    size_t rates = 0;
    memset(out, 0, sizeof *out);
    out->runs = sw_results_count(results);
    out->live = sw_results_live(results);
    out->when = sw_clock_now();
    out->steps_per_second = out->eta = NAN;
    sw_results_writer(results, out->writer);
    sw_status status = SW_OK;
    for (size_t r = 0; r < out->runs && !status; r++) status = add_run(out, results, r, &rate_sum, &rates);
    if (status || !out->live) return status;
    const size_t running = out->states[SW_RUN_RUNNING];
    if (before && out->steps_done > before->steps_done && out->when > before->when)
        out->steps_per_second = (out->steps_done - before->steps_done) / (out->when - before->when);
    else if (rates > 0 && running > 0)
        out->steps_per_second = rate_sum / (double)rates * (double)running;
    if (out->steps_per_second > 0) out->eta = out->steps_left / out->steps_per_second;
    return SW_OK;
}

bool sw_status_view_differs(const sw_status_view *a, const sw_status_view *b)
{
    return a->runs != b->runs || memcmp(a->states, b->states, sizeof a->states) != 0;
}

/* ---- text ---- */

static void print_counts(const sw_status_view *view)
{
    printf("%zu runs:", view->runs);
    const char *gap = " ";
    for (int s = 0; s < SW_STATE_COUNT; s++) {
        /* done and running first */
        static const sw_run_state order[SW_STATE_COUNT] = {SW_RUN_DONE,    SW_RUN_RUNNING,      SW_RUN_PENDING,
                                                           SW_RUN_DIVERGED, SW_RUN_FAILED, SW_RUN_NOT_SELECTED,
                                                           SW_RUN_PRUNED};
        const size_t count = view->states[order[s]];
        if (count == 0) continue;
        printf("%s%zu %s", gap, count, sw_run_state_name(order[s]));
        gap = ", ";
    }
}

static void print_speed(const sw_status_view *view)
{
    char text[32];
    if (!isnan(view->steps_per_second)) printf("; %.0f steps/s", view->steps_per_second);
    if (!isnan(view->eta)) {
        sw_clock_format(text, view->eta);
        printf(", at most %s left", text);
    }
}

void sw_status_print_line(const sw_status_view *view)
{
    char now[32];
    sw_clock_utc(now);
    printf("%s  ", now);
    print_counts(view);
    print_speed(view);
    putchar('\n');
}

static void print_head(const sw_results *results, const sw_status_view *view)
{
    const char *created = sw_results_attribute(results, "created_utc");
    printf("%s, begun %s: ", sw_results_sweep_name(results), created ? created : "-");
    if (view->live) printf("being written\nwriter: %s\n", view->writer);
    else if (view->states[SW_RUN_RUNNING] > 0) printf("its writer was killed; start the sweep again to go on\n");
    else if (view->states[SW_RUN_PENDING] > 0) printf("stopped; start the sweep again to go on\n");
    else printf("finished\n");
    print_counts(view);
    print_speed(view);
    putchar('\n');
    bool any = false;
    for (int p = 0; p < SW_PHASE_COUNT; p++) {
        if (view->phases[p] == 0) continue;
        printf("%s%zu %s", any ? ", " : "phases: ", view->phases[p], sw_phase_name((sw_phase)p));
        any = true;
    }
    if (any) putchar('\n');
}

static sw_status print_running(sw_results *results, const sw_status_view *view)
{
    size_t shown = 0;
    if (!view->live || view->states[SW_RUN_RUNNING] == 0) return SW_OK;
    printf("\n%5s %6s %10s %10s %8s %8s  %s\n", "run", "seed", "step", "of", "train", "test", "host");
    for (size_t r = 0; r < view->runs; r++) {
        const sw_result_row *row = sw_results_row(results, r);
        sw_record newest;
        bool any;
        if (row->state != SW_RUN_RUNNING) continue;
        if (++shown > RUNNING_SHOWN) continue;
        const sw_status status = sw_results_newest(results, r, &newest, &any);
        if (status) return status;
        printf("%5zu %6lld ", r, (long long)row->seed);
        if (any)
            printf("%10lld %10.0f %8.4f %8.4f", (long long)newest.step, planned_steps(row),
                   (double)newest.value[SW_METRIC_TRAIN_ACCURACY], (double)newest.value[SW_METRIC_TEST_ACCURACY]);
        else
            printf("%10s %10.0f %8s %8s", "-", planned_steps(row), "-", "-");
        printf("  %.16s\n", row->host);
    }
    if (shown > RUNNING_SHOWN) printf("  ... and %zu more\n", shown - RUNNING_SHOWN);
    return SW_OK;
}

static void print_failures(const sw_results *results, const sw_status_view *view)
{
    const size_t bad = view->states[SW_RUN_FAILED] + view->states[SW_RUN_DIVERGED] + view->damaged;
    size_t shown = 0;
    if (bad == 0) return;
    putchar('\n');
    for (size_t r = 0; r < view->runs && shown < FAILURES_SHOWN; r++) {
        const sw_result_row *row = sw_results_row(results, r);
        if (row->state != SW_RUN_FAILED && row->state != SW_RUN_DIVERGED && !row->damaged) continue;
        printf("run %zu %s: %s\n", r, row->damaged ? "damaged" : sw_run_state_name(row->state),
               row->damaged    ? "its checksum does not fit; the next start trains it again"
               : row->error[0] ? row->error
                               : "no reason recorded");
        shown++;
    }
    if (bad > shown) printf("  ... and %zu more\n", bad - shown);
}

sw_status sw_status_print_text(sw_results *results, const sw_status_view *view, size_t most_runs)
{
    print_head(results, view);
    sw_status status = print_running(results, view);
    if (status) return status;
    putchar('\n');
    status = sw_table_print_settings(stdout, results);
    if (status) return status;
    putchar('\n');
    status = sw_table_print_runs(stdout, results, most_runs);
    if (!status) print_failures(results, view);
    return status;
}
