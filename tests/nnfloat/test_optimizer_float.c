/* test_optimizer_float.c: what float must not spoil in an optimizer: agreement with double over many steps, gradients
 * far below 1e-19 with a small epsilon, means that decay to nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "close.h"
#include "fill.h"
#include "symsweep/nn.h"

#include <math.h>
#include <string.h>

enum { N = 75 };

static const sw_tensor tensor = {.name = "m", .rank = 2, .shape = {5, 15}, .block = SW_BLOCK_MLP};

static const sw_optimizer_config adamw = {.kind = SW_OPTIMIZER_ADAMW,
                                          .learning_rate = 1e-3,
                                          .beta1 = 0.9,
                                          .beta2 = 0.98,
                                          .epsilon = 1e-8,
                                          .weight_decay = 1,
                                          .warmup_steps = 10};

static sw_optimizer *create(const sw_optimizer_config *config) {
    sw_optimizer *optimizer = NULL;
    assert_int_equal(sw_optimizer_create(&optimizer, config, 10000, &tensor, 1, N), SW_OK);
    return optimizer;
}

/* AdamW step by step in double, on the same gradients. */
static void test_follows_double(void **state) {
    (void)state;
    float w[N];
    double exact[N], m[N] = {0}, v[N] = {0}, target[N];
    sw_fill_normal(target, N, 2, 1);
    for (int i = 0; i < N; i++) exact[i] = w[i] = (float)sin(i);
    sw_optimizer *optimizer = create(&adamw);
    for (int t = 1; t <= 1000; t++) {
        float g[N];
        double rate = 1e-3 * fmin(1, t / 10.0);
        for (int i = 0; i < N; i++) {
            double gradient = exact[i] - target[i] + 0.3 * sin(t * (i + 1));
            g[i] = (float)gradient;
            m[i] = 0.9 * m[i] + 0.1 * gradient;
            v[i] = 0.98 * v[i] + 0.02 * gradient * gradient;
            exact[i] -= rate * exact[i];
            exact[i] -= rate * m[i] / (1 - pow(0.9, t)) / (sqrt(v[i] / (1 - pow(0.98, t))) + 1e-8);
        }
        sw_optimizer_step(optimizer, t, w, g);
    }
    for (int i = 0; i < N; i++) assert_close(w[i], exact[i], 3e-6);
    sw_optimizer_destroy(optimizer);
}

/* A constant gradient moves every weight by the learning rate, however small it is. */
static void test_small_gradients_with_a_small_epsilon(void **state) {
    (void)state;
    const double sizes[] = {1, 1e-10, 1e-19, 1e-22, 1e-25, 1e-27};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        sw_optimizer_config config = adamw;
        config.epsilon = 1e-35;
        config.weight_decay = 0;
        config.warmup_steps = 0;
        sw_optimizer *optimizer = create(&config);
        float w[N] = {0};
        for (int t = 1; t <= 20; t++) {
            float g[N];
            for (int i = 0; i < N; i++) g[i] = (float)sizes[s];
            sw_optimizer_step(optimizer, t, w, g);
        }
        for (int i = 0; i < N; i++) assert_relative(w[i], -20e-3, 1e-3);
        sw_optimizer_destroy(optimizer);
    }
    /* Below that the step shrinks; it never explodes. */
    sw_optimizer_config config = adamw;
    config.epsilon = 1e-37;
    config.warmup_steps = 0;
    sw_optimizer *optimizer = create(&config);
    float w[N] = {0}, g[N];
    for (int i = 0; i < N; i++) g[i] = ldexpf(1, -96 - i % 40);
    sw_optimizer_step(optimizer, 1, w, g);
    for (int i = 0; i < N; i++) assert_true(w[i] <= 0 && w[i] >= -1.001e-3f);
    sw_optimizer_destroy(optimizer);
    /* Large ones too. */
    optimizer = create(&adamw);
    memset(w, 0, sizeof w);
    for (int i = 0; i < N; i++) g[i] = 1e9f;
    sw_optimizer_step(optimizer, 1, w, g);
    assert_relative(w[0], -1e-4, 1e-5);
    sw_optimizer_destroy(optimizer);
}

/* Without gradient the means do not decay into subnormal numbers and stay there. */
static void test_no_subnormal_means(void **state) {
    (void)state;
    sw_optimizer *optimizer = create(&adamw);
    float w[N], g[N];
    for (int i = 0; i < N; i++) w[i] = g[i] = 1;
    sw_optimizer_step(optimizer, 1, w, g);
    memset(g, 0, sizeof g);
    for (int t = 2; t <= 9000; t++) sw_optimizer_step(optimizer, t, w, g);
    size_t count;
    const float *means = sw_optimizer_state(optimizer, &count);
    for (size_t i = 0; i < count; i++) assert_true(fpclassify(means[i]) != FP_SUBNORMAL && fabsf(means[i]) < 1e-37f);
    sw_optimizer_destroy(optimizer);
}

static void test_muon_takes_any_size_of_gradient(void **state) {
    (void)state;
    sw_optimizer_config config = adamw;
    config.kind = SW_OPTIMIZER_MUON;
    config.muon_learning_rate = 0.02;
    config.muon_momentum = 0.95;
    config.muon_newton_schulz_steps = 5;
    config.weight_decay = 0;
    config.warmup_steps = 0;
    float first[N] = {0};
    for (double size = 1e10; size > 1e-36; size *= 1e-5) {
        sw_optimizer *optimizer = create(&config);
        float w[N] = {0}, g[N];
        sw_fill_normal_float(g, N, 6, size);
        sw_optimizer_step(optimizer, 1, w, g);
        if (size > 1e9) memcpy(first, w, sizeof w);
        for (int i = 0; i < N; i++) assert_close(w[i], first[i], 1e-5);
        assert_true(fabsf(first[0]) > 1e-5f);
        /* No direction, no update. */
        float zero[N] = {0}, still[N] = {0};
        sw_optimizer *resting = create(&config);
        sw_optimizer_step(resting, 1, still, zero);
        for (int i = 0; i < N; i++) assert_true(still[i] == 0);
        sw_optimizer_destroy(resting);
        sw_optimizer_destroy(optimizer);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_follows_double),
        cmocka_unit_test(test_small_gradients_with_a_small_epsilon),
        cmocka_unit_test(test_no_subnormal_means),
        cmocka_unit_test(test_muon_takes_any_size_of_gradient),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
