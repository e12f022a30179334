/* test_loss_float.c: what float must not spoil: gradients at large margins, violations that are nearly zero, NaN. The
 * references are the same quantities in double from the same float logits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "close.h"
#include "fill.h"
#include "nn/kernels/lanes.h"
#include "symsweep/nn.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { C = 37, ROWS = 4 };

/* ---- the exponential ---- */

static float from_bits(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static void test_exponential(void **state) {
    (void)state;
    double worst = 0;
    for (uint64_t bits = 0; bits < UINT64_C(1) << 32; bits += 997) {
        float x = from_bits((uint32_t)bits);
        if (isnan(x) || x > 88.72283f || x < -103.9f) continue;
        double exact = exp((double)x);
        int exponent;
        frexp(exact, &exponent);
        double ulp = ldexp(1, (exponent < FLT_MIN_EXP ? FLT_MIN_EXP : exponent) - FLT_MANT_DIG);
        worst = fmax(worst, fabs((double)sw_exp(x) - exact) / ulp);
    }
    assert_true(worst > 0.4 && worst < 1);
    assert_true(sw_exp(0) == 1 && sw_exp(-0.0f) == 1);
    assert_true(sw_exp(-INFINITY) == 0 && sw_exp(-1e30f) == 0 && sw_exp(-105) == 0);
    assert_true(isinf(sw_exp(INFINITY)) && isinf(sw_exp(89)) && isinf(sw_exp(1e30f)));
    assert_true(isnan(sw_exp(NAN)) && isnan(sw_exp(-NAN)));
}

static void test_logarithm(void **state) {
    (void)state;
    double worst = 0;
    for (uint32_t bits = 0x3F800000u; bits < 0x7F800000u; bits += 499) {
        float x = from_bits(bits);
        double exact = log((double)x);
        int exponent;
        frexp(exact, &exponent);
        if (exact > 0) worst = fmax(worst, fabs((double)sw_log(x) - exact) / ldexp(1, exponent - FLT_MANT_DIG));
    }
    assert_true(worst > 0.4 && worst < 2);
    assert_true(sw_log(1) == 0);
    assert_true(isnan(sw_log(NAN)) && isnan(sw_log(-NAN)) && isnan(sw_log(INFINITY)));
}

static void test_small_differences(void **state) {
    (void)state;
    for (double a = 1e-18; a < 50; a *= 1.37)
        for (int sign = -1; sign <= 1; sign += 2) {
            double x = sign * (double)(float)a, q = 0.25, p = q * exp(x);
            assert_relative(sw_difference((float)p, (float)q, (float)x), q * expm1(x), 1e-6);
            if (sign > 0 || a < 1)
                assert_relative(sw_exp_excess((float)x), a < 1e-4 ? x * x * (0.5 - x / 6) : expm1(-x) + x, 1e-6);
        }
}

/* ---- cross-entropy ---- */

/* logits[C] with the label's logit `margin` above the others, which differ among themselves. */
static void confident(float *logits, int32_t label, float margin, uint32_t seed) {
    sw_fill_normal_float(logits, C, seed, 0.25);
    float largest = -INFINITY;
    for (int32_t k = 0; k < C; k++) largest = k != label ? fmaxf(largest, logits[k]) : largest;
    logits[label] = largest + margin;
}

static double plain_others(const float *logits, int32_t label) {
    double sum = 0;
    for (int32_t k = 0; k < C; k++) sum += k != label ? exp((double)logits[k] - (double)logits[label]) : 0;
    return sum;
}

static void test_gradient_at_margins(void **state) {
    (void)state;
    const float margins[] = {0.5f, 5, 10, 16, 17, 20, 30, 40, 60, 80, 86};
    for (size_t i = 0; i < sizeof margins / sizeof *margins; i++) {
        float logits[C], gradient[C] = {0}, loss, margin;
        int32_t label = 11;
        confident(logits, label, margins[i], (uint32_t)i);
        double others = plain_others(logits, label);
        double mean = sw_loss(SW_LOSS_CROSS_ENTROPY, logits, C, NULL, &label, 1, gradient);
        assert_relative(mean, log1p(others), 6e-6);
        assert_relative(gradient[label], -others / (1 + others), 6e-6);
        for (int32_t k = 0; k < C; k++)
            if (k != label)
                assert_relative(gradient[k], exp((double)logits[k] - (double)logits[label]) / (1 + others), 1e-5);
        sw_loss_rows(SW_LOSS_CROSS_ENTROPY, logits, C, &label, 1, &loss, &margin, NULL);
        assert_relative(loss, mean, 1e-7);
        assert_close(margin, margins[i], 1e-5);
    }
}

static void test_gradient_of_wrong_answers(void **state) {
    (void)state;
    const float margins[] = {0.5f, 20, 60, 100, 300, 1e6f};
    for (size_t i = 0; i < sizeof margins / sizeof *margins; i++) {
        float logits[C], gradient[C] = {0};
        int32_t label = 3;
        confident(logits, 11, margins[i], (uint32_t)i);
        double distance = (double)logits[11] - (double)logits[label];
        double total = 1 + plain_others(logits, 11);
        double mean = sw_loss(SW_LOSS_CROSS_ENTROPY, logits, C, NULL, &label, 1, gradient);
        assert_relative(mean, distance + log(total), 1e-6);
        assert_close(gradient[11], 1 / total, 1e-6);
        assert_close(gradient[label], exp(-distance) / total - 1, 1e-6);
    }
}

static void test_stablemax_at_margins(void **state) {
    (void)state;
    const float margins[] = {1, 20, 80, 1e4f, 1e12f};
    for (size_t i = 0; i < sizeof margins / sizeof *margins; i++) {
        float logits[C], gradient[C] = {0};
        int32_t label = 11;
        confident(logits, label, margins[i], (uint32_t)i);
        double others = 0, own = (double)logits[label] + 1;
        for (int32_t k = 0; k < C; k++) {
            double z = (double)logits[k];
            others += k == label ? 0 : z >= 0 ? z + 1 : 1 / (1 - z);
        }
        double mean = sw_loss(SW_LOSS_STABLEMAX, logits, C, NULL, &label, 1, gradient);
        assert_relative(mean, log1p(others / own), 2e-6);
        assert_relative(gradient[label], -others / (own * (others + own)), 2e-6);
    }
}

/* ---- divergences ---- */

static double plain_symmetric_kl(const float *zp, const float *zq) {
    double sp = 0, sq = 0, value = 0;
    for (int c = 0; c < C; c++) {
        sp += exp((double)zp[c] - (double)zp[0]);
        sq += exp((double)zq[c] - (double)zq[0]);
    }
    for (int c = 0; c < C; c++) {
        double lp = (double)zp[c] - (double)zp[0] - log(sp), lq = (double)zq[c] - (double)zq[0] - log(sq);
        value += 0.5 * (exp(lp) - exp(lq)) * (lp - lq);
    }
    return value;
}

static void test_tiny_violations(void **state) {
    (void)state;
    const sw_divergence_spec spec = {.compare = SW_COMPARE_SYMMETRIC_KL, .classes = C};
    const sw_tuple tuple = {{0, 1, -1}, -1};
    /* Uniform within 2^-k: violations from 1e-3 to 1e-13. The differences are exact in float. */
    for (int k = 4; k <= 20; k++) {
        float logits[2 * C], violation, gradient[2 * C] = {0};
        for (int c = 0; c < C; c++) {
            logits[c] = 1;
            logits[C + c] = 1 + ldexpf((float)(c % 5 - 2), -k);
        }
        double expected = plain_symmetric_kl(logits, logits + C);
        sw_divergence_each(&spec, &tuple, 1, NULL, logits, &violation, NULL, NULL);
        assert_relative(violation, expected, k < 16 ? 1e-3 : 0.2);
        sw_divergence_mean(&spec, &tuple, 1, NULL, logits, 1, gradient);
        double largest = 0, sum = 0;
        for (int c = 0; c < C; c++) {
            largest = fmax(largest, fabs((double)gradient[c]));
            sum += (double)gradient[c];
        }
        assert_true(largest > 0 && (k > 14 || fabs(sum) < 0.02 * largest));
    }
    /* Confident and nearly equal: what remains is the mass of the others. */
    for (int margin = 10; margin <= 40; margin += 10) {
        float logits[2 * C], violation;
        confident(logits, 5, (float)margin, 1);
        confident(logits + C, 5, (float)margin, 2);
        double expected = plain_symmetric_kl(logits, logits + C);
        sw_divergence_each(&spec, &tuple, 1, NULL, logits, &violation, NULL, NULL);
        assert_true(expected > 0 && expected < 1e-3);
        assert_relative(violation, expected, 1e-4);
    }
    /* Equal inputs: exactly none. */
    float same[2 * C], violation;
    confident(same, 5, 12, 1);
    memcpy(same + C, same, C * sizeof *same);
    sw_divergence_each(&spec, &tuple, 1, NULL, same, &violation, NULL, NULL);
    assert_true(violation == 0);
}

static void test_tiny_triangles_and_odds(void **state) {
    (void)state;
    const sw_tuple tuple = {{0, 1, 2}, -1};
    /* Distances 2 + 3 = 5, off by a little: the violation is of the order of exp(-margin), whatever the margin. */
    for (int margin = 10; margin <= 40; margin += 10)
        for (int forward = 0; forward < 2; forward++) {
            const sw_divergence_spec spec = {.compare = SW_COMPARE_CONVOLUTION, .classes = C, .divergence = forward};
            float logits[3 * C], violation, excess;
            int8_t disagree;
            confident(logits, 2, (float)margin, 1);
            confident(logits + C, 3, (float)margin, 2);
            confident(logits + 2 * C, 5, (float)margin, 3);
            sw_divergence_each(&spec, &tuple, 1, NULL, logits, &violation, &disagree, &excess);
            assert_true(violation > 0.1f * expf((float)-margin) && violation < 1e3f * expf((float)-margin));
            assert_true(excess > 0 && excess < 1e3f * expf((float)-margin));
            assert_int_equal(disagree, 0);
        }
    for (int k = 0; k <= 40; k += 10) {
        float logits[6] = {0, (float)k, 0, (float)(k + 1), 0, 2 * (float)k + 1.5f}, violation;
        const sw_divergence_spec spec = {.compare = SW_COMPARE_ADDITIVE, .classes = 2, .odds_high = 1};
        double u = 2 * k + 1, v = 2 * k + 1.5;
        sw_divergence_each(&spec, &tuple, 1, NULL, logits, &violation, NULL, NULL);
        assert_relative(violation, 0.25 * exp(-u) * -expm1(-0.5) / ((1 + exp(-u)) * (1 + exp(-v))), 1e-6);
    }
}

static const sw_comparison kinds[] = {SW_COMPARE_SYMMETRIC_KL,  SW_COMPARE_CONVOLUTION, SW_COMPARE_CONVOLUTION,
                                      SW_COMPARE_CLASS_ZERO,    SW_COMPARE_ADDITIVE,    SW_COMPARE_NEGATED,
                                      SW_COMPARE_BRADLEY_TERRY, SW_COMPARE_EXACTLY_ONE};
enum { KINDS = sizeof kinds / sizeof *kinds };

/* Every combination of answers at margins where plain probabilities are long 0. */
static void test_nothing_becomes_nan_at_large_margins(void **state) {
    (void)state;
    const float margins[] = {60, 100, 400, 1e4f, 1e20f};
    const sw_tuple tuple = {{0, 1, 2, 0, 1, 2}, -1};
    for (int kind = 0; kind < KINDS; kind++)
        for (size_t m = 0; m < sizeof margins / sizeof *margins; m++)
            for (int answers = 0; answers < 27; answers++) {
                sw_divergence_spec spec = {.compare = kinds[kind], .classes = C, .odds_high = 9, .odds_low = 1};
                spec.divergence = kind == 2 ? SW_DIVERGENCE_FORWARD_KL : SW_DIVERGENCE_SYMMETRIC_KL;
                static const int32_t classes[3] = {1, 9, C - 1};
                float logits[3 * C], gradient[3 * C] = {0}, violation, excess = 0;
                confident(logits, classes[answers % 3], margins[m], 1);
                confident(logits + C, classes[answers / 3 % 3], margins[m], 2);
                confident(logits + 2 * C, classes[answers / 9], margins[m], 3);
                double mean = sw_divergence_mean(&spec, &tuple, 1, NULL, logits, 1, gradient);
                sw_divergence_each(&spec, &tuple, 1, NULL, logits, &violation, NULL, &excess);
                assert_true(isfinite(mean) && mean >= 0 && mean <= 6 * (double)margins[m]);
                assert_close(violation, mean, 1e-6 * mean + (double)FLT_MIN);
                assert_true(excess >= 0 && excess <= 1.0001f);
                for (int i = 0; i < 3 * C; i++) assert_true(isfinite(gradient[i]));
            }
}

/* At a margin of 60 the triangle still pulls the direct distance towards the sum. */
static void test_triangle_pulls_at_large_margins(void **state) {
    (void)state;
    const sw_divergence_spec spec = {.compare = SW_COMPARE_CONVOLUTION, .classes = C};
    const sw_tuple tuple = {{0, 1, 2}, -1};
    float logits[3 * C], gradient[3 * C] = {0};
    confident(logits, 2, 60, 1);
    confident(logits + C, 3, 60, 2);
    confident(logits + 2 * C, 7, 60, 3);
    sw_divergence_mean(&spec, &tuple, 1, NULL, logits, 1, gradient);
    assert_true(gradient[2 * C + 5] < -0.1f && gradient[2 * C + 7] > 0.1f);
    /* The nearest explanation of 7: one of the two distances is longer. */
    assert_true(gradient[4] < 0 || gradient[C + 5] < 0);
    assert_true(gradient[2] > 0 && gradient[C + 3] > 0);
}

static void test_nan_comes_out_as_nan(void **state) {
    (void)state;
    const sw_tuple tuple = {{0, 1, 2, 0, 1, 2}, -1};
    for (int kind = 0; kind < KINDS; kind++)
        for (int row = 0; row < 3; row++) {
            sw_divergence_spec spec = {.compare = kinds[kind], .classes = C, .odds_high = 9, .odds_low = 1};
            spec.divergence = kind == 2 ? SW_DIVERGENCE_FORWARD_KL : SW_DIVERGENCE_SYMMETRIC_KL;
            int used = kinds[kind] == SW_COMPARE_CLASS_ZERO                                          ? 1
                       : kinds[kind] == SW_COMPARE_SYMMETRIC_KL || kinds[kind] == SW_COMPARE_NEGATED ? 2
                                                                                                     : 3;
            float logits[3 * C], violation;
            sw_fill_normal_float(logits, 3 * C, 1, 1);
            logits[row * C + 9] = NAN;
            double mean = sw_divergence_mean(&spec, &tuple, 1, NULL, logits, 1, NULL);
            sw_divergence_each(&spec, &tuple, 1, NULL, logits, &violation, NULL, NULL);
            assert_int_equal(isnan(mean), row < used);
            assert_int_equal(isnan(violation), row < used);
        }
    float logits[C], gradient[C] = {0};
    int32_t label = 2;
    sw_fill_normal_float(logits, C, 1, 1);
    logits[30] = NAN;
    assert_true(isnan(sw_loss(SW_LOSS_CROSS_ENTROPY, logits, C, NULL, &label, 1, gradient)) && isnan(gradient[0]));
    logits[30] = INFINITY;
    assert_true(isnan(sw_loss(SW_LOSS_CROSS_ENTROPY, logits, C, NULL, &label, 1, NULL)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exponential),
        cmocka_unit_test(test_logarithm),
        cmocka_unit_test(test_small_differences),
        cmocka_unit_test(test_gradient_at_margins),
        cmocka_unit_test(test_gradient_of_wrong_answers),
        cmocka_unit_test(test_stablemax_at_margins),
        cmocka_unit_test(test_tiny_violations),
        cmocka_unit_test(test_tiny_triangles_and_odds),
        cmocka_unit_test(test_nothing_becomes_nan_at_large_margins),
        cmocka_unit_test(test_triangle_pulls_at_large_margins),
        cmocka_unit_test(test_nan_comes_out_as_nan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
