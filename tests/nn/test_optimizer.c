/* test_optimizer.c: the optimizers in double, against PyTorch's numbers (optimizer_golden.h) and against what their
 * definitions promise. */
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

#include "optimizer_golden.h"

enum { TENSORS = sizeof golden_tensors / sizeof *golden_tensors, P = GOLDEN_PARAMETERS };
enum { CASES = sizeof golden_cases / sizeof *golden_cases };

static void start(double *w) {
    for (int i = 0; i < P; i++) w[i] = sin(1.0 + i);
    for (size_t j = 0; j < TENSORS; j++)
        for (int64_t i = 0; golden_tensors[j].rank == 1 && i < golden_tensors[j].shape[0]; i++)
            w[golden_tensors[j].offset + (size_t)i] = 0;
}

static void gradient_at(double *g, const double *w, int64_t t) {
    for (int i = 0; i < P; i++) g[i] = (1 + i % 5) * (w[i] - cos(i)) / 10 + sin(7.0 * (double)t + i) / 5;
}

static sw_optimizer *create(const sw_optimizer_config *config) {
    sw_optimizer *optimizer = NULL;
    assert_int_equal(sw_optimizer_create(&optimizer, config, GOLDEN_STEPS, golden_tensors, TENSORS, P), SW_OK);
    return optimizer;
}

static void run(sw_optimizer *optimizer, double *w, int64_t from, int64_t to) {
    for (int64_t t = from; t <= to; t++) {
        double g[P];
        gradient_at(g, w, t);
        sw_optimizer_step(optimizer, t, w, g);
    }
}

static void test_golden(void **state) {
    (void)state;
    for (size_t c = 0; c < CASES; c++) {
        double w[P];
        start(w);
        sw_optimizer *optimizer = create(&golden_cases[c].config);
        run(optimizer, w, 1, GOLDEN_STEPS);
        double worst = 0;
        for (int i = 0; i < P; i++) worst = fmax(worst, fabs(w[i] - golden_cases[c].parameters[i]));
        if (!(worst < 1e-12)) fail_msg("%s: off by %g", golden_cases[c].name, worst);
        sw_optimizer_destroy(optimizer);
    }
}

/* A copy of the state in a new optimizer goes on as the old one would have. */
static void test_state_resumes(void **state) {
    (void)state;
    for (size_t c = 0; c < CASES; c++) {
        double w[P], resumed[P];
        start(w);
        sw_optimizer *first = create(&golden_cases[c].config), *second = create(&golden_cases[c].config);
        run(first, w, 1, 5);
        memcpy(resumed, w, sizeof w);
        size_t count, other;
        const double *from = sw_optimizer_state(first, &count);
        double *to = sw_optimizer_state(second, &other);
        assert_int_equal(count, other);
        assert_true(count % P == 0);
        memcpy(to, from, count * sizeof *to);
        run(first, w, 6, GOLDEN_STEPS);
        run(second, resumed, 6, GOLDEN_STEPS);
        assert_memory_equal(w, resumed, sizeof w);
        sw_optimizer_destroy(first);
        sw_optimizer_destroy(second);
    }
}

static void test_learning_rate(void **state) {
    (void)state;
    sw_optimizer_config config = {.learning_rate = 0.5, .warmup_steps = 10};
    assert_close(sw_optimizer_learning_rate(&config, 100, 1), 0.05, 1e-16);
    assert_close(sw_optimizer_learning_rate(&config, 100, 9), 0.45, 1e-16);
    assert_close(sw_optimizer_learning_rate(&config, 100, 10), 0.5, 0);
    assert_close(sw_optimizer_learning_rate(&config, 100, 11), 0.5, 0);
    assert_close(sw_optimizer_learning_rate(&config, 100, 100), 0.5, 0);
    config.schedule = SW_SCHEDULE_COSINE;
    assert_close(sw_optimizer_learning_rate(&config, 100, 5), 0.25, 1e-16);
    assert_close(sw_optimizer_learning_rate(&config, 100, 10), 0.5, 0);
    assert_close(sw_optimizer_learning_rate(&config, 100, 55), 0.25, 1e-15);
    assert_close(sw_optimizer_learning_rate(&config, 100, 40), 0.375, 1e-15);
    assert_close(sw_optimizer_learning_rate(&config, 100, 100), 0, 1e-16);
    config.final_share = 0.1;
    assert_close(sw_optimizer_learning_rate(&config, 100, 55), 0.275, 1e-15);
    assert_close(sw_optimizer_learning_rate(&config, 100, 100), 0.05, 1e-16);
    config.schedule = SW_SCHEDULE_LINEAR;
    assert_close(sw_optimizer_learning_rate(&config, 100, 40), 0.35, 1e-15);
    assert_close(sw_optimizer_learning_rate(&config, 100, 100), 0.05, 1e-16);
    config.final_share = 0;
    assert_close(sw_optimizer_learning_rate(&config, 100, 40), 0.5 * 2 / 3, 1e-15);
    assert_close(sw_optimizer_learning_rate(&config, 100, 100), 0, 1e-16);
    config.schedule = SW_SCHEDULE_COSINE;
    /* No warm-up; and a warm-up longer than the run. */
    config.warmup_steps = 0;
    assert_close(sw_optimizer_learning_rate(&config, 2, 1), 0.25, 1e-15);
    config.warmup_steps = 200;
    assert_close(sw_optimizer_learning_rate(&config, 100, 100), 0.25, 1e-16);
}

