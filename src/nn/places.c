/* places.c: finds the distinct prefixes of rows, position by position, in a hash table. */
#include "nn/places.h"

#include <string.h>

size_t sw_places_most(size_t rows, size_t tokens, size_t vocabulary, bool shared) {
    size_t most = rows, prefixes = 1;
    for (size_t t = 0; t + 1 < tokens; t++) {
        prefixes = sw_smaller(rows, prefixes * vocabulary);
        most += shared ? prefixes : rows;
    }
    return most;
}

void sw_places_carve(sw_places *p, sw_carver *carver, size_t rows, size_t places, size_t tokens, size_t vocabulary,
                     bool causal) {
    p->tokens = tokens;
    p->causal = causal;
    for (p->buckets = 2; p->buckets < 2 * rows;) p->buckets *= 2;
    p->first = sw_carve(carver, tokens + 1, sizeof *p->first);
    p->token = sw_carve_ints(carver, rows * tokens);
    p->source = sw_carve_ints(carver, places);
    p->key = sw_carve_ints(carver, places * tokens);
    p->place = sw_carve_ints(carver, rows * tokens);
    p->prefix = sw_carve_ints(carver, rows);
    p->parent = sw_carve_ints(carver, rows);
    p->origin = sw_carve_ints(carver, rows);
    p->inverse = sw_carve_ints(carver, rows);
    p->prefixes = sw_carve_ints(carver, rows * tokens);
    p->bucket = sw_carve_ints(carver, p->buckets);
    p->visit = sw_carve(carver, tokens, sizeof *p->visit);
    for (size_t t = 0; t < tokens; t++) {
        sw_visit counted = {0};
        sw_visit_carve(carver->base ? &p->visit[t] : &counted, carver, rows, sw_places_span(p, t), vocabulary);
    }
}

/* Numbers the prefixes 0..t of the rows, whose prefixes 0..t-1 are numbered; their count. */
static size_t number_prefixes(sw_places *p, size_t t) {
    const size_t mask = p->buckets - 1;
    size_t count = 0;
    memset(p->bucket, 0, p->buckets * sizeof *p->bucket);
    for (size_t r = 0; r < p->rows; r++) {
        const int32_t before = t == 0 ? 0 : p->prefix[r], token = p->token[r * p->tokens + t];
        uint64_t hash = ((uint64_t)(uint32_t)before << 32 | (uint32_t)token) * UINT64_C(0x9E3779B97F4A7C15);
        size_t at = (size_t)(hash >> 32) & mask;
        for (; p->bucket[at] > 0; at = (at + 1) & mask) {
            const int32_t u = p->bucket[at] - 1;
            if (p->parent[u] == before && p->token[(size_t)p->origin[u] * p->tokens + t] == token) break;
        }
        if (p->bucket[at] == 0) {
            p->parent[count] = before;
            p->origin[count] = (int32_t)r;
            p->bucket[at] = (int32_t)++count;
        }
        p->prefix[r] = p->bucket[at] - 1;
    }
    return count;
}

static size_t number_rows(sw_places *p) {
    for (size_t r = 0; r < p->rows; r++) p->prefix[r] = p->origin[r] = (int32_t)r;
    return p->rows;
}

static void set_position(sw_places *p, size_t t) {
    const size_t T = p->tokens, span = sw_places_span(p, t);
    const bool own = !p->shared || !p->causal || t + 1 == T;
    const size_t count = own ? number_rows(p) : number_prefixes(p, t), first = p->first[t];
    for (size_t u = 0; u < count; u++)
        memcpy(p->prefixes + u * span, p->token + (size_t)p->origin[u] * T, span * sizeof *p->prefixes);
    sw_visit_set(&p->visit[t], p->prefixes, count, span);
    for (size_t i = 0; i < count; i++) {
        const int32_t u = p->visit[t].order[i];
        p->inverse[u] = (int32_t)i;
        p->source[first + i] = p->origin[u];
    }
    for (size_t r = 0; r < p->rows; r++) p->place[r * T + t] = (int32_t)first + p->inverse[p->prefix[r]];
    p->first[t + 1] = first + count;
}

void sw_places_set(sw_places *p, const int32_t *token, size_t rows, bool shared) {
    const size_t T = p->tokens, bytes = rows * T * sizeof *token;
    if (p->rows == rows && p->shared == shared && memcmp(p->token, token, bytes) == 0) return;
    memcpy(p->token, token, bytes);
    p->rows = rows;
    p->shared = shared;
    p->first[0] = 0;
    for (size_t t = 0; t < T; t++) set_position(p, t);
    for (size_t t = 0; t < T; t++)
        for (size_t i = p->first[t]; i < p->first[t + 1]; i++)
            memcpy(p->key + i * T, p->place + (size_t)p->source[i] * T, sw_places_span(p, t) * sizeof *p->key);
}
