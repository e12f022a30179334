/* test_twin.c: the isomorphic twin. An automorphism of a task renames entities, relations and classes and leaves the
 * table as it is. A run whose initialization and split are renamed by it must be the renamed run, step for step: with
 * every family that is defined on the task, the priors of the embedding, both models. Indices that play a part they
 * should not would show. The same holds of two tasks, one of which is the other one renamed. */
#include "symsweep/config.h"
#include "symsweep/nn.h"
#include "symsweep/random.h"
#include "symsweep/train.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { STEPS = 10, NAMES_MAX = 32 };

/* entity e -> entity[e], as second operand -> second[e] where the operands are renamed apart; relation (from 0) r ->
 * relation[r], class c -> class[c]. */
typedef struct renaming {
    int32_t entity[NAMES_MAX], second[NAMES_MAX], relation[NAMES_MAX], class[NAMES_MAX];
    bool apart;
} renaming;

typedef struct run {
    int8_t *split;
    sw_objective *objective;
    sw_model *model;
    sw_optimizer *optimizer;
} run;

static void identity(renaming *r) {
    r->apart = false;
    for (int32_t i = 0; i < NAMES_MAX; i++) r->entity[i] = r->second[i] = r->relation[i] = r->class[i] = i;
}

static int32_t renamed_second(const renaming *r, int32_t e) { return r->apart ? r->second[e] : r->entity[e]; }

static int32_t renamed_token(const sw_task *task, const renaming *r, int32_t token) {
    const int32_t n = task->entities, relations_end = n + task->relations;
    const int32_t second = task->separate ? task->vocabulary - n : task->vocabulary;
    if (token < n) return r->entity[token];
    if (token < relations_end) return n + r->relation[token - n];
    return token >= second ? second + renamed_second(r, token - second) : token;
}

static int32_t renamed_input(const sw_task *task, const renaming *r, size_t i) {
    const int32_t relation = sw_task_relation(task, i);
    return sw_task_index(task, r->entity[sw_task_operand(task, i, 0)], renamed_second(r, sw_task_operand(task, i, 1)),
                         relation < 0 ? -1 : renamed_token(task, r, relation));
}

/* Does it take the table of one task to that of the other? */
static void assert_isomorphism(const sw_task *task, const sw_task *image, const renaming *r) {
    assert_int_equal(task->inputs, image->inputs);
    for (size_t i = 0; i < task->inputs; i++) {
        const int32_t to = renamed_input(task, r, i);
        assert_true(to >= 0);
        assert_int_equal(image->label[to], r->class[task->label[i]]);
    }
}

/* to <- from with the rows of the token embedding and the columns of the unembedding renamed. */
static void rename_parameters(sw_real *to, const sw_real *from, const sw_model *model, const sw_task *task,
                              const renaming *r) {
    const sw_tensor *embedding = sw_model_tensor(model, "token_embedding");
    const sw_tensor *unembedding = sw_model_tensor(model, "unembedding");
    memcpy(to, from, sw_model_parameter_count(model) * sizeof *to);
    const size_t d = (size_t)embedding->shape[1], classes = (size_t)unembedding->shape[1];
    for (int32_t t = 0; t < task->vocabulary; t++) {
        memcpy(to + embedding->offset + (size_t)renamed_token(task, r, t) * d, from + embedding->offset + (size_t)t * d,
               d * sizeof *to);
    }
    for (size_t row = 0; row < (size_t)unembedding->shape[0]; row++) {
        const size_t start = unembedding->offset + row * classes;
        for (size_t c = 0; c < classes; c++) to[start + (size_t)r->class[c]] = from[start + c];
    }
}

static void open_run(run *out, const sw_run_config *config, const sw_task *task) {
    const sw_model_shape shape = {task->vocabulary, task->entities, task->tokens, task->classes};
    size_t tensors;
    if (sw_objective_create(&out->objective, config, task, out->split) != SW_OK) fail_msg("%s", sw_fail_message());
    assert_int_equal(sw_model_create(&out->model, &config->model, &shape, sw_objective_max_rows(out->objective)),
                     SW_OK);
    const sw_tensor *tensor = sw_model_tensors(out->model, &tensors);
    assert_int_equal(sw_optimizer_create(&out->optimizer, &config->optimizer, STEPS, tensor, tensors,
                                         sw_model_parameter_count(out->model)),
                     SW_OK);
}

