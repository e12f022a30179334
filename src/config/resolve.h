/* resolve.h: given values and defaults -> one configuration. */
#pragma once

#include "config/reader.h"

/* given[i]: what the run has for key number i of run; NULL = nothing. */
typedef const sw_value *sw_given[SW_KEYS_MAX];

/* Gives every assignment to its key, or to its two. */
void sw_config_give(sw_given given, const sw_assignments *assignments);

/* Every key in turn: the given value where the key concerns the run, else its default. */
void sw_config_resolve(sw_run_config *out, const sw_given given);

/* Reports what single keys cannot tell and what needs no knowledge of tasks: heads divide d_model, weights end after
 * they begin ... */
typedef void (*sw_fault_report)(const void *context, const sw_run_fault *fault);
void sw_config_check(const sw_run_config *config, const sw_given given, const sw_document *document,
                     sw_fault_report report, const void *context);
/* As a diagnostic of its own; `context` is the sw_document. */
void sw_config_report(const void *context, const sw_run_fault *fault);
