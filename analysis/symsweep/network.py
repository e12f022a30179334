"""The networks of symsweep in PyTorch, and their losses: docs/science.md, Models and Loss.

Parameters have the names, shapes and orientation of /snapshots/parameter_layout (row vectors, y = x W + b), so that
`state_dict()` and a results file agree name by name. Letters of shapes: B inputs, T tokens of an input, V vocabulary, d width,
C classes. This is the one network that the tests hold the program against: every key of `model` that decides a logit is
here, with its default where a file of an earlier version does not name it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": torch.relu, "gelu": functional.gelu, "silu": functional.silu, "tanh": torch.tanh, "square": torch.square,
    "identity": lambda x: x,
}
EPSILON = 1e-5  # of both norms

# masks(block, shape): what multiplies a block's output [B, T, d] at training; block 2 i is attention of layer i, 2 i + 1 its mlp.
Masks = Callable[[int, torch.Size], Tensor]


def _zeros(*shape: int) -> nn.Parameter:
    return nn.Parameter(torch.zeros(*shape))


class Norm(nn.Module):
    """layernorm: (x - mean) / sqrt(variance + epsilon) * gain + bias; rmsnorm: x / sqrt(mean of x^2 + epsilon) * gain."""

    def __init__(self, kind: str, width: int) -> None:
        super().__init__()
        self.kind = kind
        self.gain = nn.Parameter(torch.ones(width))
        self.bias = _zeros(width) if kind == "layernorm" else None

    def forward(self, x: Tensor) -> Tensor:
        if self.kind == "layernorm":
            return functional.layer_norm(x, x.shape[-1:], self.gain, self.bias, EPSILON)
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + EPSILON) * self.gain


class Attention(nn.Module):
    """Softmax of q k / sqrt(d_head) over the visible positions, mixed with the uniform weights by `attention_rate`."""

    def __init__(self, model: Mapping[str, Any]) -> None:
        super().__init__()
        d, width = model["d_model"], model["heads"] * model["d_head"]
        self.heads, self.causal, self.rate = model["heads"], model.get("causal", True), model.get("attention_rate", 1)
        self.query, self.key, self.value = _zeros(d, width), _zeros(d, width), _zeros(d, width)
        self.output = _zeros(width, d)

    def pattern(self, x: Tensor) -> Tensor:
        """Attention weights [B, heads, T, T]: row i says what position i reads."""
        query, key = self._split(x @ self.query), self._split(x @ self.key)
        scores = query @ key.transpose(2, 3) / math.sqrt(query.shape[-1])
        visible = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool, device=x.device)
        visible = visible.tril() if self.causal else visible
        weights = scores.masked_fill(~visible, -math.inf).softmax(-1)
        return weights if self.rate == 1 else self.rate * weights + (1 - self.rate) * visible / visible.sum(-1, keepdim=True)

    def forward(self, x: Tensor) -> Tensor:
        return (self.pattern(x) @ self._split(x @ self.value)).transpose(1, 2).flatten(2) @ self.output

    def _split(self, y: Tensor) -> Tensor:
        """[B, T, heads d_head] -> [B, heads, T, d_head]."""
        return y.unflatten(2, (self.heads, -1)).transpose(1, 2)


class Mlp(nn.Module):
    """f(x W_in + b_in) W_out + b_out of a transformer's block."""

    def __init__(self, model: Mapping[str, Any]) -> None:
        super().__init__()
        d, width = model["d_model"], model["d_mlp"]
        self.activation, self.biased = ACTIVATIONS[model.get("activation", "relu")], model.get("bias", True)
        self.register_parameter("in", _zeros(d, width))
        self.in_bias = _zeros(width) if self.biased else None
        self.out = _zeros(width, d)
        self.out_bias = _zeros(d) if self.biased else None

    def forward(self, x: Tensor) -> Tensor:
        inner = x @ getattr(self, "in")
        inner = self.activation(inner if self.in_bias is None else inner + self.in_bias) @ self.out
        return inner if self.out_bias is None else inner + self.out_bias


