/* gemm_check.h: matrix products against their definition, in whatever sw_real is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "nn/blas.h"
#include "nn/kernels.h"
#include "symsweep/random.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE_MAX = 70, K_MAX = 530, LEADING = 540 };

static _Alignas(64) sw_real a[SIDE_MAX > K_MAX ? SIDE_MAX *LEADING : K_MAX *LEADING], b[sizeof a / sizeof *a];
static sw_real start[SIDE_MAX * LEADING], c[SW_ISA_COUNT + 2][SIDE_MAX * LEADING], packed[96 * K_MAX];

static void fill(sw_real *x, size_t n, uint64_t step) {
    for (size_t i = 0; i < n; i++) x[i] = (sw_real)(sw_random_uniform(3, 0x920, step, i) - 0.5);
}

typedef struct product_case {
    size_t m, n, k;
    double alpha, beta;
} product_case;

/* Every shape of the kernels' edges, sums over more than one panel, and alpha and beta of all kinds. */
static const product_case cases[] = {
    {1, 1, 1, 1, 0},     {2, 3, 4, 1, 1},      {3, 17, 5, 2, 0.5},  {4, 33, 256, 1, 0},   {5, 8, 257, -1, 1},
    {6, 16, 31, 1, 0},   {7, 32, 7, 1, -0.25}, {8, 31, 8, 0.5, 1},  {9, 64, 300, 1, 0},   {10, 65, 10, 1, 1},
    {11, 15, 512, 1, 0}, {12, 24, 12, 1, 1},   {13, 40, 13, 1, 0},  {29, 9, 530, 1.5, 1}, {64, 48, 113, 1, 0},
    {66, 70, 64, 1, 1},  {70, 1, 33, 1, 0},    {1, 70, 33, 1, 0.5}, {61, 7, 90, 0, 1},    {25, 25, 25, 1, 0},
};

static void product(int which, bool ta, bool tb, const product_case *s, size_t lda, size_t ldb, sw_real *out) {
    if (which == SW_ISA_COUNT) {
        sw_blas_gemm(ta ? SW_T : SW_N, tb ? SW_T : SW_N, s->m, s->n, s->k, s->alpha, a, lda, b, ldb, s->beta, out,
                     LEADING);
    } else if (which == SW_ISA_COUNT + 1) {
        sw_blas_pack(packed, tb ? SW_T : SW_N, s->n, s->k, b, ldb);
        sw_blas_packed(ta ? SW_T : SW_N, s->m, s->n, s->k, s->alpha, a, lda, packed, s->beta, out, LEADING);
    } else if (which == SW_ISA_PLAIN) {
        sw_blas_gemm_library(ta ? SW_T : SW_N, tb ? SW_T : SW_N, s->m, s->n, s->k, s->alpha, a, lda, b, ldb, s->beta,
                             out, LEADING);
    } else {
        sw_product p = {.a_transposed = ta,
                        .b_transposed = tb,
                        .m = s->m,
                        .n = s->n,
                        .k = s->k,
                        .alpha = (sw_real)s->alpha,
                        .a = a,
                        .lda = lda,
                        .b = b,
                        .ldb = ldb,
                        .beta = (sw_real)s->beta,
                        .c = out,
                        .ldc = LEADING};
        sw_kernels_for((sw_isa)which)->gemm(&p);
    }
}

/* The least number from n on that is a whole and odd number of cache lines: rows so far apart are read in place. */
static size_t odd_lines(size_t n) { return ((n + SW_CACHE_LINE - 1) / SW_CACHE_LINE | 1) * SW_CACHE_LINE; }

