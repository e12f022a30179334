/* test_loss.c: the losses in double: values against the plain formulas, gradients against central differences. */
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

enum { C = 19, ROWS = 7, BATCH = 5 };

typedef struct fixture {
    sw_loss_kind kind;
    const int32_t *rows;
    size_t count;
    double logits[ROWS * C];
    int32_t label[ROWS];
} fixture;

static double value(void *context) {
    fixture *f = context;
    return sw_loss(f->kind, f->logits, C, f->rows, f->label, f->count, NULL);
}

static fixture random_fixture(sw_loss_kind kind, double scale) {
    fixture f = {.kind = kind, .count = ROWS};
    sw_fill_normal(f.logits, ROWS * C, 1, scale);
    sw_fill_below(f.label, ROWS, 2, C);
    return f;
}

/* Row 0 has its label on top, row 1 far from it, the others where they fall. */
static void spread(fixture *f) {
    f->logits[f->label[0]] = 8;
    f->logits[C + f->label[1]] = -6;
}

static double plain_loss(sw_loss_kind kind, const double *z, int32_t label) {
    double sum = 0, own = 0;
    if (kind == SW_LOSS_MSE || kind == SW_LOSS_HINGE) {
        for (int32_t k = 0; k < C; k++) {
            const double off = z[k] - (k == label), margin = 1 - z[label] + z[k];
            sum += kind == SW_LOSS_MSE ? off * off : k != label && margin > 0 ? margin : 0;
        }
        return sum / C;
    }
    for (int32_t k = 0; k < C; k++) {
        double s = kind == SW_LOSS_CROSS_ENTROPY ? exp(z[k]) : z[k] >= 0 ? z[k] + 1 : 1 / (1 - z[k]);
        sum += s;
        own = k == label ? s : own;
    }
    return -log(own / sum);
}

static void test_values(void **state) {
    (void)state;
    for (sw_loss_kind kind = SW_LOSS_CROSS_ENTROPY; kind < SW_LOSS_COUNT; kind++) {
        fixture f = random_fixture(kind, 2);
        spread(&f);
        double loss[ROWS], margin[ROWS], sum = 0;
        int32_t argmax[ROWS];
        sw_loss_rows(kind, f.logits, C, f.label, ROWS, loss, margin, argmax);
        for (int i = 0; i < ROWS; i++) {
            const double *z = f.logits + i * C;
            double expected = plain_loss(kind, z, f.label[i]), other = -INFINITY;
            int32_t best = 0;
            for (int32_t k = 0; k < C; k++) {
                other = k != f.label[i] ? fmax(other, z[k]) : other;
                best = z[k] > z[best] ? k : best;
            }
            assert_close(loss[i], expected, 1e-13);
            assert_close(margin[i], z[f.label[i]] - other, 0);
            assert_int_equal(argmax[i], best);
            sum += expected;
        }
        assert_close(value(&f), sum / ROWS, 1e-13);
    }
}

static void test_rows_select_and_repeat(void **state) {
    (void)state;
    fixture f = random_fixture(SW_LOSS_CROSS_ENTROPY, 1);
    const int32_t rows[BATCH] = {6, 2, 2, 0, 5};
    f.rows = rows;
    f.count = BATCH;
    double sum = 0;
    for (int i = 0; i < BATCH; i++) sum += plain_loss(f.kind, f.logits + rows[i] * C, f.label[i]);
    assert_close(value(&f), sum / BATCH, 1e-14);
}

static void test_gradients(void **state) {
    (void)state;
    const int32_t rows[BATCH] = {6, 2, 2, 0, 5};
    for (sw_loss_kind kind = SW_LOSS_CROSS_ENTROPY; kind < SW_LOSS_COUNT; kind++)
        for (int selected = 0; selected < 2; selected++) {
            fixture f = random_fixture(kind, 2);
            spread(&f);
            f.rows = selected ? rows : NULL;
            f.count = selected ? BATCH : ROWS;
            double gradient[ROWS * C] = {0};
            double loss = sw_loss(kind, f.logits, C, f.rows, f.label, f.count, gradient);
            assert_close(loss, value(&f), 0);
            assert_int_equal(sw_check_gradient("loss", value, &f, f.logits, gradient, ROWS * C, 1e-8), 0);
        }
}