class Block(nn.Module):
    """x + attention, then x + mlp; the norms before each of them (`pre`) or after each sum (`post`)."""

    def __init__(self, model: Mapping[str, Any], number: int) -> None:
        super().__init__()
        norm = model.get("normalization", "none")
        self.number, self.post = number, model.get("normalization_placement", "pre") == "post"
        self.dropout, self.masks = model.get("dropout", 0), None
        self.attention_norm = Norm(norm, model["d_model"]) if norm != "none" else None
        self.attention = Attention(model)
        self.mlp_norm = Norm(norm, model["d_model"]) if norm != "none" else None
        self.mlp = Mlp(model)

    masks: Masks | None

    def forward(self, x: Tensor) -> Tensor:
        x = self._add(x, self.attention, self.attention_norm, 2 * self.number)
        return self._add(x, self.mlp, self.mlp_norm, 2 * self.number + 1)

    def _add(self, x: Tensor, part: nn.Module, norm: Norm | None, block: int) -> Tensor:
        if norm is None:
            return x + self._drop(part(x), block)
        return norm(x + self._drop(part(x), block)) if self.post else x + self._drop(part(norm(x)), block)

    def _drop(self, y: Tensor, block: int) -> Tensor:
        if not self.training or self.dropout == 0:
            return y
        return functional.dropout(y, self.dropout) if self.masks is None else y * self.masks(block, y.shape)


class Network(nn.Module):
    """tokens [B, T] -> logits [B, C]. `model` is the part of that name of a run's configuration."""

    def __init__(self, model: Mapping[str, Any]) -> None:
        super().__init__()
        self.config = dict(model)
        self.scale: float = model.get("output_scale", 1)

    @property
    def embedding(self) -> Tensor:
        """The rows that stand for tokens, those of the entities first: of the token embedding; with one-hot input of the first
        weight."""
        parameters = dict(self.named_parameters())
        return parameters["token_embedding"] if "token_embedding" in parameters else parameters["layers.0.weight"]

    def embed(self, tokens: Tensor) -> Tensor:
        """What stands for each token, [B, T, width]."""
        raise NotImplementedError

    def read(self, embedded: Tensor) -> Tensor:
        """Logits [B, C] of embedded tokens [B, T, width]."""
        raise NotImplementedError

    def forward(self, tokens: Tensor) -> Tensor:
        return self.read(self.embed(tokens))

    def use_masks(self, masks: Masks | None) -> None:
        """Dropout multiplies by these masks instead of drawing its own."""
        for block in self.modules():
            if isinstance(block, Block):
                block.masks = masks


class Transformer(Network):
    """Decoder-only, read at the last position (Nanda et al. 2023)."""

    def __init__(self, model: Mapping[str, Any], vocabulary: int, positions: int, classes: int) -> None:
        super().__init__(model)
        d, norm = model["d_model"], model.get("normalization", "none")
        self.classes = classes
        self.token_embedding, self.position_embedding = _zeros(vocabulary, d), _zeros(positions, d)
        self.layers = nn.ModuleList(Block(model, number) for number in range(model["layers"]))
        self.final_norm = Norm(norm, d) if norm != "none" and model.get("normalization_placement", "pre") == "pre" else None
        self.unembedding = _zeros(d, classes) if model.get("unembedding", "untied") == "untied" else None

    def embed(self, tokens: Tensor) -> Tensor:
        return self.token_embedding[tokens]

    def residual(self, embedded: Tensor) -> Tensor:
        """The residual stream [B, T, d] that the unembedding reads."""
        x = embedded + self.position_embedding[:embedded.shape[1]]
        for block in self.layers:
            x = block(x)
        return x if self.final_norm is None else self.final_norm(x)

    def read(self, embedded: Tensor) -> Tensor:
        return self.scale * (self.residual(embedded)[:, -1] @ unembedding(self))


class MultilayerPerceptron(Network):
    """The operands' embeddings side by side or summed (or one-hot tokens), hidden layers, unembedding."""

    def __init__(self, model: Mapping[str, Any], vocabulary: int, positions: int, classes: int) -> None:
        super().__init__(model)
        self.classes, self.vocabulary = classes, vocabulary
        self.one_hot, self.summed = model.get("input", "embedding") == "one_hot", model.get("combine", "concat") == "sum"
        self.activation = ACTIVATIONS[model.get("activation", "relu")]
        width = vocabulary if self.one_hot else model["d_model"]
        self.token_embedding = None if self.one_hot else _zeros(vocabulary, width)
        sizes = [width if self.summed else positions * width] + [model["d_hidden"]] * model["layers"]
        self.layers = nn.ModuleList(Affine(a, b, model.get("bias", True)) for a, b in zip(sizes, sizes[1:]))
        self.unembedding = _zeros(sizes[-1], classes) if model.get("unembedding", "untied") == "untied" else None

    def embed(self, tokens: Tensor) -> Tensor:
        if self.token_embedding is None:
            return functional.one_hot(tokens, self.vocabulary).to(next(self.parameters()).dtype)
        return self.token_embedding[tokens]

    def read(self, embedded: Tensor) -> Tensor:
        x = embedded.sum(1) if self.summed else embedded.flatten(1)
        for layer in self.layers:
            x = self.activation(layer(x))
        return self.scale * (x @ unembedding(self))


