/* text.c: text of files and of users on a terminal. */
#include "symsweep/text.h"

#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Room for one character or its escape, with the closing zero. */
enum { SHOWN_MAX = 16, CHUNK = 512 };

static bool is_continuation(unsigned char c) { return (c & 0xc0) == 0x80; }

size_t sw_text_utf8(const char *p, const char *end) {
    const unsigned char *c = (const unsigned char *)p;
    const size_t length = c[0] < 0x80 ? 1 : c[0] < 0xc2 ? 0 : c[0] < 0xe0 ? 2 : c[0] < 0xf0 ? 3 : c[0] < 0xf5 ? 4 : 0;
    if (length > (size_t)(end - p)) return 0;
    for (size_t i = 1; i < length; i++)
        if (!is_continuation(c[i])) return 0;
    if (c[0] == 0xe0 && c[1] < 0xa0) return 0;
    if (c[0] == 0xed && c[1] > 0x9f) return 0;
    if (c[0] == 0xf0 && c[1] < 0x90) return 0;
    if (c[0] == 0xf4 && c[1] > 0x8f) return 0;
    return length;
}

/* ---- characters ---- */

static uint32_t code_of(const char *p, size_t length) {
    const unsigned char *c = (const unsigned char *)p;
    if (length == 1) return c[0];
    uint32_t code = c[0] & (0xffU >> (length + 1));
    for (size_t i = 1; i < length; i++) code = code << 6 | (c[i] & 0x3fU);
    return code;
}

/* First and last of the characters that are never shown as they stand. */
static const uint32_t hidden[][2] = {
    {0x00, 0x1f},       /* C0 */
    {0x7f, 0x9f},       /* DEL, C1 */
    {0xad, 0xad},       /* soft hyphen */
    {0x61c, 0x61c},     /* Arabic letter mark */
    {0x180e, 0x180e},   /* Mongolian vowel separator */
    {0x200b, 0x200f},   /* without width; marks of direction */
    {0x2028, 0x202e},   /* separators of lines and paragraphs; embeddings and overrides */
    {0x2060, 0x206f},   /* word joiner, isolates, deprecated marks */
    {0xfeff, 0xfeff},   /* byte order mark */
    {0xfff9, 0xfffb},   /* annotations */
    {0xe0000, 0xe0fff}, /* tags */
};

static bool is_hidden(uint32_t code) {
    for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++)
        if (code >= hidden[i][0] && code <= hidden[i][1]) return true;
    return false;
}

/* The character at p, before end, as it is shown. Returns the bytes of the text that it took. */
static size_t show(char out[SHOWN_MAX], const char *p, const char *end) {
    const size_t length = sw_text_utf8(p, end);
    const uint32_t code = length > 0 ? code_of(p, length) : (unsigned char)*p;
    if (length > 0 && !is_hidden(code)) {
        memcpy(out, p, length);
        out[length] = '\0';
        return length;
    }
    if (code == '\n' || code == '\r' || code == '\t')
        snprintf(out, SHOWN_MAX, "\\%c", code == '\n' ? 'n' : code == '\r' ? 'r' : 't');
    else
        snprintf(out, SHOWN_MAX, length == 0 || code < 0x80 ? "\\x%02x" : code <= 0xffff ? "\\u%04x" : "\\U%08x", code);
    return length > 0 ? length : 1;
}

/* Columns of what `show` gave. */
static int columns_of(const char *shown) { return (unsigned char)shown[0] < 0x80 ? (int)strlen(shown) : 1; }

/* ---- texts ---- */

char *sw_text_escape(char *out, size_t capacity, const char *text) {
    const char *end = text + strlen(text);
    char shown[SHOWN_MAX];
    size_t used = 0;
    if (capacity == 0) return out;
    while (text < end) {
        text += show(shown, text, end);
        const size_t length = strlen(shown);
        if (used + length >= capacity) break;
        memcpy(out + used, shown, length);
        used += length;
    }
    out[used] = '\0';
    return out;
}

