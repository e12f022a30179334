/* test_folded_kernels.c: mix and unmix compiled for each instruction set of this CPU: the same sums; the same bits
 * where multiply-add is fused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "nn/kernels.h"
#include "symsweep/random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 37, WIDTH = 96, STRIDE = 112, POSITIONS = 2, TOKENS = 5, HEADS_MAX = 6, RELU = 70 };

typedef struct case_data {
    sw_real out[ROWS * STRIDE], dtable[POSITIONS * TOKENS * HEADS_MAX * WIDTH];
    sw_real dweight[ROWS * POSITIONS * HEADS_MAX];
} case_data;

static void fill(sw_real *x, size_t n, uint64_t step) {
    for (size_t i = 0; i < n; i++) x[i] = (sw_real)(sw_random_uniform(3, 0x910, step, i) - 0.5);
}

/* Rows in order of (7 r) mod TOKENS at position 0 and (3 r) mod TOKENS at position 1. */
static void group(sw_groups *groups, int32_t *token, int32_t *begin, int32_t *member, int32_t factor) {
    int32_t n = 0;
    for (int32_t v = 0; v < TOKENS; v++) {
        token[v] = v;
        begin[v] = n;
        for (int32_t r = 0; r < ROWS; r++)
            if (factor * r % TOKENS == v) member[n++] = r;
    }
    begin[TOKENS] = n;
    *groups = (sw_groups){TOKENS, token, begin, member};
}

