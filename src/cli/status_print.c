/* status_print.c: what `symsweep status` shows of a results file, in full and on one screen. */
#include "cli/status_print.h"

#include "cli/screen.h"
#include "cli/status_refine.h"
#include "cli/status_running.h"

#include <stdlib.h>
#include <string.h>

enum { RUNS_SHOWN = 40, RUNNING_SHOWN = 16, FAILURES_SHOWN = 20 };

static size_t count_bad(const sw_status_view *view) {
    return view->states[SW_RUN_FAILED] + view->states[SW_RUN_DIVERGED] + view->damaged;
}

sw_status sw_status_print_text(sw_results *results, const sw_status_view *view) {
    sw_table table = {.out = stdout, .columns = SW_TABLE_COLUMNS, .most = RUNNING_SHOWN};
    sw_settings *settings;
    sw_status status = sw_settings_create(&settings, results, view->all);
    if (status != SW_OK) return status;
    sw_status_view_print_head(stdout, results, view);
    if (view->live && view->states[SW_RUN_RUNNING] > 0) {
        putchar('\n');
        status = sw_status_running_print(&table, results, settings, view);
    }
    if (status == SW_OK) status = sw_status_refine_print(stdout, results);
    putchar('\n');
    table.most = view->all ? SIZE_MAX : SW_TABLE_SETTINGS;
    if (status == SW_OK) status = sw_table_print_settings(&table, results, settings);
    putchar('\n');
    table.most = view->all ? SIZE_MAX : RUNS_SHOWN;
    if (status == SW_OK) status = sw_table_print_runs(&table, results, settings);
    table.most = FAILURES_SHOWN;
    if (count_bad(view) > 0) putchar('\n');
    if (status == SW_OK) sw_status_view_print_failures(&table, results, view);
    sw_settings_destroy(settings);
    return status;
}

/* ---- one screen ---- */

/* A picture that grows from its top. */
typedef struct picture {
    sw_table table; /* into its text */
    char *text;
    size_t length;
    size_t rows;
} picture;

/* Lines that are left below what is there. */
static size_t room(picture *p) {
    size_t lines = 0;
    fflush(p->table.out);
    for (size_t i = 0; i < p->length; i++) lines += p->text[i] == '\n';
    return lines < p->rows ? p->rows - lines : 0;
}

/* Begins a part of `head` lines and, of `count` rows, at most `most`. false: it has no room, or nothing to show. */
static bool begin_part(picture *p, size_t head, size_t count, size_t most) {
    enum { GAP = 1 };
    const size_t left = room(p);
    if (count == 0 || left < GAP + head + 1) return false;
    p->table.most = left - GAP - head < most ? left - GAP - head : most;
    fputc('\n', p->table.out);
    return true;
}

/* The map of refine where it fits. Returns whether it is there. */
static sw_status add_map(bool *there, picture *p, sw_results *results) {
    char *text = NULL;
    size_t length = 0, lines = 0;
    FILE *map = open_memstream(&text, &length);
    if (!map) return sw_fail(SW_E_MEMORY, "map of the lattice");
    const sw_status status = sw_status_refine_print(map, results);
    fclose(map);
    for (size_t i = 0; i < length; i++) lines += text[i] == '\n';
    *there = status == SW_OK && lines > 0 && lines <= room(p);
    if (*there) fputs(text, p->table.out);
    free(text);
    return status;
}

static sw_status compose(picture *p, sw_results *results, const sw_settings *settings, const sw_status_view *view) {
    enum { FAILURES_FIRST = 3 };
    bool map = false;
    sw_status status = SW_OK;
    const size_t running = view->live ? view->states[SW_RUN_RUNNING] : 0, half = p->rows / 2;
    sw_status_view_print_head(p->table.out, results, view);
    if (begin_part(p, 1, running, half > 6 ? half - 4 : 2))
        status = sw_status_running_print(&p->table, results, settings, view);
    if (begin_part(p, 0, count_bad(view), FAILURES_FIRST)) sw_status_view_print_failures(&p->table, results, view);
    if (status == SW_OK) status = add_map(&map, p, results);
    if (status == SW_OK && !map && begin_part(p, 1, sw_settings_count(settings), SIZE_MAX))
        status = sw_table_print_settings(&p->table, results, settings);
    if (status == SW_OK && begin_part(p, 1, sw_settings_run_count(settings), SIZE_MAX))
        status = sw_table_print_runs(&p->table, results, settings);
    return status;
}

sw_status sw_status_print_screen(sw_results *results, const sw_status_view *view, int rows, int columns) {
    picture p = {.rows = (size_t)rows};
    sw_settings *settings;
    sw_status status = sw_settings_create(&settings, results, view->all);
    if (status != SW_OK) return status;
    p.table = (sw_table){.out = open_memstream(&p.text, &p.length), .cut = true};
    p.table.columns = columns > SW_TABLE_COLUMNS ? columns : SW_TABLE_COLUMNS;
    if (p.table.out) {
        status = compose(&p, results, settings, view);
        if (fclose(p.table.out) != 0) status = sw_fail(SW_E_MEMORY, "a picture of the sweep");
    } else {
        status = sw_fail(SW_E_MEMORY, "a picture of the sweep");
    }
    if (status == SW_OK) sw_screen_draw(p.text, rows, columns);
    free(p.text);
    sw_settings_destroy(settings);
    return status;
}
