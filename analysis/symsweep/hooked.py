"""A transformer of symsweep as TransformerLens' HookedTransformer: its configuration and weights under that library's names.

The same logits at the last position. What the library does not have is refused: an mlp, post-normalization, an attention
rate, activations other than relu, gelu and silu."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .network import EPSILON, Network, Norm, Transformer, unembedding

ACTIVATIONS = {"relu": "relu", "gelu": "gelu", "silu": "silu"}
NORMS = {"none": None, "layernorm": "LN", "rmsnorm": "RMS"}


def _refusal(model: Network) -> str | None:
    config = model.config
    if not isinstance(model, Transformer):
        return "a model of kind %s" % config["kind"]
    if config.get("normalization", "none") != "none" and config.get("normalization_placement", "pre") == "post":
        return "normalization after the sums (post)"
    if config.get("attention_rate", 1) != 1:
        return "an attention_rate"
    if config.get("activation", "relu") not in ACTIVATIONS:
        return "the activation %s" % config["activation"]
    return None


def checked(model: Network) -> Transformer:
    """The same model; ValueError where HookedTransformer has no such thing."""
    refusal = _refusal(model)
    if refusal or not isinstance(model, Transformer):
        raise ValueError("HookedTransformer has no place for %s" % refusal)
    return model


def config(model: Network) -> dict[str, Any]:
    """Arguments of HookedTransformerConfig."""
    found, own = checked(model), model.config
    return {
        "n_layers": len(found.layers), "d_model": own["d_model"], "n_heads": own["heads"], "d_head": own["d_head"], "d_mlp": own["d_mlp"],
        "n_ctx": found.position_embedding.shape[0], "d_vocab": found.token_embedding.shape[0], "d_vocab_out": found.classes,
        "act_fn": ACTIVATIONS[own.get("activation", "relu")], "normalization_type": NORMS[own.get("normalization", "none")],
        "eps": EPSILON, "attention_dir": "causal" if own.get("causal", True) else "bidirectional", "init_weights": False,
    }


def _norm(name: str, norm: Norm | None) -> dict[str, Tensor]:
    if norm is None:
        return {}
    return {name + ".w": norm.gain, **({} if norm.bias is None else {name + ".b": norm.bias})}


def weights(model: Network) -> dict[str, Tensor]:
    """State dict of a HookedTransformer, without its buffers; biases that our models lack are zero, `output_scale` is in W_U."""
    found = checked(model)
    heads = found.config["heads"]
    d, classes = found.token_embedding.shape[1], found.classes
    out: dict[str, Tensor] = {"embed.W_E": found.token_embedding, "pos_embed.W_pos": found.position_embedding}
    for i, block in enumerate(found.layers):
        attention, mlp, place = block.attention, block.mlp, "blocks.%d." % i
        for letter, part in (("Q", attention.query), ("K", attention.key), ("V", attention.value)):
            split = part.reshape(d, heads, -1).transpose(0, 1)  # [heads, d, d_head]
            out[place + "attn.W_" + letter] = split
            out[place + "attn.b_" + letter] = part.new_zeros(heads, split.shape[2])
        out[place + "attn.W_O"] = attention.output.reshape(heads, -1, d)
        out[place + "attn.b_O"] = attention.output.new_zeros(d)
        out[place + "mlp.W_in"], out[place + "mlp.W_out"] = getattr(mlp, "in"), mlp.out
        out[place + "mlp.b_in"] = mlp.out.new_zeros(mlp.out.shape[0]) if mlp.in_bias is None else mlp.in_bias
        out[place + "mlp.b_out"] = mlp.out.new_zeros(d) if mlp.out_bias is None else mlp.out_bias
        out.update({**_norm(place + "ln1", block.attention_norm), **_norm(place + "ln2", block.mlp_norm)})
    out.update(_norm("ln_final", found.final_norm))
    out["unembed.W_U"] = found.scale * unembedding(found)
    out["unembed.b_U"] = found.token_embedding.new_zeros(classes)
    return {name: value.detach().clone().contiguous() for name, value in out.items()}


def build(model: Network) -> Any:
    """A HookedTransformer with these weights, on the CPU."""
    try:
        import transformer_lens
    except ImportError:
        raise ImportError("to_hooked needs TransformerLens (the module transformer_lens), which this Python does not have") from None
    arguments = {**config(model), "device": "cpu", "dtype": next(model.parameters()).dtype}
    hooked = transformer_lens.HookedTransformer(transformer_lens.HookedTransformerConfig(**arguments))
    missing, unexpected = hooked.load_state_dict(weights(model), strict=False)
    missing = [name for name in missing if not name.endswith((".mask", ".IGNORE"))]  # buffers, which it makes itself
    if missing or unexpected:
        raise ValueError("this version of TransformerLens has other weights: %s" % ", ".join([*missing, *unexpected]))
    with torch.no_grad():
        return hooked.eval()
