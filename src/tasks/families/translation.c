/* translation.c: p(gc|gx, y) and p(c|x, y) for g of the group that the task's operation belongs to: the symmetry
 * whose characters are the Fourier modes. add and sub: g + x; mul and div: g x for units g; circle: g + x + g x where
 * g + 1 is a unit; groups: the left product g x. Always true;
 * an expression or a word has the family where it is true of its table. The neutral g is left out: equal inputs,
 * identity. */
#include "tasks/facts.h"
#include "tasks/families.h"
#include "tasks/modular.h"

#include <string.h>

static bool applies(const sw_task_config *config) {
    sw_task task;
    const bool product = config->kind == SW_TASK_MODULAR || config->kind == SW_TASK_GROUP;
    if (!product || !sw_task_shape_of(&task, config)) return false;
    if (task.kind->fill != NULL) return task.entities > 1 && sw_facts_holds(config, SW_FAMILY_TRANSLATION);
    if (config->kind == SW_TASK_GROUP) return task.entities > 1;
    const sw_operation *traits = sw_modular_operation(config);
    return traits->translates && (traits->group == SW_RESIDUES_ADDITIVE || config->p > 2);
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

/* The table entry with g applied to the first operand of entry i; -1 = there is none. */
static int32_t moved(const sw_task *task, int32_t g, size_t i) {
    int32_t operand[SW_OPERANDS_MAX];
    for (int32_t k = 0; k < task->operands; k++) operand[k] = sw_task_operand(task, i, k);
    operand[0] = act(task, g, operand[0]);
    return sw_task_find(task, operand);
}

/* f(gx, y, ...) = g f(x, y, ...) wherever both are in the table. */
static bool commutes_with(const sw_task *task, int32_t g) {
    for (size_t i = 0; i < task->inputs; i++) {
        const int32_t other = moved(task, g, i);
        if (other >= 0 && task->true_label[other] != act(task, g, task->true_label[i])) return false;
    }
    return true;
}

/* Marks the elements that `count` generators generate. */
static void generate(int8_t *reached, const sw_task *task, const int32_t *generator, int32_t count) {
    int32_t list[SW_TASK_ENTITIES_MAX] = {0}, length = 1; /* the neutral element */
    memset(reached, 0, (size_t)task->entities);
    reached[0] = 1;
    for (int32_t i = 0; i < length; i++)
        for (int32_t k = 0; k < count; k++) {
            const int32_t e = act(task, generator[k], list[i]);
            if (!reached[e]) list[length++] = e;
            reached[e] = 1;
        }
}

/* Is a full table as data equivariant? It is enough to ask elements that generate all others, chosen greedily: each of
 * them at least doubles what is generated. Where inputs are missing every element is asked. */
static bool decide(const sw_task *task) {
    enum { GENERATORS_MAX = 13 };
    int8_t reached[SW_TASK_ENTITIES_MAX] = {1};
    int32_t generator[GENERATORS_MAX], count = 0;
    for (int32_t g = 1; g < task->entities; g++) {
        if (reached[g]) continue;
        if (!commutes_with(task, g)) return false;
        if (task->listed) continue;
        generator[count++] = g;
        generate(reached, task, generator, count);
    }
    return true;
}

static bool candidate(const sw_task *task, uint64_t index, sw_tuple *out) {
    if (task->kind->fill != NULL) {
        const int32_t g = (int32_t)(index / task->inputs), i = (int32_t)(index % task->inputs);
        const int32_t other = moved(task, g, (size_t)i);
        return other >= 0 && sw_families_pair(out, other, i, g == 0 ? -1 : g);
    }
    const int32_t columns = sw_task_columns(task);
    int32_t k, x, y;
    sw_families_split(index, (uint32_t)task->entities, (uint32_t)columns, &k, &x, &y);
    const int32_t g = element(task, k);
    const int32_t neutral = by_units(task) && sw_modular_operation(&task->config)->group == SW_RESIDUES_MULTIPLICATIVE;
    return sw_families_pair(out, act(task, g, x) * columns + y, x * columns + y, g == neutral ? -1 : g);
}

/* The inputs (x, y) of one y whose x is in the group, each seen from the neutral element: q(c) = p(xc|x, y). */
static int32_t block(const sw_task *task, int32_t input, int32_t *map) {
    if (task->kind->fill != NULL) {
        int32_t others = 0;
        *map = sw_task_operand(task, (size_t)input, 0);
        for (int32_t k = 1; k < task->operands; k++)
            others = others * task->entities + sw_task_operand(task, (size_t)input, k);
        return others;
    }
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
    .decide = decide,
};
