/* sides.h: the two sides of a comparison.
 *
 * A side is a distribution over classes, kept as x_c = z_c - max z, p_c and log p_c = x_c - log1p(o), o = the sum of
 * exp over all but the largest. So log p of the largest is small to full precision, not the rounded difference of two
 * large numbers, and a violation of 1e-10 is still a number of several digits. */
#pragma once

#include "nn/kernels/lanes.h"

typedef struct side {
    sw_real x[SW_CLASSES_MAX]; /* z - max z <= 0; padding SW_ABSENT */
    sw_real p[SW_CLASSES_MAX]; /* softmax; padding 0 */
    double log_norm;           /* log p_c = x_c - log_norm */
} side;

/* Turns the logits x[C] into a side. */
SW_INLINE void finish_side(side *s, size_t classes) {
    size_t padded = sw_padded(classes);
    for (size_t k = classes; k < padded; k++) s->x[k] = -INFINITY;
    sw_real max = sw_lane_max(s->x, padded);
    for (size_t k = 0; k < padded; k++) {
        s->x[k] -= max;
        s->p[k] = sw_exp(s->x[k]);
    }
    /* The largest stands apart; where several tie, all but one are others. */
    sw_real lane[SW_LANES] = {0}, largest[SW_LANES] = {0};
    for (size_t k = 0; k < padded; k += SW_LANES) {
        SW_LANE_LOOP
        for (int j = 0; j < SW_LANES; j++) {
            sw_real is_largest = s->x[k + j] == 0;
            lane[j] += (1 - is_largest) * s->p[k + j];
            largest[j] += is_largest;
        }
    }
    sw_real others = sw_lane_sum(lane) + (sw_lane_sum(largest) - 1);
    sw_real factor = 1 / (1 + others);
    for (size_t k = 0; k < padded; k++) s->p[k] *= factor;
    for (size_t k = classes; k < padded; k++) s->x[k] = SW_ABSENT;
    s->log_norm = log1p((double)others);
}

/* p(c) = softmax(z)(map(c)); map NULL = identity. */
SW_INLINE void load_side(side *s, const sw_real *z, const int32_t *map, size_t classes) {
    if (map)
        for (size_t c = 0; c < classes; c++) s->x[c] = z[map[c]];
    else
        memcpy(s->x, z, classes * sizeof *s->x);
    finish_side(s, classes);
}

/* The likeliest class, the lowest on ties: the first whose x is 0. Anything when a logit is NaN. */
SW_INLINE size_t argmax_of_side(const side *s, size_t classes) {
    sw_real lane[SW_LANES];
    for (int j = 0; j < SW_LANES; j++) lane[j] = SW_CLASSES_MAX;
    for (size_t k = 0; k < classes; k += SW_LANES) {
        SW_LANE_LOOP
        for (int j = 0; j < SW_LANES; j++) {
            sw_real index = s->x[k + j] == 0 ? (sw_real)(k + j) : (sw_real)SW_CLASSES_MAX;
            lane[j] = index < lane[j] ? index : lane[j];
        }
    }
    sw_real first = lane[0];
    for (int j = 1; j < SW_LANES; j++) first = lane[j] < first ? lane[j] : first;
    return (size_t)first;
}

/* symKL(p, q) = 1/2 sum_c (p_c - q_c) a_c with a = log p - log q: no term is negative.
 * dp[padded] <- d/dz_p = 1/2 [p (a - KL(p||q)) + p - q], dq <- d/dz_q = 1/2 [q (-a - KL(q||p)) + q - p]; both or
 * neither NULL. */
SW_INLINE sw_real compare_sides(const side *p, const side *q, size_t classes, sw_real *dp, sw_real *dq) {
    size_t padded = sw_padded(classes);
    sw_real shift = (sw_real)(p->log_norm - q->log_norm);
    sw_real value[SW_LANES] = {0}, forward[SW_LANES] = {0}, backward[SW_LANES] = {0};
    for (size_t k = 0; k < padded; k += SW_LANES) {
        SW_LANE_LOOP
        for (int j = 0; j < SW_LANES; j++) {
            sw_real pc = p->p[k + j], qc = q->p[k + j], a = p->x[k + j] - q->x[k + j] - shift;
            value[j] += sw_difference(pc, qc, a) * a;
            forward[j] += pc * a;
            backward[j] -= qc * a;
        }
    }
    if (dp) {
        sw_real kl_pq = sw_lane_sum(forward), kl_qp = sw_lane_sum(backward);
        for (size_t k = 0; k < padded; k++) {
            sw_real pc = p->p[k], qc = q->p[k], a = p->x[k] - q->x[k] - shift;
            sw_real difference = sw_difference(pc, qc, a);
            dp[k] = (sw_real)0.5 * (pc * (a - kl_pq) + difference);
            dq[k] = (sw_real)0.5 * (qc * (-a - kl_qp) - difference);
        }
    }
    return (sw_real)0.5 * sw_lane_sum(value);
}

/* dz[C] += factor * d[C], for each class or (map not NULL) into map(c). */
SW_INLINE void scatter(sw_real *dz, sw_real factor, const sw_real *d, const int32_t *map, size_t classes) {
    if (map)
        for (size_t c = 0; c < classes; c++) dz[map[c]] += factor * d[c];
    else
        for (size_t c = 0; c < classes; c++) dz[c] += factor * d[c];
}