static void close_run(run *r) {
    sw_optimizer_destroy(r->optimizer);
    sw_model_destroy(r->model);
    sw_objective_destroy(r->objective);
    free(r->split);
}

static double step(run *r, int64_t t) {
    double value;
    assert_int_equal(sw_objective_step(&value, r->objective, r->model, t), SW_OK);
    sw_optimizer_step(r->optimizer, t, sw_model_parameters(r->model), sw_model_gradient(r->model));
    return value;
}

/* Largest difference of the twin's parameters from the renamed ones of the run. */
static double distance_to(const sw_real *expected, sw_model *model) {
    double largest = 0.0;
    const sw_real *found = sw_model_parameters(model);
    for (size_t i = 0; i < sw_model_parameter_count(model); i++)
        largest = fmax(largest, fabs((double)(expected[i] - found[i])));
    return largest;
}

/* Do run and twin agree, whose task is another one? `r` renames table, split and classes, `rows` the embedding: others
 * must not agree. `rename_split` false: the twin has the split of the run, and must not. */
static bool tasks_agree(const sw_run_config *config, const sw_task_config *other, const renaming *r,
                        const renaming *rows, bool rename_split) {
    bool agree = true;
    sw_task *task = NULL, *image = NULL;
    sw_run_config twin_config = *config;
    run original = {0}, twin = {0};
    twin_config.task = *other;
    assert_int_equal(sw_task_create(&task, &config->task, &config->model, config->data_seed), SW_OK);
    assert_int_equal(sw_task_create(&image, other, &config->model, config->data_seed), SW_OK);
    assert_isomorphism(task, image, r);
    original.split = malloc(task->inputs);
    twin.split = malloc(task->inputs);
    assert_true(original.split != NULL && twin.split != NULL);
    assert_true(sw_task_split(original.split, task, config) > 0);
    for (size_t i = 0; i < task->inputs; i++)
        twin.split[rename_split ? (size_t)renamed_input(task, r, i) : i] = original.split[i];
    open_run(&original, config, task);
    open_run(&twin, &twin_config, image);
    sw_model_initialize(original.model, config->seed);
    rename_parameters(sw_model_parameters(twin.model), sw_model_parameters(original.model), twin.model, task, rows);
    sw_real *expected = malloc(sw_model_parameter_count(twin.model) * sizeof *expected);
    assert_non_null(expected);
    for (int64_t t = 1; t <= STEPS; t++) {
        const double value = step(&original, t), twin_value = step(&twin, t);
        agree = agree && fabs(value - twin_value) <= 1e-9 * fabs(value);
        rename_parameters(expected, sw_model_parameters(original.model), twin.model, task, rows);
        agree = agree && distance_to(expected, twin.model) < 1e-8;
    }
    free(expected);
    close_run(&twin);
    close_run(&original);
    sw_task_destroy(image);
    sw_task_destroy(task);
    return agree;
}

static bool twins_agree(const sw_run_config *config, const renaming *r, bool rename_split) {
    return tasks_agree(config, &config->task, r, r, rename_split);
}

/* Every family that is defined on the task, over all of its tuples, but automorphism, whose generators are chosen by
 * the names of the tokens; the priors of the embedding. */
static void configure(sw_run_config *config, const sw_task_config *task) {
    sw_config_default(config);
    config->task = *task;
    config->train_fraction = 0.6;
    config->model.layers = 1;
    config->model.d_model = 8;
    config->model.heads = 2;
    config->model.d_head = 4;
    config->model.d_mlp = config->model.d_hidden = 12;
    config->optimizer.warmup_steps = 3;
    config->seed = config->data_seed = 5;
    for (int f = 0; f < SW_FAMILY_COUNT; f++) {
        config->symmetry[f].weight = f != SW_FAMILY_AUTOMORPHISM && sw_families[f]->applies(task) ? 0.3 : 0.0;
        config->symmetry[f].tuples_per_step = 0;
    }
    config->symmetry[SW_FAMILY_LABEL_PAIRS].inputs = SW_INPUTS_TRAIN; /* fewer: they are many on comparisons */
    config->geometry[SW_PRIOR_NUCLEAR].weight = 0.01;
    config->geometry[SW_PRIOR_ENTROPY].weight = 0.01;
}

