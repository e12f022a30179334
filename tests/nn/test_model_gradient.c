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
    /* biases start at zero and gains at one; give them values so that their place matters */
    const sw_tensor *tensor = sw_model_tensors(model, &count);
    double *w = sw_model_parameters(model);
    for (size_t i = 0; i < count; i++)
        if (tensor[i].rank == 1)
            for (int64_t j = 0; j < tensor[i].shape[0]; j++)
                w[tensor[i].offset + (size_t)j] =
                    0.3 * (double)((j * 7 + 3) % 11) / 11 - 0.1 + (strstr(tensor[i].name, "gain") ? 0.8 : 0);
    int32_t *tokens = malloc(s->rows * T * sizeof *tokens), *input = malloc(s->rows * sizeof *input);
    functional f = {
        model, tokens, s->rows, C, malloc(s->rows * C * sizeof(double)), malloc(s->rows * C * sizeof(double))};
    assert_true(tokens && input && f.logits && f.coefficient);
    for (size_t i = 0; i < s->rows; i++) input[i] = (int32_t)(3 * i + 1);
    sw_model_drop(model, 11, 4, input); /* one mask for all that follows */
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
    free(input);
    free(f.logits);
    free(f.coefficient);
    sw_model_destroy(model);
    return bad;
}

#define VARIANT(count, d, heads_, dh, M, ...)                                                                          \
    {                                                                                                                  \
        .kind = SW_MODEL_TRANSFORMER, .layers = count, .d_model = d, .heads = heads_, .d_head = dh, .d_mlp = M,        \
        .readout_token = true, .embedding_init_scale = 1, .init_scale = 1, .output_scale = 1.3, .bias = true,          \
        __VA_ARGS__                                                                                                    \
    }