/* Decay acts on every parameter, biases too, and alone where there is no gradient. */
static void test_decay_is_decoupled(void **state) {
    (void)state;
    for (int kind = SW_OPTIMIZER_ADAMW; kind <= SW_OPTIMIZER_MUON; kind++) {
        sw_optimizer_config config = golden_cases[0].config;
        config.kind = kind;
        config.warmup_steps = 0;
        config.weight_decay = 0.5;
        config.learning_rate = config.muon_learning_rate = 0.1;
        double w[P], g[P] = {0};
        for (int i = 0; i < P; i++) w[i] = i - 30;
        sw_optimizer *optimizer = create(&config);
        sw_optimizer_step(optimizer, 1, w, g);
        for (int i = 0; i < P; i++) assert_close(w[i], (i - 30) * 0.95, 1e-14);
        sw_optimizer_destroy(optimizer);
    }
}

/* With decay matrices, biases and embeddings do not decay, whatever the optimizer; Adam's decay is in its gradient. */
static void test_decay_of_matrices(void **state) {
    (void)state;
    for (int kind = 0; kind < SW_OPTIMIZER_COUNT; kind++) {
        sw_optimizer_config config = golden_cases[0].config;
        config.kind = kind;
        config.decay = SW_DECAY_MATRICES;
        config.warmup_steps = 0;
        config.weight_decay = 0.5;
        config.learning_rate = config.muon_learning_rate = 0.1;
        double w[P], g[P] = {0};
        for (int i = 0; i < P; i++) w[i] = i + 1;
        sw_optimizer *optimizer = create(&config);
        sw_optimizer_step(optimizer, 1, w, g);
        for (size_t j = 0; j < TENSORS; j++) {
            const sw_tensor *tensor = &golden_tensors[j];
            const bool decays = tensor->rank == 2 && tensor->block != SW_BLOCK_EMBEDDING;
            for (size_t i = tensor->offset; i < tensor->offset + (size_t)(tensor->shape[0] * tensor->shape[1]); i++) {
                const double before = (double)i + 1, after = kind == SW_OPTIMIZER_ADAM ? before - 0.1 : before * 0.95;
                assert_close(w[i], decays ? after : before, 1e-8);
            }
        }
        sw_optimizer_destroy(optimizer);
    }
}

