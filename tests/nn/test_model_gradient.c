/* test_model_gradient.c: every parameter gradient of every kind of model against central differences, through a random
 * linear functional of the logits. Compiled in double. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "gradient_check.h"
#include "symsweep/nn.h"
#include "symsweep/random.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STREAM_TOKENS = 0x900, STREAM_FUNCTIONAL = 0x901 };

/* f = sum_r c_r . logits_r */
typedef struct functional {
    sw_model *model;
    const int32_t *tokens;
    size_t rows, classes;
    double *logits, *coefficient;
} functional;

static double value(void *context) {
    functional *f = context;
    sw_model_forward(f->model, f->tokens, f->rows, f->logits);
    double sum = 0;
    for (size_t i = 0; i < f->rows * f->classes; i++) sum += f->coefficient[i] * f->logits[i];
    return sum;
}

typedef struct setting {
    const char *name;
    sw_model_config config;
    sw_model_shape shape;
    size_t rows;
    bool constant_last; /* the last token is one for all rows, as a readout token is */
} setting;

/* Bad entries over all tensors; sign -1 negates one tensor's gradient first. */
static int check(const setting *s, bool general, const char *negated) {
    sw_model *model = NULL;
    assert_int_equal(sw_model_create(&model, &s->config, &s->shape, s->rows), SW_OK);
    sw_model_force_general(model, general);
    sw_model_initialize(model, 7);
    size_t T = (size_t)s->shape.tokens, C = (size_t)s->shape.classes, P = sw_model_parameter_count(model), count;
    /* biases start at zero; give them values so that their place in the sum matters */
    const sw_tensor *tensor = sw_model_tensors(model, &count);
    double *w = sw_model_parameters(model);
    for (size_t i = 0; i < count; i++)
        if (tensor[i].rank == 1)
            for (int64_t j = 0; j < tensor[i].shape[0]; j++)
                w[tensor[i].offset + (size_t)j] = 0.3 * (double)((j * 7 + 3) % 11) / 11 - 0.1;
    int32_t *tokens = malloc(s->rows * T * sizeof *tokens);
    functional f = {
        model, tokens, s->rows, C, malloc(s->rows * C * sizeof(double)), malloc(s->rows * C * sizeof(double))};
    assert_true(tokens && f.logits && f.coefficient);
    for (size_t i = 0; i < s->rows * T; i++)
        tokens[i] = s->constant_last && i % T == T - 1
                        ? s->shape.vocabulary - 1
                        : (int32_t)sw_random_below(1, STREAM_TOKENS, 0, i, (uint64_t)s->shape.vocabulary);
    for (size_t i = 0; i < s->rows * C; i++) f.coefficient[i] = sw_random_uniform(1, STREAM_FUNCTIONAL, 0, i) - 0.5;

    memset(sw_model_gradient(model), 0, P * sizeof(double));
    (void)value(&f);
    sw_model_backward(model, f.coefficient);
    double *gradient = malloc(P * sizeof *gradient);
    assert_non_null(gradient);
    memcpy(gradient, sw_model_gradient(model), P * sizeof *gradient);
    memset(sw_model_gradient(model), 0, P * sizeof(double));
    sw_model_backward(model, f.coefficient); /* once more, from the same forward */
    assert_memory_equal(gradient, sw_model_gradient(model), P * sizeof *gradient);
    int bad = 0;
    for (size_t i = 0; i < count; i++) {
        char name[128];
        snprintf(name, sizeof name, "%s, %s", s->name, tensor[i].name);
        size_t n = (size_t)(tensor[i].shape[0] * tensor[i].shape[1]);
        double *g = gradient + tensor[i].offset;
        if (negated && strcmp(negated, tensor[i].name) == 0)
            for (size_t j = 0; j < n; j++) g[j] = -g[j];
        bad += sw_check_gradient(negated ? NULL : name, value, &f, w + tensor[i].offset, g, n, 1e-7);
    }
    free(gradient);
    free(tokens);
    free(f.logits);
    free(f.coefficient);
    sw_model_destroy(model);
    return bad;
}

