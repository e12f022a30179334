/* associativity.c: p(.|xy, z) and p(.|x, yz) with the task's own product f.
 *
 *   sub     (f(x, y), z) and (x, f(y, -z))        both have the label x - y - z
 *   div     (f(x, y), z) and (x, f(y, 1/z))       x / (y z)
 *   powers  (x + y, z) and (x, y + z)             (x + y + z)^k: the inner + is plain addition
 *   others  (f(x, y), z) and (x, f(y, z)), groups included; false for sum_of_squares, quadratic (but
 *           modulo 2) and cubic
 *
 * Predicted intermediates: each f above that is an inner value is the model's argmax at that table entry. The powers
 * have no such value. A prediction that is no second operand (0 for div) gives no tuple. */
#include "tasks/arithmetic.h"
#include "tasks/facts.h"
#include "tasks/families.h"
#include "tasks/modular.h"

static sw_inner inner_of(const sw_task_config *config) {
    return config->kind == SW_TASK_MODULAR ? sw_modular_operation(config)->inner : SW_INNER_PRODUCT;
}

static bool applies(const sw_task_config *config) {
    sw_task task;
    const sw_task_kind *kind = sw_task_kind_of(config);
    if ((kind->associative == NULL && kind->fill == NULL) || !sw_task_shape_of(&task, config)) return false;
    if (kind->fill == NULL) return sw_task_columns(&task) > 1;
    return task.closed && sw_facts_any_tuple(config, SW_FAMILY_ASSOCIATIVITY);
}

static bool holds(const sw_task_config *config) { return sw_task_kinds[config->kind]->associative(config); }

static bool predicts(const sw_task_config *config) { return inner_of(config) != SW_INNER_SUM; }

/* Candidate (x, y, z): x any entity, y and z second operands. */
static uint64_t candidates(const sw_task *task) {
    const uint64_t columns = (uint64_t)sw_task_columns(task);
    return (uint64_t)task->entities * columns * columns;
}

/* Operands of a candidate: `left_input` and `right_input` are the table entries of the inner values. */
typedef struct sides {
    int32_t x, z;
    int32_t left_input, right_input;
} sides;

/* Table entry of operands x and y, -1 = none; y is a second operand. */
static int32_t entry(const sw_task *task, int32_t x, int32_t y) {
    if (task->listed) return sw_task_index(task, x, y, -1);
    return x * sw_task_columns(task) + y - task->second_from;
}

static sides split(const sw_task *task, sw_inner inner, uint64_t index) {
    sides s;
    int32_t y;
    const uint32_t columns = (uint32_t)sw_task_columns(task);
    sw_families_split(index, columns, columns, &s.x, &y, &s.z);
    y += task->second_from;
    s.z += task->second_from;
    int32_t with = s.z;
    if (inner == SW_INNER_NEGATED && s.z > 0) with = task->entities - s.z;
    if (inner == SW_INNER_INVERTED) with = sw_modular_of(task)->inverse[s.z];
    s.left_input = entry(task, s.x, y);
    s.right_input = entry(task, y, with);
    return s;
}

/* The tuple of inner values `left` and `right`. */
static bool close_up(const sw_task *task, const sides *s, int32_t left, int32_t right, sw_tuple *out) {
    const int32_t from = task->second_from;
    if (left < 0 || right < from) return false;
    const int32_t first = entry(task, left, s->z), second = entry(task, s->x, right);
    return first >= 0 && second >= 0 && sw_families_pair(out, first, second, -1);
}

static bool candidate(const sw_task *task, uint64_t index, sw_tuple *out) {
    const sw_inner inner = inner_of(&task->config);
    const sides s = split(task, inner, index);
    if (inner == SW_INNER_SUM) {
        const int32_t p = task->entities, y = s.left_input - s.x * p;
        return close_up(task, &s, (s.x + y) % p, (y + s.z) % p, out);
    }
    if (s.left_input < 0 || s.right_input < 0) return false;
    return close_up(task, &s, task->true_label[s.left_input], task->true_label[s.right_input], out);
}

