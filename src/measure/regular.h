/* regular.h: the group whose multiplication table a task is, and functions on it by irreducible representation. */
#pragma once

#include "measure/modes.h"
#include "symsweep/arena.h"
#include "symsweep/task.h"

/* Functions on a group of n elements have an orthonormal basis in which each vector belongs to one line: to an
 * irreducible character chi and its complex conjugate (the same, where chi is real), to whose isotypic part of the
 * regular representation, that of the projector (chi(1) / n) sum_g (chi + conj chi)(g^-1) R(g), it belongs. Line 0 is
 * the trivial character. The others stand as in sw_modes where the task has these; else by ascending degree, then by
 * what the projectors have at (identity, g), g ascending: the larger first. */
typedef struct sw_regular {
    int32_t order;    /* n >= 2; 0 = the table is no group's; nothing below is set */
    int32_t *member;  /* [n] entity of each element, ascending */
    int32_t *input;   /* [n, n] table entry of the elements g and h ... */
    int32_t *product; /* [n, n] ... whose label is this element */
    int32_t identity;
    int32_t lines;   /* beside the trivial one */
    int32_t *degree; /* [lines + 1] chi(1) */
    int32_t *start;  /* [lines + 2] first vector of each line */
    double *basis;   /* [n, n] vectors, one a row */
} sw_regular;

/* A task of two operands whose label is an entity: may its table be a group's? */
bool sw_regular_applies(const sw_task *shape);

/* Elements are the entities that have exponents, where the task has an abelian group, else all. The table is a group's
 * where labels are elements, (a, r) -> a for some r, and with the second operands numbered by h = label(r, b) the label
 * of (g, h) is an associative product: so subtraction is, with h = -b. SW_E_NUMERIC: the basis was not found. */
sw_status sw_regular_create(sw_regular *out, const sw_task *task, const sw_modes *modes, sw_arena *arena) SW_MUST_CHECK;
double sw_regular_memory(const sw_task *shape);
