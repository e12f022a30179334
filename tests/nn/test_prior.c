/* test_prior.c: the geometry priors in double: values against LAPACK's singular values, gradients against central
 * differences, also where singular values repeat or vanish. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "close.h"
#include "fill.h"
#include "gradient_check.h"
#include "symsweep/nn.h"

#include <math.h>
#include <string.h>

enum { SIDE_MAX = 12, ELEMENTS_MAX = SIDE_MAX * SIDE_MAX };

typedef struct fixture {
    sw_spectral_kind prior;
    sw_spectral *work;
    int rows, cols;
    bool refresh, normalized;
    double weight;
    double E[ELEMENTS_MAX];
} fixture;

static double value(void *context) {
    fixture *f = context;
    double out;
    assert_int_equal(sw_spectral_prior(&out, f->work, f->prior, f->normalized, f->E, f->weight, f->refresh, NULL),
                     SW_OK);
    return f->weight * out;
}

static void open_fixture(fixture *f, sw_spectral_kind prior, int rows, int cols) {
    memset(f, 0, sizeof *f);
    *f = (fixture){.prior = prior, .rows = rows, .cols = cols, .refresh = true, .weight = 0.7};
    sw_fill_normal(f->E, (size_t)(rows * cols), (uint32_t)(rows * 100 + cols), 1);
    assert_int_equal(sw_spectral_create(&f->work, rows, cols), SW_OK);
}

static int bad_entries(fixture *f, const char *name, double tolerance) {
    double gradient[ELEMENTS_MAX] = {0}, out;
    assert_int_equal(sw_spectral_prior(&out, f->work, f->prior, f->normalized, f->E, f->weight, f->refresh, gradient),
                     SW_OK);
    assert_close(f->weight * out, value(f), 0);
    return sw_check_gradient(name, value, f, f->E, gradient, (size_t)(f->rows * f->cols), tolerance);
}

enum { SPECTRUM = 6 };

/* E[rows, cols] <- sum_{i < 6} sigma[i] u_i v_i^T with u and v the first columns of two Householder reflections:
 * orthonormal, and all u orthogonal to (1, ..., 1) when `centred`. */
static void from_singular_values(fixture *f, const double *sigma, bool centred) {
    double a[SIDE_MAX], b[SIDE_MAX], a2 = 0, b2 = 0;
    sw_fill_normal(a, SIDE_MAX, 31, 1);
    sw_fill_normal(b, SIDE_MAX, 32, 1);
    if (centred) /* the reflection that takes (1, ..., 1) / sqrt(rows) to the last unit vector */
        for (int i = 0; i < f->rows; i++) a[i] = 1 / sqrt(f->rows) - (i == f->rows - 1);
    for (int i = 0; i < f->rows; i++) a2 += a[i] * a[i];
    for (int j = 0; j < f->cols; j++) b2 += b[j] * b[j];
    for (int i = 0; i < f->rows; i++)
        for (int j = 0; j < f->cols; j++) {
            double sum = 0;
            for (int k = 0; k < SPECTRUM; k++)
                sum += sigma[k] * ((i == k) - 2 * a[i] * a[k] / a2) * ((j == k) - 2 * b[j] * b[k] / b2);
            f->E[i * f->cols + j] = sum;
        }
}

static double plain_entropy(const double *sigma, int n) {
    double total = 0, entropy = 0;
    for (int i = 0; i < n; i++) total += sigma[i] * sigma[i];
    for (int i = 0; i < n; i++) {
        double q = sigma[i] * sigma[i] / total;
        entropy -= q > 0 ? q * log(q) : 0;
    }
    return entropy;
}

static const int shapes[][2] = {{7, 7}, {5, 9}, {11, 4}, {12, 12}, {2, 3}, {3, 1}};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static void test_gradients(void **state) {
    (void)state;
    for (int s = 0; s < SHAPES; s++) {
        fixture f;
        open_fixture(&f, SW_SPECTRAL_NUCLEAR, shapes[s][0], shapes[s][1]);
        assert_int_equal(bad_entries(&f, "nuclear", 3e-8), 0);
        sw_spectral_destroy(f.work);
        open_fixture(&f, SW_SPECTRAL_ENTROPY, shapes[s][0], shapes[s][1]);
        if (shapes[s][0] > 2 && shapes[s][1] > 1)
            assert_int_equal(bad_entries(&f, "entropy", 3e-8), 0);
        else /* one singular value is left: no entropy */
            assert_close(value(&f), 0, 1e-12);
        sw_spectral_destroy(f.work);
    }
}

