/* divergence_convolution.c: the triangle. Distances add along a shortest path: the convolution of P_ab and P_bc
 * against P_ac, gradient to all three inputs.
 *
 * All in log space: l_k = logsumexp_i(u_i + v_(k-i)), k = 0..diameter, with u and v the log-probabilities but for a
 * constant each, which the normalization of l takes out again. (In plain probabilities the mass at a wrong distance
 * underflows near a margin of 60, and the gradient is 0/0.) */
#include "nn/divergence.h"

typedef struct convolution {
    sw_real u[SW_CLASSES_MAX]; /* u_i */
    /* v_j at SW_LANES + j, -infinity on either side: loops run over k, in blocks, and read v_(k-i). */
    sw_real v[SW_CLASSES_MAX + SW_LANES];
    sw_real l[SW_CLASSES_MAX];                                 /* l_k before normalization; padding 0 */
    sw_real du[SW_CLASSES_MAX], dv[SW_CLASSES_MAX + SW_LANES]; /* gradients, laid out as u and v */
    sw_real share[SW_CLASSES_MAX];                             /* scratch */
    sw_side result;                                            /* softmax of l: the convolution, normalized */
} convolution;

/* Where the block of k = i begins, the first that u_i takes part in. */
SW_INLINE size_t block_of(size_t i) { return i / SW_LANES * SW_LANES; }

SW_INLINE void convolve(convolution *c, const sw_side *ab, const sw_side *bc, size_t classes)
{
    size_t padded = sw_padded(classes);
    sw_real *sum = c->share;
    for (size_t k = 0; k < SW_LANES; k++) c->v[k] = -INFINITY;
    for (size_t k = 0; k < padded; k++) {
        c->u[k] = ab->x[k];
        c->v[SW_LANES + k] = k < classes ? bc->x[k] : -INFINITY;
        c->l[k] = -INFINITY;
        sum[k] = 0;
    }
    for (size_t i = 0; i < classes; i++)
        for (size_t k = block_of(i); k < padded; k++) c->l[k] = sw_larger(c->u[i] + c->v[SW_LANES + k - i], c->l[k]);
    for (size_t i = 0; i < classes; i++)
        for (size_t k = block_of(i); k < padded; k++) sum[k] += sw_exp(c->u[i] + c->v[SW_LANES + k - i] - c->l[k]);
    for (size_t k = 0; k < padded; k++) c->l[k] += sw_log(sum[k]);
    for (size_t k = 0; k < padded; k++) {
        c->result.x[k] = c->l[k];
        c->l[k] = k < classes ? c->l[k] : 0;
    }
    sw_side_finish(&c->result, classes);
}

/* du_i = sum_k dl_k r_ki, dv_(k-i) likewise, with the share r_ki = exp(u_i + v_(k-i) - l_k) of a term in l_k. These
 * are the gradients of the logits already: sum_k dl_k = 0, so log-softmax passes them unchanged. */
SW_INLINE void convolve_backward(convolution *c, const sw_real *dl, size_t classes)
{
    size_t padded = sw_padded(classes);
    memset(c->dv, 0, (SW_LANES + padded) * sizeof *c->dv);
    for (size_t i = 0; i < classes; i++) {
        for (size_t k = block_of(i); k < padded; k++) {
            c->share[k] = dl[k] * sw_exp(c->u[i] + c->v[SW_LANES + k - i] - c->l[k]);
            c->dv[SW_LANES + k - i] += c->share[k];
        }
        sw_real lane[SW_LANES] = {0};
        for (size_t k = block_of(i); k < padded; k += SW_LANES) {
            SW_LANE_LOOP
            for (int j = 0; j < SW_LANES; j++) lane[j] += c->share[k + j];
        }
        c->du[i] = sw_lane_sum(lane);
    }
}

/* KL(p||q) = sum_c p_c (a_c - 1 + e^-a_c): no term is negative. dp <- p (a - KL), dq <- q - p; both or neither NULL.
 */
SW_INLINE sw_real forward_kl(const sw_side *p, const sw_side *q, size_t classes, sw_real *dp, sw_real *dq)
{
    size_t padded = sw_padded(classes);
    sw_real shift = (sw_real)(p->log_norm - q->log_norm);
    sw_real lane[SW_LANES] = {0};
    for (size_t k = 0; k < padded; k += SW_LANES) {
        SW_LANE_LOOP
        for (int j = 0; j < SW_LANES; j++) {
            sw_real pc = p->p[k + j], a = p->x[k + j] - q->x[k + j] - shift;
            /* p e^-a is q: written so where e^-a would overflow. */
            lane[j] += a > -1 ? pc * sw_exp_excess(a) : pc * (a - 1) + q->p[k + j];
        }
    }
    sw_real value = sw_lane_sum(lane);
    if (dp)
        for (size_t k = 0; k < padded; k++) {
            sw_real pc = p->p[k], a = p->x[k] - q->x[k] - shift;
            dp[k] = pc * (a - value);
            dq[k] = -sw_difference(pc, q->p[k], a);
        }
    return value;
}

/* sum_{i + j > diameter} P_ab(i) P_bc(j) */
static double mass_beyond(const sw_side *ab, const sw_side *bc, size_t classes)
{
    double tail = 0, mass = 0; /* tail = sum_{j >= classes - i} P_bc(j) */
    for (size_t i = 1; i < classes; i++) {
        tail += (double)bc->p[classes - i];
        mass += (double)ab->p[i] * tail;
    }
    return mass;
}

SW_MULTIVERSION
double sw_compare_convolution(const sw_comparing *job)
{
    size_t classes = job->classes;
    bool symmetric = job->spec->divergence == SW_DIVERGENCE_SYMMETRIC_KL;
    bool gradient = job->dlogits != NULL;
    sw_side ab, bc, ac;
    convolution c;
    sw_real dl[SW_CLASSES_MAX], dac[SW_CLASSES_MAX];
    double sum = 0;
    for (size_t i = 0; i < job->count; i++) {
        size_t at_ab = sw_comparing_at(job, i, 0), at_bc = sw_comparing_at(job, i, 1);
        size_t at_ac = sw_comparing_at(job, i, 2);
        sw_side_load(&ab, job->logits + at_ab, NULL, classes);
        sw_side_load(&bc, job->logits + at_bc, NULL, classes);
        sw_side_load(&ac, job->logits + at_ac, NULL, classes);
        convolve(&c, &ab, &bc, classes);
        sw_real *dp = gradient ? dl : NULL, *dq = gradient ? dac : NULL;
        sw_real value =
            symmetric ? sw_symmetric_kl(&c.result, &ac, classes, dp, dq) : forward_kl(&c.result, &ac, classes, dp, dq);
        sum += (double)value;
        if (gradient) {
            convolve_backward(&c, dl, classes);
            sw_scatter(job->dlogits + at_ab, job->factor, c.du, NULL, classes);
            sw_scatter(job->dlogits + at_bc, job->factor, c.dv + SW_LANES, NULL, classes);
            sw_scatter(job->dlogits + at_ac, job->factor, dac, NULL, classes);
        }
        if (job->each) job->each[i] = value;
        if (job->disagree) job->disagree[i] = sw_side_argmax(&c.result, classes) != sw_side_argmax(&ac, classes);
        if (job->excess) job->excess[i] = (sw_real)mass_beyond(&ab, &bc, classes);
    }
    return sum;
}
