/* divergences.h: symmetric KL of two inputs, one input's surprise at class 0, and the triangle. */
#pragma once

#include "nn/kernels.h"
#include "nn/kernels/losses.h"
#include "nn/kernels/sides.h"

static double symmetric_kl(const sw_comparing *job) {
    size_t classes = job->classes;
    side p, q;
    sw_real dp[SW_CLASSES_MAX], dq[SW_CLASSES_MAX];
    double sum = 0;
    for (size_t i = 0; i < job->count; i++) {
        const int32_t *map = NULL;
        if (job->spec->class_map && job->tuples[i].map >= 0)
            map = job->spec->class_map + (size_t)job->tuples[i].map * classes;
        size_t at_p = sw_comparing_at(job, i, 0), at_q = sw_comparing_at(job, i, 1);
        load_side(&p, job->logits + at_p, map, classes);
        load_side(&q, job->logits + at_q, NULL, classes);
        bool gradient = job->dlogits != NULL;
        double value = (double)compare_sides(&p, &q, classes, gradient ? dp : NULL, gradient ? dq : NULL);
        bool capped = sw_comparing_caps(job, &value);
        sum += value;
        if (gradient && !capped) {
            scatter(job->dlogits + at_p, job->factor, dp, map, classes);
            scatter(job->dlogits + at_q, job->factor, dq, NULL, classes);
        }
        if (job->each) job->each[i] = (sw_real)value;
        if (job->disagree) job->disagree[i] = argmax_of_side(&p, classes) != argmax_of_side(&q, classes);
    }
    return sum;
}

/* -ln p(0) of one input: cross-entropy with label 0. */
static double class_zero(const sw_comparing *job) {
    size_t classes = job->classes;
    size_t padded = sw_padded(classes);
    sw_real x[SW_CLASSES_MAX];
    double sum = 0;
    for (size_t i = 0; i < job->count; i++) {
        size_t at = sw_comparing_at(job, i, 0);
        row_parts row = split_row(x, padded, job->logits + at, (int32_t)classes, 0);
        sw_real others, own;
        double value = cross_entropy_row(x, padded, row, &others, &own);
        bool capped = sw_comparing_caps(job, &value);
        sum += value;
        if (job->dlogits && !capped) {
            sw_real factor = job->factor / (others + own);
            scatter(job->dlogits + at, factor, x, NULL, classes);
            job->dlogits[at] -= factor * others;
        }
        if (job->each) job->each[i] = (sw_real)value;
        if (job->disagree) job->disagree[i] = row.largest > row.label;
    }
    return sum;
}

/* ---- the triangle: distances add along a shortest path ----
 *
 * The convolution of P_ab and P_bc against P_ac, gradient to all three inputs. All in log space: l_k =
 * logsumexp_i(u_i + v_(k-i)), k = 0..diameter, with u and v the log-probabilities but for a constant each, which the
 * normalization of l takes out again. (In plain probabilities the mass at a wrong distance underflows near a margin of
 * 60, and the gradient is 0/0.) */

typedef struct convolved {
    sw_real u[SW_CLASSES_MAX]; /* u_i */
    /* v_j at SW_LANES + j, -infinity on either side: loops run over k, in blocks, and read v_(k-i). */
    sw_real v[SW_CLASSES_MAX + SW_LANES];
    sw_real l[SW_CLASSES_MAX];                                 /* l_k before normalization; padding 0 */
    sw_real du[SW_CLASSES_MAX], dv[SW_CLASSES_MAX + SW_LANES]; /* gradients, laid out as u and v */
    sw_real share[SW_CLASSES_MAX];                             /* scratch */
    side result;                                               /* softmax of l: the convolution, normalized */
} convolved;

/* Where the block of k = i begins, the first that u_i takes part in. */
SW_INLINE size_t block_of(size_t i) { return i / SW_LANES * SW_LANES; }

SW_INLINE void convolve(convolved *c, const side *ab, const side *bc, size_t classes) {
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
        for (size_t k = block_of(i); k < padded; k++) c->l[k] = sw_max(c->u[i] + c->v[SW_LANES + k - i], c->l[k]);
    for (size_t i = 0; i < classes; i++)
        for (size_t k = block_of(i); k < padded; k++) sum[k] += sw_exp(c->u[i] + c->v[SW_LANES + k - i] - c->l[k]);
    for (size_t k = 0; k < padded; k++) c->l[k] += sw_log(sum[k]);
    for (size_t k = 0; k < padded; k++) {
        c->result.x[k] = c->l[k];
        c->l[k] = k < classes ? c->l[k] : 0;
    }
    finish_side(&c->result, classes);
}

/* du_i = sum_k dl_k r_ki, dv_(k-i) likewise, with the share r_ki = exp(u_i + v_(k-i) - l_k) of a term in l_k. These
 * are the gradients of the logits already: sum_k dl_k = 0, so log-softmax passes them unchanged. */
