/* test_plan.c: identities, expansion into a plan, order, parts and makespan. */
#include "symsweep/plan.h"
#include "symsweep/sha256.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static sw_plan *plan_of(const char *text, sw_diagnostics *diagnostics, sw_status expected) {
    sw_sweep *sweep = NULL;
    sw_plan *plan = NULL;
    assert_int_equal(sw_sweep_parse(&sweep, text, strlen(text), "file.json", diagnostics), SW_OK);
    assert_int_equal(sw_plan_create(&plan, sweep, diagnostics), expected);
    assert_int_equal(plan == NULL, expected != SW_OK);
    sw_sweep_destroy(sweep);
    return plan;
}

/* The identity of the only run of a sweep whose `run` is given. */
static void identity_of(char id[SW_RUN_ID_LENGTH + 1], const char *run) {
    char text[2048];
    sw_diagnostics *diagnostics;
    assert_int_equal(sw_diagnostics_create(&diagnostics), SW_OK);
    snprintf(text, sizeof text, "{\"run\": %s}", run);
    sw_plan *plan = plan_of(text, diagnostics, SW_OK);
    assert_int_equal(plan->count, 1);
    memcpy(id, plan->runs[0].id, SW_RUN_ID_LENGTH + 1);
    assert_int_equal(strlen(id), SW_RUN_ID_LENGTH);
    sw_plan_destroy(plan);
    sw_diagnostics_destroy(diagnostics);
}

#define SAME(a, b)                                                                                                     \
    do {                                                                                                               \
        char x[SW_RUN_ID_LENGTH + 1], y[SW_RUN_ID_LENGTH + 1];                                                         \
        identity_of(x, a);                                                                                             \
        identity_of(y, b);                                                                                             \
        assert_string_equal(x, y);                                                                                     \
    } while (0)
#define DIFFERENT(a, b)                                                                                                \
    do {                                                                                                               \
        char x[SW_RUN_ID_LENGTH + 1], y[SW_RUN_ID_LENGTH + 1];                                                         \
        identity_of(x, a);                                                                                             \
        identity_of(y, b);                                                                                             \
        assert_string_not_equal(x, y);                                                                                 \
    } while (0)

#define MODULAR "{\"task\": {\"kind\": \"modular\"}"

static void identities_are_golden(void **state) {
    (void)state;
    char id[SW_RUN_ID_LENGTH + 1], expected[SW_RUN_ID_LENGTH + 1];
    /* These digests name runs in files that exist: they never change while the identity's version is 1. */
    identity_of(id, MODULAR "}");
    assert_string_equal(id, "8c4c3f686aca7f6e5dcc2318a1fa2a47a493849d7c0028b53b7b070f0dfa16b4");
    static const char text[] = "{\"config\":{\"task\":{\"kind\":\"modular\"}},\"identity_version\":1}";
    uint8_t digest[SW_SHA256_BYTES];
    assert_int_equal(sw_sha256(digest, text, strlen(text)), SW_OK);
    sw_sha256_hex(expected, digest);
    assert_string_equal(id, expected);
    identity_of(id,
                "{\"task\": {\"kind\": \"graph\", \"graph\": \"torus\", \"sides\": [5, 6]}, \"train_fraction\": 0.8, "
                "\"model\": {\"d_model\": 128}, \"optimizer\": {\"weight_decay\": 3, \"kind\": \"sgd\", "
                "\"learning_rate\": 0.1}, \"symmetry\": {\"triangle\": {\"weight\": 0.5, \"tuples_per_step\": "
                "\"all\"}}, \"seed\": 11}");
    assert_string_equal(id, "8c0ce3cec2cd1269470c3381517bfb396ed7fec4fa436374001e25b7eb78284b");
}

