/* test_synonyms.c: names of other tools lead to ours, wherever they stand. */
#include "symsweep/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* The only diagnostic of the text is an unknown key at `path`, with `hint` in its hint. */
static void expect(const char *text, const char *path, const char *hint) {
    sw_sweep *sweep = NULL;
    sw_diagnostics *diagnostics;
    assert_int_equal(sw_diagnostics_create(&diagnostics), SW_OK);
    assert_int_equal(sw_sweep_parse(&sweep, text, strlen(text), "file.json", diagnostics), SW_E_CONFIG);
    const sw_diagnostic *item = sw_diagnostics_get(diagnostics, 0);
    assert_int_equal(sw_diagnostics_count(diagnostics), 1);
    assert_string_equal(item->path, path);
    assert_non_null(strstr(item->message, "unknown key"));
    if (!strstr(item->hint, hint)) fail_msg("%s: %s", path, item->hint);
    sw_sweep_destroy(sweep);
    sw_diagnostics_destroy(diagnostics);
}

static bool is_key(const char *path) {
    for (size_t i = 0; i < sw_key_count(); i++) {
        sw_key_info key;
        sw_key_describe(i, &key);
        if (!strcmp(key.path, path)) return true;
    }
    return false;
}

static void common_names_have_their_key(void **state) {
    (void)state;
    static const char *const names[][2] = {
        {"lr", "optimizer.learning_rate"},
        {"learning_rate", "optimizer.learning_rate"},
        {"wd", "optimizer.weight_decay"},
        {"weight_decay", "optimizer.weight_decay"},
        {"num_layers", "model.layers"},
        {"n_layers", "model.layers"},
        {"depth", "model.layers"},
        {"num_steps", "steps"},
        {"max_steps", "steps"},
        {"frac_train", "train_fraction"},
        {"train_frac", "train_fraction"},
        {"fraction", "train_fraction"},
        {"n_heads", "model.heads"},
        {"num_heads", "model.heads"},
        {"nhead", "model.heads"},
        {"dim", "model.d_model"},
        {"hidden_dim", "model.d_model"},
        {"embed_dim", "model.d_model"},
        {"d_ff", "model.d_mlp"},
        {"modulus", "task.p"},
        {"prime", "task.p"},
        {"P", "task.p"},
        {"eps", "optimizer.epsilon"},
        {"clip_grad_norm", "optimizer.gradient_clip"},
        {"grad_clip", "optimizer.gradient_clip"},
        {"bs", "optimizer.batch_size"},
        {"batch", "optimizer.batch_size"},
        {"lr_schedule", "optimizer.schedule"},
        {"act_fn", "model.activation"},
        {"use_bias", "model.bias"},
        {"init_scale", "model.init_scale"},
        {"warmup", "optimizer.warmup_steps"},
        {"momentum", "optimizer.momentum"},
        {"op", "task.operation"},
        {"Batch-Size", "optimizer.batch_size"},
        {"dropout", "model.dropout"},
        {"layer_norm", "model.normalization"},
        {"tie_weights", "model.unembedding"},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char text[256], path[64], hint[128];
        snprintf(text, sizeof text, "{\"run\": {\"task\": {\"kind\": \"modular\"}, \"%s\": 1}}", names[i][0]);
        snprintf(path, sizeof path, "run.%s", names[i][0]);
        snprintf(hint, sizeof hint, "did you mean %s?", names[i][1]);
        assert_true(is_key(names[i][1]));
        expect(text, path, hint);
    }
}

static void what_there_is_no_key_for_is_said(void **state) {
    (void)state;
#define RUN(member) "{\"run\": {\"task\": {\"kind\": \"modular\"}, " member "}}"
    expect(RUN("\"epochs\": 1"), "run.epochs", "write steps");
    expect(RUN("\"optimizer\": {\"betas\": [0.9, 0.98]}"), "run.optimizer.betas",
           "optimizer.beta1 and optimizer.beta2");
}

static void they_are_known_wherever_a_key_may_stand(void **state) {
    (void)state;
    const char *lr = "did you mean optimizer.learning_rate?";
#define BESIDE(member) "{\"run\": {\"task\": {\"kind\": \"modular\"}}, " member "}"
    expect(RUN("\"optimizer\": {\"lr\": 1}"), "run.optimizer.lr", lr);
    expect(RUN("\"model\": {\"lr\": 1}"), "run.model.lr", lr);
    expect(BESIDE("\"lr\": 1"), "lr", lr);
    expect(BESIDE("\"grid\": {\"lr\": [1]}"), "grid.lr", lr);
    expect(BESIDE("\"grid\": {\"optimizer.lr\": [1]}"), "grid.optimizer.lr", lr);
    expect(BESIDE("\"zip\": {\"optimizer.lr\": [1]}"), "zip.optimizer.lr", lr);
    expect(BESIDE("\"cases\": [{\"lr\": [1]}]"), "cases[0].lr", lr);
    expect(BESIDE("\"cases\": [{\"optimizer\": {\"lr\": 1}}]"), "cases[0].optimizer.lr", lr);
    expect(BESIDE("\"exclude\": [{\"optimizer.lr\": 1}]"), "exclude[0].optimizer.lr", lr);
    /* Names of ours, in the wrong place, and misspelled ones still lead to ours. */
    expect(RUN("\"model\": {\"beta1\": 1}"), "run.model.beta1", "did you mean optimizer.beta1?");
    expect(RUN("\"optimizer\": {\"betaa1\": 1}"), "run.optimizer.betaa1", "did you mean beta1?");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(common_names_have_their_key),
        cmocka_unit_test(what_there_is_no_key_for_is_said),
        cmocka_unit_test(they_are_known_wherever_a_key_may_stand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
