/* members.h: the values of a configuration's text (/runs/config), one by one.
 *
 * Walks the text itself, which this program wrote (sw_config_write): keys and values are told apart by quotes, colons
 * and brackets, so that an unknown key of another version is met like any other, and a text costs microseconds. What is
 * no JSON object has no values. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* A value by its dotted path: a text without its quotes, a list as a whole. */
typedef void (*sw_members_visitor)(void *context, const char *path, const char *value, size_t length);
void sw_members_walk(const char *json, sw_members_visitor visit, void *context);

/* The value of one path, within `json`; NULL = there is none. */
const char *sw_members_find(size_t *length, const char *json, const char *path);
