/* test_tuples.c: tuple sets: what is listed, what is drawn, how evenly, and that a draw depends on its own number
 * alone. */
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

static const sw_model_config model = {.kind = SW_MODEL_TRANSFORMER, .readout_token = true};

static sw_task *make(sw_task_config config) {
    sw_task *task = NULL;
    assert_int_equal(sw_task_create(&task, &config, &model, 0), SW_OK);
    return task;
}

static sw_task *modular(sw_operation_id operation, int32_t p) {
    return make((sw_task_config){.kind = SW_TASK_MODULAR, .operation = operation, .p = p});
}

static int8_t *make_split(const sw_task *task, double fraction) {
    int8_t *split = malloc(task->inputs);
    assert_non_null(split);
    assert_true(sw_task_split(split, task, &(sw_run_config){.train_fraction = fraction, .data_seed = 5}) > 0);
    return split;
}

static sw_tuple_set *make_set(const sw_task *task, sw_family_id family, const int8_t *split, sw_inputs inputs) {
    sw_tuple_set *set = NULL;
    assert_int_equal(sw_tuples_create(&set, task, family, split, inputs), SW_OK);
    return set;
}

static bool same(const sw_tuple *a, const sw_tuple *b) { return memcmp(a, b, sizeof *a) == 0; }

static bool in_train(const sw_tuple *tuple, int arity, const int8_t *split) {
    for (int k = 0; k < arity; k++)
        if (split[tuple->input[k]] == 0) return false;
    return true;
}

/* p^3 candidates of associativity; those with y = 0 compare an input with itself. */
static void associativity_of_addition_is_counted(void **state) {
    (void)state;
    sw_task *task = modular(SW_OP_ADD, 23);
    sw_tuple_set *set = make_set(task, SW_FAMILY_ASSOCIATIVITY, NULL, SW_INPUTS_ALL);
    assert_int_equal(sw_tuples_count(set), 23 * 23 * 22);
    sw_tuples_destroy(set);
    sw_task_destroy(task);
}

static void listed_sets_hold_the_train_tuples(void **state) {
    (void)state;
    static const sw_task_config configurations[] = {
        {.kind = SW_TASK_MODULAR, .operation = SW_OP_DIV, .p = 13},
        {.kind = SW_TASK_GRAPH, .graph = SW_GRAPH_GRID, .side_count = 2, .sides = {4, 4}},
        {.kind = SW_TASK_COMPARISON, .form = SW_FORM_RELATION, .side_count = 2, .sides = {4, 4}},
        {.kind = SW_TASK_GROUP, .group = SW_GROUP_SYMMETRIC, .n = 4},
    };
    for (size_t c = 0; c < sizeof configurations / sizeof configurations[0]; c++) {
        sw_task *task = make(configurations[c]);
        int8_t *split = make_split(task, 0.7);
        for (int f = 0; f < SW_FAMILY_COUNT; f++) {
            const sw_family *family = sw_families[f];
            if (!family->applies(&task->config)) continue;
            sw_tuple_set *set = make_set(task, (sw_family_id)f, split, SW_INPUTS_TRAIN);
            int64_t expected = 0;
            for (uint64_t i = 0; i < family->candidates(task); i++) {
                sw_tuple tuple, listed;
                if (!family->candidate(task, i, &tuple) || !in_train(&tuple, family->arity, split)) continue;
                sw_tuples_get(set, expected++, &listed);
                assert_true(same(&tuple, &listed));
            }
            assert_int_equal(sw_tuples_count(set), expected);
            sw_tuple drawn[64];
            sw_tuples_sample(set, drawn, 64, 1, SW_STREAM_TUPLES + (uint32_t)f, 9);
            for (int j = 0; j < 64; j++) assert_true(in_train(&drawn[j], family->arity, split));
            sw_tuples_destroy(set);
        }
        free(split);
        sw_task_destroy(task);
    }
}

