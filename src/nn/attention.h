/* attention.h: softmax attention over the few tokens of an input. */
#pragma once

#include "symsweep/real.h"

#include <stdbool.h>
#include <stddef.h>

/* Attention of rows * queries queries. With queries = tokens and `causal`, query i of a row sees keys 0..i; else all
 * keys (queries = 1: the last position alone). A = heads * d_head, head-major columns. */
typedef struct sw_attention {
    size_t rows, tokens, queries, heads, d_head;
    bool causal;
    double
        rate; /* of softmax; the rest of the attention is uniform over the keys that a query sees (Zhong et al. 2023) */
} sw_attention;

/* p[rows, heads, queries, tokens] = softmax(q k^T / sqrt(d_head)), 0 where nothing is seen;
 * z[rows queries, A] = (rate p + (1 - rate) / keys seen) v
 * of q[rows queries, A], k and v[rows tokens, A]. Assigns p and z. */
void sw_attention_forward(const sw_attention *shape, const sw_real *q, const sw_real *k, const sw_real *v, sw_real *p,
                          sw_real *z);

/* Gradients of the above from dz[rows queries, A]; ds is scratch of p's shape. Assigns dq, dk, dv. */
void sw_attention_backward(const sw_attention *shape, const sw_real *q, const sw_real *k, const sw_real *v,
                           const sw_real *p, const sw_real *dz, sw_real *ds, sw_real *dq, sw_real *dk, sw_real *dv);
