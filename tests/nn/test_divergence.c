/* test_divergence.c: the divergences of the symmetry families in double: values against the plain formulas, gradients
 * of every input against central differences. */
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

enum { C = 21, ROWS = 6, TUPLES = 5, MAPS = 2 };

/* Rows are used several times and in several places; the last tuple compares a row with itself through a map. Where six
 * are compared, some of the second three repeat the first. */
static const sw_tuple tuples[TUPLES] = {{{0, 1, 2, 3, 4, 5}, -1},
                                        {{3, 4, 5, 1, 2, 5}, 0},
                                        {{1, 3, 0, 2, 5, 4}, 1},
                                        {{5, 0, 4, 5, 0, 4}, -1},
                                        {{2, 2, 3, 1, 4, 3}, 1}};

typedef struct fixture {
    sw_divergence_spec spec;
    const int32_t *row;
    double scale;
    double logits[ROWS * C];
    int32_t class_map[MAPS * C];
} fixture;

static double value(void *context) {
    fixture *f = context;
    return f->scale * sw_divergence_mean(&f->spec, tuples, TUPLES, f->row, f->logits, f->scale, NULL);
}

static void fill(fixture *f, sw_comparison compare, double spread) {
    memset(f, 0, sizeof *f);
    f->spec = (sw_divergence_spec){.compare = compare, .classes = C, .odds_high = 2, .odds_low = 0};
    f->scale = 1;
    sw_fill_normal(f->logits, ROWS * C, 11, spread);
    for (int32_t c = 0; c < C; c++) {
        f->class_map[c] = (5 * c + 3) % C; /* 5 is a unit mod 21 */
        f->class_map[C + c] = (C - c) % C;
    }
    if (compare == SW_COMPARE_SYMMETRIC_KL) f->spec.class_map = f->class_map;
}

static void softmax(double *p, const double *z, const int32_t *map) {
    double sum = 0;
    for (int c = 0; c < C; c++) sum += exp(z[c]);
    for (int c = 0; c < C; c++) p[c] = exp(z[map ? map[c] : c]) / sum;
}

static double kl(const double *p, const double *q, int n) {
    double sum = 0;
    for (int c = 0; c < n; c++) sum += p[c] * log(p[c] / q[c]);
    return sum;
}

static int argmax(const double *p, int n) {
    int best = 0;
    for (int c = 1; c < n; c++) best = p[c] > p[best] ? c : best;
    return best;
}

/* The two distributions that tuple i compares, by the plain formulas; returns their number of classes. */
static int plain_sides(double *p, double *q, double *excess, const fixture *f, const sw_tuple *tuple) {
    const double *z[SW_TUPLE_INPUTS];
    double l[SW_TUPLE_INPUTS];
    for (int j = 0; j < SW_TUPLE_INPUTS; j++) {
        z[j] = f->logits + (f->row ? f->row[tuple->input[j]] : tuple->input[j]) * C;
        l[j] = z[j][2] - z[j][0];
    }
    *excess = 0;
    switch (f->spec.compare) {
    case SW_COMPARE_SYMMETRIC_KL:
        softmax(p, z[0], tuple->map < 0 ? NULL : f->class_map + tuple->map * C);
        softmax(q, z[1], NULL);
        return C;
    case SW_COMPARE_CONVOLUTION: {
        double a[C], b[C], total = 0;
        softmax(a, z[0], NULL);
        softmax(b, z[1], NULL);
        softmax(q, z[2], NULL);
        for (int k = 0; k < 2 * C - 1; k++) {
            double sum = 0;
            for (int i = 0; i <= k; i++) sum += i < C && k - i < C ? a[i] * b[k - i] : 0;
            if (k < C) p[k] = sum;
            *(k < C ? &total : excess) += sum;
        }
        for (int k = 0; k < C; k++) p[k] /= total;
        return C;
    }
    case SW_COMPARE_CLASS_ZERO:
        softmax(q, z[0], NULL);
        memset(p, 0, C * sizeof *p);
        p[0] = 1;
        return C;
    case SW_COMPARE_EXACTLY_ONE: {
        double s[3];
        for (int j = 0; j < 3; j++) s[j] = 1 / (1 + exp(-l[j]));
        *excess = s[0] * (1 - s[1]) * (1 - s[2]) + s[1] * (1 - s[0]) * (1 - s[2]) + s[2] * (1 - s[0]) * (1 - s[1]);
        bool one = (l[0] > 0) + (l[1] > 0) + (l[2] > 0) == 1;
        p[0] = 1;
        q[0] = one;
        p[1] = 0;
        q[1] = !one;
        return 2;
    }
    case SW_COMPARE_BRADLEY_TERRY:
        for (int j = 0; j < 3; j++)
            if (tuple->input[j] != tuple->input[j + 3]) l[j] = (l[j] - l[j + 3]) / 2;
        break;
    case SW_COMPARE_ADDITIVE:
    case SW_COMPARE_NEGATED: break;
    }
    bool additive = f->spec.compare != SW_COMPARE_NEGATED;
    p[1] = 1 / (1 + exp(-(additive ? l[0] + l[1] : l[0])));
    q[1] = 1 / (1 + exp(-(additive ? l[2] : -l[1])));
    p[0] = 1 - p[1];
    q[0] = 1 - q[1];
    return 2;
}

