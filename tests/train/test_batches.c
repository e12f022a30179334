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
    assert_int_equal(sw_task_split(split, task, &(sw_run_config){.train_fraction = 0.5}),
                     25); /* round(24.5), ties away from zero */
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

    config.optimizer.batch_size = 1000; /* more than there are: the same */
    assert_int_equal(sw_batches_create(&batches, &config, task, split), SW_OK);
    assert_true(sw_batches_full(batches));
    assert_int_equal(sw_batches_size(batches), train);
    assert_memory_equal(sw_batches_step(batches, 17), inputs, train * sizeof *inputs);
    sw_batches_destroy(batches);

    config.optimizer.batch_size = (int64_t)train; /* as many: a new order every step, as ever */
    assert_int_equal(sw_batches_create(&batches, &config, task, split), SW_OK);
    assert_false(sw_batches_full(batches));
    sw_random_permutation(order, train, config.seed, SW_STREAM_BATCH, 16);
    const int32_t *whole = sw_batches_step(batches, 17);
    for (size_t i = 0; i < train; i++) assert_int_equal(whole[i], inputs[order[i]]);
    sw_batches_destroy(batches);
    sw_task_destroy(task);
}

static void size_and_fraction_make_the_batch(void **state) {
    (void)state;
    static const struct {
        int64_t size;
        double fraction;
        size_t train, batch;
        bool full;
    } cases[] = {{0, 0, 100, 100, true},    {10, 0, 100, 10, false},    {100, 0, 100, 100, false},
                 {101, 0, 100, 100, true},  {0, 0.5, 100, 50, false},   {0, 0.5, 101, 51, false},
                 {0, 1, 100, 100, true},    {512, 0.5, 100, 50, false}, {512, 0.5, 2000, 512, false},
                 {512, 1, 100, 100, true},  {0, 1e-9, 100, 1, false},   {0, 0.3, 10, 3, false},
                 {30, 0.3, 100, 30, false}, {0, 0.999, 100, 100, true}, {100, 0.999, 100, 100, false},
                 {0, 0.1, 30, 3, false},    {1, 1e-9, 1, 1, false},     {2, 0.5, 1, 1, true}};
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        const sw_optimizer_config config = {.batch_size = cases[c].size, .batch_fraction = cases[c].fraction};
        const sw_batch_shape batch = sw_run_batch(&config, cases[c].train);
        assert_int_equal(batch.inputs, cases[c].batch);
        assert_int_equal(batch.full, cases[c].full);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(epochs_are_permutations),
                                       cmocka_unit_test(size_and_fraction_make_the_batch)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
