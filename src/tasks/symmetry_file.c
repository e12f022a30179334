/* symmetry_file.c: reads a file of symmetries. */
#include "symsweep/symmetry_file.h"

#include "symsweep/file.h"
#include "symsweep/grow.h"
#include "tasks/fields.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BYTES_MAX = 1 << 28, DEPTH_MAX = 64 };

typedef struct reader {
    const char *path, *at;
    int line;
    const sw_symmetry_shape *shape;
    size_t count, capacity;
    int32_t *maps;
} reader;

/* ---- words ---- */

static char peek(reader *r) {
    for (; *r->at == ' ' || *r->at == '\t' || *r->at == '\r' || *r->at == '\n'; r->at++) r->line += *r->at == '\n';
    return *r->at;
}

static sw_status wrong(reader *r, const char *expected) {
    const char found = peek(r);
    int length = 0;
    while (length < 20 && isprint((unsigned char)r->at[length])) length++;
    if (found == 0)
        return sw_fail(SW_E_CONFIG, "%s:%d: expected %s, found the end of the file", r->path, r->line, expected);
    return sw_fail(SW_E_CONFIG, "%s:%d: expected %s, found '%.*s'", r->path, r->line, expected, length, r->at);
}

static bool take(reader *r, char c) {
    if (peek(r) != c) return false;
    r->at++;
    return true;
}

/* A text as it stands between its quotes. */
static sw_status read_text(const char **text, size_t *length, reader *r) {
    if (!take(r, '"')) return wrong(r, "a text in quotes");
    *text = r->at;
    for (; *r->at != '"'; r->at++) {
        if ((unsigned char)*r->at < ' ') return wrong(r, "the end of a text");
        if (*r->at == '\\' && r->at[1] != 0) r->at++;
    }
    *length = (size_t)(r->at++ - *text);
    return SW_OK;
}

/* Calls each(context, r, number) where the elements of a list begin. */
static sw_status read_list(reader *r, sw_status (*each)(void *context, reader *r, size_t number), void *context) {
    size_t number = 0;
    if (!take(r, '[')) return wrong(r, "a list");
    if (take(r, ']')) return SW_OK;
    do {
        const sw_status status = each(context, r, number++);
        if (status != SW_OK) return status;
    } while (take(r, ','));
    return take(r, ']') ? SW_OK : wrong(r, ", or ] in a list");
}

/* The same of an object's members, behind the colons. */
static sw_status read_object(reader *r, sw_status (*each)(void *context, reader *r, const char *key, size_t length),
                             void *context) {
    if (!take(r, '{')) return wrong(r, "an object");
    if (take(r, '}')) return SW_OK;
    do {
        const char *key = NULL;
        size_t length = 0;
        sw_status status = read_text(&key, &length, r);
        if (status == SW_OK && !take(r, ':')) status = wrong(r, ": behind a key");
        if (status == SW_OK) status = each(context, r, key, length);
        if (status != SW_OK) return status;
    } while (take(r, ','));
    return take(r, '}') ? SW_OK : wrong(r, ", or } in an object");
}

static sw_status pass(reader *r, int depth);

static sw_status pass_element(void *context, reader *r, size_t number) {
    (void)number;
    return pass(r, *(int *)context);
}

static sw_status pass_member(void *context, reader *r, const char *key, size_t length) {
    (void)key;
    (void)length;
    return pass(r, *(int *)context);
}

/* Passes over a value of any kind. */
static sw_status pass(reader *r, int depth) {
    const char *text;
    size_t length;
    if (++depth > DEPTH_MAX) return wrong(r, "values that are not nested so deep");
    switch (peek(r)) {
    case '[': return read_list(r, pass_element, &depth);
    case '{': return read_object(r, pass_member, &depth);
    case '"': return read_text(&text, &length, r);
    default: break;
    }
    length = strspn(r->at, "+-.0123456789abcdefghijklmnopqrstuvwxyzE");
    if (length == 0) return wrong(r, "a value");
    r->at += length;
    return SW_OK;
}

