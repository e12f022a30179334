/* divergence.c: the divergences' common entrance, and comparisons of log-odds, l = z[high] - z[low]: additivity,
 * antisymmetry, and that exactly one of three statements holds.
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

/* How much a is greater than b by both of their queries, k = 0, 1, 2 for ab, bc, ac: half of l(a > b) - l(a < b), the
 * log-odds itself where both are one input (the pair of three_way). */
static double strength(const sw_comparing *job, size_t i, int k) {
    const double greater = log_odds(job, sw_comparing_at(job, i, k));
    if (job->tuples[i].input[k] == job->tuples[i].input[k + 3]) return greater;
    return 0.5 * (greater - log_odds(job, sw_comparing_at(job, i, k + 3)));
}

static void push_strength(const sw_comparing *job, size_t i, int k, double amount) {
    const bool one = job->tuples[i].input[k] == job->tuples[i].input[k + 3];
    push(job, sw_comparing_at(job, i, k), one ? amount : 0.5 * amount);
    if (!one) push(job, sw_comparing_at(job, i, k + 3), -0.5 * amount);
}

/* u = L_ab + L_bc and v = L_ac (Bradley and Terry 1952: log-odds of a pair are differences of strengths). */
static double bradley_terry(const sw_comparing *job) {
    double sum = 0;
    for (size_t i = 0; i < job->count; i++) {
        const double u = strength(job, i, 0) + strength(job, i, 1), v = strength(job, i, 2);
        const double difference = logistic_difference(u, v);
        double value = 0.5 * difference * (u - v);
        const bool capped = sw_comparing_caps(job, &value);
        sum += value;
        if (job->dlogits && !capped) {
            const double du = 0.5 * (logistic(u) * logistic(-u) * (u - v) + difference);
            push_strength(job, i, 0, du);
            push_strength(job, i, 1, du);
            push_strength(job, i, 2, -0.5 * (logistic(v) * logistic(-v) * (u - v) + difference));
        }
        if (job->each) job->each[i] = (sw_real)value;
        if (job->disagree) job->disagree[i] = (u > 0) != (v > 0) || (u < 0) != (v < 0); /* queries may cancel: v = 0 */
    }
    return sum;
}

static double softplus(double u) { return (u > 0 ? u : 0) + log1p(exp(-fabs(u))); }

/* -ln sum_r p_r prod_{r' != r} (1 - p_r') with p_r = s(u_r) (the semantic loss of Xu et al. 2018), which is
 * sum_r softplus(u_r) - logsumexp_r u_r; written with the largest u_m taken out, so that no digit is lost where one
 * statement holds and the others do not:
 * softplus(-u_m) + sum_{r != m} softplus(u_r) - log1p(sum_{r != m} e^(u_r - u_m)).
 * d/du_r = s(u_r) - softmax(u)_r. */
static double exactly_one(const sw_comparing *job) {
    double sum = 0;
    for (size_t i = 0; i < job->count; i++) {
        double u[3], value, others = 0;
        int m = 0, hold = 0;
        for (int r = 0; r < 3; r++) {
            u[r] = log_odds(job, sw_comparing_at(job, i, r));
            hold += u[r] > 0;
            if (u[r] > u[m]) m = r;
        }
        value = softplus(-u[m]);
        for (int r = 0; r < 3; r++) {
            if (r == m) continue;
            value += softplus(u[r]);
            others += exp(u[r] - u[m]);
        }
        value -= log1p(others);
        const bool capped = sw_comparing_caps(job, &value);
        sum += value;
        for (int r = 0; job->dlogits && !capped && r < 3; r++) {
            const double share = exp(u[r] - u[m]) / (1 + others);
            push(job, sw_comparing_at(job, i, r),
                 r == m ? others / (1 + others) - logistic(-u[m]) : logistic(u[r]) - share);
        }
        if (job->each) job->each[i] = (sw_real)value;
        if (job->disagree) job->disagree[i] = hold != 1;
    }
    return sum;
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
        const bool capped = sw_comparing_caps(job, &value);
        sum += value;
        if (job->dlogits && !capped) {
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
    case SW_COMPARE_BRADLEY_TERRY: return bradley_terry(job);
    case SW_COMPARE_EXACTLY_ONE: return exactly_one(job);
    }
    assert(!"a comparison without a function");
    return NAN;
}

static sw_comparing comparing(const sw_divergence_spec *spec, const sw_tuple *tuples, size_t count, const int32_t *row,
                              const sw_real *logits) {
    return (sw_comparing){.spec = spec,
                          .classes = (size_t)spec->classes,
                          .tuples = tuples,
                          .count = count,
                          .row = row,
                          .logits = logits,
                          .bound = spec->bound > 0 ? spec->bound : (double)INFINITY};
}

double sw_divergence_mean(const sw_divergence_spec *spec, const sw_tuple *tuples, size_t count, const int32_t *row,
                          const sw_real *logits, double scale, sw_real *dlogits) {
    assert(count > 0);
    sw_comparing job = comparing(spec, tuples, count, row, logits);
    job.dlogits = dlogits;
    job.factor = (sw_real)(scale / (double)count);
    return compare(&job) / (double)count;
}

void sw_divergence_each(const sw_divergence_spec *spec, const sw_tuple *tuples, size_t count, const int32_t *row,
                        const sw_real *logits, sw_real *out, int8_t *disagree, sw_real *excess) {
    sw_comparing job = comparing(spec, tuples, count, row, logits);
    job.each = out;
    job.disagree = disagree;
    job.excess = excess;
    compare(&job);
}
