/* visit.h: the order in which the folded path visits rows. */
#pragma once

#include "nn/carve.h"
#include "nn/kernels.h"

enum { SW_TILE_ROWS = 192 };

/* The order in which rows are visited: in tiles of SW_TILE_ROWS rows whose tokens repeat as often as can be, and within
 * a tile, for each position, the rows grouped by the token they have there. A function of the tokens alone. */
typedef struct sw_visit {
    size_t capacity; /* rows */
    size_t tokens, vocabulary;
    size_t rows, positions; /* of the tokens in hand; positions 0 = none yet */
    int32_t *token;         /* [rows, tokens] as given */
    int32_t *order;         /* [rows] visited i-th: row order[i] */
    int32_t *visited;       /* [rows, tokens] as visited */
    /* per position [capacity]: groups of all tiles one after another */
    int32_t *group_token;      /* [positions, groups] */
    int32_t *group_begin;      /* [positions, groups] first member in `member` */
    int32_t *member;           /* [positions, rows] row of the tile, 0..SW_TILE_ROWS-1 */
    int32_t *tile_groups;      /* [positions, tiles + 1] first group of a tile */
    int32_t *bucket, *scratch; /* for counting sorts */
} sw_visit;

void sw_visit_carve(sw_visit *visit, sw_carver *carver, size_t capacity, size_t tokens, size_t vocabulary);
/* Takes rows of tokens in hand, grouping by the first `positions` of them; at once when they are the same as before. */
void sw_visit_set(sw_visit *visit, const int32_t *token, size_t rows, size_t positions);
/* Groups of tile `tile` at `position`. */
sw_groups sw_visit_groups(const sw_visit *visit, size_t tile, size_t position);
