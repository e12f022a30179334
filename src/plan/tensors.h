/* tensors.h: the tensors of a run's model, and names that stand for them. */
#pragma once

#include "symsweep/nn.h"
#include "symsweep/run.h"

/* Bytes of a list of names, of whatever key. */
enum { SW_TENSOR_NAMES_MAX = SW_START_TENSORS_MAX };
_Static_assert((int)SW_TENSOR_NAMES_MAX >= (int)SW_FREEZE_BYTES, "any list fits");

/* In the order of the layout; *out is freed with free(). */
sw_status sw_plan_tensors(sw_tensor **out, size_t *count, const sw_run_config *config) SW_MUST_CHECK;

/* Is there one among `names`, separated by blanks, that stands for no tensor (sw_changes_names_tensor)? out <- the
 * first of them, and *names <- those behind it. */
bool sw_plan_unknown_tensor(char out[SW_TENSOR_NAMES_MAX], const char **names, const sw_tensor *tensors, size_t count);
