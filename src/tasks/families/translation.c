/* translation.c: p(gc|gx, y) and p(c|x, y) for g of the group that the task's operation belongs to: the symmetry
 * whose characters are the Fourier modes. add and sub: g + x; mul and div: g x for units g; circle: g + x + g x where
 * g + 1 is a unit; groups: the left product g x. Always true. The neutral g is left out: equal inputs, identity. */
#include "tasks/families.h"
#include "tasks/modular.h"

static bool applies(const sw_task_config *config) {
    if (config->kind == SW_TASK_MODULAR) {
        const sw_operation *traits = sw_modular_operation(config);
        return traits->translates && (traits->group == SW_RESIDUES_ADDITIVE || config->p > 2);
    }
    sw_task task;
    return config->kind == SW_TASK_GROUP && sw_task_shape_of(&task, config) && task.entities > 1;
}

static bool by_units(const sw_task *task) {
    return task->config.kind == SW_TASK_MODULAR && sw_modular_operation(&task->config)->group != SW_RESIDUES_ADDITIVE;
}

/* Candidate (g, i): g the k-th element of the group, i a table entry. */
static uint64_t candidates(const sw_task *task) {
    const int32_t elements = by_units(task) ? sw_modular_of(task)->unit_count : task->entities;
    return (uint64_t)elements * task->inputs;
}

/* The k-th element that acts, as an entity. */
static int32_t element(const sw_task *task, int32_t k) {
    if (!by_units(task)) return k;
    const int32_t unit = sw_modular_of(task)->unit[k];
    return sw_modular_operation(&task->config)->group == SW_RESIDUES_SHIFTED ? unit - 1 : unit;
}

/* g applied to x, entity or class: both are elements of the group, or residues that it acts on. */
static int32_t act(const sw_task *task, int32_t g, int32_t x) {
    const int32_t p = task->entities;
    if (task->config.kind == SW_TASK_GROUP) return task->product[(size_t)g * (size_t)p + (size_t)x];
    switch (sw_modular_operation(&task->config)->group) {
    case SW_RESIDUES_ADDITIVE: return (g + x) % p;
    case SW_RESIDUES_MULTIPLICATIVE: return (int32_t)((int64_t)g * x % p);
    case SW_RESIDUES_SHIFTED: return (int32_t)(((int64_t)g + x + (int64_t)g * x) % p);
    }
    return -1;
}

static bool candidate(const sw_task *task, uint64_t index, sw_tuple *out) {
    const int32_t columns = sw_task_columns(task);
    int32_t k, x, y;
    sw_families_split(index, (uint32_t)task->entities, (uint32_t)columns, &k, &x, &y);
    const int32_t g = element(task, k);
    const int32_t neutral = by_units(task) && sw_modular_operation(&task->config)->group == SW_RESIDUES_MULTIPLICATIVE;
    return sw_families_pair(out, act(task, g, x) * columns + y, x * columns + y, g == neutral ? -1 : g);
}

/* The inputs (x, y) of one y whose x is in the group, each seen from the neutral element: q(c) = p(xc|x, y). */
static int32_t block(const sw_task *task, int32_t input, int32_t *map) {
    const int32_t columns = sw_task_columns(task), x = input / columns;
    *map = x;
    if (by_units(task)) {
        const bool shifted = sw_modular_operation(&task->config)->group == SW_RESIDUES_SHIFTED;
        if (sw_modular_of(task)->inverse[shifted ? (x + 1) % task->entities : x] == 0) return -1;
    }
    return input % columns;
}

/* Class map g: multiplication by the entity g. */
static int32_t maps(const sw_task *task) { return task->entities; }

const sw_family sw_family_translation = {
    .compare = SW_COMPARE_SYMMETRIC_KL,
    .arity = 2,
    .applies = applies,
    .holds = sw_task_always,
    .candidates = candidates,
    .candidate = candidate,
    .class_map = act,
    .maps = maps,
    .block = block,
};
