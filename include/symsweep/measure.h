/* measure.h: everything that is measured at an evaluation. Read-only on the model. */
#pragma once

#include "symsweep/nn.h"
#include "symsweep/record.h"
#include "symsweep/task.h"

typedef struct sw_measure sw_measure;

/* Most tuples of a family that the gradient of its violation is taken over (gradient_cosine). */
enum { SW_COSINE_TUPLES = 512 };

/* Most steps of Lanczos, and vectors of random signs, that the Hessian is looked at with. */
enum { SW_LANCZOS_STEPS = 32, SW_HESSIAN_PROBES = 16 };

/* Inputs of the tangent kernel, or the whole table where that has fewer; gradients of two blocks of them are kept at a
 * time. */
enum { SW_KERNEL_INPUTS = 512, SW_KERNEL_BLOCK = 32 };

/* Prepares the fixed tuple sets, null pairs and workspaces of a run. `task` and `split` must outlive it.
 * `spare`: `bytes` of memory, 64-byte aligned, that are the measures' from the beginning of an evaluation to the end of
 * sw_measure_complete, and must outlive them too. They take sw_measure_room from it where it has that; NULL = none. */
sw_status sw_measure_create(sw_measure **out, const sw_run_config *config, const sw_task *task, const int8_t *split,
                            void *spare, size_t bytes) SW_MUST_CHECK;
void sw_measure_destroy(sw_measure *measure);

/* What follows is measured at step t, as `changes` have made the run by then: on the train set of the step that led to
 * it (inputs that have left it are in neither set), with the families that have had weight so far. */
sw_status sw_measure_follow(sw_measure *measure, int64_t t) SW_MUST_CHECK;

/* What is known before training. */
void sw_measure_facts(sw_run_facts *out, const sw_measure *measure, const sw_model *model);

/* Asked now and then while something is measured that takes long: false = stop, and sw_measure_evaluate returns
 * SW_E_INTERRUPTED. */
void sw_measure_ask(sw_measure *measure, bool (*keep_going)(void *context), void *context);

/* Evaluates the whole table and fills every metric that is due at the `evaluation`-th evaluation of a run, from 0, at
 * `step`: some at every one, some at every spectra_every-th, some where the step is a multiple of a key of theirs.
 * OBJECTIVE and GRADIENT_NORM* are left NaN for the caller. `last`: every one is due. A model
 * that is not finite gives NaN. SW_E_NUMERIC when LAPACK fails on finite input. */
sw_status sw_measure_evaluate(sw_record *out, sw_measure *measure, sw_model *model, int64_t step, int32_t evaluation,
                              bool last) SW_MUST_CHECK;
/* The same evaluation has turned out to be the last: measures what was not due. */
sw_status sw_measure_complete(sw_record *record, sw_measure *measure) SW_MUST_CHECK;

/* The gradient that stands in the model, as a whole and by block; NaN for a block that the model has not. Taken in the
 * step that leads to an evaluation, before the optimizer overwrites the gradient. */
typedef struct sw_gradient_norms {
    double all, block[SW_BLOCK_COUNT];
} sw_gradient_norms;
void sw_measure_gradient(sw_gradient_norms *out, sw_model *model);
/* Puts them into GRADIENT_NORM and GRADIENT_NORM_<block> of a record. */
void sw_measure_set_gradient(sw_record *record, const sw_gradient_norms *norms);

/* A snapshot of the current embedding, pointers into `measure` and `model`, valid until the next call. The optimizer's
 * state, where the run saves it, is the caller's to point to. */
sw_status sw_measure_snapshot(sw_snapshot *out, sw_measure *measure, sw_model *model) SW_MUST_CHECK;

/* Widths of the snapshots of a run, from its configuration alone. */
sw_status sw_measure_snapshot_shape(sw_snapshot_shape *out, const sw_run_config *config) SW_MUST_CHECK;

/* mask[m] = metric m applies to such a run, from its configuration alone. */
sw_status sw_measure_applicable(bool mask[SW_METRIC_COUNT], const sw_run_config *config) SW_MUST_CHECK;

/* Bytes of what every evaluation computes anew: logits of the whole table and their softmax. */
size_t sw_measure_room(const sw_task *shape);
/* Bytes that the measures of a run allocate beside `spare` bytes, an estimate from above (a family counts with
 * evaluate.tuples tuples), from its configuration and the described task alone. */
double sw_measure_memory(const sw_run_config *config, const sw_task *shape, size_t spare);
/* Bytes that they did allocate. */
size_t sw_measure_bytes(const sw_measure *measure);

/* What measures keep from evaluation to evaluation (0 bytes: nothing), for a run that is resumed from a checkpoint. */
size_t sw_measure_state_bytes(const sw_measure *measure);
void sw_measure_state_save(void *out, const sw_measure *measure);
void sw_measure_state_restore(sw_measure *measure, const void *saved);

/* ---- schedule of a run, from its configuration alone ---- */

/* How often a run is evaluated: at step 0, every `evaluate.every`, and the last. */
int64_t sw_schedule_evaluations(const sw_run_config *config);
/* How often something is measured at evaluations whose step is a multiple of `every`, and at the last; 0 = never. */
int64_t sw_schedule_measurements(const sw_run_config *config, int64_t every);
/* Is step t (0..steps) an evaluation / a snapshot by schedule? The step a run stops at is always both. */
bool sw_schedule_is_evaluation(const sw_run_config *config, int64_t t);
bool sw_schedule_is_snapshot(const sw_run_config *config, int64_t t);
/* Are two runs that differ in `steps` alone evaluated and snapshotted alike before step `until`? */
bool sw_schedule_agrees(const sw_run_config *a, const sw_run_config *b, int64_t until);
/* Most snapshots a run can have. */
int64_t sw_schedule_snapshots(const sw_run_config *config);

/* ---- onsets, phases, and rules that give a run up because it is decided ---- */

/* From the `count` records of a run (ascending steps). state: a running run is `unfinished`. */
void sw_phases_onsets(sw_onsets *out, const sw_record *records, size_t count, const sw_run_config *config,
                      sw_run_state state, bool stopped_early);

/* When each generator of the task's group is acquired: t_sym_mean of its violation; -1 = not reached. */
void sw_phases_acquired(int64_t step[SW_GENERATORS_MAX], const sw_record *records, size_t count,
                        const sw_run_config *config);

/* What a rule remembers from evaluation to evaluation; starts at -1. */
typedef struct sw_prune_watch {
    int64_t generalized_since; /* step from which test accuracy has been high enough; -1 = it is not */
} sw_prune_watch;

/* Takes in the next evaluation of a run. true: the run has generalized for long enough, or its train loss is beyond
 * hope. */
bool sw_measure_prune(sw_prune_watch *watch, const sw_prune_config *rule, const sw_record *record);
