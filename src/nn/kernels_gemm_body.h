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

/* to->c[rows, vectors] <- A[rows, k] B[k, vectors] as `to` says: element (i, l) of A lies at a[i * row_step + l *
 * k_step], row l of B at b + l * b_step. k >= 1; rows and vectors are constant where this is inlined. */
static inline __attribute__((always_inline)) TARGET void BODY(multiply)(int rows, int vectors, size_t k,
                                                                        const sw_real *a, size_t row_step,
                                                                        size_t k_step, const sw_real *b, size_t b_step,
                                                                        const sw_target *to)
{
    VECTOR sum[ROWS_MAX][2];
    const sw_real *third[ROWS_MAX / 3]; /* every third row: the two between are within reach of an address */
    UNROLL for (int i = 0; i < rows; i++) UNROLL for (int j = 0; j < vectors; j++) sum[i][j] = (VECTOR){0};
    UNROLL for (int i = 0; i < (rows + 2) / 3; i++) third[i] = a + (size_t)(3 * i) * row_step;
    size_t step = k_step * sizeof *a;
    /* Were the compiler to know that a step may be one element, it would make two versions of the loop, and keep the
     * sums in memory to join them. */
    __asm__("" : "+r"(step));
    do {
        VECTOR in[2];
        UNROLL for (int j = 0; j < vectors; j++) in[j] = *(const VECTOR *)(b + (size_t)(j * LANES));
        UNROLL for (int i = 0; i < rows; i++)
        {
            VECTOR factor = third[i / 3][(size_t)(i % 3) * row_step] - (VECTOR){0};
            UNROLL for (int j = 0; j < vectors; j++) sum[i][j] = FUSED(factor, in[j], sum[i][j]);
        }
        UNROLL for (int i = 0; i < (rows + 2) / 3; i++) third[i] = (const sw_real *)((const char *)third[i] + step);
        b += b_step;
    } while (--k);
    sw_real *c = to->c;
    size_t ldc = to->ldc;
    VECTOR alpha = to->alpha - (VECTOR){0}, beta = to->beta - (VECTOR){0};
    if (to->beta == 0)
        UNROLL for (int i = 0; i < rows; i++, c += ldc) UNROLL for (int j = 0; j < vectors; j++) *
            (VECTOR *)(c + j * LANES) = alpha * sum[i][j];
    else
        UNROLL for (int i = 0; i < rows; i++, c += ldc) UNROLL for (int j = 0; j < vectors; j++) *
            (VECTOR *)(c + j * LANES) = beta * *(VECTOR *)(c + j * LANES) + alpha * sum[i][j];
}

/* One function for each shape: nothing but the sums stays alive across the loop, so that they stay in registers. */
#define SHAPE(rows, vectors)                                                                                           \
    static __attribute__((noinline)) TARGET void BODY(multiply_##rows##_##vectors)(                                    \
        size_t k, const sw_real *a, size_t row_step, size_t k_step, const sw_real *b, size_t b_step,                   \
        const sw_target *to)                                                                                           \
    {                                                                                                                  \
        BODY(multiply)(rows, vectors, k, a, row_step, k_step, b, b_step, to);                                          \
    }
#define SHAPES(rows) SHAPE(rows, 1) SHAPE(rows, 2)
#define ENTRY(rows)                                                                                                    \
    {                                                                                                                  \
        BODY(multiply_##rows##_1), BODY(multiply_##rows##_2)                                                           \
    }

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

static void (*const BODY(shapes)[ROWS_MAX][2])(size_t, const sw_real *, size_t, size_t, const sw_real *, size_t,
                                               const sw_target *) = {
    ENTRY(1), ENTRY(2), ENTRY(3), ENTRY(4),  ENTRY(5),  ENTRY(6),
#if ROWS_MAX > 6
    ENTRY(7), ENTRY(8), ENTRY(9), ENTRY(10), ENTRY(11), ENTRY(12),
#endif
};

/* to->c[rows, columns] = alpha sums[rows, WIDTH] + beta c, at the edge of C; beta 0 overwrites whatever is there. */
static TARGET void BODY(write_edge)(const sw_real *sums, int rows, size_t columns, const sw_target *to)
{
    sw_real *c = to->c, alpha = to->alpha, beta = to->beta;
    for (int i = 0; i < rows; i++, c += to->ldc, sums += WIDTH)
        for (size_t j = 0; j < columns; j++) c[j] = beta == 0 ? alpha * sums[j] : beta * c[j] + alpha * sums[j];
}

/* to->c[rows, columns] <- 0 where the mask is not positive; NaN in the mask lets the element be. */
static TARGET void BODY(mask)(int rows, size_t columns, const sw_target *to)
{
    typedef sw_bits bits __attribute__((vector_size(VECTOR_BYTES)));
    sw_real *c = to->c;
    const sw_real *mask = to->mask;
    for (int i = 0; i < rows; i++, c += to->ldc, mask += to->ldc) {
        size_t j = 0;
        for (; j + (size_t)LANES <= columns; j += (size_t)LANES) {
            bits closed = (bits)(*(const VECTOR *)(mask + j) <= (VECTOR){0});
            *(VECTOR *)(c + j) = (VECTOR)(~closed & (bits) * (VECTOR *)(c + j));
        }
        for (; j < columns; j++) c[j] = mask[j] <= 0 ? 0 : c[j];
    }
}

/* c[m, n] = alpha A[m, k] B[k, n] + beta c for a panel B of n <= WIDTH columns, row l at b + l * b_step. */
static TARGET void BODY(panel)(size_t m, size_t n, size_t k, const sw_left *a, const sw_real *b, size_t b_step,
                               sw_target to)
{
    _Alignas(64) sw_real sums[ROWS_MAX * WIDTH];
    const sw_target edge = {.c = sums, .ldc = WIDTH, .alpha = 1, .beta = 0};
    int vectors = n > (size_t)LANES ? 2 : 1, rows;
    for (size_t i = 0; i < m; i += (size_t)rows, to.c += (size_t)rows * to.ldc) {
        size_t left = m - i;
        rows = left < ROWS_MAX ? (int)left : ROWS_MAX;
        if (!a->packed && left > ROWS_MAX && left < 2 * ROWS_MAX)
            rows = (int)((left + 1) / 2); /* two blocks alike take less time than a large and a small one */
        const sw_real *block = a->at + (a->packed ? i / ROWS_MAX * k * ROWS_MAX : i * a->row_step);
        if (n == WIDTH) {
            BODY(shapes)[rows - 1][1](k, block, a->row_step, a->k_step, b, b_step, &to);
        } else {
            BODY(shapes)[rows - 1][vectors - 1](k, block, a->row_step, a->k_step, b, b_step, &edge);
            BODY(write_edge)(sums, rows, n, &to);
        }
        if (to.mask) {
            BODY(mask)(rows, n, &to);
            to.mask += (size_t)rows * to.ldc;
        }
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