static void a_default_spelled_out_changes_nothing(void **state) {
    (void)state;
    SAME(MODULAR "}", "{\"task\": {\"operation\": \"add\", \"kind\": \"modular\", \"p\": 59}, \"seed\": 0, "
                      "\"data_seed\": 0, \"model\": {\"d_head\": 16, \"d_mlp\": 256, \"layers\": 1}, \"steps\": 1e4, "
                      "\"optimizer\": {\"batch_size\": \"full\", \"learning_rate\": 0.001, \"epsilon\": 1e-08}}");
    SAME(MODULAR "}", MODULAR ", \"model\": {\"activation\": \"relu\", \"bias\": true, \"init_scale\": 1}, "
                              "\"optimizer\": {\"decay\": \"all\"}, \"loss\": {\"kind\": \"cross_entropy\"}}");
    SAME(MODULAR ", \"seed\": 3}", MODULAR ", \"seed\": 3, \"data_seed\": 3}");
    SAME(MODULAR ", \"train_fraction\": 0.3}", MODULAR ", \"train_fraction\": 3e-1}");
}

static void what_changes_no_number_changes_no_identity(void **state) {
    (void)state;
    SAME(MODULAR "}", MODULAR ", \"save\": {\"parameters\": true, \"embedding\": true, \"split\": true}, "
                              "\"checkpoint\": {\"every_seconds\": 1}, \"phase\": {\"tau\": 0.01, \"gap\": 5, "
                              "\"accuracy\": 0.9, \"family\": \"scaling\"}}");
}

static void generated_steps_are_the_listed_ones(void **state) {
    (void)state;
    SAME(MODULAR ", \"evaluate\": {\"snapshot_steps\": [1, 2, 3, 10]}}",
         MODULAR ", \"evaluate\": {\"snapshot_steps\": [10, {\"range\": [1, 4]}]}}");
    SAME(MODULAR "}", MODULAR ", \"evaluate\": {\"snapshot_steps\": []}, \"optimizer\": {\"batch_fraction\": 0}}");
}

/* Each list once, whoever points to it, and longer than the sweep that it was read from. */
static void a_plan_owns_the_lists_of_its_runs(void **state) {
    (void)state;
    sw_diagnostics *diagnostics;
    assert_int_equal(sw_diagnostics_create(&diagnostics), SW_OK);
    sw_plan *plan = plan_of("{\"run\": {\"task\": {\"kind\": \"modular\"}}, \"grid\": {\"evaluate.snapshot_steps\": "
                            "[[], [1, 2], [{\"range\": [0, 9000]}]], \"seed\": {\"range\": [0, 20]}}}",
                            diagnostics, SW_OK);
    assert_int_equal(plan->count, 60);
    for (size_t k = 0; k < plan->count; k++) {
        const sw_evaluate_config *evaluate = &plan->runs[k].config.evaluate;
        assert_ptr_equal(evaluate->snapshot_steps, plan->runs[k - k % 20].config.evaluate.snapshot_steps);
        assert_int_equal(evaluate->snapshot_step_count, k < 20 ? 0 : k < 40 ? 2 : 9000);
        if (k < 20) assert_null(evaluate->snapshot_steps);
        if (k >= 40) assert_int_equal(evaluate->snapshot_steps[8999], 8999);
    }
    sw_plan_destroy(plan);
    sw_diagnostics_destroy(diagnostics);
}

