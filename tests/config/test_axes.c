/* test_axes.c: generators in lists, axes of cases, steps of drawn integers, conditions of `exclude`. */
#include "parse.h"

#include <stdio.h>

/* The value of the axis `path` in run k. */
static sw_axis_value axis_of(const parsed *p, uint64_t k, const char *path) {
    sw_axis_value values[16];
    sw_run_config config;
    assert_in_range(sw_sweep_axis_count(p->sweep), 1, 16);
    assert_int_equal(sw_sweep_resolve(p->sweep, k, &config, NULL, values, NULL), SW_OK);
    for (size_t a = 0; a < sw_sweep_axis_count(p->sweep); a++)
        if (!strcmp(sw_sweep_axis(p->sweep, a)->path, path)) return values[a];
    fail_msg("no axis %s", path);
    return values[0];
}

/* The only diagnostic has this path, and `message` in its message. */
static void expect(const char *text, const char *path, const char *message) {
    parsed p = parse(text, SW_E_CONFIG);
    const sw_diagnostic *item = sw_diagnostics_get(p.diagnostics, 0);
    assert_int_equal(sw_diagnostics_count(p.diagnostics), 1);
    assert_string_equal(item->path, path);
    if (!strstr(item->message, message)) fail_msg("%s: %s", item->path, item->message);
    discard(&p);
}

/* ---- generators in lists ---- */

static void lists_hold_generators(void **state) {
    (void)state;
    static const double decay[] = {0, 0.01, 0.1, 1, 5, 6, 7};
    parsed p = parse("{" BASE ", \"grid\": {\"optimizer.weight_decay\": [0, {\"logspace\": [0.01, 1, 3]}, "
                     "{\"range\": [5, 8]}]}, \"zip\": {\"seed\": [{\"range\": [3, 5]}, 9], "
                     "\"model.d_model\": [64, {\"linspace\": [128, 256, 2]}]}}",
                     SW_OK);
    assert_int_equal(sw_sweep_run_count(p.sweep), 21);
    for (uint64_t k = 0; k < 21; k++) {
        static const int seeds[] = {3, 4, 9}, widths[] = {64, 128, 256};
        sw_run_config c;
        resolve(&c, &p, k);
        assert_true(c.optimizer.weight_decay == decay[k % 7]);
        assert_int_equal(c.seed, seeds[k / 7]);
        assert_int_equal(c.model.d_model, widths[k / 7]);
    }
    discard(&p);
    p = parse("{" BASE ", \"random\": {\"samples\": 50, \"seed\": {\"choice\": [1, {\"range\": [5, 7]}]}}}", SW_OK);
    int seen[7] = {0};
    for (uint64_t k = 0; k < 50; k++) {
        sw_run_config c;
        resolve(&c, &p, k);
        assert_in_range(c.seed, 1, 6);
        seen[c.seed]++;
    }
    assert_true(seen[1] && seen[5] && seen[6] && seen[1] + seen[5] + seen[6] == 50);
    discard(&p);
}

static void what_is_wrong_within_a_list_is_told_there(void **state) {
    (void)state;
    expect("{" BASE ", \"grid\": {\"seed\": [1, {\"rnage\": [0, 3]}]}}", "grid.seed[1].rnage", "unknown generator");
    expect("{" BASE ", \"grid\": {\"seed\": [1, {\"range\": [0, 3]}]}}", "grid.seed[1].range", "has this value twice");
    expect("{" BASE ", \"grid\": {\"seed\": [1, {\"range\": [3, 3]}]}}", "grid.seed[1].range", "the range is empty");
    expect("{" BASE ", \"grid\": {\"steps\": [900, {\"linspace\": [0, 3000, 4]}]}}", "grid.steps[1].linspace",
           "found 0");
    expect("{" BASE ", \"grid\": {\"seed\": [{\"range\": [0, 150000]}, {\"range\": [150000, 300000]}]}}", "grid.seed",
           "300000 values");
    expect("{" BASE
           ", \"grid\": {\"seed\": [{\"range\": [0, 150000]}], \"steps\": [500, {\"range\": [1000, 150998]}]}}",
           "grid", "22499850000 runs");
    expect("{" BASE ", \"grid\": {\"model.kind\": [\"mlp\", {\"range\": [0, 1]}]}}", "grid.model.kind[1].range",
           "expected one of");
}

