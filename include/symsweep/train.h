/* train.h: the training loop. A run spec goes in, a stream of records comes out; where it runs is not its business. */
#ifndef SYMSWEEP_TRAIN_H
#define SYMSWEEP_TRAIN_H

#include "symsweep/measure.h"
#include "symsweep/nn.h"
#include "symsweep/record.h"
#include "symsweep/task.h"

/* Trains one run to its end. The result is filled whatever happens. SW_OK: the run is done or diverged (a result);
 * SW_E_INTERRUPTED: the sink asked to stop; anything else: the run failed, the message says why. */
sw_status sw_train(sw_run_result *result, const sw_run_config *config, const sw_sink *sink) SW_MUST_CHECK;

/* ---- the pieces, for tests, benchmarks and `symsweep draws` ---- */

/* Batches: fills rows[0..batch) with table indices of step t and returns the batch size. Full batch: the train split in
 * table order. Minibatch: a fresh permutation of the train split an epoch (stream BATCH, step = epoch), the last short
 * batch dropped. */
typedef struct sw_batches sw_batches;
sw_status sw_batches_create(sw_batches **out, const sw_run_config *config, const sw_task *task, const int8_t *split)
    SW_MUST_CHECK;
void sw_batches_destroy(sw_batches *batches);
size_t sw_batches_size(const sw_batches *batches);
const int32_t *sw_batches_step(sw_batches *batches, int64_t t); /* [size], valid until the next call */

/* The objective of one step: value, and gradient left in the model. */
typedef struct sw_objective sw_objective;
sw_status sw_objective_create(sw_objective **out, const sw_run_config *config, const sw_task *task,
                              const int8_t *split) SW_MUST_CHECK;
void sw_objective_destroy(sw_objective *objective);
/* Rows that a model needs for it. */
size_t sw_objective_max_rows(const sw_objective *objective);
/* Draws step t, runs forward and backward; *value is the objective, the model's gradient is assigned. */
sw_status sw_objective_step(double *value, sw_objective *objective, sw_model *model, int64_t t) SW_MUST_CHECK;
/* What the last sw_objective_step drew for family f: tuples and their number (0 = inactive). */
const sw_tuple *sw_objective_tuples(const sw_objective *objective, sw_family_id f, size_t *count);
const sw_lipschitz_pair *sw_objective_pairs(const sw_objective *objective, size_t *count);

#endif
