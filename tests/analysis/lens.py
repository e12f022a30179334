"""A stand-in for TransformerLens: HookedTransformer with its names, shapes and buffers, as its documentation and sources have
them, and a forward pass written apart from ours. Only what an algorithmic model uses."""

import dataclasses
import math
import sys
import types

import torch
from torch import nn


@dataclasses.dataclass
class HookedTransformerConfig:
    n_layers: int
    d_model: int
    n_ctx: int
    d_head: int
    n_heads: int = -1
    d_mlp: int = None
    act_fn: str = None
    d_vocab: int = -1
    eps: float = 1e-5
    normalization_type: str = "LN"
    device: str = None
    attention_dir: str = "causal"
    init_weights: bool = True
    d_vocab_out: int = -1
    dtype: torch.dtype = torch.float32

    def __post_init__(self):
        assert self.act_fn in ("relu", "gelu", "silu", "gelu_new", "solu_ln", "gelu_fast"), self.act_fn
        assert self.normalization_type in (None, "LN", "RMS"), self.normalization_type


def empty(cfg, *shape):
    return nn.Parameter(torch.full(shape, math.nan, dtype=cfg.dtype))  # what is not loaded is seen


class Scale(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.cfg, self.w = cfg, empty(cfg, cfg.d_model)
        if cfg.normalization_type == "LN":
            self.b = empty(cfg, cfg.d_model)

    def forward(self, x):
        if self.cfg.normalization_type == "LN":
            x = x - x.mean(-1, keepdim=True)
            return x / (x.pow(2).mean(-1, keepdim=True) + self.cfg.eps).sqrt() * self.w + self.b
        return x / (x.pow(2).mean(-1, keepdim=True) + self.cfg.eps).sqrt() * self.w


class Attention(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.cfg = cfg
        for letter in "QKV":
            setattr(self, "W_" + letter, empty(cfg, cfg.n_heads, cfg.d_model, cfg.d_head))
            setattr(self, "b_" + letter, empty(cfg, cfg.n_heads, cfg.d_head))
        self.W_O, self.b_O = empty(cfg, cfg.n_heads, cfg.d_head, cfg.d_model), empty(cfg, cfg.d_model)
        self.register_buffer("mask", torch.tril(torch.ones(cfg.n_ctx, cfg.n_ctx).bool()))
        self.register_buffer("IGNORE", torch.tensor(-torch.inf))

    def forward(self, x):
        q, k, v = (torch.einsum("bpd,hde->bphe", x, getattr(self, "W_" + c)) + getattr(self, "b_" + c) for c in "QKV")
        scores = torch.einsum("bqhe,bkhe->bhqk", q, k) / math.sqrt(self.cfg.d_head)
        if self.cfg.attention_dir == "causal":
            scores = torch.where(self.mask[:x.shape[1], :x.shape[1]], scores, self.IGNORE.to(scores.dtype))
        z = torch.einsum("bhqk,bkhe->bqhe", scores.softmax(-1), v)
        return torch.einsum("bqhe,hed->bqd", z, self.W_O) + self.b_O


class MLP(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.cfg = cfg
        self.W_in, self.b_in = empty(cfg, cfg.d_model, cfg.d_mlp), empty(cfg, cfg.d_mlp)
        self.W_out, self.b_out = empty(cfg, cfg.d_mlp, cfg.d_model), empty(cfg, cfg.d_model)

    def forward(self, x):
        y = x @ self.W_in + self.b_in
        if self.cfg.act_fn == "relu":
            y = y * (y > 0)
        elif self.cfg.act_fn == "gelu":
            y = y * 0.5 * (1 + torch.erf(y / math.sqrt(2)))
        else:
            y = y / (1 + torch.exp(-y))
        return y @ self.W_out + self.b_out


class Block(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        norm = (lambda: nn.Identity()) if cfg.normalization_type is None else (lambda: Scale(cfg))
        self.ln1, self.ln2, self.attn, self.mlp = norm(), norm(), Attention(cfg), MLP(cfg)

    def forward(self, x):
        x = x + self.attn(self.ln1(x))
        return x + self.mlp(self.ln2(x))


def holder(**parameters):
    found = nn.Module()
    for name, parameter in parameters.items():
        setattr(found, name, parameter)
    return found


class HookedTransformer(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.cfg = cfg
        self.embed = holder(W_E=empty(cfg, cfg.d_vocab, cfg.d_model))
        self.pos_embed = holder(W_pos=empty(cfg, cfg.n_ctx, cfg.d_model))
        self.blocks = nn.ModuleList(Block(cfg) for _ in range(cfg.n_layers))
        if cfg.normalization_type is not None:
            self.ln_final = Scale(cfg)
        self.unembed = holder(W_U=empty(cfg, cfg.d_model, cfg.d_vocab_out), b_U=empty(cfg, cfg.d_vocab_out))

    def forward(self, tokens):
        x = self.embed.W_E[tokens] + self.pos_embed.W_pos[:tokens.shape[1]]
        for block in self.blocks:
            x = block(x)
        x = self.ln_final(x) if self.cfg.normalization_type is not None else x
        return x @ self.unembed.W_U + self.unembed.b_U


def install():
    """As the module transformer_lens, unless the library itself is there."""
    if "transformer_lens" not in sys.modules:
        module = types.ModuleType("transformer_lens")
        module.HookedTransformer, module.HookedTransformerConfig = HookedTransformer, HookedTransformerConfig
        sys.modules["transformer_lens"] = module
