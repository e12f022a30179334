/* kernels.h: the loops over elements and rows that stand between the GEMMs.
 *
 * Every sum has a fixed order that does not depend on the machine's vector width, so these give the same bits on every
 * CPU with fused multiply-add (and without it, all but products, mix and unmix). NaN stays NaN. */
#ifndef SW_NN_KERNELS_H
#define SW_NN_KERNELS_H

#include "symsweep/real.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- instruction sets ---- */

/* Kernels with vectors of their own width are compiled once for each, and picked when they are called. */
typedef enum sw_isa { SW_ISA_PLAIN, SW_ISA_AVX2, SW_ISA_AVX512, SW_ISA_COUNT } sw_isa;

#if defined(__x86_64__) && defined(__GNUC__)
#define SW_X86_KERNELS 1
#define SW_TARGET_AVX2 __attribute__((target("avx2,fma")))
#define SW_TARGET_AVX512 __attribute__((target("avx512f,avx512vl,avx512dq,avx2,fma")))
#else
#define SW_X86_KERNELS 0
#endif

bool sw_isa_available(sw_isa isa); /* on this CPU */
sw_isa sw_isa_best(void);
const char *sw_isa_name(sw_isa isa);

enum { SW_CACHE_LINE = 64 / sizeof(sw_real) }; /* elements */

/* An integer as wide as sw_real. */
#ifdef SW_REAL_DOUBLE
typedef int64_t sw_bits;
#else
typedef int32_t sw_bits;
#endif

/* Compiles a function for several instruction sets; the loader picks one for the CPU at hand, so that one binary serves
 * a mixed cluster. GCC from version 12; other compilers make one plain version (clang 14 gives clones names that other
 * files cannot call). */
#if defined(__x86_64__) && defined(__ELF__) && defined(__GNUC__) && !defined(__clang__)
#if __GNUC__ >= 12
#define SW_MULTIVERSION __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#endif
#endif
#ifndef SW_MULTIVERSION
#define SW_MULTIVERSION
#endif

/* x[rows, n] += bias[n] */
void sw_kernel_bias(sw_real *x, const sw_real *bias, size_t rows, size_t n);
/* x[rows, n] <- max(0, x + bias[n]); row r lies at x + r * stride */
void sw_kernel_bias_relu(sw_real *x, const sw_real *bias, size_t rows, size_t n, size_t stride);
/* z[n] <- max(0, (x[n] + y[n]) + bias[n]) */
void sw_kernel_sum_bias_relu(sw_real *z, const sw_real *x, const sw_real *y, const sw_real *bias, size_t n);
/* dh[count] <- dh where h > 0, else 0; h is ReLU's output */
void sw_kernel_relu_backward(sw_real *dh, const sw_real *h, size_t count);
/* sum[n] += sum over rows of x[rows, n]; row r lies at x + r * stride */
void sw_kernel_column_sums(sw_real *sum, const sw_real *x, size_t rows, size_t n, size_t stride);
/* y[n] += x[n] */
void sw_kernel_add(sw_real *y, const sw_real *x, size_t n);
/* y[n] += x[n], z[n] += x[n] */
void sw_kernel_add_to_both(sw_real *y, sw_real *z, const sw_real *x, size_t n);
/* z[n] = x[n] + y[n] */
void sw_kernel_sum(sw_real *z, const sw_real *x, const sw_real *y, size_t n);
/* y[n] += a x[n] */
void sw_kernel_axpy(sw_real *y, sw_real a, const sw_real *x, size_t n);
/* x . y */
sw_real sw_kernel_dot(const sw_real *x, const sw_real *y, size_t n);

/* ---- matrix products (kernels_gemm.c); callers use sw_gemm of blas.h ---- */

/* c[m, n] = alpha op(A)[m, k] op(B)[k, n] + beta c, row-major; `packed` from sw_kernel_pack stands for b where it is
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

#if SW_X86_KERNELS
void sw_kernel_gemm(sw_isa isa, const sw_product *product); /* isa is AVX2 or AVX-512 */
/* op(B)[k, n] in the order in which products read it; size in elements. */
size_t sw_kernel_pack_size(sw_isa isa, size_t n, size_t k);
void sw_kernel_pack(sw_isa isa, sw_real *out, bool transposed, size_t n, size_t k, const sw_real *b, size_t ldb);
#endif

/* ---- tables: rows of a tile mix table rows chosen by their tokens (transformer_folded.c) ---- */

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

/* Kernels for one instruction set. Those with fused multiply-add agree in every bit. */
typedef struct sw_table_kernels {
    /* out[r] <- from + sum_j sum_h weight[r, j, h] table_j[token_j(r), h], `from` being base[width], or where base is
     * NULL the row itself; then max(0, .) on the first `relu` columns. */
    void (*mix)(sw_real *out, size_t rows, const sw_mixture *mixture, const sw_real *base, size_t relu);
    /* Its gradient: dtable_j[token, h] += sum over rows of weight[r, j, h] dout[r];
     * dweight[r, j, h] = dout[r] . table_j[token, h]. Table rows for which seen[j * tokens + token] is false hold
     * nothing yet, whatever is in them; those of the groups are seen then. */
    void (*unmix)(const sw_real *dout, const sw_mixture *mixture, bool *seen, size_t tokens, sw_real *dtable,
                  sw_real *dweight);
} sw_table_kernels;

/* Those of an instruction set that is available. */
const sw_table_kernels *sw_table_kernels_for(sw_isa isa);

/* p[count, T, heads] <- softmax over T of the scores it holds */
void sw_kernel_softmax(sw_real *p, size_t count, size_t T, size_t heads);

/* Attention of rows * queries queries: query i of a row sees keys 0..i when queries = tokens, and all keys when
 * queries = 1 (the last position alone). A = heads * d_head, head-major columns. */
typedef struct sw_attention {
    size_t rows, tokens, queries, heads, d_head;
} sw_attention;

/* p[rows, heads, queries, tokens] = softmax(q k^T / sqrt(d_head)), 0 beyond the query; z[rows queries, A] = p v
 * of q[rows queries, A], k and v[rows tokens, A]. Assigns. */
void sw_attention_forward(const sw_attention *shape, const sw_real *q, const sw_real *k, const sw_real *v, sw_real *p,
                          sw_real *z);
/* Gradients of the above from dz; ds is scratch of p's shape. Assigns dq, dk, dv. */
void sw_attention_backward(const sw_attention *shape, const sw_real *q, const sw_real *k, const sw_real *v,
                           const sw_real *p, const sw_real *dz, sw_real *ds, sw_real *dq, sw_real *dk, sw_real *dv);

#endif