static double normalized_value(fixture *f, sw_spectral_kind prior) {
    double out;
    assert_int_equal(sw_spectral_prior(&out, f->work, prior, true, f->E, 1, true, NULL), SW_OK);
    return out;
}

static void test_normalized_gradients(void **state) {
    (void)state;
    for (int s = 0; s < SHAPES; s++) {
        fixture f;
        open_fixture(&f, SW_SPECTRAL_NUCLEAR, shapes[s][0], shapes[s][1]);
        f.normalized = true;
        if (shapes[s][0] > 1 && shapes[s][1] > 1)
            assert_int_equal(bad_entries(&f, "normalized nuclear", 3e-8), 0);
        else /* one singular value is the whole norm */
            assert_close(value(&f), f.weight, 1e-12);
        if (shapes[s][0] > 2 && shapes[s][1] > 1) {
            f.prior = SW_SPECTRAL_ENTROPY;
            assert_int_equal(bad_entries(&f, "normalized entropy", 3e-8), 0);
        }
        sw_spectral_destroy(f.work);
    }
}

/* Ends of the scale: r equal singular values, one alone, none; and what a factor on E changes: nothing. */
static void test_normalized_values(void **state) {
    (void)state;
    enum { R = SPECTRUM };
    static const double equal[R] = {2, 2, 2, 2, 2, 2}, one[R] = {2};
    fixture f;
    open_fixture(&f, SW_SPECTRAL_NUCLEAR, 9, R);
    double plain = normalized_value(&f, SW_SPECTRAL_NUCLEAR), entropy = normalized_value(&f, SW_SPECTRAL_ENTROPY);
    for (int i = 0; i < 9 * R; i++) f.E[i] *= 1000;
    assert_close(normalized_value(&f, SW_SPECTRAL_NUCLEAR), plain, 1e-12);
    assert_close(normalized_value(&f, SW_SPECTRAL_ENTROPY), entropy, 1e-12);
    from_singular_values(&f, equal, true);
    assert_close(normalized_value(&f, SW_SPECTRAL_NUCLEAR), 1, 1e-12);
    assert_close(normalized_value(&f, SW_SPECTRAL_ENTROPY), 1, 1e-12);
    from_singular_values(&f, one, true);
    assert_close(normalized_value(&f, SW_SPECTRAL_NUCLEAR), 1 / sqrt(R), 1e-6);
    assert_close(normalized_value(&f, SW_SPECTRAL_ENTROPY), 0, 1e-12);
    memset(f.E, 0, sizeof f.E);
    double gradient[ELEMENTS_MAX] = {0}, out;
    for (int kind = 0; kind < SW_SPECTRAL_COUNT; kind++) {
        assert_int_equal(sw_spectral_prior(&out, f.work, (sw_spectral_kind)kind, true, f.E, 1, true, gradient), SW_OK);
        assert_true(out == 0);
    }
    for (int i = 0; i < 9 * R; i++) assert_true(gradient[i] == 0);
    sw_spectral_destroy(f.work);
}

static const double distinct[SPECTRUM] = {5, 3, 2, 1, 0.5, 0.1};
static const double repeated[SPECTRUM] = {2, 2, 2, 1, 1, 0.25};
static const double deficient[SPECTRUM] = {3, 1, 1, 0.2, 0, 0};
static const double rank_one[SPECTRUM] = {2, 0, 0, 0, 0, 0};
static const double *const spectra[] = {distinct, repeated, deficient, rank_one};
enum { SPECTRA = sizeof spectra / sizeof *spectra };

