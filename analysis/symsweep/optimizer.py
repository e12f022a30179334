"""The optimizers of symsweep in PyTorch: docs/science.md, Objective and optimizers. One torch.optim.Optimizer does what a run's
`optimizer` says: clip, GrokFast filter, OrthoGrad, then the update under warm-up and schedule. Its state has PyTorch's names,
so that torch.optim.AdamW, Adam and SGD take it where no filter is on."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from . import facts
from .network import piece

# Where a results file keeps the second moment of Adam: scaled by this (docs/file-format.md, /snapshots/optimizer).
SECOND_MOMENT_SCALE = 2.0**64
# Names of PyTorch for the pieces that checkpoints and /snapshots/optimizer hold, by what moves a tensor.
PIECES = {
    "adamw": {"first": "exp_avg", "second": "exp_avg_sq"},
    "adam": {"first": "exp_avg", "second": "exp_avg_sq"},
    "sgd": {"first": "momentum_buffer"},
    "muon": {"first": "momentum_buffer"},
}
SLOW = "slow"  # GrokFast's average


def learning_rate_factor(config: Mapping[str, Any], total_steps: int, t: int) -> float:
    """Share of the learning rate in step t (1 is the first): linear warm-up, then the schedule, which ends at `final_share`."""
    warmup, schedule = config.get("warmup_steps", 0), config.get("schedule", "constant")
    if t < warmup:
        return t / warmup
    if schedule == "constant" or t <= warmup:
        return 1.0
    done = 1.0 if t >= total_steps else (t - warmup) / (total_steps - warmup)
    left = 0.5 * (1 + math.cos(math.pi * done)) if schedule == "cosine" else 1 - done
    final = config.get("final_share", 0)
    return final + (1 - final) * left


def is_matrix(name: str) -> bool:
    """A matrix of attention or MLP: what Muon moves."""
    return name.startswith("layers.") and name.rsplit(".", 1)[1] not in ("in_bias", "out_bias", "bias", "gain")


def newton_schulz(x: Tensor, steps: int) -> Tensor:
    """Singular values towards 1 (Jordan et al. 2024), of a matrix of norm 1."""
    a, b, c = 3.4445, -4.7750, 2.0315
    transposed = x.shape[0] > x.shape[1]
    x = x.T if transposed else x
    for _ in range(steps):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.T if transposed else x


def _method(kind: str, name: str) -> str:
    return ("muon" if is_matrix(name) else "adamw") if kind == "muon" else kind


def _group(config: Mapping[str, Any], method: str, decayed: bool) -> dict[str, Any]:
    """Hyperparameters of a group under PyTorch's names; those that only torch.optim knows have the values that do nothing."""
    muon = config.get("muon", {})
    found: dict[str, Any] = {"method": method, "weight_decay": config["weight_decay"] if decayed else 0.0,
                             "lr": muon["learning_rate"] if method == "muon" else config["learning_rate"],
                             "maximize": False, "foreach": None, "differentiable": False}
    if method in ("adamw", "adam"):
        found.update(betas=(config["beta1"], config["beta2"]), eps=config["epsilon"], amsgrad=False, capturable=False, fused=None)
    elif method == "sgd":
        found.update(momentum=config.get("momentum", 0), nesterov=config.get("nesterov", False), dampening=0)
    else:
        found.update(momentum=muon["momentum"], newton_schulz_steps=muon["newton_schulz_steps"])
    return found


# ---- updates: w, its gradient and state; `rate` is the learning rate of the step ----

def _moments(g: Tensor, state: dict[str, Any], group: Mapping[str, Any]) -> Tensor:
    """m_hat / (sqrt(v_hat) + epsilon)."""
    beta1, beta2 = group["betas"]
    t = int(state["step"])
    m = state["exp_avg"].mul_(beta1).add_(g, alpha=1 - beta1)
    v = state["exp_avg_sq"].mul_(beta2).addcmul_(g, g, value=1 - beta2)
    return m / (1 - beta1**t) / ((v / (1 - beta2**t)).sqrt() + group["eps"])


def _adamw(w: Tensor, g: Tensor, state: dict[str, Any], group: Mapping[str, Any], rate: float) -> None:
    update = _moments(g, state, group)
    w.mul_(1 - rate * group["weight_decay"]).sub_(rate * update)


def _adam(w: Tensor, g: Tensor, state: dict[str, Any], group: Mapping[str, Any], rate: float) -> None:
    w.sub_(rate * _moments(g + group["weight_decay"] * w, state, group))


def _sgd(w: Tensor, g: Tensor, state: dict[str, Any], group: Mapping[str, Any], rate: float) -> None:
    b = state["momentum_buffer"].mul_(group["momentum"]).add_(g)
    update = g + group["momentum"] * b if group["nesterov"] else b
    w.mul_(1 - rate * group["weight_decay"]).sub_(rate * update)


def _muon(w: Tensor, g: Tensor, state: dict[str, Any], group: Mapping[str, Any], rate: float) -> None:
    b = state["momentum_buffer"].mul_(group["momentum"]).add_(g)
    x = g + group["momentum"] * b
    norm = float(x.norm())
    if norm > torch.finfo(torch.float32).tiny:
        x = newton_schulz(x / norm, group["newton_schulz_steps"])
    # Matrices are [in, out]: the original's rows / columns is out / in.
    w.mul_(1 - rate * group["weight_decay"]).sub_(rate * math.sqrt(max(1.0, w.shape[1] / w.shape[0])) * x)


UPDATES: dict[str, Callable[[Tensor, Tensor, dict[str, Any], Mapping[str, Any], float], None]] = {
    "adamw": _adamw, "adam": _adam, "sgd": _sgd, "muon": _muon,
}


