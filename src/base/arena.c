/* arena.c: memory that is given back all at once. */
#include "symsweep/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { ALIGNMENT = 64, HUGE_PAGE = 2 << 20 };

typedef struct block {
    struct block *next;
    void *memory;
} block;

struct sw_arena {
    block *blocks;
    size_t bytes;
};

sw_status sw_arena_create(sw_arena **out) {
    *out = calloc(1, sizeof **out);
    return *out ? SW_OK : sw_fail(SW_E_MEMORY, "out of memory");
}

/* A large block asks for huge pages where the system hands them out on request: a step walks through megabytes row by
 * row, and would miss the translation buffer at every one. */
static void *allocate(size_t bytes) {
    void *memory = NULL;
    size_t alignment = bytes >= HUGE_PAGE ? HUGE_PAGE : ALIGNMENT;
    if (posix_memalign(&memory, alignment, bytes) != 0) return NULL;
#ifdef MADV_HUGEPAGE
    if (alignment == HUGE_PAGE) madvise(memory, bytes, MADV_HUGEPAGE); /* if refused, only speed is lost */
#endif
    return memory;
}

void *sw_arena_alloc(sw_arena *arena, size_t count, size_t size) {
    if (size && count > (SIZE_MAX - ALIGNMENT) / size) {
        sw_fail(SW_E_MEMORY, "%zu elements of %zu bytes are more than memory can be", count, size);
        return NULL;
    }
    size_t bytes = (count * size / ALIGNMENT + 1) * ALIGNMENT; /* at least one line: count 0 is valid */
    block *entry = malloc(sizeof *entry);
    void *memory = entry ? allocate(bytes) : NULL;
    if (!memory) {
        free(entry);
        sw_fail(SW_E_MEMORY, "out of memory for %zu bytes (%zu are held already)", bytes, arena->bytes);
        return NULL;
    }
    memset(memory, 0, bytes);
    entry->memory = memory;
    entry->next = arena->blocks;
    arena->blocks = entry;
    arena->bytes += bytes;
    return memory;
}

size_t sw_arena_bytes(const sw_arena *arena) { return arena->bytes; }

void sw_arena_destroy(sw_arena *arena) {
    if (!arena) return;
    for (block *entry = arena->blocks; entry;) {
        block *next = entry->next;
        free(entry->memory);
        free(entry);
        entry = next;
    }
    free(arena);
}