static void test_given_spectra(void **state) {
    (void)state;
    for (int s = 0; s < SPECTRA; s++)
        for (int wide = 0; wide < 2; wide++) {
            double sum = 0, out;
            for (int i = 0; i < SPECTRUM; i++) sum += spectra[s][i];
            fixture f;
            open_fixture(&f, SW_SPECTRAL_NUCLEAR, wide ? 6 : 9, wide ? 8 : 6);
            from_singular_values(&f, spectra[s], false);
            assert_int_equal(sw_spectral_prior(&out, f.work, f.prior, false, f.E, 1, true, NULL), SW_OK);
            assert_close(out, sum, 1e-6); /* an exact zero is known to sqrt(eps) */
            /* At a vanishing singular value the central difference itself is off by h / (smallest other one). */
            bool singular = spectra[s][SPECTRUM - 1] == 0;
            assert_int_equal(bad_entries(&f, "nuclear of a given spectrum", singular ? 2e-3 : 3e-8), 0);
            sw_spectral_destroy(f.work);

            open_fixture(&f, SW_SPECTRAL_ENTROPY, wide ? 7 : 9, wide ? 8 : 6);
            from_singular_values(&f, spectra[s], true);
            assert_int_equal(sw_spectral_prior(&out, f.work, f.prior, false, f.E, 1, true, NULL), SW_OK);
            assert_close(out, plain_entropy(spectra[s], SPECTRUM), 1e-12);
            if (spectra[s] != rank_one) /* H = 0 and dH/dE = 0: nothing to be relative to; see below */
                assert_int_equal(bad_entries(&f, "entropy of a given spectrum", singular ? 1e-6 : 3e-8), 0);
            sw_spectral_destroy(f.work);
        }
}

/* In the null space of E the gradient is 0: the subgradient of least norm, and the limit of the entropy's. */
static void test_vanishing_singular_values(void **state) {
    (void)state;
    fixture f;
    double gradient[ELEMENTS_MAX] = {0}, out;
    open_fixture(&f, SW_SPECTRAL_NUCLEAR, 9, 6);
    from_singular_values(&f, rank_one, false);
    assert_int_equal(sw_spectral_prior(&out, f.work, SW_SPECTRAL_NUCLEAR, false, f.E, 1, true, gradient), SW_OK);
    for (int i = 0; i < 9 * 6; i++) assert_close(gradient[i], f.E[i] / 2, 1e-9); /* u v^T = E / sigma */
    sw_spectral_destroy(f.work);

    /* Two equal singular values and no third: H = ln 2 is the most that rank allows, so dH/dE = 0 up to
     * sigma_3 ln sigma_3. */
    const double pair[SPECTRUM] = {2, 2, 0, 0, 0, 0};
    open_fixture(&f, SW_SPECTRAL_ENTROPY, 9, 6);
    from_singular_values(&f, pair, true);
    memset(gradient, 0, sizeof gradient);
    assert_int_equal(sw_spectral_prior(&out, f.work, SW_SPECTRAL_ENTROPY, false, f.E, 1, true, gradient), SW_OK);
    assert_close(out, log(2), 1e-12);
    for (int i = 0; i < 9 * 6; i++) assert_close(gradient[i], 0, 1e-6);
    from_singular_values(&f, rank_one, true);
    memset(gradient, 0, sizeof gradient);
    assert_int_equal(sw_spectral_prior(&out, f.work, SW_SPECTRAL_ENTROPY, false, f.E, 1, true, gradient), SW_OK);
    for (int i = 0; i < 9 * 6; i++) assert_close(gradient[i], 0, 1e-12);
    /* Nothing at all. */
    memset(f.E, 0, sizeof f.E);
    memset(gradient, 0, sizeof gradient);
    assert_int_equal(sw_spectral_prior(&out, f.work, SW_SPECTRAL_ENTROPY, false, f.E, 1, true, gradient), SW_OK);
    assert_close(out, 0, 0);
    assert_int_equal(sw_spectral_prior(&out, f.work, SW_SPECTRAL_NUCLEAR, false, f.E, 1, true, gradient), SW_OK);
    assert_close(out, 0, 0);
    for (int i = 0; i < 9 * 6; i++) assert_close(gradient[i], 0, 0);
    sw_spectral_destroy(f.work);
}

/* Without a refresh the basis stays: value and gradient belong together, the value bounds the exact one from above
 * and agrees with it to second order in the change of E. */
static void test_kept_basis(void **state) {
    (void)state;
    const sw_spectral_kind priors[] = {SW_SPECTRAL_NUCLEAR, SW_SPECTRAL_ENTROPY};
    for (int p = 0; p < 2; p++)
        for (int s = 0; s < 4; s++) {
            fixture f;
            open_fixture(&f, priors[p], shapes[s][0], shapes[s][1]);
            double change[ELEMENTS_MAX], gap[2];
            sw_fill_normal(change, ELEMENTS_MAX, 77, 1);
            double kept[ELEMENTS_MAX];
            memcpy(kept, f.E, sizeof kept);
            for (int step = 0; step < 2; step++) {
                double size = step == 0 ? 1e-2 : 1e-3;
                memcpy(f.E, kept, sizeof kept);
                f.refresh = true;
                value(&f);
                f.refresh = false;
                for (int i = 0; i < f.rows * f.cols; i++) f.E[i] += size * change[i];
                assert_int_equal(bad_entries(&f, "prior with a kept basis", 3e-8), 0);
                double bound = value(&f);
                f.refresh = true;
                gap[step] = bound - value(&f);
                assert_true(gap[step] > -1e-12);
            }
            assert_true(gap[0] < 1e-2);
            assert_true(gap[1] < gap[0] / 30);
            sw_spectral_destroy(f.work);
        }
}

