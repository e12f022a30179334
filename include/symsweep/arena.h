/* arena.h: one owner for many buffers. Allocation happens before a loop, never in it. */
#pragma once

#include "symsweep/fail.h"

typedef struct sw_arena sw_arena;

sw_status sw_arena_create(sw_arena **out) SW_MUST_CHECK;

/* count * size zeroed bytes, 64-byte aligned, owned by the arena; NULL with a message set when refused or
 * when the product overflows. count 0 gives a valid pointer. */
void *sw_arena_alloc(sw_arena *arena, size_t count, size_t size) SW_MUST_CHECK;

/* Bytes handed out so far. */
size_t sw_arena_bytes(const sw_arena *arena);

void sw_arena_destroy(sw_arena *arena); /* NULL is fine */
