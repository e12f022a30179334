/* reader.h: from document nodes to values and assignments of keys. */
#ifndef SYMSWEEP_CONFIG_READER_H
#define SYMSWEEP_CONFIG_READER_H

#include "document.h"
#include "keys.h"

#include "symsweep/arena.h"

/* What reading needs; `status` keeps a failure that is not the user's (memory), everything else is a diagnostic. */
typedef struct sw_reader {
    const sw_document *document;
    sw_arena *arena; /* owns lists and files that values point to */
    sw_diagnostics *diagnostics;
    const char *folder; /* relative files are found from here; NULL = files are not opened (sw_config_read) */
    uint64_t room;      /* how many times the axes read so far can be repeated before a sweep is too large */
    sw_status status;
} sw_reader;

/* One key set to a value; `twin` is the second key of an alias, -1 = none. */
typedef struct sw_assignment {
    int32_t key, twin;
    sw_value value;
} sw_assignment;

typedef struct sw_assignments {
    sw_assignment *items;
    size_t count, capacity;
} sw_assignments;

/* A key by its dotted path, an alias too. false: unknown. */
bool sw_reader_find(const char *path, int32_t *key, int32_t *twin, const sw_alias **alias);

/* "did you mean ...?" for a path that is no key; members of `prefix` come first. */
void sw_reader_suggest(const char *prefix, const char *name, char out[256]);

/* The value of `key` at a node; broken and reported when it is none. */
void sw_reader_value(sw_reader *reader, sw_value *out, const sw_key *key, int32_t node);
/* Is x a value of the numeric key? Reports at `node` when not. Whole numbers go to out->integer. */
bool sw_reader_number(sw_reader *reader, sw_value *out, const sw_key *key, int32_t node, double x);

/* All members of an object below `prefix`, nested objects followed; `dotted`: names may be paths. A member called
 * `skip` (may be NULL) is passed over. The list is allocated with realloc: free items. */
void sw_reader_assignments(sw_reader *reader, sw_assignments *out, int32_t object, const char *prefix, bool dotted,
                           const char *skip);

/* ---- resolving ---- */

/* given[i]: what the run has for sw_keys[i]; NULL = nothing. */
typedef const sw_value *sw_given[SW_KEYS_MAX];

/* Every key in turn: the given value where the key concerns the run, else its default. */
void sw_config_resolve(sw_run_config *out, const sw_given given);

/* What single keys cannot tell and what needs no knowledge of tasks: heads divide d_model, weights end after they
 * begin ... */
void sw_config_check(const sw_run_config *config, const sw_given given, const sw_document *document,
                     sw_diagnostics *diagnostics);

/* SHA-256 of a regular file of at most 16 MiB. */
sw_status sw_reader_sha256(uint8_t out[32], const char *path) SW_MUST_CHECK;

#endif
