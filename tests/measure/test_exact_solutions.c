/* test_exact_solutions.c: hand-made solutions of every task: one-hot logits of margin 30 violate no family that holds,
 * by less than 1e-6; wrong and softened ones do, and families that do not hold are violated by the very solution. */
#include "symsweep/nn.h"
#include "symsweep/random.h"
#include "symsweep/task.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const sw_task_config configurations[] = {
    {.kind = SW_TASK_MODULAR, .operation = SW_OP_ADD, .p = 13},
    {.kind = SW_TASK_MODULAR, .operation = SW_OP_SUB, .p = 13},
    {.kind = SW_TASK_MODULAR, .operation = SW_OP_SUM_SQUARED, .p = 13},
    {.kind = SW_TASK_MODULAR, .operation = SW_OP_SUM_CUBED, .p = 11},
    {.kind = SW_TASK_MODULAR, .operation = SW_OP_MUL, .p = 13},
    {.kind = SW_TASK_MODULAR, .operation = SW_OP_MUL, .p = 12},
    {.kind = SW_TASK_MODULAR, .operation = SW_OP_CIRCLE, .p = 13},
    {.kind = SW_TASK_MODULAR, .operation = SW_OP_DIV, .p = 13},
    {.kind = SW_TASK_MODULAR, .operation = SW_OP_SUM_OF_SQUARES, .p = 13},
    {.kind = SW_TASK_MODULAR, .operation = SW_OP_QUADRATIC, .p = 13},
    {.kind = SW_TASK_MODULAR, .operation = SW_OP_CUBIC, .p = 13},
    {.kind = SW_TASK_GRAPH, .graph = SW_GRAPH_CYCLE, .nodes = 16},
    {.kind = SW_TASK_GRAPH, .graph = SW_GRAPH_PATH, .nodes = 16},
    {.kind = SW_TASK_GRAPH, .graph = SW_GRAPH_GRID, .side_count = 2, .sides = {4, 5}},
    {.kind = SW_TASK_GRAPH, .graph = SW_GRAPH_GRID3D, .side_count = 3, .sides = {3, 3, 3}},
    {.kind = SW_TASK_GRAPH, .graph = SW_GRAPH_CYLINDER, .side_count = 2, .sides = {5, 4}},
    {.kind = SW_TASK_GRAPH, .graph = SW_GRAPH_HYPERCUBE, .dimension = 4},
    {.kind = SW_TASK_GRAPH, .graph = SW_GRAPH_TORUS, .side_count = 2, .sides = {4, 5}},
    {.kind = SW_TASK_GRAPH, .graph = SW_GRAPH_TREE, .branching = 2, .depth = 3},
    {.kind = SW_TASK_COMPARISON, .form = SW_FORM_RELATION, .side_count = 2, .sides = {4, 4}},
    {.kind = SW_TASK_COMPARISON, .form = SW_FORM_RELATION, .side_count = 3, .sides = {3, 3, 3}},
    {.kind = SW_TASK_COMPARISON, .form = SW_FORM_THREE_WAY, .side_count = 2, .sides = {4, 4}, .attribute = 1},
    {.kind = SW_TASK_GROUP, .group = SW_GROUP_CYCLIC, .n = 12},
    {.kind = SW_TASK_GROUP, .group = SW_GROUP_PRODUCT, .factor_count = 2, .factors = {2, 6}},
    {.kind = SW_TASK_GROUP, .group = SW_GROUP_DIHEDRAL, .n = 5},
    {.kind = SW_TASK_GROUP, .group = SW_GROUP_SYMMETRIC, .n = 3},
};
enum { CONFIGURATIONS = sizeof configurations / sizeof configurations[0], SAMPLE = 20000 };

/* One task with the tuples of one family, and logits [N, C] to try on them. */
typedef struct fixture {
    sw_task *task;
    const sw_family *family;
    sw_tuple *tuples;
    size_t count;
    int32_t *maps;
    sw_real *logits;
} fixture;

static void set_up(fixture *f, sw_task *task, sw_family_id family) {
    sw_tuple_set *set = NULL;
    assert_int_equal(sw_tuples_create(&set, task, family, NULL, SW_INPUTS_ALL), SW_OK);
    f->task = task;
    f->family = sw_families[family];
    const bool listed = sw_tuples_count(set) >= 0;
    f->count = listed ? (size_t)sw_tuples_count(set) : SAMPLE;
    f->tuples = malloc(f->count * sizeof *f->tuples);
    f->logits = malloc(task->inputs * (size_t)task->classes * sizeof *f->logits);
    assert_true(f->tuples != NULL && f->logits != NULL);
    for (size_t i = 0; i < f->count && listed; i++) sw_tuples_get(set, (int64_t)i, &f->tuples[i]);
    if (!listed) sw_tuples_sample(set, f->tuples, SAMPLE, 0, SW_STREAM_EVALUATE + (uint32_t)family, 0);
    assert_int_equal(sw_families_class_maps(&f->maps, task, family), SW_OK);
    sw_tuples_destroy(set);
}

