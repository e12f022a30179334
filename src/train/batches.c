/* batches.c: which inputs a step trains on. */
#include "symsweep/random.h"
#include "symsweep/train.h"

#include <stdlib.h>

struct sw_batches {
    size_t train_count, size;
    bool full;
    uint32_t seed;
    int64_t epoch;  /* whose permutation `order` holds; -1 = none yet */
    int32_t *train; /* [train_count] table indices in table order */
    int32_t *order; /* [train_count] positions in `train` */
    int32_t *batch; /* [size] */
};

sw_status sw_batches_create(sw_batches **out, const sw_run_config *config, const sw_task *task, const int8_t *split) {
    sw_batches *batches = calloc(1, sizeof *batches);
    if (!batches) return sw_fail(SW_E_MEMORY, "out of memory");
    for (size_t i = 0; i < task->inputs; i++) batches->train_count += split[i] == 1;
    const sw_batch_shape shape = sw_run_batch(&config->optimizer, batches->train_count);
    batches->full = shape.full;
    batches->size = shape.inputs;
    batches->seed = config->seed;
    batches->epoch = -1;

    sw_status status = SW_OK;
    batches->train = malloc((batches->train_count + 1) * sizeof *batches->train);
    batches->order = malloc((batches->train_count + 1) * sizeof *batches->order);
    batches->batch = malloc((batches->size + 1) * sizeof *batches->batch);
    if (!batches->train || !batches->order || !batches->batch) {
        status = sw_fail(SW_E_MEMORY, "out of memory for %zu inputs", batches->train_count);
        goto done;
    }
    size_t count = 0;
    for (size_t i = 0; i < task->inputs; i++)
        if (split[i] == 1) batches->train[count++] = (int32_t)i;

done:
    if (status != SW_OK) {
        sw_batches_destroy(batches);
        batches = NULL;
    }
    *out = batches;
    return status;
}

void sw_batches_destroy(sw_batches *batches) {
    if (!batches) return;
    free(batches->train);
    free(batches->order);
    free(batches->batch);
    free(batches);
}

size_t sw_batches_size(const sw_batches *batches) { return batches->size; }

bool sw_batches_full(const sw_batches *batches) { return batches->full; }

const int32_t *sw_batches_step(sw_batches *batches, int64_t t) {
    if (batches->full) return batches->train;
    int64_t per_epoch = (int64_t)(batches->train_count / batches->size);
    int64_t epoch = (t - 1) / per_epoch;
    size_t first = (size_t)((t - 1) % per_epoch) * batches->size;
    if (epoch != batches->epoch) {
        sw_random_permutation(batches->order, batches->train_count, batches->seed, SW_STREAM_BATCH, (uint64_t)epoch);
        batches->epoch = epoch;
    }
    for (size_t i = 0; i < batches->size; i++) batches->batch[i] = batches->train[batches->order[first + i]];
    return batches->batch;
}
