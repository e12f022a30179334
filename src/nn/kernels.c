/* kernels.c: picks the kernels for the CPU at hand. */
#include "nn/kernels.h"

const sw_kernel_set *sw_kernel = &sw_kernels_plain;

#if SW_X86_KERNELS
const sw_kernel_set *sw_kernels_for(sw_isa isa) {
    __builtin_cpu_init();
    bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                  __builtin_cpu_supports("avx512dq");
    switch (isa) {
    case SW_ISA_AVX512: return avx512 ? &sw_kernels_avx512 : NULL;
    case SW_ISA_AVX2: return avx2 ? &sw_kernels_avx2 : NULL;
    default: return &sw_kernels_plain;
    }
}

/* Before main, so that no caller has to ask whether a choice has been made. */
__attribute__((constructor)) static void choose(void) {
    for (int isa = SW_ISA_PLAIN; isa < SW_ISA_COUNT; isa++)
        if (sw_kernels_for((sw_isa)isa)) sw_kernel = sw_kernels_for((sw_isa)isa);
}
#else
const sw_kernel_set *sw_kernels_for(sw_isa isa) { return isa == SW_ISA_PLAIN ? &sw_kernels_plain : NULL; }
#endif
