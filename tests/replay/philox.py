"""The documented random generator (docs/file-format.md), written from its description: Philox4x32-10 keyed by
(seed, stream), counter (step, index)."""

import math

import numpy as np

STREAM_INIT, STREAM_SPLIT, STREAM_BATCH, STREAM_LABEL_NOISE = 0, 1, 2, 7
STREAM_DROPOUT = 32
MASK = 0xFFFFFFFF


def block(seed, stream, step, index):
    """Four 32-bit words; arrays of them for an array of indices (uint64)."""
    c0, c1, c2, c3 = step & MASK, step >> 32, index & MASK, index >> 32
    k0, k1 = seed & MASK, stream & MASK
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = (p1 >> 32) ^ c1 ^ k0, p1 & MASK, (p0 >> 32) ^ c3 ^ k1, p0 & MASK
        k0, k1 = (k0 + 0x9E3779B9) & MASK, (k1 + 0xBB67AE85) & MASK
    return c0, c1, c2, c3


def indices(count):
    return np.arange(count, dtype=np.uint64)


def below(seed, stream, step, index, bound):
    """Uniform integer in [0, bound)."""
    words = block(seed, stream, step, index)
    return ((words[1] << 32 | words[0]) * bound) >> 64


def normals(seed, stream, step, count):
    """count N(0, 1) values, four a block."""
    out = np.empty(-(-count // 4) * 4)
    for i in range(0, len(out), 4):
        u = [(word + 0.5) / 2.0**32 for word in block(seed, stream, step, i // 4)]
        for pair in (0, 2):
            radius = math.sqrt(-2.0 * math.log(u[pair]))
            out[i + pair] = radius * math.cos(2.0 * math.pi * u[pair + 1])
            out[i + pair + 1] = radius * math.sin(2.0 * math.pi * u[pair + 1])
    return out[:count]


def permutation(n, seed, stream, step):
    order = list(range(n))
    words = block(seed, stream, step, indices(n))
    draws = (words[1] << 32 | words[0]).tolist()
    for i in range(n - 1, 0, -1):
        j = draws[i] * (i + 1) >> 64
        order[i], order[j] = order[j], order[i]
    return np.array(order)


def split(n, fraction, data_seed):
    """1 for train, 0 for test."""
    train = min(max(int(math.floor(fraction * n + 0.5)), 1), n)
    out = np.zeros(n, dtype=np.int8)
    out[permutation(n, data_seed, STREAM_SPLIT, 0)[:train]] = 1
    return out


def minibatch(train_indices, size, seed, t):
    """Table indices of step t (1 is the first)."""
    batches = len(train_indices) // size
    epoch, place = divmod(t - 1, batches)
    order = permutation(len(train_indices), seed, STREAM_BATCH, epoch)
    return np.asarray(train_indices)[order[place * size:(place + 1) * size]]


def dropout(shape, rate, seed, t, block_number):
    """What the output of a block is multiplied with in step t, [N, T, d], for every input of the table."""
    count, length, d = shape
    blocks = -(-d // 4)
    words = np.stack(block(seed, STREAM_DROPOUT + block_number, t, indices(count * length * blocks)), axis=1)
    kept = words.reshape(count, length, -1)[:, :, :d] >= rate * 2.0**32
    return kept / (1.0 - rate)


def noisy(label, train_indices, share, classes, data_seed):
    """Labels after label_noise."""
    out = np.array(label)
    order = permutation(len(train_indices), data_seed, STREAM_LABEL_NOISE, 0)
    for i in np.asarray(train_indices)[order[:int(math.floor(share * len(train_indices) + 0.5))]].tolist():
        drawn = below(data_seed, STREAM_LABEL_NOISE, 1, i, classes - 1)
        out[i] = drawn + (drawn >= label[i])
    return out