static void check_models(const sw_task_config *task, const renaming *r) {
    sw_run_config config;
    configure(&config, task);
    assert_true(twins_agree(&config, r, true));
    config.model.operand_embeddings = SW_OPERANDS_SEPARATE;
    config.symmetry[SW_FAMILY_ASSOCIATIVITY].inputs = SW_INPUTS_TRAIN;
    config.symmetry[SW_FAMILY_TRIANGLE].divergence = SW_DIVERGENCE_FORWARD_KL;
    assert_true(twins_agree(&config, r, true));
    configure(&config, task);
    config.model.kind = SW_MODEL_MLP;
    config.model.readout_token = false;
    config.model.layers = 2;
    config.loss = SW_LOSS_STABLEMAX;
    assert_true(twins_agree(&config, r, true));
}

static void addition_scaled(void **state) {
    (void)state;
    const sw_task_config task = {.kind = SW_TASK_MODULAR, .operation = SW_OP_ADD, .p = 7};
    renaming r;
    identity(&r);
    for (int32_t x = 0; x < 7; x++) r.entity[x] = r.class[x] = 3 * x % 7;
    check_models(&task, &r);
}

/* Units modulo 7 are cyclic of order 6: x -> x^5 permutes them, and leaves 0. */
static void multiplication_and_division_to_the_fifth_power(void **state) {
    (void)state;
    static const sw_operation_id operations[] = {SW_OP_MUL, SW_OP_DIV};
    renaming r;
    identity(&r);
    for (int32_t x = 0; x < 7; x++) r.entity[x] = r.class[x] = x * x * x * x * x % 7;
    for (int o = 0; o < 2; o++) {
        const sw_task_config task = {.kind = SW_TASK_MODULAR, .operation = (int32_t)operations[o], .p = 7};
        check_models(&task, &r);
    }
}

static void another_split_is_no_twin(void **state) {
    (void)state;
    const sw_task_config task = {.kind = SW_TASK_MODULAR, .operation = SW_OP_ADD, .p = 7};
    sw_run_config config;
    renaming r;
    identity(&r);
    for (int32_t x = 0; x < 7; x++) r.entity[x] = r.class[x] = 3 * x % 7;
    configure(&config, &task);
    assert_false(twins_agree(&config, &r, false));
}

static void predicted_intermediates(void **state) {
    (void)state;
    const sw_task_config task = {.kind = SW_TASK_MODULAR, .operation = SW_OP_SUB, .p = 7};
    sw_run_config config;
    renaming r;
    identity(&r);
    for (int32_t x = 0; x < 7; x++) r.entity[x] = r.class[x] = 2 * x % 7;
    configure(&config, &task);
    config.symmetry[SW_FAMILY_ASSOCIATIVITY].intermediate = SW_INTERMEDIATE_PREDICTED;
    assert_true(twins_agree(&config, &r, true));
}

static void grid_turned_round(void **state) {
    (void)state;
    const sw_task_config task = {.kind = SW_TASK_GRAPH, .graph = SW_GRAPH_GRID, .side_count = 2, .sides = {3, 4}};
    renaming r;
    identity(&r);
    for (int32_t v = 0; v < 12; v++) r.entity[v] = 11 - v;
    check_models(&task, &r);
}

static void hypercube_with_axes_exchanged(void **state) {
    (void)state;
    const sw_task_config task = {.kind = SW_TASK_GRAPH, .graph = SW_GRAPH_HYPERCUBE, .dimension = 3};
    renaming r;
    identity(&r);
    for (int32_t v = 0; v < 8; v++) r.entity[v] = (v << 1 & 7) | v >> 2;
    check_models(&task, &r);
}

static void attributes_exchanged(void **state) {
    (void)state;
    const sw_task_config task = {.kind = SW_TASK_COMPARISON, .side_count = 2, .sides = {3, 3}};
    renaming r;
    identity(&r);
    for (int32_t e = 0; e < 9; e++) r.entity[e] = e % 3 * 3 + e / 3;
    for (int32_t k = 0; k < 6; k++) r.relation[k] = (k + 3) % 6;
    check_models(&task, &r);
}

