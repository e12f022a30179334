/* status_running.c: the runs in training, each with what its worker sent last and its curves so far. */
#include "cli/status_running.h"

#include "cli/names.h"
#include "cli/row.h"
#include "cli/sparkline.h"

#include "symsweep/config.h"

#include <stdlib.h>
#include <string.h>

enum { CURVE_COLUMNS = 11, RUNNING_COLUMNS = 66 /* before the setting */ };

/* The curve of a metric so far, in CURVE_COLUMNS columns; `scale` NULL = its own. */
static void print_curve(FILE *out, const sw_record *records, size_t count, int metric,
                        const sw_sparkline_scale *scale) {
    char line[CURVE_COLUMNS * SW_SPARKLINE_BYTES + 1] = "";
    sw_sparkline_scale own;
    size_t columns = 0;
    if (sw_sparkline_range(&own, records, count, metric))
        columns = sw_sparkline(line, CURVE_COLUMNS, records, count, metric, scale ? scale : &own);
    fprintf(out, "%s%*s", line, (int)(CURVE_COLUMNS - columns), "");
}

/* The violation that decides t_sym: the largest of phase.family. -1 = the configuration does not say. */
static int violation_of(const sw_result_row *row) {
    char name[64];
    if (!sw_config_lookup(row->config, "phase.family", name, sizeof name)) return -1;
    for (int f = 0; f < SW_FAMILY_COUNT; f++)
        if (strcmp(name, sw_family_names[f]) == 0) return SW_METRIC_OF_FAMILY(f, SW_FAMILY_MAX);
    return -1;
}

static sw_status print_run(FILE *out, sw_results *results, size_t r, const char *setting) {
    static const sw_sparkline_scale share = {.low = 0, .high = 1};
    const sw_result_row *row = sw_results_row(results, r);
    const double planned = sw_status_view_planned_steps(row);
    sw_record *records;
    size_t count;
    const sw_status status = sw_results_records(results, r, &records, &count);
    if (status != SW_OK) return status;
    const sw_record *newest = count > 0 ? &records[count - 1] : NULL;
    const int violation = violation_of(row);
    fprintf(out, "%5zu %6lld ", r, (long long)row->seed);
    if (newest)
        fprintf(out, "%8lld %3.0f%% %5.3f %5.3f  ", (long long)newest->step,
                planned > 0 ? 100 * (double)newest->step / planned : 0.0,
                (double)newest->value[SW_METRIC_TRAIN_ACCURACY], (double)newest->value[SW_METRIC_TEST_ACCURACY]);
    else
        fprintf(out, "%8s %4s %5s %5s  ", "-", "-", "-", "-");
    print_curve(out, records, count, SW_METRIC_TEST_ACCURACY, &share);
    fputs("  ", out);
    print_curve(out, records, violation >= 0 ? count : 0, violation >= 0 ? violation : 0, NULL);
    fprintf(out, "  %s\n", setting);
    free(records);
    return SW_OK;
}

sw_status sw_status_running_print(const sw_table *table, sw_results *results, const sw_settings *settings,
                                  const sw_status_view *view) {
    const size_t running = view->states[SW_RUN_RUNNING], most = sw_table_shown(table, running);
    size_t shown = 0;
    sw_names *names;
    sw_status status = sw_names_create(&names, settings, table->columns - RUNNING_COLUMNS);
    if (status != SW_OK) return status;
    fprintf(table->out, "%5s %6s %8s %4s %5s %5s  %-*s  %-*s  %s\n", "run", "seed", "step", "", "train", "test",
            CURVE_COLUMNS, "test so far", CURVE_COLUMNS, "violation", sw_names_heading(names));
    for (size_t i = 0; i < sw_settings_run_count(settings) && shown < most && status == SW_OK; i++) {
        const size_t r = sw_settings_row(settings, i);
        if (sw_results_row(results, r)->state != SW_RUN_RUNNING) continue;
        status = print_run(table->out, results, r, sw_names_get(names, sw_settings_of(settings, i)));
        shown++;
    }
    sw_table_print_rest(table, running);
    sw_names_destroy(names);
    return status;
}
