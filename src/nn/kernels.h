/* kernels.h: the loops between and inside the GEMMs, compiled once for each instruction set.
 *
 * They are written once, as static functions in the headers of kernels/. kernels_plain.c, kernels_avx2.c and
 * kernels_avx512.c each compile all of them for an instruction set, into one table of functions; at start kernels.c
 * picks the table for the CPU at hand, so that one program serves a mixed cluster.
 *
 * Every sum has a fixed order that does not depend on the vectors' width, so that these give the same bits on every CPU
 * with fused multiply-add (and without it, all but products, mix and unmix). NaN stays NaN. */
#ifndef SW_NN_KERNELS_H
#define SW_NN_KERNELS_H

#include "symsweep/nn.h"

#include <float.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__) && defined(__GNUC__)
#define SW_X86_KERNELS 1
#else
#define SW_X86_KERNELS 0
#endif

typedef enum sw_isa { SW_ISA_PLAIN, SW_ISA_AVX2, SW_ISA_AVX512, SW_ISA_COUNT } sw_isa;

enum { SW_CACHE_LINE = 64 / sizeof(sw_real) }; /* elements */

/* ---- matrix products; callers use blas.h ---- */

/* c[m, n] = alpha op(A)[m, k] op(B)[k, n] + beta c, row-major; `packed` from `pack` stands for b where it is
 * not NULL. With a mask [m, n, of c's stride], c is 0 where the mask is not positive. m, n and k are at least 1. */
typedef struct sw_product {
    bool a_transposed, b_transposed;
    size_t m, n, k;
    sw_real alpha;
    const sw_real *a;
    size_t lda;
    const sw_real *b;
    size_t ldb;
    const sw_real *packed;
    sw_real beta;
    sw_real *c;
    const sw_real *mask;
    size_t ldc;
} sw_product;

/* ---- tables: rows of a tile mix table rows chosen by their tokens (folded.c) ---- */

/* Rows grouped by token: group g holds member[begin[g]] .. member[begin[g + 1] - 1], all with token[g]. */
typedef struct sw_groups {
    size_t count;
    const int32_t *token, *begin, *member;
} sw_groups;

/* Widths and strides are whole multiples of SW_TABLE_ALIGN elements. */
enum { SW_TABLE_ALIGN = 32 };

/* A tile of rows [rows, width], row r at r * stride, and what mixes into it at each of `positions` positions j:
 * table_j[token, heads, width] of table_j = table + j * table_stride, token v from v * row_stride on, for the row's
 * token at token[r * token_stride + j], with weights at weight[r * weight_stride + j * heads + h]. */
typedef struct sw_mixture {
    size_t width, stride, positions, heads;
    const int32_t *token;
    const sw_groups *groups; /* [positions] the same tokens, and the rows that have each */
    const sw_real *table, *weight;
    size_t token_stride, row_stride, table_stride, weight_stride;
} sw_mixture;

/* ---- comparisons of distributions (divergence.c) ---- */

/* Tuples to compare and what is wanted of them: `each`, `disagree`, `excess` [count] are assigned, dlogits
 * accumulates factor * gradient of the sum; any may be NULL. */
typedef struct sw_comparing {
    const sw_divergence_spec *spec;
    size_t classes;
    const sw_tuple *tuples;
    size_t count;
    const int32_t *row; /* row of an input in logits; NULL = identity */
    const sw_real *logits;
    sw_real *each;
    int8_t *disagree;
    sw_real *excess;
    sw_real *dlogits;
    sw_real factor;
} sw_comparing;

/* Where the logits of an input of tuple i begin. */
static inline size_t sw_comparing_at(const sw_comparing *job, size_t i, int input)
{
    int32_t index = job->tuples[i].input[input];
    return (size_t)(job->row ? job->row[index] : index) * job->classes;
}

/* ---- updates of parameters (optimizers/) ---- */

/* AdamW keeps v as the mean of (2^32 g)^2. Unscaled, g^2 underflows below 1e-19 in float; scaled it holds for gradients
 * from 1e-27 to 4e9. A power of two: no other digit changes. */
#ifdef SW_REAL_DOUBLE
#define SW_ADAMW_GRADIENT_SCALE 1.0
#else
#define SW_ADAMW_GRADIENT_SCALE 0x1p32f
#endif

typedef struct sw_adamw_factors {
    sw_real beta1, rest1, beta2, rest2; /* rest = 1 - beta */
    sw_real decay;                      /* lr wd */
    sw_real step;                       /* lr / (1 - beta1^t) */
    sw_real root;                       /* 1 / (SW_ADAMW_GRADIENT_SCALE sqrt(1 - beta2^t)) */
    sw_real epsilon;
} sw_adamw_factors;

/* ---- the kernels of one instruction set ---- */

