/* fill.h: numbers for tests, the same on every machine. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* out[n] of N(0, scale^2). */
void sw_fill_normal(double *out, size_t n, uint32_t seed, double scale);
void sw_fill_normal_float(float *out, size_t n, uint32_t seed, double scale);
/* out[n] uniform in 0..bound-1. */
void sw_fill_below(int32_t *out, size_t n, uint32_t seed, int32_t bound);