/* The update of one matrix: sqrt(max(1, fan_out / fan_in)) times a matrix whose singular values are all near 1. */
static void test_muon_orthogonalizes(void **state) {
    (void)state;
    enum { IN = 8, OUT = 24, N = IN * OUT };
    for (int tall = 0; tall < 2; tall++) {
        int64_t rows = tall ? OUT : IN, cols = tall ? IN : OUT;
        const sw_tensor tensor = {.name = "m", .rank = 2, .shape = {rows, cols}, .block = SW_BLOCK_MLP};
        sw_optimizer_config config = golden_cases[0].config;
        config.kind = SW_OPTIMIZER_MUON;
        config.warmup_steps = 0;
        config.weight_decay = 0;
        config.muon_learning_rate = 1;
        sw_optimizer *optimizer = NULL;
        assert_int_equal(sw_optimizer_create(&optimizer, &config, 10, &tensor, 1, N), SW_OK);
        double w[N] = {0}, g[N], tiny[N], first[N];
        sw_fill_normal(g, N, 9, 1e-3);
        for (int i = 0; i < N; i++) tiny[i] = g[i] * 1e-30;
        sw_optimizer_step(optimizer, 1, w, g);
        memcpy(first, w, sizeof w);
        /* The Gram matrix of the smaller side has eigenvalues in (0.7^2, 1.2^2) times fan_out / fan_in: its trace. */
        double squares = 0, scale = tall ? 1 : (double)OUT / IN;
        for (int i = 0; i < N; i++) squares += w[i] * w[i];
        assert_true(squares > 0.49 * scale * IN && squares < 1.44 * scale * IN);
        for (int a = 0; a < IN; a++)
            for (int b = 0; b < a; b++) {
                double dot = 0;
                for (int k = 0; k < OUT; k++)
                    dot += tall ? w[k * IN + a] * w[k * IN + b] : w[a * OUT + k] * w[b * OUT + k];
                assert_true(fabs(dot) < 0.45 * scale);
            }
        sw_optimizer_destroy(optimizer);
        /* It depends on the direction of the gradient alone. */
        assert_int_equal(sw_optimizer_create(&optimizer, &config, 10, &tensor, 1, N), SW_OK);
        memset(w, 0, sizeof w);
        sw_optimizer_step(optimizer, 1, w, tiny);
        for (int i = 0; i < N; i++) assert_close(w[i], first[i], 1e-12);
        sw_optimizer_destroy(optimizer);
    }
}

static void test_orthograd(void **state) {
    (void)state;
    sw_optimizer_config config = {.kind = SW_OPTIMIZER_SGD, .learning_rate = 1, .orthograd = true};
    double w[P], before[P], g[P];
    start(w);
    gradient_at(g, w, 1);
    /* One tensor's gradient lies along its weights: nothing is left of it. */
    for (int i = 0; i < 12; i++) g[i] = -3.7 * w[i];
    memcpy(before, w, sizeof w);
    sw_optimizer *optimizer = create(&config);
    double norms[TENSORS];
    for (size_t j = 0; j < TENSORS; j++)
        norms[j] = sw_blas_norm(g + golden_tensors[j].offset,
                                (size_t)(golden_tensors[j].shape[0] * golden_tensors[j].shape[1]));
    sw_optimizer_step(optimizer, 1, w, g);
    for (size_t j = 0; j < TENSORS; j++) {
        double dot = 0, norm = 0;
        for (int64_t i = 0; i < golden_tensors[j].shape[0] * golden_tensors[j].shape[1]; i++) {
            size_t at = golden_tensors[j].offset + (size_t)i;
            dot += before[at] * (before[at] - w[at]);
            norm += (before[at] - w[at]) * (before[at] - w[at]);
        }
        assert_close(dot, 0, 1e-14);
        assert_close(sqrt(norm), j == 0 ? 0 : norms[j], 1e-14);
    }
    sw_optimizer_destroy(optimizer);
}

static void test_clip(void **state) {
    (void)state;
    sw_optimizer_config config = {.kind = SW_OPTIMIZER_SGD, .learning_rate = 1, .gradient_clip = 2};
    sw_optimizer *optimizer = create(&config);
    for (int large = 0; large < 2; large++) {
        double w[P] = {0}, g[P];
        sw_fill_normal(g, P, 4, large ? 10 : 0.01);
        double norm = sw_blas_norm(g, P);
        sw_optimizer_step(optimizer, 1, w, g);
        assert_close(sw_blas_norm(w, P), large ? 2 : norm, 1e-5 * norm);
        assert_true((norm > 2) == (large == 1));
    }
    sw_optimizer_destroy(optimizer);
}

static void test_nan_reaches_the_parameters(void **state) {
    (void)state;
    for (size_t c = 0; c < CASES; c++) {
        double w[P], g[P];
        start(w);
        gradient_at(g, w, 1);
        g[14] = NAN;
        sw_optimizer *optimizer = create(&golden_cases[c].config);
        sw_optimizer_step(optimizer, 1, w, g);
        assert_true(isnan(w[14]));
        sw_optimizer_destroy(optimizer);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_state_resumes),
        cmocka_unit_test(test_learning_rate),
        cmocka_unit_test(test_decay_is_decoupled),
        cmocka_unit_test(test_decay_of_matrices),
        cmocka_unit_test(test_muon_orthogonalizes),
        cmocka_unit_test(test_orthograd),
        cmocka_unit_test(test_clip),
        cmocka_unit_test(test_nan_reaches_the_parameters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