/* ---- axes of cases ---- */

static void keys_of_a_case_may_vary(void **state) {
    (void)state;
    parsed p =
        parse("{" BASE ", \"cases\": [{\"label\": \"plain\"}, {\"label\": \"swept\", \"optimizer.weight_decay\": "
              "[0, {\"logspace\": [0.01, 0.1, 2]}], \"model\": {\"d_model\": [32, 128], \"heads\": 2}}, "
              "{\"symmetry.consistency.weight\": {\"range\": [1, 3]}}], \"grid\": {\"seed\": [5, 6]}}",
              SW_OK);
    static const double decay[] = {0, 0.01, 0.1};
    assert_int_equal(sw_sweep_run_count(p.sweep), 2 * (1 + 6 + 2));
    for (uint64_t k = 0; k < 18; k++) {
        const uint64_t variant = k / 2;
        const bool swept = variant >= 1 && variant < 7;
        sw_run_config c;
        resolve(&c, &p, k);
        assert_int_equal(c.seed, 5 + k % 2);
        assert_string_equal(sw_sweep_case(p.sweep, k), swept ? "swept" : variant ? "case 2" : "plain");
        assert_true(c.optimizer.weight_decay == (swept ? decay[(variant - 1) / 2] : 1));
        assert_int_equal(c.model.d_model, swept ? ((variant - 1) % 2 ? 128 : 32) : 64); /* the later key is fastest */
        assert_int_equal(c.model.heads, swept ? 2 : 4);
        assert_true(c.symmetry[SW_FAMILY_ASSOCIATIVITY].weight == (variant < 7 ? 0 : (double)variant - 6));
        assert_true(axis_of(&p, k, "optimizer.weight_decay").real == c.optimizer.weight_decay);
        assert_int_equal(axis_of(&p, k, "model.d_model").integer, c.model.d_model);
        assert_true(axis_of(&p, k, "symmetry.consistency.weight").real == c.symmetry[SW_FAMILY_COMMUTATIVITY].weight);
    }
    sw_position place;
    assert_true(sw_sweep_locate(p.sweep, 5, "optimizer.weight_decay", &place));
    assert_string_equal(place.path, "cases[1].optimizer.weight_decay[0]");
    discard(&p);
}

/* A kind that no run has is named among the axes of the first run that is wrong. */
static void runs_without_a_kind_are_described(void **state) {
    (void)state;
    parsed p = parse("{\"run\": {}, \"cases\": [{\"label\": \"a\"}, {\"label\": \"b\", \"task.kind\": \"modular\"}]}",
                     SW_E_CONFIG);
    assert_int_equal(sw_diagnostics_count(p.diagnostics), 1);
    assert_non_null(strstr(sw_diagnostics_get(p.diagnostics, 0)->message, "task.kind is missing"));
    assert_non_null(strstr(sw_diagnostics_get(p.diagnostics, 0)->message, "in run 0 a (task.kind without effect)"));
    discard(&p);
}

static void lists_are_values_of_keys_that_take_lists(void **state) {
    (void)state;
    sw_run_config c;
    parsed p = parse(
        "{\"run\": {\"task\": {\"kind\": \"graph\", \"graph\": \"torus\"}}, \"cases\": [{\"task.sides\": [5, 6]}, "
        "{\"task.sides\": [[3, 4], [3, 4, 5]]}]}",
        SW_OK);
    assert_int_equal(sw_sweep_run_count(p.sweep), 3);
    resolve(&c, &p, 0);
    assert_int_equal(c.task.sides[1], 6);
    resolve(&c, &p, 1);
    assert_int_equal(c.task.side_count, 2);
    resolve(&c, &p, 2);
    assert_int_equal(c.task.side_count, 3);
    assert_string_equal(axis_of(&p, 2, "task.sides").string, "[3,4,5]");
    discard(&p);
}

