/* symmetry.c: symmetries of a task's table: applied, checked, composed, drawn. */
#include "symsweep/symmetry.h"

#include "symsweep/random.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const sw_symmetry_scope_names[SW_SYMMETRY_SCOPES + 1] = {"free", "tied", NULL};

/* ---- the table ---- */

static void find_shape(sw_symmetry_shape *out, const sw_task *task) {
    *out = (sw_symmetry_shape){.relation = -1, .entities = task->entities, .classes = task->classes};
    for (int32_t k = 0; k < task->operands; k++) {
        if (k == 1 && task->relations > 0) out->relation = out->positions++;
        out->positions++;
    }
    assert(out->positions <= SW_SYMMETRY_POSITIONS_MAX);
    out->length = out->positions;
    for (int32_t j = 0; j < out->positions; j++) {
        out->size[j] = j == out->relation ? task->relations : task->entities;
        out->start[j] = out->length;
        out->length += out->size[j];
    }
    out->class_start = out->length;
    out->length += out->classes;
}

static size_t hash(const int32_t *token, int32_t positions) {
    uint64_t h = 0;
    for (int32_t j = 0; j < positions; j++) {
        h = (h ^ (uint32_t)token[j]) * UINT64_C(0x9e3779b97f4a7c15);
        h ^= h >> 29;
    }
    return (size_t)h;
}

/* The place in the hash table where these tokens are, or would be. */
static size_t place_of(const sw_symmetry_table *table, const int32_t *token) {
    const size_t positions = (size_t)table->shape.positions;
    size_t at = hash(token, table->shape.positions) & (table->slots - 1);
    while (table->slot[at] != 0 &&
           memcmp(table->token + (table->slot[at] - 1) * positions, token, positions * sizeof *token) != 0)
        at = (at + 1) & (table->slots - 1);
    return at;
}

sw_status sw_symmetry_table_create(sw_symmetry_table *out, const sw_task *task) {
    *out = (sw_symmetry_table){.inputs = task->inputs, .label = task->true_label, .slots = 2};
    find_shape(&out->shape, task);
    const size_t positions = (size_t)out->shape.positions;
    while (out->slots < 2 * out->inputs) out->slots *= 2;
    out->token = malloc(out->inputs * positions * sizeof *out->token);
    out->slot = calloc(out->slots, sizeof *out->slot);
    if (out->token == NULL || out->slot == NULL) {
        sw_symmetry_table_release(out);
        return sw_fail(SW_E_MEMORY, "no memory for a table of %zu inputs", task->inputs);
    }
    for (size_t i = 0; i < out->inputs; i++) {
        int32_t *token = out->token + i * positions;
        int32_t operand = 0;
        for (int32_t j = 0; j < out->shape.positions; j++)
            token[j] = j == out->shape.relation ? sw_task_relation(task, i) - task->entities
                                                : sw_task_operand(task, i, operand++);
        out->slot[place_of(out, token)] = (uint32_t)i + 1;
    }
    return SW_OK;
}

void sw_symmetry_table_release(sw_symmetry_table *table) {
    free(table->token);
    free(table->slot);
    *table = (sw_symmetry_table){0};
}

int64_t sw_symmetry_find(const sw_symmetry_table *table, const int32_t *token) {
    return (int64_t)table->slot[place_of(table, token)] - 1;
}

int64_t sw_symmetry_image(const sw_symmetry_table *table, const int32_t *map, size_t input) {
    const sw_symmetry_shape *shape = &table->shape;
    const int32_t *token = table->token + input * (size_t)shape->positions;
    int32_t image[SW_SYMMETRY_POSITIONS_MAX];
    for (int32_t j = 0; j < shape->positions; j++) image[map[j]] = map[shape->start[j] + token[j]];
    return sw_symmetry_find(table, image);
}

/* ---- maps ---- */

void sw_symmetry_identity(int32_t *map, const sw_symmetry_shape *shape) {
    for (int32_t j = 0; j < shape->positions; j++) {
        map[j] = j;
        for (int32_t t = 0; t < shape->size[j]; t++) map[shape->start[j] + t] = t;
    }
    for (int32_t c = 0; c < shape->classes; c++) map[shape->class_start + c] = c;
}

void sw_symmetry_compose(int32_t *out, const sw_symmetry_shape *shape, const int32_t *first, const int32_t *second) {
    for (int32_t j = 0; j < shape->positions; j++) {
        const int32_t *then = second + shape->start[first[j]];
        out[j] = second[first[j]];
        for (int32_t t = 0; t < shape->size[j]; t++) out[shape->start[j] + t] = then[first[shape->start[j] + t]];
    }
    for (int32_t c = shape->class_start; c < shape->length; c++) out[c] = second[shape->class_start + first[c]];
}