typedef struct sw_kernel_set {
    const char *name; /* "AVX2" */

    /* elements.h: x[rows, n] += bias[n] */
    void (*add_bias)(sw_real *x, const sw_real *bias, size_t rows, size_t n);
    /* x[rows, n] <- max(0, x + bias[n]); row r lies at x + r * stride */
    void (*bias_relu)(sw_real *x, const sw_real *bias, size_t rows, size_t n, size_t stride);
    /* z[n] <- max(0, (x[n] + y[n]) + bias[n]) */
    void (*sum_bias_relu)(sw_real *z, const sw_real *x, const sw_real *y, const sw_real *bias, size_t n);
    /* dh[count] <- dh where h > 0, else 0; h is ReLU's output */
    void (*relu_backward)(sw_real *dh, const sw_real *h, size_t count);
    /* sum[n] += sum over rows of x[rows, n]; row r lies at x + r * stride */
    void (*column_sums)(sw_real *sum, const sw_real *x, size_t rows, size_t n, size_t stride);
    /* y[n] += x[n] */
    void (*add)(sw_real *y, const sw_real *x, size_t n);
    /* y[n] += x[n], z[n] += x[n] */
    void (*add_to_both)(sw_real *y, sw_real *z, const sw_real *x, size_t n);
    /* z[n] = x[n] + y[n] */
    void (*plus)(sw_real *z, const sw_real *x, const sw_real *y, size_t n);
    /* y[n] += a x[n] */
    void (*axpy)(sw_real *y, sw_real a, const sw_real *x, size_t n);
    /* x . y */
    sw_real (*dot)(const sw_real *x, const sw_real *y, size_t n);
    /* p[count, T, heads] <- softmax over T of the scores it holds */
    void (*softmax)(sw_real *p, size_t count, size_t T, size_t heads);

    /* gemm.h; NULL without fused multiply-add */
    void (*gemm)(const sw_product *product);
    /* op(B)[k, n] in the order in which products read it; size in elements. */
    size_t (*pack_size)(size_t n, size_t k);
    void (*pack)(sw_real *out, bool transposed, size_t n, size_t k, const sw_real *b, size_t ldb);

    /* tables.h: out[r] <- from + sum_j sum_h weight[r, j, h] table_j[token_j(r), h], `from` being base[width], or where
     * base is NULL the row itself; then max(0, .) on the first `relu` columns. */
    void (*mix)(sw_real *out, size_t rows, const sw_mixture *mixture, const sw_real *base, size_t relu);
    /* Its gradient: dtable_j[token, h] += sum over rows of weight[r, j, h] dout[r];
     * dweight[r, j, h] = dout[r] . table_j[token, h]. Table rows for which seen[j * tokens + token] is false hold
     * nothing yet, whatever is in them; those of the groups are seen then. */
    void (*unmix)(const sw_real *dout, const sw_mixture *mixture, bool *seen, size_t tokens, sw_real *dtable,
                  sw_real *dweight);

    /* losses.h: as sw_loss and sw_loss_rows */
    double (*loss)(sw_loss_kind kind, const sw_real *logits, int32_t classes, const int32_t *rows, const int32_t *label,
                   size_t count, sw_real *dlogits);
    void (*loss_rows)(sw_loss_kind kind, const sw_real *logits, int32_t classes, const int32_t *label, size_t rows,
                      sw_real *loss, sw_real *margin, int32_t *argmax);

    /* divergences.h: sum of the tuples' violations */
    double (*symmetric_kl)(const sw_comparing *job);
    double (*convolution)(const sw_comparing *job);
    double (*class_zero)(const sw_comparing *job);
    /* As sw_softmax_table and sw_softmax_divergence. */
    void (*softmax_table)(sw_softmax *out, const sw_real *logits, size_t rows);
    void (*softmax_divergence)(const sw_softmax *table, const sw_divergence_spec *spec, const sw_tuple *tuples,
                               size_t count, sw_real *out, int8_t *disagree);

    /* updates.h: x[n] *= factor */
    void (*scale)(sw_real *x, size_t n, sw_real factor);
    /* x . y, summed in double */
    double (*dot_double)(const sw_real *x, const sw_real *y, size_t n);
    /* |x - y|^2, summed in double */
    double (*squared_distance)(const sw_real *x, const sw_real *y, size_t n);
    /* g[n] -= factor w[n], in double */
    void (*subtract)(sw_real *restrict g, const sw_real *restrict w, size_t n, double factor);
    /* d/dx and d/dy of factor / 2 |x - y|^2: dx += factor (x - y), dy -= factor (x - y). */
    void (*push_apart)(sw_real *dx, sw_real *dy, const sw_real *x, const sw_real *y, size_t n, double factor);
    /* slow <- alpha slow + rest g, g <- g + lambda slow */
    void (*average)(sw_real *restrict g, sw_real *restrict slow, size_t n, sw_real alpha, sw_real rest, sw_real lambda);
    /* One step of an optimizer over n scalars; the formulas stand in optimizers/<name>.c. */
    void (*adamw)(sw_real *restrict w, sw_real *restrict m, sw_real *restrict v, const sw_real *restrict g, size_t n,
                  const sw_adamw_factors *factors);
    void (*sgd)(sw_real *restrict w, sw_real *restrict b, const sw_real *restrict g, size_t n, sw_real momentum,
                bool nesterov, sw_real rate, sw_real decay);
    /* b <- momentum b + g, x <- g + momentum b */
    void (*nesterov)(sw_real *restrict x, sw_real *restrict b, const sw_real *restrict g, size_t n, sw_real momentum);
    /* w[n] <- w - decay w - rate x */
    void (*descend)(sw_real *restrict w, const sw_real *restrict x, size_t n, sw_real decay, sw_real rate);
} sw_kernel_set;

extern const sw_kernel_set sw_kernels_plain, sw_kernels_avx2, sw_kernels_avx512;

/* Those of the best instruction set that this CPU has. */
extern const sw_kernel_set *sw_kernel;

/* Those of a given one; NULL where the CPU has it not. */
const sw_kernel_set *sw_kernels_for(sw_isa isa);

#endif