/* The attribute that is not asked about may be permuted at will. */
static void idle_attribute_permuted(void **state) {
    (void)state;
    const sw_task_config task = {
        .kind = SW_TASK_COMPARISON, .form = SW_FORM_THREE_WAY, .side_count = 2, .sides = {3, 4}, .attribute = 1};
    renaming r;
    identity(&r);
    for (int32_t e = 0; e < 12; e++) r.entity[e] = (e / 4 + 1) % 3 * 4 + e % 4;
    check_models(&task, &r);
}

/* g -> h g h^-1 in S_3, h the permutation number 3. */
static void symmetric_group_conjugated(void **state) {
    (void)state;
    const sw_task_config config = {.kind = SW_TASK_GROUP, .group = SW_GROUP_SYMMETRIC, .n = 3};
    const sw_model_config model = {.kind = SW_MODEL_MLP};
    sw_task *task = NULL;
    renaming r;
    identity(&r);
    assert_int_equal(sw_task_create(&task, &config, &model, 0), SW_OK);
    const int32_t *product = task->product, h = 3;
    int32_t inverse = 0;
    while (product[h * 6 + inverse] != 0) inverse++;
    for (int32_t g = 0; g < 6; g++) r.entity[g] = r.class[g] = product[product[h * 6 + g] * 6 + inverse];
    assert_int_not_equal(r.entity[1], 1);
    sw_task_destroy(task);
    check_models(&config, &r);
}

/* ---- planted tables ---- */

static sw_task_config planted(int32_t n, int32_t h, int32_t scramble, int32_t seed) {
    return (sw_task_config){
        .kind = SW_TASK_PLANTED, .n = n, .symmetry_order = h, .table_seed = (uint32_t)seed, .scramble = scramble};
}

/* How an isotope renames the operands and the labels of the plain table: docs/science.md, the tables that are drawn. */
static void isotopism(renaming *r, const sw_task_config *task) {
    enum { STEP_X = 1, STEP_Y = 2, STEP_LABELS = 3 };
    const size_t n = (size_t)task->n;
    identity(r);
    r->apart = true;
    sw_random_permutation(r->entity, n, task->table_seed, SW_STREAM_TABLE, STEP_X);
    sw_random_permutation(r->second, n, task->table_seed, SW_STREAM_TABLE, STEP_Y);
    sw_random_permutation(r->class, n, task->table_seed, SW_STREAM_TABLE, STEP_LABELS);
}

/* The models, with operands that share an embedding or have one each. Renaming operands apart takes neither (x, y) to
 * (y, x) where it was so before nor inner products to inner products. */
static void configure_isotope(sw_run_config *config, const sw_task_config *task, sw_model_kind model, bool separate) {
    configure(config, task);
    config->symmetry[SW_FAMILY_COMMUTATIVITY].weight = config->symmetry[SW_FAMILY_ASSOCIATIVITY].weight = 0;
    config->model.operand_embeddings = separate ? SW_OPERANDS_SEPARATE : SW_OPERANDS_TIED;
    if (model != SW_MODEL_MLP) return;
    config->model.kind = SW_MODEL_MLP;
    config->model.readout_token = false;
    config->model.layers = 2;
}

/* With an embedding for each operand the isotope of a table is the table with the rows of both permuted. */
static void isotopes_with_separate_embeddings(void **state) {
    (void)state;
    static const int32_t sizes[][2] = {{6, 1}, {6, 2}, {6, 3}, {6, 6}, {12, 4}, {7, 7}, {5, 1}};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (int model = 0; model < 2; model++) {
            const int32_t n = sizes[i][0], h = sizes[i][1];
            const sw_task_config plain = planted(n, h, SW_SCRAMBLE_NONE, 3);
            const sw_task_config isotope = planted(n, h, SW_SCRAMBLE_ISOTOPE, 3);
            sw_run_config config;
            renaming r;
            isotopism(&r, &isotope);
            configure_isotope(&config, &plain, (sw_model_kind)model, true);
            assert_true(config.symmetry[SW_FAMILY_LABEL_PAIRS].weight > 0);
            assert_true(tasks_agree(&config, &isotope, &r, &r, true));
            assert_false(tasks_agree(&config, &isotope, &r, &r, false));
        }
}

