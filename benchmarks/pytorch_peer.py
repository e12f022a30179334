#!/usr/bin/python3
"""The training step of `symsweep bench` as a PyTorch user writes it, on one thread; prints steps per second.

Three forms of the one-layer transformer (no layer norm, ReLU, learned positions, readout token):
  eager   every position goes through the whole layer, the last one is read
  last    queries, attention output, MLP and logits at the last position only, written by hand
  jit     `last`, compiled by torch.jit.trace and frozen by its profiling executor
and of the MLP (operand embeddings, one hidden layer):
  eager, jit

AdamW with the decoupled decay and warm-up of the canonical run. Time is processor time, as in `symsweep bench`.
"""

import argparse
import json
import time

import torch

CASES = {
    "canonical": dict(p=113, fraction=0.3, d=128, width=512),
    "canonical-minibatch512": dict(p=113, fraction=0.3, d=128, width=512, batch=512),
    "p59": dict(p=59, fraction=0.4, d=64, width=256),
    "p31": dict(p=31, fraction=0.5, d=32, width=128),
    "mlp": dict(p=113, fraction=0.8, d=128, width=512, mlp=True),
}
HEADS = 4


def parameter(*shape, scale):
    return torch.nn.Parameter(torch.randn(*shape) * scale)


class Transformer(torch.nn.Module):
    def __init__(self, p, d, width, last_only):
        super().__init__()
        self.last_only = last_only
        scale = d**-0.5
        self.token = parameter(p + 1, d, scale=scale)
        self.position = parameter(3, d, scale=scale)
        self.query, self.key, self.value, self.output = (parameter(d, d, scale=scale) for _ in range(4))
        self.w_in, self.b_in = parameter(d, width, scale=scale), torch.nn.Parameter(torch.zeros(width))
        self.w_out, self.b_out = parameter(width, d, scale=scale), torch.nn.Parameter(torch.zeros(d))
        self.unembedding = parameter(d, p, scale=p**-0.5)
        self.register_buffer("mask", torch.triu(torch.full((3, 3), float("-inf")), 1))

    def heads(self, x):
        rows, tokens, d = x.shape
        return x.view(rows, tokens, HEADS, d // HEADS).transpose(1, 2)

    def forward(self, tokens):
        x = self.token[tokens] + self.position
        d = x.shape[-1]
        asking = x[:, -1:] if self.last_only else x
        q, k, v = self.heads(asking @ self.query), self.heads(x @ self.key), self.heads(x @ self.value)
        scores = q @ k.transpose(-1, -2) / (d // HEADS) ** 0.5
        if not self.last_only:
            scores = scores + self.mask
        z = (torch.softmax(scores, dim=-1) @ v).transpose(1, 2).reshape(asking.shape)
        x = asking + z @ self.output
        x = x + torch.relu(x @ self.w_in + self.b_in) @ self.w_out + self.b_out
        return (x @ self.unembedding)[:, -1]


class MLP(torch.nn.Module):
    def __init__(self, p, d, width):
        super().__init__()
        self.token = parameter(p, d, scale=d**-0.5)
        self.weight, self.bias = parameter(2 * d, width, scale=(2 * d) ** -0.5), torch.nn.Parameter(torch.zeros(width))
        self.unembedding = parameter(width, p, scale=p**-0.5)

    def forward(self, tokens):
        x = self.token[tokens].flatten(1)
        return torch.relu(x @ self.weight + self.bias) @ self.unembedding


class Training:
    """One run: step() is forward, cross-entropy, backward and AdamW."""

    def __init__(self, form, p, fraction, d, width, batch=0, mlp=False):
        torch.manual_seed(0)
        a, b = torch.meshgrid(torch.arange(p), torch.arange(p), indexing="ij")
        a, b = a.flatten(), b.flatten()
        train = torch.randperm(p * p)[: round(fraction * p * p)].sort().values
        columns = [a[train], b[train]] + ([] if mlp else [torch.full_like(train, p)])
        self.tokens, self.labels = torch.stack(columns, 1), ((a + b) % p)[train]
        self.batch, self.at = batch, len(train)
        self.model = MLP(p, d, width) if mlp else Transformer(p, d, width, last_only=form != "eager")
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
        loss = torch.nn.functional.cross_entropy(self.call(tokens), labels)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        self.warm_up.step()
        return loss


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
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    rate = steps_per_second(arguments.case, arguments.form, arguments.seconds)
    print(json.dumps({"case": arguments.case, "form": arguments.form, "steps_per_second": rate,
                      "torch": torch.__version__}))


if __name__ == "__main__":
    main()
