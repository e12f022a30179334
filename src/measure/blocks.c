/* blocks.c: pairs within blocks of inputs; which inputs make a block is the family's affair (sw_family.block). */
#include "measure/blocks.h"

#include <stdlib.h>
#include <string.h>

static const double products_most = 65536; /* an input: a share of what its forward pass takes */

/* Blocks of every input into out->block_of, class maps into map; returns how many blocks there are. */
static int32_t assign(sw_blocks *out, int32_t *map, bool *mapped, const sw_task *task, sw_family_id family) {
    int32_t count = 0;
    *mapped = false;
    for (size_t i = 0; i < task->inputs; i++) {
        map[i] = -1;
        out->block_of[i] = sw_families[family]->block(task, (int32_t)i, &map[i]);
        if (out->block_of[i] >= count) count = out->block_of[i] + 1;
        *mapped = *mapped || (out->block_of[i] >= 0 && map[i] >= 0);
    }
    return count;
}

/* Sorts the inputs by block, ascending within it. */
static void sort(sw_blocks *out, const sw_task *task) {
    for (size_t i = 0; i < task->inputs; i++)
        if (out->block_of[i] >= 0) out->start[out->block_of[i] + 1]++;
    for (int32_t b = 0; b < out->count; b++) out->start[b + 1] += out->start[b];
    for (size_t i = 0; i < task->inputs; i++)
        if (out->block_of[i] >= 0) out->member[out->start[out->block_of[i]]++] = (int32_t)i;
    for (int32_t b = out->count; b > 0; b--) out->start[b] = out->start[b - 1];
    out->start[0] = 0;
}

/* Sizes of the blocks; do their pairs cost more than measuring may? */
static bool is_dear(sw_blocks *out, const sw_task *task) {
    double squares = 0;
    for (int32_t b = 0; b < out->count; b++) {
        const size_t n = (size_t)(out->start[b + 1] - out->start[b]);
        out->pairs += n > 0 ? (uint64_t)n * (n - 1) : 0;
        squares += (double)n * (double)n;
        if (n > out->largest) out->largest = n;
    }
    return squares * task->classes > products_most * (double)task->inputs;
}

sw_status sw_blocks_create(sw_blocks *out, const sw_task *task, sw_family_id family, sw_arena *arena) {
    const size_t inputs = task->inputs;
    bool mapped;
    *out = (sw_blocks){0};
    if (!sw_families[family]->block) return SW_OK;
    int32_t *map = malloc(inputs * sizeof *map);
    out->block_of = sw_arena_alloc(arena, inputs, sizeof *out->block_of);
    out->member = sw_arena_alloc(arena, inputs, sizeof *out->member);
    sw_status status =
        map && out->block_of && out->member ? SW_OK : sw_fail(SW_E_MEMORY, "blocks of %zu inputs", inputs);
    if (status != SW_OK) goto cleanup;
    out->count = assign(out, map, &mapped, task, family);
    out->start = sw_arena_alloc(arena, (size_t)out->count + 1, sizeof *out->start);
    if (!out->start) status = SW_E_MEMORY;
    if (status != SW_OK) goto cleanup;
    memset(out->start, 0, ((size_t)out->count + 1) * sizeof *out->start);
    sort(out, task);
    if (is_dear(out, task)) out->count = 0;
    if (out->count == 0 || !mapped) goto cleanup;
    out->map = sw_arena_alloc(arena, inputs, sizeof *out->map);
    if (!out->map) status = SW_E_MEMORY;
    for (int32_t k = 0; out->map && k < out->start[out->count]; k++) out->map[k] = map[out->member[k]];
cleanup:
    free(map);
    return status;
}

bool sw_blocks_equal(const sw_blocks *a, const sw_blocks *b) {
    return a->count > 0 && a->count == b->count && !a->map && !b->map && a->start[a->count] == b->start[b->count] &&
           !memcmp(a->start, b->start, ((size_t)a->count + 1) * sizeof *a->start) &&
           !memcmp(a->member, b->member, (size_t)a->start[a->count] * sizeof *a->member);
}

void sw_blocks_measure(sw_softmax_pairs *out, const sw_blocks *blocks, const sw_softmax *table,
                       const sw_divergence_spec *spec, sw_real *scratch) {
    *out = (sw_softmax_pairs){0};
    for (int32_t b = 0; b < blocks->count; b++) {
        const size_t from = (size_t)blocks->start[b], n = (size_t)blocks->start[b + 1] - from;
        sw_softmax_pairs found;
        if (n < 2) continue;
        sw_softmax_block(&found, table, spec, blocks->member + from, blocks->map ? blocks->map + from : NULL, n,
                         out->largest, scratch);
        out->sum += found.sum;
        out->disagreements += found.disagreements;
        if (found.largest > out->largest) out->largest = found.largest; /* NaN shows in the sum */
    }
}
