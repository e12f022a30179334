/* random.h: counter-based random numbers, Philox4x32-10 (Salmon et al., SC'11).
 *
 * Every draw of the program is a pure function of (seed, stream, step, index): key = {seed, stream},
 * counter = {step low, step high, index low, index high}. Nothing depends on rank, time, or what was
 * drawn before, so baseline and intervention of one seed share initialization, split and batches, and
 * a resumed run draws what it would have drawn. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Streams are part of the file format (docs/file-format.md): never renumber. */
enum {
    SW_STREAM_INIT = 0,          /* step = tensor index in the parameter layout, index = element / 4 */
    SW_STREAM_SPLIT = 1,         /* keyed by data_seed */
    SW_STREAM_BATCH = 2,         /* step = epoch */
    SW_STREAM_LABEL_SHUFFLE = 3, /* keyed by data_seed */
    SW_STREAM_LIPSCHITZ = 4,     /* step = optimizer step */
    SW_STREAM_RANDOM_AXIS = 5,   /* keyed by sampler_seed; step = sample, index = axis */
    SW_STREAM_MEASURE = 6,       /* keyed by 0: sampled statistics of the measures */
    SW_STREAM_LABEL_NOISE = 7,   /* keyed by data_seed */
    SW_STREAM_TABLE = 8,         /* keyed by task.table_seed: tables that are drawn */
    SW_STREAM_LANDSCAPE = 9,     /* draws of the measures of the loss landscape */
    SW_STREAM_SYMMETRY = 16,     /* random elements of a task's symmetry group; step = element */
    SW_STREAM_DROPOUT = 32,      /* + block of the model (2 layer + 0 attention, 1 mlp); step = optimizer step */
    SW_STREAM_NULL = 0x100,      /* + family id; keyed by 0: random pairs for the null statistic */
    SW_STREAM_EVALUATE = 0x200,  /* + family id; keyed by 0: fixed tuples for evaluation */
    SW_STREAM_TUPLES = 0x300     /* + family id; step = optimizer step: tuples of the training loss */
};

/* The block cipher itself: out[4] from counter[4] and key[2]. */
void sw_random_philox4x32(uint32_t out[4], const uint32_t counter[4], const uint32_t key[2]);

/* The four 32-bit words of (seed, stream, step, index). */
void sw_random_block(uint32_t out[4], uint32_t seed, uint32_t stream, uint64_t step, uint64_t index);

/* Uniform integer in [0, bound), bound >= 1: floor(w * bound / 2^64) with w = word1 << 32 | word0. */
uint64_t sw_random_below(uint32_t seed, uint32_t stream, uint64_t step, uint64_t index, uint64_t bound);

/* Uniform double in (0, 1): ((w >> 11) + 0.5) / 2^53 with w as above. */
double sw_random_uniform(uint32_t seed, uint32_t stream, uint64_t step, uint64_t index);

/* Four independent N(0, 1) values of one block by Box-Muller in double:
 * u_k = (word_k + 0.5) / 2^32; (n0, n1) = sqrt(-2 ln u0) (cos, sin)(2 pi u1); (n2, n3) likewise from u2, u3. */
void sw_random_normal4(double out[4], uint32_t seed, uint32_t stream, uint64_t step, uint64_t index);

/* out[0..n) = a uniform permutation of 0..n-1: identity, then for i = n-1 down to 1 swap i with
 * sw_random_below(seed, stream, step, i, i + 1) (Fisher-Yates). */
void sw_random_permutation(int32_t *out, size_t n, uint32_t seed, uint32_t stream, uint64_t step);
