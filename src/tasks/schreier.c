/* schreier.c: the exact order of a group of symmetries.
 *
 * The group acts on points: the tokens of all positions and the classes, which determine a symmetry. */
#include "tasks/schreier.h"

#include "symsweep/arena.h"
#include "symsweep/grow.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OUTSIDE = -2, ROOT = -1, TRIES = 100 };
static const double SLACK = 1e-6; /* of a logarithm: its rounding is far less, a missing point far more */

typedef struct level {
    int32_t base, orbit_count;
    size_t count, capacity;
    int32_t **generator; /* [count] each [2, points]: a permutation that fixes the bases above, and its inverse */
    int32_t *edge;       /* [points] the generator that a point of the base's orbit was reached by; ROOT, OUTSIDE */
    int32_t *orbit;      /* [orbit_count] */
} level;

typedef struct chain {
    const sw_symmetry_shape *shape;
    int32_t points;
    size_t count, capacity;
    level *levels;
    int32_t *residue; /* [points] */
    sw_arena *arena;  /* of permutations and orbits */
} chain;

/* ---- the chain ---- */

/* The map as a permutation of the points. */
static void flatten(int32_t *out, const sw_symmetry_shape *shape, const int32_t *map) {
    const int32_t first = shape->positions;
    for (int32_t j = 0; j < shape->positions; j++) {
        const int32_t to = shape->start[map[j]] - first;
        for (int32_t t = 0; t < shape->size[j]; t++) out[shape->start[j] - first + t] = to + map[shape->start[j] + t];
    }
    for (int32_t c = shape->class_start; c < shape->length; c++) out[c - first] = shape->class_start - first + map[c];
}

/* The orbit of the level's base, anew: breadth first, so that paths to the base are short. */
static void find_orbit(level *l, int32_t points) {
    for (int32_t p = 0; p < points; p++) l->edge[p] = OUTSIDE;
    l->edge[l->base] = ROOT;
    l->orbit[0] = l->base;
    l->orbit_count = 1;
    for (int32_t i = 0; i < l->orbit_count; i++)
        for (size_t g = 0; g < l->count; g++) {
            const int32_t image = l->generator[g][l->orbit[i]];
            if (l->edge[image] != OUTSIDE) continue;
            l->edge[image] = (int32_t)g;
            l->orbit[l->orbit_count++] = image;
        }
}

static bool leaves(const int32_t *permutation, const level *l) {
    for (int32_t i = 0; i < l->orbit_count; i++)
        if (l->edge[permutation[l->orbit[i]]] == OUTSIDE) return true;
    return false;
}

/* The level whose orbit the permutation in c->residue leads out of; it and all before it fix the bases above. The
 * number of levels: it passes through all. A random element of the group leads out of an orbit that is incomplete with
 * a probability of at least 1/2, wherever in it the base is. */
static size_t sift(chain *c) {
    for (size_t k = 0; k < c->count; k++) {
        const level *l = &c->levels[k];
        if (leaves(c->residue, l)) return k;
        while (l->edge[c->residue[l->base]] >= 0) {
            const int32_t *inverse = l->generator[l->edge[c->residue[l->base]]] + c->points;
            for (int32_t p = 0; p < c->points; p++) c->residue[p] = inverse[c->residue[p]];
        }
    }
    return c->count;
}

static sw_status add_level(chain *c, int32_t base) {
    level *levels = sw_grow_array(c->levels, c->count, &c->capacity, sizeof *levels, "a chain of stabilizers");
    if (levels == NULL) return SW_E_MEMORY;
    c->levels = levels;
    level *l = &levels[c->count];
    *l = (level){.base = base};
    l->edge = sw_arena_alloc(c->arena, (size_t)c->points, sizeof *l->edge);
    l->orbit = sw_arena_alloc(c->arena, (size_t)c->points, sizeof *l->orbit);
    if (l->edge == NULL || l->orbit == NULL) return SW_E_MEMORY;
    c->count++;
    find_orbit(l, c->points);
    return SW_OK;
}

/* The residue as one more generator of level k. */
static sw_status add_generator(chain *c, size_t k) {
    level *l = &c->levels[k];
    int32_t **list = sw_grow_array(l->generator, l->count, &l->capacity, sizeof(int32_t *), "a chain of stabilizers");
    if (list == NULL) return SW_E_MEMORY;
    l->generator = list;
    int32_t *made = sw_arena_alloc(c->arena, 2 * (size_t)c->points, sizeof *made);
    if (made == NULL) return SW_E_MEMORY;
    memcpy(made, c->residue, (size_t)c->points * sizeof *made);
    for (int32_t p = 0; p < c->points; p++) made[c->points + made[p]] = p;
    list[l->count++] = made;
    find_orbit(l, c->points);
    return SW_OK;
}