class Affine(nn.Module):
    """x W + b."""

    def __init__(self, fan_in: int, fan_out: int, biased: bool) -> None:
        super().__init__()
        self.weight = _zeros(fan_in, fan_out)
        self.bias = _zeros(fan_out) if biased else None

    def forward(self, x: Tensor) -> Tensor:
        return x @ self.weight if self.bias is None else x @ self.weight + self.bias


def unembedding(network: Transformer | MultilayerPerceptron) -> Tensor:
    """[d, C]; the embeddings of the first C tokens, the entities, where it is tied to them."""
    if network.unembedding is not None:
        return network.unembedding
    assert network.token_embedding is not None
    return network.token_embedding[:network.classes].T


KINDS: dict[str, Callable[[Mapping[str, Any], int, int, int], Transformer | MultilayerPerceptron]] = {
    "transformer": Transformer, "mlp": MultilayerPerceptron,
}


def from_layout(model: Mapping[str, Any], layout: Iterable[Mapping[str, Any]], tokens: int | None = None,
                classes: int | None = None) -> Transformer | MultilayerPerceptron:
    """The network whose tensors a /snapshots/parameter_layout lists, of zeros. What no tensor tells must be given: `tokens` of
    an input of a one-hot mlp, `classes` where the unembedding is tied."""
    shapes = {tensor["name"]: tuple(tensor["shape"]) for tensor in layout}
    rows = shapes.get("layers.0.weight", (0,))[0]
    if "position_embedding" in shapes:
        positions: int | None = shapes["position_embedding"][0]
    elif "token_embedding" in shapes and model.get("combine", "concat") == "concat":
        positions = rows // shapes["token_embedding"][1]
    else:
        positions = 1 if model.get("combine") == "sum" else tokens
    classes = shapes["unembedding"][1] if "unembedding" in shapes else classes
    if positions is None or classes is None:
        raise ValueError("say how many tokens an input has, or how many classes there are: the parameters do not tell")
    vocabulary = shapes["token_embedding"][0] if "token_embedding" in shapes else rows // positions
    network = KINDS[model["kind"]](model, vocabulary, positions, classes)
    found = {name: tuple(value.shape) for name, value in network.named_parameters()}
    if found != shapes:
        raise ValueError("a network of other tensors: %s" % sorted(set(found.items()) ^ set(shapes.items())))
    return network


def load_flat(network: nn.Module, layout: Iterable[Mapping[str, Any]], flat: Tensor) -> None:
    """Assigns the parameters from a row of /snapshots/parameters, in the network's own type."""
    parameters = dict(network.named_parameters())
    with torch.no_grad():
        for tensor in layout:
            parameters[tensor["name"]].copy_(piece(flat, tensor))


def piece(flat: Tensor, tensor: Mapping[str, Any]) -> Tensor:
    """One tensor of a layout out of a flat array."""
    return flat[tensor["offset"]:tensor["offset"] + math.prod(tensor["shape"])].reshape(tensor["shape"])


# ---- losses of single inputs, [B] of logits [B, C] and labels [B]; what a run minimizes is their mean over the batch ----

def cross_entropy(logits: Tensor, label: Tensor) -> Tensor:
    """-ln softmax(z)_y, in nats."""
    return functional.cross_entropy(logits, label, reduction="none")


def stablemax(logits: Tensor, label: Tensor) -> Tensor:
    """-ln(s_y / sum of s) with s(z) = z + 1 for z >= 0, 1 / (1 - z) below, in place of exp (Prieto et al. 2025)."""
    s = torch.where(logits >= 0, logits + 1, 1 / (1 - logits.clamp(max=0)))
    return s.sum(1).log() - s.gather(1, label[:, None])[:, 0].log()


def mse(logits: Tensor, label: Tensor) -> Tensor:
    """Mean over the classes of (z - one-hot)^2, as torch.nn.MSELoss."""
    return (logits - functional.one_hot(label, logits.shape[1])).square().mean(1)


def hinge(logits: Tensor, label: Tensor) -> Tensor:
    """Sum over the wrong classes of max(0, 1 - z_y + z_k), over C, as torch.nn.MultiMarginLoss."""
    return functional.multi_margin_loss(logits, label, reduction="none")


LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "cross_entropy": cross_entropy, "stablemax": stablemax, "mse": mse, "hinge": hinge,
}
