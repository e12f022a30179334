/* changes.h: the key `changes` of a run: what its configuration is after a step. Plain functions of the configuration:
 * nothing is remembered, so a run that is resumed finds what it had. */
#pragma once

#include "symsweep/run.h"

/* The configuration as it is after step t, in steps t + 1 and on until the next change. Numbers have the values that
 * they have then; where one was 0 and no longer is, from_step of its window is the step of that change. A
 * train_fraction that was changed takes the place of train_inputs. `changes` itself stays. */
void sw_changes_made(sw_run_config *out, const sw_run_config *config, int64_t t);

/* Of each number that changes, the widest that it has been after steps 0..t: the largest if that is above 0, else the
 * smallest, so that it is 0 only where it always has been. SW_CHANGES_ALL: that it ever is. Other keys as they are. */
#define SW_CHANGES_ALL INT64_MAX
void sw_changes_widest(sw_run_config *out, const sw_run_config *config, int64_t t);

/* The first step after `t` after which something changes; SW_CHANGES_ALL = none does. */
int64_t sw_changes_next(const sw_run_config *config, int64_t t);

/* Does the number at this offset of sw_run_config ever become another one? */
bool sw_changes_has(const sw_run_config *config, size_t field);

/* What is frozen after step t: names separated by blanks, "" = nothing. */
const char *sw_changes_frozen(const sw_run_config *config, int64_t t);

/* Is a tensor among such names? A name stands for itself and for all tensors below it: "layers.0.mlp" for
 * "layers.0.mlp.in" and the others. */
bool sw_changes_names_tensor(const char *names, const char *tensor);