static void every_number_counts(void **state) {
    (void)state;
    static const char *const others[] = {MODULAR ", \"seed\": 1}",
                                         MODULAR ", \"data_seed\": 1}",
                                         MODULAR ", \"steps\": 9999}",
                                         MODULAR ", \"train_fraction\": 0.50000000000000011}",
                                         MODULAR ", \"evaluate\": {\"every\": 99}}",
                                         MODULAR ", \"optimizer\": {\"batch_size\": 100}}",
                                         MODULAR ", \"optimizer\": {\"batch_fraction\": 0.5}}",
                                         MODULAR ", \"evaluate\": {\"snapshot_steps\": [{\"range\": [1, 4]}]}}",
                                         MODULAR ", \"optimizer\": {\"kind\": \"sgd\"}}",
                                         MODULAR ", \"loss\": {\"kind\": \"stablemax\"}}",
                                         MODULAR ", \"model\": {\"readout_token\": false}}",
                                         MODULAR ", \"model\": {\"kind\": \"mlp\"}}",
                                         MODULAR ", \"model\": {\"kind\": \"mlp\", \"input\": \"one_hot\"}}",
                                         MODULAR ", \"model\": {\"kind\": \"mlp\", \"combine\": \"sum\"}}",
                                         MODULAR ", \"model\": {\"activation\": \"gelu\"}}",
                                         MODULAR ", \"model\": {\"bias\": false}}",
                                         MODULAR ", \"model\": {\"init_scale\": 0.5}}",
                                         MODULAR ", \"loss\": {\"kind\": \"mse\"}}",
                                         MODULAR ", \"optimizer\": {\"kind\": \"adam\"}}",
                                         MODULAR ", \"optimizer\": {\"decay\": \"matrices\"}}",
                                         MODULAR ", \"optimizer\": {\"schedule\": \"linear\"}}",
                                         MODULAR ", \"optimizer\": {\"schedule\": \"linear\", \"final_share\": 0.1}}",
                                         MODULAR ", \"stop\": {\"for_steps\": 1}}",
                                         MODULAR ", \"symmetry\": {\"negation\": {\"weight\": 1}}}",
                                         MODULAR ", \"geometry\": {\"entropy\": {\"every\": 2}}}",
                                         "{\"task\": {\"kind\": \"modular\", \"label_shuffle\": 1}}",
                                         "{\"task\": {\"kind\": \"modular\", \"label_noise\": 1}}",
                                         "{\"task\": {\"kind\": \"group\"}}"};
    char first[SW_RUN_ID_LENGTH + 1], ids[sizeof others / sizeof others[0]][SW_RUN_ID_LENGTH + 1];
    identity_of(first, MODULAR "}");
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        identity_of(ids[i], others[i]);
        assert_string_not_equal(ids[i], first);
        for (size_t j = 0; j < i; j++) assert_string_not_equal(ids[i], ids[j]);
    }
    DIFFERENT(MODULAR ", \"seed\": 1}", MODULAR ", \"seed\": 1, \"data_seed\": 0}");
}

static void added_seeds_keep_the_identities_that_were_there(void **state) {
    (void)state;
    sw_diagnostics *d;
    assert_int_equal(sw_diagnostics_create(&d), SW_OK);
    sw_plan *few = plan_of("{\"run\": " MODULAR "}, \"grid\": {\"seed\": [0, 1]}}", d, SW_OK);
    sw_plan *more = plan_of("{\"name\": \"other\", \"run\": " MODULAR ", \"phase\": {\"tau\": 1}}, "
                            "\"grid\": {\"seed\": {\"range\": [0, 3]}, \"optimizer.beta1\": [0.5, 0.9]}}",
                            d, SW_OK);
    for (size_t i = 0; i < few->count; i++) {
        bool found = false;
        for (size_t j = 0; j < more->count; j++) found = found || !strcmp(few->runs[i].id, more->runs[j].id);
        assert_true(found);
    }
    sw_plan_destroy(few);
    sw_plan_destroy(more);
    sw_diagnostics_destroy(d);
}

static void twins_are_named(void **state) {
    (void)state;
    sw_diagnostics *d;
    assert_int_equal(sw_diagnostics_create(&d), SW_OK);
    plan_of("{\"run\": " MODULAR "}, \"cases\": [{\"label\": \"a\"}, {\"label\": \"b\", \"task.p\": 59}]}", d,
            SW_E_CONFIG);
    assert_int_equal(sw_diagnostics_count(d), 1);
    const char *message = sw_diagnostics_get(d, 0)->message;
    assert_non_null(strstr(message, "run 0 a"));
    assert_non_null(strstr(message, "run 1 b"));
    assert_string_equal(sw_diagnostics_get(d, 0)->path, "cases[1]");
    sw_diagnostics_destroy(d);
}

