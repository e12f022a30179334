/* test_schedule.c: when a run is evaluated and snapshotted. */
#include "fixture.h"

#include "symsweep/random.h"

static sw_run_config schedule(int64_t steps, int64_t every, int32_t snapshots) {
    sw_run_config config = fixture_config(7);
    config.steps = steps;
    config.evaluate.every = every;
    config.evaluate.snapshots = snapshots;
    return config;
}

static const struct {
    int64_t steps, every;
    int32_t snapshots;
} cases[] = {
    {10000, 100, 20}, {10000, 100, 0}, {10000, 1, 20}, {10000, 3000, 20}, {1050, 100, 4},
    {100, 100, 20},   {99, 100, 20},   {1, 1, 1},      {7, 2, 20},        {50, 1, 49},
    {50, 1, 1000},    {5000, 10, 499}, {0, 1, 5},
};

static void test_evaluations(void **state) {
    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        sw_run_config config = schedule(cases[k].steps, cases[k].every, cases[k].snapshots);
        int64_t count = 0;
        for (int64_t t = 0; t <= config.steps; t++) {
            const bool expected = t == 0 || t == cases[k].steps || t % cases[k].every == 0;
            assert_int_equal(sw_schedule_is_evaluation(&config, t), expected);
            count += expected;
        }
        assert_int_equal(sw_schedule_evaluations(&config), count);
    }
    sw_run_config config = schedule(1000, 100, 0);
    assert_int_equal(sw_schedule_evaluations(&config), 11);
}

/* First, last, and as many between as are asked for or as there are evaluations, each on an evaluation, denser at the
 * beginning. */
static void test_log_spaced_snapshots(void **state) {
    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        sw_run_config config = schedule(cases[k].steps, cases[k].every, cases[k].snapshots);
        int64_t between = 0, count = 0, interior = 0;
        for (int64_t t = 0; t <= config.steps; t++) {
            interior += t > 0 && t < config.steps && t % config.evaluate.every == 0;
            if (!sw_schedule_is_snapshot(&config, t)) continue;
            assert_true(sw_schedule_is_evaluation(&config, t));
            count++;
            between += t > 0 && t < config.steps;
        }
        assert_true(sw_schedule_is_snapshot(&config, 0) && sw_schedule_is_snapshot(&config, config.steps));
        assert_int_equal(between, interior < cases[k].snapshots ? interior : cases[k].snapshots);
        assert_int_equal(count, sw_schedule_snapshots(&config));
    }
    sw_run_config config = schedule(10000, 100, 20);
    int64_t early = 0;
    for (int64_t t = 1; t <= 1000; t++) early += sw_schedule_is_snapshot(&config, t);
    assert_true(early >= 9); /* half of them in the first decade of the evaluations */
    assert_int_equal(sw_schedule_snapshots(&config), 22);
}

static void test_chosen_snapshots(void **state) {
    (void)state;
    sw_run_config config = schedule(1000, 100, 0);
    const int64_t chosen[] = {0, 37, 500, 1000, 2000};
    config.evaluate.snapshot_step_count = 5;
    config.evaluate.snapshot_steps = chosen;
    int64_t count = 0;
    for (int64_t t = 0; t <= config.steps; t++) {
        bool expected = t == 0 || t == 37 || t == 500 || t == 1000;
        assert_int_equal(sw_schedule_is_snapshot(&config, t), expected);
        count += expected;
    }
    assert_int_equal(sw_schedule_snapshots(&config), count);
    config.evaluate.snapshots = 9; /* all evaluations: 500 is one of them */
    assert_int_equal(sw_schedule_snapshots(&config), 12);
}

/* The count, which goes through both lists in step, is that of the steps one by one. */
static void test_many_chosen_snapshots_are_counted(void **state) {
    (void)state;
    enum { MOST = 400 };
    for (uint32_t seed = 0; seed < 60; seed++) {
        const int64_t steps = 1 + (int64_t)sw_random_below(seed, 0x903, 0, 0, 3000);
        const int64_t every = 1 + (int64_t)sw_random_below(seed, 0x903, 0, 1, 40);
        sw_run_config config = schedule(steps, every, (int32_t)sw_random_below(seed, 0x903, 0, 2, 30));
        int64_t chosen[MOST], count = 0, listed = 0;
        for (int64_t t = 0; t <= steps && listed < MOST; t++)
            if (sw_random_below(seed, 0x903, 1, (uint64_t)t, 7) == 0) chosen[listed++] = t;
        config.evaluate.snapshot_steps = chosen;
        config.evaluate.snapshot_step_count = (int32_t)listed;
        for (int64_t t = 0, next = 0; t <= steps; t++) {
            const bool is_chosen = next < listed && chosen[next] == t;
            next += is_chosen;
            if (is_chosen) assert_true(sw_schedule_is_snapshot(&config, t));
            count += sw_schedule_is_snapshot(&config, t);
        }
        assert_int_equal(sw_schedule_snapshots(&config), count);
    }
}

/* By comparison of what is due at each step. */
static void test_agreement_of_lengths(void **state) {
    (void)state;
    int agreeing = 0, differing = 0;
    for (int32_t snapshots = 0; snapshots <= 12; snapshots += 3) {
        for (int64_t steps = 100; steps <= 1000; steps += 90) {
            const int64_t chosen[] = {50, 137, 900};
            sw_run_config a = schedule(steps, 20, snapshots), b = schedule(1070, 20, snapshots);
            a.evaluate.snapshot_step_count = b.evaluate.snapshot_step_count = 3;
            a.evaluate.snapshot_steps = b.evaluate.snapshot_steps = chosen;
            bool same = true;
            for (int64_t t = 0; t < steps; t++)
                same = same && sw_schedule_is_snapshot(&a, t) == sw_schedule_is_snapshot(&b, t) &&
                       sw_schedule_is_evaluation(&a, t) == sw_schedule_is_evaluation(&b, t);
            assert_int_equal(sw_schedule_agrees(&a, &b, steps), same);
            assert_int_equal(sw_schedule_agrees(&b, &a, steps), same);
            agreeing += same;
            differing += !same;
        }
    }
    assert_true(agreeing >= 11 && differing > 20);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_evaluations),          cmocka_unit_test(test_log_spaced_snapshots),
        cmocka_unit_test(test_chosen_snapshots),     cmocka_unit_test(test_many_chosen_snapshots_are_counted),
        cmocka_unit_test(test_agreement_of_lengths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
