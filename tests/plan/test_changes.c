/* test_changes.c: the key `changes`: how it is read, its canonical form, what is wrong with it. */
#include "../config/parse.h"

#include "symsweep/changes.h"
#include "symsweep/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The configuration of a sweep whose run has these changes and other keys. */
static parsed of(sw_run_config *out, const char *changes, const char *more) {
    char text[2048];
    snprintf(text, sizeof text,
             "{\"run\": {\"task\": {\"kind\": \"modular\", \"p\": 7}, \"steps\": 100, \"changes\": %s%s}}", changes,
             more);
    parsed p = parse(text, SW_OK);
    resolve(out, &p, 0);
    return p;
}

static void identity_of(char id[SW_RUN_ID_LENGTH + 1], const char *changes, const char *more) {
    sw_run_config config;
    parsed p = of(&config, changes, more);
    assert_int_equal(sw_plan_identify(id, &config), SW_OK);
    discard(&p);
}

static void assert_same_run(const char *a, const char *b, const char *more, bool same) {
    char one[SW_RUN_ID_LENGTH + 1], other[SW_RUN_ID_LENGTH + 1];
    identity_of(one, a, more);
    identity_of(other, b, more);
    if (!strcmp(one, other) != same) fail_msg("%s and %s are %sone run", a, b, same ? "not " : "");
}

static void what_changes_nothing_leaves_no_trace(void **state) {
    (void)state;
    assert_same_run("[]", "[{\"at\": 5, \"optimizer.weight_decay\": 1}]", "", true);
    assert_same_run("[]", "[{\"at\": 5, \"freeze\": []}]", "", true);
    assert_same_run("[]", "[{\"at\": 5, \"optimizer.weight_decay\": 2}]", "", false);
    const char *there_and_on =
        "[{\"at\": 9, \"optimizer.weight_decay\": 0}, {\"at\": 5, \"optimizer.weight_decay\": 1}, "
        "{\"at\": 12, \"optimizer.weight_decay\": 0.0}]";
    assert_same_run("[{\"at\": 9, \"optimizer.weight_decay\": 0}]", there_and_on, "", true);
    /* In any order, in one entry or in several; names in any order too. */
    assert_same_run("[{\"at\": 9, \"freeze\": [\"b\", \"a\", \"b\"], \"optimizer.learning_rate\": 1}]",
                    "[{\"at\": 9, \"optimizer.learning_rate\": 1}, {\"at\": 9, \"freeze\": [\"a\", \"b\"]}]", "", true);
    assert_same_run("[{\"at\": 9, \"freeze\": [\"a\"]}]", "[{\"at\": 9, \"freeze\": [\"b\"]}]", "", false);
    assert_same_run("[{\"at\": 9, \"freeze\": [\"a\"]}, {\"at\": 20, \"freeze\": [\"a\"]}]",
                    "[{\"at\": 9, \"freeze\": [\"a\"]}]", "", true);
    /* It is the run's value that counts, not the default. */
    assert_same_run("[]", "[{\"at\": 5, \"optimizer.weight_decay\": 1}]", ", \"optimizer\": {\"weight_decay\": 3}",
                    false);
}

static void options_act_where_a_weight_comes_later(void **state) {
    (void)state;
    sw_run_config config, reduced;
    const char *options = ", \"symmetry\": {\"commutativity\": {\"tuples_per_step\": 9}}";
    parsed p = of(&config, "[]", options);
    assert_true(sw_config_reduce(&reduced, &config));
    discard(&p);
    p = of(&config, "[{\"at\": 5, \"symmetry.commutativity.weight\": 1}]", options);
    assert_false(sw_config_reduce(&reduced, &config));
    discard(&p);
}

