/* test_activations.c: activations and their slopes in float, compiled for each instruction set of this CPU: near the
 * functions in double, the same bits everywhere, NaN stays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "nn/kernels.h"

#include <math.h>
#include <string.h>

enum { N = 4001 };

static double exact(sw_activation kind, double x) {
    switch (kind) {
    case SW_ACTIVATION_RELU: return x > 0 ? x : 0;
    case SW_ACTIVATION_GELU: return x / 2 * (1 + erf(x / sqrt(2)));
    case SW_ACTIVATION_SILU: return x / (1 + exp(-x));
    case SW_ACTIVATION_TANH: return tanh(x);
    case SW_ACTIVATION_SQUARE: return x * x;
    case SW_ACTIVATION_IDENTITY: return x;
    default: fail_msg("activation %s has no definition here", sw_activation_names[kind]); return 0;
    }
}

/* From -10 to 10, half of them close to 0. */
static float place(int i) {
    const double u = (i - N / 2) / (double)(N / 2);
    return (float)(10 * u * fabs(u) * fabs(u));
}

static void test_values_and_slopes(void **state) {
    (void)state;
    for (int f = 0; f < SW_ACTIVATION_COUNT; f++) {
        float x[SW_ISA_COUNT][N], slope[SW_ISA_COUNT][N], alone[N];
        for (int isa = 0; isa < SW_ISA_COUNT; isa++) {
            const sw_kernel_set *kernels = sw_kernels_for((sw_isa)isa);
            if (!kernels) continue;
            for (int i = 0; i < N; i++) x[isa][i] = alone[i] = place(i);
            kernels->activate((sw_activation)f, x[isa], slope[isa], 1, N, N);
            kernels->activate((sw_activation)f, alone, NULL, 1, N, N);
            assert_memory_equal(x[isa], alone, sizeof alone);
            assert_memory_equal(x[isa], x[0], sizeof alone);
            assert_memory_equal(slope[isa], slope[0], sizeof alone);
        }
        for (int i = 0; i < N; i++) {
            const double at = (double)place(i), value = exact((sw_activation)f, at), h = 1e-5;
            const double wanted = (exact((sw_activation)f, at + h) - exact((sw_activation)f, at - h)) / (2 * h);
            if (!(fabs((double)x[0][i] - value) <= 1e-6 * fabs(at)))
                fail_msg("%s(%g) is %.9g, not %.9g", sw_activation_names[f], at, (double)x[0][i], value);
            if (f == SW_ACTIVATION_RELU && fabs(at) < h) continue;
            if (!(fabs((double)slope[0][i] - wanted) <= 2e-6 * (1 + fabs(wanted))))
                fail_msg("slope of %s at %g is %.9g, not %.9g", sw_activation_names[f], at, (double)slope[0][i],
                         wanted);
        }
    }
}

static void test_ends(void **state) {
    (void)state;
    for (int f = 0; f < SW_ACTIVATION_COUNT; f++) {
        float x[5] = {1e4f, -1e4f, 0, NAN, 1}, slope[5];
        sw_kernel->activate((sw_activation)f, x, slope, 1, 4, 5);
        for (int i = 0; i < 3; i++) assert_true(isfinite(x[i]) && isfinite(slope[i]));
        assert_true(x[2] == 0);
        assert_true(isnan(x[3]));
        assert_true(x[4] == 1); /* nothing is written past the row */
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_values_and_slopes), cmocka_unit_test(test_ends)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