static void tear_down(fixture *f) {
    free(f->maps);
    free(f->logits);
    free(f->tuples);
}

/* logits = margin on the true label, plus noise of standard deviation `noise`. */
static void solve(fixture *f, double margin, double noise) {
    const size_t classes = (size_t)f->task->classes;
    for (size_t i = 0; i < f->task->inputs; i++) {
        for (size_t c = 0; c < classes; c++) {
            double normal[4];
            sw_random_normal4(normal, 1, SW_STREAM_MEASURE, i, c);
            f->logits[i * classes + c] = (sw_real)(noise * normal[0]);
        }
        f->logits[i * classes + (size_t)f->task->true_label[i]] += (sw_real)margin;
    }
}

/* Gives one input of tuple i another class. */
static void spoil(fixture *f, size_t i) {
    const size_t classes = (size_t)f->task->classes, input = (size_t)f->tuples[i].input[f->family->arity - 1];
    const size_t right = (size_t)f->task->true_label[input];
    f->logits[input * classes + (right + classes - 1) % classes] = f->logits[input * classes + right];
    f->logits[input * classes + right] = 0;
}

typedef struct violation {
    double mean, max;
    size_t disagreements;
} violation;

static violation measure(const fixture *f) {
    sw_divergence_spec spec = {.compare = f->family->compare, .classes = f->task->classes, .class_map = f->maps};
    sw_task_odds(f->task, &spec.odds_high, &spec.odds_low);
    sw_real *each = malloc(f->count * sizeof *each);
    int8_t *disagree = malloc(f->count);
    assert_true(each != NULL && disagree != NULL);
    sw_divergence_each(&spec, f->tuples, f->count, NULL, f->logits, each, disagree, NULL);
    violation found = {.mean = sw_divergence_mean(&spec, f->tuples, f->count, NULL, f->logits, 1.0, NULL)};
    for (size_t i = 0; i < f->count; i++) {
        assert_true(each[i] >= 0);
        if (each[i] > found.max) found.max = (double)each[i];
        found.disagreements += disagree[i] != 0;
    }
    free(disagree);
    free(each);
    return found;
}

static void each_family(void (*check)(fixture *f, bool holds)) {
    const sw_model_config model = {.kind = SW_MODEL_TRANSFORMER, .readout_token = true};
    size_t checked = 0;
    for (int c = 0; c < CONFIGURATIONS; c++) {
        sw_task *task = NULL;
        assert_int_equal(sw_task_create(&task, &configurations[c], &model, 0), SW_OK);
        for (int k = 0; k < SW_FAMILY_COUNT; k++) {
            if (!sw_families[k]->applies(&task->config)) continue;
            fixture f;
            set_up(&f, task, (sw_family_id)k);
            check(&f, sw_families[k]->holds(&task->config));
            tear_down(&f);
            checked++;
        }
        sw_task_destroy(task);
    }
    assert_true(checked > 2 * CONFIGURATIONS);
}

static void check_exact(fixture *f, bool holds) {
    solve(f, 30.0, 0.0);
    const violation v = measure(f);
    if (holds) {
        assert_true(v.max < 1e-6 && v.mean < 1e-6);
        assert_int_equal(v.disagreements, 0);
    } else {
        assert_true(v.max > 1.0 && v.disagreements > 0);
    }
}

static void check_spoilt(fixture *f, bool holds) {
    if (!holds) return;
    solve(f, 30.0, 0.0);
    spoil(f, f->count / 2);
    const violation v = measure(f);
    assert_true(v.max > 1.0 && v.mean > 0.0 && v.disagreements > 0);
}

static void check_softened(fixture *f, bool holds) {
    (void)holds;
    solve(f, 3.0, 0.5);
    const violation v = measure(f);
    assert_true(v.mean > 1e-3 && v.max > v.mean);
}

static void exact_solutions_violate_nothing_that_holds(void **state) {
    (void)state;
    each_family(check_exact);
}

static void one_wrong_answer_shows(void **state) {
    (void)state;
    each_family(check_spoilt);
}

static void noise_shows(void **state) {
    (void)state;
    each_family(check_softened);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exact_solutions_violate_nothing_that_holds),
        cmocka_unit_test(one_wrong_answer_shows),
        cmocka_unit_test(noise_shows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
