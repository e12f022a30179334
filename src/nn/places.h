/* places.h: the distinct states of a block of rows. Under a causal mask a state at position t is a function of the
 * tokens 0..t alone, so that rows which begin alike share it: of the first position there are no more than tokens. */
#pragma once

#include "nn/visit.h"

enum { SW_TOKENS_MAX = SW_OPERANDS_MAX + 2 }; /* of an input: operands, a relation, the readout token */

/* Places are numbered by position, and within a position as they are visited (visit.h). At the last position every row
 * has a place of its own. */
typedef struct sw_places {
    size_t tokens; /* T */
    bool causal;
    size_t rows;       /* of the tokens at hand; 0 = none yet */
    bool shared;       /* do rows share places? */
    size_t *first;     /* [T + 1] first place of each position; [T]: how many there are */
    int32_t *token;    /* [rows, T] as given */
    int32_t *source;   /* [places] a row that has the place */
    int32_t *key;      /* [places, T] the places that attention sees from there, span of them */
    sw_visit *visit;   /* [T] of each position's places, by the tokens that attention sees from there */
    int32_t *place;    /* [rows, T] place of each row */
    int32_t *prefix;   /* [rows] number of the row's prefix at the position at hand; */
    int32_t *parent;   /* [rows] of a prefix, that without its last token; */
    int32_t *origin;   /* [rows] its first row; */
    int32_t *inverse;  /* [rows] its place within the position; */
    int32_t *prefixes; /* [rows, T] and its tokens */
    int32_t *bucket;   /* [buckets] of a hash table of prefixes */
    size_t buckets;
} sw_places;

/* Keys that attention at position t sees: its own and those before, or without a mask all. */
static inline size_t sw_places_span(const sw_places *places, size_t t) {
    return places->causal ? t + 1 : places->tokens;
}

static inline size_t sw_places_count(const sw_places *places) { return places->first[places->tokens]; }

/* The most places that `rows` rows can have; shared = false: every row has its own place at every position. */
size_t sw_places_most(size_t rows, size_t tokens, size_t vocabulary, bool shared);
/* Room for `rows` rows, which have `places` places at most. */
void sw_places_carve(sw_places *to, sw_carver *carver, size_t rows, size_t places, size_t tokens, size_t vocabulary,
                     bool causal);
/* Takes rows of tokens [rows, T] in hand, of which there is at least one; at once when they are the same as before.
 * Places are shared under a causal mask alone. */
void sw_places_set(sw_places *places, const int32_t *token, size_t rows, bool shared);
