/* diagnostics.c: every error at once, in the order of the file. */
#include "symsweep/config.h"
#include "symsweep/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WARNINGS_MAX = 32 };

struct sw_diagnostics {
    sw_diagnostic items[SW_DIAGNOSTICS_MAX];
    size_t count, warnings, errors, dropped;
};

sw_status sw_diagnostics_create(sw_diagnostics **out) {
    *out = calloc(1, sizeof **out);
    return *out ? SW_OK : sw_fail(SW_E_MEMORY, "out of memory");
}

void sw_diagnostics_destroy(sw_diagnostics *diagnostics) { free(diagnostics); }

size_t sw_diagnostics_count(const sw_diagnostics *diagnostics) { return diagnostics->count; }
size_t sw_diagnostics_errors(const sw_diagnostics *diagnostics) { return diagnostics->errors; }
size_t sw_diagnostics_dropped(const sw_diagnostics *diagnostics) { return diagnostics->dropped; }

const sw_diagnostic *sw_diagnostics_get(const sw_diagnostics *diagnostics, size_t i) {
    return i < diagnostics->count ? &diagnostics->items[i] : NULL;
}

static bool same(const sw_diagnostic *a, const sw_diagnostic *b) {
    return a->line == b->line && a->column == b->column && a->warning == b->warning && !strcmp(a->path, b->path) &&
           !strcmp(a->message, b->message);
}

static bool comes_before(const sw_diagnostic *a, const sw_diagnostic *b) {
    return a->line != b->line ? a->line < b->line : a->column < b->column;
}

void sw_diagnostics_add(sw_diagnostics *diagnostics, bool warning, int line, int column, const char *path,
                        const char *hint, const char *format, ...) {
    if (diagnostics->count ==
        SW_DIAGNOSTICS_MAX) { /* nothing is compared or written any more: a hostile file has millions */
        diagnostics->errors += !warning;
        diagnostics->dropped++;
        return;
    }
    sw_diagnostic item = {.line = line, .column = column, .warning = warning};
    snprintf(item.path, sizeof item.path, "%s", path ? path : "");
    snprintf(item.hint, sizeof item.hint, "%s", hint ? hint : "");
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(item.message, sizeof item.message, format, arguments);
    va_end(arguments);

    for (size_t i = 0; i < diagnostics->count; i++)
        if (same(&diagnostics->items[i], &item)) return;
    if (!warning) diagnostics->errors++;
    if (warning && diagnostics->warnings == WARNINGS_MAX) { /* errors never give way to warnings */
        diagnostics->dropped++;
        return;
    }
    size_t place = diagnostics->count;
    while (place > 0 && comes_before(&item, &diagnostics->items[place - 1])) place--;
    memmove(&diagnostics->items[place + 1], &diagnostics->items[place],
            (diagnostics->count - place) * sizeof diagnostics->items[0]);
    diagnostics->items[place] = item;
    diagnostics->count++;
    if (warning) diagnostics->warnings++;
}

void sw_diagnostics_print(const sw_diagnostics *diagnostics, const char *file) {
    for (size_t i = 0; i < diagnostics->count; i++) {
        const sw_diagnostic *item = &diagnostics->items[i];
        sw_text_printf(stderr, "%s:", file);
        if (item->line) fprintf(stderr, "%d:%d:", item->line, item->column);
        fprintf(stderr, " %s: ", item->warning ? "warning" : "error");
        if (item->path[0]) sw_text_printf(stderr, "%s: ", item->path);
        sw_text_printf(stderr, "%s%s%s\n", item->message, item->hint[0] ? "; " : "", item->hint);
    }
    if (diagnostics->dropped) sw_text_printf(stderr, "%s: there is more of it than is shown here\n", file);
}