int sw_text_columns(const char *text) {
    const char *end = text + strlen(text);
    char shown[SHOWN_MAX];
    int columns = 0;
    while (text < end) {
        text += show(shown, text, end);
        columns += columns_of(shown);
    }
    return columns;
}

const char *sw_text_skip(const char *text, int columns) {
    const char *end = text + strlen(text);
    for (; text < end && columns > 0; columns--) {
        const size_t length = sw_text_utf8(text, end);
        text += length > 0 ? length : 1;
    }
    return text;
}

/* Whole characters up to `columns` columns, a chunk at a time: stderr writes each call at once. */
static int print(FILE *out, const char *text, const char *end, int columns) {
    char chunk[CHUNK + SHOWN_MAX], shown[SHOWN_MAX];
    size_t used = 0;
    int taken = 0;
    while (text < end) {
        text += show(shown, text, end);
        if (columns_of(shown) > columns - taken) break;
        taken += columns_of(shown);
        memcpy(chunk + used, shown, strlen(shown));
        used += strlen(shown);
        if (used < CHUNK && text < end) continue;
        fwrite(chunk, 1, used, out);
        used = 0;
    }
    fwrite(chunk, 1, used, out);
    return taken;
}

int sw_text_print(FILE *out, const char *text) { return print(out, text, text + strlen(text), INT_MAX); }

int sw_text_print_part(FILE *out, const char *text, size_t length) {
    return print(out, text, text + strnlen(text, length), INT_MAX);
}

int sw_text_print_cut(FILE *out, const char *text, int columns) {
    if (sw_text_columns(text) <= columns) return sw_text_print(out, text);
    const int taken = print(out, text, text + strlen(text), columns - 1);
    fputs("\xe2\x80\xa6", out);
    return taken + 1;
}

int sw_text_printf(FILE *out, const char *format, ...) {
    char some[1024], *all = some;
    va_list values, again;
    va_start(values, format);
    va_copy(again, values);
    int length = vsnprintf(some, sizeof some, format, values);
    if (length >= (int)sizeof some) {
        all = malloc((size_t)length + 1);
        if (all != NULL) vsnprintf(all, (size_t)length + 1, format, again);
    }
    va_end(again);
    va_end(values);
    if (all == NULL) { /* what there is room for */
        all = some;
        length = (int)sizeof some - 1;
    }
    const size_t whole = length > 0 ? (size_t)length : 0, wanted = strlen(format);
    const bool line = whole > 0 && wanted > 0 && format[wanted - 1] == '\n';
    const int columns = print(out, all, all + whole - line, INT_MAX);
    if (line) putc('\n', out);
    if (all != some) free(all);
    return columns;
}

bool sw_text_is_line(const char *text) {
    const char *end = text + strlen(text);
    while (text < end) {
        const size_t length = sw_text_utf8(text, end);
        if (length == 0 || (unsigned char)*text < 0x20) return false;
        text += length;
    }
    return true;
}

/* ---- JSON ---- */

void sw_text_print_json(FILE *out, const char *json) {
    const char *end = json + strlen(json), *plain = json;
    while (json < end) {
        const size_t length = sw_text_utf8(json, end);
        const uint32_t code = length > 0 ? code_of(json, length) : 0xfffd;
        /* White space between values is ASCII, and so are all escapes that are there already. */
        if (length > 0 && (code < 0x7f || !is_hidden(code))) {
            json += length;
            continue;
        }
        fwrite(plain, 1, (size_t)(json - plain), out);
        if (code > 0xffff)
            fprintf(out, "\\u%04x\\u%04x", 0xd800 + ((code - 0x10000) >> 10), 0xdc00 + ((code - 0x10000) & 0x3ff));
        else
            fprintf(out, "\\u%04x", code);
        json += length > 0 ? length : 1;
        plain = json;
    }
    fwrite(plain, 1, (size_t)(end - plain), out);
}