void sw_symmetry_invert(int32_t *out, const sw_symmetry_shape *shape, const int32_t *map) {
    for (int32_t j = 0; j < shape->positions; j++) {
        out[map[j]] = j;
        for (int32_t t = 0; t < shape->size[j]; t++) out[shape->start[map[j]] + map[shape->start[j] + t]] = t;
    }
    for (int32_t c = 0; c < shape->classes; c++) out[shape->class_start + map[shape->class_start + c]] = c;
}

static bool is_permutation(const int32_t *map, int32_t count, bool *seen) {
    memset(seen, 0, (size_t)count * sizeof *seen);
    for (int32_t i = 0; i < count; i++) {
        if (map[i] < 0 || map[i] >= count || seen[map[i]]) return false;
        seen[map[i]] = true;
    }
    return true;
}

static sw_status check_permutations(const sw_symmetry_shape *shape, const int32_t *map, bool *seen) {
    if (!is_permutation(map, shape->positions, seen))
        return sw_fail(SW_E_CONFIG, "positions: expected a permutation of 0..%d", shape->positions - 1);
    for (int32_t j = 0; j < shape->positions; j++) {
        if ((map[j] == shape->relation) != (j == shape->relation))
            return sw_fail(SW_E_CONFIG, "positions: an operand cannot take the relation's place");
        if (!is_permutation(map + shape->start[j], shape->size[j], seen))
            return sw_fail(SW_E_CONFIG, "tokens of position %d: expected a permutation of 0..%d", j,
                           shape->size[j] - 1);
    }
    if (!is_permutation(map + shape->class_start, shape->classes, seen))
        return sw_fail(SW_E_CONFIG, "classes: expected a permutation of 0..%d", shape->classes - 1);
    return SW_OK;
}

static sw_status check_scope(const sw_symmetry_shape *shape, const int32_t *map, sw_symmetry_scope scope) {
    int32_t first = -1;
    for (int32_t j = 0; j < shape->positions && scope == SW_SYMMETRY_TIED; j++) {
        if (j == shape->relation) continue;
        if (first < 0) first = j;
        const size_t bytes = (size_t)shape->entities * sizeof *map;
        if (memcmp(map + shape->start[first], map + shape->start[j], bytes) != 0)
            return sw_fail(SW_E_CONFIG,
                           "tokens: scope tied needs one permutation for all operands, positions %d and "
                           "%d have two",
                           first, j);
    }
    return SW_OK;
}

sw_status sw_symmetry_check(const sw_symmetry_table *table, const int32_t *map, sw_symmetry_scope scope) {
    const sw_symmetry_shape *shape = &table->shape;
    bool *seen = malloc((size_t)shape->length * sizeof *seen);
    if (seen == NULL) return sw_fail(SW_E_MEMORY, "no memory to check a symmetry");
    sw_status status = check_permutations(shape, map, seen);
    free(seen);
    if (status == SW_OK) status = check_scope(shape, map, scope);
    for (size_t i = 0; i < table->inputs && status == SW_OK; i++) {
        const int64_t image = sw_symmetry_image(table, map, i);
        const int32_t label = map[shape->class_start + table->label[i]];
        if (image < 0)
            status = sw_fail(SW_E_CONFIG, "no symmetry of the table: it takes input %zu out of it", i);
        else if (table->label[image] != label)
            status = sw_fail(SW_E_CONFIG,
                             "no symmetry of the table: it takes input %zu to input %lld and its label to class %d, "
                             "but that input has label %d",
                             i, (long long)image, label, table->label[image]);
    }
    return status;
}

/* ---- orbits ---- */

static int32_t root_of(int32_t *parent, int32_t i) {
    while (parent[i] != i) {
        parent[i] = parent[parent[i]];
        i = parent[i];
    }
    return i;
}

sw_status sw_symmetry_orbits(int32_t *orbit, size_t *orbits, const sw_symmetry_table *table, const int32_t *maps,
                             size_t count) {
    *orbits = table->inputs;
    for (size_t i = 0; i < table->inputs; i++) orbit[i] = (int32_t)i;
    for (size_t k = 0; k < count; k++)
        for (size_t i = 0; i < table->inputs; i++) {
            const int64_t image = sw_symmetry_image(table, maps + k * (size_t)table->shape.length, i);
            if (image < 0) return sw_fail(SW_E_CONFIG, "no symmetry of the table: it takes input %zu out of it", i);
            const int32_t a = root_of(orbit, (int32_t)i), b = root_of(orbit, (int32_t)image);
            if (a == b) continue;
            orbit[a > b ? a : b] = a > b ? b : a;
            --*orbits;
        }
    for (size_t i = 0; i < table->inputs; i++) orbit[i] = root_of(orbit, (int32_t)i);
    return SW_OK;
}