/* A basis kept from an E of low rank mixes the constant vector with others: the gradient is centred all the same. */
static void test_kept_basis_of_low_rank(void **state) {
    (void)state;
    fixture f;
    open_fixture(&f, SW_SPECTRAL_ENTROPY, 6, 9);
    double full[ELEMENTS_MAX];
    memcpy(full, f.E, sizeof full);
    for (int i = 0; i < 6; i++)
        for (int j = 0; j < 9; j++) f.E[i * 9 + j] = i % 2 ? full[j] : full[9 + j];
    value(&f);
    memcpy(f.E, full, sizeof full);
    f.refresh = false;
    assert_int_equal(bad_entries(&f, "entropy with a kept basis of low rank", 3e-8), 0);
    sw_spectral_destroy(f.work);
}

static void test_state_is_the_basis(void **state) {
    (void)state;
    fixture f, g;
    open_fixture(&f, SW_SPECTRAL_NUCLEAR, 9, 6);
    value(&f);
    f.prior = SW_SPECTRAL_ENTROPY;
    value(&f);
    open_fixture(&g, SW_SPECTRAL_NUCLEAR, 9, 6);
    size_t count, other;
    const double *from = sw_spectral_state(f.work, &count);
    double *to = sw_spectral_state(g.work, &other);
    assert_int_equal(count, other);
    memcpy(to, from, count * sizeof *to);
    for (int i = 0; i < 9 * 6; i++) g.E[i] = f.E[i] += 0.1 * i;
    f.refresh = g.refresh = false;
    assert_close(value(&f), (g.prior = SW_SPECTRAL_ENTROPY, value(&g)), 0);
    f.prior = g.prior = SW_SPECTRAL_NUCLEAR;
    assert_close(value(&f), value(&g), 0);
    sw_spectral_destroy(f.work);
    sw_spectral_destroy(g.work);
}

static void test_weight_accumulates(void **state) {
    (void)state;
    const sw_spectral_kind priors[] = {SW_SPECTRAL_NUCLEAR, SW_SPECTRAL_ENTROPY};
    for (int p = 0; p < 2; p++) {
        fixture f;
        open_fixture(&f, priors[p], 5, 9);
        double once[ELEMENTS_MAX] = {0}, added[ELEMENTS_MAX], out;
        for (int i = 0; i < 45; i++) added[i] = i;
        assert_int_equal(sw_spectral_prior(&out, f.work, f.prior, false, f.E, 1, true, once), SW_OK);
        assert_int_equal(sw_spectral_prior(&out, f.work, f.prior, false, f.E, -3, true, added), SW_OK);
        for (int i = 0; i < 45; i++) assert_close(added[i], i - 3 * once[i], 1e-12);
        sw_spectral_destroy(f.work);
    }
}

static void test_nan_comes_out_as_nan(void **state) {
    (void)state;
    const sw_spectral_kind priors[] = {SW_SPECTRAL_NUCLEAR, SW_SPECTRAL_ENTROPY};
    const double wrong[] = {NAN, INFINITY};
    for (int p = 0; p < 2; p++)
        for (int w = 0; w < 2; w++) {
            fixture f;
            open_fixture(&f, priors[p], 5, 9);
            f.E[17] = wrong[w];
            double gradient[ELEMENTS_MAX] = {0}, out;
            assert_int_equal(sw_spectral_prior(&out, f.work, f.prior, false, f.E, 1, true, gradient), SW_OK);
            assert_true(isnan(out) && isnan(gradient[0]) && isnan(gradient[44]));
            sw_spectral_destroy(f.work);
        }
}

/* ---- Lipschitz ---- */

enum { C = 6, D = 5, INPUTS = 5, TOKENS = 4, PAIRS = 4 };
static const sw_lipschitz_pair pairs[PAIRS] = {{{0, 1}, {0, 2}}, {{1, 3}, {2, 3}}, {{4, 2}, {1, 0}}, {{3, 0}, {3, 1}}};

