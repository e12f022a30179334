/* json.h: writes JSON (reading is the config module's). Numbers as shortest round-trip; NaN and infinity as null. */
#pragma once

#include "symsweep/fail.h"

#include <stdint.h>

typedef struct sw_json sw_json; /* a growing text; commas and nesting are kept by the writer */

sw_status sw_json_create(sw_json **out) SW_MUST_CHECK;
void sw_json_destroy(sw_json *json);
void sw_json_clear(sw_json *json); /* as after create; keeps its memory */

void sw_json_begin_object(sw_json *json);
void sw_json_end_object(sw_json *json);
void sw_json_begin_array(sw_json *json);
void sw_json_end_array(sw_json *json);
void sw_json_key(sw_json *json, const char *key);
void sw_json_string(sw_json *json, const char *value); /* NULL -> null */
void sw_json_integer(sw_json *json, int64_t value);
void sw_json_number(sw_json *json, double value);
void sw_json_bool(sw_json *json, bool value);
void sw_json_null(sw_json *json);
void sw_json_raw(sw_json *json, const char *text); /* already JSON */

/* Members of the object that is open: a key and its value; of an object or array its beginning. */
void sw_json_member_string(sw_json *json, const char *key, const char *value);
void sw_json_member_integer(sw_json *json, const char *key, int64_t value);
void sw_json_member_number(sw_json *json, const char *key, double value);
void sw_json_member_bool(sw_json *json, const char *key, bool value);
void sw_json_member_object(sw_json *json, const char *key);
void sw_json_member_array(sw_json *json, const char *key);

/* Shortest text that strtod reads back to the same double ("0.1", "1e-05", "3"). */
void sw_json_format_number(char out[32], double value);

/* The text so far, owned by the writer; NULL with a message when memory ran out on the way. */
const char *sw_json_text(const sw_json *json);