static double plain_violation(const fixture *f, const double *p, const double *q, double excess, int n) {
    if (f->spec.compare == SW_COMPARE_EXACTLY_ONE) return -log(excess);
    if (f->spec.compare == SW_COMPARE_CLASS_ZERO) return -log(q[0]);
    if (f->spec.compare == SW_COMPARE_CONVOLUTION && f->spec.divergence == SW_DIVERGENCE_FORWARD_KL) return kl(p, q, n);
    return 0.5 * (kl(p, q, n) + kl(q, p, n));
}

static const sw_comparison kinds[] = {SW_COMPARE_SYMMETRIC_KL,  SW_COMPARE_CONVOLUTION, SW_COMPARE_CONVOLUTION,
                                      SW_COMPARE_CLASS_ZERO,    SW_COMPARE_ADDITIVE,    SW_COMPARE_NEGATED,
                                      SW_COMPARE_BRADLEY_TERRY, SW_COMPARE_EXACTLY_ONE};
enum { KINDS = sizeof kinds / sizeof *kinds };
static const sw_divergence divergences[KINDS] = {[2] = SW_DIVERGENCE_FORWARD_KL};
static const int32_t permuted_row[ROWS] = {4, 2, 0, 5, 1, 3};

static void test_values(void **state) {
    (void)state;
    for (int kind = 0; kind < 2 * KINDS; kind++) {
        fixture f;
        fill(&f, kinds[kind % KINDS], 1.5);
        f.spec.divergence = divergences[kind % KINDS];
        f.row = kind < KINDS ? NULL : permuted_row;
        double each[TUPLES], excess[TUPLES], sum = 0;
        int8_t disagree[TUPLES];
        int disagreements = 0;
        sw_divergence_each(&f.spec, tuples, TUPLES, f.row, f.logits, each, disagree, excess);
        for (int i = 0; i < TUPLES; i++) {
            double p[C], q[C], beyond;
            int n = plain_sides(p, q, &beyond, &f, &tuples[i]);
            double expected = plain_violation(&f, p, q, beyond, n);
            assert_close(each[i], expected, 1e-12);
            assert_int_equal(disagree[i], argmax(p, n) != argmax(q, n));
            if (f.spec.compare == SW_COMPARE_CONVOLUTION) assert_close(excess[i], beyond, 1e-14);
            disagreements += disagree[i];
            sum += expected;
        }
        assert_true(disagreements > 0);
        assert_close(value(&f), sum / TUPLES, 1e-12);
    }
}

