/* test_checks.c: what is found when a sweep is checked, against what training would find; costs that are looked up. */
#include "plan/check_tuples.h"
#include "plan/cost.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Does training find a tuple? */
static bool has_tuple(const sw_run_config *config, sw_family_id family) {
    sw_task *task;
    sw_tuple_set *set = NULL;
    assert_int_equal(sw_task_create(&task, &config->task, &config->model, config->data_seed), SW_OK);
    int8_t *split = malloc(task->inputs);
    assert_non_null(split);
    assert_true(sw_task_split(split, task, config) > 0);
    sw_status status = sw_tuples_create(&set, task, family, split, SW_INPUTS_TRAIN);
    assert_true(status == SW_OK || status == SW_E_CONFIG);
    sw_fail_clear();
    sw_tuples_destroy(set);
    free(split);
    sw_task_destroy(task);
    return status == SW_OK;
}

static void tuples_of_a_split_are_found_as_training_finds_them(void **state) {
    (void)state;
    static const double fractions[] = {0.02, 0.08, 0.15, 0.3};
    static const struct {
        int32_t kind, size;
        double shuffle;
    } tasks[] = {{SW_TASK_MODULAR, 5, 0}, {SW_TASK_MODULAR, 7, 0.5}, {SW_TASK_GRAPH, 6, 0}, {SW_TASK_COMPARISON, 3, 0}};
    sw_tuple_check check = {0};
    int found[2] = {0, 0};
    for (size_t t = 0; t < sizeof tasks / sizeof tasks[0]; t++) {
        for (uint32_t seed = 0; seed < 24; seed++) {
            sw_run_config config;
            sw_config_default(&config);
            config.task.kind = tasks[t].kind;
            config.task.p = config.task.nodes = tasks[t].size;
            config.task.sides[0] = config.task.sides[1] = tasks[t].size;
            config.task.side_count = 2;
            config.task.label_shuffle = tasks[t].shuffle;
            config.data_seed = seed / 2;
            config.train_fraction = fractions[seed % 4];
            for (int f = 0; f < SW_FAMILY_COUNT; f++) {
                bool any;
                if (!sw_families[f]->applies(&config.task)) continue;
                assert_int_equal(sw_check_tuples(&any, &check, &config, (sw_family_id)f), SW_OK);
                assert_int_equal(any, has_tuple(&config, (sw_family_id)f));
                found[any]++;
            }
        }
    }
    assert_true(found[0] > 50 && found[1] > 50);
    /* What was looked at is bounded. */
    bool any = false;
    sw_run_config config;
    sw_config_default(&config);
    check.looked_at = 2 * SW_TUPLE_CHECK_MOST;
    config.train_fraction = 1e-6;
    assert_int_equal(sw_check_tuples(&any, &check, &config, SW_FAMILY_COMMUTATIVITY), SW_OK);
    assert_true(any);
    sw_check_tuples_end(&check);
}

static sw_plan *plan_of(const char *text, sw_diagnostics *diagnostics) {
    sw_sweep *sweep = NULL;
    sw_plan *plan = NULL;
    assert_int_equal(sw_sweep_parse(&sweep, text, strlen(text), "file.json", diagnostics), SW_OK);
    assert_int_equal(sw_plan_create(&plan, sweep, diagnostics), SW_OK);
    sw_sweep_destroy(sweep);
    return plan;
}

/* Does the plan warn that a sum of operands does not tell their order? */
static bool warns_of_sum(const char *task, const char *model) {
    char text[512];
    sw_diagnostics *d;
    assert_int_equal(sw_diagnostics_create(&d), SW_OK);
    snprintf(text, sizeof text, "{\"run\": {\"task\": {%s}, \"model\": {\"kind\": \"mlp\", %s}}}", task, model);
    sw_plan *plan = plan_of(text, d);
    bool found = false;
    for (size_t i = 0; i < sw_diagnostics_count(d); i++)
        found = found || strstr(sw_diagnostics_get(d, i)->message, "does not tell their order");
    sw_plan_destroy(plan);
    sw_diagnostics_destroy(d);
    return found;
}

