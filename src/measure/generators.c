/* generators.c: tuples of single symmetries, and their mean violation. */
#include "measure/generators.h"

#include "symsweep/automorphism.h"
#include "symsweep/random.h"

#include <math.h>

/* The tuple of generator g and an input; false where both sides are one. */
static bool make_tuple(sw_tuple *out, const sw_automorphisms *group, int32_t g, size_t input) {
    const sw_symmetry_shape *shape = &group->table.shape;
    const int32_t *map = group->generators + (size_t)g * (size_t)shape->length;
    const int32_t image = (int32_t)sw_symmetry_image(&group->table, map, input);
    *out = (sw_tuple){.input = {image, (int32_t)input}, .map = g};
    if (image != (int32_t)input) return true;
    for (int32_t c = 0; c < shape->classes; c++)
        if (map[shape->class_start + c] != c) return true;
    return false;
}

sw_status sw_generators_create(sw_generators *out, const sw_task *task, sw_arena *arena) {
    const sw_automorphisms *group = task->automorphisms;
    *out = (sw_generators){0};
    if (group == NULL) return SW_OK;
    out->count = group->generator_count < SW_GENERATORS_MAX ? (int32_t)group->generator_count : SW_GENERATORS_MAX;
    const size_t classes = (size_t)task->classes, count = (size_t)out->count;
    const size_t inputs = task->inputs < SW_GENERATORS_INPUTS ? task->inputs : SW_GENERATORS_INPUTS;
    int32_t *maps = sw_arena_alloc(arena, count * classes, sizeof *maps);
    out->tuples = sw_arena_alloc(arena, count * inputs, sizeof *out->tuples);
    if (maps == NULL || out->tuples == NULL) return SW_E_MEMORY;
    const sw_symmetry_shape *shape = &group->table.shape;
    for (int32_t g = 0; g < out->count; g++) {
        const int32_t *map = group->generators + (size_t)g * (size_t)shape->length + shape->class_start;
        for (size_t c = 0; c < classes; c++) maps[(size_t)g * classes + c] = map[c];
        out->start[g + 1] = out->start[g];
        for (size_t j = 0; j < inputs; j++) {
            const uint32_t stream = SW_STREAM_EVALUATE + (uint32_t)SW_FAMILY_AUTOMORPHISM;
            const size_t input =
                inputs == task->inputs ? j : (size_t)sw_random_below(0, stream, 1, j, (uint64_t)task->inputs);
            out->start[g + 1] += make_tuple(&out->tuples[out->start[g + 1]], group, g, input);
        }
        const size_t own = out->start[g + 1] - out->start[g];
        if (own > out->largest) out->largest = own;
    }
    out->spec = (sw_divergence_spec){.compare = SW_COMPARE_SYMMETRIC_KL,
                                     .divergence = SW_DIVERGENCE_SYMMETRIC_KL,
                                     .classes = task->classes,
                                     .class_map = maps};
    return SW_OK;
}

double sw_generators_memory(const sw_task_config *config, const sw_task *shape) {
    sw_automorphism_facts facts;
    if (sw_automorphism_describe(&facts, config) != SW_OK) {
        sw_fail_clear(); /* said where the family is looked for */
        return 0;
    }
    const double inputs = shape->inputs < SW_GENERATORS_INPUTS ? (double)shape->inputs : SW_GENERATORS_INPUTS;
    return fmin((double)facts.count, SW_GENERATORS_MAX) *
           (inputs * sizeof(sw_tuple) + (double)shape->classes * sizeof(int32_t));
}

void sw_generators_measure(float *value, const sw_generators *generators, const sw_softmax *table, sw_real *violation,
                           int8_t *disagree) {
    for (int32_t g = 0; g < generators->count; g++) {
        const size_t count = generators->start[g + 1] - generators->start[g];
        double sum = 0;
        sw_softmax_divergence(table, &generators->spec, generators->tuples + generators->start[g], count, violation,
                              disagree);
        for (size_t i = 0; i < count; i++) sum += (double)violation[i];
        value[g] = count > 0 ? (float)(sum / (double)count) : NAN;
    }
}
