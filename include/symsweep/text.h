/* text.h: text of files and of users on a terminal.
 *
 * A label, a name, a host or a path may hold what moves the cursor, changes colours or turns the order of reading. Such
 * characters are shown as escapes, as in JSON: control characters (C0, DEL, C1), marks of direction, separators of
 * lines, and bytes that are no UTF-8. All else is shown as it stands. */
#pragma once

#include "symsweep/fail.h"

#include <stdio.h>

/* Bytes of the UTF-8 character at p, 0 when it is none (overlong forms, surrogates and beyond U+10FFFF are none). */
size_t sw_text_utf8(const char *p, const char *end);

/* The text with escapes in `out`, cut before the first character that has no room. Returns `out`. */
char *sw_text_escape(char *out, size_t capacity, const char *text);

/* Terminal columns of the escaped text: one a character, which is right but for wide and combining ones. */
int sw_text_columns(const char *text);

/* An escaped text without its first `columns` columns. */
const char *sw_text_skip(const char *text, int columns);

/* Prints it escaped; `length` bytes of it; in at most `columns` columns, what is longer cut with an ellipsis. Each
 * returns the columns that it took. */
int sw_text_print(FILE *out, const char *text);
int sw_text_print_part(FILE *out, const char *text, size_t length);
int sw_text_print_cut(FILE *out, const char *text, int columns);

/* printf, with all that comes out of the format escaped but a line's end that stands at the end of the format. */
int sw_text_printf(FILE *out, const char *format, ...) SW_PRINTF(2, 3);

/* Is it UTF-8 without control characters below U+0020? */
bool sw_text_is_line(const char *text);

/* Prints a JSON text, its strings with the same characters as JSON has them (\u202e); what is no UTF-8 as U+FFFD. */
void sw_text_print_json(FILE *out, const char *json);
