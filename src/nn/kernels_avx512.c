/* kernels_avx512.c: the kernels for AVX-512. */
#include "nn/kernels.h"

#if SW_X86_KERNELS
#include <immintrin.h>

#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx512f,avx512vl,avx512dq,avx2,fma"))), apply_to = function)
#else
#pragma GCC target("avx512f,avx512vl,avx512dq,avx2,fma")
#endif

#define KERNELS sw_kernels_avx512
#define KERNELS_NAME "AVX-512"
#define VECTOR_BYTES 64
#include "nn/kernels/all.h"

#ifdef __clang__
#pragma clang attribute pop
#endif
#endif
