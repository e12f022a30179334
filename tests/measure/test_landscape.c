/* test_landscape.c: known answers of the measures of a loss's shape, on losses that are written down. */
#include "fixture.h"

#include "measure/landscape.h"
#include "symsweep/random.h"

enum { DIMENSION = 20 };

/* 1/2 sum_i a_i w_i^2, a_i = context[i]. */
static double quadratic(void *context, const sw_real *w, sw_real *gradient) {
    const double *a = context;
    double sum = 0;
    for (int i = 0; i < DIMENSION; i++) {
        gradient[i] = (sw_real)(a[i] * (double)w[i]);
        sum += a[i] * (double)w[i] * (double)w[i] / 2;
    }
    return sum;
}

/* w1^2 w2^2, which is singular at 0. */
static double singular(void *context, const sw_real *w, sw_real *gradient) {
    const double a = (double)w[0], b = (double)w[1];
    (void)context;
    gradient[0] = (sw_real)(2 * a * b * b);
    gradient[1] = (sw_real)(2 * a * a * b);
    return a * a * b * b;
}

/* Of a regular minimum the coefficient is half of the dimension, whatever the curvature. */
static void test_llc_of_a_quadratic_is_half_its_dimension(void **state) {
    (void)state;
    double curvature[DIMENSION];
    sw_real center[DIMENSION] = {0}, w[DIMENSION], gradient[DIMENSION];
    for (int i = 0; i < DIMENSION; i++) curvature[i] = 0.5 + i % 4;
    const sw_landscape landscape = {
        .parameters = DIMENSION, .center = center, .loss = quadratic, .context = curvature, .seed = 1, .step = 7};
    const sw_llc_spec spec = {.chains = 4, .draws = 30000, .burn_in = 2000, .epsilon = 2e-4, .gamma = 1, .n = 1000};
    double llc, error;
    float trace[4];
    assert_ok(sw_landscape_llc(&llc, &error, trace, 4, &landscape, &spec, w, gradient));
    assert_true(error > 0 && error < 0.5);
    assert_true(fabs(llc - DIMENSION / 2.0) < 0.5);
    for (int s = 1; s < 4; s++) assert_true(fabs((double)trace[s] - DIMENSION / 2.0) < 1.5);
}

/* n beta <w1^2 w2^2> under exp(-n beta w1^2 w2^2 - gamma |w|^2 / 2), by quadrature: 0.316 of 100 inputs and 0.361 of
 * 1000, on the way to a half as their logarithm grows. */
static void test_llc_of_a_singular_minimum_is_below_half_its_dimension(void **state) {
    (void)state;
    sw_real center[2] = {0}, w[2], gradient[2];
    const sw_landscape landscape = {.parameters = 2, .center = center, .loss = singular, .seed = 2};
    const sw_llc_spec spec = {.chains = 32, .draws = 30000, .burn_in = 5000, .epsilon = 2e-3, .gamma = 1, .n = 100};
    double llc, error;
    float trace[1];
    assert_ok(sw_landscape_llc(&llc, &error, trace, 1, &landscape, &spec, w, gradient));
    assert_true(error < 0.02);
    assert_true(fabs(llc - 0.3161) < 0.05);
}

/* Draws are those that the header says: one chain of one draw by hand. */
static void test_the_first_draw_by_hand(void **state) {
    (void)state;
    double curvature[DIMENSION];
    sw_real center[DIMENSION], w[DIMENSION], gradient[DIMENSION];
    for (int i = 0; i < DIMENSION; i++) {
        curvature[i] = 1;
        center[i] = (sw_real)0.5;
    }
    const sw_landscape landscape = {
        .parameters = DIMENSION, .center = center, .loss = quadratic, .context = curvature, .seed = 9, .step = 400};
    const sw_llc_spec spec = {.chains = 1, .draws = 1, .epsilon = 0.01, .gamma = 3, .n = 50};
    const double n_beta = 50 / log(50);
    double llc, error, rise = 0;
    float trace[1];
    assert_ok(sw_landscape_llc(&llc, &error, trace, 1, &landscape, &spec, w, gradient));
    for (int i = 0; i < DIMENSION; i++) {
        double normal[4];
        sw_random_normal4(normal, 9, SW_STREAM_LANDSCAPE, (uint64_t)400 << 24, (uint64_t)i / 4);
        const double moved = 0.5 - 0.005 * n_beta * 0.5 + 0.1 * normal[i % 4];
        rise += (moved * moved - 0.25) / 2;
    }
    assert_true(fabs(llc - n_beta * rise) < 1e-4 * fabs(n_beta * rise));
    assert_true(isnan(error));
}

