/* model_paths.h: the folded path against the general one, in whatever sw_real is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "nn/model.h"
#include "symsweep/nn.h"
#include "symsweep/random.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STREAM_TOKENS = 0x900, STREAM_WEIGHTS = 0x901, STREAM_DLOGITS = 0x902 };

typedef struct path_setting {
    const char *name;
    sw_model_config config;
    sw_model_shape shape;
    size_t rows;
} path_setting;

#define TRANSFORMER(count, d, heads_, dh, M, readout, ...)                                                             \
    {                                                                                                                  \
        .kind = SW_MODEL_TRANSFORMER, .layers = count, .d_model = d, .heads = heads_, .d_head = dh, .d_mlp = M,        \
        .readout_token = readout, .embedding_init_scale = 1, .output_scale = 1.4, .attention_rate = 1, __VA_ARGS__     \
    }
#define MLP(...)                                                                                                       \
    {                                                                                                                  \
        .kind = SW_MODEL_MLP, .layers = 2, .d_model = 16, .d_hidden = 100, .embedding_init_scale = 1,                  \
        .output_scale = 1.4, __VA_ARGS__                                                                               \
    }
#define ONE_LAYER(d, heads, dh, M, readout) TRANSFORMER(1, d, heads, dh, M, readout, .causal = true, .bias = true)
#define WITH(d, heads, dh, M, readout, f)                                                                              \
    TRANSFORMER(1, d, heads, dh, M, readout, .causal = true, .activation = SW_ACTIVATION_##f)

static const path_setting path_settings[] = {
    {"two operands and a readout token", ONE_LAYER(32, 4, 8, 48, true), {14, 13, 3, 13}, 169},
    {"no readout token", ONE_LAYER(32, 4, 8, 48, false), {13, 13, 2, 13}, 169},
    {"odd sizes, three heads", ONE_LAYER(17, 3, 5, 29, true), {12, 11, 3, 7}, 333},
    {"six heads, a relation", ONE_LAYER(24, 6, 4, 40, true), {20, 13, 4, 2}, 700},
    {"five heads, one operand", ONE_LAYER(20, 5, 4, 33, true), {9, 8, 2, 5}, 600},
    {"one head, four tokens, none constant", ONE_LAYER(16, 1, 16, 30, false), {9, 9, 4, 5}, 500},
    {"gelu without biases", WITH(32, 4, 8, 48, true, GELU), {14, 13, 3, 13}, 169},
    {"silu, more rows", WITH(17, 3, 5, 29, true, SILU), {12, 11, 3, 7}, 1300},
    {"tanh, no readout token", WITH(32, 4, 8, 48, false, TANH), {13, 13, 2, 13}, 169},
    {"square", WITH(20, 5, 4, 33, true, SQUARE), {9, 8, 2, 5}, 600},
    {"identity", WITH(24, 6, 4, 40, true, IDENTITY), {20, 13, 4, 2}, 1000},
    {"more rows than activations are kept for", ONE_LAYER(32, 1, 4, 200, true), {20, 19, 3, 20}, 60000},
};

/* Every value the batch needs, on one path. */
typedef struct path_result {
    sw_real *logits, *gradient;
} path_result;

static void *allocate(size_t count, size_t size) {
    void *p = calloc(count, size);
    assert_non_null(p);
    return p;
}

static void fill(sw_real *x, size_t n, uint32_t stream, double scale) {
    for (size_t i = 0; i < n; i++) x[i] = (sw_real)(scale * (sw_random_uniform(5, stream, 0, i) - 0.5));
}

static int32_t *draw_tokens(const path_setting *s, size_t rows, uint64_t step) {
    size_t T = (size_t)s->shape.tokens;
    int32_t *tokens = allocate(rows * T, sizeof *tokens);
    for (size_t i = 0; i < rows * T; i++)
        tokens[i] = s->config.readout_token && i % T == T - 1
                        ? s->shape.vocabulary - 1
                        : (int32_t)sw_random_below(1, STREAM_TOKENS, step, i, (uint64_t)s->shape.vocabulary);
    return tokens;
}

static double relative(const sw_real *a, const sw_real *b, size_t n) {
    double difference = 0, size = 0;
    for (size_t i = 0; i < n; i++) {
        difference += ((double)a[i] - (double)b[i]) * ((double)a[i] - (double)b[i]);
        size += (double)b[i] * (double)b[i];
    }
    return sqrt(difference / (size > 0 ? size : 1));
}

