/* bench_case.h: the configurations that are timed, and how. */
#pragma once

#include "symsweep/fail.h"
#include "symsweep/run.h"

#include <stddef.h>

/* What differs from the canonical run; 0 = as there. */
typedef struct sw_bench_case {
    const char *name;
    bool against_canonical; /* its price is that over the canonical run */
    bool mlp, no_readout;
    bool layernorm;           /* before attention, MLP and unembedding */
    bool quadratic;           /* an MLP with x^2 on one-hot vectors, without biases, trained by the squared error */
    int32_t layers, p, width; /* width: d_model, and all else in proportion */
    int32_t side;             /* a cube's, as a graph */
    double train_fraction, nuclear;
    int64_t batch_size, commutativity, associativity; /* the last two: tuples a step */
} sw_bench_case;

extern const sw_bench_case sw_bench_cases[]; /* up to one without a name */

/* The three products are logits = H W, dW = H^T dlogits, dH = dlogits W^T of the whole batch: H [batch, width] is the
 * last hidden layer, W [width, classes]. No algebra spares them. */
typedef struct sw_bench_result {
    size_t batch, width, classes;
    double step_seconds;    /* a training step */
    double library_seconds; /* the three products by OpenBLAS, whole matrices */
    double kernel_seconds;  /* the same by our kernels */
    double ratio;           /* step / library, median of the rounds' ratios */
    double price;           /* step / canonical step in alternation, median of the rounds' ratios; NaN without */
} sw_bench_result;

/* Takes about `seconds`: five rounds of steps and products in turn, after a warm-up; medians. */
sw_status sw_bench_measure(sw_bench_result *out, const sw_bench_case *which, double seconds) SW_MUST_CHECK;

/* Best rates of C[1024, 1024] = A B, operations per second: OpenBLAS and our kernels. */
sw_status sw_bench_peak(double *library, double *kernels) SW_MUST_CHECK;

/* "AVX-512": the instruction set of our kernels here. */
const char *sw_bench_isa(void);
