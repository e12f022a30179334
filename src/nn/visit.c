/* visit.c: visits rows so that the same table rows are wanted again soon.
 *
 * Rows are points (first token, last varying token) of a plane; blocks of that plane that hold about a tile's rows are
 * visited one after another, by first token within a block. A tile then sees few tokens, each many times, and the table
 * rows of a group of equal tokens stay in the innermost cache. */
#include "nn/visit.h"

#include <math.h>
#include <string.h>

enum { BLOCKS_MAX = 64 }; /* blocks along one side of the plane */

static size_t tiles_of(size_t rows) { return (rows + SW_TILE_ROWS - 1) / SW_TILE_ROWS; }

void sw_visit_carve(sw_visit *visit, sw_carver *carver, size_t capacity, size_t tokens, size_t vocabulary) {
    visit->capacity = capacity;
    visit->tokens = tokens;
    visit->vocabulary = vocabulary;
    visit->token = sw_carve_ints(carver, capacity * tokens);
    visit->order = sw_carve_ints(carver, capacity);
    visit->visited = sw_carve_ints(carver, capacity * tokens);
    visit->group_token = sw_carve_ints(carver, tokens * capacity);
    visit->group_begin = sw_carve_ints(carver, tokens * (capacity + 1));
    visit->member = sw_carve_ints(carver, tokens * capacity);
    visit->tile_groups = sw_carve_ints(carver, tokens * (tiles_of(capacity) + 1));
    visit->bucket = sw_carve_ints(carver, sw_larger(vocabulary, BLOCKS_MAX * BLOCKS_MAX) + 1);
    visit->scratch = sw_carve_ints(carver, capacity);
}

/* Turns counts in bucket[1..n] into first places in bucket[0..n). */
static void places(int32_t *bucket, size_t n) {
    for (size_t i = 1; i <= n; i++) bucket[i] += bucket[i - 1];
}

/* Rows by (block of the plane, first token, place in the batch): two stable counting sorts. */
static void sort_rows(sw_visit *visit) {
    size_t n = visit->rows, T = visit->tokens, V = visit->vocabulary, end = visit->positions - 1;
    const int32_t *token = visit->token;
    memset(visit->bucket, 0, (V + 1) * sizeof(int32_t));
    for (size_t r = 0; r < n; r++) visit->bucket[token[r * T] + 1]++;
    places(visit->bucket, V);
    for (size_t r = 0; r < n; r++) visit->scratch[visit->bucket[token[r * T]]++] = (int32_t)r;

    /* a block of side x side tokens holds about n (side / V)^2 rows */
    size_t blocks = end == 0 ? 1 : (size_t)(sqrt((double)n / SW_TILE_ROWS) + 0.5);
    blocks = blocks < 1 ? 1 : blocks > BLOCKS_MAX ? BLOCKS_MAX : blocks;
    size_t side = (V + blocks - 1) / blocks;
    memset(visit->bucket, 0, (blocks * blocks + 1) * sizeof(int32_t));
    for (size_t r = 0; r < n; r++)
        visit->bucket[(size_t)token[r * T] / side * blocks + (size_t)token[r * T + end] / side + 1]++;
    places(visit->bucket, blocks * blocks);
    for (size_t i = 0; i < n; i++) {
        size_t r = (size_t)visit->scratch[i];
        visit->order[visit->bucket[(size_t)token[r * T] / side * blocks + (size_t)token[r * T + end] / side]++] =
            (int32_t)r;
    }
}

/* Groups of all tiles at one position. */
static void group(sw_visit *visit, size_t position) {
    size_t n = visit->rows, T = visit->tokens, V = visit->vocabulary, groups = 0;
    int32_t *group_token = visit->group_token + position * visit->capacity;
    int32_t *group_begin = visit->group_begin + position * (visit->capacity + 1);
    int32_t *member = visit->member + position * visit->capacity;
    int32_t *tile_groups = visit->tile_groups + position * (tiles_of(visit->capacity) + 1);
    for (size_t begin = 0, tile = 0; begin < n; begin += SW_TILE_ROWS, tile++) {
        size_t count = sw_smaller(n - begin, SW_TILE_ROWS);
        tile_groups[tile] = (int32_t)groups;
        memset(visit->bucket, 0, (V + 1) * sizeof(int32_t));
        for (size_t i = 0; i < count; i++)
            visit->bucket[visit->token[(size_t)visit->order[begin + i] * T + position] + 1]++;
        for (size_t v = 0; v < V; v++) {
            int32_t first = visit->bucket[v];
            if (visit->bucket[v + 1] > 0) {
                group_token[groups] = (int32_t)v;
                group_begin[groups++] = (int32_t)begin + first;
            }
            visit->bucket[v + 1] += first;
        }
        for (size_t i = 0; i < count; i++) {
            int32_t *place = &visit->bucket[visit->token[(size_t)visit->order[begin + i] * T + position]];
            member[begin + (size_t)(*place)++] = (int32_t)i;
        }
        tile_groups[tile + 1] = (int32_t)groups;
    }
    group_begin[groups] = (int32_t)n;
}

void sw_visit_set(sw_visit *visit, const int32_t *token, size_t rows, size_t positions) {
    size_t bytes = rows * visit->tokens * sizeof *token;
    if (visit->rows == rows && visit->positions == positions && memcmp(visit->token, token, bytes) == 0) return;
    memcpy(visit->token, token, bytes);
    visit->rows = rows;
    visit->positions = positions;
    sort_rows(visit);
    for (size_t i = 0; i < rows; i++)
        memcpy(visit->visited + i * visit->tokens, token + (size_t)visit->order[i] * visit->tokens,
               visit->tokens * sizeof *token);
    for (size_t position = 0; position < positions; position++) group(visit, position);
}

sw_groups sw_visit_groups(const sw_visit *visit, size_t tile, size_t position) {
    const int32_t *tile_groups = visit->tile_groups + position * (tiles_of(visit->capacity) + 1) + tile;
    return (sw_groups){
        .count = (size_t)(tile_groups[1] - tile_groups[0]),
        .token = visit->group_token + position * visit->capacity + tile_groups[0],
        .begin = visit->group_begin + position * (visit->capacity + 1) + tile_groups[0],
        .member = visit->member + position * visit->capacity,
    };
}
