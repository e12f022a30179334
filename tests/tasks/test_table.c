/* test_table.c: the table of a task: index and operands go round, split and label shuffle are what their streams say.
 */
#include "symsweep/random.h"
#include "symsweep/task.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const sw_model_config with_readout = {.kind = SW_MODEL_TRANSFORMER, .readout_token = true};
static const sw_model_config separate = {
    .kind = SW_MODEL_TRANSFORMER, .readout_token = true, .operand_embeddings = SW_OPERANDS_SEPARATE};

static const sw_task_config configurations[] = {
    {.kind = SW_TASK_MODULAR, .operation = SW_OP_ADD, .p = 7},
    {.kind = SW_TASK_MODULAR, .operation = SW_OP_DIV, .p = 11},
    {.kind = SW_TASK_GRAPH, .graph = SW_GRAPH_GRID3D, .side_count = 3, .sides = {3, 2, 4}},
    {.kind = SW_TASK_GRAPH, .graph = SW_GRAPH_TREE, .branching = 3, .depth = 2},
    {.kind = SW_TASK_COMPARISON, .form = SW_FORM_RELATION, .side_count = 2, .sides = {3, 4}},
    {.kind = SW_TASK_COMPARISON, .form = SW_FORM_THREE_WAY, .side_count = 2, .sides = {3, 4}, .attribute = 1},
    {.kind = SW_TASK_GROUP, .group = SW_GROUP_SYMMETRIC, .n = 4},
    {.kind = SW_TASK_GROUP, .group = SW_GROUP_PRODUCT, .factor_count = 2, .factors = {2, 6}},
};
enum { CONFIGURATIONS = sizeof configurations / sizeof configurations[0] };

static size_t split_task(int8_t *split, const sw_task *task, double fraction, uint32_t seed) {
    return sw_task_split(split, task, &(sw_run_config){.train_fraction = fraction, .data_seed = seed});
}

static sw_task *make(const sw_task_config *config, const sw_model_config *model, uint32_t data_seed) {
    sw_task *task = NULL;
    assert_int_equal(sw_task_create(&task, config, model, data_seed), SW_OK);
    return task;
}

static void index_goes_round(void **state) {
    (void)state;
    for (int c = 0; c < 2 * CONFIGURATIONS; c++) {
        sw_task *task = make(&configurations[c / 2], c % 2 == 0 ? &with_readout : &separate, 0);
        for (size_t i = 0; i < task->inputs; i++) {
            const int32_t a = sw_task_operand(task, i, 0), b = sw_task_operand(task, i, 1);
            assert_in_range(a, 0, task->entities - 1);
            assert_in_range(b, task->second_from, task->entities - 1);
            assert_int_equal(sw_task_index(task, a, b, sw_task_relation(task, i)), i);
            for (int32_t t = 0; t < task->tokens; t++)
                assert_in_range(task->input[i * (size_t)task->tokens + (size_t)t], 0, task->vocabulary - 1);
        }
        sw_task_destroy(task);
    }
}

static void index_outside_is_none(void **state) {
    (void)state;
    sw_task *division = make(&configurations[1], &with_readout, 0);
    assert_int_equal(sw_task_index(division, 0, 0, -1), -1);
    assert_int_equal(sw_task_index(division, 11, 1, -1), -1);
    assert_int_equal(sw_task_index(division, -1, 1, -1), -1);
    assert_int_equal(sw_task_index(division, 0, 1, -1), 0);
    sw_task_destroy(division);
    sw_task *comparison = make(&configurations[4], &with_readout, 0);
    assert_int_equal(sw_task_index(comparison, 0, 0, -1), -1);
    assert_int_equal(sw_task_index(comparison, 0, 0, 11), -1);
    assert_int_equal(sw_task_index(comparison, 0, 0, 12), 0);
    assert_int_equal(sw_task_index(comparison, 0, 0, 18), -1);
    sw_task_destroy(comparison);
}

