/* permutations.h: permutations of 0..n-1 in one-line notation, n at most 6, and the characters of the symmetric group.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { SW_PERMUTATIONS_MOST = 6 };

int32_t sw_permutations_factorial(int32_t n);

/* The permutation with this number in lexicographic order, and its number. */
void sw_permutations_unrank(int32_t *out, int32_t n, int32_t number);
int32_t sw_permutations_rank(const int32_t *permutation, int32_t n);

/* out = gh: out(i) = g(h(i)). */
void sw_permutations_compose(int32_t *out, const int32_t *g, const int32_t *h, int32_t n);

bool sw_permutations_are_odd(const int32_t *permutation, int32_t n);

/* A partition of n: its parts, from the largest on, zeros behind them. */
typedef struct sw_partition {
    int32_t part[SW_PERMUTATIONS_MOST];
} sw_partition;

/* From (n) on to (1, ..., 1) in reverse lexicographic order; false: there is none behind this one. */
sw_partition sw_permutations_first(int32_t n);
bool sw_permutations_next(sw_partition *partition);

/* Rows exchanged for columns. */
sw_partition sw_permutations_conjugate(const sw_partition *partition);
/* 1, 0 or -1 as `a` stands before, at or behind `b` in that order. */
int sw_permutations_compare(const sw_partition *a, const sw_partition *b);

/* chi of the irreducible representation of a partition at a permutation, by the rule of Murnaghan and Nakayama. */
int32_t sw_permutations_character(const sw_partition *partition, const int32_t *permutation, int32_t n);
