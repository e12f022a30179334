/* test_objective.c: the gradient of the whole objective, in double, against central differences: every task kind, both
 * models, every family that applies, every prior, both losses, minibatch and full batch. */
#include "gradient_check.h"
#include "symsweep/config.h"
#include "symsweep/random.h"
#include "symsweep/train.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

typedef struct fixture {
    sw_run_config config;
    sw_task *task;
    int8_t *split;
    sw_objective *objective;
    sw_model *model;
} fixture;

/* Small enough that a central difference of many parameters takes milliseconds. */
static void tiny(sw_run_config *config) {
    sw_config_default(config);
    config->train_fraction = 0.5;
    config->model.d_model = 6;
    config->model.heads = 2;
    config->model.d_head = 3;
    config->model.d_mlp = 7;
    config->model.d_hidden = 7;
    config->model.layers = 1;
    config->seed = config->data_seed = 3;
    for (int f = 0; f < SW_FAMILY_COUNT; f++) config->symmetry[f].tuples_per_step = 9;
    for (int g = 0; g < SW_PRIOR_COUNT; g++) config->geometry[g].pairs_per_step = 7;
}

static void tiny_task(sw_run_config *config, sw_task_id kind) {
    config->task.kind = kind;
    switch (kind) {
    case SW_TASK_GRAPH:
        config->task.graph = SW_GRAPH_GRID;
        config->task.side_count = 2;
        config->task.sides[0] = config->task.sides[1] = 3;
        break;
    case SW_TASK_COMPARISON:
        config->task.side_count = 2;
        config->task.sides[0] = config->task.sides[1] = 3;
        break;
    case SW_TASK_PARITY:
        config->task.bits = 5;
        config->task.relevant = 3;
        break;
    case SW_TASK_LATIN: config->task.n = 6; break;
    case SW_TASK_PLANTED:
        config->task.n = 6;
        config->task.symmetry_order = 3;
        break;
    case SW_TASK_GROUP:
        config->task.group = SW_GROUP_DIHEDRAL;
        config->task.n = 3;
        break;
    default: config->task.p = 7;
    }
}

static void open_fixture(fixture *f) {
    assert_int_equal(sw_task_create(&f->task, &f->config.task, &f->config.model, f->config.data_seed), SW_OK);
    f->split = malloc(f->task->inputs);
    assert_true(sw_task_split(f->split, f->task, &f->config) > 0);
    if (sw_objective_create(&f->objective, &f->config, f->task, f->split) != SW_OK) fail_msg("%s", sw_fail_message());
    sw_model_shape shape = {f->task->vocabulary, f->task->entities, f->task->tokens, f->task->classes};
    assert_int_equal(sw_model_create(&f->model, &f->config.model, &shape, sw_objective_max_rows(f->objective)), SW_OK);
    sw_model_initialize(f->model, f->config.seed);
}

static void close_fixture(fixture *f) {
    sw_model_destroy(f->model);
    sw_objective_destroy(f->objective);
    free(f->split);
    sw_task_destroy(f->task);
}

static double objective_value(void *context) {
    fixture *f = context;
    double value;
    assert_int_equal(sw_objective_step(&value, f->objective, f->model, 2), SW_OK);
    return value;
}

/* How many derivatives are wrong, of the first entries of every tensor (each model's own test checks all). */
static int count_wrong(fixture *f, const char *name) {
    enum { ENTRIES = 12 };
    double value = objective_value(f);
    assert_true(isfinite(value));
    size_t n = sw_model_parameter_count(f->model), tensors = 0;
    double *gradient = malloc(n * sizeof *gradient);
    memcpy(gradient, sw_model_gradient(f->model), n * sizeof *gradient);
    const sw_tensor *tensor = sw_model_tensors(f->model, &tensors);
    int wrong = 0;
    for (size_t i = 0; i < tensors; i++) {
        size_t size = (size_t)(tensor[i].shape[0] * tensor[i].shape[1]);
        wrong += sw_check_gradient(name, objective_value, f, sw_model_parameters(f->model) + tensor[i].offset,
                                   gradient + tensor[i].offset, size < ENTRIES ? size : ENTRIES, 2e-6);
    }
    free(gradient);
    return wrong;
}

static void check(fixture *f, const char *name) {
    open_fixture(f);
    int wrong = count_wrong(f, name);
    close_fixture(f);
    if (wrong) fail_msg("%s: %d derivatives are wrong", name, wrong);
}