static bool fixes_one_class(const sw_symmetry_shape *shape, const int32_t *map) {
    int32_t fixed = 0;
    for (int32_t c = 0; c < shape->classes; c++) fixed += map[shape->class_start + c] == c;
    return fixed == 1;
}

double sw_symmetry_derivable(const int32_t *orbit, const int8_t *split, const sw_symmetry_table *table,
                             const int32_t *maps, size_t count) {
    const size_t inputs = table->inputs;
    size_t test = 0, derived = 0;
    bool *known = calloc(inputs, sizeof *known);
    if (known == NULL) return NAN;
    for (size_t i = 0; i < inputs; i++)
        if (split[i] != 0) known[orbit[i]] = true;
    for (size_t g = 0; g < count; g++) {
        const int32_t *map = maps + g * (size_t)table->shape.length;
        if (!fixes_one_class(&table->shape, map)) continue;
        for (size_t i = 0; i < inputs; i++)
            if (sw_symmetry_image(table, map, i) == (int64_t)i) known[orbit[i]] = true;
    }
    for (size_t i = 0; i < inputs; i++) {
        test += split[i] == 0;
        derived += split[i] == 0 && known[orbit[i]];
    }
    free(known);
    return test > 0 ? (double)derived / (double)test : NAN;
}

/* ---- random elements ---- */

enum { BOX_LEAST = 12, WARM_UP = 100 };

struct sw_symmetry_random {
    sw_symmetry_shape shape;
    uint32_t seed;
    uint64_t step;
    size_t count;         /* elements of the box, which generate the group at all times */
    int32_t *element;     /* [count, length] */
    int32_t *accumulator; /* [length]: the product of what was put into the box */
    int32_t *inverse, *product;
};

static int32_t *element_of(sw_symmetry_random *random, size_t i) {
    return random->element + i * (size_t)random->shape.length;
}

/* target = target * (element or its inverse), or the same from the left */
static void multiply(sw_symmetry_random *random, int32_t *target, const int32_t *element, bool invert, bool left) {
    const sw_symmetry_shape *shape = &random->shape;
    if (invert) {
        sw_symmetry_invert(random->inverse, shape, element);
        element = random->inverse;
    }
    sw_symmetry_compose(random->product, shape, left ? element : target, left ? target : element);
    memcpy(target, random->product, (size_t)shape->length * sizeof *target);
}

const int32_t *sw_symmetry_random_next(sw_symmetry_random *random) {
    uint32_t word[4];
    sw_random_block(word, random->seed, SW_STREAM_SYMMETRY, random->step++, 0);
    const size_t i = word[0] % random->count;
    size_t j = word[1] % (random->count - 1);
    j += j >= i;
    multiply(random, element_of(random, i), element_of(random, j), (word[2] & 1) != 0, (word[2] & 2) != 0);
    multiply(random, random->accumulator, element_of(random, i), false, (word[2] & 4) != 0);
    return random->accumulator;
}

sw_status sw_symmetry_random_create(sw_symmetry_random **out, const sw_symmetry_shape *shape, const int32_t *maps,
                                    size_t count, uint32_t seed) {
    *out = NULL;
    const size_t length = (size_t)shape->length, box = count + 1 > BOX_LEAST ? count + 1 : BOX_LEAST;
    sw_symmetry_random *random = malloc(sizeof *random);
    int32_t *memory = malloc((box + 3) * length * sizeof *memory);
    if (random == NULL || memory == NULL) {
        free(random);
        free(memory);
        return sw_fail(SW_E_MEMORY, "no memory for random symmetries");
    }
    *random = (sw_symmetry_random){.shape = *shape, .seed = seed, .count = box, .element = memory};
    random->accumulator = memory + box * length;
    random->inverse = random->accumulator + length;
    random->product = random->inverse + length;
    for (size_t i = 0; i < box; i++)
        if (count > 0)
            memcpy(element_of(random, i), maps + i % count * length, length * sizeof *maps);
        else
            sw_symmetry_identity(element_of(random, i), shape);
    sw_symmetry_identity(random->accumulator, shape);
    for (int i = 0; i < WARM_UP; i++) (void)sw_symmetry_random_next(random);
    *out = random;
    return SW_OK;
}

void sw_symmetry_random_destroy(sw_symmetry_random *random) {
    if (random == NULL) return;
    free(random->element);
    free(random);
}
