#!/usr/bin/python3
"""The training step of `symsweep bench` as a PyTorch user writes it, on one thread; prints steps per second. With --steps
it trains a run instead, as a job of a sweep, and prints its last evaluation.

Three forms of the transformer (ReLU, learned positions, readout token; where the case says so, layer norms before
attention, MLP and unembedding):
  eager   every position goes through all layers, the last one is read
  last    queries, attention output, MLP and logits of the last layer at the last position only, written by hand
  jit     `last`, compiled by torch.jit.trace and frozen by its profiling executor
and of the MLPs (operand embeddings, one hidden layer; or the quadratic network of Gromov 2023 on one-hot vectors):
  eager, jit

AdamW with the decoupled decay and warm-up of the canonical run. Time is processor time, as in `symsweep bench`.
"""

import argparse
import json
import time

import torch

STEPS = {  # the cases of `symsweep bench`
    "canonical": dict(p=113, fraction=0.3, d=128, width=512),
    "canonical-minibatch512": dict(p=113, fraction=0.3, d=128, width=512, batch=512),
    "p59": dict(p=59, fraction=0.4, d=64, width=256),
    "p31": dict(p=31, fraction=0.5, d=32, width=128),
    "mlp": dict(p=113, fraction=0.8, d=128, width=512, mlp=True),
    "two-layers": dict(p=113, fraction=0.3, d=128, width=512, layers=2),
    "four-layers": dict(p=113, fraction=0.3, d=128, width=512, layers=4),
    "layernorm": dict(p=113, fraction=0.3, d=128, width=512, norm=True),
    "two-layers-layernorm": dict(p=113, fraction=0.3, d=128, width=512, layers=2, norm=True),
    "power": dict(p=97, fraction=0.5, d=128, width=512, layers=2, norm=True, batch=512),
    "gromov": dict(p=97, fraction=0.5, d=0, width=512, mlp=True),
}
RUNS = {  # those of benchmarks/sweep.json
    "p59-wide": dict(p=59, fraction=0.5, d=128, width=512),
    "p59-wide-two-layers": dict(p=59, fraction=0.5, d=128, width=512, layers=2),
}
CASES = {**STEPS, **RUNS}
HEADS = 4


def parameter(*shape, scale):
    return torch.nn.Parameter(torch.randn(*shape) * scale)


