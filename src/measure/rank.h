/* rank.h: ranks and correlation. */
#ifndef SW_MEASURE_RANK_H
#define SW_MEASURE_RANK_H

#include <stddef.h>

typedef struct sw_ranked {
    double value;
    size_t index;
} sw_ranked;

/* rank[n] <- ranks of x[n] minus their mean, ties sharing their average rank; `work` [n]. x must be finite. */
void sw_rank_centred(double *rank, const double *x, size_t n, sw_ranked *work);

/* x[n] <- x rounded to multiples of 2^-24 of its largest magnitude, so that values that are equal but for rounding
 * tie. */
void sw_rank_quantize(double *x, size_t n);

/* Pearson correlation of two sequences of mean zero; NaN when one is constant. */
double sw_correlation_centred(const double *a, const double *b, size_t n);

#endif
