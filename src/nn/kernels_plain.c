/* kernels_plain.c: the kernels for any CPU. */
#define KERNELS sw_kernels_plain
#define KERNELS_NAME "plain"
#define VECTOR_BYTES 16
#include "nn/kernels/all.h"
