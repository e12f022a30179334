/* reader.h: from document nodes to assignments of keys. */
#pragma once

#include "config/key.h"

/* One key set to a value; `twin` is the second key of an alias, NULL = none. */
typedef struct sw_assignment {
    const sw_key *key, *twin;
    sw_value value;
    bool later; /* the value is not read: value.node is where it stands */
} sw_assignment;

typedef struct sw_assignments {
    sw_assignment *items;
    size_t count, capacity;
} sw_assignments;

/* Where members are read: keys of which section, below which prefix. */
typedef struct sw_scope {
    sw_section section;
    const char *prefix; /* "" = the section itself */
    bool dotted;        /* names may be paths */
    const char *skip;   /* a member that is passed over; NULL = none */
    /* Is what stands at a node more than a value of the key, to be read by the caller? NULL = never. */
    bool (*later)(const sw_document *document, const sw_key *key, int32_t node);
} sw_scope;

/* Is it an object? Reports when not. */
bool sw_reader_is_object(sw_reader *reader, int32_t node);

/* The array with room for one more element than `count`; NULL: no memory, which reader->status says. */
void *sw_reader_grow(sw_reader *reader, void *items, size_t count, size_t *capacity, size_t size) SW_MUST_CHECK;

/* A key of run by its dotted path into out->key, ->twin and ->value.alias; false: unknown. */
bool sw_reader_find(sw_assignment *out, sw_section section, const char *path);
/* Do they set the same key? */
bool sw_reader_overlap(const sw_key *key, const sw_key *twin, const sw_key *other, const sw_key *other_twin);
/* "did you mean ...?" for a path of run that is no key, or where paths start. */
void sw_reader_suggest(const char *prefix, const char *name, char out[256]);

/* The value of `key` at a node; broken and reported when it is none. */
void sw_reader_value(sw_reader *reader, sw_value *out, const sw_key *key, int32_t node);

/* All members of an object, nested objects followed. The list is allocated with realloc: free items. */
void sw_reader_assignments(sw_reader *reader, sw_assignments *out, int32_t object, const sw_scope *scope);
