/* test_random.c: Philox against the known answers of its authors' library (Random123, kat_vectors); draws against their
 * definition. */
#include "symsweep/random.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void known_answers(void **state) {
    (void)state;
    static const struct {
        uint32_t counter[4], key[2], out[4];
    } cases[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint32_t out[4];
        sw_random_philox4x32(out, cases[i].counter, cases[i].key);
        assert_memory_equal(out, cases[i].out, sizeof out);
    }
}

static void block_uses_seed_stream_step_index(void **state) {
    (void)state;
    uint32_t expected[4], out[4];
    const uint32_t counter[4] = {2, 1, 4, 3}, key[2] = {7, 9};
    sw_random_philox4x32(expected, counter, key);
    sw_random_block(out, 7, 9, (UINT64_C(1) << 32) + 2, (UINT64_C(3) << 32) + 4);
    assert_memory_equal(out, expected, sizeof out);
}

static void below_is_the_high_product(void **state) {
    (void)state;
    for (uint64_t index = 0; index < 2000; index++) {
        uint64_t bound = index % 3 == 0 ? UINT64_MAX - index : index + 1;
        uint32_t block[4];
        sw_random_block(block, 1, 2, 3, index);
        long double word = (long double)(((uint64_t)block[1] << 32) | block[0]);
        long double expected = floorl(word * (long double)bound / 0x1p64L);
        uint64_t drawn = sw_random_below(1, 2, 3, index, bound);
        assert_true(drawn < bound);
        assert_true(fabsl((long double)drawn - expected) <= (bound > (UINT64_C(1) << 60) ? 2.0L : 0.0L));
    }
}

static void uniform_and_normal_moments(void **state) {
    (void)state;
    enum { N = 40000 };
    double mean = 0, square = 0, normal_mean = 0, normal_square = 0, normal_fourth = 0;
    for (uint64_t i = 0; i < N; i++) {
        double u = sw_random_uniform(5, 6, 7, i);
        assert_true(u > 0 && u < 1);
        mean += u / N;
        square += u * u / N;
    }
    for (uint64_t i = 0; i < N / 4; i++) {
        double n[4];
        sw_random_normal4(n, 5, 6, 7, i);
        for (int k = 0; k < 4; k++) {
            normal_mean += n[k] / N;
            normal_square += n[k] * n[k] / N;
            normal_fourth += n[k] * n[k] * n[k] * n[k] / N;
        }
    }
    assert_true(fabs(mean - 0.5) < 5 * sqrt(1.0 / 12 / N));
    assert_true(fabs(square - 1.0 / 3) < 0.01);
    assert_true(fabs(normal_mean) < 5 / sqrt(N));
    assert_true(fabs(normal_square - 1) < 0.05);
    assert_true(fabs(normal_fourth - 3) < 0.3);
}

static void permutation_is_a_permutation(void **state) {
    (void)state;
    int32_t out[101], again[101], other[101];
    char seen[101] = {0};
    sw_random_permutation(out, 101, 1, SW_STREAM_SPLIT, 0);
    sw_random_permutation(again, 101, 1, SW_STREAM_SPLIT, 0);
    sw_random_permutation(other, 101, 2, SW_STREAM_SPLIT, 0);
    assert_memory_equal(out, again, sizeof out);
    assert_memory_not_equal(out, other, sizeof out);
    for (int i = 0; i < 101; i++) seen[out[i]] = 1;
    for (int i = 0; i < 101; i++) assert_int_equal(seen[i], 1);
    sw_random_permutation(out, 1, 1, 1, 1);
    assert_int_equal(out[0], 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers),
        cmocka_unit_test(block_uses_seed_stream_step_index),
        cmocka_unit_test(below_is_the_high_product),
        cmocka_unit_test(uniform_and_normal_moments),
        cmocka_unit_test(permutation_is_a_permutation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
