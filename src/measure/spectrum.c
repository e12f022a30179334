/* spectrum.c: singular value decomposition of the centred embedding. */
#include "measure/spectrum.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* A = U diag(s) VT of a column-major [m, n] matrix (LAPACK). */
void dgesdd_(const char *jobz, const int *m, const int *n, double *a, const int *lda, double *s, double *u,
             const int *ldu, double *vt, const int *ldvt, double *work, const int *lwork, int *iwork, int *info);

/* E^T [d, n], which is E row-major, = axis [d, r] diag(singular) weight [r, n]. */
static int decompose(sw_spectrum *s, double *work, int work_size) {
    int d = s->d, n = s->rows, r = s->rank, info = 0;
    dgesdd_("S", &d, &n, s->matrix, &d, s->singular, s->axis, &d, s->weight, &r, work, &work_size, s->integer_work,
            &info);
    return info;
}

sw_status sw_spectrum_create(sw_spectrum *out, int32_t rows, int32_t d, sw_arena *arena) {
    assert(rows > 0 && d > 0);
    int32_t rank = rows < d ? rows : d;
    size_t n = (size_t)rows, width = (size_t)d, r = (size_t)rank;
    *out = (sw_spectrum){.rows = rows, .d = d, .rank = rank};
    out->components = rank < SW_PCA_COMPONENTS ? rank : SW_PCA_COMPONENTS;
    out->centred = sw_arena_alloc(arena, n * width, sizeof(double));
    out->singular = sw_arena_alloc(arena, r, sizeof(double));
    out->score = sw_arena_alloc(arena, n * (size_t)out->components, sizeof(double));
    out->matrix = sw_arena_alloc(arena, n * width, sizeof(double));
    out->axis = sw_arena_alloc(arena, width * r, sizeof(double));
    out->weight = sw_arena_alloc(arena, r * n, sizeof(double));
    out->integer_work = sw_arena_alloc(arena, 8 * r, sizeof(int));
    if (!out->centred || !out->singular || !out->score || !out->matrix || !out->axis || !out->weight ||
        !out->integer_work)
        return SW_E_MEMORY;

    double size = 0;
    if (decompose(out, &size, -1) != 0) return sw_fail(SW_E_NUMERIC, "dgesdd refuses %d x %d", (int)d, (int)rows);
    out->work_size = (int)size;
    out->work = sw_arena_alloc(arena, (size_t)out->work_size, sizeof(double));
    return out->work ? SW_OK : SW_E_MEMORY;
}

/* centred <- E - column means; false when an element is not finite. */
static bool centre(sw_spectrum *s, const sw_real *E, const int32_t *row) {
    size_t d = (size_t)s->d, n = (size_t)s->rows;
    double *mean = s->matrix; /* [d], free at this point */
    memset(mean, 0, d * sizeof *mean);
    for (size_t i = 0; i < n; i++) {
        const sw_real *from = E + (row ? (size_t)row[i] : i) * d;
        for (size_t j = 0; j < d; j++) {
            s->centred[i * d + j] = from[j];
            mean[j] += from[j];
        }
    }
    bool finite = true;
    for (size_t j = 0; j < d; j++) {
        mean[j] /= (double)n;
        finite = finite && isfinite(mean[j]);
    }
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < d; j++) s->centred[i * d + j] -= mean[j];
    return finite;
}

/* score <- coordinates of the rows in the first components, turned so that the largest of each is positive. */
static void project(sw_spectrum *s) {
    size_t n = (size_t)s->rows, r = (size_t)s->rank, components = (size_t)s->components;
    for (size_t c = 0; c < components; c++) {
        const double *weight = s->weight + c; /* of row i at r * i */
        size_t largest = 0;
        for (size_t i = 1; i < n; i++)
            if (fabs(weight[r * i]) > fabs(weight[r * largest])) largest = i;
        double scale = weight[r * largest] < 0 ? -s->singular[c] : s->singular[c];
        for (size_t i = 0; i < n; i++) s->score[i * components + c] = scale * weight[r * i];
    }
}

sw_status sw_spectrum_compute(sw_spectrum *s, const sw_real *E, const int32_t *row) {
    s->finite = centre(s, E, row);
    if (!s->finite) {
        for (int32_t i = 0; i < s->rank; i++) s->singular[i] = NAN;
        for (size_t i = 0; i < (size_t)s->rows * (size_t)s->components; i++) s->score[i] = NAN;
        return SW_OK;
    }
    memcpy(s->matrix, s->centred, (size_t)s->rows * (size_t)s->d * sizeof(double));
    int info = decompose(s, s->work, s->work_size);
    if (info != 0)
        return sw_fail(SW_E_NUMERIC, "the singular values of the embedding (%d x %d) do not converge (dgesdd %d)",
                       (int)s->rows, (int)s->d, info);
    project(s);
    return SW_OK;
}

double sw_spectrum_variance(const sw_spectrum *s) {
    double sum = 0;
    for (int32_t i = 0; i < s->rank; i++) sum += s->singular[i] * s->singular[i];
    return sum;
}
