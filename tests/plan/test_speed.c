/* test_speed.c: times of a plan from measurements: in proportion, and taken while other cores do the same. */
#define _GNU_SOURCE /* MAP_ANONYMOUS */
#include "symsweep/clock.h"
#include "symsweep/plan.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static const char SWEEP[] =
    "{\"run\": {\"task\": {\"kind\": \"modular\", \"p\": 7}, \"evaluate\": {\"every\": 50}}, "
    "\"zip\": {\"steps\": [100, 300], \"model.d_model\": [16, 32]}, \"grid\": {\"seed\": [0, 1]}}";

/* Seen by all processes. */
typedef struct counts {
    atomic_int by_caller, by_others;
} counts;

static counts *shared;
static pid_t caller;

/* Waits until the company has been at work, if there is to be one. */
static int company;

static sw_status fake_pace(sw_pace *out, const sw_run_config *config, double budget) {
    assert_true(budget > 0);
    if (getpid() != caller) {
        atomic_fetch_add(&shared->by_others, 1);
        sw_clock_sleep(0.001);
    } else {
        atomic_fetch_add(&shared->by_caller, 1);
        const int before = atomic_load(&shared->by_others);
        while (company && atomic_load(&shared->by_others) == before) sw_clock_sleep(0.001);
    }
    *out = (sw_pace){.setup = 1, .step = 0.01 * config->model.d_model, .evaluate = 0.5};
    return SW_OK;
}

static void calibrate(sw_plan **plan, sw_plan_speed *speed, const char *text, size_t busy) {
    sw_sweep *sweep;
    sw_diagnostics *diagnostics;
    assert_int_equal(sw_diagnostics_create(&diagnostics), SW_OK);
    assert_int_equal(sw_sweep_parse(&sweep, text, strlen(text), "file.json", diagnostics), SW_OK);
    assert_int_equal(sw_plan_create(plan, sweep, diagnostics), SW_OK);
    memset(shared, 0, sizeof *shared);
    company = busy > 1;
    assert_int_equal(sw_plan_calibrate(speed, *plan, fake_pace, 0.1, busy), SW_OK);
    sw_sweep_destroy(sweep);
    sw_diagnostics_destroy(diagnostics);
}

static void test_times(void **state) {
    (void)state;
    sw_plan *plan;
    sw_plan_speed speed;
    double seconds = 0, flops = 0;
    calibrate(&plan, &speed, SWEEP, 1);
    assert_int_equal(plan->count, 4);
    for (size_t k = 0; k < plan->count; k++) {
        const sw_run_config *config = &plan->runs[k].config;
        /* evaluations at 0, 50, ..., steps */
        const double expected =
            1 + 0.01 * config->model.d_model * (double)config->steps + 0.5 * (1 + (double)config->steps / 50);
        assert_float_equal(plan->runs[k].seconds, expected, 1e-9 * expected);
        seconds += expected;
        flops += plan->runs[k].flops;
    }
    assert_float_equal(speed.measured_share, 1, 1e-12);
    assert_float_equal(speed.flops, flops / seconds, 1e-9 * flops / seconds);
    assert_true(plan->runs[plan->order[0]].config.steps == 300); /* longest first */
    assert_int_equal(atomic_load(&shared->by_caller), 2);        /* two kinds */
    assert_int_equal(atomic_load(&shared->by_others), 0);
    sw_plan_destroy(plan);
}

/* What measures with a cadence of their own cost is added at the speed of all else, which they do not enter. */
static void test_measures(void **state) {
    static const char text[] = "{\"run\": {\"task\": {\"kind\": \"modular\", \"p\": 5}, \"steps\": 100},"
                               " \"grid\": {\"measure.sharpness.every\": [0, 50]}}";
    (void)state;
    sw_plan *plan;
    sw_plan_speed speed;
    calibrate(&plan, &speed, text, 1);
    assert_int_equal(plan->count, 2);
    const sw_planned_run *without = &plan->runs[0], *with = &plan->runs[1];
    assert_true(without->measure_flops == 0 && with->measure_flops > 10 * with->step_flops);
    assert_float_equal(speed.flops, without->flops / without->seconds, 1e-9 * speed.flops);
    const double expected = without->seconds + with->measure_flops / speed.flops;
    assert_float_equal(with->seconds, expected, 1e-9 * expected);
    assert_float_equal(speed.measured_share, 1, 1e-12);
    sw_plan_destroy(plan);
}

static void test_company(void **state) {
    (void)state;
    sw_plan *plan;
    sw_plan_speed speed;
    calibrate(&plan, &speed, SWEEP, 3);
    assert_int_equal(atomic_load(&shared->by_caller), 2);
    assert_true(atomic_load(&shared->by_others) > 0);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* none is left */
    assert_int_equal(errno, ECHILD);
    sw_plan_destroy(plan);
}

static void test_cores(void **state) {
    (void)state;
    assert_in_range(sw_load_cores(), 1, (size_t)sysconf(_SC_NPROCESSORS_CONF));
}

int main(void) {
    caller = getpid();
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) return 1;
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_times), cmocka_unit_test(test_measures),
                                       cmocka_unit_test(test_company), cmocka_unit_test(test_cores)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