static void test_gradients(void **state) {
    (void)state;
    for (int kind = 0; kind < 3 * KINDS; kind++) {
        fixture f;
        fill(&f, kinds[kind % KINDS], kind < 2 * KINDS ? 1 : 6);
        f.spec.divergence = divergences[kind % KINDS];
        f.row = kind < KINDS ? NULL : permuted_row;
        f.scale = kind < KINDS ? 1 : 2.5;
        double gradient[ROWS * C] = {0};
        double mean = sw_divergence_mean(&f.spec, tuples, TUPLES, f.row, f.logits, f.scale, gradient);
        assert_close(f.scale * mean, value(&f), 0);
        char name[64];
        snprintf(name, sizeof name, "divergence, comparison %d", (int)f.spec.compare);
        assert_int_equal(sw_check_gradient(name, value, &f, f.logits, gradient, ROWS * C, 2e-8), 0);
        /* The check sees a wrong sign in one place and a missing half everywhere. */
        size_t worst = 0;
        for (size_t i = 0; i < ROWS * C; i++) worst = fabs(gradient[i]) > fabs(gradient[worst]) ? i : worst;
        gradient[worst] = -gradient[worst];
        assert_int_equal(sw_check_gradient(NULL, value, &f, f.logits, gradient, ROWS * C, 2e-8), 1);
        gradient[worst] = -gradient[worst];
        for (size_t i = 0; i < ROWS * C; i++) gradient[i] /= 2;
        assert_true(sw_check_gradient(NULL, value, &f, f.logits, gradient, ROWS * C, 2e-8) > 2);
    }
}

/* A tuple above the bound counts as the bound, and pulls at nothing. */
static void test_bound(void **state) {
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        fixture f;
        double each[TUPLES], capped[TUPLES], gradient[ROWS * C] = {0}, free_of_bound[ROWS * C] = {0}, sum = 0;
        int above = 0;
        fill(&f, kinds[kind], 1.5);
        f.spec.divergence = divergences[kind];
        sw_divergence_each(&f.spec, tuples, TUPLES, NULL, f.logits, each, NULL, NULL);
        for (int i = 0; i < TUPLES; i++) f.spec.bound += each[i] / TUPLES;
        for (int i = 0; i < TUPLES; i++) {
            above += each[i] > f.spec.bound;
            sum += each[i] > f.spec.bound ? f.spec.bound : each[i];
        }
        assert_true(above > 0 && above < TUPLES);
        sw_divergence_each(&f.spec, tuples, TUPLES, NULL, f.logits, capped, NULL, NULL);
        for (int i = 0; i < TUPLES; i++) assert_close(capped[i], each[i] > f.spec.bound ? f.spec.bound : each[i], 0);
        f.scale = -2;
        assert_close(value(&f), -2 * sum / TUPLES, 1e-12);
        sw_divergence_mean(&f.spec, tuples, TUPLES, NULL, f.logits, f.scale, gradient);
        assert_int_equal(sw_check_gradient("bound", value, &f, f.logits, gradient, ROWS * C, 2e-8), 0);
        const double bound = f.spec.bound;
        f.spec.bound = 0;
        sw_divergence_mean(&f.spec, tuples, TUPLES, NULL, f.logits, f.scale, free_of_bound);
        f.spec.bound = bound;
        assert_true(sw_check_gradient(NULL, value, &f, f.logits, free_of_bound, ROWS * C, 2e-8) > 0);
        for (int i = 0; i < ROWS * C; i++) f.logits[i] = NAN; /* NaN is not above a bound */
        assert_true(isnan(value(&f)));
    }
}

static void test_gradient_accumulates(void **state) {
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        fixture f;
        fill(&f, kinds[kind], 1);
        f.spec.divergence = divergences[kind];
        double once[ROWS * C] = {0}, added[ROWS * C];
        for (int i = 0; i < ROWS * C; i++) added[i] = i;
        sw_divergence_mean(&f.spec, tuples, TUPLES, NULL, f.logits, 1, once);
        sw_divergence_mean(&f.spec, tuples, TUPLES, NULL, f.logits, 1, added);
        for (int i = 0; i < ROWS * C; i++) assert_close(added[i], i + once[i], 1e-13);
    }
}

