/* table.c: tables of a sweep's runs. */
#include "cli/table.h"

#include "cli/row.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SETTINGS_SHOWN = 60, SETTING_MAX = 256 };
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

/* `text` in at most `width` columns; what is longer is cut with an ellipsis. */
static void print_cut(const char *text, int width) {
    if (columns_of(text) <= width) {
        fputs(text, stdout);
        return;
    }
    for (int left = width - 1; *text && (left > 0 || ((unsigned char)*text & 0xc0) == 0x80); text++) {
        if (((unsigned char)*text & 0xc0) != 0x80) left--;
        putchar(*text);
    }
    fputs("\xe2\x80\xa6", stdout);
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

/* ---- how settings are named ---- */

static bool is_seed(const char *path) { return strcmp(path, "seed") == 0 || strcmp(path, "data_seed") == 0; }

static void axis_text(char out[160], const sw_results *results, size_t row, size_t axis) {
    sw_row_value(out, 160, sw_results_axis(results, axis), sw_results_axis_value(results, row, axis));
}

/* Does the axis differ among runs of one label? What the label decides need not be told beside it. */
static bool varies_in_labels(const sw_results *results, size_t axis) {
    char text[160], other[160];
    for (size_t r = 1; r < sw_results_count(results); r++) {
        size_t q = 0; /* the first run with this label */
        while (strcmp(sw_results_row(results, q)->label, sw_results_row(results, r)->label) != 0) q++;
        axis_text(text, results, r, axis);
        axis_text(other, results, q, axis);
        if (strcmp(text, other) != 0) return true;
    }
    return false;
}

/* The shortest end of a dotted path that no other axis has: "weight", "commutativity.weight". */
static const char *short_path(const sw_results *results, size_t axis) {
    const char *path = sw_results_axis(results, axis)->path;
    for (const char *dot = strrchr(path, '.');; dot--) {
        while (dot > path && *dot != '.') dot--;
        if (!dot || dot <= path) return path;
        const char *end = dot + 1;
        bool unique = true;
        for (size_t a = 0; a < sw_results_axis_count(results) && unique; a++) {
            const char *other = sw_results_axis(results, a)->path;
            const size_t length = strlen(other), want = strlen(end);
            if (a != axis && length >= want && strcmp(other + length - want, end) == 0) unique = false;
        }
        if (unique) return end;
    }
}

/* What each axis is called in names of settings, to be freed; NULL = it is left out. */
static sw_status name_axes(const char ***out, const sw_results *results) {
    const size_t count = sw_results_axis_count(results);
    *out = calloc(count + 1, sizeof **out);
    if (!*out) return sw_fail(SW_E_MEMORY, "names of settings");
    for (size_t a = 0; a < count; a++)
        if (!is_seed(sw_results_axis(results, a)->path) && varies_in_labels(results, a))
            (*out)[a] = short_path(results, a);
    return SW_OK;
}

/* Setting of a run: "baseline, weight=0.1"; "all runs" when there is nothing to tell. Cut to fit. */
static void name_setting(char out[SETTING_MAX], const char *const *axes, const sw_results *results, size_t row) {
    char value[160];
    size_t length = (size_t)snprintf(out, SETTING_MAX, "%s", sw_results_row(results, row)->label);
    for (size_t a = 0; a < sw_results_axis_count(results) && length < SETTING_MAX; a++) {
        if (!axes[a] || sw_row_lacks(sw_results_axis(results, a), sw_results_axis_value(results, row, a))) continue;
        axis_text(value, results, row, a);
        length += (size_t)snprintf(out + length, SETTING_MAX - length, "%s%s=%s", length ? ", " : "", axes[a], value);
    }
    if (length == 0) snprintf(out, SETTING_MAX, "all runs");
}

/* ---- settings ---- */

typedef struct setting {
    char name[SETTING_MAX];
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
    print_cut(text, TABLE_WIDTH - PHASES_COLUMN);
}

static void print_setting(setting *s) {
    char runs[48];
    snprintf(runs, sizeof runs, s->over == s->runs ? "%zu" : "%zu/%zu", s->over, s->runs);
    const int columns = columns_of(s->name);
    if (columns > SETTING_WIDTH) {
        print_cut(s->name, TABLE_WIDTH);
        printf("\n%*s", SETTING_WIDTH, "");
    } else {
        printf("%s%*s", s->name, SETTING_WIDTH - columns, "");
    }
    printf(" %7s", runs);
    for (int o = 0; o < SW_ONSETS_TABLED; o++) print_step(median(s->onsets[o], s->over));
    fputs("  ", stdout);
    print_phases(s);
    putchar('\n');
}

static sw_status collect(setting *settings, size_t *count, const char *const *axes, const sw_results *results) {
    sw_status status = SW_OK;
    for (size_t r = 0; r < sw_results_count(results) && status == SW_OK; r++) {
        if (sw_results_row(results, r)->state == SW_RUN_NOT_SELECTED) continue; /* as if it were not in the sweep */
        char name[SETTING_MAX];
        size_t i = 0;
        name_setting(name, axes, results, r);
        while (i < *count && strcmp(settings[i].name, name) != 0) i++;
        if (i == *count) memcpy(settings[(*count)++].name, name, sizeof name);
        status = add_run(&settings[i], sw_results_row(results, r));
    }
    return status;
}

sw_status sw_table_print_settings(const sw_results *results) {
    const char **axes = NULL;
    size_t count = 0;
    setting *settings = calloc(sw_results_count(results) + 1, sizeof *settings);
    sw_status status = settings ? name_axes(&axes, results) : sw_fail(SW_E_MEMORY, "table of settings");
    if (status == SW_OK) status = collect(settings, &count, axes, results);
    if (status == SW_OK) {
        printf("%-*s %7s", SETTING_WIDTH, "setting", "runs");
        print_onset_names();
        printf("  phases\n");
        for (size_t i = 0; i < count && i < SETTINGS_SHOWN; i++) print_setting(&settings[i]);
        if (count > SETTINGS_SHOWN) printf("  ... and %zu more\n", count - SETTINGS_SHOWN);
    }
    for (size_t i = 0; i < count; i++)
        for (int o = 0; o < SW_ONSETS_TABLED; o++) free(settings[i].onsets[o]);
    free(axes);
    free(settings);
    return status;
}

/* ---- runs ---- */

static sw_status print_run(const char *const *axes, sw_results *results, size_t r) {
    const sw_result_row *row = sw_results_row(results, r);
    char name[SETTING_MAX], accuracy[16] = "-", state[SW_STATE_TEXT];
    sw_row_now now;
    const sw_status status = sw_row_newest(&now, results, r);
    if (status != SW_OK) return status;
    if (!isnan(now.test_accuracy)) snprintf(accuracy, sizeof accuracy, "%.3f", now.test_accuracy);
    printf("%5zu %6" PRId64 "  %-13s", r, row->seed,
           row->damaged                   ? "damaged"
           : sw_states[row->state].result ? sw_phase_names[row->onsets.phase]
                                          : sw_row_state(state, row->state));
    for (int o = 0; o < SW_ONSETS_TABLED; o++) print_step(sw_row_onset(row, o));
    printf("  %6s  ", accuracy);
    name_setting(name, axes, results, r);
    print_cut(name, TABLE_WIDTH - RUN_COLUMNS);
    putchar('\n');
    return SW_OK;
}

sw_status sw_table_print_runs(sw_results *results, size_t most) {
    size_t shown = 0, left = 0;
    const char **axes = NULL;
    sw_status status = name_axes(&axes, results);
    if (status != SW_OK) return status;
    printf("%5s %6s  %-13s", "run", "seed", "phase");
    print_onset_names();
    printf("  %6s  setting\n", "test");
    for (size_t r = 0; r < sw_results_count(results) && status == SW_OK; r++) {
        if (sw_results_row(results, r)->state == SW_RUN_NOT_SELECTED) continue;
        if (shown++ < most)
            status = print_run(axes, results, r);
        else
            left++;
    }
    if (left > 0 && status == SW_OK) printf("  ... and %zu more\n", left);
    free(axes);
    return status;
}