static void controls_and_leaks_are_warnings(void **state) {
    (void)state;
    sw_diagnostics *d;
    assert_int_equal(sw_diagnostics_create(&d), SW_OK);
    sw_plan *plan = plan_of("{\"run\": {\"task\": {\"kind\": \"group\", \"group\": \"symmetric\", \"n\": 3}, "
                            "\"symmetry\": {\"commutativity\": {\"weight\": 1}, \"associativity\": {\"weight\": 1}}}}",
                            d, SW_OK);
    assert_int_equal(sw_diagnostics_errors(d), 0);
    assert_int_equal(sw_diagnostics_count(d), 2);
    assert_non_null(strstr(sw_diagnostics_get(d, 0)->message, "commutativity is false on this task"));
    assert_non_null(strstr(sw_diagnostics_get(d, 1)->message, "label leak"));
    sw_plan_destroy(plan);
    sw_diagnostics_destroy(d);
}

static void the_longest_run_comes_first(void **state) {
    (void)state;
    sw_diagnostics *d;
    assert_int_equal(sw_diagnostics_create(&d), SW_OK);
    sw_plan *plan = plan_of("{\"run\": " MODULAR "}, \"grid\": {\"task.p\": [31, 97, 59], \"seed\": [0, 1], "
                            "\"symmetry.associativity.weight\": [0, 1]}}",
                            d, SW_OK);
    assert_int_equal(plan->count, 12);
    for (size_t i = 1; i < plan->count; i++) {
        const sw_planned_run *a = &plan->runs[plan->order[i - 1]], *b = &plan->runs[plan->order[i]];
        assert_true(a->seconds > b->seconds || (a->seconds == b->seconds && plan->order[i - 1] < plan->order[i]));
        assert_true(a->memory > 0 && isfinite(a->seconds));
    }
    assert_int_equal(plan->runs[plan->order[0]].config.task.p, 97);
    assert_true(plan->runs[plan->order[0]].config.symmetry[SW_FAMILY_ASSOCIATIVITY].weight == 1);
    sw_plan_destroy(plan);
    sw_diagnostics_destroy(d);
}

enum { SEEDS = 40 };

/* The seeds of a shard of a sweep of `seeds` of them; each run is where the documented formula puts it. */
static void look_into_shard(bool seen[SEEDS], int seeds, size_t shard, size_t shards) {
    char text[200];
    sw_diagnostics *d;
    snprintf(text, sizeof text, "{\"run\": " MODULAR "}, \"grid\": {\"seed\": {\"range\": [0, %d]}}}", seeds);
    assert_int_equal(sw_diagnostics_create(&d), SW_OK);
    sw_plan *plan = plan_of(text, d, SW_OK);
    assert_int_equal(sw_plan_shard(plan, shard, shards), SW_OK);
    for (size_t i = 0; i < plan->count; i++) {
        const char *id = plan->runs[i].id;
        uint64_t rest = 0; /* by hand, digit by digit */
        for (int c = 0; c < 16; c++)
            rest = (rest * 16 + (uint64_t)(id[c] <= '9' ? id[c] - '0' : id[c] - 'a' + 10)) % shards;
        assert_int_equal(rest, shard % shards);
        assert_int_equal(plan->runs[i].config.seed, plan->axis_values[i].integer);
        assert_true(plan->order[i] < plan->count);
        assert_false(seen[plan->runs[i].config.seed]);
        seen[plan->runs[i].config.seed] = true;
    }
    assert_int_equal(sw_plan_shard(plan, shards + 1, shards), SW_E_USAGE);
    assert_int_equal(sw_plan_shard(plan, 0, shards), SW_E_USAGE);
    sw_plan_destroy(plan);
    sw_diagnostics_destroy(d);
}

static void shards_cover_the_plan_once(void **state) {
    (void)state;
    for (size_t shards = 1; shards < 70; shards += shards < 7 ? 1 : 31) { /* with 69 some are empty */
        bool seen[SEEDS] = {false};
        for (size_t shard = 1; shard <= shards; shard++) look_into_shard(seen, SEEDS, shard, shards);
        for (int i = 0; i < SEEDS; i++) assert_true(seen[i]);
    }
}

