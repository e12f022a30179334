/* automorphism.h: the symmetry group of a task's table becomes part of the task. */
#pragma once

#include "symsweep/automorphism.h"

/* task->automorphisms, where the family is defined on the task: to be released with the task. */
sw_status sw_automorphism_attach(sw_task *task) SW_MUST_CHECK;
void sw_automorphism_release(sw_task *task);
