/* all.h: every kernel, and the table of them, for the instruction set of the file that includes this once.
 *
 * Given: KERNELS, the name of the table, and KERNELS_NAME, of the instruction set; VECTOR_BYTES, as wide as its
 * registers. */
#include "nn/kernels/divergences.h"
#include "nn/kernels/elements.h"
#include "nn/kernels/losses.h"
#include "nn/kernels/tables.h"
#include "nn/kernels/updates.h"
#if VECTOR_BYTES > 16
#include "nn/kernels/gemm.h"
#endif

const sw_kernel_set KERNELS = {
    .name = KERNELS_NAME,
    .add_bias = add_bias,
    .bias_relu = bias_relu,
    .sum_bias_relu = sum_bias_relu,
    .relu_backward = relu_backward,
    .column_sums = column_sums,
    .add = add,
    .add_to_both = add_to_both,
    .plus = plus,
    .axpy = axpy,
    .dot = dot,
    .softmax = softmax,
#if VECTOR_BYTES > 16
    .gemm = gemm,
    .pack_size = pack_size,
    .pack = pack,
#endif
    .mix = mix,
    .unmix = unmix,
    .loss = loss,
    .loss_rows = loss_rows,
    .symmetric_kl = symmetric_kl,
    .convolution = convolution,
    .class_zero = class_zero,
    .softmax_table = softmax_table,
    .softmax_divergence = softmax_divergence,
    .scale = scale,
    .dot_double = dot_double,
    .squared_distance = squared_distance,
    .subtract = subtract,
    .push_apart = push_apart,
    .average = average,
    .adamw = adamw,
    .sgd = sgd,
    .nesterov = nesterov,
    .descend = descend,
};
