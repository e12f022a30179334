/* fill.c: arrays of numbers that look random and are the same everywhere. */
#include "fill.h"

#include "symsweep/random.h"

enum { STREAM_NORMAL = 0x7001, STREAM_BELOW = 0x7002 };

static double normal(uint32_t seed, size_t i) {
    double four[4];
    sw_random_normal4(four, seed, STREAM_NORMAL, 0, i / 4);
    return four[i % 4];
}

void sw_fill_normal(double *out, size_t n, uint32_t seed, double scale) {
    for (size_t i = 0; i < n; i++) out[i] = scale * normal(seed, i);
}

void sw_fill_normal_float(float *out, size_t n, uint32_t seed, double scale) {
    for (size_t i = 0; i < n; i++) out[i] = (float)(scale * normal(seed, i));
}

void sw_fill_below(int32_t *out, size_t n, uint32_t seed, int32_t bound) {
    for (size_t i = 0; i < n; i++) out[i] = (int32_t)sw_random_below(seed, STREAM_BELOW, 0, i, (uint64_t)bound);
}