/* ---- generators ---- */

/* A list of numbers that is on its way into a map. */
typedef struct numbers {
    int32_t *out;
    size_t expected, found;
} numbers;

static sw_status read_number(void *context, reader *r, size_t number) {
    numbers *n = context;
    char *end;
    if (!isdigit((unsigned char)peek(r))) return wrong(r, "a number from 0");
    const long value = strtol(r->at, &end, 10);
    if (value > INT32_MAX || *end == '.' || *end == 'e' || *end == 'E') return wrong(r, "a number from 0");
    if (number >= n->expected)
        return sw_fail(SW_E_CONFIG, "%s:%d: expected a list of %zu numbers, found more", r->path, r->line, n->expected);
    n->out[number] = (int32_t)value;
    n->found = number + 1;
    r->at = end;
    return SW_OK;
}

static sw_status read_numbers(reader *r, int32_t *out, int32_t expected) {
    numbers n = {out, (size_t)expected, 0};
    sw_status status = read_list(r, read_number, &n);
    if (status == SW_OK && n.found < n.expected)
        status = sw_fail(SW_E_CONFIG, "%s:%d: expected a list of %zu numbers, found %zu", r->path, r->line, n.expected,
                         n.found);
    return status;
}

/* Members of a generator. */
typedef struct generator {
    int32_t *map;
    bool positions, tokens, classes; /* read */
    size_t lists;
} generator;

static sw_status read_tokens(void *context, reader *r, size_t number) {
    generator *g = context;
    const sw_symmetry_shape *shape = r->shape;
    if (number >= (size_t)shape->positions)
        return sw_fail(SW_E_CONFIG, "%s:%d: expected \"tokens\" of %d positions, found more", r->path, r->line,
                       shape->positions);
    g->lists = number + 1;
    return read_numbers(r, g->map + shape->start[number], shape->size[number]);
}

static bool is_key(const char *key, size_t length, const char *name, bool *seen) {
    if (length != strlen(name) || memcmp(key, name, length) != 0) return false;
    *seen = true;
    return true;
}

static sw_status read_member(void *context, reader *r, const char *key, size_t length) {
    generator *g = context;
    const sw_symmetry_shape *shape = r->shape;
    if (is_key(key, length, "positions", &g->positions)) return read_numbers(r, g->map, shape->positions);
    if (is_key(key, length, "tokens", &g->tokens)) return read_list(r, read_tokens, g);
    if (is_key(key, length, "classes", &g->classes))
        return read_numbers(r, g->map + shape->class_start, shape->classes);
    return pass(r, 0);
}

static sw_status read_generator(void *context, reader *r, size_t number) {
    const size_t length = (size_t)r->shape->length;
    (void)context;
    int32_t *maps = sw_grow_array(r->maps, r->count, &r->capacity, length * sizeof *maps, "a file of symmetries");
    if (maps == NULL) return SW_E_MEMORY;
    r->maps = maps;
    generator g = {.map = maps + r->count++ * length};
    const sw_status status = read_object(r, read_member, &g);
    if (status != SW_OK) return status;
    if (!g.positions || !g.tokens || !g.classes || g.lists < (size_t)r->shape->positions)
        return sw_fail(SW_E_CONFIG,
                       "%s:%d: generator %zu: expected \"positions\", \"tokens\" of %d positions and "
                       "\"classes\"",
                       r->path, r->line, number, r->shape->positions);
    return SW_OK;
}

static sw_status read_top(void *context, reader *r, const char *key, size_t length) {
    bool *found = context;
    const bool before = *found;
    if (is_key(key, length, "generators", found) && before) return wrong(r, "one member \"generators\"");
    return is_key(key, length, "generators", found) ? read_list(r, read_generator, NULL) : pass(r, 0);
}

