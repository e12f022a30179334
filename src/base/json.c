/* json.c: writes JSON. */
#include "symsweep/json.h"

#include "symsweep/text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sw_json {
    char *text;
    size_t length, capacity;
    bool failed;      /* memory ran out: the text is useless */
    bool needs_comma; /* something stands before the next value */
};

sw_status sw_json_create(sw_json **out) {
    *out = calloc(1, sizeof **out);
    if (!*out) return sw_fail(SW_E_MEMORY, "out of memory");
    (*out)->capacity = 256;
    (*out)->text = calloc(1, (*out)->capacity);
    if (!(*out)->text) {
        free(*out);
        *out = NULL;
        return sw_fail(SW_E_MEMORY, "out of memory");
    }
    return SW_OK;
}

void sw_json_destroy(sw_json *json) {
    if (!json) return;
    free(json->text);
    free(json);
}

void sw_json_clear(sw_json *json) {
    json->length = 0;
    json->text[0] = '\0';
    json->failed = json->needs_comma = false;
}

static void append(sw_json *json, const char *text, size_t length) {
    if (json->failed) return;
    if (json->length + length + 1 > json->capacity) {
        size_t capacity = 2 * (json->length + length + 1);
        char *grown = realloc(json->text, capacity);
        if (!grown) {
            json->failed = true;
            return;
        }
        json->text = grown;
        json->capacity = capacity;
    }
    memcpy(json->text + json->length, text, length);
    json->length += length;
    json->text[json->length] = '\0';
}

static void append_text(sw_json *json, const char *text) { append(json, text, strlen(text)); }

static void begin_value(sw_json *json) {
    if (json->needs_comma) append_text(json, ",");
    json->needs_comma = true;
}

static bool is_plain(char c) {
    unsigned char byte = (unsigned char)c;
    return byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\';
}

static void append_quoted(sw_json *json, const char *value) {
    const char *end = value + strlen(value);
    append_text(json, "\"");
    for (const char *c = value; *c; c++) {
        unsigned char byte = (unsigned char)*c;
        char escape[8];
        const size_t character = byte >= 0x80 ? sw_text_utf8(c, end) : 0;
        if (character > 0) {
            append(json, c, character);
            c += character - 1;
            continue;
        }
        size_t plain = 0; /* most text needs no escape: whole stretches at once */
        while (c[plain] != '\0' && is_plain(c[plain])) plain++;
        if (plain > 0) {
            append(json, c, plain);
            c += plain - 1;
            continue;
        }
        if (byte == '"' || byte == '\\')
            snprintf(escape, sizeof escape, "\\%c", byte);
        else if (byte == '\n')
            snprintf(escape, sizeof escape, "\\n");
        else
            snprintf(escape, sizeof escape, "\\u%04x", byte < 0x80 ? byte : 0xfffd); /* no UTF-8 */
        append_text(json, escape);
    }
    append_text(json, "\"");
}

void sw_json_begin_object(sw_json *json) {
    begin_value(json);
    append_text(json, "{");
    json->needs_comma = false;
}

void sw_json_end_object(sw_json *json) {
    append_text(json, "}");
    json->needs_comma = true;
}

void sw_json_begin_array(sw_json *json) {
    begin_value(json);
    append_text(json, "[");
    json->needs_comma = false;
}

void sw_json_end_array(sw_json *json) {
    append_text(json, "]");
    json->needs_comma = true;
}

void sw_json_key(sw_json *json, const char *key) {
    begin_value(json);
    append_quoted(json, key);
    append_text(json, ":");
    json->needs_comma = false;
}

void sw_json_string(sw_json *json, const char *value) {
    if (!value) {
        sw_json_null(json);
        return;
    }
    begin_value(json);
    append_quoted(json, value);
}

void sw_json_integer(sw_json *json, int64_t value) {
    char text[32];
    snprintf(text, sizeof text, "%" PRId64, value);
    sw_json_raw(json, text);
}

void sw_json_format_number(char out[32], double value) {
    if (!isfinite(value)) {
        snprintf(out, 32, "null");
        return;
    }
    if (value == floor(value) && fabs(value) < 1e15) { /* whole: 300, not 3e+02 */
        snprintf(out, 32, "%s%" PRId64, value == 0 && signbit(value) ? "-" : "", (int64_t)value);
        return;
    }
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(out, 32, "%.*g", digits, value);
        if (strtod(out, NULL) == value) return;
    }
}

void sw_json_number(sw_json *json, double value) {
    char text[32];
    sw_json_format_number(text, value);
    sw_json_raw(json, text);
}

void sw_json_bool(sw_json *json, bool value) { sw_json_raw(json, value ? "true" : "false"); }

void sw_json_null(sw_json *json) { sw_json_raw(json, "null"); }

void sw_json_raw(sw_json *json, const char *text) {
    begin_value(json);
    append_text(json, text);
}

void sw_json_member_string(sw_json *json, const char *key, const char *value) {
    sw_json_key(json, key);
    sw_json_string(json, value);
}

void sw_json_member_integer(sw_json *json, const char *key, int64_t value) {
    sw_json_key(json, key);
    sw_json_integer(json, value);
}

void sw_json_member_number(sw_json *json, const char *key, double value) {
    sw_json_key(json, key);
    sw_json_number(json, value);
}

void sw_json_member_bool(sw_json *json, const char *key, bool value) {
    sw_json_key(json, key);
    sw_json_bool(json, value);
}

void sw_json_member_object(sw_json *json, const char *key) {
    sw_json_key(json, key);
    sw_json_begin_object(json);
}

void sw_json_member_array(sw_json *json, const char *key) {
    sw_json_key(json, key);
    sw_json_begin_array(json);
}

const char *sw_json_text(const sw_json *json) {
    if (json->failed) {
        sw_fail(SW_E_MEMORY, "out of memory for a JSON text of %zu bytes", json->length);
        return NULL;
    }
    return json->text;
}
