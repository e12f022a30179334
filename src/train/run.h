/* run.h: the state of one run in training, shared by the loop and its checkpoints. */
#pragma once

#include "symsweep/measure.h"
#include "symsweep/train.h"
#include "symsweep/unacknowledged.h"

/* What a resumed run goes on from, beside parameters and optimizer state. Plain data, written as it stands. */
typedef struct sw_progress {
    int64_t step;                         /* optimizer steps taken */
    int64_t streak_start;                 /* step from which `stop` has held; -1 = it does not */
    double objective;                     /* of the last step; NaN at step 0 */
    sw_gradient_norms gradient;           /* of the last step */
    double wall_seconds, measure_seconds; /* of earlier attempts */
    int32_t evaluation, snapshot;         /* how many were made */
    int32_t ended;                        /* 1 = nothing is left to train */
    int32_t diverged, stopped_early, pruned;
    int32_t unmeasured; /* 1 = what is due at `step` has not been measured yet: the run was stopped while it was, or is
                         * gone on from its end */
    sw_prune_watch prune;
} sw_progress;

typedef struct sw_run {
    sw_run_config config;
    const sw_sink *sink;
    sw_checkpoint_options checkpoint;
    sw_task *task;
    int8_t *split; /* [N] */
    sw_model *model;
    sw_objective *objective;
    sw_optimizer *optimizer;
    sw_measure *measure;
    sw_progress progress;
    sw_unacknowledged unacknowledged;
    sw_progress before;   /* with checkpoint.keep: as it was before the last evaluation ... */
    char *carried_before; /* ... and what the measures carried then */
    double started;       /* clock at the start of this attempt */
    double measure_seconds;
} sw_run;

/* Task, split, objective, model, optimizer and measures of run->config. Release whatever it returned. */
sw_status sw_run_create(sw_run *run) SW_MUST_CHECK;
void sw_run_release(sw_run *run);
