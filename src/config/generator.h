/* generator.h: an axis: a key and its values, listed, generated or drawn. */
#pragma once

#include "config/key_types.h"

typedef enum sw_source { SW_SOURCE_CASES, SW_SOURCE_ZIP, SW_SOURCE_RANDOM, SW_SOURCE_GRID } sw_source;

typedef enum sw_distribution {
    SW_VALUES, /* the listed ones; choice of a random axis draws among them */
    SW_UNIFORM,
    SW_LOG_UNIFORM,
    SW_UNIFORM_INTEGER
} sw_distribution;

/* One dimension of grid, zip or random: a key (two, under an alias) and its values. */
typedef struct sw_dimension {
    const char *path; /* borrowed from the document */
    const sw_key *key, *twin;
    const sw_alias *alias;
    sw_source source;
    int32_t member; /* document node */
    sw_distribution distribution;
    double low, high; /* distributions: half-open [low, high) for integers */
    int64_t step;     /* integers: low, low + step ... */
    sw_value *values; /* arena; NULL when the sweep is too large anyway */
    size_t count;
} sw_dimension;

/* Values at a node: a list, whose elements may be generators, or one generator: {"range": ...}, {"linspace": ...},
 * {"logspace": ...}. Counted before anything is generated. false: reported. */
bool sw_generator_values(sw_reader *reader, sw_dimension *out, int32_t node);

/* Does the node hold several values of the key: a list of them, or a generator? */
bool sw_generator_varies(const sw_document *document, const sw_key *key, int32_t node);

/* Value of a random dimension for one sample; `place` is its number among the random dimensions. */
void sw_generator_draw(sw_value *out, const sw_dimension *dimension, uint32_t sampler_seed, size_t sample,
                       size_t place);
