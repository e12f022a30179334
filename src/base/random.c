/* random.c: Philox4x32-10. J. Salmon, M. Moraes, R. Dror, D. Shaw, "Parallel random numbers: as easy as 1, 2, 3",
 * SC'11. */
#include "symsweep/random.h"

#include <math.h>

static const double two_pi = 6.283185307179586476925;

void sw_random_philox4x32(uint32_t out[4], const uint32_t counter[4], const uint32_t key[2]) {
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)0xD2511F53u * c0, p1 = (uint64_t)0xCD9E8D57u * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)p1;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)p0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

void sw_random_block(uint32_t out[4], uint32_t seed, uint32_t stream, uint64_t step, uint64_t index) {
    const uint32_t key[2] = {seed, stream};
    const uint32_t counter[4] = {(uint32_t)step, (uint32_t)(step >> 32), (uint32_t)index, (uint32_t)(index >> 32)};
    sw_random_philox4x32(out, counter, key);
}

static uint64_t random_word(uint32_t seed, uint32_t stream, uint64_t step, uint64_t index) {
    uint32_t block[4];
    sw_random_block(block, seed, stream, step, index);
    return (uint64_t)block[1] << 32 | block[0];
}

/* High 64 bits of a * b, by 32-bit halves (ISO C has no 128-bit type). */
static uint64_t multiply_high(uint64_t a, uint64_t b) {
    uint64_t a0 = (uint32_t)a, a1 = a >> 32, b0 = (uint32_t)b, b1 = b >> 32;
    uint64_t middle = a1 * b0 + (a0 * b0 >> 32);
    uint64_t low_middle = a0 * b1 + (uint32_t)middle;
    return a1 * b1 + (middle >> 32) + (low_middle >> 32);
}

uint64_t sw_random_below(uint32_t seed, uint32_t stream, uint64_t step, uint64_t index, uint64_t bound) {
    return multiply_high(random_word(seed, stream, step, index), bound);
}

double sw_random_uniform(uint32_t seed, uint32_t stream, uint64_t step, uint64_t index) {
    return ((double)(random_word(seed, stream, step, index) >> 11) + 0.5) * 0x1p-53;
}

void sw_random_normal4(double out[4], uint32_t seed, uint32_t stream, uint64_t step, uint64_t index) {
    uint32_t block[4];
    sw_random_block(block, seed, stream, step, index);
    for (int pair = 0; pair < 2; pair++) {
        double u0 = ((double)block[2 * pair] + 0.5) * 0x1p-32;
        double u1 = ((double)block[2 * pair + 1] + 0.5) * 0x1p-32;
        double radius = sqrt(-2.0 * log(u0));
        out[2 * pair] = radius * cos(two_pi * u1);
        out[2 * pair + 1] = radius * sin(two_pi * u1);
    }
}

void sw_random_permutation(int32_t *out, size_t n, uint32_t seed, uint32_t stream, uint64_t step) {
    for (size_t i = 0; i < n; i++) out[i] = (int32_t)i;
    for (size_t i = n; i-- > 1;) {
        size_t j = (size_t)sw_random_below(seed, stream, step, i, i + 1);
        int32_t kept = out[i];
        out[i] = out[j];
        out[j] = kept;
    }
}
