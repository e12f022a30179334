/* kernels_tables.c: rows of a tile that mix table rows, and the gradient of that. */
#include "nn/kernels.h"
#include "nn/lanes.h"

#include <string.h>

/* Heads that share a pass over a row. */
enum { SHARED_HEADS = 4 };

/* out[c] += sum_{h < n} w[h] z[h, c]; n is constant where this is inlined */
static inline __attribute__((always_inline)) void mix_row(int n, sw_real *restrict out, const sw_real *restrict z,
                                                          const sw_real *restrict w, size_t width, size_t begin,
                                                          size_t end, bool relu) {
    for (size_t c = begin; c < end; c++) {
        sw_real sum = out[c];
        for (int h = 0; h < n; h++)
            sum += w[h] * z[(size_t)h * width + c];
        out[c] = relu && sum < 0 ? 0 : sum;
    }
}

static inline __attribute__((always_inline)) void mix_group(int n, sw_real *out, size_t width, const int32_t *row,
                                                            size_t rows, const sw_real *z, const sw_real *weight,
                                                            size_t stride, size_t relu) {
    for (size_t i = 0; i < rows; i++) {
        sw_real *to = out + (size_t)row[i] * width;
        const sw_real *w = weight + (size_t)row[i] * stride;
        mix_row(n, to, z, w, width, 0, relu, true);
        mix_row(n, to, z, w, width, relu, width, false);
    }
}

SW_MULTIVERSION
void sw_kernel_mix(sw_real *out, size_t width, const sw_groups *groups, const sw_real *table, const sw_real *weight,
                   size_t stride, size_t heads, size_t relu) {
    for (size_t g = 0; g < groups->count; g++) {
        const int32_t *row = groups->member + groups->begin[g];
        size_t rows = (size_t)(groups->begin[g + 1] - groups->begin[g]);
        const sw_real *z = table + (size_t)groups->token[g] * heads * width;
        for (size_t h = 0; h < heads; h += SHARED_HEADS) {
            size_t last = heads - h <= SHARED_HEADS ? relu : 0;
            switch (heads - h) {
            case 1: mix_group(1, out, width, row, rows, z + h * width, weight + h, stride, last); break;
            case 2: mix_group(2, out, width, row, rows, z + h * width, weight + h, stride, last); break;
            case 3: mix_group(3, out, width, row, rows, z + h * width, weight + h, stride, last); break;
            default: mix_group(4, out, width, row, rows, z + h * width, weight + h, stride, last); break;
            }
        }
    }
}

/* Eight floats or four doubles: one register of the least machine with AVX2. */
typedef sw_real vector __attribute__((vector_size(32), aligned(sizeof(sw_real)), may_alias));
enum { WIDE = 32 / sizeof(sw_real) };

static inline __attribute__((always_inline)) sw_real sum_of(const vector *v) {
    sw_real x[WIDE];
    memcpy(x, v, sizeof x);
    for (size_t half = WIDE / 2; half > 0; half /= 2)
        for (size_t j = 0; j < half; j++)
            x[j] += x[j + half];
    return x[0];
}

/* Two rows of a group at once: dz[h] += w[h] x + v[h] y; dw[h] = x . z[h], dv[h] = y . z[h] */
static inline __attribute__((always_inline)) void unmix_two(int n, const sw_real *restrict x,
                                                            const sw_real *restrict y, const sw_real *restrict z,
                                                            sw_real *restrict dz, size_t width, const sw_real *w,
                                                            const sw_real *v, sw_real *dw, sw_real *dv) {
    vector sum[SHARED_HEADS] = {{0}}, other[SHARED_HEADS] = {{0}};
    for (size_t c = 0; c < width; c += WIDE) {
        vector one = *(const vector *)(x + c), two = *(const vector *)(y + c);
        for (int h = 0; h < n; h++) {
            vector in = *(const vector *)(z + (size_t)h * width + c);
            vector *out = (vector *)(dz + (size_t)h * width + c);
            sum[h] += one * in;
            other[h] += two * in;
            *out = *out + w[h] * one + v[h] * two;
        }
    }
    for (int h = 0; h < n; h++) {
        dw[h] = sum_of(&sum[h]);
        dv[h] = sum_of(&other[h]);
    }
}

