/* kernels.h: the loops between and inside the GEMMs, compiled once for each instruction set.
 *
 * They are written once, as static functions in the headers of kernels/. kernels_plain.c, kernels_avx2.c and
 * kernels_avx512.c each compile all of them for an instruction set, into one table of functions; at start kernels.c
 * picks the table for the CPU at hand, so that one program serves a mixed cluster.
 *
 * Every sum has a fixed order that does not depend on the vectors' width, so that these give the same bits on every CPU
 * with fused multiply-add (and without it, all but products, mix and unmix). NaN stays NaN. */
#pragma once

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

static inline size_t sw_smaller(size_t a, size_t b) { return a < b ? a : b; }

static inline size_t sw_larger(size_t a, size_t b) { return a > b ? a : b; }

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
    double bound; /* larger violations count as this much and have no gradient; infinity: none is capped */
} sw_comparing;

/* Caps a tuple's violation; true: it has no gradient. NaN stays what it is. */
static inline bool sw_comparing_caps(const sw_comparing *job, double *value) {
    if (!(*value > job->bound)) return false;
    *value = job->bound;
    return true;
}

/* Where the logits of an input of tuple i begin. */
static inline size_t sw_comparing_at(const sw_comparing *job, size_t i, int input) {
    int32_t index = job->tuples[i].input[input];
    return (size_t)(job->row ? job->row[index] : index) * job->classes;
}

/* ---- every two rows of a block (softmax.c) ---- */

enum { SW_BLOCK_TILE = 128 };

/* n rows of a table: row member[i] through class map map[i] (map NULL or map[i] < 0: as it is). */
typedef struct sw_block_rows {
    size_t n, classes;
    const int32_t *member, *map, *class_map;
    sw_real *p, *log_p; /* [n, classes] less their mean row */
    sw_real *half;      /* [n] h_i = p_i . log_p_i */
    sw_real *mean;      /* [classes] mean row of p */
    sw_real *least;     /* [classes] -min over rows of log_p */
    sw_real *bound;     /* [n] h_i + h_j - p_i . l_j - p_j . l_i <= bound_i + bound_j */
    sw_real *products;  /* [2, SW_BLOCK_TILE, SW_BLOCK_TILE] p_i . l_j and p_j . l_i of two tiles */
} sw_block_rows;

typedef struct sw_block_pair {
    sw_real value; /* h_i + h_j - p_i . l_j - p_j . l_i */
    size_t row[2];
} sw_block_pair;

static inline const int32_t *sw_block_map(const sw_block_rows *b, size_t i) {
    return b->map && b->map[i] >= 0 ? b->class_map + (size_t)b->map[i] * b->classes : NULL;
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
#define KERNEL(result, name, parameters) result(*name) parameters;
#define FUSED_KERNEL KERNEL
#include "nn/kernels.def"
#undef KERNEL
#undef FUSED_KERNEL
} sw_kernel_set;

extern const sw_kernel_set sw_kernels_plain, sw_kernels_avx2, sw_kernels_avx512;

/* Those of the best instruction set that this CPU has. */
extern const sw_kernel_set *sw_kernel;

/* Those of a given one; NULL where the CPU has it not. */
const sw_kernel_set *sw_kernels_for(sw_isa isa);
