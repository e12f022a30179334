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
    char *text; /* NULL = none */
    size_t length;
    bool changed;
};

sw_status sw_diagnostics_create(sw_diagnostics **out) {
    *out = calloc(1, sizeof **out);
    return *out ? SW_OK : sw_fail(SW_E_MEMORY, "out of memory");
}

void sw_diagnostics_destroy(sw_diagnostics *diagnostics) {
    if (diagnostics) free(diagnostics->text);
    free(diagnostics);
}

sw_status sw_diagnostics_set_text(sw_diagnostics *diagnostics, const char *text, size_t length, bool changed) {
    char *copy = malloc(length + 1);
    if (!copy) return sw_fail(SW_E_MEMORY, "out of memory");
    memcpy(copy, text, length);
    copy[length] = '\0';
    free(diagnostics->text);
    diagnostics->text = copy;
    diagnostics->length = length;
    diagnostics->changed = changed;
    return SW_OK;
}

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

/* ---- the place in the text ---- */

/* The line of the text, without its end. NULL: there is none. */
static const char *find_line(const char **end, const sw_diagnostics *diagnostics, int line) {
    const char *at = diagnostics->text, *last = at ? at + diagnostics->length : NULL;
    for (int i = 1; at && i < line; i++) {
        at = memchr(at, '\n', (size_t)(last - at));
        if (at) at++;
    }
    if (!at) return NULL;
    const char *stop = memchr(at, '\n', (size_t)(last - at));
    *end = stop ? stop : last;
    while (*end > at && (*end)[-1] == '\r') (*end)--;
    return at;
}

static bool begins_character(char c) { return ((unsigned char)c & 0xc0) != 0x80; }

/* `from` moved by so many characters (columns of a message are characters). */
static const char *move(const char *from, const char *end, int characters) {
    for (; from < end && characters > 0; characters--) do
            from++;
        while (from < end && !begins_character(*from));
    return from;
}

/* Prints a part of a line, a tab as a blank. Returns its columns. */
static int print_part(const char *from, const char *to) {
    int columns = 0;
    while (from < to) {
        const char *tab = memchr(from, '\t', (size_t)(to - from)), *end = tab ? tab : to;
        columns += sw_text_print_part(stderr, from, (size_t)(end - from));
        if (tab) columns += fputc(' ', stderr) == ' ';
        from = end + (tab != NULL);
    }
    return columns;
}

/*    12 |   "optimizer": {"lr": 0.1}
 *       |                 ^
 * Of a long line the part around the place. */
static void print_place(const sw_diagnostics *diagnostics, const sw_diagnostic *item) {
    enum { SHOWN = 68, BEFORE = 40, MARGIN = 6 };
    const char *end, *line = find_line(&end, diagnostics, item->line);
    if (!line || item->column < 1) return;
    const char *place = move(line, end, item->column - 1), *from = line;
    if (item->column > BEFORE && move(line, end, SHOWN) < end) from = move(line, end, item->column - BEFORE);
    const char *to = move(from, end, SHOWN);
    fprintf(stderr, "%*d | %s", MARGIN - 1, item->line, from > line ? "\xe2\x80\xa6" : "");
    const int columns = (from > line) + print_part(from, place);
    print_part(place, to);
    fprintf(stderr, "%s\n%*s | %*s^\n", to < end ? "\xe2\x80\xa6" : "", MARGIN - 1, "", columns, "");
}

void sw_diagnostics_print(const sw_diagnostics *diagnostics, const char *file) {
    bool placed = false;
    for (size_t i = 0; i < diagnostics->count; i++) {
        const sw_diagnostic *item = &diagnostics->items[i];
        sw_text_printf(stderr, "%s:", file);
        if (item->line) fprintf(stderr, "%d:%d:", item->line, item->column);
        fprintf(stderr, " %s: ", item->warning ? "warning" : "error");
        if (item->path[0]) sw_text_printf(stderr, "%s: ", item->path);
        sw_text_printf(stderr, "%s%s%s\n", item->message, item->hint[0] ? "; " : "", item->hint);
        if (item->line) print_place(diagnostics, item);
        placed = placed || item->line;
    }
    if (placed && diagnostics->changed)
        sw_text_printf(stderr, "%s: lines are shown as the command line has changed them\n", file);
    if (diagnostics->dropped) sw_text_printf(stderr, "%s: there is more of it than is shown here\n", file);
}
