#!/usr/bin/python3
"""Optimizers as PyTorch has them, in float64: the numbers that test_optimizer.c is held against.

Checks that optimizer_golden.h still is what PyTorch says; --write writes it anew. What PyTorch 1.13 lacks (Muon, the
filters) is written here from the papers, in the originals' orientation (weights [out, in])."""

import math
import sys
import unittest
from pathlib import Path

import torch

HEADER = Path(__file__).with_name("optimizer_golden.h")
STEPS = 12
# name, block, shape: a small parameter layout with every kind of tensor. Matrices are stored [in, out].
TENSORS = [("embedding", "EMBEDDING", (4, 3)), ("wide", "ATTENTION", (3, 5)), ("tall", "MLP", (6, 4)),
           ("bias", "MLP", (4,)), ("square", "MLP", (3, 3))]
BASE = {"kind": "ADAMW", "learning_rate": 1e-2, "beta1": 0.9, "beta2": 0.98, "epsilon": 1e-8, "weight_decay": 0.0,
        "momentum": 0.0, "nesterov": 0, "warmup_steps": 0, "schedule": "CONSTANT", "gradient_clip": 0.0,
        "grokfast_alpha": 0.98, "grokfast_lambda": 0.0, "muon_learning_rate": 0.02, "muon_momentum": 0.95,
        "muon_newton_schulz_steps": 5, "orthograd": 0, "decay": "ALL", "final_share": 0.0}
CASES = {
    "adamw": {"weight_decay": 0.3, "warmup_steps": 5},
    "adamw with a large epsilon and without decay": {"epsilon": 1e-2},
    "adamw, clipped": {"weight_decay": 1.0, "gradient_clip": 0.5},
    "adamw, cosine after warm-up": {"weight_decay": 0.3, "warmup_steps": 3, "schedule": "COSINE"},
    "sgd": {"kind": "SGD", "learning_rate": 0.05},
    "sgd with momentum and decay": {"kind": "SGD", "learning_rate": 0.05, "momentum": 0.9, "weight_decay": 0.2},
    "sgd, nesterov, clipped": {"kind": "SGD", "learning_rate": 0.05, "momentum": 0.8, "nesterov": 1,
                               "gradient_clip": 0.7},
    "grokfast before adamw": {"weight_decay": 0.3, "grokfast_lambda": 2.0, "grokfast_alpha": 0.9},
    "orthograd before sgd": {"kind": "SGD", "learning_rate": 0.05, "momentum": 0.5, "orthograd": 1},
    "all filters before adamw": {"gradient_clip": 0.5, "grokfast_lambda": 1.5, "grokfast_alpha": 0.8, "orthograd": 1},
    "muon": {"kind": "MUON", "weight_decay": 0.4, "warmup_steps": 4},
    "muon, other keys": {"kind": "MUON", "muon_learning_rate": 0.05, "muon_momentum": 0.6,
                         "muon_newton_schulz_steps": 3, "schedule": "COSINE", "grokfast_lambda": 1.0},
    "adam": {"kind": "ADAM", "weight_decay": 0.3, "warmup_steps": 5},
    "adam, matrices decay, clipped": {"kind": "ADAM", "weight_decay": 0.5, "decay": "MATRICES", "gradient_clip": 0.5},
    "adamw, matrices decay, linear": {"weight_decay": 0.8, "decay": "MATRICES", "schedule": "LINEAR",
                                      "warmup_steps": 3},
    "sgd, matrices decay, cosine to a fifth": {"kind": "SGD", "learning_rate": 0.05, "momentum": 0.9,
                                               "weight_decay": 0.5, "decay": "MATRICES", "schedule": "COSINE",
                                               "final_share": 0.2},
    "muon, matrices decay, linear to a tenth": {"kind": "MUON", "weight_decay": 0.4, "decay": "MATRICES",
                                                "schedule": "LINEAR", "final_share": 0.1},
}


def start():
    """w_i = sin(1 + i) over all elements, zero biases."""
    tensors, i = [], 0
    for _, _, shape in TENSORS:
        n = math.prod(shape)
        values = [math.sin(1.0 + j) if len(shape) == 2 else 0.0 for j in range(i, i + n)]
        tensors.append(torch.tensor(values, dtype=torch.float64).reshape(shape))
        i += n
    return tensors


def set_gradients(tensors, t):
    """g_i = (1 + i mod 5) (w_i - cos i) / 10 + sin(7 t + i) / 5"""
    i = 0
    for w in tensors:
        n = w.numel()
        index = torch.arange(i, i + n, dtype=torch.float64)
        flat = w.detach().reshape(-1)
        w.grad = ((1 + index % 5) * (flat - torch.cos(index)) / 10 + torch.sin(7.0 * t + index) / 5).reshape(w.shape)
        i += n


def learning_rate_factor(case, t):
    warmup = case["warmup_steps"]
    if t <= warmup:
        return t / warmup
    if case["schedule"] == "CONSTANT":
        return 1.0
    done = (t - warmup) / (STEPS - warmup)
    left = 1 - done if case["schedule"] == "LINEAR" else 0.5 * (1 + math.cos(math.pi * done))
    return case["final_share"] + (1 - case["final_share"]) * left


def grokfast(tensors, averages, case):
    """gradfilter_ema of Lee et al. 2024: the average starts at the first gradient."""
    if not averages:
        averages.extend(w.grad.clone() for w in tensors)
    for w, average in zip(tensors, averages):
        average.mul_(case["grokfast_alpha"]).add_(w.grad * (1 - case["grokfast_alpha"]))
        w.grad = w.grad + average * case["grokfast_lambda"]