static sw_status read_all(reader *r) {
    bool found = true;
    sw_status status;
    if (peek(r) == '[') {
        status = read_list(r, read_generator, NULL);
    } else {
        found = false;
        status = read_object(r, read_top, &found);
    }
    if (status == SW_OK && peek(r) != 0) status = wrong(r, "the end of the file");
    if (status == SW_OK && !found)
        status =
            sw_fail(SW_E_CONFIG, "%s: expected a member \"generators\", as symsweep symmetries -o writes it", r->path);
    return status;
}

sw_status sw_symmetry_file_read(int32_t **maps, size_t *count, const char *path, const uint8_t *sha256,
                                const sw_symmetry_table *table, sw_symmetry_scope scope) {
    char *text = NULL;
    size_t length;
    reader r = {.path = path, .line = 1, .shape = &table->shape};
    *maps = NULL;
    *count = 0;
    sw_status status = sw_file_read(&text, &length, path, BYTES_MAX, NULL);
    if (status == SW_OK && sha256 != NULL) status = sw_fields_check_content(path, text, length, sha256);
    if (status != SW_OK) {
        free(text);
        return status;
    }
    r.at = text;
    if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) r.at += 3; /* a byte order mark */
    status = read_all(&r);
    for (size_t i = 0; i < r.count && status == SW_OK; i++) {
        status = sw_symmetry_check(table, r.maps + i * (size_t)table->shape.length, scope);
        if (status != SW_OK) status = sw_fail_in(status, "%s: generator %zu", path, i);
    }
    free(text);
    if (status != SW_OK) {
        free(r.maps);
        return status;
    }
    *maps = r.maps;
    *count = r.count;
    return SW_OK;
}

/* ---- texts ---- */

/* A character of the basic plane as UTF-8; its bytes. */
static size_t encode(char *out, unsigned c) {
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xc0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    out[0] = (char)(0xe0 | c >> 12);
    out[1] = (char)(0x80 | (c >> 6 & 0x3f));
    out[2] = (char)(0x80 | (c & 0x3f));
    return 3;
}

/* What stands between quotes, its escapes replaced, as far as there is room. */
static void unescape(char out[SW_SYMMETRY_TEXT], const char *text, size_t length) {
    static const char escapes[] = "bfnrt", meant[] = "\b\f\n\r\t";
    size_t used = 0;
    for (size_t i = 0; i < length && used + 4 <= SW_SYMMETRY_TEXT; i++) {
        unsigned c;
        if (text[i] != '\\' || i + 1 == length) {
            out[used++] = text[i];
        } else if (text[i + 1] == 'u' && i + 6 <= length && sscanf(text + i + 2, "%4x", &c) == 1 && c > 0) {
            used += encode(out + used, c);
            i += 5;
        } else {
            const char *escape = strchr(escapes, text[++i]);
            out[used++] = escape != NULL ? meant[escape - escapes] : text[i];
        }
    }
    out[used] = '\0';
}

static sw_status read_text_member(void *context, reader *r, const char *key, size_t length) {
    const char *text;
    bool found = false;
    if (!is_key(key, length, "text", &found) || peek(r) != '"') return pass(r, 0);
    const sw_status status = read_text(&text, &length, r);
    if (status == SW_OK && context != NULL) unescape(context, text, length);
    return status;
}

typedef struct texts {
    char (*out)[SW_SYMMETRY_TEXT];
    size_t count;
} texts;

static sw_status read_texts(void *context, reader *r, size_t number) {
    const texts *wanted = context;
    return read_object(r, read_text_member, number < wanted->count ? wanted->out[number] : NULL);
}

void sw_symmetry_file_texts(char (*out)[SW_SYMMETRY_TEXT], size_t count, const char *json) {
    reader r = {.path = "", .at = json, .line = 1};
    texts wanted = {out, count};
    for (size_t i = 0; i < count; i++) out[i][0] = '\0';
    if (read_list(&r, read_texts, &wanted) != SW_OK) sw_fail_clear();
}
