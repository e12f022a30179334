/* tables.h: rows of a tile that mix table rows, and the gradient of that: what a step does beside its GEMMs.
 *
 * ROWS_AT_ONCE rows (1, 2 or 4) of a group and HEADS_AT_ONCE heads (1 to 4) share a pass of unmix, as registers allow.
 * A dot product is summed in DOT_LANES lanes whatever the vectors' width, so that instruction sets with the same
 * MULTIPLY_ADD agree in every bit. */
#pragma once

#include "nn/kernels/vector.h"

enum {
    ROWS_AT_ONCE = VECTOR_BYTES == 16 ? 1 : 4,
    HEADS_AT_ONCE = VECTOR_BYTES == 64 ? 4 : 32 / VECTOR_BYTES, /* of 16 bytes 2, of 32 bytes 1 */
    TERMS = 8, /* table rows that mix in one pass over a row, as many as have their weights in registers */
    DOT_LANES = 64 / sizeof(sw_real),
    PARTS = DOT_LANES / LANES /* vectors of a dot product's lanes */
};

typedef sw_real sixteen_bytes __attribute__((vector_size(16)));

/* A vector of one value. */
SW_INLINE vector spread(sw_real x) { return x - (vector){0}; }

/* max(0, x); NaN stays */
SW_INLINE vector rectified(vector x) {
    vector_bits negative = (vector_bits)(x < (vector){0});
    return (vector)(~negative & (vector_bits)x);
}

/* Columns begin .. end of one row: to <- from + sum_{t < n} w[t] z[t], then max(0, .) if `relu`. n and relu are
 * constant where this is inlined. */
SW_INLINE void mix_columns(int n, bool relu, sw_real *to, const sw_real *from, const sw_real *const *z,
                           const sw_real *w, size_t begin, size_t end) {
    vector factor[TERMS];
    const sw_real *in[TERMS];
    for (int t = 0; t < n; t++) {
        factor[t] = spread(w[t]);
        in[t] = z[t];
    }
    for (size_t c = begin; c < end; c += LANES) {
        vector sum = *(const vector *)(from + c);
        for (int t = 0; t < n; t++) sum = MULTIPLY_ADD(factor[t], *(const vector *)(in[t] + c), sum);
        *(vector *)(to + c) = relu ? rectified(sum) : sum;
    }
}

/* All columns of one row and up to TERMS table rows: max(0, .) on the first `relu`. */
#define CASE(n)                                                                                                        \
    case n:                                                                                                            \
        mix_columns(n, true, to, from, z, w, 0, whole);                                                                \
        mix_columns(n, false, to, from, z, w, whole, width);                                                           \
        break;
static void mix_row(int n, size_t width, size_t relu, sw_real *to, const sw_real *from, const sw_real *const *z,
                    const sw_real *w) {
    size_t whole = relu / LANES * LANES;
    switch (n) { CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) CASE(7) CASE(8) }
    for (size_t c = whole; c < relu; c++) to[c] = to[c] < 0 ? 0 : to[c];
}
#undef CASE

static void mix(sw_real *out, size_t rows, const sw_mixture *m, const sw_real *base, size_t relu) {
    const int32_t *token = m->token;
    const sw_real *weight = m->weight;
    size_t terms = m->positions * m->heads;
    for (size_t r = 0; r < rows; r++, out += m->stride, token += m->token_stride, weight += m->weight_stride) {
        const sw_real *from = base ? base : out, *z[TERMS];
        size_t done = 0, n = 0;
        for (size_t j = 0; j < m->positions; j++) {
            const sw_real *table = m->table + j * m->table_stride + (size_t)token[j] * m->row_stride;
            for (size_t h = 0; h < m->heads; h++, table += m->width) {
                z[n++] = table;
                if (n < TERMS && done + n < terms) continue;
                mix_row((int)n, m->width, done + n == terms ? relu : 0, out, from, z, weight + done);
                from = out;
                done += n;
                n = 0;
            }
        }
    }
}

/* The sum of a dot product's lanes, lane j and the one half of them further on until one is left; without a loop over
 * memory, which would wait for every store. */
SW_INLINE sw_real sum_of(const vector parts[PARTS]) {
    sixteen_bytes piece[4];
    memcpy(piece, parts, sizeof piece);
    sixteen_bytes sum = (piece[0] + piece[2]) + (piece[1] + piece[3]);
#ifdef SW_REAL_DOUBLE
    return sum[0] + sum[1];
#else
    return (sum[0] + sum[2]) + (sum[1] + sum[3]);
#endif
}

/* `rows` rows of a group in one pass: dz[h] += sum_i w_i[h] x_i, from 0 when nothing has been seen, and dw_i[h] =
 * x_i . z[h]. n, rows and seen are constant where this is inlined. */