static void check_heads(size_t heads) {
    static sw_real table[POSITIONS * TOKENS * HEADS_MAX * WIDTH], weight[ROWS * POSITIONS * HEADS_MAX], base[WIDTH];
    static sw_real dout[ROWS * STRIDE];
    static case_data result[SW_ISA_COUNT];
    int32_t token[POSITIONS][TOKENS], begin[POSITIONS][TOKENS + 1], member[POSITIONS][ROWS];
    sw_groups groups[POSITIONS];
    group(&groups[0], token[0], begin[0], member[0], 7);
    group(&groups[1], token[1], begin[1], member[1], 3);
    fill(table, sizeof table / sizeof *table, 0);
    fill(weight, sizeof weight / sizeof *weight, 1);
    fill(base, WIDTH, 2);
    fill(dout, ROWS * STRIDE, 3);
    int32_t tokens[ROWS][POSITIONS];
    for (int32_t r = 0; r < ROWS; r++) {
        tokens[r][0] = 7 * r % TOKENS;
        tokens[r][1] = 3 * r % TOKENS;
    }
    const sw_mixture mixture = {.width = WIDTH,
                                .stride = STRIDE,
                                .positions = POSITIONS,
                                .heads = heads,
                                .token = tokens[0],
                                .groups = groups,
                                .table = table,
                                .weight = weight,
                                .token_stride = POSITIONS,
                                .row_stride = heads * WIDTH,
                                .table_stride = TOKENS * heads * WIDTH,
                                .weight_stride = POSITIONS * heads};
    for (int i = 0; i < SW_ISA_COUNT; i++) {
        memset(&result[i], 0, sizeof result[i]);
        if (!sw_kernels_for((sw_isa)i)) continue;
        sw_kernels_for((sw_isa)i)->mix(result[i].out, ROWS, &mixture, base, RELU);
        bool seen[POSITIONS * TOKENS] = {false};
        for (size_t k = 0; k < heads * WIDTH; k++) { /* what has not been seen may hold anything */
            result[i].dtable[k] = NAN;
            result[i].dtable[(POSITIONS * TOKENS - 1) * heads * WIDTH + k] = 1;
        }
        seen[POSITIONS * TOKENS - 1] = true;
        sw_kernels_for((sw_isa)i)->unmix(dout, &mixture, seen, TOKENS, result[i].dtable, result[i].dweight);
        for (size_t k = 0; k < POSITIONS * TOKENS; k++) assert_true(seen[k]);
    }

    for (size_t r = 0; r < ROWS; r++) /* against the definition, in double */
        for (size_t c = 0; c < WIDTH; c++) {
            double sum = base[c];
            for (size_t j = 0; j < POSITIONS; j++)
                for (size_t h = 0; h < heads; h++)
                    sum += (double)weight[(r * POSITIONS + j) * heads + h] *
                           (double)table[((j * TOKENS + (j ? 3 : 7) * r % TOKENS) * heads + h) * WIDTH + c];
            sum = c < RELU && sum < 0 ? 0 : sum;
            assert_true(fabs(sum - (double)result[0].out[r * STRIDE + c]) < 1e-5);
        }
    for (size_t j = 0; j < POSITIONS; j++)
        for (size_t h = 0; h < heads; h++)
            for (size_t r = 0; r < ROWS; r++) {
                double dot = 0;
                for (size_t c = 0; c < WIDTH; c++)
                    dot += (double)dout[r * STRIDE + c] *
                           (double)table[((j * TOKENS + (j ? 3 : 7) * r % TOKENS) * heads + h) * WIDTH + c];
                assert_true(fabs(dot - (double)result[0].dweight[(r * POSITIONS + j) * heads + h]) < 1e-5);
            }
    for (size_t v = 0; v < TOKENS; v++) {
        double sum = 0; /* one column of each token's gradient */
        for (size_t r = 0; r < ROWS; r++)
            sum += 7 * r % TOKENS == v ? (double)weight[r * POSITIONS * heads] * (double)dout[r * STRIDE + 9] : 0;
        assert_true(fabs(sum - (double)result[0].dtable[v * heads * WIDTH + 9]) < 1e-5);
    }

    double sum = 1; /* the token that had been seen holds 1 already */
    for (size_t r = 0; r < ROWS; r++)
        sum += 3 * r % TOKENS == TOKENS - 1 ? (double)weight[(r * POSITIONS + 1) * heads] * (double)dout[r * STRIDE + 9]
                                            : 0;
    assert_true(fabs(sum - (double)result[0].dtable[(POSITIONS * TOKENS - 1) * heads * WIDTH + 9]) < 1e-5);

    for (int i = 1; i < SW_ISA_COUNT; i++) {
        if (!sw_kernels_for((sw_isa)i)) continue;
        for (size_t k = 0; k < ROWS * STRIDE; k++)
            assert_true(fabs((double)result[i].out[k] - (double)result[0].out[k]) < 1e-5);
        for (size_t k = 0; k < sizeof result->dtable / sizeof(sw_real); k++)
            assert_true(fabs((double)result[i].dtable[k] - (double)result[0].dtable[k]) < 1e-5);
        for (size_t k = 0; k < sizeof result->dweight / sizeof(sw_real); k++)
            assert_true(fabs((double)result[i].dweight[k] - (double)result[0].dweight[k]) < 1e-5);
        if (i == SW_ISA_AVX512) assert_memory_equal(&result[i], &result[SW_ISA_AVX2], sizeof result[i]);
    }
}

static void test_variants(void **state) {
    (void)state;
    for (size_t heads = 1; heads <= HEADS_MAX; heads++) check_heads(heads);
}

/* NaN passes through the rectifier of every variant. */
static void test_nan(void **state) {
    (void)state;
    sw_real out[STRIDE] = {0}, table[WIDTH] = {0}, weight[1] = {1};
    int32_t token = 0, begin[2] = {0, 1}, member = 0;
    sw_groups groups = {1, &token, begin, &member};
    const sw_mixture mixture = {WIDTH, STRIDE, 1, 1, &token, &groups, table, weight, 1, WIDTH, WIDTH, 1};
    table[0] = table[RELU - 1] = (sw_real)NAN;
    table[1] = -1;
    for (int i = 0; i < SW_ISA_COUNT; i++) {
        if (!sw_kernels_for((sw_isa)i)) continue;
        memset(out, 0, sizeof out);
        sw_kernels_for((sw_isa)i)->mix(out, 1, &mixture, NULL, RELU);
        assert_true(isnan(out[0]) && isnan(out[RELU - 1]) && out[1] == 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_variants), cmocka_unit_test(test_nan)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