static void faults_of_a_case_are_told(void **state) {
    (void)state;
    expect("{" BASE ", \"cases\": [{\"seed\": []}]}", "cases[0].seed", "without values");
    expect("{" BASE ", \"cases\": [{\"seed\": [1, 2, 1]}]}", "cases[0].seed[2]", "twice");
    expect("{" BASE ", \"cases\": [{\"seed\": {\"rang\": [1, 2]}}]}", "cases[0].seed.rang", "unknown generator");
    expect("{" BASE ", \"cases\": [{\"seed\": [1, 2]}], \"grid\": {\"seed\": [3]}}", "cases[0].seed",
           "an axis already, in grid");
    expect("{" BASE ", \"cases\": [{\"seed\": {\"range\": [0, 200000]}}, {\"label\": \"b\"}]}", "cases",
           "the axes make 200001 runs");
    expect("{" BASE ", \"cases\": [{\"optimizer.momentum\": [0.1, 0.2]}]}", "cases[0].optimizer.momentum",
           "concerns no run");
}

/* Values of which the first 127 bytes are the same. */
static void long_values_of_an_axis_stay_apart(void **state) {
    (void)state;
    char text[2048], list[512] = "";
    for (int i = 0; i < 40; i++) sprintf(list + strlen(list), "%d, ", 1000 + i);
    snprintf(text, sizeof text,
             "{" BASE ", \"cases\": [{\"evaluate.snapshot_steps\": [[%s2000, 9000], [%s2001, 9000]]}]}", list, list);
    parsed p = parse(text, SW_OK);
    sw_axis_value a = axis_of(&p, 0, "evaluate.snapshot_steps"), b = axis_of(&p, 1, "evaluate.snapshot_steps");
    assert_string_not_equal(a.string, b.string);
    assert_non_null(strstr(a.string, "..."));
    char one[400], other[400], small[64];
    sw_sweep_describe(one, sizeof one, p.sweep, 0);
    sw_sweep_describe(other, sizeof other, p.sweep, 1);
    assert_string_not_equal(strchr(one, '('), strchr(other, '('));
    sw_sweep_describe(small, sizeof small, p.sweep, 0); /* what does not fit is not cut in the middle */
    assert_string_equal(small, "run 0 case 0 (...)");
    discard(&p);
}

static void two_cases_of_one_label_are_refused(void **state) {
    (void)state;
    char text[512], label[140];
    expect("{" BASE ", \"cases\": [{\"label\": \"case 1\"}, {\"seed\": 1}]}", "cases[1]", "stands at case 0 already");
    memset(label, 'x', sizeof label);
    label[128] = '\0';
    snprintf(text, sizeof text, "{" BASE ", \"cases\": [{\"label\": \"%s\"}]}", label);
    expect(text, "cases[0].label", "at most 127 bytes, this one has 128");
    label[127] = '\0';
    snprintf(text, sizeof text, "{" BASE ", \"cases\": [{\"label\": \"%s\"}]}", label);
    parsed p = parse(text, SW_OK);
    assert_string_equal(sw_sweep_case(p.sweep, 0), label);
    discard(&p);
}

/* ---- drawn integers ---- */

static void drawn_integers_keep_their_step(void **state) {
    (void)state;
    parsed p = parse("{" BASE ", \"random\": {\"samples\": 400, \"model.d_model\": {\"integer\": [32, 65, 16]}, "
                     "\"seed\": {\"integer\": [3, 6]}}}",
                     SW_OK);
    int widths[5] = {0};
    for (uint64_t k = 0; k < 400; k++) {
        sw_run_config c;
        resolve(&c, &p, k);
        assert_int_equal(c.model.d_model % 16, 0);
        assert_in_range(c.model.d_model, 32, 64);
        assert_in_range(c.seed, 3, 5);
        widths[c.model.d_model / 16]++;
    }
    assert_true(widths[2] > 80 && widths[3] > 80 && widths[4] > 80); /* 133 expected, standard deviation 9.4 */
    discard(&p);
    expect("{" BASE ", \"random\": {\"samples\": 2, \"seed\": {\"integer\": [0, 9, 0]}}}", "random.seed.integer[2]",
           "expected integer 1..");
    expect("{" BASE ", \"random\": {\"samples\": 2, \"train_fraction\": {\"uniform\": [0.1, 0.9, 0.1]}}}",
           "random.train_fraction.uniform", "expected two numbers");
}