static void description_is_the_shape_of_the_task(void **state) {
    (void)state;
    for (int c = 0; c < CONFIGURATIONS; c++) {
        sw_task described;
        sw_task *task = make(&configurations[c], &separate, 0);
        assert_int_equal(sw_task_describe(&described, &configurations[c], &separate), SW_OK);
        assert_null(described.input);
        assert_int_equal(described.classes, task->classes);
        assert_int_equal(described.tokens, task->tokens);
        assert_int_equal(described.entities, task->entities);
        assert_int_equal(described.vocabulary, task->vocabulary);
        assert_int_equal(described.inputs, task->inputs);
        assert_int_equal(described.order, task->order);
        int32_t largest = 0;
        for (size_t i = 0; i < task->inputs; i++) largest = task->label[i] > largest ? task->label[i] : largest;
        assert_int_equal(largest, task->classes - 1);
        sw_task_destroy(task);
    }
}

static void odds_name_greater(void **state) {
    (void)state;
    int32_t high, low;
    sw_task *relation = make(&configurations[4], &with_readout, 0);
    sw_task *three = make(&configurations[5], &with_readout, 0);
    sw_task_odds(relation, &high, &low);
    assert_true(high == 1 && low == 0);
    sw_task_odds(three, &high, &low);
    assert_true(high == 2 && low == 0);
    sw_task_destroy(three);
    sw_task_destroy(relation);
}

static void split_is_the_start_of_its_permutation(void **state) {
    (void)state;
    enum { N = 49 };
    sw_task *task = make(&configurations[0], &with_readout, 0);
    const struct {
        double fraction;
        size_t train;
    } cases[] = {{0.3, 15}, {0.5, 25}, {0.0, 1}, {0.001, 1}, {1.0, N}, {0.99, N}};
    assert_int_equal(task->inputs, N);
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        int8_t split[N], again[N];
        int32_t order[N];
        assert_int_equal(split_task(split, task, cases[c].fraction, 42), cases[c].train);
        assert_int_equal(split_task(again, task, cases[c].fraction, 42), cases[c].train);
        assert_memory_equal(split, again, sizeof split);
        sw_random_permutation(order, N, 42, SW_STREAM_SPLIT, 0);
        for (size_t i = 0; i < N; i++) assert_int_equal(split[order[i]], i < cases[c].train);
    }
    int8_t one[N], other[N];
    assert_int_equal(split_task(one, task, 0.3, 42), 15);
    assert_int_equal(sw_task_split(other, task, &(sw_run_config){.train_inputs = 15, .data_seed = 42}), 15);
    assert_memory_equal(one, other, sizeof one);
    assert_int_equal(sw_task_split(other, task, &(sw_run_config){.train_fraction = 0.5, .train_inputs = N}), N);
    split_task(one, task, 0.5, 1);
    split_task(other, task, 0.5, 2);
    assert_memory_not_equal(one, other, sizeof one);
    sw_task_destroy(task);
}

