/* kernels_gemm_body.h: products of panels for one instruction set; kernels_gemm.c includes it once for each.
 *
 * Given: BODY(name), the name's variant; TARGET, the function attribute; VECTOR_BYTES; FUSED(a, b, c) = a b + c of
 * vectors, rounded once; ROWS_MAX (6 or 12), rows of C that fit the registers, two vectors wide.
 *
 * An element of C is the sum over k in order, one fused multiply-add after another, whatever the vectors' width and
 * wherever its row and column stand: variants agree in every bit, and so do a matrix and its parts. */

typedef sw_real BODY(vector) __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(sw_real)), may_alias));
#define VECTOR BODY(vector)
enum { BODY(LANES) = VECTOR_BYTES / sizeof(sw_real) };
#define LANES BODY(LANES)
#define WIDTH (2 * LANES) /* columns of a packed panel of B */
#define UNROLL _Pragma("GCC unroll 12")

/* sums[rows, 2 vectors] = A[rows, k] B[k, vectors]: element (i, l) of A lies at a[i * row_step + l * k_step], row l of B
 * at b + l * WIDTH. k >= 1; rows and vectors are constant where this is inlined. */
static inline __attribute__((always_inline)) TARGET void
BODY(multiply)(int rows, int vectors, size_t k, const sw_real *a, size_t row_step, size_t k_step, const sw_real *b,
               sw_real *sums)
{
    VECTOR sum[ROWS_MAX][2];
    const sw_real *third[ROWS_MAX / 3]; /* every third row: the two between are within reach of an address */
    UNROLL for (int i = 0; i < rows; i++)
        UNROLL for (int j = 0; j < vectors; j++)
            sum[i][j] = (VECTOR){0};
    UNROLL for (int i = 0; i < (rows + 2) / 3; i++)
        third[i] = a + (size_t)(3 * i) * row_step;
    size_t step = k_step * sizeof *a;
    /* Were the compiler to know that a step may be one element, it would make two versions of the loop, and keep the
     * sums in memory to join them. */
    __asm__("" : "+r"(step));
    do {
        VECTOR in[2];
        UNROLL for (int j = 0; j < vectors; j++)
            in[j] = *(const VECTOR *)(b + (size_t)(j * LANES));
        UNROLL for (int i = 0; i < rows; i++) {
            VECTOR factor = third[i / 3][(size_t)(i % 3) * row_step] - (VECTOR){0};
            UNROLL for (int j = 0; j < vectors; j++)
                sum[i][j] = FUSED(factor, in[j], sum[i][j]);
        }
        UNROLL for (int i = 0; i < (rows + 2) / 3; i++)
            third[i] = (const sw_real *)((const char *)third[i] + step);
        b += WIDTH;
    } while (--k);
    UNROLL for (int i = 0; i < rows; i++)
        UNROLL for (int j = 0; j < vectors; j++)
            *(VECTOR *)(sums + i * WIDTH + j * LANES) = sum[i][j];
}

/* One function for each shape: nothing but the sums stays alive across the loop, so that they stay in registers. */
#define SHAPE(rows, vectors)                                                                                          \
    static __attribute__((noinline)) TARGET void BODY(multiply_##rows##_##vectors)(                                   \
        size_t k, const sw_real *a, size_t row_step, size_t k_step, const sw_real *b, sw_real *sums)                  \
    {                                                                                                                 \
        BODY(multiply)(rows, vectors, k, a, row_step, k_step, b, sums);                                               \
    }
#define SHAPES(rows) SHAPE(rows, 1) SHAPE(rows, 2)
#define ENTRY(rows) {BODY(multiply_##rows##_1), BODY(multiply_##rows##_2)}

SHAPES(1)
SHAPES(2)
SHAPES(3)
SHAPES(4)
SHAPES(5)
SHAPES(6)
#if ROWS_MAX > 6
SHAPES(7)
SHAPES(8)
SHAPES(9)
SHAPES(10)
SHAPES(11)
SHAPES(12)
#endif

static void (*const BODY(shapes)[ROWS_MAX][2])(size_t, const sw_real *, size_t, size_t, const sw_real *,
                                               sw_real *) = {
    ENTRY(1), ENTRY(2), ENTRY(3), ENTRY(4), ENTRY(5), ENTRY(6),
#if ROWS_MAX > 6
    ENTRY(7), ENTRY(8), ENTRY(9), ENTRY(10), ENTRY(11), ENTRY(12),
#endif
};

/* c[rows, columns] = alpha sums + beta c; beta 0 overwrites whatever is there. */
static TARGET void BODY(write)(const sw_real *sums, int rows, size_t columns, sw_real alpha, sw_real beta, sw_real *c,
                               size_t ldc)
{
    if (columns == WIDTH) { /* most of the time */
        if (beta == 0)
            for (int i = 0; i < rows; i++, c += ldc, sums += WIDTH)
                UNROLL for (int j = 0; j < WIDTH; j += LANES)
                    *(VECTOR *)(c + j) = alpha * *(const VECTOR *)(sums + j);
        else
            for (int i = 0; i < rows; i++, c += ldc, sums += WIDTH)
                UNROLL for (int j = 0; j < WIDTH; j += LANES)
                    *(VECTOR *)(c + j) = beta * *(VECTOR *)(c + j) + alpha * *(const VECTOR *)(sums + j);
        return;
    }
    for (int i = 0; i < rows; i++, c += ldc, sums += WIDTH) {
        size_t j = 0;
        for (; j + (size_t)LANES <= columns; j += (size_t)LANES) {
            VECTOR *to = (VECTOR *)(c + j), part = alpha * *(const VECTOR *)(sums + j);
            if (beta == 0)
                *to = part;
            else
                *to = beta * *to + part;
        }
        for (; j < columns; j++)
            c[j] = beta == 0 ? alpha * sums[j] : beta * c[j] + alpha * sums[j];
    }
}

/* c[m, n] = alpha A[m, k] B[k, n] + beta c for a packed panel B of n <= WIDTH columns. */
static TARGET void BODY(panel)(size_t m, size_t n, size_t k, sw_real alpha, const sw_left *a, const sw_real *b,
                               sw_real beta, sw_real *c, size_t ldc)
{
    _Alignas(64) sw_real sums[ROWS_MAX * WIDTH];
    const sw_real *block = a->at;
    int vectors = n > (size_t)LANES ? 2 : 1;
    for (size_t i = 0; i < m; i += ROWS_MAX, block += a->block_step) {
        int rows = m - i < ROWS_MAX ? (int)(m - i) : ROWS_MAX;
        BODY(shapes)[rows - 1][vectors - 1](k, block, a->row_step, a->k_step, b, sums);
        BODY(write)(sums, rows, n, alpha, beta, c + i * ldc, ldc);
    }
}

#undef VECTOR
#undef LANES
#undef WIDTH
#undef UNROLL
#undef SHAPE
#undef SHAPES
#undef ENTRY
#undef BODY
#undef TARGET
#undef VECTOR_BYTES
#undef FUSED
#undef ROWS_MAX