static path_result run(sw_model *model, const path_setting *s, const int32_t *tokens, size_t rows, bool general) {
    size_t C = (size_t)s->shape.classes, P = sw_model_parameter_count(model);
    path_result result = {allocate(rows * C, sizeof(sw_real)), allocate(P, sizeof(sw_real))};
    sw_real *dlogits = allocate(rows * C, sizeof *dlogits);
    fill(dlogits, rows * C, STREAM_DLOGITS, 1);
    sw_model_force_general(model, general);
    memset(sw_model_gradient(model), 0, P * sizeof(sw_real));
    sw_model_forward(model, tokens, rows, result.logits);
    sw_model_backward(model, dlogits);
    memcpy(result.gradient, sw_model_gradient(model), P * sizeof(sw_real));
    memset(sw_model_gradient(model), 0, P * sizeof(sw_real));
    sw_model_backward(model, dlogits); /* once more, from the same forward */
    assert_memory_equal(result.gradient, sw_model_gradient(model), P * sizeof(sw_real));
    free(dlogits);
    return result;
}

static void release(path_result result) {
    free(result.logits);
    free(result.gradient);
}

static double tolerance;

static void compare(const path_setting *s, sw_model *model, path_result a, path_result b, size_t rows) {
    size_t count;
    const sw_tensor *tensor = sw_model_tensors(model, &count);
    double error = relative(a.logits, b.logits, rows * (size_t)s->shape.classes);
    if (!(error <= tolerance)) fail_msg("%s: logits differ by %g", s->name, error);
    for (size_t i = 0; i < count; i++) {
        size_t n = (size_t)(tensor[i].shape[0] * tensor[i].shape[1]);
        error = relative(a.gradient + tensor[i].offset, b.gradient + tensor[i].offset, n);
        if (!(error <= tolerance * 10)) fail_msg("%s: gradient of %s differs by %g", s->name, tensor[i].name, error);
    }
}

static sw_model *create(const path_setting *s, size_t rows) {
    sw_model *model = NULL;
    assert_int_equal(sw_model_create(&model, &s->config, &s->shape, rows), SW_OK);
    if (model->special != &sw_folded_path) fail_msg("%s: the folded path was not chosen", s->name);
    fill(sw_model_parameters(model), sw_model_parameter_count(model), STREAM_WEIGHTS,
         2 / sqrt((double)s->config.d_model));
    return model;
}

static void test_equal(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof path_settings / sizeof *path_settings; i++) {
        const path_setting *s = &path_settings[i];
        sw_model *model = create(s, s->rows);
        /* twice, the second time with other tokens and fewer rows: nothing is left of the first */
        for (uint64_t step = 0; step < 2; step++) {
            size_t rows = step == 0 ? s->rows : s->rows * 2 / 3;
            int32_t *tokens = draw_tokens(s, rows, step);
            path_result general = run(model, s, tokens, rows, true), folded = run(model, s, tokens, rows, false);
            assert_false(model->last_was_general);
            compare(s, model, folded, general, rows);
            path_result again = run(model, s, tokens, rows, false);
            assert_memory_equal(again.logits, folded.logits, rows * (size_t)s->shape.classes * sizeof(sw_real));
            assert_memory_equal(again.gradient, folded.gradient, sw_model_parameter_count(model) * sizeof(sw_real));
            release(general);
            release(folded);
            release(again);
            free(tokens);
        }
        sw_model_destroy(model);
    }
}

/* Evaluation of more rows than a batch has, on both paths. */
static void test_evaluate(void **state) {
    (void)state;
    const path_setting *s = &path_settings[0];
    size_t rows = 5000, n = rows * (size_t)s->shape.classes;
    sw_model *model = create(s, s->rows), *large = create(s, rows);
    int32_t *tokens = draw_tokens(s, rows, 2);
    sw_real *logits = allocate(n, sizeof *logits), *other = allocate(n, sizeof *logits);
    sw_model_evaluate(model, tokens, rows, logits);
    sw_model_forward(large, tokens, rows, other);
    assert_true(relative(logits, other, n) <= tolerance);
    sw_model_force_general(model, true);
    sw_model_evaluate(model, tokens, rows, other);
    assert_true(relative(logits, other, n) <= tolerance);
    free(logits);
    free(other);
    free(tokens);
    sw_model_destroy(model);
    sw_model_destroy(large);
}

