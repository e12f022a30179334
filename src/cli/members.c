/* members.c: the values of a configuration's text, one by one. */
#include "cli/members.h"

#include <stdio.h>
#include <string.h>

enum { PATH_MAX_BYTES = 512, DEPTH_MAX = 64 };

typedef struct walk {
    const char *at;
    char path[PATH_MAX_BYTES];
    int depth;
    sw_members_visitor visit;
    void *context;
} walk;

static void skip_blanks(walk *w) { w->at += strspn(w->at, " \t\r\n"); }

/* Length of the string literal at `text`, with its quotes; 0 = not closed. */
static size_t string_length(const char *text) {
    size_t i = 1;
    while (text[i] && text[i] != '"') i += text[i] == '\\' && text[i + 1] ? 2 : 1;
    return text[i] ? i + 1 : 0;
}

/* Length of a number, literal, string or whole array. */
static size_t value_length(const char *text) {
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

static void walk_value(walk *w);

/* The members of the object at w->at. */
static void walk_members(walk *w) {
    const size_t base = strlen(w->path);
    do {
        w->at++;
        skip_blanks(w);
        const size_t length = *w->at == '"' ? string_length(w->at) : 0;
        if (length == 0) break;
        snprintf(w->path + base, sizeof w->path - base, "%s%.*s", base ? "." : "", (int)length - 2, w->at + 1);
        w->at += length;
        w->at += strspn(w->at, " \t\r\n:");
        walk_value(w);
        w->path[base] = 0;
        skip_blanks(w);
    } while (*w->at == ',');
    if (*w->at == '}') w->at++;
}

static void walk_value(walk *w) {
    if (*w->at == '{' && w->depth < DEPTH_MAX) {
        w->depth++;
        walk_members(w);
        w->depth--;
        return;
    }
    const size_t length = value_length(w->at);
    const bool quoted = w->at[0] == '"' && length >= 2;
    w->visit(w->context, w->path, w->at + quoted, length - 2 * quoted);
    w->at += length;
}

void sw_members_walk(const char *json, sw_members_visitor visit, void *context) {
    walk w = {.at = json, .visit = visit, .context = context};
    skip_blanks(&w);
    if (*w.at == '{') walk_members(&w);
}

typedef struct search {
    const char *path, *value;
    size_t length;
} search;

static void compare(void *context, const char *path, const char *value, size_t length) {
    search *s = context;
    if (s->value || strcmp(path, s->path) != 0) return;
    s->value = value;
    s->length = length;
}

const char *sw_members_find(size_t *length, const char *json, const char *path) {
    search s = {.path = path};
    sw_members_walk(json, compare, &s);
    *length = s.length;
    return s.value;
}

bool sw_members_follow(const char *json, const char *model, const sw_members_span *spans, size_t count,
                       void (*visit)(void *context, size_t number, const char *value, size_t length), void *context) {
    size_t at = 0; /* in `model` */
    for (size_t k = 0; k < count; k++) {
        const size_t between = spans[k].from - at;
        if (strncmp(json, model + at, between) != 0) return false;
        json += between;
        const bool quoted = spans[k].from > 0 && model[spans[k].from - 1] == '"';
        const size_t literal = quoted ? string_length(json - 1) : 0;
        if (quoted && literal == 0) return false;
        const size_t length = quoted ? literal - 2 : value_length(json);
        if (visit) visit(context, k, json, length);
        json += length;
        at = spans[k].from + spans[k].length;
    }
    return strcmp(json, model + at) == 0;
}
