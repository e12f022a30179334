/* landscape.c: Langevin chains and Hessian-vector products around a point. */
#include "measure/landscape.h"

#include "symsweep/random.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* Draws of a step: chain c and draw d of it stand at c 2^16 + d, what the Hessian needs behind all of them. */
enum { CHAIN_BITS = 16, STEP_BITS = 24, HESSIAN_DRAWS = 255 << CHAIN_BITS };

static uint64_t counter(const sw_landscape *l, uint64_t draw) { return (l->step << STEP_BITS) + draw; }

static sw_status go_on(const sw_landscape *l) { return l->go_on ? l->go_on(l->context) : SW_OK; }

/* ---- local learning coefficient ---- */

/* w <- w - epsilon / 2 [n beta g + gamma (w - w*)] + sqrt(epsilon) N(0, 1) */
static void move(sw_real *w, const sw_real *gradient, const sw_landscape *l, const sw_llc_spec *spec, double n_beta,
                 uint64_t draw) {
    const double root = sqrt(spec->epsilon), half = spec->epsilon / 2;
    for (size_t from = 0; from < l->parameters; from += 4) {
        const size_t count = l->parameters - from < 4 ? l->parameters - from : 4;
        double normal[4];
        sw_random_normal4(normal, l->seed, SW_STREAM_LANDSCAPE, counter(l, draw), from / 4);
        for (size_t k = 0; k < count; k++) {
            const size_t i = from + k;
            const double drift = n_beta * (double)gradient[i] + spec->gamma * ((double)w[i] - (double)l->center[i]);
            w[i] = (sw_real)((double)w[i] - half * drift + root * normal[k]);
        }
    }
}

/* One chain: the sum of L(w) - L(w*) over its draws; adds all of them to the trace. */
static sw_status run_chain(double *sum, double *stretch, size_t stretches, const sw_landscape *l,
                           const sw_llc_spec *spec, double n_beta, int32_t chain, sw_real *w, sw_real *gradient) {
    const int32_t length = spec->burn_in + spec->draws;
    *sum = 0;
    memcpy(w, l->center, l->parameters * sizeof *w);
    sw_status status = go_on(l);
    const double origin = status == SW_OK ? l->loss(l->context, w, gradient) : NAN;
    for (int32_t d = 0; d < length && status == SW_OK; d++) {
        move(w, gradient, l, spec, n_beta, ((uint64_t)chain << CHAIN_BITS) + (uint64_t)d);
        status = go_on(l);
        if (status != SW_OK) break;
        const double rise = l->loss(l->context, w, gradient) - origin;
        stretch[(size_t)d * stretches / (size_t)length] += rise;
        if (d >= spec->burn_in || !isfinite(rise)) *sum += rise;
        if (!isfinite(rise)) break;
    }
    return status;
}

sw_status sw_landscape_llc(double *llc, double *error, float *trace, size_t stretches, const sw_landscape *l,
                           const sw_llc_spec *spec, sw_real *w, sw_real *gradient) {
    enum { STRETCHES_MAX = 64 };
    const int32_t length = spec->burn_in + spec->draws;
    const double n_beta = spec->n > 1 ? (double)spec->n / log((double)spec->n) : 1;
    double stretch[STRETCHES_MAX] = {0}, mean = 0, square = 0;
    assert(stretches >= 1 && stretches <= STRETCHES_MAX && length < 1 << CHAIN_BITS && spec->draws > 0);
    sw_status status = SW_OK;
    for (int32_t c = 0; c < spec->chains && status == SW_OK; c++) {
        double sum;
        status = run_chain(&sum, stretch, stretches, l, spec, n_beta, c, w, gradient);
        const double lambda = n_beta * sum / spec->draws, apart = lambda - mean;
        mean += apart / (c + 1); /* Welford 1962 */
        square += apart * (lambda - mean);
    }
    const bool finite = isfinite(mean) && isfinite(square);
    *llc = finite ? mean : NAN;
    *error = finite && spec->chains > 1 ? sqrt(square / (spec->chains - 1) / spec->chains) : NAN;
    for (size_t s = 0; s < stretches; s++) {
        const size_t from = (s * (size_t)length + stretches - 1) / stretches;
        const size_t to = ((s + 1) * (size_t)length + stretches - 1) / stretches;
        const double draws = (double)(to - from) * spec->chains;
        trace[s] = finite && draws > 0 ? (float)(n_beta * stretch[s] / draws) : NAN;
    }
    return status;
}

/* ---- the Hessian ---- */

void dstev_(const char *jobz, const int *n, double *d, double *e, double *z, const int *ldz, double *work, int *info);

static double dot(const sw_real *a, const sw_real *b, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += (double)a[i] * (double)b[i];
    return sum;
}

/* product <- H v by central differences: (grad L(w* + h v) - grad L(w* - h v)) / 2h */
static sw_status multiply(sw_real *product, const sw_real *v, const sw_landscape *l, sw_real *w, sw_real *gradient) {
    const size_t n = l->parameters;
    const double size = sqrt(dot(l->center, l->center, n)), length = sqrt(dot(v, v, n));
    const double h = (size > 0 ? size : 1) / 1024 / length;
    for (int side = 0; side < 2; side++) {
        const sw_status status = go_on(l);
        if (status != SW_OK) return status;
        for (size_t i = 0; i < n; i++) w[i] = (sw_real)((double)l->center[i] + (side ? -h : h) * (double)v[i]);
        (void)l->loss(l->context, w, gradient);
        for (size_t i = 0; i < n; i++)
            product[i] = side ? (sw_real)(((double)product[i] - (double)gradient[i]) / (2 * h)) : gradient[i];
    }
    return SW_OK;
}

