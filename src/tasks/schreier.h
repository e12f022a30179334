/* schreier.h: the exact order of a group of symmetries, and generators that depend on the group alone. */
#pragma once

#include "symsweep/symmetry.h"

/* A product of factors, written out when all are known. */
typedef struct sw_schreier_order {
    size_t count, capacity;
    uint32_t *factor; /* malloc'ed */
} sw_schreier_order;

/* Of the group that the symmetries in `maps` [map_count, length] generate: adds the factors of its order, the lengths
 * of the basic orbits of a stabilizer chain (random Schreier-Sims, Leon 1980; Seress 2003, chapter 4). The orbits of an
 * incomplete chain multiply to less than the order, and one that is missing a point makes a factor of at least
 * 1 + 1 / points, so that the chain is complete when their product has reached exp(log_order). SW_E_NUMERIC: it does
 * not come there.
 *
 * *generators [*count, length], malloc'ed: with the points (tokens of position 0, of position 1, ..., classes) as
 * bases, those of the first stabilizers first, for each what leads the base to the least point that it does not come to
 * yet. Of all such elements the one with the least images of later bases is taken, or a simpler one: of addition the
 * exchange of the operands, the addition of 1 and the multiplication by a primitive root. They do not depend on the
 * maps that were given, and each stabilizer needs all of its own. */
sw_status sw_schreier_solve(sw_schreier_order *order, int32_t **generators, size_t *count,
                            const sw_symmetry_shape *shape, const int32_t *maps, size_t map_count,
                            double log_order) SW_MUST_CHECK;

/* One factor more. */
sw_status sw_schreier_multiply(sw_schreier_order *order, uint32_t factor) SW_MUST_CHECK;

/* The product in decimal digits, malloc'ed. */
sw_status sw_schreier_digits(char **out, const sw_schreier_order *order) SW_MUST_CHECK;
void sw_schreier_release(sw_schreier_order *order);