/* Rows that do not all end in one token, in a model with a readout token, are the general path's. */
static void test_not_served(void **state) {
    (void)state;
    const path_setting *s = &path_settings[0];
    sw_model *model = create(s, s->rows);
    int32_t *tokens = draw_tokens(s, s->rows, 0);
    tokens[5 * s->shape.tokens + s->shape.tokens - 1] = 0;
    path_result general = run(model, s, tokens, s->rows, true), chosen = run(model, s, tokens, s->rows, false);
    assert_true(model->last_was_general);
    compare(s, model, chosen, general, s->rows);
    release(general);
    release(chosen);
    free(tokens);
    sw_model_destroy(model);
}

/* A gradient is added to what is there. */
static void test_accumulates(void **state) {
    (void)state;
    for (int general = 0; general < 2; general++) {
        const path_setting *s = &path_settings[0];
        sw_model *model = create(s, s->rows);
        int32_t *tokens = draw_tokens(s, s->rows, 0);
        path_result once = run(model, s, tokens, s->rows, general);
        sw_real *dlogits = allocate(s->rows * (size_t)s->shape.classes, sizeof *dlogits);
        fill(dlogits, s->rows * (size_t)s->shape.classes, STREAM_DLOGITS, 1);
        sw_model_forward(model, tokens, s->rows, once.logits);
        sw_model_backward(model, dlogits);
        size_t P = sw_model_parameter_count(model);
        sw_real *twice = sw_model_gradient(model);
        for (size_t i = 0; i < P; i++) once.gradient[i] *= 2;
        assert_true(relative(twice, once.gradient, P) <= tolerance);
        free(dlogits);
        release(once);
        free(tokens);
        sw_model_destroy(model);
    }
}

/* NaN in a weight reaches the logits: divergence is seen. */
static void test_nan_stays(void **state) {
    (void)state;
    const path_setting *s = &path_settings[0];
    const char *names[] = {"layers.0.attention.query", "layers.0.mlp.in", "layers.0.mlp.in_bias", "unembedding"};
    int32_t *tokens = draw_tokens(s, s->rows, 0);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        for (int general = 0; general < 2; general++) {
            sw_model *model = create(s, s->rows);
            sw_model_parameters(model)[sw_model_tensor(model, names[i])->offset] = (sw_real)NAN;
            path_result result = run(model, s, tokens, s->rows, general);
            size_t nans = 0;
            for (size_t j = 0; j < s->rows * (size_t)s->shape.classes; j++) nans += isnan(result.logits[j]) ? 1 : 0;
            assert_true(nans >= s->rows);
            release(result);
            sw_model_destroy(model);
        }
    free(tokens);
}

/* A batch of several blocks, the last one not whole, has the same bits whether its activations are kept for backward or
 * computed again. */
static void test_kept(void **state) {
    (void)state;
    enum { ROWS = 5000, MANY_ROWS = 400000, KEPT_BYTES = 128 << 20 };
    static const path_setting settings[] = {
        {"two layers", TRANSFORMER(2, 16, 2, 8, 64, true, .causal = true, .bias = true), {14, 13, 3, 13}, ROWS},
        {"norms before",
         TRANSFORMER(2, 16, 2, 8, 64, true, .bias = true, .normalization = SW_NORMALIZATION_LAYERNORM),
         {14, 13, 3, 13},
         ROWS},
        {"norms behind, gelu without biases",
         TRANSFORMER(2, 16, 2, 8, 64, true, .normalization = SW_NORMALIZATION_RMSNORM,
                     .normalization_placement = SW_PLACEMENT_POST, .activation = SW_ACTIVATION_GELU),
         {14, 13, 3, 13},
         ROWS},
        {"MLP", MLP(.bias = true), {13, 13, 2, 13}, ROWS},
        {"silu", MLP(.activation = SW_ACTIVATION_SILU), {13, 13, 2, 13}, ROWS},
    };
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        const path_setting *s = &settings[i];
        size_t P = 0;
        int32_t *tokens = draw_tokens(s, ROWS, 0);
        path_result result[2];
        for (int many = 0; many < 2; many++) {
            sw_model *model = NULL;
            assert_int_equal(sw_model_create(&model, &s->config, &s->shape, many ? MANY_ROWS : ROWS), SW_OK);
            P = sw_model_parameter_count(model);
            fill(sw_model_parameters(model), P, STREAM_WEIGHTS, 0.5);
            result[many] = run(model, s, tokens, ROWS, false);
            sw_model_destroy(model);
        }
        /* It is not that all are kept. */
        assert_true(sw_model_memory(&s->config, &s->shape, MANY_ROWS, NULL) < KEPT_BYTES);
        assert_memory_equal(result[0].logits, result[1].logits, ROWS * (size_t)s->shape.classes * sizeof(sw_real));
        assert_memory_equal(result[0].gradient, result[1].gradient, P * sizeof(sw_real));
        release(result[0]);
        release(result[1]);
        free(tokens);
    }
}

