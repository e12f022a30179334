/* kernels_tables_body.h: mix and unmix for one instruction set; kernels_tables.c includes it once for each.
 *
 * Given: BODY(name), the name's variant; TARGET, the function attribute; VECTOR_BYTES; MULTIPLY_ADD(a, b, c) = a b + c
 * of vectors; ROWS_AT_ONCE rows (1, 2 or 4) of a group and HEADS_AT_ONCE heads (2 or 4) share a pass of unmix, as
 * registers allow. A dot product is summed in DOT_LANES lanes whatever the vectors' width, so that variants with the
 * same MULTIPLY_ADD agree in every bit. */

typedef sw_real BODY(vector) __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(sw_real)), may_alias));
typedef TABLE_BITS BODY(bits) __attribute__((vector_size(VECTOR_BYTES)));
#define VECTOR BODY(vector)
#define INLINE static inline __attribute__((always_inline)) TARGET
enum {
    BODY(LANES) = VECTOR_BYTES / sizeof(sw_real),
    BODY(PARTS) = DOT_LANES / BODY(LANES), /* vectors of a dot product's lanes */
    BODY(CHUNK) = 2 * BODY(LANES)          /* columns that mix keeps in registers */
};
#define LANES BODY(LANES)
#define PARTS BODY(PARTS)
#define CHUNK BODY(CHUNK)

/* A vector of one value. */
INLINE VECTOR BODY(spread)(sw_real x) { return x - (VECTOR){0}; }

/* max(0, x); NaN stays */
INLINE VECTOR BODY(rectified)(VECTOR x) {
    BODY(bits) negative = (BODY(bits))(x < (VECTOR){0});
    return (VECTOR)(~negative & (BODY(bits))x);
}

/* CHUNK columns of all rows of a group: out += sum_{h < n} w[h] z[h], z in registers. n and relu are constant where
 * this is inlined. */
INLINE void BODY(mix_chunk)(int n, bool relu, sw_real *out, const sw_mixture *m, const int32_t *row, size_t rows,
                            const sw_real *base, const sw_real *z, const sw_real *weight) {
    VECTOR in[SHARED_HEADS][2], start[2] = {{0}, {0}};
    for (int h = 0; h < n; h++)
        for (int k = 0; k < 2; k++)
            in[h][k] = *(const VECTOR *)(z + (size_t)h * m->width + (size_t)(k * LANES));
    for (int k = 0; k < 2 && base; k++)
        start[k] = *(const VECTOR *)(base + k * LANES);
    for (size_t i = 0; i < rows; i++) {
        VECTOR *to = (VECTOR *)(out + (size_t)row[i] * m->stride);
        const sw_real *w = weight + (size_t)row[i] * m->weight_stride;
        VECTOR sum[2] = {base ? start[0] : to[0], base ? start[1] : to[1]};
        for (int h = 0; h < n; h++) {
            VECTOR factor = BODY(spread)(w[h]);
            for (int k = 0; k < 2; k++)
                sum[k] = MULTIPLY_ADD(factor, in[h][k], sum[k]);
        }
        for (int k = 0; k < 2; k++)
            to[k] = relu ? BODY(rectified)(sum[k]) : sum[k];
    }
}

/* Columns c .. c + CHUNK of the tile: all groups of all positions, so that the chunk stays in the first-level cache. */
INLINE void BODY(mix_columns)(int n, bool relu, sw_real *out, const sw_mixture *m, const sw_real *base, size_t j,
                              size_t h, size_t c) {
    const sw_groups *groups = &m->groups[j];
    const sw_real *table = m->table + j * m->table_stride + h * m->width + c;
    size_t token_stride = m->heads * m->width;
    for (size_t g = 0; g < groups->count; g++) {
        const int32_t *row = groups->member + groups->begin[g];
        size_t rows = (size_t)(groups->begin[g + 1] - groups->begin[g]);
        const sw_real *z = table + (size_t)groups->token[g] * token_stride;
        if (g + AHEAD < groups->count) {
            const sw_real *ahead = table + (size_t)groups->token[g + AHEAD] * token_stride;
            for (int k = 0; k < n; k++)
                __builtin_prefetch(ahead + (size_t)k * m->width);
        }
        BODY(mix_chunk)(n, relu, out + c, m, row, rows, base, z, m->weight + j * m->heads + h);
    }
}

TARGET static void BODY(mix)(sw_real *out, const sw_mixture *m, const sw_real *base, size_t relu) {
    for (size_t c = 0; c < m->width; c += CHUNK)
        for (size_t j = 0; j < m->positions; j++)
            for (size_t h = 0; h < m->heads; h += SHARED_HEADS) {
                bool last = j + 1 == m->positions && m->heads - h <= SHARED_HEADS;
                bool rectify = last && c + CHUNK <= relu; /* the chunk across the border: below */
                const sw_real *from = base && j == 0 && h == 0 ? base + c : NULL;
                switch (m->heads - h) {
                case 1: BODY(mix_columns)(1, rectify, out, m, from, j, h, c); break;
                case 2: BODY(mix_columns)(2, rectify, out, m, from, j, h, c); break;
                case 3: BODY(mix_columns)(3, rectify, out, m, from, j, h, c); break;
                default: BODY(mix_columns)(4, rectify, out, m, from, j, h, c); break;
                }
            }
    for (size_t g = 0; g < m->groups[0].count; g++)
        for (int32_t i = m->groups[0].begin[g]; i < m->groups[0].begin[g + 1]; i++) {
            sw_real *row = out + (size_t)m->groups[0].member[i] * m->stride;
            for (size_t c = relu / CHUNK * CHUNK; c < relu; c++)
                row[c] = row[c] < 0 ? 0 : row[c];
        }
}