static void minus_zero_is_zero(void **state) {
    (void)state;
    sw_run_config a, b;
    parsed p = parse("{" BASE ", \"cases\": [{\"optimizer.weight_decay\": 0}, {\"optimizer.weight_decay\": -0.0}, "
                     "{\"optimizer.weight_decay\": -0}]}",
                     SW_OK);
    resolve(&a, &p, 0);
    for (uint64_t k = 1; k < 3; k++) {
        resolve(&b, &p, k);
        assert_memory_equal(&a, &b, sizeof a);
    }
    discard(&p);
    expect("{" BASE ", \"grid\": {\"optimizer.weight_decay\": [0, -0.0]}}", "grid.optimizer.weight_decay[1]", "twice");
}

/* ---- exclude ---- */

#define WIDTHS                                                                                                         \
    BASE ", \"grid\": {\"model.d_model\": [24, 48, 64], \"model.heads\": [1, 3, 4], \"seed\": {\"range\": [0, 5]}}"

/* How many runs the conditions leave of the 45. */
static uint64_t left_by(const char *conditions) {
    char text[1024];
    snprintf(text, sizeof text, "{" WIDTHS ", \"exclude\": [{\"model.d_model\": 64, \"model.heads\": 3}%s%s]}",
             conditions[0] ? ", " : "", conditions);
    parsed p = parse(text, SW_OK);
    assert_int_equal(sw_diagnostics_count(p.diagnostics), 0);
    const uint64_t count = sw_sweep_run_count(p.sweep);
    assert_int_equal(count + sw_sweep_excluded(p.sweep), 45);
    discard(&p);
    return count;
}

static void runs_that_meet_a_condition_are_left_out(void **state) {
    (void)state;
    assert_int_equal(left_by(""), 40); /* the point that could not be is no error */
    assert_int_equal(left_by("{\"seed\": 2}"), 32);
    assert_int_equal(left_by("{\"seed\": [2, {\"range\": [0, 2]}]}"), 16);
    assert_int_equal(left_by("{\"seed\": {\"above\": 2}}"), 24);
    assert_int_equal(left_by("{\"seed\": {\"above\": 1, \"below\": 3}, \"model\": {\"heads\": 1}}"), 37);
    assert_int_equal(left_by("{\"model.d_head\": 24}"), 35); /* a default counts as what it is */
    assert_int_equal(left_by("{\"seed\": 1}, {\"seed\": [1, 3]}"), 24);
    /* Those that stay keep their order. */
    parsed p = parse("{" BASE ", \"grid\": {\"seed\": {\"range\": [0, 6]}}, \"exclude\": [{\"seed\": [0, 3]}]}", SW_OK);
    static const uint32_t seeds[] = {1, 2, 4, 5};
    assert_int_equal(sw_sweep_run_count(p.sweep), 4);
    for (uint64_t k = 0; k < 4; k++) {
        sw_run_config c;
        sw_position place;
        resolve(&c, &p, k);
        assert_int_equal(c.seed, seeds[k]);
        assert_int_equal(axis_of(&p, k, "seed").integer, seeds[k]);
        assert_true(sw_sweep_locate(p.sweep, k, "seed", &place));
    }
    discard(&p);
}