/* Draw j is tuple number sw_random_below(seed, stream, step, j, count) of the list. */
static void a_listed_draw_is_a_function_of_its_number(void **state) {
    (void)state;
    enum { N = 200 };
    sw_task *task = modular(SW_OP_MUL, 13);
    sw_tuple_set *set = make_set(task, SW_FAMILY_SCALING, NULL, SW_INPUTS_ALL);
    sw_tuple drawn[N], few[3], expected;
    sw_tuples_sample(set, drawn, N, 11, SW_STREAM_TUPLES + SW_FAMILY_SCALING, 70);
    sw_tuples_sample(set, few, 3, 11, SW_STREAM_TUPLES + SW_FAMILY_SCALING, 70);
    assert_memory_equal(drawn, few, sizeof few);
    for (uint64_t j = 0; j < N; j++) {
        const uint64_t i =
            sw_random_below(11, SW_STREAM_TUPLES + SW_FAMILY_SCALING, 70, j, (uint64_t)sw_tuples_count(set));
        sw_tuples_get(set, (int64_t)i, &expected);
        assert_true(same(&drawn[j], &expected));
    }
    sw_tuples_destroy(set);
    sw_task_destroy(task);
}

/* Too many to list: attempt a of draw j is candidate sw_random_below(seed, stream, step, j + a 2^32, candidates). */
static void a_rejected_draw_is_tried_again(void **state) {
    (void)state;
    enum { N = 300 };
    sw_task *task = modular(SW_OP_ADD, 167); /* 167^3 > 2^22 */
    const sw_family *family = sw_families[SW_FAMILY_ASSOCIATIVITY];
    int8_t *split = make_split(task, 0.3);
    sw_tuple_set *set = make_set(task, SW_FAMILY_ASSOCIATIVITY, split, SW_INPUTS_TRAIN);
    sw_tuple drawn[N], expected;
    uint64_t attempts = 0;
    assert_int_equal(sw_tuples_count(set), -1);
    sw_tuples_sample(set, drawn, N, 3, SW_STREAM_TUPLES, 4);
    for (uint64_t j = 0; j < N; j++) {
        bool found = false;
        for (uint64_t a = 0; !found; a++, attempts++) {
            const uint64_t i = sw_random_below(3, SW_STREAM_TUPLES, 4, j + (a << 32), family->candidates(task));
            found = family->candidate(task, i, &expected) && in_train(&expected, 2, split);
        }
        assert_true(same(&drawn[j], &expected));
    }
    assert_true(attempts > 5 * N); /* 9 % of the candidates have both inputs in train */
    sw_tuples_destroy(set);
    free(split);
    sw_task_destroy(task);
}

/* Chi-square of counts against equal expectations: mean cells - 1, standard deviation sqrt(2 (cells - 1)). */
static double chi_square_deviation(const int64_t *count, size_t cells, double draws) {
    const double expected = draws / (double)cells;
    double statistic = 0.0;
    for (size_t i = 0; i < cells; i++) {
        const double difference = (double)count[i] - expected;
        statistic += difference * difference / expected;
    }
    return (statistic - (double)(cells - 1)) / sqrt(2.0 * (double)(cells - 1));
}

static int compare_tuples(const void *a, const void *b) { return memcmp(a, b, sizeof(sw_tuple)); }

