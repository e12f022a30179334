/* fields.c: text files: encodings, lines, fields. */
#include "tasks/fields.h"

#include "symsweep/file.h"
#include "symsweep/sha256.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

static sw_span trim(const char *at, const char *end) {
    while (at < end && is_blank(*at)) at++;
    while (end > at && is_blank(end[-1])) end--;
    return (sw_span){at, (size_t)(end - at)};
}

/* ---- the file ---- */

static sw_status refuse_file(const sw_fields *f, int error, size_t most) {
    struct stat facts = {0};
    if (error == EISDIR || error == EINVAL)
        return sw_fail(SW_E_CONFIG, "%s: %s is not a regular file", f->key, f->path);
    if (error == EFBIG && stat(f->path, &facts) == 0)
        return sw_fail(SW_E_CONFIG, "%s: %s has %lld bytes, more than the limit of %zu", f->key, f->path,
                       (long long)facts.st_size, most);
    return sw_fail(SW_E_CONFIG, "%s: cannot open %s: %s", f->key, f->path, strerror(error));
}

static sw_status check_encoding(const sw_fields *f) {
    const bool marked = f->length >= 2 && (!memcmp(f->bytes, "\xff\xfe", 2) || !memcmp(f->bytes, "\xfe\xff", 2));
    const bool every_other = f->length >= 4 && (!f->bytes[0] != !f->bytes[1]) && (!f->bytes[2] != !f->bytes[3]) &&
                             !f->bytes[0] == !f->bytes[2];
    if (marked || every_other)
        return sw_fail(SW_E_CONFIG,
                       "%s: %s is in UTF-16; expected UTF-8: save it as \"CSV UTF-8\", or convert it with "
                       "iconv -f UTF-16 -t UTF-8",
                       f->key, f->path);
    if (memchr(f->bytes, '\0', f->length) != NULL)
        return sw_fail(SW_E_CONFIG, "%s: %s is not a text file: it has a zero byte", f->key, f->path);
    return SW_OK;
}

sw_status sw_fields_read(sw_fields *out, const char *key, const char *path, size_t most, const char *marks) {
    *out = (sw_fields){.key = key, .path = path, .marks = marks};
    sw_status status = sw_file_read(&out->bytes, &out->length, path, most, NULL);
    if (status == SW_E_IO) return refuse_file(out, errno, most);
    if (status == SW_OK) status = check_encoding(out);
    if (status != SW_OK) return status;
    out->start = out->bytes + (strncmp(out->bytes, "\xef\xbb\xbf", 3) ? 0 : 3);
    out->line_end = strchr(out->start, '\n') ? '\n' : '\r';
    sw_fields_rewind(out);
    return SW_OK;
}

sw_status sw_fields_check_content(const char *path, const char *bytes, size_t length, const uint8_t *sha256) {
    static const uint8_t unknown[SW_SHA256_BYTES];
    uint8_t digest[SW_SHA256_BYTES];
    if (memcmp(sha256, unknown, sizeof unknown) == 0) return SW_OK;
    const sw_status status = sw_sha256(digest, bytes, length);
    if (status != SW_OK) return status;
    if (memcmp(digest, sha256, sizeof digest) == 0) return SW_OK;
    return sw_fail(SW_E_CONFIG, "the content of %s is no longer what the sweep was planned with", path);
}

sw_status sw_fields_check(const sw_fields *file, const uint8_t *sha256) {
    const sw_status status = sw_fields_check_content(file->path, file->bytes, file->length, sha256);
    return status == SW_OK ? status : sw_fail_in(status, "%s", file->key);
}

void sw_fields_release(sw_fields *fields) {
    free(fields->bytes);
    *fields = (sw_fields){0};
}

void sw_fields_rewind(sw_fields *fields) {
    fields->next = fields->start;
    fields->line = fields->comments = 0;
}

bool sw_fields_next(sw_fields *fields, sw_span *line) {
    while (*fields->next) {
        const char *begin = fields->next, *end = strchr(begin, fields->line_end);
        if (!end) end = fields->bytes + fields->length;
        fields->next = *end ? end + 1 : end;
        fields->line++;
        *line = trim(begin, end);
        if (line->length > 0 && strchr(fields->marks, *line->at) == NULL) return true;
        fields->comments += line->length > 0;
    }
    return false;
}

/* ---- fields ---- */

/* Where a quoted text ends, whose first quote is at `at`: behind its last quote; NULL = it does not. */
static const char *quote_end(const char *at, const char *end) {
    for (at++; at < end; at++) {
        if (*at != '"') continue;
        if (at + 1 == end || at[1] != '"') return at + 1;
        at++;
    }
    return NULL;
}

/* Behind the field that begins at `at`; NULL: a quote is not closed. */
static const char *field_end(const char *at, const char *end, char separator) {
    if (at < end && *at == '{') return end;
    if (at < end && *at == '"' && !(at = quote_end(at, end))) return NULL;
    while (at < end && *at != separator && !(separator == SW_FIELDS_BLANKS && is_blank(*at))) at++;
    return at;
}

static const char *skip_blanks(const char *at, const char *end, char separator) {
    while (at < end && is_blank(*at) && *at != separator) at++;
    while (separator == SW_FIELDS_BLANKS && at < end && is_blank(*at)) at++;
    return at;
}

