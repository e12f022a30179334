/* table.c: tables of a sweep's runs. */
#include "cli/table.h"

#include "cli/names.h"
#include "cli/row.h"
#include "symsweep/text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Columns: behind the name of a setting, of them its phases; before the setting of a run. */
enum { SETTING_COLUMNS = 58, PHASES_COLUMNS = 21, RUN_COLUMNS = 64 };

static int setting_width(const sw_table *table) { return table->columns - SETTING_COLUMNS; }

/* What a run of a phase has done, in full and where that has no room. */
static const struct {
    const char *full, *brief;
} phase_words[] = {
    [SW_PHASE_CONFUSION] = {"confused", "conf"}, [SW_PHASE_MEMORIZATION] = {"memorized", "mem"},
    [SW_PHASE_GROKKING] = {"grokked", "grok"},   [SW_PHASE_COMPREHENSION] = {"comprehended", "comp"},
    [SW_PHASE_DIVERGED] = {"diverged", "div"},   [SW_PHASE_UNFINISHED] = {"unfinished", "unf"},
};
_Static_assert(sizeof phase_words / sizeof phase_words[0] == SW_PHASE_COUNT, "every phase has its words");

static void print_step(const sw_table *table, int64_t step) {
    if (step < 0)
        fprintf(table->out, " %8s", "-");
    else
        fprintf(table->out, " %8" PRId64, step);
}

static void print_onset_names(const sw_table *table) {
    for (int o = 0; o < SW_ONSETS_TABLED; o++) fprintf(table->out, " %8s", sw_row_onsets[o].name);
}

/* ---- settings ---- */

/* A name in full, in lines of the table's width that end behind a comma where there is one. Returns the columns of the
 * last line. */
static int print_wrapped(const sw_table *table, const char *name) {
    while (sw_text_columns(name) > table->columns) {
        const char *end = sw_text_skip(name, table->columns), *comma = NULL;
        for (const char *at = name; at < end; at++)
            if (at[0] == ',' && at[1] == ' ') comma = at + 1;
        if (comma) end = comma;
        fprintf(table->out, "%.*s\n", (int)(end - name), name);
        name = end + (*end == ' ');
    }
    fputs(name, table->out);
    return sw_text_columns(name);
}

size_t sw_table_shown(const sw_table *table, size_t count) {
    return count <= table->most ? count : table->cut && table->most > 0 ? table->most - 1 : table->most;
}

void sw_table_print_rest(const sw_table *table, size_t count) {
    const size_t shown = sw_table_shown(table, count);
    if (count > shown) fprintf(table->out, "  ... and %zu more\n", count - shown);
}

typedef struct setting {
    size_t runs, over, phases[SW_PHASE_COUNT];
    int64_t *onsets[SW_ONSETS_TABLED]; /* [over] each */
} setting;

static int by_step(const void *a, const void *b) {
    /* not reached comes last */
    const uint64_t x = (uint64_t) * (const int64_t *)a, y = (uint64_t) * (const int64_t *)b;
    return (x > y) - (x < y);
}

/* The lower middle one; -1 = most did not reach it. */
static int64_t median(int64_t *steps, size_t count) {
    if (count == 0) return -1;
    qsort(steps, count, sizeof *steps, by_step);
    return steps[(count - 1) / 2];
}

static sw_status add_run(setting *s, const sw_result_row *row) {
    s->runs++;
    if (!sw_states[row->state].over) return SW_OK;
    for (int o = 0; o < SW_ONSETS_TABLED; o++) {
        int64_t *more = realloc(s->onsets[o], (s->over + 1) * sizeof *more);
        if (!more) return sw_fail(SW_E_MEMORY, "table of settings");
        s->onsets[o] = more;
        more[s->over] = sw_row_onset(row, o);
    }
    s->over++;
    s->phases[row->state == SW_RUN_DIVERGED ? SW_PHASE_DIVERGED : row->onsets.phase]++;
    return SW_OK;
}

/* "2 memorized, 1 grokked"; words in short where that has no room: "12 mem 3 grok 5 comp". */
static void print_phases(const sw_table *table, const setting *s) {
    char text[SW_PHASE_COUNT * 36] = "-";
    for (int brief = 0; brief < 2; brief++) {
        size_t length = 0;
        for (int p = 0; p < SW_PHASE_COUNT; p++) {
            if (s->phases[p] == 0) continue;
            const char *gap = length == 0 ? "" : brief ? " " : ", ";
            length += (size_t)snprintf(text + length, sizeof text - length, "%s%zu %s", gap, s->phases[p],
                                       brief ? phase_words[p].brief : phase_words[p].full);
        }
        if (length <= PHASES_COLUMNS) break;
    }
    if (sw_text_columns(text) > PHASES_COLUMNS)
        fprintf(table->out, "%.*s\xe2\x80\xa6", PHASES_COLUMNS - 1, text);
    else
        fputs(text, table->out);
}

