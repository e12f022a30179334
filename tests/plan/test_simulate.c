/* test_simulate.c: the simulation of a whole job against what can be worked out by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "symsweep/simulate.h"

#include <math.h>
#include <stdlib.h>

/* Runs of the given lengths, longest first as a plan has them. */
static sw_simulation simulate(const double *seconds, size_t runs, size_t workers, size_t cores, double messages,
                              const sw_simulation_costs *costs) {
    size_t *order = calloc(runs, sizeof *order);
    double *sent = calloc(runs, sizeof *sent);
    assert_true(order && sent);
    for (size_t i = 0; i < runs; i++) {
        order[i] = i;
        sent[i] = messages;
    }
    sw_simulation out;
    const sw_simulation_settings settings = {.runs = runs,
                                             .workers = workers,
                                             .order = order,
                                             .seconds = seconds,
                                             .expected = seconds,
                                             .messages = sent,
                                             .cores = cores,
                                             .costs = *costs};
    assert_int_equal(sw_simulate_job(&out, &settings), SW_OK);
    free(sent);
    free(order);
    return out;
}

static const sw_simulation_costs free_of_cost = {0};
static const double lengths[] = {9, 6, 5, 4, 3, 2, 1, 1};
enum { LENGTHS = sizeof lengths / sizeof lengths[0] };
static const double MASTER_WAKES = 0.1; /* the most that its sleep can add */

static void without_costs_it_is_list_scheduling(void **state) {
    (void)state;
    static const struct {
        size_t workers;
        double makespan;
    } known[] = {{1, 31}, {2, 16}, {3, 11}, {8, 9}, {100, 9}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        sw_simulation got = simulate(lengths, LENGTHS, known[i].workers, 0, 0, &free_of_cost);
        print_message("%zu workers: %.3f s\n", known[i].workers, got.makespan);
        assert_true(got.makespan >= known[i].makespan && got.makespan < known[i].makespan + MASTER_WAKES);
        assert_true(got.work == 31);
    }
}

/* A trunk of 10 s with branches of 10 s that part from it after 4 s, and one that parts from the first branch after 7.
 */
static void beginnings_are_taken_once(void **state) {
    (void)state;
    enum { RUNS = 5 };
    const double seconds[RUNS] = {10, 10, 10, 10, 10}, shared[RUNS] = {0, 4, 4, 0, 7}, messages[RUNS] = {0};
    const int64_t with[RUNS] = {-1, 0, 0, -1, 1};
    const size_t order[RUNS] = {0, 1, 2, 3, 4};
    static const struct {
        size_t workers;
        double makespan;
    } known[] = {{1, 35}, {2, 19}, {100, 10}}; /* of 2: 4 + 3, then 6, 6 and 3 + 3 beside the 10 of the run alone */
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        sw_simulation got;
        const sw_simulation_settings settings = {.runs = RUNS,
                                                 .workers = known[i].workers,
                                                 .order = order,
                                                 .seconds = seconds,
                                                 .expected = seconds,
                                                 .messages = messages,
                                                 .with = with,
                                                 .shared = shared};
        assert_int_equal(sw_simulate_job(&got, &settings), SW_OK);
        print_message("%zu workers: %.3f s\n", known[i].workers, got.makespan);
        assert_true(got.work == 35);
        assert_true(got.makespan >= known[i].makespan && got.makespan < known[i].makespan + 3 * MASTER_WAKES);
    }
}

static void workers_share_cores(void **state) {
    (void)state;
    const double four[] = {10, 10, 10, 10};
    sw_simulation got = simulate(four, 4, 4, 2, 0, &free_of_cost);
    assert_true(fabs(got.makespan - 20) < MASTER_WAKES);
    assert_true(got.efficiency > 0.99);
    /* When one of two has ended, the other has the core to itself. */
    const double two[] = {10, 2};
    got = simulate(two, 2, 2, 1, 0, &free_of_cost);
    assert_true(fabs(got.makespan - 12) < MASTER_WAKES);
}

static void a_master_that_cannot_keep_up_slows_its_workers(void **state) {
    (void)state;
    double seconds[64];
    for (size_t i = 0; i < 64; i++) seconds[i] = 10;
    const sw_simulation_costs slow = {.message = 0.01}; /* 64 x 1000 messages: 640 s of work for 10 s of training */
    sw_simulation got = simulate(seconds, 64, 64, 0, 1000, &slow);
    assert_true(got.makespan > 600 && got.makespan < 700);
    assert_true(got.master_share > 0.9 && got.master_share <= 1);
    got = simulate(seconds, 64, 64, 0, 1, &slow);
    assert_true(got.makespan < 12);
}

static void many_short_runs_do_not_wait_for_the_master(void **state) {
    (void)state;
    enum { RUNS = 4000 };
    double *seconds = calloc(RUNS, sizeof *seconds);
    assert_non_null(seconds);
    for (size_t i = 0; i < RUNS; i++) seconds[i] = 0.05;
    sw_simulation_costs costs;
    sw_simulate_default_costs(&costs);
    sw_simulation got = simulate(seconds, RUNS, 4, 0, 10, &costs);
    free(seconds);
    double busy = RUNS * (0.05 + costs.begin) / 4;
    assert_true(got.makespan > busy && got.makespan < 1.1 * busy + costs.start);
}

static void one_master_serves_thousands_of_workers(void **state) {
    (void)state;
    enum { WORKERS = 4096, RUNS = 10 * WORKERS };
    double *seconds = calloc(RUNS, sizeof *seconds);
    assert_non_null(seconds);
    for (size_t i = 0; i < RUNS; i++) seconds[i] = 75 - 30.0 * (double)i / RUNS; /* 60 on the average */
    sw_simulation_costs costs;
    sw_simulate_default_costs(&costs);
    sw_simulation got = simulate(seconds, RUNS, WORKERS, 0, 100, &costs);
    assert_true(got.efficiency > 0.95);
    sw_simulation again = simulate(seconds, RUNS, WORKERS, 0, 100, &costs);
    assert_true(got.makespan == again.makespan && got.waited == again.waited);
    free(seconds);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_costs_it_is_list_scheduling),
        cmocka_unit_test(beginnings_are_taken_once),
        cmocka_unit_test(workers_share_cores),
        cmocka_unit_test(a_master_that_cannot_keep_up_slows_its_workers),
        cmocka_unit_test(many_short_runs_do_not_wait_for_the_master),
        cmocka_unit_test(one_master_serves_thousands_of_workers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
