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
#include "tasks/families.h"
#include "tasks/modular.h"

static sw_inner inner_of(const sw_task_config *config) {
    return config->kind == SW_TASK_MODULAR ? sw_modular_operation(config)->inner : SW_INNER_PRODUCT;
}

static bool applies(const sw_task_config *config) {
    sw_task task;
    return sw_task_kinds[config->kind]->associative != NULL && sw_task_shape_of(&task, config) &&
           sw_task_columns(&task) > 1;
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
    int32_t x, z, columns;
    int32_t left_input, right_input;
} sides;

static sides split(const sw_task *task, sw_inner inner, uint64_t index) {
    sides s;
    int32_t y;
    s.columns = sw_task_columns(task);
    sw_families_split(index, (uint32_t)s.columns, (uint32_t)s.columns, &s.x, &y, &s.z);
    y += task->second_from;
    s.z += task->second_from;
    int32_t with = s.z;
    if (inner == SW_INNER_NEGATED && s.z > 0) with = task->entities - s.z;
    if (inner == SW_INNER_INVERTED) with = sw_modular_of(task)->inverse[s.z];
    s.left_input = s.x * s.columns + y - task->second_from;
    s.right_input = y * s.columns + with - task->second_from;
    return s;
}

/* The tuple of inner values `left` and `right`. */
static bool close_up(const sw_task *task, const sides *s, int32_t left, int32_t right, sw_tuple *out) {
    const int32_t from = task->second_from;
    if (left < 0 || right < from) return false;
    return sw_families_pair(out, left * s->columns + s->z - from, s->x * s->columns + right - from, -1);
}

static bool candidate(const sw_task *task, uint64_t index, sw_tuple *out) {
    const sw_inner inner = inner_of(&task->config);
    const sides s = split(task, inner, index);
    if (inner == SW_INNER_SUM) {
        const int32_t p = task->entities, y = s.left_input - s.x * p;
        return close_up(task, &s, (s.x + y) % p, (y + s.z) % p, out);
    }
    return close_up(task, &s, task->true_label[s.left_input], task->true_label[s.right_input], out);
}

static bool candidate_predicted(const sw_task *task, uint64_t index, const int32_t *prediction, sw_tuple *out) {
    const sw_inner inner = inner_of(&task->config);
    if (inner == SW_INNER_SUM) return false;
    const sides s = split(task, inner, index);
    return close_up(task, &s, prediction[s.left_input], prediction[s.right_input], out);
}

/* Where the operation is a group's, a pair (a, c), (b, d) of one product is the tuple of x = b, y = b^-1 a, z = c, and
 * of no other; so it is for the sum within a power. Zero (of mul; -1 of circle) stands outside of the group. */
static int32_t block(const sw_task *task, int32_t input, int32_t *map) {
    const sw_task_config *config = &task->config;
    const int32_t label = task->true_label[input], p = task->entities;
    *map = -1;
    if (config->kind != SW_TASK_MODULAR) return label;
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
};
