/* tuple.h: what a symmetry family compares, as plain data: tasks makes it, nn computes with it. */
#pragma once

#include <stdint.h>

enum { SW_TUPLE_INPUTS = 6 };

/* One tuple of a symmetry family: `input` are indices into the task's table, as many as the family's arity, `map`
 * selects a class map of the family (-1 = identity). What is compared is fixed by the family's divergence. */
typedef struct sw_tuple {
    int32_t input[SW_TUPLE_INPUTS];
    int32_t map;
} sw_tuple;

/* What a family compares; the nn module computes value and gradient from the logits of the tuple's inputs. */
typedef enum sw_comparison {
    SW_COMPARE_SYMMETRIC_KL, /* 2 inputs: symKL of q(c) = p(map(c) | input 0) and p(c | input 1) */
    SW_COMPARE_CONVOLUTION,  /* 3 inputs ab, bc, ac: P_ab * P_bc and P_ac (triangle) */
    SW_COMPARE_CLASS_ZERO,   /* 1 input: -ln p(0 | input 0) */
    SW_COMPARE_ADDITIVE,     /* 3 inputs ab, bc, ac: Bernoullis of l_ab + l_bc and l_ac (Bradley-Terry) */
    SW_COMPARE_NEGATED,      /* 2 inputs ab, ba: Bernoullis of l_ab and -l_ba */
    /* 6 inputs a>b, b>c, a>c, a<b, b<c, a<c: Bernoullis of L_ab + L_bc and L_ac, L half the difference of the log-odds
     * of the two queries, or the log-odds where both are one input. */
    SW_COMPARE_BRADLEY_TERRY,
    SW_COMPARE_EXACTLY_ONE /* 3 inputs: -ln of the probability that exactly one of the three holds */
} sw_comparison;
