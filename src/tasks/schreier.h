/* schreier.h: the exact order of a group of symmetries. */
#pragma once

#include "symsweep/symmetry.h"

/* A product of factors, written out when all are known. */
typedef struct sw_schreier_order {
    size_t count, capacity;
    uint32_t *factor; /* malloc'ed */
} sw_schreier_order;

/* Adds the factors of the order of the group that `count` symmetries generate: the lengths of the basic orbits of a
 * stabilizer chain (random Schreier-Sims, Leon 1980; Seress 2003, chapter 4). The orbits of an incomplete chain
 * multiply to less than the order, and one that is missing a point makes a factor of at least 1 + 1 / points, so that
 * the chain is complete when their product has reached exp(log_order). SW_E_NUMERIC: it does not come there. */
sw_status sw_schreier_factors(sw_schreier_order *order, const sw_symmetry_shape *shape, const int32_t *maps,
                              size_t count, double log_order) SW_MUST_CHECK;

/* One factor more. */
sw_status sw_schreier_multiply(sw_schreier_order *order, uint32_t factor) SW_MUST_CHECK;

/* The product in decimal digits, malloc'ed. */
sw_status sw_schreier_digits(char **out, const sw_schreier_order *order) SW_MUST_CHECK;
void sw_schreier_release(sw_schreier_order *order);
