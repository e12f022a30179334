/* vector.h: vectors as wide as the registers of the instruction set that a file of kernels is compiled for. */
#pragma once

#include "nn/kernels.h"
#include "nn/kernels/lanes.h"

/* An integer as wide as sw_real. */
#ifdef SW_REAL_DOUBLE
typedef int64_t integer;
#else
typedef int32_t integer;
#endif

typedef sw_real vector __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(sw_real)), may_alias));
typedef integer vector_bits __attribute__((vector_size(VECTOR_BYTES)));

enum { LANES = VECTOR_BYTES / sizeof(sw_real) };

/* a b + c, rounded once where the instruction set can. */
#if VECTOR_BYTES == 16
#define MULTIPLY_ADD(a, b, c) ((a) * (b) + (c))
#elif VECTOR_BYTES == 32 && defined(SW_REAL_DOUBLE)
#define MULTIPLY_ADD(a, b, c) _mm256_fmadd_pd(a, b, c)
#elif VECTOR_BYTES == 32
#define MULTIPLY_ADD(a, b, c) _mm256_fmadd_ps(a, b, c)
#elif defined(SW_REAL_DOUBLE)
#define MULTIPLY_ADD(a, b, c) _mm512_fmadd_pd(a, b, c)
#else
#define MULTIPLY_ADD(a, b, c) _mm512_fmadd_ps(a, b, c)
#endif