INLINE sw_real BODY(sum_of)(const VECTOR parts[PARTS]) {
    sw_real x[DOT_LANES];
    memcpy(x, parts, sizeof x);
    for (size_t half = DOT_LANES / 2; half > 0; half /= 2)
        for (size_t j = 0; j < half; j++)
            x[j] += x[j + half];
    return x[0];
}

/* `rows` rows of a group in one pass: dz[h] += sum_i w_i[h] x_i and dw_i[h] = x_i . z[h]. n and rows are constant where
 * this is inlined. */
INLINE void BODY(unmix_rows)(int n, int rows, const sw_real *dout, const sw_mixture *m, const int32_t *row,
                             const sw_real *z, sw_real *dz, const sw_real *weight, sw_real *dweight) {
    size_t width = m->width; /* not through m in the loop: for all the compiler knows, a store may change it */
    VECTOR sum[ROWS_AT_ONCE][HEADS_AT_ONCE][PARTS], factor[ROWS_AT_ONCE][HEADS_AT_ONCE];
    const sw_real *x[ROWS_AT_ONCE];
    for (int i = 0; i < rows; i++) {
        x[i] = dout + (size_t)row[i] * m->stride;
        for (int h = 0; h < n; h++) {
            factor[i][h] = BODY(spread)(weight[(size_t)row[i] * m->weight_stride + (size_t)h]);
            for (int k = 0; k < PARTS; k++) /* these alone: an initializer would be a string instruction */
                sum[i][h][k] = (VECTOR){0};
        }
    }
    for (size_t c = 0; c < width; c += DOT_LANES)
        for (int k = 0; k < PARTS; k++) {
            size_t at = c + (size_t)(k * LANES);
            VECTOR d[ROWS_AT_ONCE];
            for (int i = 0; i < rows; i++)
                d[i] = *(const VECTOR *)(x[i] + at);
            for (int h = 0; h < n; h++) {
                VECTOR in = *(const VECTOR *)(z + (size_t)h * width + at);
                VECTOR *to = (VECTOR *)(dz + (size_t)h * width + at), out = *to;
                for (int i = 0; i < rows; i++) {
                    sum[i][h][k] = MULTIPLY_ADD(d[i], in, sum[i][h][k]);
                    out = MULTIPLY_ADD(factor[i][h], d[i], out);
                }
                *to = out;
            }
        }
    for (int i = 0; i < rows; i++)
        for (int h = 0; h < n; h++)
            dweight[(size_t)row[i] * m->weight_stride + (size_t)h] = BODY(sum_of)(sum[i][h]);
}

INLINE void BODY(unmix_group)(int n, const sw_real *dout, const sw_mixture *m, const int32_t *row, size_t rows,
                              const sw_real *z, sw_real *dz, const sw_real *weight, sw_real *dweight) {
    size_t i = 0;
    for (; i + ROWS_AT_ONCE <= rows; i += ROWS_AT_ONCE)
        BODY(unmix_rows)(n, ROWS_AT_ONCE, dout, m, row + i, z, dz, weight, dweight);
    for (; ROWS_AT_ONCE > 2 && i + 2 <= rows; i += 2)
        BODY(unmix_rows)(n, ROWS_AT_ONCE > 2 ? 2 : 1, dout, m, row + i, z, dz, weight, dweight);
    for (; i < rows; i++)
        BODY(unmix_rows)(n, 1, dout, m, row + i, z, dz, weight, dweight);
}

TARGET static void BODY(unmix)(const sw_real *dout, const sw_mixture *m, sw_real *dtable, sw_real *dweight) {
    for (size_t j = 0; j < m->positions; j++)
        for (size_t g = 0; g < m->groups[j].count; g++) {
            const sw_groups *groups = &m->groups[j];
            const int32_t *row = groups->member + groups->begin[g];
            size_t rows = (size_t)(groups->begin[g + 1] - groups->begin[g]);
            size_t at = j * m->table_stride + (size_t)groups->token[g] * m->heads * m->width;
            for (size_t h = 0; h < m->heads; h += HEADS_AT_ONCE) {
                const sw_real *z = m->table + at + h * m->width, *w = m->weight + j * m->heads + h;
                sw_real *dz = dtable + at + h * m->width, *dw = dweight + j * m->heads + h;
                size_t left = m->heads - h;
                if (left == 1)
                    BODY(unmix_group)(1, dout, m, row, rows, z, dz, w, dw);
                else if (HEADS_AT_ONCE == 2 || left == 2)
                    BODY(unmix_group)(2, dout, m, row, rows, z, dz, w, dw);
                else if (left == 3)
                    BODY(unmix_group)(HEADS_AT_ONCE - 1, dout, m, row, rows, z, dz, w, dw);
                else
                    BODY(unmix_group)(HEADS_AT_ONCE, dout, m, row, rows, z, dz, w, dw);
            }
        }
}

#undef VECTOR
#undef INLINE
#undef LANES
#undef PARTS
#undef CHUNK
#undef BODY
#undef TARGET
#undef VECTOR_BYTES
#undef MULTIPLY_ADD
#undef ROWS_AT_ONCE
#undef HEADS_AT_ONCE
