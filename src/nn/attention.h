/* attention.h: softmax attention of one query over the few keys that it sees, head by head, forward and backward. Keys
 * and values are rows of an array, chosen by index, so that queries can share them. */
#pragma once

#include "symsweep/real.h"

#include <stddef.h>
#include <stdint.h>

/* A = heads * d_head, head-major columns; S keys are seen. Scores and weights are [S, heads]. */
typedef struct sw_attention {
    size_t heads, d_head;
    double rate; /* of softmax; the rest of the attention is uniform over the keys seen (Zhong et al. 2023) */
} sw_attention;

/* score[S, heads] = q . k_j / sqrt(d_head), of q[A] and rows key[j] of keys[*, A] */
void sw_attention_score(const sw_attention *shape, size_t S, const sw_real *q, const sw_real *keys, const int32_t *key,
                        sw_real *score);

/* The weights [queries, S, heads] = rate p + (1 - rate) / S of p[queries, S, heads]: p itself where the rate is 1, else
 * in `room`. */
const sw_real *sw_attention_weigh(const sw_attention *shape, size_t queries, size_t S, const sw_real *p, sw_real *room);

/* z[A] = sum_j weight_j v_j, of rows key[j] of values[*, A]. Assigns. */
void sw_attention_mix(const sw_attention *shape, size_t S, const sw_real *weight, const sw_real *values,
                      const int32_t *key, sw_real *z);

/* dweight[S, heads] = dz . v_j, assigned; dvalues accumulates weight_j dz in row key[j]. */
void sw_attention_unmix(const sw_attention *shape, size_t S, const sw_real *weight, const sw_real *dz,
                        const sw_real *values, const int32_t *key, sw_real *dvalues, sw_real *dweight);

/* From the gradient of the weights, dweight[S, heads], to those of dq[A] and of rows key[j] of dkeys, which accumulate:
 * ds_j = rate p_j (dw_j - sum_k p_k dw_k) / sqrt(d_head). Overwrites dweight. */
void sw_attention_unscore(const sw_attention *shape, size_t S, const sw_real *p, sw_real *dweight, const sw_real *q,
                          const sw_real *keys, const int32_t *key, sw_real *dq, sw_real *dkeys);
