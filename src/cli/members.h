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

/* Where a value stands in a text. */
typedef struct sw_members_span {
    size_t from, length;
} sw_members_span;

/* The values of `json` when it is `model` but for its values, which stand in `spans` [count] there, in their order: far
 * cheaper than a walk. visit (NULL = only look) gets the number of each. false: it is not. */
bool sw_members_follow(const char *json, const char *model, const sw_members_span *spans, size_t count,
                       void (*visit)(void *context, size_t number, const char *value, size_t length), void *context);
