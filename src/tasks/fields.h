/* fields.h: the lines of a text file and the fields in them, as CSV, SNAP, KONECT, networkx and spreadsheets write
 * them. */
#pragma once

#include "symsweep/fail.h"

#include <stdint.h>

/* A piece of the text, not terminated. */
typedef struct sw_span {
    const char *at;
    size_t length;
} sw_span;

/* A text file in memory; what is wrong with it is SW_E_CONFIG, with `key` before the message. */
typedef struct sw_fields {
    const char *key, *path;
    char *bytes; /* as read, with a zero behind them */
    size_t length;
    const char *marks; /* characters that begin a comment */
    const char *start; /* behind a byte order mark */
    const char *next;
    char line_end;         /* '\n'; '\r' in a file that has no '\n' */
    size_t line, comments; /* number of the line that was read last, from 1; comment lines so far */
} sw_fields;

/* A regular file of at most `most` bytes: UTF-8 or another code that agrees with ASCII, with or without byte order
 * mark. Comments begin with one of `marks`. Release what it returned. */
sw_status sw_fields_read(sw_fields *out, const char *key, const char *path, size_t most,
                         const char *marks) SW_MUST_CHECK;
/* The content must have the SHA-256 with which the sweep was planned; all zero: nothing to compare with. */
sw_status sw_fields_check_content(const char *path, const char *bytes, size_t length,
                                  const uint8_t *sha256) SW_MUST_CHECK;
sw_status sw_fields_check(const sw_fields *file, const uint8_t *sha256) SW_MUST_CHECK;
void sw_fields_release(sw_fields *fields);
/* Back before the first line. */
void sw_fields_rewind(sw_fields *fields);
/* The next line with something on it, without blanks around it; lines whose first character is a mark are comments. */
bool sw_fields_next(sw_fields *fields, sw_span *line);

/* What separates fields: a comma, semicolon or tab, or any number of blanks and tabs. */
enum { SW_FIELDS_BLANKS = ' ' };
/* Of a file whose first line of content is this one. A line that ends in an object in braces, or whose first two fields
 * are whole numbers apart by blanks, has blanks. */
char sw_fields_separator(sw_span line);

/* The first `most` fields of a line without the blanks and quotes around them, and how many there are; -1: a quote is
 * not closed. *rest (may be NULL) is the line from its third field on. An object in braces is one field, with all that
 * follows it. Fields apart by blanks end at one that begins with one of `marks`. */
int sw_fields_split(sw_span *out, int most, sw_span *rest, sw_span line, char separator, const char *marks);

bool sw_fields_same(sw_span a, sw_span b);
/* Without regard to the case of ASCII letters. */
bool sw_fields_is_word(sw_span span, const char *word);
/* A whole number of at most 18 digits. */
bool sw_fields_integer(sw_span span, int64_t *out);
bool sw_fields_is_number(sw_span span);
bool sw_fields_is_utf8(sw_span span);

/* For messages: cut where it is long; what cannot be seen is escaped, as \t, \u00a0 or (bytes that are no UTF-8) \xe9.
 */
enum { SW_FIELDS_SHOWN = 64 };
void sw_fields_show(char out[SW_FIELDS_SHOWN], sw_span span);
