/* table.c: tables of a sweep's runs. */
#include "symsweep/table.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SETTINGS_SHOWN = 60, SETTING_MAX = 256 };
/* Columns: of the whole table, of a setting's name, before its phases, before the setting of a run. */
enum { TABLE_WIDTH = 80, SETTING_WIDTH = 22, PHASES_COLUMN = SETTING_WIDTH + 37, RUN_COLUMNS = 64 };

/* In full, and where that has no room. */
static const char *const phase_words[][SW_PHASE_COUNT] = {
    {"confused", "memorized", "grokked", "comprehended", "diverged", "unfinished"},
    {"conf", "mem", "grok", "comp", "div", "unf"}};

static bool is_over(sw_run_state state) { return state != SW_RUN_PENDING && state != SW_RUN_RUNNING; }

/* Terminal columns of UTF-8 text: its bytes but the continuations. */
static int columns_of(const char *text)
{
    int columns = 0;
    for (; *text; text++) columns += ((unsigned char)*text & 0xc0) != 0x80;
    return columns;
}

/* `text` in at most `width` columns; what is longer is cut with an ellipsis. */
static void print_cut(FILE *out, const char *text, int width)
{
    if (columns_of(text) <= width) {
        fputs(text, out);
        return;
    }
    for (int left = width - 1; *text && (left > 0 || ((unsigned char)*text & 0xc0) == 0x80); text++) {
        if (((unsigned char)*text & 0xc0) != 0x80) left--;
        fputc(*text, out);
    }
    fputs("\xe2\x80\xa6", out);
}

static void print_step(FILE *out, int64_t step)
{
    if (step < 0)
        fprintf(out, " %8s", "-");
    else
        fprintf(out, " %8" PRId64, step);
}

/* ---- settings ---- */

typedef struct setting {
    char name[SETTING_MAX];
    size_t runs, over, phases[SW_PHASE_COUNT];
    int64_t *t_mem, *t_sym, *t_gen; /* [over] */
} setting;

static int by_step(const void *a, const void *b)
{
    /* not reached comes last */
    const uint64_t x = (uint64_t) * (const int64_t *)a, y = (uint64_t) * (const int64_t *)b;
    return (x > y) - (x < y);
}

/* The lower middle one; -1 = most did not reach it. */
static int64_t median(int64_t *steps, size_t count)
{
    if (count == 0) return -1;
    qsort(steps, count, sizeof *steps, by_step);
    return steps[(count - 1) / 2];
}

static setting *find_setting(setting *settings, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(settings[i].name, name) == 0) return &settings[i];
    return NULL;
}

static sw_status add_run(setting *s, const sw_result_row *row)
{
    s->runs++;
    if (!is_over(row->state)) return SW_OK;
    int64_t **series[] = {&s->t_mem, &s->t_sym, &s->t_gen};
    const int64_t values[] = {row->onsets.t_mem, row->onsets.t_sym, row->onsets.t_gen};
    for (int i = 0; i < 3; i++) {
        int64_t *more = realloc(*series[i], (s->over + 1) * sizeof *more);
        if (!more) return sw_fail(SW_E_MEMORY, "table of settings");
        *series[i] = more;
        more[s->over] = values[i];
    }
    s->over++;
    s->phases[row->state == SW_RUN_DIVERGED ? SW_PHASE_DIVERGED : row->onsets.phase]++;
    return SW_OK;
}

/* "2 memorized, 1 grokked"; words in short where that has no room: "12 mem 3 grok 5 comp". */
static void print_phases(FILE *out, const setting *s)
{
    char text[SW_PHASE_COUNT * 36] = "-";
    for (int form = 0; form < 2; form++) {
        size_t length = 0;
        for (int p = 0; p < SW_PHASE_COUNT; p++) {
            if (s->phases[p] == 0) continue;
            const char *gap = length == 0 ? "" : form == 0 ? ", " : " ";
            length += (size_t)snprintf(text + length, sizeof text - length, "%s%zu %s", gap, s->phases[p],
                                       phase_words[form][p]);
        }
        if (length <= TABLE_WIDTH - PHASES_COLUMN) break;
    }
    print_cut(out, text, TABLE_WIDTH - PHASES_COLUMN);
}

