/* divergence.c: the divergences' common entrance, and comparisons of log-odds, l = z[high] - z[low]: Bradley-Terry
 * additivity and antisymmetry.
 *
 * The symmetric KL of the Bernoullis of log-odds u and v is 1/2 (s(u) - s(v)) (u - v), s the logistic function.
 * Scalars: computed in double. */
#include "nn/kernels.h"

#include <assert.h>
#include <math.h>

static double logistic(double u) {
    double e = exp(-fabs(u));
    return (u >= 0 ? 1 : e) / (1 + e);
}

/* s(u) - s(v), exact to rounding: s(u) s(-v) (1 - e^(v - u)), with the sides so that the exponent is not positive. */
static double logistic_difference(double u, double v) {
    return u < v ? logistic(v) * logistic(-u) * expm1(u - v) : -logistic(u) * logistic(-v) * expm1(v - u);
}

/* Adds amount * d l / dz. */
static void push(const sw_comparing *job, size_t at, double amount) {
    job->dlogits[at + (size_t)job->spec->odds_high] += (sw_real)((double)job->factor * amount);
    job->dlogits[at + (size_t)job->spec->odds_low] -= (sw_real)((double)job->factor * amount);
}

static double log_odds(const sw_comparing *job, size_t at) {
    return (double)job->logits[at + (size_t)job->spec->odds_high] -
           (double)job->logits[at + (size_t)job->spec->odds_low];
}

/* ADDITIVE: u = l_ab + l_bc and v = l_ac. NEGATED: u = l_ab and v = -l_ba. */
static double compare_odds(const sw_comparing *job) {
    bool additive = job->spec->compare == SW_COMPARE_ADDITIVE;
    double sum = 0;
    for (size_t i = 0; i < job->count; i++) {
        size_t at_u = sw_comparing_at(job, i, 0), at_v = sw_comparing_at(job, i, additive ? 2 : 1);
        size_t at_second = additive ? sw_comparing_at(job, i, 1) : 0;
        double u = log_odds(job, at_u) + (additive ? log_odds(job, at_second) : 0);
        double v = additive ? log_odds(job, at_v) : -log_odds(job, at_v);
        double difference = logistic_difference(u, v);
        double value = 0.5 * difference * (u - v);
        sum += value;
        if (job->dlogits) {
            /* s'(u) = s(u) s(-u) */
            double du = 0.5 * (logistic(u) * logistic(-u) * (u - v) + difference);
            double dv = -0.5 * (logistic(v) * logistic(-v) * (u - v) + difference);
            push(job, at_u, du);
            if (additive) push(job, at_second, du);
            push(job, at_v, additive ? dv : -dv);
        }
        if (job->each) job->each[i] = (sw_real)value;
        if (job->disagree) job->disagree[i] = (u > 0) != (v > 0);
    }
    return sum;
}

static double compare(const sw_comparing *job) {
    assert(job->classes > 0 && job->classes <= SW_CLASSES_MAX);
    switch (job->spec->compare) {
    case SW_COMPARE_SYMMETRIC_KL: return sw_kernel->symmetric_kl(job);
    case SW_COMPARE_CONVOLUTION: return sw_kernel->convolution(job);
    case SW_COMPARE_CLASS_ZERO: return sw_kernel->class_zero(job);
    case SW_COMPARE_ADDITIVE:
    case SW_COMPARE_NEGATED: return compare_odds(job);
    }
    assert(!"a comparison without a function");
    return NAN;
}

double sw_divergence_mean(const sw_divergence_spec *spec, const sw_tuple *tuples, size_t count, const int32_t *row,
                          const sw_real *logits, double scale, sw_real *dlogits) {
    assert(count > 0);
    const sw_comparing job = {.spec = spec,
                              .classes = (size_t)spec->classes,
                              .tuples = tuples,
                              .count = count,
                              .row = row,
                              .logits = logits,
                              .dlogits = dlogits,
                              .factor = (sw_real)(scale / (double)count)};
    return compare(&job) / (double)count;
}

void sw_divergence_each(const sw_divergence_spec *spec, const sw_tuple *tuples, size_t count, const int32_t *row,
                        const sw_real *logits, sw_real *out, int8_t *disagree, sw_real *excess) {
    const sw_comparing job = {.spec = spec,
                              .classes = (size_t)spec->classes,
                              .tuples = tuples,
                              .count = count,
                              .row = row,
                              .logits = logits,
                              .each = out,
                              .disagree = disagree,
                              .excess = excess};
    compare(&job);
}