static bool candidate_predicted(const sw_task *task, uint64_t index, const int32_t *prediction, sw_tuple *out) {
    const sw_inner inner = inner_of(&task->config);
    if (inner == SW_INNER_SUM) return false;
    const sides s = split(task, inner, index);
    if (s.left_input < 0 || s.right_input < 0) return false;
    return close_up(task, &s, prediction[s.left_input], prediction[s.right_input], out);
}

/* ---- is a table as data associative? ---- */

/* -1 = not in the table. */
static int32_t product(const sw_task *task, int32_t x, int32_t y) {
    const int32_t at = entry(task, x, y);
    return at < 0 ? -1 : task->true_label[at];
}

/* (x g) y = x (g y) for all x and y whose products are in the table. */
static bool associates_with(const sw_task *task, int32_t g) {
    for (int32_t x = 0; x < task->entities; x++) {
        const int32_t xg = product(task, x, g);
        if (xg < 0) continue;
        for (int32_t y = 0; y < task->entities; y++) {
            const int32_t gy = product(task, g, y);
            if (gy < 0) continue;
            const int32_t left = product(task, xg, y), right = product(task, x, gy);
            if (left >= 0 && right >= 0 && left != right) return false;
        }
    }
    return true;
}

/* Light's test (Clifford and Preston 1961, section 1.2) on a full table: it is enough to ask it of elements that
 * generate all others. They are chosen greedily: the smallest one that is not generated yet. Where products are missing
 * every element is asked. */
static bool decide(const sw_task *task) {
    const int32_t n = task->entities;
    int32_t count = 0; /* generated[0..count) */
    bool holds = true;
    int32_t generated[SW_TASK_ENTITIES_MAX];
    int8_t is_generated[SW_TASK_ENTITIES_MAX] = {0};
    for (int32_t g = 0; g < n && holds; g++) {
        if (is_generated[g]) continue;
        holds = associates_with(task, g);
        generated[count++] = g;
        is_generated[g] = 1;
        if (task->listed) continue;
        for (int32_t i = count - 1; i < count; i++)
            for (int32_t j = 0; j <= i; j++)
                for (int side = 0; side < 2; side++) {
                    const int32_t e = side == 0 ? product(task, generated[i], generated[j])
                                                : product(task, generated[j], generated[i]);
                    if (is_generated[e]) continue;
                    is_generated[e] = 1;
                    generated[count++] = e;
                }
    }
    return holds;
}

/* Where the operation is a group's, a pair (a, c), (b, d) of one product is the tuple of x = b, y = b^-1 a, z = c, and
 * of no other; so it is for the sum within a power. Zero (of mul; -1 of circle) stands outside of the group. */
static int32_t block(const sw_task *task, int32_t input, int32_t *map) {
    const sw_task_config *config = &task->config;
    const int32_t label = task->true_label[input], p = task->entities;
    *map = -1;
    if (task->kind->fill != NULL) return task->group ? label : -1;
    if (config->kind == SW_TASK_GROUP) return label;
    if (config->kind != SW_TASK_MODULAR) return -1;
    if (inner_of(config) == SW_INNER_SUM) return (input / p + input % p) % p;
    const sw_operation *operation = sw_modular_operation(config);
    if (operation->associates != SW_ALWAYS) return -1;
    if (operation->group == SW_RESIDUES_ADDITIVE || operation->divides) return label;
    const int32_t unit = operation->group == SW_RESIDUES_SHIFTED ? (label + 1) % p : label;
    return unit != 0 && sw_arithmetic_is_prime(p) ? label : -1;
}

const sw_family sw_family_associativity = {
    .compare = SW_COMPARE_SYMMETRIC_KL,
    .arity = 2,
    .applies = applies,
    .holds = holds,
    .candidates = candidates,
    .candidate = candidate,
    .candidate_predicted = candidate_predicted,
    .predicts = predicts,
    .block = block,
    .decide = decide,
};
