/* table.c: tables of a sweep's runs. */
#include "cli/table.h"

#include "cli/row.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Columns: of the whole table, of a setting's name, before its phases, before the setting of a run. */
enum { TABLE_WIDTH = 80, SETTING_WIDTH = 22, PHASES_COLUMN = SETTING_WIDTH + 37, RUN_COLUMNS = 64 };

/* What a run of a phase has done, in full and where that has no room. */
static const struct {
    const char *full, *brief;
} phase_words[] = {
    [SW_PHASE_CONFUSION] = {"confused", "conf"}, [SW_PHASE_MEMORIZATION] = {"memorized", "mem"},
    [SW_PHASE_GROKKING] = {"grokked", "grok"},   [SW_PHASE_COMPREHENSION] = {"comprehended", "comp"},
    [SW_PHASE_DIVERGED] = {"diverged", "div"},   [SW_PHASE_UNFINISHED] = {"unfinished", "unf"},
};
_Static_assert(sizeof phase_words / sizeof phase_words[0] == SW_PHASE_COUNT, "every phase has its words");

/* Terminal columns of UTF-8 text: its bytes but the continuations. */
static int columns_of(const char *text) {
    int columns = 0;
    for (; *text; text++) columns += ((unsigned char)*text & 0xc0) != 0x80;
    return columns;
}

/* `text` without its first `columns` columns. */
static const char *skip_columns(const char *text, int columns) {
    for (; *text && (columns > 0 || ((unsigned char)*text & 0xc0) == 0x80); text++)
        if (((unsigned char)*text & 0xc0) != 0x80) columns--;
    return text;
}

static void print_step(int64_t step) {
    if (step < 0)
        printf(" %8s", "-");
    else
        printf(" %8" PRId64, step);
}

static void print_onset_names(void) {
    for (int o = 0; o < SW_ONSETS_TABLED; o++) printf(" %8s", sw_row_onsets[o].name);
}

/* ---- names of settings ---- */

/* How a name that does not fit is cut in the table of runs: so that no two look alike, by their numbers where nothing
 * else tells. */
typedef enum cut { CUT_END, CUT_BEGINNING, CUT_NUMBERED } cut;

enum { NAME_COLUMNS = TABLE_WIDTH - RUN_COLUMNS, NAME_BYTES = 4 * NAME_COLUMNS + 8 };

static void cut_name(char out[NAME_BYTES], const sw_settings *settings, size_t setting, cut how) {
    const char *name = sw_settings_name(settings, setting);
    char number[24] = "";
    if (how == CUT_NUMBERED) snprintf(number, sizeof number, "%zu: ", setting + 1);
    const int columns = columns_of(name), room = NAME_COLUMNS - (int)strlen(number);
    if (columns <= room)
        snprintf(out, NAME_BYTES, "%s%s", number, name);
    else if (how == CUT_BEGINNING)
        snprintf(out, NAME_BYTES, "\xe2\x80\xa6%s", skip_columns(name, columns - room + 1));
    else
        snprintf(out, NAME_BYTES, "%s%.*s\xe2\x80\xa6", number, (int)(skip_columns(name, room - 1) - name), name);
}

static int by_text(const void *a, const void *b) { return strcmp(a, b); }

static sw_status choose_cut(cut *out, const sw_settings *settings) {
    const size_t count = sw_settings_count(settings);
    char(*names)[NAME_BYTES] = calloc(count + 1, sizeof *names);
    if (!names) return sw_fail(SW_E_MEMORY, "names of settings");
    for (*out = CUT_END; *out < CUT_NUMBERED; (*out)++) {
        size_t alike = 0;
        for (size_t i = 0; i < count; i++) cut_name(names[i], settings, i, *out);
        qsort(names, count, sizeof *names, by_text);
        for (size_t i = 1; i < count; i++) alike += strcmp(names[i], names[i - 1]) == 0;
        if (alike == 0) break;
    }
    free(names);
    return SW_OK;
}

/* A name in full, in lines of the table's width that end behind a comma where there is one. Returns the columns of the
 * last line. */
static int print_wrapped(const char *name) {
    while (columns_of(name) > TABLE_WIDTH) {
        const char *end = skip_columns(name, TABLE_WIDTH), *comma = NULL;
        for (const char *at = name; at < end; at++)
            if (at[0] == ',' && at[1] == ' ') comma = at + 1;
        if (comma) end = comma;
        printf("%.*s\n", (int)(end - name), name);
        name = end + (*end == ' ');
    }
    fputs(name, stdout);
    return columns_of(name);
}

