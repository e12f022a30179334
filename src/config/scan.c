/* scan.c: positions of every value of a JSON text (RFC 8259), and errors that name what was found. */
#include "config/scan.h"

#include "symsweep/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The text is followed by a NUL, which is no character of JSON: nothing below reads past it. */
typedef struct scanner {
    sw_document *document;
    char *p, *end;
    int32_t line, column;
    int depth;
} scanner;

/* ---- characters ---- */

static bool is_continuation(char c) { return ((unsigned char)c & 0xc0) == 0x80; }
static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

static void advance(scanner *s) {
    char c = *s->p++;
    if (c == '\n') {
        s->line++;
        s->column = 1;
    } else if (s->p == s->end || !is_continuation(*s->p)) {
        s->column++;
    }
}

static void skip(scanner *s, size_t bytes) {
    while (bytes--) advance(s);
}

/* ---- messages ---- */

static void describe_here(const scanner *s, char out[64]) {
    size_t length = s->p < s->end ? sw_text_utf8(s->p, s->end) : 0;
    if (s->p >= s->end)
        snprintf(out, 64, "the end of the file");
    else if (*s->p == '\n')
        snprintf(out, 64, "the end of the line");
    else if (length == 0 || (unsigned char)*s->p < 0x20)
        snprintf(out, 64, "the byte 0x%02x", (unsigned char)*s->p);
    else if (is_letter(*s->p)) {
        int letters = 0;
        while (letters < 24 && (is_letter(s->p[letters]) || is_digit(s->p[letters]))) letters++;
        snprintf(out, 64, "'%.*s'", letters, s->p);
    } else
        snprintf(out, 64, "'%.*s'", (int)length, s->p);
}

/* Errors, at a place or where the scanner stands. Both return SW_E_CONFIG, for those that end the reading. */
static sw_status report(scanner *s, int32_t line, int32_t column, const char *hint, const char *message) {
    sw_diagnostics_add(s->document->diagnostics, false, line, column, "", hint, "%s", message);
    return SW_E_CONFIG;
}