typedef struct lipschitz {
    double bound, weight;
    double w[INPUTS * C + TOKENS * D]; /* logits, then embeddings */
} lipschitz;

static double lipschitz_value(void *context) {
    lipschitz *f = context;
    return f->weight * sw_lipschitz_prior(pairs, PAIRS, f->bound, f->w, C, f->w + INPUTS * C, D, f->weight, NULL, NULL);
}

static double plain_ratio(const lipschitz *f, int i) {
    double moved = 0, apart = 1e-6;
    for (int k = 0; k < C; k++) moved += pow(f->w[pairs[i].row[0] * C + k] - f->w[pairs[i].row[1] * C + k], 2);
    for (int k = 0; k < D; k++)
        apart += pow(f->w[INPUTS * C + pairs[i].token[0] * D + k] - f->w[INPUTS * C + pairs[i].token[1] * D + k], 2);
    return moved / apart;
}

static void test_lipschitz(void **state) {
    (void)state;
    lipschitz f = {.bound = 0, .weight = 1.3};
    sw_fill_normal(f.w, INPUTS * C + TOKENS * D, 3, 1);
    double sum = 0, smallest = INFINITY, largest = 0;
    for (int i = 0; i < PAIRS; i++) {
        double ratio = plain_ratio(&f, i);
        sum += ratio;
        smallest = fmin(smallest, ratio);
        largest = fmax(largest, ratio);
    }
    assert_relative(lipschitz_value(&f), f.weight * sum / PAIRS, 1e-14);
    /* Bounds below all ratios, between them, above them. */
    const double bounds[] = {0, sqrt(0.5 * (smallest + largest)), sqrt(largest) + 1};
    for (int b = 0; b < 3; b++) {
        double gradient[INPUTS * C + TOKENS * D] = {0}, nonzero = 0;
        f.bound = bounds[b];
        sw_lipschitz_prior(pairs, PAIRS, f.bound, f.w, C, f.w + INPUTS * C, D, f.weight, gradient,
                           gradient + INPUTS * C);
        for (int i = 0; i < INPUTS * C + TOKENS * D; i++) nonzero += gradient[i] != 0;
        assert_true(b < 2 ? nonzero > 0 : nonzero == 0);
        assert_int_equal(
            sw_check_gradient("lipschitz", lipschitz_value, &f, f.w, gradient, INPUTS * C + TOKENS * D, 2e-8), 0);
    }
    f.w[C + 2] = NAN;
    assert_true(isnan(lipschitz_value(&f)));
}

/* A gradient without its denominator's part is caught. */
static void test_missing_term_is_caught(void **state) {
    (void)state;
    lipschitz f = {.bound = 0, .weight = 1};
    sw_fill_normal(f.w, INPUTS * C + TOKENS * D, 3, 1);
    double gradient[INPUTS * C + TOKENS * D] = {0};
    sw_lipschitz_prior(pairs, PAIRS, 0, f.w, C, f.w + INPUTS * C, D, 1, gradient, NULL);
    assert_true(sw_check_gradient(NULL, lipschitz_value, &f, f.w, gradient, INPUTS * C + TOKENS * D, 2e-8) >= D);
    fixture g;
    open_fixture(&g, SW_SPECTRAL_ENTROPY, 5, 9);
    g.weight = 1;
    double wrong[ELEMENTS_MAX] = {0}, out;
    assert_int_equal(sw_spectral_prior(&out, g.work, SW_SPECTRAL_ENTROPY, false, g.E, -1, true, wrong), SW_OK);
    assert_true(sw_check_gradient(NULL, value, &g, g.E, wrong, 45, 2e-8) > 40);
    sw_spectral_destroy(g.work);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gradients),
        cmocka_unit_test(test_normalized_gradients),
        cmocka_unit_test(test_normalized_values),
        cmocka_unit_test(test_given_spectra),
        cmocka_unit_test(test_vanishing_singular_values),
        cmocka_unit_test(test_kept_basis),
        cmocka_unit_test(test_kept_basis_of_low_rank),
        cmocka_unit_test(test_state_is_the_basis),
        cmocka_unit_test(test_weight_accumulates),
        cmocka_unit_test(test_nan_comes_out_as_nan),
        cmocka_unit_test(test_lipschitz),
        cmocka_unit_test(test_missing_term_is_caught),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