static void check_case(const product_case *s, bool ta, bool tb, bool in_place) {
    size_t lda = (ta ? s->m : s->k) + 3, ldb = in_place ? odd_lines(s->n) : (tb ? s->k : s->n) + 2;
    for (int which = 0; which < SW_ISA_COUNT + 2; which++) {
        if (which < SW_ISA_COUNT && !sw_kernels_for((sw_isa)which)) continue;
        memcpy(c[which], start, sizeof start);
        if (s->beta == 0) /* whatever is there does not enter */
            for (size_t i = 0; i < s->m; i++) c[which][i * LEADING] = (sw_real)NAN;
        product(which, ta, tb, s, lda, ldb, c[which]);
        for (size_t i = 0; i < s->m; i++)
            for (size_t j = 0; j < LEADING; j++) {
                if (j >= s->n) { /* nothing is written past the row */
                    assert_true(c[which][i * LEADING + j] == start[i * LEADING + j]);
                    continue;
                }
                double sum = 0;
                for (size_t l = 0; l < s->k; l++)
                    sum += (double)a[ta ? l * lda + i : i * lda + l] * (double)b[tb ? j * ldb + l : l * ldb + j];
                sum = s->alpha * sum + s->beta * (double)start[i * LEADING + j];
                double epsilon = sizeof(sw_real) == 4 ? FLT_EPSILON : 4 * DBL_EPSILON;
                assert_true(fabs((double)c[which][i * LEADING + j] - sum) < 4 * epsilon * sqrt((double)s->k + 4));
            }
    }
    if (!sw_kernels_for(SW_ISA_AVX2)) return;
    for (int which = SW_ISA_AVX2; which < SW_ISA_COUNT + 2; which++)
        if (which >= SW_ISA_COUNT || sw_kernels_for((sw_isa)which))
            assert_memory_equal(c[which], c[SW_ISA_AVX2], s->m * LEADING * sizeof(sw_real));
}

static void test_products(void **state) {
    (void)state;
    fill(a, sizeof a / sizeof *a, 0);
    fill(b, sizeof b / sizeof *b, 1);
    fill(start, sizeof start / sizeof *start, 2);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int t = 0; t < 6; t++) check_case(&cases[i], t & 1, t & 2, t & 4);
}

/* A row has the same bits in whatever batch it is computed. */
static void test_parts(void **state) {
    (void)state;
    if (!sw_kernels_for(SW_ISA_AVX2)) skip();
    fill(a, sizeof a / sizeof *a, 0);
    fill(b, sizeof b / sizeof *b, 1);
    enum { M = 61, N = 45, K = 300 };
    sw_blas_dense(SW_N, SW_N, M, N, K, 1, a, b, 0, c[0]);
    for (size_t first = 0, rows = 1; first < M; first += rows, rows++)
        sw_blas_dense(SW_N, SW_N, first + rows < M ? rows : M - first, N, K, 1, a + first * K, b, 0, c[1] + first * N);
    assert_memory_equal(c[0], c[1], M * N * sizeof(sw_real));
}

/* Products with a mask are products, and 0 where the mask is 0 or below; NaN in the mask is no reason for 0. */
static void test_relu_backward(void **state) {
    (void)state;
    fill(a, sizeof a / sizeof *a, 0);
    fill(b, sizeof b / sizeof *b, 1);
    fill(start, sizeof start / sizeof *start, 2);
    for (size_t i = 0; i < sizeof start / sizeof *start; i += 3) start[i] = i % 2 ? 0 : i % 5 ? start[i] : (sw_real)NAN;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const product_case *s = &cases[i];
        sw_blas_pack(packed, SW_N, s->n, s->k, b, s->n);
        sw_blas_packed(SW_N, s->m, s->n, s->k, s->alpha, a, s->k, packed, 0, c[0], LEADING);
        for (size_t k = 0; k < sizeof c[1] / sizeof *c[1]; k++) c[1][k] = (sw_real)NAN;
        sw_blas_packed_relu_backward(s->m, s->n, s->k, s->alpha, a, s->k, packed, start, c[1], LEADING);
        for (size_t k = 0; k < s->m; k++)
            for (size_t j = 0; j < LEADING; j++) {
                sw_real x = c[1][k * LEADING + j], h = start[k * LEADING + j];
                if (j >= s->n)
                    assert_true(isnan(x));
                else
                    assert_true(x == (h <= 0 ? 0 : c[0][k * LEADING + j]));
            }
    }
}

static void test_nan(void **state) {
    (void)state;
    fill(a, sizeof a / sizeof *a, 0);
    fill(b, sizeof b / sizeof *b, 1);
    a[3 * 20 + 7] = (sw_real)NAN;
    sw_blas_dense(SW_N, SW_N, 9, 11, 20, 1, a, b, 0, c[0]);
    for (size_t i = 0; i < 9; i++)
        for (size_t j = 0; j < 11; j++) assert_true(isnan(c[0][i * 11 + j]) == (i == 3));
}

static int sw_test_products(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_products), cmocka_unit_test(test_parts),
                                       cmocka_unit_test(test_relu_backward), cmocka_unit_test(test_nan)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
