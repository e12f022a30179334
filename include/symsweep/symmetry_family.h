/* symmetry_family.h: which symmetry families of the program lie in the group of a task's table. */
#pragma once

#include "symsweep/symmetry.h"

typedef enum sw_symmetry_verdict {
    SW_SYMMETRY_MISSING, /* the family is not defined on the task */
    SW_SYMMETRY_OTHER,   /* its tuples do not come from permutations of positions, tokens and classes that act on the
                          * whole table: identities such as associativity, and the control label_pairs */
    SW_SYMMETRY_FALSE,   /* they do, but labels do not follow */
    SW_SYMMETRY_UNTIED,  /* they do and labels follow, in scope free alone */
    SW_SYMMETRY_WITHIN   /* all of its permutations are symmetries of the table in the scope */
} sw_symmetry_verdict;

/* Decided on the table: for each element of the family the map is made from its tuples, and checked on every input. Of
 * a family with more than 2^25 tuples some of the elements are looked at, at even distances. */
sw_status sw_symmetry_family(sw_symmetry_verdict *out, const sw_task *task, const sw_symmetry_table *table,
                             sw_family_id family, sw_symmetry_scope scope) SW_MUST_CHECK;
