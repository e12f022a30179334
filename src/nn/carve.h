/* carve.h: hands out 64-byte aligned pieces of one block; without a block (base NULL) it only counts, so that the
 * memory of a model is known before there is one. */
#pragma once

#include "symsweep/real.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct sw_carver {
    unsigned char *base;
    size_t used; /* bytes */
} sw_carver;

static inline void *sw_carve(sw_carver *carver, size_t count, size_t size) {
    enum { ALIGNMENT = 64 };
    void *piece = carver->base ? carver->base + carver->used : NULL;
    carver->used += (count * size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    return piece;
}

static inline sw_real *sw_carve_reals(sw_carver *carver, size_t n) { return sw_carve(carver, n, sizeof(sw_real)); }

static inline int32_t *sw_carve_ints(sw_carver *carver, size_t n) { return sw_carve(carver, n, sizeof(int32_t)); }

static inline bool *sw_carve_flags(sw_carver *carver, size_t n) { return sw_carve(carver, n, sizeof(bool)); }
