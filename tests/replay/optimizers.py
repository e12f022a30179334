"""The optimizers in float64, from docs/science.md: clip, GrokFast filter, OrthoGrad, then the update with decoupled
decay. Parameters are a dict of leaf tensors changed in place."""

import math

import torch


def learning_rate(base, optimizer, total_steps, t):
    """Linear warm-up, then constant or a cosine that reaches 0 at the last step."""
    warmup = optimizer["warmup_steps"]
    if t < warmup:
        return base * t / warmup
    if optimizer.get("schedule", "constant") == "cosine":
        span = total_steps - warmup
        done = (t - warmup) / span if span > 0 else 1.0
        return base * 0.5 * (1.0 + math.cos(math.pi * done))
    return base


def is_muon_matrix(name):
    """Attention and MLP matrices; embeddings, unembedding, norms and biases stay with AdamW."""
    return name.startswith("layers.") and not name.endswith(("bias", ".gain"))


def newton_schulz(g, steps):
    """Keller Jordan's quintic iteration: about the nearest semi-orthogonal matrix."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = g / (g.norm() + 1e-7)
    transposed = x.shape[0] > x.shape[1]
    if transposed:
        x = x.T
    for _ in range(steps):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.T if transposed else x


class Optimizer:
    def __init__(self, config, total_steps):
        self.config = config
        self.total_steps = total_steps
        self.state = {}

    def step(self, t, parameters, gradients):
        gradients = self.filtered(gradients, parameters)
        kind = self.config["kind"]
        assert kind in ("adamw", "sgd", "muon"), "the replay has no optimizer %s" % kind
        with torch.no_grad():
            for name, w in parameters.items():
                state = self.state.setdefault(name, {})
                if kind == "sgd":
                    self.sgd(t, w, gradients[name], state)
                elif kind == "muon" and is_muon_matrix(name):
                    self.muon(t, w, gradients[name], state)
                else:
                    self.adamw(t, w, gradients[name], state)

    def filtered(self, gradients, parameters):
        config = self.config
        clip = config.get("gradient_clip", 0)
        if clip:
            norm = math.sqrt(sum(float((g**2).sum()) for g in gradients.values()))
            gradients = {name: g * min(1.0, clip / norm) for name, g in gradients.items()}
        grokfast = config.get("grokfast", {})
        if grokfast.get("lambda", 0):
            averages = self.state.setdefault("grokfast", {})
            for name, g in gradients.items():
                old = averages.get(name, g)
                averages[name] = grokfast["alpha"] * old + (1 - grokfast["alpha"]) * g
            gradients = {name: g + grokfast["lambda"] * averages[name] for name, g in gradients.items()}
        if config.get("orthograd", False):
            gradients = {name: self.orthogonal(g, parameters[name].detach()) for name, g in gradients.items()}
        return gradients

    @staticmethod
    def orthogonal(g, w):
        """Without its component along the weights, at its old norm."""
        square = float((w * w).sum())
        if square == 0:
            return g
        rest = g - w * (float((w * g).sum()) / square)
        norm = float(rest.norm())
        return rest * (float(g.norm()) / norm) if norm > 0 else rest

    def rate(self, t, base):
        return learning_rate(base, self.config, self.total_steps, t)

    def adamw(self, t, w, g, state):
        config = self.config
        lr = self.rate(t, config["learning_rate"])
        m = state["m"] = config["beta1"] * state.get("m", 0) + (1 - config["beta1"]) * g
        v = state["v"] = config["beta2"] * state.get("v", 0) + (1 - config["beta2"]) * g * g
        w.mul_(1 - lr * config["weight_decay"])
        m_hat = m / (1 - config["beta1"] ** t)
        v_hat = v / (1 - config["beta2"] ** t)
        w.sub_(lr * m_hat / (v_hat.sqrt() + config["epsilon"]))

    def sgd(self, t, w, g, state):
        config = self.config
        lr = self.rate(t, config["learning_rate"])
        momentum = config.get("momentum", 0)
        b = state["b"] = momentum * state.get("b", 0) + g
        w.mul_(1 - lr * config["weight_decay"])
        w.sub_(lr * (g + momentum * b if config.get("nesterov", False) else b))

    def muon(self, t, w, g, state):
        config = self.config
        lr = self.rate(t, config["muon"]["learning_rate"])
        momentum = config["muon"]["momentum"]
        b = state["b"] = momentum * state.get("b", 0) + g
        update = newton_schulz(g + momentum * b, config["muon"]["newton_schulz_steps"])
        w.mul_(1 - lr * config["weight_decay"])
        # Matrices are [in, out]: the original's rows / columns is out / in.
        w.sub_(lr * math.sqrt(max(1.0, w.shape[1] / w.shape[0])) * update)