SW_INLINE void unmix_rows(int n, int rows, bool seen, const sw_real *dout, const sw_mixture *m, const int32_t *row,
                          const sw_real *z, sw_real *dz, const sw_real *weight, sw_real *dweight) {
    size_t width = m->width; /* not through m in the loop: for all the compiler knows, a store may change it */
    vector sum[ROWS_AT_ONCE][HEADS_AT_ONCE][PARTS], factor[ROWS_AT_ONCE][HEADS_AT_ONCE];
    const sw_real *x[ROWS_AT_ONCE];
    for (int i = 0; i < rows; i++) {
        x[i] = dout + (size_t)row[i] * m->stride;
        for (int h = 0; h < n; h++) {
            factor[i][h] = spread(weight[(size_t)row[i] * m->weight_stride + (size_t)h]);
            for (int k = 0; k < PARTS; k++) /* these alone: an initializer would be a string instruction */
                sum[i][h][k] = (vector){0};
        }
    }
    for (size_t c = 0; c < width; c += DOT_LANES)
        for (int k = 0; k < PARTS; k++) {
            size_t at = c + (size_t)(k * LANES);
            vector d[ROWS_AT_ONCE];
            for (int i = 0; i < rows; i++) d[i] = *(const vector *)(x[i] + at);
            for (int h = 0; h < n; h++) {
                vector in = *(const vector *)(z + (size_t)h * width + at);
                vector *to = (vector *)(dz + (size_t)h * width + at), out = {0};
                if (seen) out = *to;
                for (int i = 0; i < rows; i++) {
                    sum[i][h][k] = MULTIPLY_ADD(d[i], in, sum[i][h][k]);
                    out = MULTIPLY_ADD(factor[i][h], d[i], out);
                }
                *to = out;
            }
        }
    for (int i = 0; i < rows; i++)
        for (int h = 0; h < n; h++) dweight[(size_t)row[i] * m->weight_stride + (size_t)h] = sum_of(sum[i][h]);
}

SW_INLINE void unmix_group(int n, bool seen, const sw_real *dout, const sw_mixture *m, const int32_t *row, size_t rows,
                           const sw_real *z, sw_real *dz, const sw_real *weight, sw_real *dweight) {
    size_t i = 0;
    if (!seen) {
        i = rows < ROWS_AT_ONCE ? 1 : ROWS_AT_ONCE;
        if (i == 1)
            unmix_rows(n, 1, false, dout, m, row, z, dz, weight, dweight);
        else
            unmix_rows(n, ROWS_AT_ONCE, false, dout, m, row, z, dz, weight, dweight);
    }
    for (; i + ROWS_AT_ONCE <= rows; i += ROWS_AT_ONCE)
        unmix_rows(n, ROWS_AT_ONCE, true, dout, m, row + i, z, dz, weight, dweight);
    for (; ROWS_AT_ONCE > 2 && i + 2 <= rows; i += 2)
        unmix_rows(n, ROWS_AT_ONCE > 2 ? 2 : 1, true, dout, m, row + i, z, dz, weight, dweight);
    for (; i < rows; i++) unmix_rows(n, 1, true, dout, m, row + i, z, dz, weight, dweight);
}

#define AT_ONCE(heads) (HEADS_AT_ONCE < (heads) ? HEADS_AT_ONCE : (heads))
static void unmix(const sw_real *dout, const sw_mixture *m, bool *seen, size_t tokens, sw_real *dtable,
                  sw_real *dweight) {
    for (size_t j = 0; j < m->positions; j++)
        for (size_t g = 0; g < m->groups[j].count; g++) {
            const sw_groups *groups = &m->groups[j];
            const int32_t *row = groups->member + groups->begin[g];
            size_t rows = (size_t)(groups->begin[g + 1] - groups->begin[g]);
            size_t at = j * m->table_stride + (size_t)groups->token[g] * m->row_stride;
            bool before = seen[j * tokens + (size_t)groups->token[g]];
            seen[j * tokens + (size_t)groups->token[g]] = true;
            for (size_t h = 0; h < m->heads; h += HEADS_AT_ONCE) {
                const sw_real *z = m->table + at + h * m->width, *w = m->weight + j * m->heads + h;
                sw_real *dz = dtable + at + h * m->width, *dw = dweight + j * m->heads + h;
                switch (m->heads - h) {
                case 1: unmix_group(1, before, dout, m, row, rows, z, dz, w, dw); break;
                case 2: unmix_group(AT_ONCE(2), before, dout, m, row, rows, z, dz, w, dw); break;
                case 3: unmix_group(AT_ONCE(3), before, dout, m, row, rows, z, dz, w, dw); break;
                default: unmix_group(HEADS_AT_ONCE, before, dout, m, row, rows, z, dz, w, dw); break;
                }
            }
        }
}
#undef AT_ONCE
