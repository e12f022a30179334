/* key.h: what can be done with a key of the table. */
#pragma once

#include "config/keys.h"

const sw_key *sw_key_find(sw_section section, const char *path); /* NULL = none */

/* Does the key concern a run like this? Reads only keys that stand above it in the table. */
bool sw_key_concerns(const sw_key *key, const sw_run_config *config);
/* Has it an effect on such a run, which it concerns? */
bool sw_key_acts(const sw_key *key, const sw_run_config *config);
/* "task.kind modular, task.graph cycle or path": what sw_key_concerns asks for; "" = nothing. */
void sw_key_concern_text(const sw_key *key, char *out, size_t capacity);

/* The key's value in the structure of its section. */
void sw_key_get(sw_field *out, const void *base, const sw_key *key);
/* The key's default in such a run; frozen: the identity's. */
void sw_key_default(sw_value *out, const sw_key *key, const sw_run_config *config, bool frozen);
/* As a column of /runs/axes has it; NULL = missing: NaN, -1, "". */
void sw_key_axis_value(sw_axis_value *out, const sw_key *key, const sw_value *value);
/* As JSON. */
void sw_key_write(sw_json *json, const sw_key *key, const sw_value *value);

/* The first key below a group of a section or of its aliases, without the group's path ("kind" of "optimizer"); NULL =
 * `path` is no group. */
const char *sw_key_below(sw_section section, const char *path);
/* "did you mean ...?" for what is no key of the section. Of run: a member of the group `prefix` ("" = run), or a key
 * that ends in the name; else the nearest path. */
void sw_key_suggest(sw_section section, const char *prefix, const char *name, char out[256]);
