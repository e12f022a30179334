/* kernels_avx2.c: the kernels for AVX2 with fused multiply-add. */
#include "nn/kernels.h"

#if SW_X86_KERNELS
#include <immintrin.h>

#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC target("avx2,fma")
#endif

#define KERNELS sw_kernels_avx2
#define KERNELS_NAME "AVX2"
#define VECTOR_BYTES 32
#include "nn/kernels/all.h"

#ifdef __clang__
#pragma clang attribute pop
#endif
#endif
