/* divergence.c: the divergences' common entrance; symmetric KL of two inputs, and one input's surprise at class 0. */
#include "nn/divergence.h"

#include "nn/loss_row.h"

#include <assert.h>

SW_MULTIVERSION
double sw_compare_symmetric(const sw_comparing *job)
{
    size_t classes = job->classes;
    sw_side p, q;
    sw_real dp[SW_CLASSES_MAX], dq[SW_CLASSES_MAX];
    double sum = 0;
    for (size_t i = 0; i < job->count; i++) {
        const int32_t *map = NULL;
        if (job->spec->class_map && job->tuples[i].map >= 0)
            map = job->spec->class_map + (size_t)job->tuples[i].map * classes;
        size_t at_p = sw_comparing_at(job, i, 0), at_q = sw_comparing_at(job, i, 1);
        sw_side_load(&p, job->logits + at_p, map, classes);
        sw_side_load(&q, job->logits + at_q, NULL, classes);
        bool gradient = job->dlogits != NULL;
        sw_real value = sw_symmetric_kl(&p, &q, classes, gradient ? dp : NULL, gradient ? dq : NULL);
        sum += (double)value;
        if (gradient) {
            sw_scatter(job->dlogits + at_p, job->factor, dp, map, classes);
            sw_scatter(job->dlogits + at_q, job->factor, dq, NULL, classes);
        }
        if (job->each) job->each[i] = value;
        if (job->disagree) job->disagree[i] = sw_side_argmax(&p, classes) != sw_side_argmax(&q, classes);
    }
    return sum;
}

/* -ln p(0) of one input: cross-entropy with label 0. */
SW_MULTIVERSION
double sw_compare_class_zero(const sw_comparing *job)
{
    size_t classes = job->classes;
    size_t padded = sw_padded(classes);
    sw_real x[SW_CLASSES_MAX];
    double sum = 0;
    for (size_t i = 0; i < job->count; i++) {
        size_t at = sw_comparing_at(job, i, 0);
        sw_row row = sw_row_split(x, padded, job->logits + at, (int32_t)classes, 0);
        sw_real others, own;
        double value = sw_row_cross_entropy(x, padded, row, &others, &own);
        sum += value;
        if (job->dlogits) {
            sw_real factor = job->factor / (others + own);
            sw_scatter(job->dlogits + at, factor, x, NULL, classes);
            job->dlogits[at] -= factor * others;
        }
        if (job->each) job->each[i] = (sw_real)value;
        if (job->disagree) job->disagree[i] = row.largest > row.label;
    }
    return sum;
}

static double compare(const sw_comparing *job)
{
    assert(job->classes > 0 && job->classes <= SW_CLASSES_MAX);
    switch (job->spec->compare) {
    case SW_COMPARE_SYMMETRIC_KL: return sw_compare_symmetric(job);
    case SW_COMPARE_CONVOLUTION: return sw_compare_convolution(job);
    case SW_COMPARE_CLASS_ZERO: return sw_compare_class_zero(job);
    case SW_COMPARE_ADDITIVE:
    case SW_COMPARE_NEGATED: return sw_compare_odds(job);
    }
    assert(!"a comparison without a function");
    return NAN;
}

double sw_divergence_mean(const sw_divergence_spec *spec, const sw_tuple *tuples, size_t count, const int32_t *row,
                          const sw_real *logits, double scale, sw_real *dlogits)
{
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
                        const sw_real *logits, sw_real *out, int8_t *disagree, sw_real *excess)
{
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
