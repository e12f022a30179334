/* keys.h: the one table of configuration keys: path, type, place in its structure, default, range, meaning.
 *
 * Parsing, writing, identity, --list-keys, the reference in docs/ and the JSON Schema all follow from it. */
#pragma once

#include "config/key_types.h"

/* Keys of `run` are fields of sw_run_config, those of `refine` and `prune` of sw_adaptive_config. */
typedef enum sw_section { SW_SECTION_RUN, SW_SECTION_SWEEP, SW_SECTION_COUNT } sw_section;

enum { SW_KEYS_MAX = 256 }; /* of a section */

/* The keys of a section, in the order of the table. */
const sw_key *sw_keys_of(sw_section section, size_t *count);

/* Keys whose values say which runs other keys concern. */
typedef struct sw_selector_row {
    const char *path;
    const char *const *names;
    size_t offset; /* of its int32_t in sw_run_config */
    int32_t task;  /* the one task kind that has it, -1 = all */
} sw_selector_row;
extern const sw_selector_row sw_selectors[SW_SELECTOR_COUNT];

extern const sw_alias sw_aliases[];
extern const size_t sw_aliases_count;
