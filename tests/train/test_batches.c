/* test_batches.c: minibatches: a fresh permutation an epoch, the last short batch dropped. */
#include "symsweep/config.h"
#include "symsweep/random.h"
#include "symsweep/train.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void epochs_are_permutations(void **state) {
    (void)state;
    sw_run_config config;
    sw_config_default(&config);
    config.task.p = 7;
    config.optimizer.batch_size = 5;
    sw_task *task = NULL;
    assert_int_equal(sw_task_create(&task, &config.task, &config.model, 0), SW_OK);
    int8_t split[49];
    assert_int_equal(sw_task_split(split, task, 0.5, 0), 25); /* round(24.5), ties away from zero */
    sw_batches *batches = NULL;
    split[0] = 1 - split[0]; /* 24 or 26 inputs: one short batch an epoch */
    size_t train = 0;
    int32_t inputs[49], order[49];
    for (int i = 0; i < 49; i++)
        if (split[i]) inputs[train++] = i;
    assert_int_equal(sw_batches_create(&batches, &config, task, split), SW_OK);
    int64_t t = 1;
    for (uint64_t epoch = 0; epoch < 4; epoch++) {
        sw_random_permutation(order, train, config.seed, SW_STREAM_BATCH, epoch);
        for (size_t b = 0; b < train / 5; b++, t++) {
            const int32_t *rows = sw_batches_step(batches, t);
            for (size_t i = 0; i < 5; i++) assert_int_equal(rows[i], inputs[order[5 * b + i]]);
        }
    }
    const int32_t *early = sw_batches_step(batches, 2); /* any order of asking gives the same */
    sw_random_permutation(order, train, config.seed, SW_STREAM_BATCH, 0);
    for (size_t i = 0; i < 5; i++) assert_int_equal(early[i], inputs[order[5 + i]]);
    sw_batches_destroy(batches);

    config.optimizer.batch_size = 0;
    assert_int_equal(sw_batches_create(&batches, &config, task, split), SW_OK);
    assert_int_equal(sw_batches_size(batches), train);
    assert_memory_equal(sw_batches_step(batches, 17), inputs, train * sizeof *inputs);
    sw_batches_destroy(batches);
    sw_task_destroy(task);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(epochs_are_permutations)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