/* Every tuple of a listed set equally often: reflexivity and commutativity name a tuple by its first input. */
static void listed_draws_are_uniform(void **state) {
    (void)state;
    enum { DRAWS = 200000, P = 29 };
    sw_task *task = modular(SW_OP_ADD, P);
    sw_tuple_set *set = make_set(task, SW_FAMILY_COMMUTATIVITY, NULL, SW_INPUTS_ALL);
    const size_t cells = (size_t)sw_tuples_count(set);
    sw_tuple *drawn = malloc(DRAWS * sizeof *drawn), *listed = malloc(cells * sizeof *listed);
    int64_t *count = calloc(cells, sizeof *count);
    assert_true(drawn != NULL && listed != NULL && count != NULL);
    assert_int_equal(cells, P * (P - 1));
    for (size_t i = 0; i < cells; i++) sw_tuples_get(set, (int64_t)i, &listed[i]);
    qsort(listed, cells, sizeof *listed, compare_tuples);
    sw_tuples_sample(set, drawn, DRAWS, 1, SW_STREAM_TUPLES, 1);
    for (size_t j = 0; j < DRAWS; j++) {
        const sw_tuple *at = bsearch(&drawn[j], listed, cells, sizeof *listed, compare_tuples);
        assert_non_null(at);
        count[at - listed]++;
    }
    assert_true(fabs(chi_square_deviation(count, cells, DRAWS)) < 4.0);
    free(count);
    free(listed);
    free(drawn);
    sw_tuples_destroy(set);
    sw_task_destroy(task);
}

/* Rejection over (x, y, z) of add with y = 0 left out leaves x, z and y = right - z of the second input uniform. */
static void rejected_draws_are_uniform(void **state) {
    (void)state;
    enum { DRAWS = 200000, P = 167 };
    sw_task *task = modular(SW_OP_ADD, P);
    sw_tuple_set *set = make_set(task, SW_FAMILY_ASSOCIATIVITY, NULL, SW_INPUTS_ALL);
    sw_tuple *drawn = malloc(DRAWS * sizeof *drawn);
    int64_t x[P] = {0}, y[P] = {0}, z[P] = {0};
    assert_non_null(drawn);
    sw_tuples_sample(set, drawn, DRAWS, 2, SW_STREAM_TUPLES, 1);
    for (size_t j = 0; j < DRAWS; j++) {
        const int32_t first = drawn[j].input[1] / P, sum = drawn[j].input[1] % P, last = drawn[j].input[0] % P;
        x[first]++;
        y[(sum - last + P) % P]++;
        z[last]++;
    }
    assert_int_equal(y[0], 0);
    assert_true(fabs(chi_square_deviation(x, P, DRAWS)) < 4.0);
    assert_true(fabs(chi_square_deviation(y + 1, P - 1, DRAWS)) < 4.0);
    assert_true(fabs(chi_square_deviation(z, P, DRAWS)) < 4.0);
    free(drawn);
    sw_tuples_destroy(set);
    sw_task_destroy(task);
}

static void label_pairs_are_all_pairs_of_a_class(void **state) {
    (void)state;
    sw_task *task = modular(SW_OP_SUM_SQUARED, 11); /* classes of different sizes, some empty */
    const sw_family *family = sw_families[SW_FAMILY_LABEL_PAIRS];
    const size_t n = task->inputs;
    int8_t *seen = calloc(n * n, 1);
    uint64_t pairs = 0;
    assert_non_null(seen);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) pairs += i != j && task->label[i] == task->label[j];
    assert_int_equal(family->candidates(task), pairs);
    for (uint64_t k = 0; k < pairs; k++) {
        sw_tuple tuple;
        assert_true(family->candidate(task, k, &tuple));
        assert_true(tuple.input[0] != tuple.input[1]);
        assert_int_equal(task->label[tuple.input[0]], task->label[tuple.input[1]]);
        int8_t *mark = &seen[(size_t)tuple.input[0] * n + (size_t)tuple.input[1]];
        assert_int_equal(*mark, 0);
        *mark = 1;
    }
    free(seen);
    sw_task_destroy(task);
}