/* What a model spares is the caller's between steps: evaluation and hidden neurons leave it alone, and whatever stands
 * there changes no step. */
static void test_spare(void **state) {
    (void)state;
    enum { ROWS = 3000 };
    const path_setting settings[] = {
        {"two layers", TRANSFORMER(2, 16, 2, 8, 64, true, .causal = true), {14, 13, 3, 13}, ROWS},
        {"with norms",
         TRANSFORMER(3, 16, 2, 8, 64, true, .normalization = SW_NORMALIZATION_LAYERNORM),
         {14, 13, 3, 13},
         ROWS},
    };
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        const path_setting *s = &settings[i];
        const size_t n = ROWS * (size_t)s->shape.classes, neurons = (size_t)s->config.d_mlp;
        sw_model *model = NULL;
        size_t bytes = 0, counted = 0;
        assert_int_equal(sw_model_create(&model, &s->config, &s->shape, ROWS), SW_OK);
        fill(sw_model_parameters(model), sw_model_parameter_count(model), STREAM_WEIGHTS, 0.5);
        unsigned char *spare = sw_model_spare(model, &bytes);
        (void)sw_model_memory(&s->config, &s->shape, ROWS, &counted);
        assert_true(bytes == counted && bytes > 2 * ROWS * neurons * sizeof(sw_real) && (uintptr_t)spare % 64 == 0);
        int32_t *tokens = draw_tokens(s, ROWS, 0);
        sw_real *logits = allocate(n, sizeof *logits), *hidden = allocate(ROWS * neurons, sizeof *hidden);
        path_result first = run(model, s, tokens, ROWS, false);
        memset(spare, 0xff, bytes); /* NaN */
        sw_model_evaluate(model, tokens, ROWS, logits);
        sw_model_hidden(model, tokens, ROWS, hidden);
        for (size_t k = 0; k < bytes; k++) assert_true(spare[k] == 0xff);
        path_result second = run(model, s, tokens, ROWS, false);
        assert_memory_equal(first.logits, logits, n * sizeof *logits);
        assert_memory_equal(first.logits, second.logits, n * sizeof *logits);
        assert_memory_equal(first.gradient, second.gradient, sw_model_parameter_count(model) * sizeof(sw_real));
        release(first);
        release(second);
        free(hidden);
        free(logits);
        free(tokens);
        sw_model_destroy(model);
    }
}

/* Where one block is all that is kept, there is nothing to spare. */
static void test_nothing_to_spare(void **state) {
    (void)state;
    const path_setting settings[] = {
        path_settings[0],
        {"one block", TRANSFORMER(2, 16, 2, 8, 64, true, .causal = true), {14, 13, 3, 13}, 500},
        {"MLP", MLP(.bias = true), {13, 13, 2, 13}, 3000},
    };
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        sw_model *model = NULL;
        size_t bytes = 1;
        assert_int_equal(sw_model_create(&model, &settings[i].config, &settings[i].shape, settings[i].rows), SW_OK);
        (void)sw_model_spare(model, &bytes);
        assert_int_equal(bytes, 0);
        sw_model_destroy(model);
    }
}

static int sw_test_model_paths(double allowed) {
    tolerance = allowed;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal),       cmocka_unit_test(test_evaluate),         cmocka_unit_test(test_not_served),
        cmocka_unit_test(test_accumulates), cmocka_unit_test(test_nan_stays),        cmocka_unit_test(test_kept),
        cmocka_unit_test(test_spare),       cmocka_unit_test(test_nothing_to_spare),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
