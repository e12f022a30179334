"""The geometry priors in float64, from docs/science.md."""

import math

import torch


def nuclear(embedding, normalized):
    """Sum of the singular values; normalized, its share of the largest at this Frobenius norm."""
    value = torch.linalg.svdvals(embedding).sum()
    return value / (min(embedding.shape) ** 0.5 * torch.linalg.matrix_norm(embedding)) if normalized else value


def entropy(embedding, normalized):
    """-sum q ln q of the squared singular values of the column-centred embedding; normalized, over ln r."""
    squares = torch.linalg.svdvals(embedding - embedding.mean(0)) ** 2
    q = squares / squares.sum()
    value = -torch.xlogy(q, q).sum()
    return value / math.log(min(embedding.shape)) if normalized else value


def lipschitz(logits, embedding, pairs, bound):
    """pairs: (two table indices, the two tokens that differ), [n, 2] each."""
    inputs, tokens = pairs
    outputs = ((logits[inputs[:, 0]] - logits[inputs[:, 1]]) ** 2).sum(1)
    distances = ((embedding[tokens[:, 0]] - embedding[tokens[:, 1]]) ** 2).sum(1)
    return torch.relu(outputs / (distances + 1e-6) - bound**2).mean()