#define TRANSFORMER(layers, d, heads, dh, M)                                                                           \
    { SW_MODEL_TRANSFORMER, layers, d, heads, dh, M, 0, true, 0, 1.0, 1.3, .bias = true, .init_scale = 1 }
#define MLP(layers, d, H)                                                                                              \
    { SW_MODEL_MLP, layers, d, 0, 0, 0, H, false, 0, 1.0, 0.7, .bias = true, .init_scale = 1 }

static const setting settings[] = {
    {"1 layer", TRANSFORMER(1, 8, 2, 4, 16), {7, 6, 3, 6}, 9, true},
    {"1 layer, no readout", TRANSFORMER(1, 8, 2, 4, 16), {6, 6, 2, 5}, 9, false},
    {"1 layer, odd sizes", TRANSFORMER(1, 7, 3, 5, 11), {9, 8, 4, 3}, 13, true},
    {"1 layer, 1 head", TRANSFORMER(1, 5, 1, 3, 6), {5, 5, 3, 4}, 6, false},
    {"1 layer, 4 heads, 1 token", TRANSFORMER(1, 6, 4, 2, 9), {5, 5, 1, 4}, 7, false},
    {"1 layer, over a block", TRANSFORMER(1, 3, 2, 2, 4), {5, 4, 3, 3}, 300, true},
    {"2 layers", TRANSFORMER(2, 8, 4, 3, 12), {7, 6, 3, 5}, 8, true},
    {"3 layers, no readout", TRANSFORMER(3, 5, 2, 3, 7), {6, 6, 2, 4}, 5, false},
    {"MLP of 1", MLP(1, 5, 9), {7, 7, 2, 7}, 11, false},
    {"MLP of 2", MLP(2, 6, 8), {6, 6, 2, 6}, 9, false},
    {"MLP of 3, three tokens", MLP(3, 3, 7), {8, 5, 3, 2}, 10, false},
    {"MLP over a block", MLP(2, 2, 3), {5, 5, 2, 3}, 300, false},
};

static void test_gradients(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        for (int general = 0; general < 2; general++) assert_int_equal(check(&settings[i], general, NULL), 0);
}

/* Every activation on every path, every second one without biases, and the MLP model with every input. */
static void test_gradients_of_every_activation(void **state) {
    (void)state;
    static const size_t chosen[] = {0, 6, 8, 10};
    for (size_t i = 0; i < sizeof chosen / sizeof *chosen; i++)
        for (int f = 0; f < SW_ACTIVATION_COUNT; f++)
            for (int variant = 0; variant < 4; variant++) {
                setting s = settings[chosen[i]];
                const bool mlp = s.config.kind == SW_MODEL_MLP;
                if (!mlp && (variant > 1 || (variant == 1 && s.config.layers > 1))) continue;
                s.config.activation = f;
                s.config.bias = f & 1;
                s.config.input = mlp && variant & 1 ? SW_INPUT_ONE_HOT : SW_INPUT_EMBEDDING;
                s.config.combine = mlp && variant & 2 ? SW_COMBINE_SUM : SW_COMBINE_CONCAT;
                char name[96];
                snprintf(name, sizeof name, "%s, %s, variant %d", s.name, sw_activation_names[f], variant);
                s.name = name;
                assert_int_equal(check(&s, !mlp && variant == 1, NULL), 0);
            }
}