static void sums_of_operands_have_no_order(void **state) {
    (void)state;
#define SUM "\"combine\": \"sum\""
#define OPERATION(name) "\"kind\": \"modular\", \"operation\": \"" name "\", \"p\": 7"
    assert_false(warns_of_sum(OPERATION("add"), SUM));
    assert_true(warns_of_sum(OPERATION("sub"), SUM));
    assert_true(warns_of_sum(OPERATION("cubic"), SUM));
    assert_false(warns_of_sum(OPERATION("sub"), SUM ", \"operand_embeddings\": \"separate\""));
    assert_true(warns_of_sum(OPERATION("sub"), SUM ", \"input\": \"one_hot\""));
    assert_false(warns_of_sum(OPERATION("sub"), "\"input\": \"one_hot\""));
    assert_true(warns_of_sum(OPERATION("expression") ", \"expression\": \"x-y\"", SUM));
    assert_false(warns_of_sum(OPERATION("expression") ", \"expression\": \"x*y*z\"", SUM));
    assert_true(warns_of_sum("\"kind\": \"group\", \"group\": \"symmetric\", \"n\": 3", SUM));
    assert_false(warns_of_sum("\"kind\": \"graph\", \"nodes\": 5", SUM));
    assert_true(warns_of_sum("\"kind\": \"comparison\", \"sides\": [3, 3]", SUM));
#undef OPERATION
#undef SUM
}

static void costs_that_are_looked_up_are_those_of_the_run(void **state) {
    (void)state;
    sw_diagnostics *diagnostics;
    assert_int_equal(sw_diagnostics_create(&diagnostics), SW_OK);
    sw_plan *plan = plan_of(
        "{\"run\": {\"task\": {\"kind\": \"modular\"}}, \"cases\": [{\"label\": \"a\"}, {\"label\": \"mlp\", "
        "\"model.kind\": "
        "\"mlp\", \"model.d_hidden\": [16, 64]}, {\"label\": \"graph\", \"task\": {\"kind\": \"graph\"}}, "
        "{\"label\": \"priors\", \"geometry.nuclear.weight\": [0, 0.1], \"geometry.lipschitz.weight\": [1, 2]}, "
        "{\"label\": \"families\", \"symmetry.consistency.weight\": [0.5, 1], "
        "\"symmetry.consistency.tuples_per_step\": "
        "[64, \"all\"], \"symmetry.consistency.inputs\": [\"all\", \"train\"]}, {\"label\": \"kept\", "
        "\"save.parameters\": true, "
        "\"save.split\": true, \"evaluate.snapshots\": 50}], \"grid\": {\"optimizer.grokfast.lambda\": [0, 1, 2], "
        "\"optimizer.kind\": [\"adamw\", \"sgd\", \"muon\"]}, \"random\": {\"samples\": 6, \"model.d_model\": "
        "{\"integer\": "
        "[16, 64, 4]}, \"train_fraction\": {\"uniform\": [0.4, 0.8]}, \"optimizer.learning_rate\": {\"uniform\": [0.1, "
        "1]}, "
        "\"steps\": {\"integer\": [1000, 4000]}, \"seed\": {\"integer\": [0, 1000]}, \"evaluate.tuples\": "
        "{\"integer\": [100, 5000]}}}",
        diagnostics);
    sw_cost_cache *cache;
    assert_int_equal(sw_cost_cache_create(&cache), SW_OK);
    assert_true(plan->count > 500);
    for (size_t k = 0; k < plan->count; k++) {
        const sw_planned_run *run = &plan->runs[k];
        sw_run_cost fresh, looked_up;
        assert_int_equal(sw_cost_estimate(&fresh, &run->config), SW_OK);
        assert_int_equal(sw_cost_look_up(&looked_up, cache, &run->config), SW_OK);
        assert_memory_equal(&fresh, &looked_up, sizeof fresh);
        assert_true(run->flops == fresh.flops && run->step_flops == fresh.step_flops && run->memory == fresh.memory);
        assert_true(run->parameters == fresh.parameters && run->file_bytes == fresh.file_bytes);
    }
    sw_cost_cache_destroy(cache);
    sw_plan_destroy(plan);
    sw_diagnostics_destroy(diagnostics);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tuples_of_a_split_are_found_as_training_finds_them),
        cmocka_unit_test(sums_of_operands_have_no_order),
        cmocka_unit_test(costs_that_are_looked_up_are_those_of_the_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