static void conditions_ask_for_labels_and_both_keys_of_an_alias(void **state) {
    (void)state;
    parsed p = parse("{" BASE ", \"cases\": [{\"label\": \"a\"}, {\"label\": \"b\"}, {\"label\": \"c\", "
                     "\"symmetry.commutativity.weight\": 1}, {\"label\": \"d\", \"symmetry.consistency.weight\": 1}], "
                     "\"grid\": {\"seed\": [0, 1], \"optimizer.kind\": [\"adamw\", \"sgd\"]}, "
                     "\"exclude\": [{\"label\": \"a\", \"seed\": 1}, {\"label\": [\"b\"]}, "
                     "{\"symmetry.consistency.weight\": 1}, {\"optimizer.momentum\": {\"above\": 0.5}}]}",
                     SW_OK);
    /* Momentum does not concern AdamW, so it is not met there. */
    static const char *const labels[] = {"a", "c", "c"};
    assert_int_equal(sw_sweep_run_count(p.sweep), 3);
    for (uint64_t k = 0; k < 3; k++) assert_string_equal(sw_sweep_case(p.sweep, k), labels[k]);
    discard(&p);
}

static void conditions_that_cannot_be_are_told(void **state) {
    (void)state;
#define EXCLUDE(conditions) "{" BASE ", \"grid\": {\"seed\": [0, 1]}, \"exclude\": " conditions "}"
    expect(EXCLUDE("{}"), "exclude", "expected an array of conditions, found an object");
    expect(EXCLUDE("[3]"), "exclude[0]", "expected an object of keys, found 3");
    expect(EXCLUDE("[{}]"), "exclude[0]", "without keys");
    expect(EXCLUDE("[{\"sede\": 1}]"), "exclude[0].sede", "unknown key");
    expect(EXCLUDE("[{\"seed\": -1}]"), "exclude[0].seed", "expected integer");
    expect(EXCLUDE("[{\"seed\": [0, \"x\"]}]"), "exclude[0].seed[1]", "expected integer");
    expect(EXCLUDE("[{\"seed\": {\"over\": 1}}]"), "exclude[0].seed.over", "expected above or below");
    expect(EXCLUDE("[{\"seed\": {\"above\": \"1\"}}]"), "exclude[0].seed.above", "expected a number");
    expect(EXCLUDE("[{\"seed\": {\"above\": 1, \"below\": 1}}]"), "exclude[0].seed", "no number is above");
    expect(EXCLUDE("[{\"model.kind\": {\"above\": 1}}]"), "exclude[0].model.kind", "takes no numbers");
    expect(EXCLUDE("[{\"label\": \"a\"}]"), "exclude[0].label", "no case has the label \"a\"");
    expect(EXCLUDE("[{\"seed\": [0, 1]}]"), "exclude", "every run of the sweep is left out");
    expect("{" BASE
           ", \"grid\": {\"steps\": [900, 901]}, \"refine\": {\"axes\": [\"steps\"]}, \"exclude\": [{\"steps\": 900}]}",
           "exclude", "refine needs every point");
    expect("{" BASE ", \"grid\": {\"seed\": [0, 1]}, \"exclude\": [{\"seed\": {\"range\": [1, 50000]}}]}", "exclude",
           "at most 20000");
    parsed p = parse(EXCLUDE("[{\"seed\": 5}]"), SW_OK);
    const sw_diagnostic *item = sw_diagnostics_get(p.diagnostics, 0);
    assert_true(sw_diagnostics_count(p.diagnostics) == 1 && item->warning);
    assert_non_null(strstr(item->message, "leaves nothing out"));
    discard(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_hold_generators),
        cmocka_unit_test(what_is_wrong_within_a_list_is_told_there),
        cmocka_unit_test(keys_of_a_case_may_vary),
        cmocka_unit_test(lists_are_values_of_keys_that_take_lists),
        cmocka_unit_test(faults_of_a_case_are_told),
        cmocka_unit_test(two_cases_of_one_label_are_refused),
        cmocka_unit_test(runs_without_a_kind_are_described),
        cmocka_unit_test(long_values_of_an_axis_stay_apart),
        cmocka_unit_test(drawn_integers_keep_their_step),
        cmocka_unit_test(minus_zero_is_zero),
        cmocka_unit_test(runs_that_meet_a_condition_are_left_out),
        cmocka_unit_test(conditions_ask_for_labels_and_both_keys_of_an_alias),
        cmocka_unit_test(conditions_that_cannot_be_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
