/* schreier.c: the exact order of a group of symmetries, and generators that depend on the group alone.
 *
 * The group acts on points: the tokens of all positions and the classes, which determine a symmetry. */
#include "tasks/schreier.h"

#include "symsweep/arena.h"
#include "symsweep/grow.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OUTSIDE = -2, ROOT = -1, TRIES = 100, SHORT = 16 };
static const double SLACK = 1e-6; /* of a logarithm: its rounding is far less, a missing point far more */

/* Stabilizers of ever more points, in the order of the points: a level stands for the elements that fix all points
 * below its base. Points that these fix, too, have no level. */
typedef struct level {
    int32_t base, orbit_count;
    size_t count, capacity;
    int32_t **generator; /* [count] each [2, points]: a permutation that fixes all points below, and its inverse */
    int32_t *edge;       /* [points] the generator that a point of the base's orbit was reached by; ROOT, OUTSIDE */
    int32_t *orbit;      /* [orbit_count] */
} level;

typedef struct chain {
    const sw_symmetry_shape *shape;
    int32_t points;
    size_t count, capacity;
    level *levels;
    int32_t *residue, *scratch, *start, *trial; /* [points] */
    sw_arena *arena;                            /* of permutations and orbits */
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

static int32_t first_moved(const chain *c, const int32_t *permutation) {
    int32_t point = 0;
    while (point < c->points && permutation[point] == point) point++;
    return point;
}

/* residue = residue, then the inverses of generators that lead `point` of the level's orbit to its base. */
static void lead_home(const chain *c, const level *l, int32_t *residue, int32_t point) {
    while (l->edge[point] >= 0) {
        const int32_t *inverse = l->generator[l->edge[point]] + c->points;
        for (int32_t p = 0; p < c->points; p++) residue[p] = inverse[residue[p]];
        point = inverse[point];
    }
}

/* Takes the permutation in c->residue through the chain. *stop: the level whose orbit it leads out of, which it and all
 * before it fix the points below the base of; or the place for a new level at *base, its first point that moves. false:
 * it passes through all. A random element of the group leads out of an orbit that is incomplete with a probability of
 * at least 1/2, wherever in it the base is. */
static bool sift(size_t *stop, int32_t *base, chain *c) {
    for (*stop = 0; *stop < c->count; ++*stop) {
        const level *l = &c->levels[*stop];
        *base = first_moved(c, c->residue);
        if (*base < l->base || leaves(c->residue, l)) return true;
        lead_home(c, l, c->residue, c->residue[l->base]);
    }
    *base = first_moved(c, c->residue);
    return *base < c->points;
}

/* A level at place k, for a base between those around it: what is below fixes it already. */
static sw_status insert_level(chain *c, size_t k, int32_t base) {
    level *levels = sw_grow_array(c->levels, c->count, &c->capacity, sizeof *levels, "a chain of stabilizers");
    if (levels == NULL) return SW_E_MEMORY;
    c->levels = levels;
    level made = {.base = base};
    made.edge = sw_arena_alloc(c->arena, (size_t)c->points, sizeof *made.edge);
    made.orbit = sw_arena_alloc(c->arena, (size_t)c->points, sizeof *made.orbit);
    if (made.edge == NULL || made.orbit == NULL) return SW_E_MEMORY;
    find_orbit(&made, c->points);
    memmove(&levels[k + 1], &levels[k], (c->count - k) * sizeof *levels);
    levels[k] = made;
    c->count++;
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
    size_t k;
    int32_t base;
    flatten(c->residue, c->shape, map);
    *grown = sift(&k, &base, c);
    if (!*grown) return SW_OK;
    const sw_status status = k == c->count || base < c->levels[k].base ? insert_level(c, k, base) : SW_OK;
    return status == SW_OK ? add_generator(c, k) : status;
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

/* ---- generators that depend on the group alone ---- */

/* element = first from the base of level `below` to a point of its orbit, by elements of its stabilizer, then itself.
 */
static void go_first(int32_t *element, chain *c, const level *below, int32_t point) {
    int32_t *home = c->residue;
    for (int32_t p = 0; p < c->points; p++) home[p] = p;
    lead_home(c, below, home, point);
    memcpy(c->scratch, element, (size_t)c->points * sizeof *element);
    for (int32_t p = 0; p < c->points; p++) element[home[p]] = c->scratch[p];
}

/* The point of the level's orbit that the element leads to the least one. */
static int32_t least_of(const level *l, const int32_t *element) {
    int32_t best = l->base;
    for (int32_t i = 0; i < l->orbit_count; i++)
        if (element[l->orbit[i]] < element[best]) best = l->orbit[i];
    return best;
}

/* Gives the bases of the levels from `below` on the least images in turn. */
static void make_least(int32_t *element, chain *c, size_t below) {
    for (; below < c->count; below++) go_first(element, c, &c->levels[below], least_of(&c->levels[below], element));
}

/* What happens to a position's tokens or to the classes, which are `size` points from `from` on and go to those from
 * `to` on: 0 = each keeps its number, as good as nothing = all change by one amount, else how many change. */
static int32_t judge_part(const int32_t *element, const chain *c, int32_t from, int32_t size, int32_t to) {
    const int64_t shift = element[from] - to, factor = size > 1 ? element[from + 1] - to - shift + size : 1;
    int32_t moved = 0;
    bool affine = true;
    for (int32_t t = 0; t < size; t++) {
        const int32_t image = element[from + t] - to;
        moved += image != t;
        affine = affine && image == (factor * t + shift) % size;
    }
    return moved == 0 ? 0 : c->points + 1 + (!affine ? moved : factor % size == 1 ? 1 : 2);
}

/* The less, the simpler is what the element does; 0 for a bare exchange of positions. */
static int32_t complexity(const int32_t *element, const chain *c) {
    const sw_symmetry_shape *shape = c->shape;
    const int32_t first = shape->positions, classes = shape->class_start - first;
    int32_t sum = judge_part(element, c, classes, shape->classes, classes);
    for (int32_t j = 0; j < shape->positions; j++) {
        const int32_t from = shape->start[j] - first;
        int32_t target = 0;
        while (element[from] >= shape->start[target] - first + shape->size[target]) target++;
        sum += judge_part(element, c, from, shape->size[j], shape->start[target] - first);
    }
    return sum;
}

/* The element of the stabilizer above level k that leads the level's base to `point`, and the bases below to the least
 * points in turn; in a short chain the image of the next base is the one that makes the simplest element. */
static void write_simple(int32_t *element, chain *c, size_t k, int32_t point) {
    const size_t bytes = (size_t)c->points * sizeof *element;
    for (int32_t p = 0; p < c->points; p++) element[p] = p;
    go_first(element, c, &c->levels[k], point);
    if (k + 1 >= c->count || c->count > SHORT) {
        make_least(element, c, k + 1);
        return;
    }
    const level *next = &c->levels[k + 1];
    int32_t least = INT32_MAX;
    memcpy(c->start, element, bytes);
    for (int32_t i = 0; i < next->orbit_count; i++) {
        memcpy(c->trial, c->start, bytes);
        go_first(c->trial, c, next, next->orbit[i]);
        make_least(c->trial, c, k + 2);
        const int32_t found = complexity(c->trial, c);
        if (found > least || (found == least && c->trial[next->base] > element[next->base])) continue;
        least = found;
        memcpy(element, c->trial, bytes);
    }
}

/* Drops generators from number `from` on that the others make superfluous: the orbit stays as it is. */
static void thin_out(level *chosen, size_t from, int32_t points) {
    const int32_t whole = chosen->orbit_count;
    for (size_t i = from; i < chosen->count;) {
        int32_t *dropped = chosen->generator[i];
        memmove(&chosen->generator[i], &chosen->generator[i + 1], (--chosen->count - i) * sizeof(int32_t *));
        find_orbit(chosen, points);
        if (chosen->orbit_count == whole) continue;
        memmove(&chosen->generator[i + 1], &chosen->generator[i], (chosen->count++ - i) * sizeof(int32_t *));
        chosen->generator[i++] = dropped;
    }
}

/* Adds to `chosen`, which generates the stabilizer below level k, what is missing of the one above: elements that lead
 * the base to the least points that it does not come to otherwise. */
static sw_status choose(level *chosen, chain *c, size_t k) {
    const level *l = &c->levels[k];
    const size_t from = chosen->count;
    chosen->base = l->base;
    find_orbit(chosen, c->points);
    for (int32_t point = l->base; point < c->points; point++) {
        if (l->edge[point] == OUTSIDE || chosen->edge[point] != OUTSIDE) continue;
        int32_t **list =
            sw_grow_array(chosen->generator, chosen->count, &chosen->capacity, sizeof(int32_t *), "generators");
        if (list == NULL) return SW_E_MEMORY;
        chosen->generator = list;
        list[chosen->count] = sw_arena_alloc(c->arena, (size_t)c->points, sizeof(int32_t));
        if (list[chosen->count] == NULL) return SW_E_MEMORY;
        write_simple(list[chosen->count++], c, k, point);
        find_orbit(chosen, c->points);
    }
    thin_out(chosen, from, c->points);
    return SW_OK;
}

/* The permutation of the points as a map. */
static void unflatten(int32_t *map, const sw_symmetry_shape *shape, const int32_t *permutation) {
    const int32_t first = shape->positions;
    for (int32_t j = 0; j < shape->positions; j++) {
        const int32_t image = permutation[shape->start[j] - first] + first;
        map[j] = 0;
        while (image >= shape->start[map[j]] + shape->size[map[j]]) map[j]++;
        for (int32_t e = shape->start[j]; e < shape->start[j] + shape->size[j]; e++)
            map[e] = permutation[e - first] + first - shape->start[map[j]];
    }
    for (int32_t e = shape->class_start; e < shape->length; e++)
        map[e] = permutation[e - first] + first - shape->class_start;
}

/* The generators of the upper levels first: those that move most. */
static sw_status write_generators(int32_t **generators, size_t *count, chain *c) {
    level chosen = {0};
    const size_t length = (size_t)c->shape->length;
    sw_status status = SW_OK;
    chosen.edge = sw_arena_alloc(c->arena, (size_t)c->points, sizeof *chosen.edge);
    chosen.orbit = sw_arena_alloc(c->arena, (size_t)c->points, sizeof *chosen.orbit);
    if (chosen.edge == NULL || chosen.orbit == NULL) status = SW_E_MEMORY;
    for (size_t k = c->count; k-- > 0 && status == SW_OK;) status = choose(&chosen, c, k);
    *generators = malloc((chosen.count * length + 1) * sizeof **generators);
    if (*generators == NULL) status = sw_fail(SW_E_MEMORY, "no memory for %zu generators", chosen.count);
    *count = status == SW_OK ? chosen.count : 0;
    for (size_t i = 0; i < *count; i++)
        unflatten(*generators + i * length, c->shape, chosen.generator[chosen.count - 1 - i]);
    free(chosen.generator);
    return status;
}

sw_status sw_schreier_solve(sw_schreier_order *order, int32_t **generators, size_t *count,
                            const sw_symmetry_shape *shape, const int32_t *maps, size_t map_count, double log_order) {
    chain c = {.shape = shape, .points = shape->length - shape->positions};
    *generators = NULL;
    *count = 0;
    sw_status status = sw_arena_create(&c.arena);
    if (status == SW_OK) {
        c.residue = sw_arena_alloc(c.arena, 4 * (size_t)c.points, sizeof *c.residue);
        c.scratch = c.residue + c.points;
        c.start = c.scratch + c.points;
        c.trial = c.start + c.points;
        if (c.residue == NULL) status = SW_E_MEMORY;
    }
    if (status == SW_OK) status = complete(&c, maps, map_count, log_order);
    if (status == SW_OK) status = write_generators(generators, count, &c);
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