/* Makes the chain longer or wider by what is left of a symmetry; *grown: something was. */
static sw_status take(bool *grown, chain *c, const int32_t *map) {
    flatten(c->residue, c->shape, map);
    const size_t k = sift(c);
    sw_status status = SW_OK;
    *grown = k < c->count;
    if (!*grown) {
        int32_t moved = 0;
        while (moved < c->points && c->residue[moved] == moved) moved++;
        *grown = moved < c->points;
        if (*grown) status = add_level(c, moved);
    }
    return status == SW_OK && *grown ? add_generator(c, k) : status;
}

static double log_product(const chain *c) {
    double sum = 0;
    for (size_t k = 0; k < c->count; k++) sum += log(c->levels[k].orbit_count);
    return sum;
}

static sw_status complete(chain *c, const int32_t *maps, size_t count, double log_order) {
    bool grown;
    sw_symmetry_random *random = NULL;
    sw_status status = SW_OK;
    for (size_t i = 0; i < count && status == SW_OK; i++) status = take(&grown, c, maps + i * (size_t)c->shape->length);
    if (status == SW_OK) status = sw_symmetry_random_create(&random, c->shape, maps, count, 0);
    for (int idle = 0; status == SW_OK && idle < TRIES && log_product(c) < log_order - SLACK;
         idle = grown ? 0 : idle + 1)
        status = take(&grown, c, sw_symmetry_random_next(random));
    sw_symmetry_random_destroy(random);
    const double found = log_product(c);
    if (status == SW_OK && fabs(found - log_order) > SLACK)
        status = sw_fail(SW_E_NUMERIC,
                         "internal error: the generators give a group of e^%.9g elements, Traces one of e^%.9g", found,
                         log_order);
    return status;
}

sw_status sw_schreier_factors(sw_schreier_order *order, const sw_symmetry_shape *shape, const int32_t *maps,
                              size_t count, double log_order) {
    chain c = {.shape = shape, .points = shape->length - shape->positions};
    sw_status status = sw_arena_create(&c.arena);
    if (status == SW_OK) {
        c.residue = sw_arena_alloc(c.arena, (size_t)c.points, sizeof *c.residue);
        status = c.residue == NULL ? SW_E_MEMORY : complete(&c, maps, count, log_order);
    }
    for (size_t k = 0; k < c.count; k++) {
        if (status == SW_OK) status = sw_schreier_multiply(order, (uint32_t)c.levels[k].orbit_count);
        free(c.levels[k].generator);
    }
    free(c.levels);
    sw_arena_destroy(c.arena);
    return status;
}

/* ---- the product ---- */

sw_status sw_schreier_multiply(sw_schreier_order *order, uint32_t factor) {
    uint32_t *factors =
        sw_grow_array(order->factor, order->count, &order->capacity, sizeof *factors, "a group's order");
    if (factors == NULL) return SW_E_MEMORY;
    order->factor = factors;
    factors[order->count++] = factor;
    return SW_OK;
}

sw_status sw_schreier_digits(char **out, const sw_schreier_order *order) {
    enum { BASE = 1000000000, DIGITS = 9 };
    double digits = 1;
    for (size_t i = 0; i < order->count; i++) digits += log10(order->factor[i]);
    size_t count = 1;
    uint32_t *part = calloc((size_t)(digits / DIGITS) + 3, sizeof *part); /* least significant first */
    *out = malloc(((size_t)(digits / DIGITS) + 3) * DIGITS + 1);
    if (part == NULL || *out == NULL) {
        free(part);
        free(*out);
        *out = NULL;
        return sw_fail(SW_E_MEMORY, "no memory for a group's order");
    }
    part[0] = 1;
    for (size_t i = 0; i < order->count; i++) {
        uint64_t carry = 0;
        for (size_t k = 0; k < count; k++) {
            carry += (uint64_t)part[k] * order->factor[i];
            part[k] = (uint32_t)(carry % BASE);
            carry /= BASE;
        }
        for (; carry > 0; carry /= BASE) part[count++] = (uint32_t)(carry % BASE);
    }
    char *end = *out + sprintf(*out, "%u", part[count - 1]);
    for (size_t k = count - 1; k-- > 0;) end += sprintf(end, "%09u", part[k]);
    free(part);
    return SW_OK;
}

void sw_schreier_release(sw_schreier_order *order) {
    free(order->factor);
    *order = (sw_schreier_order){0};
}
