/* show_config.c: a configuration for a terminal.
 *
 * Walks the text itself, which this program wrote (sw_config_write): keys and values are told apart by quotes, colons
 * and brackets, so that an unknown key of another version is shown like any other. */
#include "show_config.h"

#include <stdbool.h>
#include <string.h>

enum { PATH_MAX_BYTES = 512, INDENT = 16, WIDTH = 80, DEPTH_MAX = 64 };

typedef struct walk {
    FILE *out;
    const char *at;
    char path[PATH_MAX_BYTES]; /* dotted, below the top-level key */
    size_t column;
    int depth;
} walk;

static void skip_blanks(walk *w) { w->at += strspn(w->at, " \t\r\n"); }

/* Length of the string literal at `text`, with its quotes; 0 = not closed. */
static size_t string_length(const char *text)
{
    size_t i = 1;
    while (text[i] && text[i] != '"') i += text[i] == '\\' && text[i + 1] ? 2 : 1;
    return text[i] ? i + 1 : 0;
}

/* Length of a number, literal, string or whole array. */
static size_t value_length(const char *text)
{
    size_t i = 0;
    int depth = 0;
    for (; text[i]; i++) {
        if (text[i] == '"') {
            const size_t length = string_length(text + i);
            if (length == 0) return strlen(text);
            i += length - 1;
        } else if (text[i] == '[' || text[i] == '{') {
            depth++;
        } else if (text[i] == ']' || text[i] == '}') {
            if (depth == 0) break;
            depth--;
        } else if (text[i] == ',' && depth == 0) {
            break;
        }
        if (depth == 0 && (text[i] == ']' || text[i] == '}')) return i + 1;
    }
    return i;
}

static void put_word(walk *w, const char *key, const char *value, int length)
{
    const size_t width = strlen(key) + (key[0] ? 1 : 0) + (size_t)length;
    if (w->column > INDENT && w->column + 1 + width > WIDTH) {
        fprintf(w->out, "\n%*s", INDENT, "");
        w->column = INDENT;
    }
    w->column +=
        (size_t)fprintf(w->out, "%s%s%s%.*s", w->column > INDENT ? " " : "", key, key[0] ? "=" : "", length, value);
}

/* An object whose "weight" is 0 acts in nothing: its other keys say nothing either. */
static bool is_idle(const char *object, size_t length)
{
    static const char key[] = "\"weight\":";
    for (const char *at = object; (at = strstr(at, key)) && at < object + length; at++) {
        const char *value = at + sizeof key - 1 + strspn(at + sizeof key - 1, " ");
        if (value[0] == '0' && (value[1] == ',' || value[1] == '}')) return true;
    }
    return false;
}

static void walk_value(walk *w);

/* The members of the object at w->at, after its brace. */
static void walk_members(walk *w)
{
    const size_t base = strlen(w->path);
    for (;;) {
        skip_blanks(w);
        if (*w->at != '"') break;
        const size_t length = string_length(w->at);
        if (length == 0) break;
        snprintf(w->path + base, sizeof w->path - base, "%s%.*s", base ? "." : "", (int)length - 2, w->at + 1);
        w->at += length;
        skip_blanks(w);
        if (*w->at != ':') break;
        w->at++;
        skip_blanks(w);
        walk_value(w);
        w->path[base] = 0;
        skip_blanks(w);
        if (*w->at != ',') break;
        w->at++;
    }
    w->path[base] = 0;
    if (*w->at == '}') w->at++;
}

static void walk_value(walk *w)
{
    if (*w->at == '{' && w->path[0] && is_idle(w->at, value_length(w->at))) {
        const size_t base = strlen(w->path);
        snprintf(w->path + base, sizeof w->path - base, ".weight");
        put_word(w, w->path, "0", 1);
        w->path[base] = 0;
        w->at += value_length(w->at);
        return;
    }
    if (*w->at == '{' && w->depth < DEPTH_MAX) {
        w->at++;
        w->depth++;
        walk_members(w);
        w->depth--;
        return;
    }
    const size_t length = value_length(w->at);
    const bool quoted = w->at[0] == '"' && length >= 2;
    put_word(w, w->path, w->at + quoted, (int)length - 2 * quoted);
    w->at += length;
}

void sw_show_config(FILE *out, const char *json)
{
    walk w = {.out = out, .at = json};
    skip_blanks(&w);
    if (*w.at != '{') {
        fprintf(out, "%s\n", json);
        return;
    }
    w.at++;
    for (;;) {
        skip_blanks(&w);
        const size_t length = *w.at == '"' ? string_length(w.at) : 0;
        if (length == 0) break;
        fprintf(out, "%-*.*s", INDENT, (int)length - 2, w.at + 1);
        w.column = length - 2 > INDENT ? length - 2 : INDENT;
        w.at += length;
        skip_blanks(&w);
        if (*w.at == ':') w.at++;
        skip_blanks(&w);
        w.path[0] = 0;
        walk_value(&w);
        fputc('\n', out);
        skip_blanks(&w);
        if (*w.at != ',') break;
        w.at++;
    }
}