/* As many train labels as asked for have another class, by the documented draws; test labels have theirs. */
static void noise_is_in_train_labels_alone(void **state) {
    (void)state;
    static const double shares[] = {1e-6, 0.1, 0.3, 1};
    for (int c = 0; c < CONFIGURATIONS; c++) {
        sw_task *less = NULL;
        for (int s = 0; s < 4; s++) {
            sw_task_config config = configurations[c];
            config.label_noise = shares[s];
            sw_task *task = make(&config, &with_readout, 7);
            const size_t n = task->inputs;
            int8_t *split = malloc(n);
            int32_t *of_train = malloc(n * sizeof *of_train), *order = malloc(n * sizeof *order);
            assert_true(split != NULL && of_train != NULL && order != NULL);
            const size_t train = split_task(split, task, 0.4, 7), m = (size_t)llround(shares[s] * (double)train);
            assert_null(task->clean_label);
            assert_int_equal(sw_task_add_noise(task, split, 7), SW_OK);
            assert_int_equal(sw_task_noisy_count(&config, train), m);
            size_t changed = 0, listed = 0;
            for (size_t i = 0; i < n; i++) {
                assert_int_equal(task->clean_label[i], task->true_label[i]);
                assert_true(task->label[i] >= 0 && task->label[i] < task->classes);
                changed += task->label[i] != task->clean_label[i];
                if (split[i]) of_train[listed++] = (int32_t)i;
                if (!split[i]) assert_int_equal(task->label[i], task->clean_label[i]);
                if (less != NULL && less->label[i] != less->clean_label[i]) /* more noise keeps it */
                    assert_int_equal(task->label[i], less->label[i]);
            }
            assert_int_equal(changed, m);
            sw_random_permutation(order, train, 7, SW_STREAM_LABEL_NOISE, 0);
            for (size_t k = 0; k < m; k++) {
                const int32_t i = of_train[order[k]], own = task->clean_label[i];
                const uint64_t u =
                    sw_random_below(7, SW_STREAM_LABEL_NOISE, 1, (uint64_t)i, (uint64_t)task->classes - 1);
                assert_int_equal(task->label[i], (int32_t)u < own ? (int32_t)u : (int32_t)u + 1);
            }
            for (size_t k = 0; k < n; k++) { /* inputs by label follow */
                const int32_t i = task->by_label[k], l = task->label[i];
                assert_true(task->label_start[l] <= (int32_t)k && (int32_t)k < task->label_start[l + 1]);
            }
            free(order);
            free(of_train);
            free(split);
            sw_task_destroy(less);
            less = task;
        }
        sw_task_destroy(less);
    }
}

/* Where labels are shuffled too, noise comes on top, and what it replaces is told apart. */
static void noise_comes_after_the_shuffle(void **state) {
    (void)state;
    sw_task_config config = configurations[0];
    config.label_shuffle = 0.5;
    config.label_noise = 0.5;
    sw_task *task = make(&config, &with_readout, 7);
    const size_t n = task->inputs;
    int8_t *split = malloc(n);
    int32_t *shuffled = malloc(n * sizeof *shuffled);
    assert_true(split != NULL && shuffled != NULL);
    memcpy(shuffled, task->label, n * sizeof *shuffled);
    assert_true(split_task(split, task, 0.5, 7) > 0);
    assert_int_equal(sw_task_add_noise(task, split, 7), SW_OK);
    assert_memory_equal(task->clean_label, shuffled, n * sizeof *shuffled);
    assert_memory_not_equal(task->label, shuffled, n * sizeof *shuffled);
    free(shuffled);
    free(split);
    sw_task_destroy(task);
}

static void shuffled_labels_change_places_only(void **state) {
    (void)state;
    for (int c = 0; c < CONFIGURATIONS; c++) {
        sw_task_config config = configurations[c];
        config.label_shuffle = 0.5;
        sw_task *task = make(&config, &with_readout, 7), *again = make(&config, &with_readout, 7);
        sw_task *other = make(&config, &with_readout, 8), *plain = make(&configurations[c], &with_readout, 7);
        const size_t n = task->inputs, m = (size_t)llround(0.5 * (double)n);
        size_t moved = 0;
        int64_t balance = 0;
        for (size_t i = 0; i < n; i++) {
            moved += task->label[i] != task->true_label[i];
            balance += task->label[i] - task->true_label[i];
        }
        assert_true(moved > 0 && moved <= m);
        assert_int_equal(balance, 0);
        assert_memory_equal(task->true_label, plain->label, n * sizeof(int32_t));
        assert_memory_equal(task->label, again->label, n * sizeof(int32_t));
        assert_memory_not_equal(task->label, other->label, n * sizeof(int32_t));
        for (int32_t k = 0; k <= task->classes; k++) assert_int_equal(task->label_start[k], plain->label_start[k]);
        int32_t *s = malloc(n * sizeof *s), *q = malloc(n * sizeof *q);
        assert_true(s != NULL && q != NULL);
        sw_random_permutation(s, n, 7, SW_STREAM_LABEL_SHUFFLE, 0);
        sw_random_permutation(q, m, 7, SW_STREAM_LABEL_SHUFFLE, 1);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(task->label[s[i]], task->true_label[s[i < m ? (size_t)q[i] : i]]);
        free(q);
        free(s);
        sw_task_destroy(plain);
        sw_task_destroy(other);
        sw_task_destroy(again);
        sw_task_destroy(task);
    }
}

