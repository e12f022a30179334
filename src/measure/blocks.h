/* blocks.h: tuples of a family that are all pairs within blocks of inputs, measured without a list of them. */
#pragma once

#include "measure/instrument.h"

typedef struct sw_blocks {
    int32_t count;     /* 0: none */
    int32_t *start;    /* [count + 1] block b has member[start[b] .. start[b + 1]) */
    int32_t *member;   /* table entries */
    int32_t *map;      /* class map of each member (-1 = identity); NULL = identity throughout */
    int32_t *block_of; /* [N] block of a table entry, -1 = none */
    uint64_t pairs;    /* ordered, of distinct inputs */
    size_t largest;    /* members of the largest block */
} sw_blocks;

/* The blocks of a family on a task. out->count = 0 where it has none, or where the pairs cost more than measuring may:
 * about 2^16 products an input. */
sw_status sw_blocks_create(sw_blocks *out, const sw_task *task, sw_family_id family, sw_arena *arena) SW_MUST_CHECK;

/* Is the tuple a pair of a block? */
static inline bool sw_blocks_hold(const sw_blocks *blocks, const sw_tuple *tuple) {
    const int32_t a = tuple->input[0], b = tuple->input[1];
    return a != b && blocks->block_of[a] >= 0 && blocks->block_of[a] == blocks->block_of[b];
}

/* Do they have the same pairs? */
bool sw_blocks_equal(const sw_blocks *a, const sw_blocks *b);

/* Over all pairs of all blocks; scratch as sw_softmax_block wants it for the largest. */
void sw_blocks_measure(sw_softmax_pairs *out, const sw_blocks *blocks, const sw_softmax *table,
                       const sw_divergence_spec *spec, sw_real *scratch);
