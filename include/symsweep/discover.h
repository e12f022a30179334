/* discover.h: the symmetry group of a task's table, found without being told what the task is. */
#pragma once

#include "symsweep/symmetry.h"

typedef struct sw_discovery {
    char *order;        /* of the group, decimal digits */
    char *acting_order; /* without what permutes but tokens and classes that no input has */
    double order_log10;
    size_t count;        /* generators; 0 = the group is trivial */
    size_t acting;       /* the first so many generate the group of acting_order */
    int32_t *generators; /* [count, shape.length] maps, each checked on the table */
    size_t orbits;       /* of inputs */
    int32_t *orbit;      /* [inputs] the first input of each one's orbit */
} sw_discovery;

/* All symmetries of the table, in this scope: the automorphisms of its coloured incidence graph, whose vertices are
 * positions, slots (position, token), classes and inputs, with `tied` also tokens, coloured by kind, the relation's
 * position and slots apart from operands; an input is joined to its slots and its class, a slot to its position, with
 * `tied` an operand's slot to its token. Every token and class counts: k classes that no input has, or k tokens that
 * stand nowhere at a position (tied: at none), may be permuted in k! ways.
 *
 * The search runs in a child process and ends after `seconds` (0 = no limit). The same table gives the same generators.
 * SW_E_USAGE: the program was built without nauty. SW_E_CONFIG: the graph is too large. SW_E_INTERRUPTED: the time was
 * too short. SW_E_MEMORY: memory was. Release with sw_discover_release. */
sw_status sw_discover_group(sw_discovery *out, const sw_symmetry_table *table, sw_symmetry_scope scope,
                            double seconds) SW_MUST_CHECK;
/* Decimal logarithm of a number in decimal digits. */
double sw_discover_log10(const char *digits);
void sw_discover_release(sw_discovery *discovery);

/* Version of the nauty that is linked, "2.8.6 (64 bits)"; NULL = built without. */
const char *sw_discover_library_version(void);