static void inputs_stand_by_label(void **state) {
    (void)state;
    for (int c = 0; c < CONFIGURATIONS; c++) {
        sw_task *task = make(&configurations[c], &with_readout, 0);
        uint64_t pairs = 0;
        assert_int_equal(task->label_start[0], 0);
        assert_int_equal(task->label_start[task->classes], task->inputs);
        for (int32_t k = 0; k < task->classes; k++) {
            assert_int_equal(task->pair_start[k], pairs);
            const uint64_t count = (uint64_t)(task->label_start[k + 1] - task->label_start[k]);
            pairs += count * (count - (count > 0));
            for (int32_t i = task->label_start[k]; i < task->label_start[k + 1]; i++) {
                assert_int_equal(task->label[task->by_label[i]], k);
                if (i > task->label_start[k]) assert_true(task->by_label[i] > task->by_label[i - 1]);
            }
        }
        assert_int_equal(task->pair_start[task->classes], pairs);
        sw_task_destroy(task);
    }
}

/* Two thirds: a < b, a = b, a > b have 3/7, 1/7, 3/7 of the pairs; "holds" 1/3 over the three relations. */
static void majority_of_the_relation_form(void **state) {
    (void)state;
    const sw_task_config config = {.kind = SW_TASK_COMPARISON, .side_count = 2, .sides = {7, 7}};
    sw_task *task = make(&config, &with_readout, 0);
    assert_true(fabs(sw_task_majority(task) - 2.0 / 3.0) < 1e-12);
    sw_task_destroy(task);
}

static void a_refused_task_is_null(void **state) {
    (void)state;
    sw_task *task = (sw_task *)&task;
    const sw_task_config config = {.kind = SW_TASK_MODULAR, .operation = SW_OP_DIV, .p = 12};
    assert_int_equal(sw_task_create(&task, &config, &with_readout, 0), SW_E_CONFIG);
    assert_null(task);
    assert_non_null(strstr(sw_fail_message(), "task.p"));
    sw_task_destroy(NULL);
}

static void families_say_what_they_are_defined_on(void **state) {
    (void)state;
    const sw_family *commutativity = sw_families[SW_FAMILY_COMMUTATIVITY];
    const sw_family *associativity = sw_families[SW_FAMILY_ASSOCIATIVITY];
    const sw_task_config graph = configurations[2], add = configurations[0], nonabelian = configurations[6];
    const sw_task_config squared = {.kind = SW_TASK_MODULAR, .operation = SW_OP_SUM_SQUARED, .p = 7};
    assert_true(associativity->applies(&add) && !associativity->applies(&graph));
    assert_true(associativity->predicts(&add) && !associativity->predicts(&squared));
    assert_true(commutativity->applies(&nonabelian) && !commutativity->holds(&nonabelian)); /* a control, no error */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(index_goes_round),
        cmocka_unit_test(index_outside_is_none),
        cmocka_unit_test(description_is_the_shape_of_the_task),
        cmocka_unit_test(odds_name_greater),
        cmocka_unit_test(split_is_the_start_of_its_permutation),
        cmocka_unit_test(noise_is_in_train_labels_alone),
        cmocka_unit_test(noise_comes_after_the_shuffle),
        cmocka_unit_test(shuffled_labels_change_places_only),
        cmocka_unit_test(inputs_stand_by_label),
        cmocka_unit_test(majority_of_the_relation_form),
        cmocka_unit_test(a_refused_task_is_null),
        cmocka_unit_test(families_say_what_they_are_defined_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
