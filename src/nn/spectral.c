/* spectral.c: priors on the singular values of the embedding, E [V, d].
 *
 * The singular vectors of the smaller side are the eigenvectors w_j of its Gram matrix (E E^T or E^T E), formed and
 * decomposed in double whatever sw_real is: then sigma_j = |y_j| with y_j = w_j^T E (or E w_j) has an error of
 * 1e-16 sigma_max, less than an SVD in float would have. All of it is a function of E and of the basis w alone:
 *   nuclear   N = sum_j sigma_j,                 dN/dE = sum_j w_j y_j^T / sigma_j,
 *   entropy   H = -sum_j q_j ln q_j, q_j = sigma_j^2 / S, S = sum sigma^2,
 *             dH/dE = sum_j (2 / S) (-ln q_j - H) w_j y_j^T, E centred before and dH/dE after.
 * Normalized, with r = min(V, d) singular values and F = |E|_F: N / (sqrt(r) F), which is in (0, 1], with
 * dF/dE = sum_j w_j y_j^T / F; H / ln r.
 * Coefficients depend on sigma_j alone, so that where singular values are equal the choice of basis does not matter.
 */
#include "nn/lapack.h"
#include "symsweep/arena.h"
#include "symsweep/nn.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

/* Singular values below this share of the largest count as zero: 0 is a subgradient of N there. It lies above the
 * square root of double's rounding, which is what the Gram matrix leaves of an exact zero. */
static const double zero_share = 1e-7;

struct sw_spectral {
    int entities, d;
    int side, length;    /* the smaller and the larger of the two */
    double *bases;       /* [SW_SPECTRAL_COUNT, side, side]: row j of a basis is w_j */
    double *E;           /* [V, d] */
    double *gradient;    /* [V, d] */
    double *y;           /* [side, length]: row j is y_j */
    double *sigma;       /* [side] */
    double *eigenvalues; /* [side] */
    double *lapack;
    int *lapack_int;
    int lapack_length, lapack_int_length;
    sw_arena *arena; /* owns all of the above */
};

sw_status sw_spectral_create(sw_spectral **out, int32_t entities, int32_t d) {
    *out = NULL;
    sw_arena *arena = NULL;
    sw_status status = sw_arena_create(&arena);
    if (status != SW_OK) return status;
    sw_spectral *work = sw_arena_alloc(arena, 1, sizeof *work);
    if (work) {
        int side = entities < d ? entities : d;
        size_t n = (size_t)side, elements = (size_t)entities * (size_t)d;
        *work = (sw_spectral){.entities = entities, .d = d, .side = side, .arena = arena};
        work->length = entities < d ? d : entities;
        work->lapack_length = 1 + 6 * side + 2 * side * side;
        work->lapack_int_length = 3 + 5 * side;
        work->bases = sw_arena_alloc(arena, SW_SPECTRAL_COUNT * n * n, sizeof(double));
        work->E = sw_arena_alloc(arena, elements, sizeof(double));
        work->gradient = sw_arena_alloc(arena, elements, sizeof(double));
        work->y = sw_arena_alloc(arena, elements, sizeof(double));
        work->sigma = sw_arena_alloc(arena, n, sizeof(double));
        work->eigenvalues = sw_arena_alloc(arena, n, sizeof(double));
        work->lapack = sw_arena_alloc(arena, (size_t)work->lapack_length, sizeof(double));
        work->lapack_int = sw_arena_alloc(arena, (size_t)work->lapack_int_length, sizeof(int));
    }
    if (!work || !work->bases || !work->E || !work->gradient || !work->y || !work->sigma || !work->eigenvalues ||
        !work->lapack || !work->lapack_int) {
        sw_arena_destroy(arena);
        return SW_E_MEMORY;
    }
    *out = work;
    return SW_OK;
}

void sw_spectral_destroy(sw_spectral *work) {
    if (work) sw_arena_destroy(work->arena);
}

double *sw_spectral_state(sw_spectral *work, size_t *count) {
    *count = SW_SPECTRAL_COUNT * (size_t)work->side * (size_t)work->side;
    return work->bases;
}

/* x[V, d] minus its column means. */
static void centre(double *x, int rows, int cols) {
    for (int j = 0; j < cols; j++) {
        double sum = 0;
        for (int i = 0; i < rows; i++) sum += x[(size_t)i * (size_t)cols + (size_t)j];
        double mean = sum / rows;
        for (int i = 0; i < rows; i++) x[(size_t)i * (size_t)cols + (size_t)j] -= mean;
    }
}

/* work->E <- E in double; false when an element is not finite. */
static bool load(sw_spectral *work, const sw_real *E) {
    size_t n = (size_t)work->entities * (size_t)work->d;
    bool finite = true;
    for (size_t i = 0; i < n; i++) {
        work->E[i] = (double)E[i];
        finite = finite && isfinite(work->E[i]);
    }
    return finite;
}

/* basis <- eigenvectors of the smaller Gram matrix of work->E. */
static sw_status refresh_basis(sw_spectral *work, double *basis) {
    bool rows = work->entities <= work->d;
    cblas_dgemm(CblasRowMajor, rows ? CblasNoTrans : CblasTrans, rows ? CblasTrans : CblasNoTrans, work->side,
                work->side, work->length, 1, work->E, work->d, work->E, work->d, 0, basis, work->side);
    int info = 0;
    dsyevd_("V", "U", &work->side, basis, &work->side, work->eigenvalues, work->lapack, &work->lapack_length,
            work->lapack_int, &work->lapack_int_length, &info, 1, 1);
    if (info != 0)
        return sw_fail(SW_E_NUMERIC, "eigenvectors of the embedding's %d x %d Gram matrix: dsyevd returned %d",
                       work->side, work->side, info);
    return SW_OK;
}

