/* label_pairs.c: control: p of two distinct inputs with equal labels, whatever the reason. What a symmetry loss gains
 * by label information alone shows here. Labels are those trained on (after label_shuffle). */
#include "tasks/families.h"

/* A table with more inputs than classes has two inputs of one class; one with as many (division modulo 2, the group
 * of one element) has all labels different, but for expressions of one variable, which are not asked for pairs. */
static bool applies(const sw_task_config *config) {
    sw_task task;
    return sw_task_shape_of(&task, config) && task.inputs > (size_t)task.classes;
}

/* Candidates: the ordered pairs of distinct inputs of class 0, then of class 1, ... */
static uint64_t candidates(const sw_task *task) { return task->pair_start[task->classes]; }

/* The class c with pair_start[c] <= index < pair_start[c + 1]. */
static int32_t class_of(const sw_task *task, uint64_t index) {
    int32_t low = 0, high = task->classes;
    while (high - low > 1) {
        const int32_t middle = low + (high - low) / 2;
        if (task->pair_start[middle] <= index)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static bool candidate(const sw_task *task, uint64_t index, sw_tuple *out) {
    const int32_t c = class_of(task, index);
    const int32_t *member = task->by_label + task->label_start[c];
    const uint64_t others = (uint64_t)(task->label_start[c + 1] - task->label_start[c]) - 1;
    const uint64_t rank = index - task->pair_start[c];
    const uint64_t first = rank / others, second = rank % others;
    return sw_families_pair(out, member[first], member[second + (second >= first)], -1);
}

static int32_t block(const sw_task *task, int32_t input, int32_t *map) {
    *map = -1;
    return task->label[input];
}

/* A chain through each class. */
static void connect(const sw_task *task, void (*unite)(void *context, int32_t i, int32_t j), void *context) {
    for (int32_t c = 0; c < task->classes; c++)
        for (int32_t k = task->label_start[c] + 1; k < task->label_start[c + 1]; k++)
            unite(context, task->by_label[k - 1], task->by_label[k]);
}

const sw_family sw_family_label_pairs = {
    .compare = SW_COMPARE_SYMMETRIC_KL,
    .arity = 2,
    .applies = applies,
    .holds = sw_task_always,
    .candidates = candidates,
    .candidate = candidate,
    .connect = connect,
    .block = block,
    .decide = sw_families_proved,
};