/* Hand-made exact solutions: one-hot logits of margin 30. */
static void test_exact_solutions_violate_nothing(void **state) {
    (void)state;
    static const sw_tuple tuple = {{0, 1, 2, 3, 4, 5}, -1};
    for (int kind = 0; kind < KINDS; kind++) {
        fixture f;
        fill(&f, kinds[kind], 0);
        f.spec.divergence = divergences[kind];
        bool additive = f.spec.compare == SW_COMPARE_ADDITIVE, negated = f.spec.compare == SW_COMPARE_NEGATED;
        if (additive) {
            f.logits[2] = f.logits[C + 2] = 30;
            f.logits[2 * C + 2] = 60;
        } else if (negated) {
            f.logits[2] = f.logits[C] = 30;
        } else if (f.spec.compare == SW_COMPARE_BRADLEY_TERRY) {
            f.logits[2] = f.logits[C + 2] = f.logits[3 * C] = f.logits[4 * C] = 30;
            f.logits[2 * C + 2] = f.logits[5 * C] = 60;
        } else if (f.spec.compare == SW_COMPARE_EXACTLY_ONE) {
            f.logits[2] = f.logits[C] = f.logits[2 * C] = 30;
        } else { /* distances 0 + 4 = 4; and equal inputs */
            f.logits[f.spec.compare == SW_COMPARE_SYMMETRIC_KL ? 4 : 0] = 30;
            f.logits[C + 4] = f.logits[2 * C + 4] = 30;
        }
        double violation, excess = 0;
        int8_t disagree;
        sw_divergence_each(&f.spec, &tuple, 1, NULL, f.logits, &violation, &disagree, &excess);
        assert_true(violation >= 0 && violation < 1e-6);
        assert_int_equal(disagree, 0);
        assert_true(excess < 1e-6);
        /* Perturbed, each of them is violated. */
        f.logits[2] -= 100;
        f.logits[7] += 30;
        sw_divergence_each(&f.spec, &tuple, 1, NULL, f.logits, &violation, &disagree, NULL);
        assert_true(violation > 1e-3);
    }
}

static void test_few_classes(void **state) {
    (void)state;
    const double logits[3 * 2] = {0.4, -0.3, 1.1, 0.2, -0.7, 0.5};
    for (int kind = 1; kind < 3; kind++) {
        const sw_divergence_spec spec = {.compare = kinds[kind], .divergence = divergences[kind], .classes = 2};
        const sw_tuple tuple = {{0, 1, 2}, -1};
        double a = 1 / (1 + exp(-0.7)), b = 1 / (1 + exp(-0.9)), c = 1 / (1 + exp(1.2)), violation, excess;
        double zero = a * b, one = a * (1 - b) + (1 - a) * b;
        const double p[2] = {zero / (zero + one), one / (zero + one)}, q[2] = {c, 1 - c};
        sw_divergence_each(&spec, &tuple, 1, NULL, logits, &violation, NULL, &excess);
        assert_close(violation, kind == 1 ? 0.5 * (kl(p, q, 2) + kl(q, p, 2)) : kl(p, q, 2), 1e-15);
        assert_close(excess, (1 - a) * (1 - b), 1e-15);
    }
    /* One class: nothing can differ. */
    for (int kind = 0; kind < 4; kind++) {
        const sw_divergence_spec spec = {.compare = kinds[kind], .divergence = divergences[kind], .classes = 1};
        const sw_tuple tuple = {{0, 1, 2}, -1};
        double gradient[3] = {0};
        assert_close(sw_divergence_mean(&spec, &tuple, 1, NULL, logits, 1, gradient), 0, 0);
        for (int i = 0; i < 3; i++) assert_close(gradient[i], 0, 0);
    }
}

static void test_nan_comes_out_as_nan(void **state) {
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        fixture f;
        fill(&f, kinds[kind], 1);
        f.spec.divergence = divergences[kind];
        f.logits[tuples[0].input[0] * C + 2] = NAN;
        double each[TUPLES], gradient[ROWS * C] = {0};
        sw_divergence_each(&f.spec, tuples, TUPLES, NULL, f.logits, each, NULL, NULL);
        assert_true(isnan(each[0]));
        assert_false(isnan(each[1]));
        assert_true(isnan(sw_divergence_mean(&f.spec, tuples, TUPLES, NULL, f.logits, 1, gradient)));
        assert_true(isnan(gradient[tuples[0].input[0] * C + 2]));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_gradients),
        cmocka_unit_test(test_bound),
        cmocka_unit_test(test_gradient_accumulates),
        cmocka_unit_test(test_exact_solutions_violate_nothing),
        cmocka_unit_test(test_few_classes),
        cmocka_unit_test(test_nan_comes_out_as_nan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
