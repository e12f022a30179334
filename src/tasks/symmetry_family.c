/* symmetry_family.c: which symmetry families lie in the group of a task's table.
 *
 * A family that compares pairs of inputs up to a class map has its candidates in blocks of one a table entry; a block
 * belongs to one element of what acts (a translation, a unit, the exchange of the operands). Where a block's pairs come
 * from one map, the map is read from them. */
#include "symsweep/symmetry_family.h"

#include <stdlib.h>
#include <string.h>

/* Most candidates of a family that are looked at; of more, whole blocks at even distances. */
static const uint64_t candidates_max = (uint64_t)1 << 25;

typedef struct block {
    const sw_task *task;
    const sw_symmetry_table *table;
    const sw_family *family;
    uint64_t first; /* candidate */
    int32_t *map;   /* [length] */
    bool *taken;    /* [length] of an entry: something is taken to it */
} block;

/* The entry `from` of the map becomes `to`, unless that contradicts what is known. `base`: where the numbers that `to`
 * counts begin in the map. */
static bool set(block *b, int32_t from, int32_t to, int32_t base) {
    if (b->map[from] == to) return true;
    if (b->map[from] >= 0 || b->taken[base + to]) return false;
    b->map[from] = to;
    b->taken[base + to] = true;
    return true;
}

/* Tokens that no tuple speaks of, to those that nothing is taken to. */
static void complete(block *b) {
    const sw_symmetry_shape *shape = &b->table->shape;
    for (int32_t j = 0; j < shape->positions; j++) {
        const int32_t from = shape->start[j], to = shape->start[b->map[j]];
        for (int32_t t = 0, free = 0; t < shape->size[j]; t++) {
            if (b->map[from + t] >= 0) continue;
            while (b->taken[to + free]) free++;
            (void)set(b, from + t, free, to);
        }
    }
}

/* The pair (i, j, m) says: the map takes input j to input i, and class c to class m(c). */
static bool follow(block *b, const sw_tuple *tuple, int32_t class_map) {
    const sw_symmetry_shape *shape = &b->table->shape;
    const size_t positions = (size_t)shape->positions;
    if (tuple->input[0] < 0 || tuple->input[1] < 0 || tuple->map != class_map) return false;
    const int32_t *to = b->table->token + (size_t)tuple->input[0] * positions;
    const int32_t *from = b->table->token + (size_t)tuple->input[1] * positions;
    for (int32_t j = 0; j < shape->positions; j++)
        if (!set(b, shape->start[j] + from[j], to[b->map[j]], shape->start[b->map[j]])) return false;
    return true;
}

/* Reads the map of a block, with positions in their order or operands in the opposite one; false: there is none. */
static bool read_map(block *b, bool reversed) {
    const sw_symmetry_shape *shape = &b->table->shape;
    int32_t class_map = -1;
    memset(b->taken, 0, (size_t)shape->length * sizeof *b->taken);
    for (int32_t e = 0; e < shape->length; e++) b->map[e] = -1;
    for (int32_t j = 0; j < shape->positions; j++) b->map[j] = reversed ? shape->positions - 1 - j : j;
    for (uint64_t k = 0; k < b->table->inputs; k++) {
        sw_tuple tuple = {{-1, -1, -1}, -1};
        (void)b->family->candidate(b->task, b->first + k, &tuple); /* also what is trivial is told */
        if (k == 0) class_map = tuple.map;
        if (!follow(b, &tuple, class_map)) return false;
    }
    complete(b);
    for (int32_t c = 0; c < shape->classes; c++) {
        const int32_t image = class_map < 0 ? c : b->family->class_map(b->task, class_map, c);
        if (!set(b, shape->class_start + c, image, shape->class_start)) return false;
    }
    return true;
}

/* One block's verdict. */
static sw_status judge(sw_symmetry_verdict *out, block *b, sw_symmetry_scope scope) {
    *out = SW_SYMMETRY_OTHER;
    if (!read_map(b, false) && !read_map(b, true)) return SW_OK;
    *out = SW_SYMMETRY_FALSE;
    sw_status status = sw_symmetry_check(b->table, b->map, SW_SYMMETRY_FREE);
    if (status == SW_OK) {
        *out = SW_SYMMETRY_WITHIN;
        status = sw_symmetry_check(b->table, b->map, scope);
        if (status != SW_OK) *out = SW_SYMMETRY_UNTIED;
    }
    if (status != SW_E_CONFIG) return status;
    sw_fail_clear();
    return SW_OK;
}

sw_status sw_symmetry_family(sw_symmetry_verdict *out, const sw_task *task, const sw_symmetry_table *table,
                             sw_family_id family, sw_symmetry_scope scope) {
    const sw_family *f = sw_families[family];
    const size_t length = (size_t)table->shape.length;
    *out = SW_SYMMETRY_MISSING;
    if (!f->applies(&task->config)) return SW_OK;
    *out = SW_SYMMETRY_OTHER;
    const uint64_t candidates = f->candidates(task);
    if (f->compare != SW_COMPARE_SYMMETRIC_KL || f->arity != 2 || family == SW_FAMILY_LABEL_PAIRS || candidates == 0 ||
        candidates % table->inputs != 0)
        return SW_OK;
    const uint64_t every = candidates / candidates_max + 1;
    block b = {.task = task, .table = table, .family = f};
    b.map = malloc(length * sizeof *b.map);
    b.taken = malloc(length * sizeof *b.taken);
    sw_status status = b.map != NULL && b.taken != NULL ? SW_OK : sw_fail(SW_E_MEMORY, "no memory for a symmetry");
    *out = SW_SYMMETRY_WITHIN;
    for (; b.first<candidates && * out> SW_SYMMETRY_OTHER && status == SW_OK; b.first += every * table->inputs) {
        sw_symmetry_verdict found;
        status = judge(&found, &b, scope);
        if (found < *out) *out = found;
    }
    free(b.map);
    free(b.taken);
    return status;
}