static void a_growing_sweep_moves_no_run(void **state) {
    (void)state;
    for (size_t shard = 1; shard <= 4; shard++) {
        bool before[SEEDS] = {false}, after[SEEDS] = {false};
        look_into_shard(before, 17, shard, 4);
        look_into_shard(after, SEEDS, shard, 4);
        for (int i = 0; i < 17; i++) assert_int_equal(before[i], after[i]);
    }
}

static void makespans_are_those_of_list_scheduling(void **state) {
    (void)state;
    static const double seconds[] = {3, 1, 4, 1, 5, 9, 2, 6};
    sw_planned_run runs[8];
    size_t order[] = {5, 7, 4, 2, 0, 6, 1, 3}; /* 9 6 5 4 3 2 1 1 */
    memset(runs, 0, sizeof runs);
    for (int i = 0; i < 8; i++) runs[i].seconds = seconds[i];
    sw_plan plan = {.count = 8, .runs = runs, .order = order};
    assert_true(sw_plan_makespan(&plan, 1) == 31);
    assert_true(sw_plan_makespan(&plan, 2) == 16); /* 9 4 2 1 and 6 5 3 1, or the other way at the tie */
    assert_true(sw_plan_makespan(&plan, 3) == 11);
    assert_true(sw_plan_makespan(&plan, 100) == 9);
    assert_true(sw_plan_makespan(&plan, 0) == 0);
}

static void costs_grow_with_the_work(void **state) {
    (void)state;
    sw_run_config config;
    sw_run_cost base, other;
    sw_config_default(&config);
    assert_int_equal(sw_cost_estimate(&base, &config), SW_OK);
    assert_true(base.flops > base.step_flops * 1e4 && base.file_bytes > 4096);
    config.steps *= 2;
    assert_int_equal(sw_cost_estimate(&other, &config), SW_OK);
    assert_true(fabs(other.flops / base.flops - 2) < 0.01);
    config.save.parameters = true;
    assert_int_equal(sw_cost_estimate(&other, &config), SW_OK);
    assert_true(other.file_bytes > base.file_bytes + 4.0 * (double)other.parameters * 20);
    sw_config_default(&config);
    config.symmetry[SW_FAMILY_ASSOCIATIVITY].weight = 1;
    config.symmetry[SW_FAMILY_ASSOCIATIVITY].tuples_per_step = 0;
    assert_int_equal(sw_cost_estimate(&other, &config), SW_OK);
    assert_true(other.step_flops > 2 * base.step_flops && other.memory > base.memory);
    config.task.p = 1;
    assert_int_equal(sw_cost_estimate(&other, &config), SW_E_CONFIG);
}

static void two_layers_fit_into_120_megabytes(void **state) {
    (void)state;
    sw_run_config config;
    sw_run_cost cost;
    sw_config_default(&config);
    config.task.p = 113;
    config.train_fraction = 0.3;
    config.model.layers = 2;
    config.model.d_model = 128;
    config.model.d_head = 32;
    config.model.d_mlp = 512;
    assert_int_equal(sw_cost_estimate(&cost, &config), SW_OK);
    assert_true(cost.memory <= 120e6);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(identities_are_golden),
        cmocka_unit_test(a_default_spelled_out_changes_nothing),
        cmocka_unit_test(what_changes_no_number_changes_no_identity),
        cmocka_unit_test(every_number_counts),
        cmocka_unit_test(generated_steps_are_the_listed_ones),
        cmocka_unit_test(a_plan_owns_the_lists_of_its_runs),
        cmocka_unit_test(added_seeds_keep_the_identities_that_were_there),
        cmocka_unit_test(twins_are_named),
        cmocka_unit_test(controls_and_leaks_are_warnings),
        cmocka_unit_test(the_longest_run_comes_first),
        cmocka_unit_test(shards_cover_the_plan_once),
        cmocka_unit_test(a_growing_sweep_moves_no_run),
        cmocka_unit_test(makespans_are_those_of_list_scheduling),
        cmocka_unit_test(costs_grow_with_the_work),
        cmocka_unit_test(two_layers_fit_into_120_megabytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
