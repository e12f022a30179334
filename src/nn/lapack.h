/* lapack.h: the LAPACK routine of the priors. OpenBLAS carries LAPACK with its Fortran interface only: column-major,
 * everything by address, and the lengths of character arguments behind all others. */
#pragma once

#include <stddef.h>

/* Eigenvalues w[n], ascending, and eigenvectors of the symmetric a[n, n] by divide and conquer; eigenvector j assigns
 * a[j * n .. j * n + n). info > 0: did not converge. */
void dsyevd_(const char *job, const char *triangle, const int *n, double *a, const int *lda, double *w, double *work,
             const int *work_length, int *iwork, const int *iwork_length, int *info, size_t job_length,
             size_t triangle_length);
