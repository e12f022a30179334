/* kernels_tables.c: rows of a tile that mix table rows, and the gradient of that.
 *
 * Mix and unmix are what a step does beside its GEMMs. They are written once, in kernels_tables_body.h, and compiled
 * for three instruction sets with vectors of the width that each has. */
#include "nn/kernels.h"
#include "nn/lanes.h"

#include <string.h>

#if SW_X86_KERNELS
#include <immintrin.h>
#endif

/* Table rows that mix in one pass over a row, as many as have their weights in registers; lanes that a dot product is
 * summed in. */
enum { TERMS = 8, DOT_LANES = 64 / sizeof(sw_real) };

typedef sw_real sixteen_bytes __attribute__((vector_size(16)));

#define BODY(name) plain_##name
#define TARGET
#define VECTOR_BYTES 16
#define MULTIPLY_ADD(a, b, c) ((a) * (b) + (c))
#define ROWS_AT_ONCE 1
#define HEADS_AT_ONCE 2
#include "nn/kernels_tables_body.h"

#if SW_X86_KERNELS
#ifdef SW_REAL_DOUBLE
#define FUSED_256 _mm256_fmadd_pd
#define FUSED_512 _mm512_fmadd_pd
#else
#define FUSED_256 _mm256_fmadd_ps
#define FUSED_512 _mm512_fmadd_ps
#endif

#define BODY(name) avx2_##name
#define TARGET SW_TARGET_AVX2
#define VECTOR_BYTES 32
#define MULTIPLY_ADD(a, b, c) FUSED_256(a, b, c)
#define ROWS_AT_ONCE 4
#define HEADS_AT_ONCE 1
#include "nn/kernels_tables_body.h"

#define BODY(name) avx512_##name
#define TARGET SW_TARGET_AVX512
#define VECTOR_BYTES 64
#define MULTIPLY_ADD(a, b, c) FUSED_512(a, b, c)
#define ROWS_AT_ONCE 4
#define HEADS_AT_ONCE 4
#include "nn/kernels_tables_body.h"
#endif

const sw_table_kernels *sw_table_kernels_for(sw_isa isa)
{
    static const sw_table_kernels kernels[SW_ISA_COUNT] = {
        [SW_ISA_PLAIN] = {plain_mix, plain_unmix},
#if SW_X86_KERNELS
        [SW_ISA_AVX2] = {avx2_mix, avx2_unmix},
        [SW_ISA_AVX512] = {avx512_mix, avx512_unmix},
#endif
    };
    return &kernels[isa];
}

SW_MULTIVERSION
void sw_kernel_softmax(sw_real *p, size_t count, size_t T, size_t heads)
{
    for (size_t i = 0; i < count; i++)
        for (size_t h = 0; h < heads; h++) {
            sw_real *s = p + i * T * heads + h, top = s[0];
            for (size_t t = 1; t < T; t++) top = sw_larger(s[t * heads], top);
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
