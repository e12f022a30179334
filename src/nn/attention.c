/* attention.c: softmax attention over the few tokens of an input, forward and backward. */
#include "nn/attention.h"
#include "nn/kernels.h"

#include <math.h>
#include <string.h>

/* s[0..n) <- softmax(s) */
static void softmax(sw_real *s, size_t n) {
    sw_real top = s[0], sum = 0;
    for (size_t j = 1; j < n; j++) top = s[j] > top ? s[j] : top;
    for (size_t j = 0; j < n; j++) {
        s[j] = (sw_real)exp((double)(s[j] - top));
        sum += s[j];
    }
    for (size_t j = 0; j < n; j++) s[j] /= sum;
}

/* How many keys query i of a row sees. */
static size_t keys_of(const sw_attention *shape, size_t i) {
    return shape->causal && shape->queries == shape->tokens ? i + 1 : shape->tokens;
}

void sw_attention_forward(const sw_attention *shape, const sw_real *q, const sw_real *k, const sw_real *v, sw_real *p,
                          sw_real *z) {
    size_t T = shape->tokens, Q = shape->queries, dh = shape->d_head, A = shape->heads * dh;
    sw_real scale = (sw_real)(1 / sqrt((double)dh)), rate = (sw_real)shape->rate;
    memset(z, 0, shape->rows * Q * A * sizeof *z);
    for (size_t r = 0; r < shape->rows; r++, q += Q * A, k += T * A, v += T * A, z += Q * A)
        for (size_t h = 0; h < shape->heads; h++)
            for (size_t i = 0; i < Q; i++, p += T) {
                size_t seen = keys_of(shape, i);
                sw_real uniform = (1 - rate) / (sw_real)seen;
                const sw_real *query = q + i * A + h * dh;
                for (size_t j = 0; j < T; j++)
                    p[j] = j < seen ? scale * sw_kernel->dot(query, k + j * A + h * dh, dh) : 0;
                softmax(p, seen);
                for (size_t j = 0; j < seen; j++)
                    sw_kernel->axpy(z + i * A + h * dh, rate * p[j] + uniform, v + j * A + h * dh, dh);
            }
}

void sw_attention_backward(const sw_attention *shape, const sw_real *q, const sw_real *k, const sw_real *v,
                           const sw_real *p, const sw_real *dz, sw_real *ds, sw_real *dq, sw_real *dk, sw_real *dv) {
    size_t T = shape->tokens, Q = shape->queries, dh = shape->d_head, A = shape->heads * dh;
    sw_real rate = (sw_real)shape->rate, scale = rate * (sw_real)(1 / sqrt((double)dh));
    memset(dq, 0, shape->rows * Q * A * sizeof *dq);
    memset(dk, 0, shape->rows * T * A * sizeof *dk);
    memset(dv, 0, shape->rows * T * A * sizeof *dv);
    for (size_t r = 0; r < shape->rows;
         r++, q += Q * A, dq += Q * A, dz += Q * A, k += T * A, v += T * A, dk += T * A, dv += T * A)
        for (size_t h = 0; h < shape->heads; h++)
            for (size_t i = 0; i < Q; i++, p += T, ds += T) {
                size_t seen = keys_of(shape, i), at = h * dh;
                sw_real uniform = (1 - rate) / (sw_real)seen;
                /* dp_j = dz . v_j; ds_j = rate p_j (dp_j - sum_k p_k dp_k) / sqrt(d_head) */
                sw_real mean = 0;
                for (size_t j = 0; j < seen; j++) {
                    ds[j] = sw_kernel->dot(dz + i * A + at, v + j * A + at, dh);
                    mean += p[j] * ds[j];
                    sw_kernel->axpy(dv + j * A + at, rate * p[j] + uniform, dz + i * A + at, dh);
                }
                for (size_t j = 0; j < seen; j++) {
                    ds[j] = scale * p[j] * (ds[j] - mean);
                    sw_kernel->axpy(dq + i * A + at, ds[j], k + j * A + at, dh);
                    sw_kernel->axpy(dk + j * A + at, ds[j], q + i * A + at, dh);
                }
            }
}