/* One row: dz[h] += w[h] x; dw[h] = x . z[h] */
static inline __attribute__((always_inline)) void unmix_one(int n, const sw_real *restrict x,
                                                            const sw_real *restrict z, sw_real *restrict dz,
                                                            size_t width, const sw_real *w, sw_real *dw) {
    vector sum[SHARED_HEADS] = {{0}};
    for (size_t c = 0; c < width; c += WIDE) {
        vector one = *(const vector *)(x + c);
        for (int h = 0; h < n; h++) {
            vector *out = (vector *)(dz + (size_t)h * width + c);
            sum[h] += one * *(const vector *)(z + (size_t)h * width + c);
            *out = *out + w[h] * one;
        }
    }
    for (int h = 0; h < n; h++)
        dw[h] = sum_of(&sum[h]);
}

static inline __attribute__((always_inline)) void unmix_group(int n, const sw_real *dout, size_t width,
                                                              const int32_t *row, size_t rows, const sw_real *z,
                                                              sw_real *dz, const sw_real *weight, sw_real *dweight,
                                                              size_t stride) {
    size_t i = 0;
    for (; i + 2 <= rows; i += 2) {
        size_t a = (size_t)row[i], b = (size_t)row[i + 1];
        unmix_two(n, dout + a * width, dout + b * width, z, dz, width, weight + a * stride, weight + b * stride,
                  dweight + a * stride, dweight + b * stride);
    }
    if (i < rows) {
        size_t a = (size_t)row[i];
        unmix_one(n, dout + a * width, z, dz, width, weight + a * stride, dweight + a * stride);
    }
}

SW_MULTIVERSION
void sw_kernel_unmix(const sw_real *dout, size_t width, const sw_groups *groups, const sw_real *table,
                     sw_real *dtable, const sw_real *weight, sw_real *dweight, size_t stride, size_t heads) {
    for (size_t g = 0; g < groups->count; g++) {
        const int32_t *row = groups->member + groups->begin[g];
        size_t rows = (size_t)(groups->begin[g + 1] - groups->begin[g]), at = (size_t)groups->token[g] * heads * width;
        for (size_t h = 0; h < heads; h += SHARED_HEADS) {
            const sw_real *z = table + at + h * width, *w = weight + h;
            sw_real *dz = dtable + at + h * width, *dw = dweight + h;
            switch (heads - h) {
            case 1: unmix_group(1, dout, width, row, rows, z, dz, w, dw, stride); break;
            case 2: unmix_group(2, dout, width, row, rows, z, dz, w, dw, stride); break;
            case 3: unmix_group(3, dout, width, row, rows, z, dz, w, dw, stride); break;
            default: unmix_group(4, dout, width, row, rows, z, dz, w, dw, stride); break;
            }
        }
    }
}

SW_MULTIVERSION
void sw_kernel_mask_and_sum(sw_real *x, const sw_real *h, sw_real *sum, size_t rows, size_t width, size_t relu) {
    for (size_t r = 0; r < rows; r++, x += width, h += width) {
        for (size_t c = 0; c < relu; c++) {
            sw_real kept = h[c] <= 0 ? 0 : x[c];
            x[c] = kept;
            sum[c] += kept;
        }
        for (size_t c = relu; c < width; c++)
            sum[c] += x[c];
    }
}

SW_MULTIVERSION
void sw_kernel_softmax(sw_real *p, size_t count, size_t T, size_t heads) {
    for (size_t i = 0; i < count; i++)
        for (size_t h = 0; h < heads; h++) {
            sw_real *s = p + i * T * heads + h, top = s[0];
            for (size_t t = 1; t < T; t++)
                top = s[t * heads] > top || s[t * heads] != s[t * heads] ? s[t * heads] : top;
            for (size_t t = 0; t < T; t++)
                s[t * heads] -= top;
        }
    for (size_t i = 0; i < count * T * heads; i++)
        p[i] = sw_exp(p[i]);
    for (size_t i = 0; i < count; i++)
        for (size_t h = 0; h < heads; h++) {
            sw_real *s = p + i * T * heads + h, sum = 0;
            for (size_t t = 0; t < T; t++)
                sum += s[t * heads];
            for (size_t t = 0; t < T; t++)
                s[t * heads] /= sum;
        }
}
