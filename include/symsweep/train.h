/* train.h: the training loop. A run spec goes in, a stream of records comes out; where it runs is not its business. */
#pragma once

#include "symsweep/measure.h"
#include "symsweep/nn.h"
#include "symsweep/record.h"
#include "symsweep/task.h"

/* Where a run's checkpoint lives, and how often it is written. */
typedef struct sw_checkpoint_options {
    const char *path;     /* NULL: none is read or written */
    double every_seconds; /* 0: only when the sink asks to stop */
    int64_t until_step;   /* stop here as if the sink had asked; 0 = train to the end */
    bool keep;            /* the end of the run is kept at sw_train_kept_path */
} sw_checkpoint_options;

/* Trains one run to its end. The result is filled whatever happens. SW_OK: the run is done, diverged or pruned (a
 * result); SW_E_INTERRUPTED: the sink asked to stop, or until_step is reached (result->state is SW_RUN_RUNNING);
 * anything else: the run failed, the message says why. A checkpoint of this very run at checkpoint->path is resumed
 * from, bit for bit; one that is damaged, of another run or made on a core whose numbers differ is put aside with a
 * warning and the run starts anew. The file stays when the run has ended: whoever keeps the result removes it once that
 * is safe. */
sw_status sw_train(sw_run_result *result, const sw_run_config *config, const sw_checkpoint_options *checkpoint,
                   const sw_sink *sink) SW_MUST_CHECK;

/* ---- kept checkpoints: the end of a run, for one with more steps to go on from ----
 *
 * Such a file is the state in which the run came to its end, before anything was measured there: the longer run, for
 * which that step may be nothing special, measures what is due. Its records and snapshots are those before the end, in
 * the results file. Under the name of a longer run's checkpoint it is an ordinary one. */

/* FOLDER/ID.ckpt.kept. */
sw_status sw_train_kept_path(char out[SW_PATH_MAX], const char *folder, const char *run_id) SW_MUST_CHECK;

typedef struct sw_train_kept {
    int64_t step;               /* at which the run ended */
    int32_t records, snapshots; /* that it had before */
    const char *reason;         /* why it is not to be gone on from; NULL = it is */
    bool foreign;               /* that is: it is damaged, or no kept checkpoint of such a run */
} sw_train_kept;

/* Reads a kept checkpoint for a run like `config` of whatever length. SW_E_IO: it cannot be read. */
sw_status sw_train_kept_read(sw_train_kept *out, const char *path, const sw_run_config *config) SW_MUST_CHECK;

/* ---- beginnings in common (sharing.h) ---- */

/* Writes to `to`, which may be the same, the checkpoint of a run like `config` that has come where that in `from` has:
 * the two have trained alike so far, and the results file holds what the run has sent. What only one of them carries
 * from step to step has not been in use yet. *step: where. SW_E_STORE: it is none to go on from, and the message says
 * why. */
sw_status sw_train_branch(int64_t *step, const char *to, const char *from, const sw_run_config *config) SW_MUST_CHECK;

/* Processor seconds that such a run takes on this machine, from a few of its steps and evaluations; about `budget`
 * seconds are spent on it, one step and one evaluation of every kind at least. */
sw_status sw_pace_measure(sw_pace *out, const sw_run_config *config, double budget) SW_MUST_CHECK;

/* ---- the pieces, for tests, benchmarks and `symsweep draws` ---- */

/* Batches: table indices of the inputs of step t, as many as sw_run_batch says. Full batch: the train split in table
 * order. Minibatch: a fresh permutation of the train split an epoch (stream BATCH, step = epoch), the last short
 * batch dropped. */
typedef struct sw_batches sw_batches;
sw_status sw_batches_create(sw_batches **out, const sw_run_config *config, const sw_task *task,
                            const int8_t *split) SW_MUST_CHECK;
void sw_batches_destroy(sw_batches *batches);
size_t sw_batches_size(const sw_batches *batches);
bool sw_batches_full(const sw_batches *batches);
const int32_t *sw_batches_step(sw_batches *batches, int64_t t); /* [size], valid until the next call */

/* The objective of one step, with what `changes` have made of the run before it: value, and gradient left in the
 * model. `config` must outlive it. */
typedef struct sw_objective sw_objective;
sw_status sw_objective_create(sw_objective **out, const sw_run_config *config, const sw_task *task,
                              const int8_t *split) SW_MUST_CHECK;
void sw_objective_destroy(sw_objective *objective);
/* Rows that a model needs for it. */
size_t sw_objective_max_rows(const sw_objective *objective);
/* The model that a run starts from, with room for the rows of its objective, and the run's optimizer; the caller's to
 * destroy whatever is returned. */
sw_status sw_train_create_model(sw_model **model, sw_optimizer **optimizer, const sw_run_config *config,
                                const sw_task *task, const sw_objective *objective) SW_MUST_CHECK;
/* The update of step t with the gradient in the model, as `changes` have it then. */
sw_status sw_train_update(sw_optimizer *optimizer, sw_model *model, const sw_run_config *config,
                          int64_t t) SW_MUST_CHECK;
/* Draws batch, tuples and pairs of step t. `model` may be NULL unless sw_objective_needs_model: predicted intermediates
 * and nearest tokens are read from its parameters. */
sw_status sw_objective_draw(sw_objective *objective, sw_model *model, int64_t t) SW_MUST_CHECK;
bool sw_objective_needs_model(const sw_objective *objective);
/* Draws step t, runs forward and backward; *value is the objective, the model's gradient is assigned. */
sw_status sw_objective_step(double *value, sw_objective *objective, sw_model *model, int64_t t) SW_MUST_CHECK;
/* What the last sw_objective_step drew for family f: tuples and their number (0 = inactive). */
const sw_tuple *sw_objective_tuples(const sw_objective *objective, sw_family_id f, size_t *count);
/* Likewise for prior g: pairs of inputs, and their table indices, [2 * count]. */
const sw_lipschitz_pair *sw_objective_pairs(const sw_objective *objective, sw_prior_id g, size_t *count);
const int32_t *sw_objective_pair_inputs(const sw_objective *objective, sw_prior_id g);
/* Table indices of the batch of the last step. */
const int32_t *sw_objective_batch(const sw_objective *objective, size_t *count);
/* Class map of family f, [C] classes, for a tuple's `map`; NULL = identity. */
const int32_t *sw_objective_class_map(const sw_objective *objective, sw_family_id f, int32_t map);
/* What the objective carries from step to step (the cached SVDs of spectral priors), for checkpoints. */
size_t sw_objective_state_bytes(const sw_objective *objective);
void sw_objective_save(const sw_objective *objective, void *state);
/* Of a run that has begun alike too: what a prior carries that this objective has not is passed over. false: the bytes
 * are none of sw_objective_save. */
bool sw_objective_restore(sw_objective *objective, const void *state, size_t bytes);