/* More ordered pairs than 32 bits hold: nothing of that size is allocated. */
static void label_pairs_of_a_large_table(void **state) {
    (void)state;
    enum { N = 1000 };
    sw_task *task = make((sw_task_config){.kind = SW_TASK_COMPARISON, .side_count = 2, .sides = {20, 20}});
    sw_tuple_set *set = make_set(task, SW_FAMILY_LABEL_PAIRS, NULL, SW_INPUTS_ALL);
    sw_tuple drawn[N];
    assert_true(sw_families[SW_FAMILY_LABEL_PAIRS]->candidates(task) > UINT32_MAX);
    assert_int_equal(sw_tuples_count(set), -1);
    sw_tuples_sample(set, drawn, N, 0, SW_STREAM_TUPLES, 0);
    size_t holds = 0;
    for (int j = 0; j < N; j++) {
        assert_true(drawn[j].input[0] != drawn[j].input[1]);
        assert_int_equal(task->label[drawn[j].input[0]], task->label[drawn[j].input[1]]);
        holds += task->label[drawn[j].input[0]] == 1;
    }
    assert_in_range(holds, 140, 260); /* (1/3)^2 / ((1/3)^2 + (2/3)^2) = 1/5 */
    sw_tuples_destroy(set);
    sw_task_destroy(task);
}

static void no_eligible_tuple_is_refused(void **state) {
    (void)state;
    sw_task *task = modular(SW_OP_ADD, 7);
    sw_tuple_set *set = (sw_tuple_set *)&set;
    int8_t split[49] = {0};
    split[3] = 1;
    assert_int_equal(sw_tuples_create(&set, task, SW_FAMILY_COMMUTATIVITY, split, SW_INPUTS_TRAIN), SW_E_CONFIG);
    assert_null(set);
    assert_non_null(strstr(sw_fail_message(), "symmetry.commutativity"));
    sw_tuples_destroy(NULL);
    sw_task_destroy(task);
}

/* Of 300^3 triples of nodes with a single train input: refused at once, not searched for ever. */
static void hardly_any_eligible_tuple_is_refused(void **state) {
    (void)state;
    sw_task *task = make((sw_task_config){.kind = SW_TASK_GRAPH, .graph = SW_GRAPH_PATH, .nodes = 300});
    sw_tuple_set *set = NULL;
    int8_t *split = make_split(task, 0.0);
    assert_int_equal(sw_tuples_create(&set, task, SW_FAMILY_TRIANGLE, split, SW_INPUTS_TRAIN), SW_E_CONFIG);
    assert_null(set);
    assert_non_null(strstr(sw_fail_message(), "hardly any"));
    free(split);
    sw_task_destroy(task);
}

typedef struct collected {
    const sw_task *task;
    uint64_t next;
    size_t count;
} collected;

/* Compares a visited tuple with the next exact one. */
static void compare_with_exact(void *context, const sw_tuple *tuple) {
    collected *c = context;
    const sw_family *family = sw_families[SW_FAMILY_ASSOCIATIVITY];
    sw_tuple exact;
    while (!family->candidate(c->task, c->next++, &exact)) assert_true(c->next < family->candidates(c->task));
    assert_true(same(tuple, &exact));
    c->count++;
}

static void right_predictions_give_the_exact_tuples(void **state) {
    (void)state;
    static const sw_operation_id operations[] = {SW_OP_ADD,    SW_OP_SUB, SW_OP_MUL,
                                                 SW_OP_CIRCLE, SW_OP_DIV, SW_OP_QUADRATIC};
    for (size_t o = 0; o < sizeof operations / sizeof operations[0]; o++) {
        sw_task *task = modular(operations[o], 11);
        sw_tuple_set *set = make_set(task, SW_FAMILY_ASSOCIATIVITY, NULL, SW_INPUTS_ALL);
        collected c = {.task = task};
        sw_tuples_each_predicted(set, task->true_label, compare_with_exact, &c);
        assert_int_equal(c.count, sw_tuples_count(set));
        sw_tuples_destroy(set);
        sw_task_destroy(task);
    }
}

static void count_tuple(void *context, const sw_tuple *tuple) {
    (void)tuple;
    ++*(size_t *)context;
}