int sw_fields_split(sw_span *out, int most, sw_span *rest, sw_span line, char separator, const char *marks) {
    const char *at = line.at, *end = line.at + line.length;
    int count = 0;
    if (rest) *rest = (sw_span){end, 0};
    for (;;) {
        at = skip_blanks(at, end, separator);
        const bool blanks = separator == SW_FIELDS_BLANKS;
        if (blanks && (at == end || (count > 0 && strchr(marks, *at)))) return count;
        const char *stop = field_end(at, end, separator);
        if (!stop) return -1;
        if (count == 2 && rest) *rest = trim(at, end);
        sw_span field = trim(at, stop);
        if (field.length >= 2 && *field.at == '"' && field.at[field.length - 1] == '"')
            field = (sw_span){field.at + 1, field.length - 2};
        if (count < most) out[count] = field;
        count++;
        if (stop == end) return count;
        at = stop + 1;
    }
}

/* Does an object in braces end the line, apart by a blank from what is before it, as networkx writes it? */
static bool has_object(sw_span line) {
    const char *brace = memchr(line.at, '{', line.length);
    return brace && brace > line.at && is_blank(brace[-1]) && line.at[line.length - 1] == '}';
}

char sw_fields_separator(sw_span line) {
    sw_span first[2];
    int64_t number;
    if (has_object(line)) {
        const char *brace = memchr(line.at, '{', line.length);
        const sw_span before = trim(line.at, brace);
        const char last = before.length > 0 ? before.at[before.length - 1] : ' ';
        return last == ',' || last == ';' ? last : SW_FIELDS_BLANKS;
    }
    if (sw_fields_split(first, 2, NULL, line, SW_FIELDS_BLANKS, "") >= 2 && sw_fields_integer(first[0], &number) &&
        sw_fields_integer(first[1], &number))
        return SW_FIELDS_BLANKS;
    for (const char *at = line.at, *end = line.at + line.length; at < end; at++) {
        if (*at == '"' && (at == line.at || is_blank(at[-1])) && !(at = quote_end(at, end))) break;
        if (at < end && strchr(",;\t", *at)) return *at;
    }
    return SW_FIELDS_BLANKS;
}

/* ---- what a field is ---- */

bool sw_fields_same(sw_span a, sw_span b) { return a.length == b.length && !memcmp(a.at, b.at, a.length); }

bool sw_fields_is_word(sw_span span, const char *word) {
    return span.length == strlen(word) && !strncasecmp(span.at, word, span.length);
}

bool sw_fields_integer(sw_span span, int64_t *out) {
    const bool sign = span.length > 0 && (*span.at == '-' || *span.at == '+');
    const size_t digits = span.length - sign;
    if (digits < 1 || digits > 18) return false;
    *out = 0;
    for (size_t i = sign; i < span.length; i++) {
        if (span.at[i] < '0' || span.at[i] > '9') return false;
        *out = 10 * *out + (span.at[i] - '0');
    }
    if (*span.at == '-') *out = -*out;
    return true;
}

bool sw_fields_is_number(sw_span span) {
    char text[48], *end;
    if (span.length < 1 || span.length >= sizeof text) return false;
    memcpy(text, span.at, span.length);
    text[span.length] = '\0';
    (void)strtod(text, &end);
    return *end == '\0';
}

/* ---- what is shown ---- */

/* Bytes of the character at `at`, and the character; 1 and -1: no UTF-8. */
static size_t decode(const char *at, const char *end, int32_t *character) {
    const unsigned char first = (unsigned char)*at;
    const size_t bytes = first < 0x80   ? 1
                         : first < 0xc2 ? 0
                         : first < 0xe0 ? 2
                         : first < 0xf0 ? 3
                         : first < 0xf5 ? 4
                                        : 0;
    *character = -1;
    if (bytes == 0 || (size_t)(end - at) < bytes) return 1;
    int32_t found = bytes == 1 ? first : first & (0x7f >> bytes);
    for (size_t i = 1; i < bytes; i++) {
        if (((unsigned char)at[i] & 0xc0) != 0x80) return 1;
        found = found << 6 | ((unsigned char)at[i] & 0x3f);
    }
    *character = found;
    return bytes;
}

bool sw_fields_is_utf8(sw_span span) {
    const char *at = span.at, *end = span.at + span.length;
    int32_t character = 0;
    while (at < end && character >= 0) {
        character = *at & 0x80 ? -1 : 0;
        at += character < 0 ? decode(at, end, &character) : 1;
    }
    return character >= 0;
}

static bool is_visible(int32_t c) {
    if (c < 0x20 || (c >= 0x7f && c <= 0xa0) || c == 0xad || c == 0xfeff) return false;
    return !(c >= 0x2000 && c <= 0x200f) && !(c >= 0x2028 && c <= 0x202f) && !(c >= 0x205f && c <= 0x206f) &&
           !(c >= 0xd800 && c <= 0xdfff) && c != 0x3000;
}

void sw_fields_show(char out[SW_FIELDS_SHOWN], sw_span span) {
    enum { ROOM = SW_FIELDS_SHOWN - 16 }; /* for one more escape, and what says that there is more */
    size_t used = 0;
    const char *at = span.at, *end = span.at + span.length;
    while (at < end && used < ROOM) {
        int32_t character;
        const size_t bytes = decode(at, end, &character);
        if (character == '\t' || character == '\r')
            used += (size_t)snprintf(out + used, SW_FIELDS_SHOWN - used, character == '\t' ? "\\t" : "\\r");
        else if (character < 0)
            used += (size_t)snprintf(out + used, SW_FIELDS_SHOWN - used, "\\x%02x", (unsigned char)*at);
        else if (!is_visible(character))
            used += (size_t)snprintf(out + used, SW_FIELDS_SHOWN - used, "\\u%04x", (unsigned)character);
        else
            used += (size_t)snprintf(out + used, SW_FIELDS_SHOWN - used, "%.*s", (int)bytes, at);
        at += bytes;
    }
    snprintf(out + used, SW_FIELDS_SHOWN - used, "%s", at < end ? "..." : "");
}