/* Its name in full. Returns the columns of its last line, -1 when it has a line of its own. */
static int print_whole_name(const sw_table *table, const char *name, const char *number) {
    const size_t bytes = strlen(name) + strlen(number) + 1;
    char *whole = malloc(bytes);
    if (!whole) return -1;
    snprintf(whole, bytes, "%s%s", number, name);
    const bool wraps = sw_text_columns(whole) > table->columns;
    const int columns = print_wrapped(table, whole);
    free(whole);
    return columns > setting_width(table) || wraps ? -1 : columns;
}

static void print_setting(const sw_table *table, const sw_settings *settings, size_t i, const sw_names *names,
                          setting *s) {
    char runs[48], number[24] = "";
    const char *name = sw_settings_name(settings, i);
    int columns;
    if (sw_names_are_numbered(names)) snprintf(number, sizeof number, "%zu: ", i + 1);
    if (table->cut) {
        columns = sw_text_columns(sw_names_get(names, i));
        fputs(sw_names_get(names, i), table->out);
    } else {
        columns = print_whole_name(table, name, number);
    }
    snprintf(runs, sizeof runs, s->over == s->runs ? "%zu" : "%zu/%zu", s->over, s->runs);
    if (columns < 0)
        fprintf(table->out, "\n%*s", setting_width(table), "");
    else
        fprintf(table->out, "%*s", setting_width(table) - columns, "");
    fprintf(table->out, " %7s", runs);
    for (int o = 0; o < SW_ONSETS_TABLED; o++) print_step(table, median(s->onsets[o], s->over));
    fputs("  ", table->out);
    print_phases(table, s);
    fputc('\n', table->out);
}

/* When not all are shown, those of which something is known come first. */
static void print_most(const sw_table *table, const sw_settings *settings, const sw_names *names, setting *counted,
                       size_t most) {
    const size_t count = sw_settings_count(settings);
    const bool all = most >= count;
    for (int known = 1; known >= all; known--)
        for (size_t i = 0; i < count && most > 0; i++) {
            if (!all && (counted[i].over > 0) != known) continue;
            print_setting(table, settings, i, names, &counted[i]);
            most--;
        }
}

sw_status sw_table_print_settings(const sw_table *table, const sw_results *results, const sw_settings *settings) {
    const size_t count = sw_settings_count(settings);
    setting *counted = calloc(count + 1, sizeof *counted);
    sw_names *names = NULL;
    sw_status status =
        counted ? sw_names_create(&names, settings, table->cut ? setting_width(table) : table->columns - RUN_COLUMNS)
                : sw_fail(SW_E_MEMORY, "table of settings");
    for (size_t i = 0; i < sw_settings_run_count(settings) && status == SW_OK; i++)
        status = add_run(&counted[sw_settings_of(settings, i)], sw_results_row(results, sw_settings_row(settings, i)));
    if (status == SW_OK) {
        const size_t shown = sw_table_shown(table, count);
        const char *heading = table->cut ? sw_names_heading(names) : "setting";
        fprintf(table->out, "%s%*s %7s", heading, setting_width(table) - sw_text_columns(heading), "", "runs");
        print_onset_names(table);
        fputs("  phases\n", table->out);
        print_most(table, settings, names, counted, shown);
        sw_table_print_rest(table, count);
    }
    for (size_t i = 0; counted && i < count; i++)
        for (int o = 0; o < SW_ONSETS_TABLED; o++) free(counted[i].onsets[o]);
    free(counted);
    sw_names_destroy(names);
    return status;
}

/* ---- runs ---- */

static sw_status print_run(const sw_table *table, sw_results *results, const sw_settings *settings, size_t i,
                           const sw_names *names) {
    const size_t r = sw_settings_row(settings, i);
    const sw_result_row *row = sw_results_row(results, r);
    char accuracy[16] = "-", state[SW_STATE_TEXT];
    sw_row_now now;
    const sw_status status = sw_row_newest(&now, results, r);
    if (status != SW_OK) return status;
    if (!isnan(now.test_accuracy)) snprintf(accuracy, sizeof accuracy, "%.3f", now.test_accuracy);
    fprintf(table->out, "%5zu%c%6" PRId64 "  %-13s", r, row->planned ? ' ' : '*', row->seed,
            row->damaged                   ? "damaged"
            : sw_states[row->state].result ? sw_phase_names[row->onsets.phase]
                                           : sw_row_state(state, row->state));
    for (int o = 0; o < SW_ONSETS_TABLED; o++) print_step(table, sw_row_onset(row, o));
    fprintf(table->out, "  %6s  %s\n", accuracy, sw_names_get(names, sw_settings_of(settings, i)));
    return SW_OK;
}

sw_status sw_table_print_runs(const sw_table *table, sw_results *results, const sw_settings *settings) {
    const size_t count = sw_settings_run_count(settings), shown = sw_table_shown(table, count);
    sw_names *names;
    sw_status status = sw_names_create(&names, settings, table->columns - RUN_COLUMNS);
    if (status != SW_OK) return status;
    fprintf(table->out, "%5s %6s  %-13s", "run", "seed", "phase");
    print_onset_names(table);
    fprintf(table->out, "  %6s  %s\n", "test", sw_names_heading(names));
    for (size_t i = 0; i < shown && status == SW_OK; i++) status = print_run(table, results, settings, i, names);
    sw_table_print_rest(table, count);
    sw_names_destroy(names);
    return status;
}