static void it_is_what_it_says_after_each_step(void **state) {
    (void)state;
    sw_run_config config, made;
    parsed p = of(&config,
                  "[{\"at\": 5, \"symmetry.commutativity.weight\": 1, \"freeze\": [\"layers.0\"]}, "
                  "{\"at\": 20, \"symmetry.commutativity.weight\": 0, \"train_fraction\": 0.25}, "
                  "{\"at\": 30, \"symmetry.commutativity.weight\": -2, \"freeze\": []}]",
                  "");
    const sw_family_config *family = &made.symmetry[SW_FAMILY_COMMUTATIVITY];
    static const struct {
        int64_t t, from, next;
        double weight, fraction;
        bool frozen;
    } expected[] = {{0, 0, 5, 0, 0.5, false},
                    {4, 0, 5, 0, 0.5, false},
                    {5, 5, 20, 1, 0.5, true},
                    {19, 5, 20, 1, 0.5, true},
                    {20, 5, 30, 0, 0.25, true},
                    {29, 5, 30, 0, 0.25, true},
                    {30, 30, SW_CHANGES_ALL, -2, 0.25, false},
                    {99, 30, SW_CHANGES_ALL, -2, 0.25, false}};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        sw_changes_made(&made, &config, expected[i].t);
        assert_true(family->weight == expected[i].weight && made.train_fraction == expected[i].fraction);
        assert_int_equal(family->from_step, expected[i].from);
        assert_int_equal(sw_changes_next(&config, expected[i].t), expected[i].next);
        const char *names = sw_changes_frozen(&config, expected[i].t);
        assert_int_equal(sw_changes_names_tensor(names, "layers.0.mlp.in"), expected[i].frozen);
        assert_false(sw_changes_names_tensor(names, "layers.01") || sw_changes_names_tensor(names, "layers"));
    }
    sw_changes_widest(&made, &config, 19);
    assert_true(family->weight == 1 && made.train_fraction == 0.5);
    sw_changes_widest(&made, &config, SW_CHANGES_ALL);
    assert_true(family->weight == 1 && made.train_fraction == 0.5);
    /* And as JSON, and back. */
    sw_json *json;
    assert_int_equal(sw_json_create(&json), SW_OK);
    sw_config_write(json, &config);
    assert_int_equal(sw_config_read(&made, sw_json_text(json), NULL), SW_OK);
    assert_memory_equal(&made.changes, &config.changes, sizeof made.changes);
    sw_json_destroy(json);
    discard(&p);
}

/* One error, at the path. */
static void expect(const char *changes, const char *more, const char *path, const char *message) {
    char text[2048];
    snprintf(text, sizeof text, "{\"run\": {\"task\": {\"kind\": \"modular\"}, \"steps\": 100, \"changes\": %s%s}}",
             changes, more);
    parsed p = {NULL, NULL};
    sw_plan *plan = NULL;
    assert_int_equal(sw_diagnostics_create(&p.diagnostics), SW_OK);
    sw_status status = sw_sweep_parse(&p.sweep, text, strlen(text), "folder/file.json", p.diagnostics);
    if (status == SW_OK && sw_diagnostics_errors(p.diagnostics) == 0)
        status = sw_plan_create(&plan, p.sweep, p.diagnostics);
    assert_int_equal(sw_diagnostics_errors(p.diagnostics), 1);
    const sw_diagnostic *found = sw_diagnostics_get(p.diagnostics, 0);
    assert_string_equal(found->path, path);
    if (!strstr(found->message, message)) fail_msg("%s: %s", path, found->message);
    sw_plan_destroy(plan);
    discard(&p);
}