/* The draws are numbered by what a model could have, so that a model with less has the same weights. */
static void test_initial_weights_are_shared(void **state) {
    (void)state;
    for (size_t i = 6; i < 10; i += 3) {
        sw_model *model[3] = {NULL};
        for (int v = 0; v < 3; v++) {
            setting s = settings[i];
            s.config.bias = v == 0;
            s.config.init_scale = v == 2 ? 0.25 : 1;
            assert_int_equal(sw_model_create(&model[v], &s.config, &s.shape, 1), SW_OK);
            sw_model_initialize(model[v], 3);
        }
        size_t count;
        const sw_tensor *tensor = sw_model_tensors(model[1], &count);
        for (size_t t = 0; t < count; t++) {
            const sw_tensor *with = sw_model_tensor(model[0], tensor[t].name);
            assert_int_equal(with->number, tensor[t].number);
            for (size_t j = 0; j < (size_t)(tensor[t].shape[0] * tensor[t].shape[1]); j++) {
                const double w = sw_model_parameters(model[1])[tensor[t].offset + j];
                assert_true(w == sw_model_parameters(model[0])[with->offset + j]);
                assert_true(w * 0.25 == sw_model_parameters(model[2])[tensor[t].offset + j]);
            }
        }
        for (int v = 0; v < 3; v++) sw_model_destroy(model[v]);
    }
}

/* Logits are linear in the matrix that reads the neurons: they move by its change, applied to the hidden activations.
 * Of more rows than a batch has, on models of either path. */
static void test_hidden_activations(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        const setting *s = &settings[i];
        sw_model *model = NULL;
        assert_int_equal(sw_model_create(&model, &s->config, &s->shape, s->rows), SW_OK);
        sw_model_initialize(model, 7);
        const size_t T = (size_t)s->shape.tokens, C = (size_t)s->shape.classes, rows = 2 * s->rows + 1,
                     M = (size_t)sw_model_neurons(&s->config), d = (size_t)s->config.d_model;
        const bool mlp = s->config.kind == SW_MODEL_MLP;
        char name[48];
        snprintf(name, sizeof name, mlp ? "unembedding" : "layers.%d.mlp.out", s->config.layers - 1);
        double *w = sw_model_parameters(model), *read = w + sw_model_tensor(model, name)->offset;
        const double *unembedding = w + sw_model_tensor(model, "unembedding")->offset;
        int32_t *tokens = malloc(rows * T * sizeof *tokens);
        double *before = malloc(rows * C * sizeof *before), *after = malloc(rows * C * sizeof *after),
               *hidden = malloc(rows * M * sizeof *hidden);
        assert_true(tokens && before && after && hidden);
        for (size_t k = 0; k < rows * T; k++)
            tokens[k] = s->constant_last && k % T == T - 1
                            ? s->shape.vocabulary - 1
                            : (int32_t)sw_random_below(1, STREAM_TOKENS, 1, k, (uint64_t)s->shape.vocabulary);
        sw_model_hidden(model, tokens, rows, hidden);
        sw_model_evaluate(model, tokens, rows, before);
        const size_t column = mlp ? 1 : d / 2;
        for (size_t j = 0; j < M; j++) read[j * (mlp ? C : d) + column] += (double)(j % 5) - 1.5;
        sw_model_evaluate(model, tokens, rows, after);
        for (size_t r = 0; r < rows; r++) {
            double moved = 0;
            for (size_t j = 0; j < M; j++) moved += hidden[r * M + j] * ((double)(j % 5) - 1.5);
            for (size_t c = 0; c < C; c++) {
                const double weight = mlp ? c == column : unembedding[column * C + c];
                const double found = after[r * C + c] - before[r * C + c];
                assert_true(fabs(found - s->config.output_scale * moved * weight) < 1e-11 * (1 + fabs(moved)));
            }
        }
        free(tokens);
        free(before);
        free(after);
        free(hidden);
        sw_model_destroy(model);
    }
}

/* The check can fail: one tensor with a wrong sign is seen, whichever it is. */
static void test_wrong_sign_is_caught(void **state) {
    (void)state;
    sw_tensor tensor[32];
    size_t count = sw_model_layout(tensor, 32, &settings[6].config, &settings[6].shape, NULL);
    assert_int_equal(count, 3 + 8 * 2);
    for (size_t i = 0; i < count; i++) assert_true(check(&settings[6], true, tensor[i].name) > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gradients),
        cmocka_unit_test(test_gradients_of_every_activation),
        cmocka_unit_test(test_initial_weights_are_shared),
        cmocka_unit_test(test_hidden_activations),
        cmocka_unit_test(test_wrong_sign_is_caught),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
