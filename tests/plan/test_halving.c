/* test_halving.c: rungs of successive halving, replayed from the values at them. */
#include "symsweep/plan.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { RUNS = 8, RUNGS = 2 };

typedef struct field {
    sw_halving_run run[RUNS];
    double value[RUNS][RUNGS];
} field;

static const sw_halving_config config = {.rung_count = RUNGS, .rungs = {100, 200}, .keep = 0.5};

/* Run i is worth i at both rungs and has come to `known` of them. */
static void fill(field *f, int32_t known) {
    memset(f, 0, sizeof *f);
    for (int i = 0; i < RUNS; i++) {
        f->value[i][0] = f->value[i][1] = i;
        f->run[i].value = f->value[i];
        f->run[i].known = known;
    }
}

static void check(field *f, const sw_halving_config *rule, const char *fates) {
    static const char letters[] = {[SW_HALVING_TRAINS] = 't', [SW_HALVING_WAITS] = 'w', [SW_HALVING_PRUNED] = 'p'};
    char found[RUNS + 1] = "";
    assert_int_equal(sw_halving_replay(f->run, RUNS, rule), SW_OK);
    for (int i = 0; i < RUNS; i++) found[i] = letters[f->run[i].fate];
    assert_string_equal(found, fates);
}

static void runs_wait_for_the_last(void **state) {
    (void)state;
    field f;
    fill(&f, 0);
    check(&f, &config, "tttttttt");
    for (int i = 1; i < RUNS; i++) f.run[i].known = 1;
    check(&f, &config, "twwwwwww");
    assert_int_equal(f.run[0].target, 0);
}

static void the_best_go_on(void **state) {
    (void)state;
    field f;
    fill(&f, 1);
    check(&f, &config, "pppptttt");
    assert_int_equal(f.run[7].target, 1);
    for (int i = 4; i < RUNS; i++) f.run[i].known = 2;
    check(&f, &config, "pppppptt");
    assert_int_equal(f.run[4].target, 1); /* pruned there */
    assert_int_equal(f.run[7].target, RUNGS);
}

static void the_lowest_can_be_the_best(void **state) {
    (void)state;
    field f;
    sw_halving_config rule = config;
    rule.lowest = true;
    rule.keep = 0.3; /* 2.4, rounded up */
    fill(&f, 1);
    check(&f, &rule, "tttppppp");
}

static void equals_are_kept_in_plan_order_and_nan_is_worst(void **state) {
    (void)state;
    field f;
    fill(&f, 1);
    for (int i = 0; i < RUNS; i++) f.value[i][0] = 1;
    f.value[0][0] = NAN;
    check(&f, &config, "pttttppp");
}

static void ended_runs_compete_but_nobody_waits_for_them(void **state) {
    (void)state;
    field f;
    fill(&f, 1);
    f.run[7].ended = true;
    f.run[7].known = 0;
    f.run[0].ended = true;
    f.run[0].known = 0;
    f.value[0][0] = NAN; /* failed before it measured anything */
    check(&f, &config, "pppptttt");
}

static void one_is_always_left(void **state) {
    (void)state;
    field f;
    sw_halving_config rule = config;
    rule.keep = 0.01;
    fill(&f, 2);
    check(&f, &rule, "pppppppt");
    assert_int_equal(f.run[7].target, RUNGS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_wait_for_the_last),
        cmocka_unit_test(the_best_go_on),
        cmocka_unit_test(the_lowest_can_be_the_best),
        cmocka_unit_test(equals_are_kept_in_plan_order_and_nan_is_worst),
        cmocka_unit_test(ended_runs_compete_but_nobody_waits_for_them),
        cmocka_unit_test(one_is_always_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