static void every_family_on_every_task(void **state) {
    (void)state;
    int checked = 0;
    for (int kind = 0; kind < SW_TASK_COUNT; kind++) {
        for (int family = 0; family < SW_FAMILY_COUNT; family++) {
            for (int variant = 0; variant < 4; variant++) { /* model, form of comparison, divergence, inputs */
                fixture f = {0};
                tiny(&f.config);
                tiny_task(&f.config, (sw_task_id)kind);
                f.config.model.kind = variant & 1 ? SW_MODEL_MLP : SW_MODEL_TRANSFORMER;
                f.config.model.readout_token = !(variant & 1);
                f.config.task.form = variant & 2 ? SW_FORM_THREE_WAY : SW_FORM_RELATION;
                f.config.symmetry[family].divergence = variant >> 1;
                f.config.symmetry[family].inputs = SW_INPUTS_ALL;
                f.config.symmetry[family].weight = 0.7;
                if (!sw_families[family]->applies(&f.config.task)) continue;
                char name[96];
                snprintf(name, sizeof name, "%s, %s, variant %d", sw_task_names[kind], sw_family_names[family],
                         variant);
                check(&f, name);
                checked++;
            }
        }
    }
    assert_true(checked >= 4 * 15);
}

/* Three operands, all inputs and with holes, shared embeddings and separate ones. */
static void expressions(void **state) {
    (void)state;
    static const char *const texts[] = {"x+y-z", "x*y/z", "x*y*z"};
    int checked = 0;
    for (size_t t = 0; t < sizeof texts / sizeof texts[0]; t++)
        for (int family = 0; family < SW_FAMILY_COUNT; family++)
            for (int variant = 0; variant < 4; variant++) { /* model, embeddings */
                fixture f = {0};
                tiny(&f.config);
                f.config.task.kind = SW_TASK_MODULAR;
                f.config.task.operation = SW_OP_EXPRESSION;
                f.config.task.p = 5;
                snprintf(f.config.task.expression, sizeof f.config.task.expression, "%s", texts[t]);
                f.config.model.kind = variant & 1 ? SW_MODEL_MLP : SW_MODEL_TRANSFORMER;
                f.config.model.readout_token = !(variant & 1);
                f.config.model.operand_embeddings = variant & 2 ? SW_OPERANDS_SEPARATE : SW_OPERANDS_TIED;
                f.config.symmetry[family].weight = 0.7;
                f.config.geometry[SW_PRIOR_LIPSCHITZ].weight = 0.1;
                if (!sw_families[family]->applies(&f.config.task)) continue;
                char name[96];
                snprintf(name, sizeof name, "%s, %s, variant %d", texts[t], sw_family_names[family], variant);
                check(&f, name);
                checked++;
            }
    assert_int_equal(checked, 4 * (6 + 5 + 5)); /* translation is true of the first alone */
}

static double value_with(fixture *f, double weight, double bound, int family) {
    f->config.symmetry[family].weight = weight;
    f->config.symmetry[family].bound = bound;
    open_fixture(f);
    const double value = objective_value(f);
    close_fixture(f);
    return value;
}

/* With the mean violation as the bound: it caps some tuples and leaves others. */
static void suppression_of_every_family(void **state) {
    (void)state;
    int capped = 0, checked = 0;
    for (int kind = 0; kind < SW_TASK_COUNT; kind++) {
        for (int family = 0; family < SW_FAMILY_COUNT; family++) {
            fixture f = {0};
            char name[96];
            tiny(&f.config);
            tiny_task(&f.config, (sw_task_id)kind);
            f.config.symmetry[family].inputs = SW_INPUTS_ALL;
            if (!sw_families[family]->applies(&f.config.task)) continue;
            const double loss = value_with(&f, 0, 10, family), mean = value_with(&f, 1, 1e-9, family) - loss;
            assert_true(mean > 1e-9); /* a positive weight knows no bound */
            assert_float_equal(value_with(&f, -1, 1e9, family), loss - mean, 1e-12);
            const double bounded = value_with(&f, -1, mean, family);
            assert_true(bounded > loss - mean - 1e-12 && bounded < loss);
            capped += bounded > loss - 0.999 * mean;
            snprintf(name, sizeof name, "%s, suppressed %s", sw_task_names[kind], sw_family_names[family]);
            check(&f, name);
            checked++;
        }
    }
    assert_true(checked >= 15 && capped >= checked - 3); /* some have tuples that are all alike */
}

