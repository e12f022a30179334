/* characters.h: irreducible characters of the groups that are not abelian. */
#ifndef SW_MEASURE_CHARACTERS_H
#define SW_MEASURE_CHARACTERS_H

#include "symsweep/task.h"

/* chi_line(element) of a dihedral or symmetric task, lines numbered as modes.h says. All are real. */
double sw_irreducible_character(const sw_task *task, int32_t line, int32_t element);

#endif
