/* elements.h: loops over elements and rows. Every sum has an order of its own, whatever the vectors' width. */
#pragma once

#include "nn/kernels.h"
#include "nn/kernels/lanes.h"

static void add_bias(sw_real *x, const sw_real *bias, size_t rows, size_t n) {
    for (size_t r = 0; r < rows; r++, x += n)
        for (size_t j = 0; j < n; j++) x[j] += bias[j];
}

static void bias_relu(sw_real *x, const sw_real *bias, size_t rows, size_t n, size_t stride) {
    for (size_t r = 0; r < rows; r++, x += stride)
        for (size_t j = 0; j < n; j++) {
            sw_real a = x[j] + bias[j];
            x[j] = a < 0 ? 0 : a;
        }
}

static void sum_bias_relu(sw_real *z, const sw_real *x, const sw_real *y, const sw_real *bias, size_t n) {
    for (size_t j = 0; j < n; j++) {
        sw_real a = (x[j] + y[j]) + bias[j];
        z[j] = a < 0 ? 0 : a;
    }
}

static void relu_backward(sw_real *dh, const sw_real *h, size_t count) {
    for (size_t i = 0; i < count; i++) dh[i] = h[i] <= 0 ? 0 : dh[i];
}

static void column_sums(sw_real *sum, const sw_real *x, size_t rows, size_t n, size_t stride) {
    for (size_t r = 0; r < rows; r++, x += stride)
        for (size_t j = 0; j < n; j++) sum[j] += x[j];
}

static void add(sw_real *y, const sw_real *x, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] += x[i];
}

static void add_to_both(sw_real *y, sw_real *z, const sw_real *x, size_t n) {
    for (size_t i = 0; i < n; i++) {
        sw_real add = x[i];
        y[i] += add;
        z[i] += add;
    }
}

static void plus(sw_real *z, const sw_real *x, const sw_real *y, size_t n) {
    for (size_t i = 0; i < n; i++) z[i] = x[i] + y[i];
}

static void axpy(sw_real *y, sw_real a, const sw_real *x, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] += a * x[i];
}

static sw_real dot(const sw_real *x, const sw_real *y, size_t n) {
    sw_real lane[SW_LANES] = {0};
    size_t i = 0;
    for (; i + SW_LANES <= n; i += SW_LANES)
        for (size_t j = 0; j < SW_LANES; j++) lane[j] += x[i + j] * y[i + j];
    for (size_t j = 0; i < n; i++, j++) lane[j] += x[i] * y[i];
    return sw_lane_sum(lane);
}

/* p[count, T, heads] <- softmax over T of the scores it holds */
static void softmax(sw_real *p, size_t count, size_t T, size_t heads) {
    for (size_t i = 0; i < count; i++)
        for (size_t h = 0; h < heads; h++) {
            sw_real *s = p + i * T * heads + h, top = s[0];
            for (size_t t = 1; t < T; t++) top = sw_max(s[t * heads], top);
            for (size_t t = 0; t < T; t++) s[t * heads] -= top;
        }
    for (size_t i = 0; i < count * T * heads; i++) p[i] = sw_exp(p[i]);
    for (size_t i = 0; i < count; i++)
        for (size_t h = 0; h < heads; h++) {
            sw_real *s = p + i * T * heads + h, sum = 0;
            for (size_t t = 0; t < T; t++) sum += s[t * heads];
            for (size_t t = 0; t < T; t++) s[t * heads] /= sum;
        }
}
