/* bench_case.h: the configurations that are timed, and how. */
#ifndef SYMSWEEP_CLI_BENCH_CASE_H
#define SYMSWEEP_CLI_BENCH_CASE_H

#include "symsweep/run.h"
#include "symsweep/status.h"

#include <stddef.h>

typedef struct sw_bench_case {
    const char *name;
    void (*configure)(sw_run_config *config); /* on top of the canonical run */
} sw_bench_case;

typedef struct sw_bench_result {
    double step_seconds; /* median of a training step */
    double gemm_seconds; /* median of its three unavoidable products */
    double flops;        /* floating point operations of the model in a step */
    size_t rows;         /* largest number of rows of a forward pass */
} sw_bench_result;

size_t sw_bench_case_count(void);
const sw_bench_case *sw_bench_case_get(size_t i);

/* Takes about `seconds`: five rounds of steps and products in turn, after a warm-up. */
sw_status sw_bench_measure(sw_bench_result *out, const sw_bench_case *which, double seconds) SW_MUST_CHECK;

/* Best rate of C[1024, 1024] = A B, operations per second. */
sw_status sw_bench_peak(double *out) SW_MUST_CHECK;

#endif