static double diverges(void *context, const sw_real *w, sw_real *gradient) {
    (void)context;
    gradient[0] = -1e30f * w[0];
    return (double)w[0] * (double)w[0] * 1e30;
}

static void test_a_chain_that_diverges_has_no_value(void **state) {
    (void)state;
    sw_real center[1] = {1}, w[1], gradient[1];
    const sw_landscape landscape = {.parameters = 1, .center = center, .loss = diverges};
    const sw_llc_spec spec = {.chains = 2, .draws = 50, .epsilon = 0.1, .n = 10};
    double llc, error;
    float trace[2];
    assert_ok(sw_landscape_llc(&llc, &error, trace, 2, &landscape, &spec, w, gradient));
    assert_true(isnan(llc) && isnan(error) && isnan(trace[0]) && isnan(trace[1]));
}

static void test_hessian_of_a_quadratic(void **state) {
    (void)state;
    double curvature[DIMENSION], sum = 0, top[4], trace, error;
    sw_real center[DIMENSION], w[DIMENSION], gradient[DIMENSION], product[DIMENSION];
    sw_real *basis = calloc(SW_LANCZOS_STEPS * DIMENSION, sizeof *basis);
    assert_non_null(basis);
    for (int i = 0; i < DIMENSION; i++) {
        curvature[i] = (i * 7) % DIMENSION - 3; /* -3 .. 16 */
        center[i] = (sw_real)(1 + i);
        sum += curvature[i];
    }
    const sw_landscape landscape = {
        .parameters = DIMENSION, .center = center, .loss = quadratic, .context = curvature, .seed = 3};
    assert_ok(sw_landscape_hessian(top, 4, &trace, &error, &landscape, basis, w, gradient, product));
    for (int k = 0; k < 4; k++) assert_true(fabs(top[k] - (16 - k)) < 0.02 * 16);
    assert_true(fabs(trace - sum) < 0.01 * sum); /* a diagonal: every sign vector gives the trace */
    assert_true(error < 0.01 * sum);
    free(basis);
}

/* Where the space has fewer dimensions than eigenvalues are asked for, the others are missing. */
static void test_hessian_of_a_plane(void **state) {
    (void)state;
    sw_real center[2] = {1, 1}, w[2], gradient[2], product[2], basis[SW_LANCZOS_STEPS * 2];
    const sw_landscape landscape = {.parameters = 2, .center = center, .loss = singular, .seed = 3};
    double top[3], trace, error;
    assert_ok(sw_landscape_hessian(top, 3, &trace, &error, &landscape, basis, w, gradient, product));
    /* at (1, 1): [[2, 4], [4, 2]] */
    assert_true(fabs(top[0] - 6) < 0.05 && fabs(top[1] + 2) < 0.05 && isnan(top[2]));
    assert_true(fabs(trace - 4) < 5 * error + 0.05);
}

typedef struct patience {
    int left;
} patience;

static double asked(void *context, const sw_real *w, sw_real *gradient) {
    (void)context;
    gradient[0] = w[0];
    return (double)w[0] * (double)w[0] / 2;
}

static sw_status until(void *context) {
    return ((patience *)context)->left-- > 0 ? SW_OK : sw_fail(SW_E_INTERRUPTED, "stopped");
}

static void test_who_is_asked_may_stop(void **state) {
    (void)state;
    patience some = {.left = 10};
    sw_real center[1] = {1}, w[1], gradient[1], product[1], basis[SW_LANCZOS_STEPS];
    const sw_landscape landscape = {.parameters = 1, .center = center, .loss = asked, .go_on = until, .context = &some};
    const sw_llc_spec spec = {.chains = 2, .draws = 50, .epsilon = 0.1, .n = 10};
    double llc, error, top[1], trace;
    float stretch[1];
    assert_int_equal(sw_landscape_llc(&llc, &error, stretch, 1, &landscape, &spec, w, gradient), SW_E_INTERRUPTED);
    assert_int_equal(sw_landscape_hessian(top, 1, &trace, &error, &landscape, basis, w, gradient, product),
                     SW_E_INTERRUPTED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_llc_of_a_quadratic_is_half_its_dimension),
        cmocka_unit_test(test_llc_of_a_singular_minimum_is_below_half_its_dimension),
        cmocka_unit_test(test_the_first_draw_by_hand),
        cmocka_unit_test(test_a_chain_that_diverges_has_no_value),
        cmocka_unit_test(test_hessian_of_a_quadratic),
        cmocka_unit_test(test_hessian_of_a_plane),
        cmocka_unit_test(test_who_is_asked_may_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
