"""The two models and the losses in float64 torch, from the results-file contract: row vectors, y = x W + b."""

import math

import torch

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)


ACTIVATIONS = {"relu": torch.relu, "gelu": torch.nn.functional.gelu, "silu": torch.nn.functional.silu,
               "tanh": torch.tanh, "square": torch.square, "identity": lambda x: x}


def affine(parameters, x, weight, bias):
    """x W + b; a model without biases has none of that name."""
    return x @ parameters[weight] + parameters.get(bias, 0)


def layer_count(parameters):
    return 1 + max((int(name.split(".")[1]) for name in parameters if name.startswith("layers.")), default=-1)


def transformer(parameters, tokens, model):
    """logits[B, C]: causal attention and MLP with residuals, no normalization, read at the last position."""
    batch, length = tokens.shape
    activation = ACTIVATIONS[model.get("activation", "relu")]
    heads = model["heads"]
    x = parameters["token_embedding"][tokens] + parameters["position_embedding"][:length]
    hidden = torch.triu(torch.ones(length, length, dtype=torch.bool), diagonal=1)
    for i in range(layer_count(parameters)):
        attention = "layers.%d.attention." % i

        def split_heads(name):
            return (x @ parameters[attention + name]).reshape(batch, length, heads, -1).transpose(1, 2)

        query, key, value = split_heads("query"), split_heads("key"), split_heads("value")
        scores = query @ key.transpose(2, 3) / math.sqrt(query.shape[-1])
        weights = torch.softmax(scores.masked_fill(hidden, -math.inf), dim=-1)
        mixed = (weights @ value).transpose(1, 2).reshape(batch, length, -1)
        x = x + mixed @ parameters[attention + "output"]
        mlp = "layers.%d.mlp." % i
        inner = activation(affine(parameters, x, mlp + "in", mlp + "in_bias"))
        x = x + affine(parameters, inner, mlp + "out", mlp + "out_bias")
    return model["output_scale"] * (x[:, -1] @ parameters["unembedding"])


def mlp(parameters, tokens, model):
    """logits[B, C]: what stands for an input's tokens side by side or summed, hidden layers, unembedding."""
    summed = model.get("combine", "concat") == "sum"
    activation = ACTIVATIONS[model.get("activation", "relu")]
    if model.get("input", "embedding") == "one_hot":
        rows = parameters["layers.0.weight"].shape[0]
        x = torch.nn.functional.one_hot(tokens, rows if summed else rows // tokens.shape[1]).to(torch.float64)
    else:
        x = parameters["token_embedding"][tokens]
    x = x.sum(1) if summed else x.flatten(1)
    for i in range(layer_count(parameters)):
        x = activation(affine(parameters, x, "layers.%d.weight" % i, "layers.%d.bias" % i))
    return model["output_scale"] * (x @ parameters["unembedding"])


def embedding(parameters):
    """The rows that stand for tokens: of the token embedding; with one-hot input of the first weight."""
    return parameters["token_embedding"] if "token_embedding" in parameters else parameters["layers.0.weight"]


MODELS = {"transformer": transformer, "mlp": mlp}


def cross_entropy(logits, label):
    """[B] nats."""
    return torch.logsumexp(logits, 1) - logits.gather(1, label[:, None])[:, 0]


def stablemax(logits, label):
    """Prieto et al. 2025: s(z) = z + 1 for z >= 0, 1 / (1 - z) below, in place of exp."""
    s = torch.where(logits >= 0, logits + 1, 1 / (1 - torch.clamp(logits, max=0)))
    return torch.log(s.sum(1)) - torch.log(s.gather(1, label[:, None])[:, 0])


def mse(logits, label):
    """As torch.nn.MSELoss against the one-hot label, before its mean over the batch."""
    return ((logits - torch.nn.functional.one_hot(label, logits.shape[1])) ** 2).mean(1)


def hinge(logits, label):
    return torch.nn.functional.multi_margin_loss(logits, label, reduction="none")


LOSSES = {"cross_entropy": cross_entropy, "stablemax": stablemax, "mse": mse, "hinge": hinge}


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
