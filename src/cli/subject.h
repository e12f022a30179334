/* subject.h: a run that is taken through its steps one by one, for what draws and bench tell of it. */
#pragma once

#include "symsweep/train.h"

typedef struct sw_subject {
    sw_run_config config;
    sw_task *task;
    int8_t *split;
    sw_objective *objective;
    sw_model *model; /* this and the optimizer: NULL where nothing needs them */
    sw_optimizer *optimizer;
    int64_t t; /* steps taken */
} sw_subject;

/* Makes what out->config says; all else is zero before. `trained`: with a model even when the draws do not depend on
 * it. To be released whatever is returned. */
sw_status sw_subject_create(sw_subject *out, bool trained) SW_MUST_CHECK;
void sw_subject_release(sw_subject *subject);

/* The next step of a subject with a model. */
sw_status sw_subject_step(sw_subject *subject) SW_MUST_CHECK;