static void print_setting(FILE *out, setting *s)
{
    char runs[48];
    snprintf(runs, sizeof runs, s->over == s->runs ? "%zu" : "%zu/%zu", s->over, s->runs);
    const int columns = columns_of(s->name);
    if (columns > SETTING_WIDTH) {
        print_cut(out, s->name, TABLE_WIDTH);
        fprintf(out, "\n%*s", SETTING_WIDTH, "");
    } else
        fprintf(out, "%s%*s", s->name, SETTING_WIDTH - columns, "");
    fprintf(out, " %7s", runs);
    print_step(out, median(s->t_mem, s->over));
    print_step(out, median(s->t_sym, s->over));
    print_step(out, median(s->t_gen, s->over));
    fputs("  ", out);
    print_phases(out, s);
    fputc('\n', out);
}

static sw_status collect(setting *settings, size_t *count, const sw_naming *naming, const sw_results *results)
{
    sw_status status = SW_OK;
    for (size_t r = 0; r < sw_results_count(results) && status == SW_OK; r++) {
        if (sw_results_row(results, r)->state == SW_RUN_NOT_SELECTED) continue; /* as if it were not in the sweep */
        char name[SETTING_MAX];
        sw_table_setting(name, sizeof name, naming, results, r);
        setting *s = find_setting(settings, *count, name);
        if (!s) {
            s = &settings[(*count)++];
            memcpy(s->name, name, sizeof s->name);
        }
        status = add_run(s, sw_results_row(results, r));
    }
    return status;
}

sw_status sw_table_print_settings(FILE *out, const sw_results *results)
{
    sw_naming *naming = NULL;
    size_t count = 0;
    setting *settings = calloc(sw_results_count(results) + 1, sizeof *settings);
    sw_status status = settings ? sw_naming_create(&naming, results) : sw_fail(SW_E_MEMORY, "table of settings");
    if (status == SW_OK) status = collect(settings, &count, naming, results);
    if (status == SW_OK) {
        fprintf(out, "%-*s %7s %8s %8s %8s  %s\n", SETTING_WIDTH, "setting", "runs", "t_mem", "t_sym", "t_gen",
                "phases");
        for (size_t i = 0; i < count && i < SETTINGS_SHOWN; i++) print_setting(out, &settings[i]);
        if (count > SETTINGS_SHOWN) fprintf(out, "  ... and %zu more\n", count - SETTINGS_SHOWN);
    }
    for (size_t i = 0; i < count; i++) {
        free(settings[i].t_mem);
        free(settings[i].t_sym);
        free(settings[i].t_gen);
    }
    sw_naming_destroy(naming);
    free(settings);
    return status;
}

/* ---- runs ---- */

static sw_status print_run(FILE *out, const sw_naming *naming, sw_results *results, size_t r)
{
    const sw_result_row *row = sw_results_row(results, r);
    double test = row->test_accuracy;
    char name[SETTING_MAX], accuracy[16] = "-";
    if (row->state == SW_RUN_RUNNING) {
        sw_record newest;
        bool any;
        const sw_status status = sw_results_newest(results, r, &newest, &any);
        if (status != SW_OK) return status;
        if (any) test = (double)newest.value[SW_METRIC_TEST_ACCURACY];
    }
    if (!isnan(test)) snprintf(accuracy, sizeof accuracy, "%.3f", test);
    const bool told = row->state == SW_RUN_DONE || row->state == SW_RUN_DIVERGED;
    const char *phase = row->damaged ? "damaged"
                        : told       ? sw_phase_names[row->onsets.phase]
                                     : sw_table_state_text(row->state);
    sw_table_setting(name, sizeof name, naming, results, r);
    fprintf(out, "%5zu %6" PRId64 "  %-13s", r, row->seed, phase);
    print_step(out, row->onsets.t_mem);
    print_step(out, row->onsets.t_sym);
    print_step(out, row->onsets.t_gen);
    fprintf(out, "  %6s  ", accuracy);
    print_cut(out, name, TABLE_WIDTH - RUN_COLUMNS);
    fputc('\n', out);
    return SW_OK;
}

sw_status sw_table_print_runs(FILE *out, sw_results *results, size_t most)
{
    const size_t runs = sw_results_count(results);
    size_t shown = 0, left = 0;
    sw_naming *naming;
    sw_status status = sw_naming_create(&naming, results);
    if (status != SW_OK) return status;
    fprintf(out, "%5s %6s  %-13s %8s %8s %8s  %6s  %s\n", "run", "seed", "phase", "t_mem", "t_sym", "t_gen", "test",
            "setting");
    for (size_t r = 0; r < runs && status == SW_OK; r++) {
        if (sw_results_row(results, r)->state == SW_RUN_NOT_SELECTED) continue;
        if (shown == most)
            left++;
        else
            status = print_run(out, naming, results, r);
        shown += shown < most;
    }
    if (left > 0 && status == SW_OK) fprintf(out, "  ... and %zu more\n", left);
    sw_naming_destroy(naming);
    return status;
}
