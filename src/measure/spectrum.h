/* spectrum.h: singular values and principal components of the centred embedding, in double.
 *
 * Shapes: n rows (entities), d columns, r = min(n, d). */
#pragma once

#include "symsweep/arena.h"
#include "symsweep/real.h"
#include "symsweep/record.h"

#include <stdint.h>

typedef struct sw_spectrum {
    int32_t rows, d, rank;
    int32_t components; /* min(rank, SW_PCA_COMPONENTS) */
    bool finite;        /* false: E held a NaN or an infinity; all results are NaN */
    double *centred;    /* [n, d] E minus its column means */
    double *singular;   /* [r] descending */
    double *score;      /* [n, components] coordinates in the principal components; of each component the entry of
                           largest magnitude is positive */
    double *matrix;     /* [n, d], destroyed by LAPACK */
    double *axis;       /* column-major [d, r] */
    double *weight;     /* column-major [r, n] */
    double *work;
    int work_size;
    int *integer_work; /* [8 r] */
} sw_spectrum;

sw_status sw_spectrum_create(sw_spectrum *out, int32_t rows, int32_t d, sw_arena *arena) SW_MUST_CHECK;

/* Of the rows of E [*, d] that `row` [rows] names; row NULL = the first `rows`. */
sw_status sw_spectrum_compute(sw_spectrum *spectrum, const sw_real *E, const int32_t *row) SW_MUST_CHECK;

/* sum sigma^2; NaN when E is not finite. */
double sw_spectrum_variance(const sw_spectrum *spectrum);
