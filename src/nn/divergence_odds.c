/* divergence_odds.c: comparisons of log-odds, l = z[high] - z[low]: Bradley-Terry additivity and antisymmetry.
 *
 * The symmetric KL of the Bernoullis of log-odds u and v is 1/2 (s(u) - s(v)) (u - v), s the logistic function.
 * Scalars: computed in double. */
#include "nn/divergence.h"

static double logistic(double u)
{
    double e = exp(-fabs(u));
    return (u >= 0 ? 1 : e) / (1 + e);
}

/* s(u) - s(v), exact to rounding: s(u) s(-v) (1 - e^(v - u)), with the sides so that the exponent is not positive. */
static double logistic_difference(double u, double v)
{
    return u < v ? logistic(v) * logistic(-u) * expm1(u - v) : -logistic(u) * logistic(-v) * expm1(v - u);
}

/* Adds amount * d l / dz. */
static void push(const sw_comparing *job, size_t at, double amount)
{
    job->dlogits[at + (size_t)job->spec->odds_high] += (sw_real)((double)job->factor * amount);
    job->dlogits[at + (size_t)job->spec->odds_low] -= (sw_real)((double)job->factor * amount);
}

static double log_odds(const sw_comparing *job, size_t at)
{
    return (double)job->logits[at + (size_t)job->spec->odds_high] -
           (double)job->logits[at + (size_t)job->spec->odds_low];
}

/* ADDITIVE: u = l_ab + l_bc and v = l_ac. NEGATED: u = l_ab and v = -l_ba. */
double sw_compare_odds(const sw_comparing *job)
{
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