static void priors_and_losses(void **state) {
    (void)state;
    for (int g = 0; g < SW_PRIOR_COUNT; g++) {
        for (int loss = 0; loss < 2; loss++) {
            fixture f = {0};
            tiny(&f.config);
            tiny_task(&f.config, loss ? SW_TASK_COMPARISON : SW_TASK_MODULAR);
            f.config.loss = loss ? SW_LOSS_STABLEMAX : SW_LOSS_CROSS_ENTROPY;
            f.config.geometry[g].weight = 0.3;
            f.config.geometry[g].bound = 0.1;
            char name[64];
            snprintf(name, sizeof name, "prior %d, loss %d", g, loss);
            check(&f, name);
        }
    }
}

static void predicted_separate_minibatch_layers(void **state) {
    (void)state;
    fixture f = {0};
    tiny(&f.config);
    tiny_task(&f.config, SW_TASK_MODULAR);
    f.config.model.layers = 2;
    f.config.model.operand_embeddings = SW_OPERANDS_SEPARATE;
    f.config.model.output_scale = 0.6;
    f.config.optimizer.batch_size = 10;
    f.config.symmetry[SW_FAMILY_ASSOCIATIVITY].weight = 0.5;
    f.config.symmetry[SW_FAMILY_ASSOCIATIVITY].intermediate = SW_INTERMEDIATE_PREDICTED;
    f.config.symmetry[SW_FAMILY_COMMUTATIVITY].weight = 0.5;
    f.config.symmetry[SW_FAMILY_COMMUTATIVITY].tuples_per_step = 0; /* all */
    f.config.geometry[SW_PRIOR_LIPSCHITZ].weight = 0.2;
    f.config.geometry[SW_PRIOR_LIPSCHITZ].bound = 0.1;
    f.config.geometry[SW_PRIOR_LIPSCHITZ].neighbors = 3;
    check(&f, "everything at once");
}

/* The check itself must be able to fail: a gradient of another weight is caught. */
static void a_wrong_weight_is_caught(void **state) {
    (void)state;
    fixture f = {0};
    tiny(&f.config);
    tiny_task(&f.config, SW_TASK_MODULAR);
    f.config.symmetry[SW_FAMILY_ASSOCIATIVITY].weight = 0.5;
    open_fixture(&f);
    objective_value(&f);
    size_t n = sw_model_parameter_count(f.model);
    double *gradient = malloc(n * sizeof *gradient);
    memcpy(gradient, sw_model_gradient(f.model), n * sizeof *gradient);
    close_fixture(&f);
    f.config.symmetry[SW_FAMILY_ASSOCIATIVITY].weight = 0.51;
    open_fixture(&f);
    assert_true(sw_check_gradient(NULL, objective_value, &f, sw_model_parameters(f.model), gradient, n, 2e-6) > 0);
    close_fixture(&f);
    free(gradient);
}

/* A family outside its steps adds nothing. */
static void weights_act_in_their_steps_only(void **state) {
    (void)state;
    fixture plain = {0}, late = {0};
    tiny(&plain.config);
    tiny_task(&plain.config, SW_TASK_MODULAR);
    late.config = plain.config;
    late.config.symmetry[SW_FAMILY_COMMUTATIVITY].weight = 1;
    late.config.symmetry[SW_FAMILY_COMMUTATIVITY].from_step = 2;
    late.config.symmetry[SW_FAMILY_COMMUTATIVITY].until_step = 4;
    open_fixture(&plain);
    open_fixture(&late);
    for (int64_t t = 1; t <= 6; t++) {
        double without, with;
        assert_int_equal(sw_objective_step(&without, plain.objective, plain.model, t), SW_OK);
        assert_int_equal(sw_objective_step(&with, late.objective, late.model, t), SW_OK);
        size_t count;
        sw_objective_tuples(late.objective, SW_FAMILY_COMMUTATIVITY, &count);
        assert_int_equal(count, t == 3 || t == 4 ? 9 : 0);
        assert_true((with != without) == (t == 3 || t == 4));
    }
    close_fixture(&plain);
    close_fixture(&late);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_family_on_every_task),
        cmocka_unit_test(suppression_of_every_family),
        cmocka_unit_test(priors_and_losses),
        cmocka_unit_test(predicted_separate_minibatch_layers),
        cmocka_unit_test(a_wrong_weight_is_caught),
        cmocka_unit_test(weights_act_in_their_steps_only),
        cmocka_unit_test(expressions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