static void faults_are_told_with_the_path_of_the_entry(void **state) {
    (void)state;
    expect("5", "", "run.changes", "expected an array of changes, found 5");
    expect("[5]", "", "run.changes[0]", "expected an object");
    expect("[{\"optimizer.weight_decay\": 0}]", "", "run.changes[0]", "at is missing");
    expect("[{\"at\": 0, \"optimizer.weight_decay\": 0}]", "", "run.changes[0].at", "expected integer 1..1000000000");
    expect("[{\"at\": 5}]", "", "run.changes[0]", "nothing changes after step 5");
    expect("[{\"at\": 5, \"optimizer.decoy\": 0}]", "", "run.changes[0].optimizer.decoy", "unknown key");
    expect("[{\"at\": 5, \"optimizer.beta1\": 0}]", "", "run.changes[0].optimizer.beta1", "does not change while");
    expect("[{\"at\": 5, \"optimizer.learning_rate\": 0}]", "", "run.changes[0].optimizer.learning_rate",
           "expected number > 0, found 0");
    expect("[{\"at\": 5, \"freeze\": \"a\"}]", "", "run.changes[0].freeze", "expected an array of tensor names");
    expect("[{\"at\": 5, \"freeze\": [\"a b\"]}]", "", "run.changes[0].freeze[0]", "expected the name of a tensor");
    expect("[{\"at\": 5, \"train_fraction\": 0.3}, {\"at\": 5, \"train_fraction\": 0.2}]", "",
           "run.changes[1].train_fraction", "the key is set twice after step 5");
    expect("[{\"at\": 100, \"optimizer.weight_decay\": 0}]", "", "run.changes[0].optimizer.weight_decay",
           "nothing is trained after step 100: the run has 100 steps");
    expect("[{\"at\": 9, \"train_fraction\": 0.3}, {\"at\": 10, \"train_fraction\": 0.4}]", "",
           "run.changes[1].train_fraction", "train_fraction grows from 0.3 to 0.4");
    expect("[{\"at\": 5, \"train_fraction\": 0.3}]", ", \"train_inputs\": 9", "run.changes[0].train_fraction",
           "cannot change where train_inputs");
    expect("[{\"at\": 5, \"freeze\": [\"token_embedding\"]}, {\"at\": 9, \"freeze\": [\"layers.1\"]}]", "",
           "run.changes[1].freeze", "the model has no tensor layers.1");
    expect("[{\"at\": 5, \"symmetry.triangle.weight\": 1}]", "", "run.changes[0].symmetry.triangle.weight",
           "triangle is not defined");
}

static void more_than_there_may_be(void **state) {
    (void)state;
    char text[4096] = "[";
    size_t used = 1;
    for (int i = 0; i <= SW_CHANGES_MAX; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s{\"at\": %d, \"train_fraction\": 0.%d}",
                                 i ? ", " : "", i + 1, 90 - i);
    snprintf(text + used, sizeof text - used, "]");
    expect(text, "", "run.changes[16].train_fraction", "a run has at most 16 changes");
    used = (size_t)snprintf(text, sizeof text, "[{\"at\": 5, \"freeze\": [");
    for (int i = 0; i < 12; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s\"layers.%d.attention.output\"", i ? ", " : "", i);
    snprintf(text + used, sizeof text - used, "]}]");
    expect(text, "", "run.changes[0].freeze", "the names have more than 255 bytes");
}

static void it_may_be_an_axis(void **state) {
    (void)state;
    sw_run_config config;
    parsed p = parse("{" BASE ", \"grid\": {\"changes\": [[], [{\"at\": 3, \"train_fraction\": 0.1}]]}, "
                     "\"cases\": [{\"steps\": [1000, 2000]}]}",
                     SW_OK);
    assert_int_equal(sw_sweep_run_count(p.sweep), 4);
    resolve(&config, &p, 1);
    assert_int_equal(config.changes.count, 1);
    discard(&p);
    p = parse("{" BASE ", \"cases\": [{\"changes\": [{\"at\": 3, \"train_fraction\": 0.1}]}, "
              "{\"changes\": [[], [{\"at\": 3, \"train_fraction\": 0.2}]]}]}",
              SW_OK);
    assert_int_equal(sw_sweep_run_count(p.sweep), 3);
    sw_axis_value value;
    assert_int_equal(sw_sweep_resolve(p.sweep, 2, &config, NULL, &value, p.diagnostics), SW_OK);
    assert_string_equal(value.string, "[{\"at\":3,\"train_fraction\":0.2}]");
    discard(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_changes_nothing_leaves_no_trace),
        cmocka_unit_test(options_act_where_a_weight_comes_later),
        cmocka_unit_test(it_is_what_it_says_after_each_step),
        cmocka_unit_test(faults_are_told_with_the_path_of_the_entry),
        cmocka_unit_test(more_than_there_may_be),
        cmocka_unit_test(it_may_be_an_axis),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