/* r <- the next permutation of n rows in lexicographic order; false after the last one. */
static bool next_rows(renaming *r, int32_t n) {
    int32_t *row = r->entity, i = n - 2, j = n - 1;
    while (i >= 0 && row[i] > row[i + 1]) i--;
    if (i < 0) return false;
    while (row[j] < row[i]) j--;
    const int32_t held = row[i];
    row[i] = row[j];
    row[j] = held;
    for (int32_t low = i + 1, high = n - 1; low < high; low++, high--) {
        const int32_t end = row[low];
        row[low] = row[high];
        row[high] = end;
    }
    return true;
}

/* Where the operands share an embedding no permutation of its rows makes the one the other. */
static void isotopes_with_a_shared_embedding_are_no_twins(void **state) {
    (void)state;
    static const int32_t orders[] = {1, 2, 4};
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++)
        for (int model = 0; model < 2; model++) {
            const sw_task_config plain = planted(4, orders[i], SW_SCRAMBLE_NONE, 2);
            const sw_task_config isotope = planted(4, orders[i], SW_SCRAMBLE_ISOTOPE, 2);
            sw_run_config config;
            renaming r, rows;
            int tried = 0;
            isotopism(&r, &isotope);
            identity(&rows);
            memcpy(rows.class, r.class, sizeof rows.class);
            configure_isotope(&config, &plain, (sw_model_kind)model, false);
            do {
                assert_false(tasks_agree(&config, &isotope, &r, &rows, true));
                tried++;
            } while (next_rows(&rows, 4));
            assert_int_equal(tried, 24);
            configure_isotope(&config, &plain, (sw_model_kind)model, true); /* the same tables with separate ones */
            assert_true(tasks_agree(&config, &isotope, &r, &r, true));
        }
}

/* With h = n nothing of the table is left to chance but a constant: x + y + a. Inner products move by a as well, on
 * both sides: the tuples of associativity are those of addition. */
static void planted_with_h_n_is_addition(void **state) {
    (void)state;
    for (int32_t n = 5; n <= 9; n++)
        for (int variant = 0; variant < 4; variant++) {
            const sw_task_config add = {.kind = SW_TASK_MODULAR, .operation = SW_OP_ADD, .p = n};
            const sw_task_config table = planted(n, n, SW_SCRAMBLE_NONE, 1);
            const int32_t a =
                (int32_t)sw_random_below(table.table_seed, SW_STREAM_TABLE, 0, 0, (uint64_t)n); /* the corner */
            sw_run_config config;
            renaming r;
            identity(&r);
            for (int32_t c = 0; c < n; c++) r.class[c] = (c + a) % n;
            configure_isotope(&config, &add, variant % 2 ? SW_MODEL_MLP : SW_MODEL_TRANSFORMER, variant / 2);
            for (int f = 0; f < SW_FAMILY_COUNT; f++) /* what is defined on both */
                config.symmetry[f].weight =
                    f != SW_FAMILY_AUTOMORPHISM && sw_families[f]->applies(&add) && sw_families[f]->applies(&table)
                        ? 0.3
                        : 0;
            assert_true(config.symmetry[SW_FAMILY_ASSOCIATIVITY].weight > 0);
            assert_true(config.symmetry[SW_FAMILY_COMMUTATIVITY].weight > 0);
            assert_true(tasks_agree(&config, &table, &r, &r, true));
            if (a == 0) continue;
            renaming unnamed = r; /* classes as they were: the table's are not */
            for (int32_t c = 0; c < n; c++) unnamed.class[c] = c;
            assert_false(tasks_agree(&config, &table, &r, &unnamed, true));
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addition_scaled),
        cmocka_unit_test(multiplication_and_division_to_the_fifth_power),
        cmocka_unit_test(another_split_is_no_twin),
        cmocka_unit_test(predicted_intermediates),
        cmocka_unit_test(grid_turned_round),
        cmocka_unit_test(hypercube_with_axes_exchanged),
        cmocka_unit_test(attributes_exchanged),
        cmocka_unit_test(idle_attribute_permuted),
        cmocka_unit_test(symmetric_group_conjugated),
        cmocka_unit_test(isotopes_with_separate_embeddings),
        cmocka_unit_test(isotopes_with_a_shared_embedding_are_no_twins),
        cmocka_unit_test(planted_with_h_n_is_addition),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
