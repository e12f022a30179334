"""The two models and the losses in float64 torch, from the results-file contract: row vectors, y = x W + b."""

import math

import torch

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)


def layer_count(parameters):
    return 1 + max((int(name.split(".")[1]) for name in parameters if name.startswith("layers.")), default=-1)


def normalization(parameters, model, placement, name, x):
    """x where there is no such norm at this place."""
    kind = model.get("normalization", "none")
    if kind == "none" or model["normalization_placement"] != placement:
        return x
    gain = parameters[name + ".gain"]
    if kind == "layernorm":
        return torch.nn.functional.layer_norm(x, x.shape[-1:], gain, parameters[name + ".bias"], 1e-5)
    return x / torch.sqrt((x * x).mean(-1, keepdim=True) + 1e-5) * gain


def transformer(parameters, tokens, model, masks=None):
    """logits[B, C]: attention and ReLU MLP with residuals, read at the last position. masks(block) is what the output of
    a block is multiplied with, [B, T, d] (dropout); None = nothing is dropped."""
    batch, length = tokens.shape
    heads = model["heads"]
    x = parameters["token_embedding"][tokens] + parameters["position_embedding"][:length]
    hidden = torch.triu(torch.ones(length, length, dtype=torch.bool), diagonal=1)
    if not model.get("causal", True):
        hidden = torch.zeros_like(hidden)
    visible = (~hidden).to(x.dtype)
    rate = model.get("attention_rate", 1)

    def add(block, x, output, name):
        output = output if masks is None else output * masks(block)
        return normalization(parameters, model, "post", name, x + output)

    for i in range(layer_count(parameters)):
        attention, norm = "layers.%d.attention." % i, "layers.%d.attention_norm" % i
        read = normalization(parameters, model, "pre", norm, x)

        def split_heads(name):
            return (read @ parameters[attention + name]).reshape(batch, length, heads, -1).transpose(1, 2)

        query, key, value = split_heads("query"), split_heads("key"), split_heads("value")
        scores = query @ key.transpose(2, 3) / math.sqrt(query.shape[-1])
        weights = torch.softmax(scores.masked_fill(hidden, -math.inf), dim=-1)
        weights = rate * weights + (1 - rate) * visible / visible.sum(1, keepdim=True)
        mixed = (weights @ value).transpose(1, 2).reshape(batch, length, -1)
        x = add(2 * i, x, mixed @ parameters[attention + "output"], norm)
        mlp, norm = "layers.%d.mlp." % i, "layers.%d.mlp_norm" % i
        read = normalization(parameters, model, "pre", norm, x)
        inner = torch.relu(read @ parameters[mlp + "in"] + parameters[mlp + "in_bias"])
        x = add(2 * i + 1, x, inner @ parameters[mlp + "out"] + parameters[mlp + "out_bias"], norm)
    x = normalization(parameters, model, "pre", "final_norm", x)
    tied = model.get("unembedding", "untied") == "tied"
    return model["output_scale"] * (x[:, -1] @ (tied_unembedding(parameters, model) if tied else parameters["unembedding"]))


def tied_unembedding(parameters, model):
    """[d, C]: the entities are the first tokens, and the classes."""
    return parameters["token_embedding"][:model["classes"]].T


def mlp(parameters, tokens, model, masks=None):
    """logits[B, C]: the embeddings of an input's tokens side by side, hidden layers, unembedding."""
    x = parameters["token_embedding"][tokens].reshape(tokens.shape[0], -1)
    for i in range(layer_count(parameters)):
        x = torch.relu(x @ parameters["layers.%d.weight" % i] + parameters["layers.%d.bias" % i])
    return model["output_scale"] * (x @ parameters["unembedding"])


MODELS = {"transformer": transformer, "mlp": mlp}


def cross_entropy(logits, label):
    """[B] nats."""
    return torch.logsumexp(logits, 1) - logits.gather(1, label[:, None])[:, 0]


def stablemax(logits, label):
    """Prieto et al. 2025: s(z) = z + 1 for z >= 0, 1 / (1 - z) below, in place of exp."""
    s = torch.where(logits >= 0, logits + 1, 1 / (1 - torch.clamp(logits, max=0)))
    return torch.log(s.sum(1)) - torch.log(s.gather(1, label[:, None])[:, 0])


LOSSES = {"cross_entropy": cross_entropy, "stablemax": stablemax}


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
