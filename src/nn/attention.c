/* attention.c: softmax attention of one query over the few keys that it sees, forward and backward. */
#include "nn/attention.h"
#include "nn/kernels.h"

#include <math.h>
#include <string.h>

static const sw_real *row_of(const sw_attention *shape, const sw_real *rows, int32_t index, size_t head) {
    return rows + ((size_t)index * shape->heads + head) * shape->d_head;
}

static sw_real *mutable_row_of(const sw_attention *shape, sw_real *rows, int32_t index, size_t head) {
    return rows + ((size_t)index * shape->heads + head) * shape->d_head;
}

void sw_attention_score(const sw_attention *shape, size_t S, const sw_real *q, const sw_real *keys, const int32_t *key,
                        sw_real *score) {
    const size_t dh = shape->d_head;
    const sw_real scale = (sw_real)(1 / sqrt((double)dh));
    for (size_t j = 0; j < S; j++)
        for (size_t h = 0; h < shape->heads; h++)
            *score++ = scale * sw_kernel->dot(q + h * dh, row_of(shape, keys, key[j], h), dh);
}

const sw_real *sw_attention_weigh(const sw_attention *shape, size_t queries, size_t S, const sw_real *p,
                                  sw_real *room) {
    const sw_real rate = (sw_real)shape->rate, uniform = (1 - rate) / (sw_real)S;
    if (rate == 1) return p;
    for (size_t i = 0; i < queries * S * shape->heads; i++) room[i] = rate * p[i] + uniform;
    return room;
}

void sw_attention_mix(const sw_attention *shape, size_t S, const sw_real *weight, const sw_real *values,
                      const int32_t *key, sw_real *z) {
    const size_t dh = shape->d_head, heads = shape->heads;
    memset(z, 0, heads * dh * sizeof *z);
    for (size_t j = 0; j < S; j++)
        for (size_t h = 0; h < heads; h++)
            sw_kernel->axpy(z + h * dh, weight[j * heads + h], row_of(shape, values, key[j], h), dh);
}

void sw_attention_unmix(const sw_attention *shape, size_t S, const sw_real *weight, const sw_real *dz,
                        const sw_real *values, const int32_t *key, sw_real *dvalues, sw_real *dweight) {
    const size_t dh = shape->d_head, heads = shape->heads;
    for (size_t j = 0; j < S; j++)
        for (size_t h = 0; h < heads; h++) {
            dweight[j * heads + h] = sw_kernel->dot(dz + h * dh, row_of(shape, values, key[j], h), dh);
            sw_kernel->axpy(mutable_row_of(shape, dvalues, key[j], h), weight[j * heads + h], dz + h * dh, dh);
        }
}

void sw_attention_unscore(const sw_attention *shape, size_t S, const sw_real *p, sw_real *dweight, const sw_real *q,
                          const sw_real *keys, const int32_t *key, sw_real *dq, sw_real *dkeys) {
    const size_t dh = shape->d_head, heads = shape->heads;
    const sw_real scale = (sw_real)(shape->rate / sqrt((double)dh));
    for (size_t h = 0; h < heads; h++) {
        sw_real mean = 0;
        for (size_t j = 0; j < S; j++) mean += p[j * heads + h] * dweight[j * heads + h];
        for (size_t j = 0; j < S; j++) {
            const sw_real ds = scale * p[j * heads + h] * (dweight[j * heads + h] - mean);
            sw_kernel->axpy(dq + h * dh, ds, row_of(shape, keys, key[j], h), dh);
            sw_kernel->axpy(mutable_row_of(shape, dkeys, key[j], h), ds, q + h * dh, dh);
        }
    }
}