class Layer(torch.nn.Module):
    def __init__(self, d, width, norm):
        super().__init__()
        scale = d**-0.5
        self.query, self.key, self.value, self.output = (parameter(d, d, scale=scale) for _ in range(4))
        self.w_in, self.b_in = parameter(d, width, scale=scale), torch.nn.Parameter(torch.zeros(width))
        self.w_out, self.b_out = parameter(width, d, scale=scale), torch.nn.Parameter(torch.zeros(d))
        self.norms = torch.nn.ModuleList(torch.nn.LayerNorm(d) if norm else torch.nn.Identity() for _ in range(2))
        self.register_buffer("mask", torch.triu(torch.full((3, 3), float("-inf")), 1))

    def heads(self, x):
        rows, tokens, d = x.shape
        return x.view(rows, tokens, HEADS, d // HEADS).transpose(1, 2)

    def forward(self, x, last_only):
        d, read = x.shape[-1], self.norms[0](x)
        if last_only:
            x, asking = x[:, -1:], read[:, -1:]
        else:
            asking = read
        q, k, v = self.heads(asking @ self.query), self.heads(read @ self.key), self.heads(read @ self.value)
        scores = q @ k.transpose(-1, -2) / (d // HEADS) ** 0.5
        if not last_only:
            scores = scores + self.mask
        z = (torch.softmax(scores, dim=-1) @ v).transpose(1, 2).reshape(x.shape)
        x = x + z @ self.output
        return x + torch.relu(self.norms[1](x) @ self.w_in + self.b_in) @ self.w_out + self.b_out


class Transformer(torch.nn.Module):
    def __init__(self, p, d, width, layers, norm, last_only):
        super().__init__()
        self.last_only = last_only
        self.token = parameter(p + 1, d, scale=d**-0.5)
        self.position = parameter(3, d, scale=d**-0.5)
        self.layers = torch.nn.ModuleList(Layer(d, width, norm) for _ in range(layers))
        self.norm = torch.nn.LayerNorm(d) if norm else torch.nn.Identity()
        self.unembedding = parameter(d, p, scale=p**-0.5)

    def forward(self, tokens):
        x = self.token[tokens] + self.position
        for i, layer in enumerate(self.layers):
            x = layer(x, self.last_only and i == len(self.layers) - 1)
        return (self.norm(x) @ self.unembedding)[:, -1]


class MLP(torch.nn.Module):
    def __init__(self, p, d, width):
        super().__init__()
        self.token = parameter(p, d, scale=d**-0.5)
        self.weight, self.bias = parameter(2 * d, width, scale=(2 * d) ** -0.5), torch.nn.Parameter(torch.zeros(width))
        self.unembedding = parameter(width, p, scale=p**-0.5)

    def forward(self, tokens):
        x = self.token[tokens].flatten(1)
        return torch.relu(x @ self.weight + self.bias) @ self.unembedding


class Quadratic(torch.nn.Module):
    """On one-hot vectors [rows, 2p]."""

    def __init__(self, p, width):
        super().__init__()
        self.weight = parameter(2 * p, width, scale=(2 * p) ** -0.5)
        self.unembedding = parameter(width, p, scale=p**-0.5)

    def forward(self, x):
        return (x @ self.weight) ** 2 @ self.unembedding


class Training:
    """One run: step() is forward, loss (cross-entropy, of the quadratic network the squared error), backward and AdamW."""

    def __init__(self, form, p, fraction, d, width, layers=1, norm=False, batch=0, mlp=False, seed=0):
        torch.manual_seed(seed)
        a, b = torch.meshgrid(torch.arange(p), torch.arange(p), indexing="ij")
        a, b = a.flatten(), b.flatten()
        order, count = torch.randperm(p * p), round(fraction * p * p)
        table = torch.stack([a, b] + ([] if mlp else [torch.full_like(a, p)]), 1)
        train, test = order[:count].sort().values, order[count:].sort().values
        self.tokens, self.labels = table[train], ((a + b) % p)[train]
        self.test = table[test], ((a + b) % p)[test]
        self.batch, self.at = batch, len(train)
        self.loss = torch.nn.functional.cross_entropy
        if not mlp:
            self.model = Transformer(p, d, width, layers, norm, last_only=form != "eager")
        elif d > 0:
            self.model = MLP(p, d, width)
        else:
            self.model = Quadratic(p, width)
            one_hot = torch.nn.functional.one_hot
            self.tokens, self.labels = one_hot(self.tokens, p).flatten(1).float(), one_hot(self.labels, p).float()
            self.loss = torch.nn.functional.mse_loss
        self.call = self.model
        if form == "jit":
            example = self.tokens[: batch or None]
            self.call = torch.jit.trace(self.model, example)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=1e-3, betas=(0.9, 0.98),
                                           weight_decay=0.0 if mlp else 1.0)
        self.warm_up = torch.optim.lr_scheduler.LambdaLR(self.optimizer, lambda t: min(1.0, (t + 1) / 10))

    def next_batch(self):
        if not self.batch:
            return self.tokens, self.labels
        if self.at + self.batch > len(self.tokens):
            self.order, self.at = torch.randperm(len(self.tokens)), 0
        rows = self.order[self.at : self.at + self.batch]
        self.at += self.batch
        return self.tokens[rows], self.labels[rows]

    def step(self):
        tokens, labels = self.next_batch()
        loss = self.loss(self.call(tokens), labels)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        self.warm_up.step()
        return loss


    @torch.no_grad()
    def evaluate(self):
        tokens, labels = self.test
        logits = self.call(tokens)
        return self.loss(logits, labels).item(), (logits.argmax(-1) == labels).float().mean().item()


def train(case, form, steps, every, seed):
    """One run with test loss and accuracy every `every` steps: the last of them."""
    training = Training(form, **CASES[case], seed=seed)
    found = training.evaluate()
    for step in range(1, steps + 1):
        training.step()
        if step % every == 0:
            found = training.evaluate()
    return {"case": case, "form": form, "seed": seed, "test_loss": found[0], "test_accuracy": found[1]}


def steps_per_second(case, form, seconds):
    training = Training(form, **CASES[case])
    for _ in range(5):  # the profiling executor of torch.jit compiles in the first calls
        training.step()
    count, begun = 0, time.process_time()
    while time.process_time() - begun < seconds:
        training.step()
        count += 1
    return count / (time.process_time() - begun)


def forms_of(case):
    return ["eager", "jit"] if CASES[case].get("mlp") else ["eager", "last", "jit"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--case", choices=CASES, required=True)
    parser.add_argument("--form", choices=["eager", "last", "jit"], required=True)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--steps", type=int, help="train a run of so many steps")
    parser.add_argument("--every", type=int, default=100, help="steps from one evaluation to the next")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.steps:
        print(json.dumps(train(arguments.case, arguments.form, arguments.steps, arguments.every, arguments.seed)))
        return
    rate = steps_per_second(arguments.case, arguments.form, arguments.seconds)
    print(json.dumps({"case": arguments.case, "form": arguments.form, "steps_per_second": rate,
                      "torch": torch.__version__}))


if __name__ == "__main__":
    main()
