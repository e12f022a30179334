/* test_gradient_check.c: the checker of gradients finds what it is for: a wrong sign, a missing factor, a missing term,
 * a NaN. */
#include "gradient_check.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { N = 6 };

typedef struct fixture {
    double w[N], gradient[N];
} fixture;

/* f(w) = sum_i (i + 1) sin(w_i) + w_0 w_1 */
static double value(void *context) {
    const fixture *f = context;
    double sum = f->w[0] * f->w[1];
    for (int i = 0; i < N; i++) sum += (i + 1) * sin(f->w[i]);
    return sum;
}

static fixture correct(void) {
    fixture f = {.w = {0.3, -1.2, 2.5, 40, -0.01, 1e-9}};
    for (int i = 0; i < N; i++) f.gradient[i] = (i + 1) * cos(f.w[i]);
    f.gradient[0] += f.w[1];
    f.gradient[1] += f.w[0];
    return f;
}

static int check(fixture *f) { return sw_check_gradient(NULL, value, f, f->w, f->gradient, N, 1e-7); }

static void test_correct_passes(void **state) {
    (void)state;
    fixture f = correct(), before = f;
    assert_int_equal(check(&f), 0);
    assert_memory_equal(&f, &before, sizeof f);
}

static void test_wrong_sign_is_caught(void **state) {
    (void)state;
    for (int i = 0; i < N; i++) {
        fixture f = correct();
        f.gradient[i] = -f.gradient[i];
        assert_int_equal(check(&f), 1);
    }
    fixture f = correct();
    for (int i = 0; i < N; i++) f.gradient[i] = -f.gradient[i];
    assert_int_equal(check(&f), N);
}

static void test_missing_factor_is_caught(void **state) {
    (void)state;
    fixture f = correct();
    f.gradient[5] /= 6;
    assert_int_equal(check(&f), 1);
    f = correct();
    for (int i = 0; i < N; i++) f.gradient[i] *= 1 + 1e-5;
    assert_true(check(&f) > 0);
}

static void test_missing_term_is_caught(void **state) {
    (void)state;
    fixture f = correct();
    f.gradient[0] -= f.w[1];
    assert_int_equal(check(&f), 1);
}

static void test_nan_is_caught(void **state) {
    (void)state;
    fixture f = correct();
    f.gradient[2] = NAN;
    assert_int_equal(check(&f), 1);
    f = correct();
    f.w[3] = NAN;
    assert_int_equal(check(&f), N);
}

static void test_zero_gradient_of_a_constant_passes(void **state) {
    (void)state;
    fixture f = {.w = {0}};
    double constant[1] = {3};
    double nothing[1] = {0};
    assert_int_equal(sw_check_gradient(NULL, value, &f, constant, nothing, 1, 1e-7), 0);
    nothing[0] = 1e-3;
    assert_int_equal(sw_check_gradient(NULL, value, &f, constant, nothing, 1, 1e-7), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_correct_passes),
        cmocka_unit_test(test_wrong_sign_is_caught),
        cmocka_unit_test(test_missing_factor_is_caught),
        cmocka_unit_test(test_missing_term_is_caught),
        cmocka_unit_test(test_nan_is_caught),
        cmocka_unit_test(test_zero_gradient_of_a_constant_passes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
