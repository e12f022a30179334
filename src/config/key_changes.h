/* key_changes.h: the type of the key `changes`: what the run's other keys are after given steps. */
#pragma once

#include "config/key_types.h"

/* A list of {"at": S, "<dotted path>": value, ...}; paths of keys with `changes` above it in the table, and "freeze".
 * As given it is sorted by step and path, and value->list has the document nodes of what is set; in the structure it
 * is in canonical form (run.h). */
extern const sw_key_type sw_key_changes;