SW_INLINE void convolve_backward(convolved *c, const sw_real *dl, size_t classes) {
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
SW_INLINE sw_real forward_kl(const side *p, const side *q, size_t classes, sw_real *dp, sw_real *dq) {
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
static double mass_beyond(const side *ab, const side *bc, size_t classes) {
    double tail = 0, mass = 0; /* tail = sum_{j >= classes - i} P_bc(j) */
    for (size_t i = 1; i < classes; i++) {
        tail += (double)bc->p[classes - i];
        mass += (double)ab->p[i] * tail;
    }
    return mass;
}

static double convolution(const sw_comparing *job) {
    size_t classes = job->classes;
    bool both_ways = job->spec->divergence == SW_DIVERGENCE_SYMMETRIC_KL;
    bool gradient = job->dlogits != NULL;
    side ab, bc, ac;
    convolved c;
    sw_real dl[SW_CLASSES_MAX], dac[SW_CLASSES_MAX];
    double sum = 0;
    for (size_t i = 0; i < job->count; i++) {
        size_t at_ab = sw_comparing_at(job, i, 0), at_bc = sw_comparing_at(job, i, 1);
        size_t at_ac = sw_comparing_at(job, i, 2);
        load_side(&ab, job->logits + at_ab, NULL, classes);
        load_side(&bc, job->logits + at_bc, NULL, classes);
        load_side(&ac, job->logits + at_ac, NULL, classes);
        convolve(&c, &ab, &bc, classes);
        sw_real *dp = gradient ? dl : NULL, *dq = gradient ? dac : NULL;
        double value = (double)(both_ways ? compare_sides(&c.result, &ac, classes, dp, dq)
                                          : forward_kl(&c.result, &ac, classes, dp, dq));
        bool capped = sw_comparing_caps(job, &value);
        sum += value;
        if (gradient && !capped) {
            convolve_backward(&c, dl, classes);
            scatter(job->dlogits + at_ab, job->factor, c.du, NULL, classes);
            scatter(job->dlogits + at_bc, job->factor, c.dv + SW_LANES, NULL, classes);
            scatter(job->dlogits + at_ac, job->factor, dac, NULL, classes);
        }
        if (job->each) job->each[i] = (sw_real)value;
        if (job->disagree) job->disagree[i] = argmax_of_side(&c.result, classes) != argmax_of_side(&ac, classes);
        if (job->excess) job->excess[i] = (sw_real)mass_beyond(&ab, &bc, classes);
    }
    return sum;
}

/* ---- a table: softmax of all rows once, and symmetric divergences of many tuples between its rows ---- */

static void softmax_table(sw_softmax *out, const sw_real *logits, size_t rows) {
    size_t classes = (size_t)out->classes, width = sw_padded(classes);
    side s;
    for (size_t i = 0; i < rows; i++) {
        sw_real *p = out->p + i * width, *log_p = out->log_p + i * width;
        load_side(&s, logits + i * classes, NULL, classes);
        size_t best = argmax_of_side(&s, classes);
        out->argmax[i] =
            best < classes ? (int32_t)best : 0; /* a class even where a logit is NaN: maps are read by it */
        memcpy(p, s.p, width * sizeof *p);
        for (size_t k = 0; k < width; k++) log_p[k] = k < classes ? (sw_real)((double)s.x[k] - s.log_norm) : 0;
    }
}

/* out[width] <- row[map(c)], padding as in the row. */
static inline void permute(sw_real *out, const sw_real *row, const int32_t *map, size_t classes, size_t width) {
    for (size_t c = 0; c < classes; c++) out[c] = row[map[c]];
    for (size_t c = classes; c < width; c++) out[c] = 0;
}

/* 1/2 sum_c (p_c - q_c) (log p_c - log q_c) */
static inline sw_real compare_rows(const sw_real *p, const sw_real *log_p, const sw_real *q, const sw_real *log_q,
                                   size_t width) {
    sw_real lane[SW_LANES] = {0};
    for (size_t k = 0; k < width; k += SW_LANES)
        for (int j = 0; j < SW_LANES; j++) {
            sw_real a = log_p[k + j] - log_q[k + j];
            lane[j] += sw_difference(p[k + j], q[k + j], a) * a;
        }
    return (sw_real)0.5 * sw_lane_sum(lane);
}

static void softmax_divergence(const sw_softmax *table, const sw_divergence_spec *spec, const sw_tuple *tuples,
                               size_t count, sw_real *out, int8_t *disagree) {
    size_t classes = (size_t)table->classes, width = sw_padded(classes);
    sw_real mapped[SW_CLASSES_MAX], log_mapped[SW_CLASSES_MAX];
    for (size_t i = 0; i < count; i++) {
        size_t left = (size_t)tuples[i].input[0], right = (size_t)tuples[i].input[1];
        const sw_real *p = table->p + left * width, *log_p = table->log_p + left * width;
        int32_t answer = table->argmax[right];
        if (tuples[i].map >= 0) {
            const int32_t *map = spec->class_map + (size_t)tuples[i].map * classes;
            permute(mapped, p, map, classes, width);
            permute(log_mapped, log_p, map, classes, width);
            p = mapped;
            log_p = log_mapped;
            answer = map[answer];
        }
        out[i] = compare_rows(p, log_p, table->p + right * width, table->log_p + right * width, width);
        if (disagree) disagree[i] = table->argmax[left] != answer;
    }
}
