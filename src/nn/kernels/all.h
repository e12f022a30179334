/* all.h: every kernel, and the table of them, for the instruction set of the file that includes this once.
 *
 * Given: KERNELS, the name of the table, and KERNELS_NAME, of the instruction set; VECTOR_BYTES, as wide as its
 * registers. */
#include "nn/kernels/activations.h"
#include "nn/kernels/divergences.h"
#include "nn/kernels/elements.h"
#include "nn/kernels/losses.h"
#include "nn/kernels/norms.h"
#include "nn/kernels/pairs.h"
#include "nn/kernels/tables.h"
#include "nn/kernels/updates.h"
#if VECTOR_BYTES > 16
#include "nn/kernels/gemm.h"
#endif

#define KERNEL(result, name, parameters) .name = name,
#if VECTOR_BYTES > 16
#define FUSED_KERNEL KERNEL
#else
#define FUSED_KERNEL(result, name, parameters)
#endif

const sw_kernel_set KERNELS = {
    .name = KERNELS_NAME,
#include "nn/kernels.def"
};