/* ---- settings ---- */

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
static void print_phases(const setting *s) {
    char text[SW_PHASE_COUNT * 36] = "-";
    for (int brief = 0; brief < 2; brief++) {
        size_t length = 0;
        for (int p = 0; p < SW_PHASE_COUNT; p++) {
            if (s->phases[p] == 0) continue;
            const char *gap = length == 0 ? "" : brief ? " " : ", ";
            length += (size_t)snprintf(text + length, sizeof text - length, "%s%zu %s", gap, s->phases[p],
                                       brief ? phase_words[p].brief : phase_words[p].full);
        }
        if (length <= TABLE_WIDTH - PHASES_COLUMN) break;
    }
    const int room = TABLE_WIDTH - PHASES_COLUMN;
    if (columns_of(text) > room)
        printf("%.*s\xe2\x80\xa6", room - 1, text);
    else
        fputs(text, stdout);
}

static sw_status print_setting(const sw_settings *settings, size_t i, cut how, setting *s) {
    char runs[48], number[24] = "";
    const char *name = sw_settings_name(settings, i);
    char *whole = malloc(strlen(name) + sizeof number);
    if (!whole) return sw_fail(SW_E_MEMORY, "names of settings");
    if (how == CUT_NUMBERED) snprintf(number, sizeof number, "%zu: ", i + 1);
    snprintf(whole, strlen(name) + sizeof number, "%s%s", number, name);
    snprintf(runs, sizeof runs, s->over == s->runs ? "%zu" : "%zu/%zu", s->over, s->runs);
    const bool wraps = columns_of(whole) > TABLE_WIDTH;
    const int columns = print_wrapped(whole);
    free(whole);
    if (columns > SETTING_WIDTH || wraps)
        printf("\n%*s", SETTING_WIDTH, "");
    else
        printf("%*s", SETTING_WIDTH - columns, "");
    printf(" %7s", runs);
    for (int o = 0; o < SW_ONSETS_TABLED; o++) print_step(median(s->onsets[o], s->over));
    fputs("  ", stdout);
    print_phases(s);
    putchar('\n');
    return SW_OK;
}

sw_status sw_table_print_settings(const sw_results *results, const sw_settings *settings, size_t most) {
    const size_t count = sw_settings_count(settings);
    setting *counted = calloc(count + 1, sizeof *counted);
    cut how;
    sw_status status = counted ? choose_cut(&how, settings) : sw_fail(SW_E_MEMORY, "table of settings");
    for (size_t i = 0; i < sw_settings_run_count(settings) && status == SW_OK; i++)
        status = add_run(&counted[sw_settings_of(settings, i)], sw_results_row(results, sw_settings_row(settings, i)));
    if (status == SW_OK) {
        printf("%-*s %7s", SETTING_WIDTH, "setting", "runs");
        print_onset_names();
        printf("  phases\n");
        for (size_t i = 0; i < count && i < most && status == SW_OK; i++)
            status = print_setting(settings, i, how, &counted[i]);
        if (count > most) printf("  ... and %zu more\n", count - most);
    }
    for (size_t i = 0; counted && i < count; i++)
        for (int o = 0; o < SW_ONSETS_TABLED; o++) free(counted[i].onsets[o]);
    free(counted);
    return status;
}

/* ---- runs ---- */

static sw_status print_run(sw_results *results, const sw_settings *settings, size_t i, cut how) {
    const size_t r = sw_settings_row(settings, i);
    const sw_result_row *row = sw_results_row(results, r);
    char accuracy[16] = "-", state[SW_STATE_TEXT], name[NAME_BYTES];
    sw_row_now now;
    const sw_status status = sw_row_newest(&now, results, r);
    if (status != SW_OK) return status;
    if (!isnan(now.test_accuracy)) snprintf(accuracy, sizeof accuracy, "%.3f", now.test_accuracy);
    printf("%5zu%c%6" PRId64 "  %-13s", r, row->planned ? ' ' : '*', row->seed,
           row->damaged                   ? "damaged"
           : sw_states[row->state].result ? sw_phase_names[row->onsets.phase]
                                          : sw_row_state(state, row->state));
    for (int o = 0; o < SW_ONSETS_TABLED; o++) print_step(sw_row_onset(row, o));
    printf("  %6s  ", accuracy);
    cut_name(name, settings, sw_settings_of(settings, i), how);
    puts(name);
    return SW_OK;
}

sw_status sw_table_print_runs(sw_results *results, const sw_settings *settings, size_t most) {
    const size_t count = sw_settings_run_count(settings);
    cut how;
    sw_status status = choose_cut(&how, settings);
    if (status != SW_OK) return status;
    printf("%5s %6s  %-13s", "run", "seed", "phase");
    print_onset_names();
    printf("  %6s  setting\n", "test");
    for (size_t i = 0; i < count && i < most && status == SW_OK; i++) status = print_run(results, settings, i, how);
    if (count > most && status == SW_OK) printf("  ... and %zu more\n", count - most);
    return status;
}