def orthograd(tensors):
    """Prieto et al. 2025, per tensor."""
    for w in tensors:
        weights, g = w.detach().reshape(-1), w.grad.reshape(-1)
        orthogonal = g - torch.dot(weights, g) / (torch.dot(weights, weights) + 1e-30) * weights
        w.grad = (orthogonal * (g.norm() / (orthogonal.norm() + 1e-30))).reshape(w.shape)


def muon_direction(gradient, momentum, case):
    """Jordan et al. 2024; gradient and momentum [out, in]."""
    momentum.mul_(case["muon_momentum"]).add_(gradient)
    x = gradient + case["muon_momentum"] * momentum
    x = x / x.norm()
    transposed = x.shape[0] > x.shape[1]
    x = x.T if transposed else x
    for _ in range(case["muon_newton_schulz_steps"]):
        a = x @ x.T
        x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
    x = x.T if transposed else x
    return x * max(1.0, x.shape[0] / x.shape[1]) ** 0.5


def train(case):
    tensors = start()
    is_muon = [case["kind"] == "MUON" and block in ("ATTENTION", "MLP") and len(shape) == 2
               for _, block, shape in TENSORS]
    decays = [case["weight_decay"] if case["decay"] == "ALL" or (block in ("ATTENTION", "MLP") and len(shape) == 2)
              else 0.0 for _, block, shape in TENSORS]
    rest = [{"params": [w], "weight_decay": decay} for w, muon, decay in zip(tensors, is_muon, decays) if not muon]
    if case["kind"] == "SGD":
        rest = [{"params": [w]} for w in tensors]
        optimizer = torch.optim.SGD(rest, lr=1.0, momentum=case["momentum"], nesterov=bool(case["nesterov"]))
    else:
        method = torch.optim.Adam if case["kind"] == "ADAM" else torch.optim.AdamW
        optimizer = method(rest, lr=1.0, betas=(case["beta1"], case["beta2"]), eps=case["epsilon"])
    averages, momenta = [], [torch.zeros_like(w.T) if muon else None for w, muon in zip(tensors, is_muon)]
    for t in range(1, STEPS + 1):
        set_gradients(tensors, t)
        if case["gradient_clip"]:
            torch.nn.utils.clip_grad_norm_(tensors, case["gradient_clip"])
        if case["grokfast_lambda"]:
            grokfast(tensors, averages, case)
        if case["orthograd"]:
            orthograd(tensors)
        factor = learning_rate_factor(case, t)
        rate = case["learning_rate"] * factor
        for group in optimizer.param_groups:
            group["lr"] = rate
        if case["kind"] == "SGD":  # decoupled, unlike torch's own
            for w, decay in zip(tensors, decays):
                w.mul_(1 - rate * decay)
        optimizer.step()
        rate = case["muon_learning_rate"] * factor
        for w, muon, momentum, decay in zip(tensors, is_muon, momenta, decays):
            if muon:
                direction = muon_direction(w.grad.T, momentum, case)
                w.mul_(1 - rate * decay).sub_(rate * direction.T)
    return torch.cat([w.reshape(-1) for w in tensors]).tolist()


def header():
    lines = ["/* optimizer_golden.h: written by test_optimizer_golden.py --write: parameters after %d steps in "
             "PyTorch float64. */" % STEPS, "#pragma once", "", "/* clang-format off */", "",
             "enum { GOLDEN_STEPS = %d, GOLDEN_PARAMETERS = %d };" % (STEPS, sum(w.numel() for w in start())), "",
             "static const sw_tensor golden_tensors[] = {"]
    offset = 0
    for name, block, shape in TENSORS:
        lines.append('    {.name = "%s", .offset = %d, .rank = %d, .shape = {%d, %d}, .block = SW_BLOCK_%s},'
                     % (name, offset, len(shape), shape[0], shape[1] if len(shape) == 2 else 1, block))
        offset += math.prod(shape)
    lines += ["};", "", "typedef struct golden_case {", "    const char *name;", "    sw_optimizer_config config;",
              "    double parameters[GOLDEN_PARAMETERS];", "} golden_case;", "",
              "static const golden_case golden_cases[] = {"]
    for name, changes in CASES.items():
        case = dict(BASE, **changes)
        lines.append('    {.name = "%s",' % name)
        lines.append("     .config = {.kind = SW_OPTIMIZER_%s, .schedule = SW_SCHEDULE_%s, .decay = SW_DECAY_%s,"
                     % (case["kind"], case["schedule"], case["decay"]))
        keys = [".%s = %r" % (key, value) for key, value in case.items() if key not in ("kind", "schedule", "decay")]
        for i in range(0, len(keys), 4):
            lines.append("                " + ", ".join(keys[i:i + 4]) + ("," if i + 4 < len(keys) else "},"))
        values = ["%.17g" % value for value in train(case)]
        lines.append("     .parameters = {")
        for i in range(0, len(values), 4):
            lines.append("         " + ", ".join(values[i:i + 4]) + ",")
        lines.append("     }},")
    lines += ["};", "", "/* clang-format on */", ""]
    return "\n".join(lines)


def numbers(text):
    """The header with its numbers set apart: libm may differ in the last digit."""
    words = text.replace(",", " ").replace("{", " ").replace("}", " ").split()
    found = []
    for word in words:
        try:
            found.append(float(word))
        except ValueError:
            found.append(word)
    return found


class Golden(unittest.TestCase):
    def test_header_is_what_pytorch_says(self):
        old, new = numbers(HEADER.read_text()), numbers(header())
        self.assertEqual(len(old), len(new))
        for was, now in zip(old, new):
            if isinstance(now, float):
                self.assertAlmostEqual(was, now, delta=1e-12)
            else:
                self.assertEqual(was, now)


if __name__ == "__main__":
    torch.set_num_threads(1)
    if sys.argv[1:] == ["--write"]:
        HEADER.write_text(header())
    else:
        unittest.main()