class Optimizer(torch.optim.Optimizer):
    """named_parameters as a module gives them; config is the part `optimizer` of a run's configuration, total_steps its `steps`.
    Every parameter is decayed, with `decay` `matrices` all but biases, gains, embeddings and positions."""

    def __init__(self, named_parameters: Iterable[tuple[str, Tensor]], config: Mapping[str, Any], total_steps: int) -> None:
        self.config, self.total_steps = dict(config), total_steps
        self.names = {parameter: name for name, parameter in named_parameters}
        groups: dict[tuple[str, bool], list[Tensor]] = {}
        for parameter, name in self.names.items():
            decayed = config.get("decay", "all") == "all" or is_matrix(name) or name == "unembedding"
            groups.setdefault((_method(config["kind"], name), decayed), []).append(parameter)
        self.kinds = list(groups)  # of the groups: method, and whether it decays
        self.frozen: tuple[str, ...] = ()
        self.average_from = 1  # the step at which GrokFast's average begins
        super().__init__([{"params": parameters, "t": 0, **_group(config, *key)} for key, parameters in groups.items()], {})
        for group in self.param_groups:
            for parameter in group["params"]:
                self._start(parameter, group["method"])

    def _start(self, parameter: Tensor, method: str) -> None:
        state = self.state[parameter]
        state["step"] = torch.tensor(0.0)
        names = [*PIECES[method].values(), *([SLOW] if self._is_filtered() else [])]
        state.update((name, torch.zeros_like(parameter, requires_grad=False)) for name in names)

    def change(self, config: Mapping[str, Any], frozen: Sequence[str] = ()) -> None:
        """From the next step on the configuration is another one, and parameters whose names are among `frozen`, or lie
        below one of these (`layers.0`), keep their values and their state."""
        was_filtered = self._is_filtered()
        self.config, self.frozen = dict(config), tuple(frozen)
        for group, kind in zip(self.param_groups, self.kinds):
            group.update(_group(config, *kind))
        if self._is_filtered() and not was_filtered:  # it begins anew
            self.average_from = self.t + 1
            for parameter in self.names:
                self.state[parameter][SLOW] = torch.zeros_like(parameter, requires_grad=False)

    def _moves(self, parameter: Tensor) -> bool:
        return not any((self.names[parameter] + ".").startswith(name + ".") for name in self.frozen)

    def _is_filtered(self) -> bool:
        return self.config.get("grokfast", {}).get("lambda", 0) != 0

    @property
    def t(self) -> int:
        """Steps taken."""
        return int(self.param_groups[0]["t"])

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """One step with the gradients that stand in the parameters; one that is missing counts as zero."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        t = self.t + 1
        gradients = self._filtered({p: torch.zeros_like(p) if p.grad is None else p.grad.clone()
                                    for p in self.names if self._moves(p)}, t)
        factor = learning_rate_factor(self.config, self.total_steps, t)
        for group in self.param_groups:
            group["t"] = t
            for parameter in filter(self._moves, group["params"]):
                state = self.state[parameter]
                state["step"].fill_(t)  # the run's count, which goes on where a parameter was frozen
                UPDATES[group["method"]](parameter, gradients[parameter], state, group, factor * group["lr"])
        return loss

    def _filtered(self, gradients: dict[Tensor, Tensor], t: int) -> dict[Tensor, Tensor]:
        """Clipped, with GrokFast's average added, without the components along the weights: what the configuration asks for."""
        clip = self.config.get("gradient_clip", 0)
        if clip:
            norm = math.sqrt(sum(float(g.square().sum()) for g in gradients.values()))
            gradients = {p: g * min(1.0, clip / (norm + 1e-6)) for p, g in gradients.items()}
        if self._is_filtered():
            alpha, factor = self.config["grokfast"]["alpha"], self.config["grokfast"]["lambda"]
            for p, g in gradients.items():
                average = self.state[p][SLOW]
                average.mul_(alpha).add_(g, alpha=1 if t == self.average_from else 1 - alpha)  # it starts at the first gradient
                gradients[p] = g + factor * average
        if self.config.get("orthograd", False):
            gradients = {p: _orthogonal(g, p) for p, g in gradients.items()}
        return gradients

    def load_pieces(self, flat: Tensor, layout: Iterable[Mapping[str, Any]], t: int) -> None:
        """Takes over a row of /snapshots/optimizer, taken after step t."""
        layout = list(layout)
        names = [*facts.OPTIMIZER_PIECES[self.config["kind"]], *([SLOW] if self._is_filtered() else [])]
        count = sum(math.prod(tensor["shape"]) for tensor in layout)
        if len(flat) != len(names) * count:
            raise ValueError("%d numbers of state, not %d" % (len(flat), len(names) * count))
        parts = {name: flat[k * count:(k + 1) * count].double() for k, name in enumerate(names)}
        tensors = {tensor["name"]: tensor for tensor in layout}
        for group in self.param_groups:
            group["t"] = t
            for parameter in group["params"]:
                state, tensor = self.state[parameter], tensors[self.names[parameter]]
                state["step"] = torch.tensor(float(t))
                for part, name in {**PIECES[group["method"]], SLOW: SLOW}.items():
                    if part in parts:
                        state[name].copy_(piece(parts[part], tensor) / (SECOND_MOMENT_SCALE if part == "second" else 1))


def _orthogonal(g: Tensor, w: Tensor) -> Tensor:
    """Without its component along the weights, at its old norm; nothing where only rounding is left."""
    square = float(w.square().sum())
    if square == 0:
        return g
    rest = g - w * (float((w * g).sum()) / square)
    before, after = float(g.norm()), float(rest.norm())
    return rest * (before / after) if after > 4 * torch.finfo(g.dtype).eps * before else torch.zeros_like(g)