static sw_status SW_PRINTF(3, 4) report_here(scanner *s, const char *hint, const char *format, ...) {
    char message[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    return report(s, s->line, s->column, hint, message);
}

static sw_status unexpected(scanner *s, const char *expected, const char *hint) {
    char found[64];
    describe_here(s, found);
    return report_here(s, hint, "expected %s, found %s", expected, found);
}

static void blank(char *from, const char *to) {
    for (; from < to; from++)
        if (*from != '\n') *from = ' ';
}

/* ---- space and comments ---- */

static void skip_comment(scanner *s) {
    char *start = s->p;
    int32_t line = s->line, column = s->column;
    bool block = s->p[1] == '*';
    skip(s, 2);
    while (s->p < s->end) {
        if (!block && *s->p == '\n') break;
        if (block && s->p[0] == '*' && s->p[1] == '/') {
            skip(s, 2);
            break;
        }
        advance(s);
    }
    blank(start, s->p);
    report(s, line, column, "remove it, or use the key \"description\"", "JSON has no comments");
}

static void skip_space(scanner *s) {
    while (s->p < s->end)
        if (*s->p == ' ' || *s->p == '\t' || *s->p == '\n' || *s->p == '\r')
            advance(s);
        else if (*s->p == '/' && (s->p[1] == '/' || s->p[1] == '*'))
            skip_comment(s);
        else
            break;
}

/* ---- nodes ---- */

static sw_node *add_node(scanner *s, int32_t parent, int32_t *previous, sw_status *status) {
    sw_document *document = s->document;
    *status = SW_OK;
    if (document->count == SW_DOCUMENT_VALUES_MAX) {
        *status = report_here(s, "write long lists of values as {\"range\": [a, b]} or {\"linspace\": [a, b, n]}",
                              "the file has more than %d values", SW_DOCUMENT_VALUES_MAX);
        return NULL;
    }
    if (document->count == document->capacity) {
        int32_t capacity = document->capacity ? 2 * document->capacity : 256;
        sw_node *nodes = realloc(document->nodes, (size_t)capacity * sizeof *nodes);
        if (!nodes) {
            *status = sw_fail(SW_E_MEMORY, "out of memory");
            return NULL;
        }
        document->nodes = nodes;
        document->capacity = capacity;
    }
    int32_t index = document->count++;
    sw_node *node = &document->nodes[index];
    memset(node, 0, sizeof *node);
    node->parent = parent;
    node->child = node->next = -1;
    node->line = s->line;
    node->column = s->column;
    if (parent >= 0) {
        document->nodes[parent].count++;
        if (*previous < 0)
            document->nodes[parent].child = index;
        else
            document->nodes[*previous].next = index;
    }
    *previous = index;
    return node;
}

/* ---- strings and numbers ---- */

static int hex_digit(char c) {
    return is_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The value of \uXXXX at p, -1 when it is none. The NUL after the text stops it. */
static long unicode_escape(const char *p) {
    if (p[0] != '\\' || p[1] != 'u') return -1;
    long value = 0;
    for (int i = 2; i < 6; i++) {
        int digit = hex_digit(p[i]);
        if (digit < 0) return -1;
        value = 16 * value + digit;
    }
    return value;
}

static sw_status scan_escape(scanner *s) {
    if (s->p[1] && strchr("\"\\/bfnrt", s->p[1])) {
        skip(s, 2);
        return SW_OK;
    }
    long unit = unicode_escape(s->p);
    if (unit < 0) return unexpected(s, "one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX", NULL);
    int length = 6;
    if (unit >= 0xd800 && unit < 0xdc00) {
        long low = unicode_escape(s->p + 6);
        if (low < 0xdc00 || low > 0xdfff)
            unit = 0xdc00;
        else
            length = 12;
    }
    if (unit == 0 || (unit >= 0xdc00 && unit < 0xe000)) {
        report(s, s->line, s->column, NULL,
               unit ? "half of a surrogate pair is no character" : "the character \\u0000 cannot stand in a text");
        memset(s->p, '?', 6);
        length = 6;
    }
    skip(s, (size_t)length);
    return SW_OK;
}

/* At the opening quote. */
static sw_status scan_string(scanner *s) {
    int32_t line = s->line, column = s->column;
    advance(s);
    while (s->p < s->end && *s->p != '"') {
        unsigned char c = (unsigned char)*s->p;
        if (c == '\\') {
            sw_status status = scan_escape(s);
            if (status != SW_OK) return status;
            continue;
        }
        if (c == '\n' || c == '\r')
            return report(s, line, column, "write a line break as \\n", "the string does not end on its line");
        if (c < 0x20) {
            report(s, s->line, s->column, c == '\t' ? "write a tab as \\t" : NULL, "a control character in a string");
            *s->p = ' ';
        }
        size_t length = sw_text_utf8(s->p, s->end);
        if (!length) return report(s, s->line, s->column, "save the file as UTF-8", "the text is not UTF-8");
        skip(s, length);
    }
    if (s->p >= s->end) return report(s, line, column, NULL, "the string is not closed: the file ends in it");
    advance(s);
    return SW_OK;
}

static size_t digits(const char *p) {
    size_t n = 0;
    while (is_digit(p[n])) n++;
    return n;
}

/* Length of the number at p by JSON's grammar; 0 = none. */
static size_t number_length(const char *p, bool *integral) {
    size_t n = p[0] == '-' ? 1 : 0;
    size_t whole = digits(p + n);
    if (!whole || (whole > 1 && p[n] == '0')) return 0;
    n += whole;
    *integral = true;
    if (p[n] == '.') {
        size_t fraction = digits(p + n + 1);
        if (!fraction) return 0;
        n += 1 + fraction;
        *integral = false;
    }
    if (p[n] == 'e' || p[n] == 'E') {
        size_t sign = p[n + 1] == '+' || p[n + 1] == '-' ? 1 : 0;
        size_t exponent = digits(p + n + 1 + sign);
        if (!exponent) return 0;
        n += 1 + sign + exponent;
        *integral = false;
    }
    return n;
}

static bool ends_number(char c) { return !is_letter(c) && !is_digit(c) && c != '.' && c != '+' && c != '-'; }

static sw_status scan_number(scanner *s, sw_node *node) {
    bool integral = false;
    size_t length = number_length(s->p, &integral);
    if (!length || !ends_number(s->p[length])) {
        int shown = 0;
        while (shown < 24 && !ends_number(s->p[shown])) shown++;
        return report_here(s, "numbers look like 5, -0.5 or 1e-3: no leading zero or plus, digits around the point",
                           "'%.*s' is not a number", shown, s->p);
    }
    node->type = SW_NODE_NUMBER;
    node->integral = integral;
    node->offset = (uint32_t)(s->p - s->document->text);
    node->length = (uint32_t)length;
    if (length > SW_NUMBER_LENGTH_MAX) {
        report_here(s, NULL, "a number of %zu characters; at most %d are read", length, SW_NUMBER_LENGTH_MAX);
        blank(s->p + 1, s->p + length);
        *s->p = '0';
        node->length = 1;
        node->broken = true;
    }
    skip(s, length);
    return SW_OK;
}

/* ---- words ---- */

typedef struct word {
    const char *text;
    sw_node_type type;
    const char *message, *hint; /* NULL message: JSON has it */
} word;

static const word words[] = {
    {"true", SW_NODE_BOOL, NULL, NULL},
    {"false", SW_NODE_BOOL, NULL, NULL},
    {"null", SW_NODE_NULL, NULL, NULL},
    {"NaN", SW_NODE_NUMBER, "JSON has no NaN, and no key takes it", NULL},
    {"nan", SW_NODE_NUMBER, "JSON has no NaN, and no key takes it", NULL},
    {"Infinity", SW_NODE_NUMBER, "JSON has no Infinity, and no key takes it", NULL},
    {"-Infinity", SW_NODE_NUMBER, "JSON has no Infinity, and no key takes it", NULL},
    {"-NaN", SW_NODE_NUMBER, "JSON has no NaN, and no key takes it", NULL},
    {"inf", SW_NODE_NUMBER, "JSON has no infinity, and no key takes it", NULL},
    {"-inf", SW_NODE_NUMBER, "JSON has no infinity, and no key takes it", NULL},
    {"True", SW_NODE_BOOL, "'True' is not JSON", "write true"},
    {"False", SW_NODE_BOOL, "'False' is not JSON", "write false"},
    {"None", SW_NODE_NULL, "'None' is not JSON", "leave the key out"},
};

/* true: one of the words stands here and was taken. */
static bool scan_word(scanner *s, sw_node *node) {
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        size_t length = strlen(words[i].text);
        if ((size_t)(s->end - s->p) < length || memcmp(s->p, words[i].text, length) || !ends_number(s->p[length]))
            continue;
        node->type = (uint8_t)words[i].type;
        if (words[i].message) {
            report(s, s->line, s->column, words[i].hint, words[i].message);
            node->broken = true;
            blank(s->p, s->p + length);
            *s->p = '0'; /* cJSON reads a number in its place */
        }
        skip(s, length);
        return true;
    }
    return false;
}

/* ---- values ---- */

static sw_status scan_value(scanner *s, int32_t parent, int32_t *previous);

/* After a comma: is the container closed right here? Then the comma at `comma` was one too many. */
static bool trailing_comma(scanner *s, char close, char *comma, int32_t line, int32_t column) {
    if (s->p >= s->end || *s->p != close) return false;
    report(s, line, column, "remove it", "JSON has no comma before a closing bracket");
    *comma = ' ';
    return true;
}

static sw_status scan_name(scanner *s, int32_t *line, int32_t *column) {
    *line = s->line;
    *column = s->column;
    if (s->p >= s->end || *s->p != '"') {
        return unexpected(s, "a key in double quotes",
                          s->p < s->end && (is_letter(*s->p) || *s->p == '\'') ? "JSON quotes every key with \""
                                                                               : NULL);
    }
    sw_status status = scan_string(s);
    if (status != SW_OK) return status;
    skip_space(s);
    if (s->p >= s->end || *s->p != ':') return unexpected(s, "':' after the key", NULL);
    advance(s);
    skip_space(s);
    return SW_OK;
}

static sw_status unclosed(scanner *s, int32_t container, bool object) {
    const sw_node *node = &s->document->nodes[container];
    if (s->p < s->end) return unexpected(s, object ? "',' or '}'" : "',' or ']'", NULL);
    return report_here(s, NULL, "the file ends early: the '%c' of line %d, column %d is not closed", object ? '{' : '[',
                       node->line, node->column);
}

static sw_status scan_container(scanner *s, int32_t self, bool object) {
    char close = object ? '}' : ']';
    sw_status status = SW_OK;
    int32_t previous = -1;
    if (++s->depth > SW_DOCUMENT_DEPTH_MAX)
        return report_here(s, NULL, "nested more than %d deep", SW_DOCUMENT_DEPTH_MAX);
    advance(s);
    skip_space(s);
    while (!(s->p < s->end && *s->p == close)) {
        int32_t key_line = 0, key_column = 0;
        if (s->p >= s->end) return unclosed(s, self, object);
        if (object && (status = scan_name(s, &key_line, &key_column))) return status;
        if ((status = scan_value(s, self, &previous))) return status;
        s->document->nodes[previous].key_line = key_line;
        s->document->nodes[previous].key_column = key_column;
        skip_space(s);
        if (s->p < s->end && *s->p == close) break;
        if (s->p >= s->end || *s->p != ',') return unclosed(s, self, object);
        char *comma = s->p;
        int32_t line = s->line, column = s->column;
        advance(s);
        skip_space(s);
        if (trailing_comma(s, close, comma, line, column)) break;
    }
    advance(s);
    s->depth--;
    return SW_OK;
}

static sw_status scan_value_of(scanner *s, sw_node *node, int32_t self) {
    char c = s->p < s->end ? *s->p : '\0';
    if (c == '{' || c == '[') {
        node->type = c == '{' ? SW_NODE_OBJECT : SW_NODE_ARRAY;
        return scan_container(s, self, c == '{');
    }
    if (c == '"') {
        node->type = SW_NODE_STRING;
        return scan_string(s);
    }
    if (scan_word(s, node)) return SW_OK;
    if (c == '-' || is_digit(c) || c == '+' || c == '.') return scan_number(s, node);
    return unexpected(s, "a value",
                      c == '\''      ? "JSON quotes strings with \""
                      : is_letter(c) ? "strings stand in double quotes"
                                     : NULL);
}

static sw_status scan_value(scanner *s, int32_t parent, int32_t *previous) {
    sw_status status;
    const char *start = s->p;
    sw_node *node = add_node(s, parent, previous, &status);
    if (!node) return status;
    const int32_t self = *previous;
    status = scan_value_of(s, node, self);
    node = &s->document->nodes[self]; /* containers make them grow */
    if (node->length) return status;
    node->offset = (uint32_t)(start - s->document->text);
    node->length = (uint32_t)(s->p - start);
    return status;
}

sw_status sw_scan_document(sw_document *document) {
    scanner s = {
        .document = document, .p = document->text, .end = document->text + document->length, .line = 1, .column = 1};
    if (document->length >= 3 && !memcmp(s.p, "\xef\xbb\xbf", 3)) s.p += 3; /* a byte order mark; cJSON skips it too */
    if (memchr(s.p, '\0', (size_t)(s.end - s.p)))
        return report(&s, 1, 1, "a sweep is a JSON text", "the file is binary: it holds a zero byte");
    skip_space(&s);
    if (s.p == s.end) {
        report(&s, s.line, s.column, NULL, "the file is empty; expected a JSON object");
        return SW_E_CONFIG;
    }
    int32_t previous = -1;
    sw_status status = scan_value(&s, -1, &previous);
    if (status != SW_OK) return status;
    skip_space(&s);
    if (s.p < s.end) {
        char found[64];
        describe_here(&s, found);
        sw_diagnostics_add(document->diagnostics, false, s.line, s.column, "", NULL,
                           "expected the end of the file after the object, found %s", found);
        blank(s.p, s.end);
    }
    return SW_OK;
}