/* Eigenvalues of the tridiagonal matrix of k steps, ascending, and how far off each may be: |beta_k s_k|. */
static bool solve(double *value, double *residual, const double *alpha, const double *beta, int k) {
    double below[SW_LANCZOS_STEPS], vector[SW_LANCZOS_STEPS * SW_LANCZOS_STEPS], work[2 * SW_LANCZOS_STEPS];
    int info = 0;
    memcpy(value, alpha, (size_t)k * sizeof *value);
    memcpy(below, beta, (size_t)k * sizeof *below);
    dstev_("V", &k, value, below, vector, &k, work, &info);
    for (int i = 0; i < k; i++) residual[i] = fabs(beta[k - 1] * vector[i * k + k - 1]);
    return info == 0;
}

/* v <- v - its parts along the first k rows of the basis, twice: once is not enough in float. */
static void orthogonalize(sw_real *v, const sw_real *basis, int k, size_t n) {
    for (int pass = 0; pass < 2; pass++)
        for (int j = 0; j < k; j++) {
            const sw_real *q = basis + (size_t)j * n;
            const double part = dot(q, v, n);
            for (size_t i = 0; i < n; i++) v[i] = (sw_real)((double)v[i] - part * (double)q[i]);
        }
}

static double scale_to_one(sw_real *v, size_t n) {
    const double length = sqrt(dot(v, v, n));
    if (length > 0)
        for (size_t i = 0; i < n; i++) v[i] = (sw_real)((double)v[i] / length);
    return length;
}

static sw_status find_top(double *top, int32_t count, const sw_landscape *l, sw_real *basis, sw_real *w,
                          sw_real *gradient, sw_real *product) {
    const size_t n = l->parameters;
    const int most = n < SW_LANCZOS_STEPS ? (int)n : SW_LANCZOS_STEPS;
    double alpha[SW_LANCZOS_STEPS], beta[SW_LANCZOS_STEPS], value[SW_LANCZOS_STEPS], residual[SW_LANCZOS_STEPS];
    for (int32_t i = 0; i < count; i++) top[i] = NAN;
    for (size_t from = 0; from < n; from += 4) {
        double normal[4];
        sw_random_normal4(normal, l->seed, SW_STREAM_LANDSCAPE, counter(l, HESSIAN_DRAWS), from / 4);
        for (size_t k = 0; k < 4 && from + k < n; k++) basis[from + k] = (sw_real)normal[k];
    }
    scale_to_one(basis, n);
    for (int k = 1; k <= most; k++) {
        const sw_real *q = basis + (size_t)(k - 1) * n;
        const sw_status status = multiply(product, q, l, w, gradient);
        if (status != SW_OK) return status;
        alpha[k - 1] = dot(q, product, n);
        orthogonalize(product, basis, k, n);
        beta[k - 1] = scale_to_one(product, n);
        if (!isfinite(alpha[k - 1]) || !isfinite(beta[k - 1]) || !solve(value, residual, alpha, beta, k)) return SW_OK;
        const double largest = fmax(fabs(value[0]), fabs(value[k - 1]));
        bool settled = k >= count;
        for (int i = 0; i < count && i < k; i++) {
            top[i] = value[k - 1 - i];
            settled = settled && residual[k - 1 - i] <= 0.01 * largest;
        }
        if (settled || !(beta[k - 1] > 1e-7 * largest)) return SW_OK; /* or all of the space that is reached */
        if (k < most) memcpy(basis + (size_t)k * n, product, n * sizeof *basis);
    }
    return SW_OK;
}

static sw_status find_trace(double *trace, double *error, const sw_landscape *l, sw_real *sign, sw_real *w,
                            sw_real *gradient, sw_real *product) {
    const size_t n = l->parameters;
    double mean = 0, square = 0;
    for (int probe = 0; probe < SW_HESSIAN_PROBES; probe++) {
        for (size_t from = 0; from < n; from += 128) {
            uint32_t word[4];
            sw_random_block(word, l->seed, SW_STREAM_LANDSCAPE, counter(l, HESSIAN_DRAWS + 1 + (uint64_t)probe),
                            from / 128);
            for (size_t k = 0; k < 128 && from + k < n; k++) sign[from + k] = word[k / 32] >> k % 32 & 1 ? 1 : -1;
        }
        const sw_status status = multiply(product, sign, l, w, gradient);
        if (status != SW_OK) return status;
        const double own = dot(sign, product, n), apart = own - mean;
        mean += apart / (probe + 1);
        square += apart * (own - mean);
    }
    const bool finite = isfinite(mean) && isfinite(square);
    *trace = finite ? mean : NAN;
    *error = finite ? sqrt(square / (SW_HESSIAN_PROBES - 1) / SW_HESSIAN_PROBES) : NAN;
    return SW_OK;
}

sw_status sw_landscape_hessian(double *top, int32_t count, double *trace, double *error, const sw_landscape *l,
                               sw_real *basis, sw_real *w, sw_real *gradient, sw_real *product) {
    assert(count >= 1 && count < SW_LANCZOS_STEPS);
    const sw_status status = find_top(top, count, l, basis, w, gradient, product);
    return status == SW_OK ? find_trace(trace, error, l, basis, w, gradient, product) : status;
}
