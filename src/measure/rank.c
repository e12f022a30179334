/* Spearman's correlation is the Pearson correlation of ranks, ties sharing their average rank. */
#include "measure/rank.h"

#include <math.h>
#include <stdlib.h>

/* By value, then by index: a total order, so that sorting is the same everywhere. */
static int compare(const void *left, const void *right)
{
    const sw_ranked *a = left, *b = right;
    if (a->value != b->value) return a->value < b->value ? -1 : 1;
    return a->index < b->index ? -1 : a->index > b->index;
}

void sw_rank_centred(double *rank, const double *x, size_t n, sw_ranked *work)
{
    for (size_t i = 0; i < n; i++) work[i] = (sw_ranked){x[i], i};
    qsort(work, n, sizeof *work, compare);
    double middle = ((double)n - 1) / 2;
    for (size_t begin = 0, end = 0; begin < n; begin = end) {
        while (end < n && work[end].value == work[begin].value) end++;
        double shared = ((double)begin + (double)(end - 1)) / 2;
        for (size_t i = begin; i < end; i++) rank[work[i].index] = shared - middle;
    }
}

void sw_rank_quantize(double *x, size_t n)
{
    double largest = 0;
    for (size_t i = 0; i < n; i++)
        if (fabs(x[i]) > largest) largest = fabs(x[i]);
    if (!(largest > 0)) return;
    double unit = largest * 0x1p-24;
    for (size_t i = 0; i < n; i++) x[i] = nearbyint(x[i] / unit);
}

double sw_correlation_centred(const double *a, const double *b, size_t n)
{
    double product = 0, square_a = 0, square_b = 0;
    for (size_t i = 0; i < n; i++) {
        product += a[i] * b[i];
        square_a += a[i] * a[i];
        square_b += b[i] * b[i];
    }
    return square_a > 0 && square_b > 0 ? product / sqrt(square_a * square_b) : NAN;
}
