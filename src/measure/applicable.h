/* applicable.h: what applies to a task, shared by the files of the measure module. */
#ifndef SW_MEASURE_APPLICABLE_H
#define SW_MEASURE_APPLICABLE_H

#include "symsweep/record.h"
#include "symsweep/task.h"

bool sw_task_is_modular_add(const sw_task_config *config);

/* Frequencies of an abelian group (non-trivial characters, a character pooled with its inverse), non-trivial
 * irreducible characters of another group; 0 = the task has no group. From the task's shape alone. */
int32_t sw_spectrum_lines(const sw_task *task);

void sw_snapshot_shape_from(sw_snapshot_shape *out, const sw_run_config *config, const sw_task *task);

#endif