static void test_wrong_sign_is_caught(void **state) {
    (void)state;
    fixture f = random_fixture(SW_LOSS_CROSS_ENTROPY, 1);
    double gradient[ROWS * C] = {0};
    sw_loss(f.kind, f.logits, C, NULL, f.label, ROWS, gradient);
    gradient[3 * C + f.label[3]] *= -1; /* the label's p_y - 1 as 1 - p_y */
    assert_int_equal(sw_check_gradient(NULL, value, &f, f.logits, gradient, ROWS * C, 1e-8), 1);
}

static void test_gradient_accumulates(void **state) {
    (void)state;
    fixture f = random_fixture(SW_LOSS_STABLEMAX, 1);
    double once[ROWS * C] = {0}, twice[ROWS * C] = {0};
    sw_loss(f.kind, f.logits, C, NULL, f.label, ROWS, once);
    sw_loss(f.kind, f.logits, C, NULL, f.label, ROWS, twice);
    sw_loss(f.kind, f.logits, C, NULL, f.label, ROWS, twice);
    for (int i = 0; i < ROWS * C; i++) assert_close(twice[i], 2 * once[i], 1e-16);
}

/* Widths around the blocks of the vectorized loops. */
static void test_every_width(void **state) {
    (void)state;
    double logits[70];
    sw_fill_normal(logits, 70, 5, 3);
    for (int32_t classes = 1; classes <= 70; classes++) {
        double sum = 0, gradient[70] = {0}, total = 0, loss, margin;
        int32_t label = classes / 2, argmax;
        for (int32_t k = 0; k < classes; k++) sum += exp(logits[k] - logits[label]);
        double value_of = sw_loss(SW_LOSS_CROSS_ENTROPY, logits, classes, NULL, &label, 1, gradient);
        assert_close(value_of, log(sum), 1e-13);
        for (int32_t k = 0; k < classes; k++) {
            assert_close(gradient[k], exp(logits[k] - logits[label]) / sum - (k == label), 1e-14);
            total += gradient[k];
        }
        assert_close(total, 0, 1e-14);
        sw_loss_rows(SW_LOSS_CROSS_ENTROPY, logits, classes, &label, 1, &loss, &margin, &argmax);
        assert_close(loss, value_of, 0);
        assert_true(classes > 1 || (isinf(margin) && argmax == 0));
    }
}

static void test_ties_go_to_the_lowest_class(void **state) {
    (void)state;
    const double logits[2 * 4] = {1, 3, 3, 0, 5, 5, 5, 5};
    const int32_t label[2] = {2, 3};
    int32_t argmax[2];
    double margin[2], loss[2];
    sw_loss_rows(SW_LOSS_CROSS_ENTROPY, logits, 4, label, 2, loss, margin, argmax);
    assert_int_equal(argmax[0], 1);
    assert_int_equal(argmax[1], 0);
    assert_close(margin[0], 0, 0);
    assert_close(loss[1], log(4), 1e-15);
}

static void test_nan_comes_out_as_nan(void **state) {
    (void)state;
    for (sw_loss_kind kind = SW_LOSS_CROSS_ENTROPY; kind < SW_LOSS_COUNT; kind++)
        for (int32_t at = 0; at < C; at++) {
            fixture f = random_fixture(kind, 1);
            f.logits[2 * C + at] = NAN;
            double gradient[ROWS * C] = {0}, loss[ROWS], margin[ROWS];
            assert_true(isnan(sw_loss(kind, f.logits, C, NULL, f.label, ROWS, gradient)));
            for (int32_t k = 0; k < C; k++) assert_true(isnan(gradient[2 * C + k]));
            assert_false(isnan(gradient[3 * C]));
            sw_loss_rows(kind, f.logits, C, f.label, ROWS, loss, margin, NULL);
            assert_true(isnan(loss[2]) && isnan(margin[2]) && !isnan(loss[1]));
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_rows_select_and_repeat),
        cmocka_unit_test(test_gradients),
        cmocka_unit_test(test_wrong_sign_is_caught),
        cmocka_unit_test(test_gradient_accumulates),
        cmocka_unit_test(test_every_width),
        cmocka_unit_test(test_ties_go_to_the_lowest_class),
        cmocka_unit_test(test_nan_comes_out_as_nan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
