/* tuple.h: what a symmetry family compares, as plain data: tasks makes it, nn computes with it. */
#pragma once

#include <stdint.h>

/* One tuple of a symmetry family: `inputs` are indices into the task's table (unused ones -1), `map` selects a class
 * map of the family (-1 = identity). What is compared is fixed by the family's divergence. */
typedef struct sw_tuple {
    int32_t input[3];
    int32_t map;
} sw_tuple;

/* What a family compares; the nn module computes value and gradient from the logits of the tuple's inputs. */
typedef enum sw_comparison {
    SW_COMPARE_SYMMETRIC_KL, /* 2 inputs: symKL of q(c) = p(map(c) | input 0) and p(c | input 1) */
    SW_COMPARE_CONVOLUTION,  /* 3 inputs ab, bc, ac: P_ab * P_bc and P_ac (triangle) */
    SW_COMPARE_CLASS_ZERO,   /* 1 input: -ln p(0 | input 0) */
    SW_COMPARE_ADDITIVE,     /* 3 inputs ab, bc, ac: Bernoullis of l_ab + l_bc and l_ac (Bradley-Terry) */
    SW_COMPARE_NEGATED       /* 2 inputs ab, ba: Bernoullis of l_ab and -l_ba */
} sw_comparison;