/* y <- the rows y_j, sigma <- their norms; returns the largest. */
static double project(sw_spectral *work, const double *basis) {
    bool rows = work->entities <= work->d;
    cblas_dgemm(CblasRowMajor, CblasNoTrans, rows ? CblasNoTrans : CblasTrans, work->side, work->length, work->side, 1,
                basis, work->side, work->E, work->d, 0, work->y, work->length);
    double largest = 0;
    for (int j = 0; j < work->side; j++) {
        work->sigma[j] = cblas_dnrm2(work->length, work->y + (size_t)j * (size_t)work->length, 1);
        largest = fmax(largest, work->sigma[j]);
    }
    return largest;
}

/* gradient <- sum_j coefficient[j] w_j y_j^T, laid out as E. Overwrites y. */
static void compose(sw_spectral *work, const double *basis, const double *coefficient) {
    for (int j = 0; j < work->side; j++)
        cblas_dscal(work->length, coefficient[j], work->y + (size_t)j * (size_t)work->length, 1);
    bool rows = work->entities <= work->d;
    const double *left = rows ? basis : work->y, *right = rows ? work->y : basis;
    cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, work->entities, work->d, work->side, 1, left,
                rows ? work->side : work->length, right, rows ? work->length : work->side, 0, work->gradient, work->d);
}

static void accumulate(const sw_spectral *work, double weight, sw_real *dE) {
    size_t n = (size_t)work->entities * (size_t)work->d;
    for (size_t i = 0; i < n; i++) dE[i] += (sw_real)(weight * work->gradient[i]);
}

/* A diverged embedding: value and gradient are NaN, as of every other part of the objective. */
static void poison(double *value, const sw_spectral *work, sw_real *dE) {
    size_t n = (size_t)work->entities * (size_t)work->d;
    *value = NAN;
    for (size_t i = 0; dE && i < n; i++) dE[i] = NAN;
}

/* The value, and coefficient[j] of w_j y_j^T in its gradient. */
static double nuclear(double *coefficient, const double *sigma, int side, double largest) {
    double value = 0, zero = zero_share * largest;
    for (int j = 0; j < side; j++) {
        value += sigma[j];
        coefficient[j] = sigma[j] > zero ? 1 / sigma[j] : 0;
    }
    return value;
}

/* Likewise; *out_total = S, without which there is no gradient. */
static double entropy(double *coefficient, double *out_total, const double *sigma, int side) {
    double total = 0, value = 0;
    for (int j = 0; j < side; j++) total += sigma[j] * sigma[j];
    for (int j = 0; j < side; j++) {
        double q = total > 0 ? sigma[j] * sigma[j] / total : 0;
        coefficient[j] = q > 0 ? log(q) : 0; /* where q is 0 so is y_j */
        value -= q * coefficient[j];
    }
    for (int j = 0; j < side; j++) coefficient[j] = sigma[j] > 0 ? 2 / total * (-coefficient[j] - value) : 0;
    *out_total = total;
    return value;
}

/* The nuclear norm as a share of the largest that any embedding of this Frobenius norm has; 0 for E = 0. */
static double normalize_nuclear(double value, double *coefficient, const double *sigma, int side) {
    double total = 0;
    for (int j = 0; j < side; j++) total += sigma[j] * sigma[j];
    const double scale = total > 0 ? 1 / sqrt(side * total) : 0;
    for (int j = 0; j < side; j++) coefficient[j] = total > 0 ? scale * (coefficient[j] - value / total) : 0;
    return scale * value;
}

/* The entropy as a share of that of equal singular values; 0 where there is but one. */
static double normalize_entropy(double value, double *coefficient, int side) {
    const double scale = side > 1 ? 1 / log(side) : 0;
    for (int j = 0; j < side; j++) coefficient[j] *= scale;
    return scale * value;
}

sw_status sw_spectral_prior(double *value, sw_spectral *work, sw_spectral_kind kind, bool normalized, const sw_real *E,
                            double weight, bool refresh, sw_real *dE) {
    double *basis = work->bases + (size_t)kind * (size_t)work->side * (size_t)work->side;
    bool centred = kind == SW_SPECTRAL_ENTROPY;
    if (!load(work, E)) {
        poison(value, work, dE);
        return SW_OK;
    }
    if (centred) centre(work->E, work->entities, work->d);
    sw_status status = refresh ? refresh_basis(work, basis) : SW_OK;
    if (status != SW_OK) return status;
    double largest = project(work, basis), total = 0, *coefficient = work->eigenvalues;
    *value = centred ? entropy(coefficient, &total, work->sigma, work->side)
                     : nuclear(coefficient, work->sigma, work->side, largest);
    if (normalized)
        *value = centred ? normalize_entropy(*value, coefficient, work->side)
                         : normalize_nuclear(*value, coefficient, work->sigma, work->side);
    if (!dE || (centred && !(total > 0))) return SW_OK;
    compose(work, basis, coefficient);
    if (centred) centre(work->gradient, work->entities, work->d);
    accumulate(work, weight, dE);
    return SW_OK;
}