#define TRANSFORMER(layers, d, heads, dh, M) VARIANT(layers, d, heads, dh, M, .causal = true, .attention_rate = 1)
#define NORMED(layers, d, heads, dh, M, norm, place, ...)                                                              \
    VARIANT(layers, d, heads, dh, M, .causal = true, .attention_rate = 1, .normalization = SW_NORMALIZATION_##norm,    \
            .normalization_placement = SW_PLACEMENT_##place, __VA_ARGS__)
#define TIED .unembedding = SW_UNEMBEDDING_TIED
#define MLP(count, d, H)                                                                                               \
    {                                                                                                                  \
        .kind = SW_MODEL_MLP, .layers = count, .d_model = d, .d_hidden = H, .embedding_init_scale = 1,                 \
        .init_scale = 1, .output_scale = 0.7, .bias = true                                                             \
    }

static const setting settings[] = {
    {"1 layer", TRANSFORMER(1, 8, 2, 4, 16), {7, 6, 3, 6}, 9, true},
    {"1 layer, no readout", TRANSFORMER(1, 8, 2, 4, 16), {6, 6, 2, 5}, 9, false},
    {"1 layer, odd sizes", TRANSFORMER(1, 7, 3, 5, 11), {9, 8, 4, 3}, 13, true},
    {"1 layer, 1 head", TRANSFORMER(1, 5, 1, 3, 6), {5, 5, 3, 4}, 6, false},
    {"1 layer, 4 heads, 1 token", TRANSFORMER(1, 6, 4, 2, 9), {5, 5, 1, 4}, 7, false},
    {"1 layer, over a block", TRANSFORMER(1, 3, 2, 2, 4), {5, 4, 3, 3}, 300, true},
    {"2 layers", TRANSFORMER(2, 8, 4, 3, 12), {7, 6, 3, 5}, 8, true},
    {"3 layers, no readout", TRANSFORMER(3, 5, 2, 3, 7), {6, 6, 2, 4}, 5, false},
    {"not causal, half uniform", VARIANT(2, 6, 2, 3, 9, .attention_rate = 0.4), {7, 6, 3, 5}, 8, true},
    {"uniform attention", VARIANT(1, 6, 2, 3, 9, .causal = true), {7, 6, 3, 5}, 8, true},
    {"layernorm before", NORMED(2, 6, 2, 3, 9, LAYERNORM, PRE, .dropout = 0), {7, 6, 3, 5}, 8, true},
    {"rmsnorm before", NORMED(1, 6, 2, 3, 9, RMSNORM, PRE, .dropout = 0), {6, 6, 2, 4}, 8, false},
    {"layernorm behind", NORMED(1, 6, 2, 3, 9, LAYERNORM, POST, .dropout = 0), {7, 6, 3, 5}, 8, true},
    {"rmsnorm behind", NORMED(3, 5, 1, 3, 7, RMSNORM, POST, .dropout = 0), {6, 6, 2, 4}, 6, false},
    {"tied", VARIANT(2, 6, 2, 3, 9, .causal = true, .attention_rate = 1, TIED), {7, 6, 3, 6}, 8, true},
    {"tied, layernorm before", NORMED(1, 6, 2, 3, 9, LAYERNORM, PRE, TIED), {7, 6, 3, 6}, 8, true},
    {"dropout", VARIANT(2, 6, 2, 3, 9, .causal = true, .attention_rate = 1, .dropout = 0.3), {7, 6, 3, 5}, 8, true},
    {"dropout over a block", NORMED(1, 3, 1, 2, 4, RMSNORM, PRE, .dropout = 0.5), {5, 4, 3, 3}, 300, true},
    {"dropout, norm behind", NORMED(2, 5, 1, 2, 4, LAYERNORM, POST, .dropout = 0.25), {5, 4, 3, 3}, 7, true},
    /* rows enough for tables of the first layer */
    {"2 layers, many rows", TRANSFORMER(2, 8, 4, 3, 12), {7, 6, 3, 5}, 250, true},
    {"3 layers, no readout, many rows", TRANSFORMER(3, 5, 2, 3, 7), {6, 6, 2, 4}, 30, false},
    {"2 layers, over a block", TRANSFORMER(2, 3, 2, 2, 4), {5, 4, 3, 3}, 2100, true},
    {"layernorm before, over a block", NORMED(2, 3, 1, 2, 4, LAYERNORM, PRE, .dropout = 0), {5, 4, 3, 3}, 2100, true},
    {"4 tokens, many rows", TRANSFORMER(2, 5, 3, 2, 7), {5, 4, 4, 4}, 230, false},
    {"not causal, many rows", VARIANT(2, 6, 2, 3, 9, .attention_rate = 0.4), {7, 6, 3, 5}, 60, true},
    {"layernorm before, many rows", NORMED(2, 6, 2, 3, 9, LAYERNORM, PRE, TIED), {7, 6, 3, 6}, 60, true},
    {"rmsnorm behind, many rows", NORMED(1, 5, 1, 3, 7, RMSNORM, POST, .dropout = 0), {6, 6, 2, 4}, 60, false},
    {"dropout, many rows",
     VARIANT(2, 6, 2, 3, 9, .causal = true, .attention_rate = 1, .dropout = 0.3),
     {7, 6, 3, 5},
     60,
     true},
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

static const setting *find(const char *name) {
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        if (strcmp(settings[i].name, name) == 0) return &settings[i];
    fail_msg("no setting %s", name);
    return NULL;
}

/* Every activation on every path, every second one without biases, and the MLP model with every input. */
static void test_gradients_of_every_activation(void **state) {
    (void)state;
    static const char *const chosen[] = {"1 layer",          "2 layers",
                                         "layernorm before", "3 layers, no readout, many rows",
                                         "MLP of 1",         "MLP of 3, three tokens"};
    for (size_t i = 0; i < sizeof chosen / sizeof *chosen; i++)
        for (int f = 0; f < SW_ACTIVATION_COUNT; f++)
            for (int variant = 0; variant < 4; variant++) {
                setting s = *find(chosen[i]);
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
    static const char *const chosen[] = {"2 layers", "MLP of 2"};
    for (size_t i = 0; i < sizeof chosen / sizeof *chosen; i++) {
        sw_model *model[3] = {NULL};
        for (int v = 0; v < 3; v++) {
            setting s = *find(chosen[i]);
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
 * Of more rows than a batch has, on models of either path without
 * norms, which are not linear. */
static void test_hidden_activations(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        const setting *s = &settings[i];
        sw_model *model = NULL;
        if (s->config.normalization != SW_NORMALIZATION_NONE || s->config.unembedding == SW_UNEMBEDDING_TIED) continue;
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
    static const struct {
        const char *name;
        size_t tensors;
    } looked_at[] = {{"2 layers", 3 + 8 * 2}, {"layernorm before", 3 + 8 * 2 + 2 * (2 * 2 + 1)}, {"tied", 2 + 8 * 2}};
    for (size_t k = 0; k < sizeof looked_at / sizeof *looked_at; k++) {
        const setting *s = find(looked_at[k].name);
        sw_tensor tensor[32];
        const size_t count = sw_model_layout(tensor, 32, &s->config, &s->shape, NULL);
        assert_int_equal(count, looked_at[k].tensors);
        for (size_t i = 0; i < count; i++) assert_true(check(s, true, tensor[i].name) > 0);
    }
}

/* Norms begin as what they are without gain and bias, beside the same matrices as without norms. */
static void test_initial_norms(void **state) {
    (void)state;
    const setting *s = find("layernorm before");
    sw_model_config plain = s->config;
    sw_model *model = NULL, *other = NULL;
    size_t count = 0;
    plain.normalization = SW_NORMALIZATION_NONE;
    assert_int_equal(sw_model_create(&model, &s->config, &s->shape, 1), SW_OK);
    assert_int_equal(sw_model_create(&other, &plain, &s->shape, 1), SW_OK);
    sw_model_initialize(model, 7);
    sw_model_initialize(other, 7);
    const sw_tensor *tensor = sw_model_tensors(model, &count);
    for (size_t i = 0; i < count; i++) {
        const sw_tensor *same = sw_model_tensor(other, tensor[i].name);
        const double *w = sw_model_parameters(model) + tensor[i].offset;
        const size_t n = (size_t)(tensor[i].shape[0] * tensor[i].shape[1]);
        if (same) assert_memory_equal(w, sw_model_parameters(other) + same->offset, n * sizeof *w);
        for (size_t j = 0; !same && j < n; j++) assert_true(w[j] == (strstr(tensor[i].name, "gain") ? 1 : 0));
    }
    sw_model_destroy(model);
    sw_model_destroy(other);
}

/* A tied model whose unembedding is held is an untied one, and its gradients are that one's. */
static void test_held_unembedding(void **state) {
    (void)state;
    const setting *s = find("tied, layernorm before");
    const int32_t tokens[] = {0, 3, 6, 5, 2, 6};
    double logits[2][12], dlogits[12];
    sw_model_config untied = s->config;
    sw_model *model = NULL, *other = NULL;
    size_t count = 0;
    untied.unembedding = SW_UNEMBEDDING_UNTIED;
    assert_int_equal(sw_model_create(&model, &s->config, &s->shape, 2), SW_OK);
    assert_int_equal(sw_model_create(&other, &untied, &s->shape, 2), SW_OK);
    sw_model_initialize(model, 7);
    const sw_tensor *tensor = sw_model_tensors(model, &count);
    for (size_t i = 0; i < count; i++)
        memcpy(sw_model_parameters(other) + sw_model_tensor(other, tensor[i].name)->offset,
               sw_model_parameters(model) + tensor[i].offset,
               (size_t)(tensor[i].shape[0] * tensor[i].shape[1]) * sizeof(double));
    double *unembedding = sw_model_parameters(other) + sw_model_tensor(other, "unembedding")->offset;
    for (int i = 0; i < 6; i++)
        for (int c = 0; c < 6; c++) unembedding[i * 6 + c] = sw_model_parameters(model)[c * 6 + i];
    for (int i = 0; i < 12; i++) dlogits[i] = 0.1 * i - 0.5;
    sw_model *both[2] = {model, other};
    for (int i = 0; i < 2; i++) {
        memset(sw_model_gradient(both[i]), 0, sw_model_parameter_count(both[i]) * sizeof(double));
        sw_model_hold_unembedding(both[i], true);
        sw_model_forward(both[i], tokens, 2, logits[i]);
        sw_model_backward(both[i], dlogits);
    }
    for (int i = 0; i < 12; i++) assert_true(fabs(logits[0][i] - logits[1][i]) < 1e-12);
    for (size_t i = 0; i < count; i++) {
        const double *g = sw_model_gradient(model) + tensor[i].offset;
        const double *expected = sw_model_gradient(other) + sw_model_tensor(other, tensor[i].name)->offset;
        for (int64_t j = 0; j < tensor[i].shape[0] * tensor[i].shape[1]; j++)
            assert_true(fabs(g[j] - expected[j]) < 1e-12);
    }
    sw_model_hold_unembedding(model, false);
    double *g = sw_model_gradient(model);
    const double held = g[0];
    memset(g, 0, sw_model_parameter_count(model) * sizeof(double));
    sw_model_backward(model, dlogits);
    assert_true(fabs(g[0] - held) > 1e-6);
    sw_model_destroy(model);
    sw_model_destroy(other);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gradients),
        cmocka_unit_test(test_gradients_of_every_activation),
        cmocka_unit_test(test_initial_weights_are_shared),
        cmocka_unit_test(test_hidden_activations),
        cmocka_unit_test(test_wrong_sign_is_caught),
        cmocka_unit_test(test_initial_norms),
        cmocka_unit_test(test_held_unembedding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