/* A model that says 0 everywhere: (x y, z) and (x, y z) become (0, z) and (x, 0); div has no second operand 0. */
static void wrong_predictions_are_followed_or_refused(void **state) {
    (void)state;
    enum { P = 7, N = 50 };
    int32_t zero[P * P] = {0};
    sw_tuple drawn[N];
    sw_task *mul = modular(SW_OP_MUL, P), *div = modular(SW_OP_DIV, P);
    sw_tuple_set *set = make_set(mul, SW_FAMILY_ASSOCIATIVITY, NULL, SW_INPUTS_ALL);
    sw_tuple_set *none = make_set(div, SW_FAMILY_ASSOCIATIVITY, NULL, SW_INPUTS_ALL);
    size_t visited = 0;
    sw_tuples_each_predicted(set, zero, count_tuple, &visited);
    assert_int_equal(visited, P * P * P - P); /* x = z = 0 compares an input with itself */
    assert_int_equal(sw_tuples_sample_predicted(set, drawn, N, zero, 1, SW_STREAM_TUPLES, 1), N);
    for (int j = 0; j < N; j++) {
        assert_true(drawn[j].input[0] / P == 0 && drawn[j].input[1] % P == 0);
        assert_true(drawn[j].input[0] != drawn[j].input[1]);
    }
    visited = 0;
    sw_tuples_each_predicted(none, zero, count_tuple, &visited);
    assert_int_equal(visited, 0);
    assert_int_equal(sw_tuples_sample_predicted(none, drawn, N, zero, 1, SW_STREAM_TUPLES, 1), 0);
    sw_tuples_destroy(none);
    sw_tuples_destroy(set);
    sw_task_destroy(div);
    sw_task_destroy(mul);
}

/* Predicted tuples obey `inputs` too, and a draw is tried again under its own number. */
static void predicted_draws_stay_in_train(void **state) {
    (void)state;
    enum { N = 100 };
    sw_task *task = modular(SW_OP_SUB, 13);
    const sw_family *family = sw_families[SW_FAMILY_ASSOCIATIVITY];
    int8_t *split = make_split(task, 0.6);
    sw_tuple_set *set = make_set(task, SW_FAMILY_ASSOCIATIVITY, split, SW_INPUTS_TRAIN);
    int32_t prediction[169];
    sw_tuple drawn[N], expected;
    for (int i = 0; i < 169; i++) prediction[i] = (int32_t)sw_random_below(9, 9, 9, (uint64_t)i, 13);
    assert_int_equal(sw_tuples_sample_predicted(set, drawn, N, prediction, 5, SW_STREAM_TUPLES, 6), N);
    for (uint64_t j = 0; j < N; j++) {
        bool found = false;
        for (uint64_t a = 0; !found; a++) {
            const uint64_t i = sw_random_below(5, SW_STREAM_TUPLES, 6, j + (a << 32), 13 * 13 * 13);
            found = family->candidate_predicted(task, i, prediction, &expected) && in_train(&expected, 2, split);
        }
        assert_true(same(&drawn[j], &expected));
    }
    sw_tuples_destroy(set);
    free(split);
    sw_task_destroy(task);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(associativity_of_addition_is_counted),
        cmocka_unit_test(listed_sets_hold_the_train_tuples),
        cmocka_unit_test(a_listed_draw_is_a_function_of_its_number),
        cmocka_unit_test(a_rejected_draw_is_tried_again),
        cmocka_unit_test(listed_draws_are_uniform),
        cmocka_unit_test(rejected_draws_are_uniform),
        cmocka_unit_test(label_pairs_are_all_pairs_of_a_class),
        cmocka_unit_test(label_pairs_of_a_large_table),
        cmocka_unit_test(no_eligible_tuple_is_refused),
        cmocka_unit_test(hardly_any_eligible_tuple_is_refused),
        cmocka_unit_test(right_predictions_give_the_exact_tuples),
        cmocka_unit_test(wrong_predictions_are_followed_or_refused),
        cmocka_unit_test(predicted_draws_stay_in_train),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
