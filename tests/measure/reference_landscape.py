"""The landscape of the train loss around a saved run, its tangent kernel and its average gradient outer product, in
float64: Hessians by automatic differentiation, Langevin chains with the documented noise; from docs/science.md."""

import numpy as np
import scipy.sparse.linalg
import torch
from torch.nn.utils.stateless import functional_call

import reference
import reference_tasks as tasks

STREAM_LANDSCAPE = 9


# ---- random draws, by docs/file-format.md ----

def normals(seed, step, count):
    words = tasks.philox(seed, STREAM_LANDSCAPE, step, np.arange(-(-count // 4)))
    u = [(word.astype(float) + 0.5) / 2 ** 32 for word in words]
    out = [np.sqrt(-2 * np.log(u[i])) * turn(2 * np.pi * u[i + 1]) for i in (0, 2) for turn in (np.cos, np.sin)]
    return np.stack(out, 1).ravel()[:count]


def signs(seed, stream, step, number):
    """-1 or 1: bits of a stream."""
    number = np.asarray(number)
    words = np.stack(tasks.philox(seed, stream, step, number // 128))
    word = np.take_along_axis(words, (number % 128 // 32)[None], 0)[0]
    return np.where(word >> (number % 32).astype(np.uint64) & np.uint64(1), 1.0, -1.0)


# ---- the train loss as a function of all parameters ----

class Loss:
    def __init__(self, run, w):
        self.run, self.w, self.names = run, w, [tensor["name"] for tensor in run.layout]
        self.inputs = torch.tensor(run.inputs[run.train].astype(np.int64))
        self.target = torch.tensor(run.target[run.train])
        self.center = np.concatenate([w[name].detach().numpy().ravel() for name in self.names])

    def value(self, flat):
        """A scalar that can be differentiated."""
        parameters, at = {}, 0
        for name in self.names:
            n = self.w[name].numel()
            parameters[name] = flat[at:at + n].reshape(self.w[name].shape)
            at += n
        z = functional_call(self.w.network, parameters, self.inputs)
        return reference.network.LOSSES[self.run.config["loss"]["kind"]](z, self.target).mean()

    def gradient(self, at):
        flat = torch.tensor(at, requires_grad=True)
        value = self.value(flat)
        return value.item(), torch.autograd.grad(value, flat)[0].numpy()

    def differences(self):
        """v -> H v over the documented distance."""
        def multiply(v):
            h = np.linalg.norm(self.center) / 1024 / np.linalg.norm(v)
            ahead, behind = (self.gradient(self.center + side * h * np.ravel(v))[1] for side in (1, -1))
            return (ahead - behind) / (2 * h)

        return multiply

    def hessian(self):
        """v -> H v at the point, by automatic differentiation."""
        flat = torch.tensor(self.center, requires_grad=True)
        gradient, = torch.autograd.grad(self.value(flat), flat, create_graph=True)
        return lambda v: torch.autograd.grad(gradient @ torch.tensor(np.ravel(v)), flat, retain_graph=True)[0].numpy()


def llc(run, w, step):
    """The coefficient, its standard error over chains, the trace of 32 stretches."""
    keys, loss = run.config["measure"]["llc"], Loss(run, w)
    n, length, seed = int(run.train.sum()), keys["burn_in"] + keys["draws"], run.config["seed"]
    n_beta, epsilon = n / np.log(n), keys["epsilon"]
    origin, start = loss.gradient(loss.center)
    rises = np.empty((keys["chains"], length))
    for chain in range(keys["chains"]):
        at, gradient = loss.center.copy(), start
        for draw in range(length):
            drift = n_beta * gradient + keys["gamma"] * (at - loss.center)
            noise = normals(seed, (step << 24) + (chain << 16) + draw, len(at))
            at = at - epsilon / 2 * drift + np.sqrt(epsilon) * noise
            value, gradient = loss.gradient(at)
            rises[chain, draw] = value - origin
    each = n_beta * rises[:, keys["burn_in"]:].mean(1)
    stretch = np.arange(length) * 32 // length
    trace = [n_beta * rises[:, stretch == s].mean() if (stretch == s).any() else np.nan for s in range(32)]
    return each.mean(), each.std(ddof=1) / np.sqrt(len(each)), np.array(trace)


def sharpness(run, w, step, exact):
    """Largest eigenvalues, the largest first; mean of z^T H z over the 16 documented vectors, and its standard error.
    `exact`: of the Hessian at the point; else over the documented distance."""
    loss = Loss(run, w)
    multiply, n = loss.hessian() if exact else loss.differences(), len(loss.center)
    count = run.config["measure"]["sharpness"]["eigenvalues"]
    operator = scipy.sparse.linalg.LinearOperator((n, n), matvec=multiply, dtype=float)
    top = np.sort(scipy.sparse.linalg.eigsh(operator, count, which="LA", tol=1e-3, return_eigenvectors=False))[::-1]
    draws = [(step << 24) + (255 << 16) + 1 + probe for probe in range(16)]
    each = [z @ multiply(z) for z in (signs(run.config["seed"], STREAM_LANDSCAPE, d, np.arange(n)) for d in draws)]
    return top, np.mean(each), np.std(each, ddof=1) / 4


# ---- kernel ----

def tangent_kernel(run, w):
    """Centred, of the signed sum of the logits."""
    n, classes = len(run.target), run.classes
    chosen = tasks.permutation(n, 0, tasks.STREAM_MEASURE, 4)[:512]
    sign = torch.tensor(signs(0, tasks.STREAM_MEASURE, 5, np.arange(classes)) / np.sqrt(classes))
    f = w.network(torch.tensor(run.inputs[chosen].astype(np.int64))) @ sign
    rows = [torch.cat([g.ravel() for g in torch.autograd.grad(value, list(w.values()), retain_graph=True)]) for value in f]
    k = (torch.stack(rows) @ torch.stack(rows).T).numpy()
    return k - k.mean(0) - k.mean(1)[:, None] + k.mean()


def alignment(k, start):
    return (k * start).sum() / np.sqrt((k ** 2).sum() * (start ** 2).sum())


def circulance(run, w):
    """Share of the variance over the entries of E A E^T that depends on the difference of the elements."""
    n, classes = len(run.target), run.classes
    embedded = w.network.embed(torch.tensor(run.inputs.astype(np.int64))).detach().requires_grad_()
    z = w.network.read(embedded)
    sign = signs(0, tasks.STREAM_MEASURE, 6, np.arange(n * classes)).reshape(n, classes)
    gradient = torch.autograd.grad((z * torch.tensor(sign)).sum(), embedded)[0][:, 0].numpy()
    g = gradient[run.operands[:, 0] != run.operands[:, 1]]
    rows, factors = run.group
    member = [i for i, row in enumerate(rows) if row is not None]
    e = reference.rows_of_tokens(run, w).detach().numpy()[member]
    m = e @ (g.T @ g) @ e.T
    exponent = np.array([rows[i] for i in member])
    difference = (exponent[None] - exponent[:, None]) % np.array(factors)
    within = np.empty_like(m)
    for d in np.unique(difference.reshape(-1, len(factors)), axis=0):
        same = (difference == d).all(2)
        within[same] = m[same].mean()
    return within.var() / m.var()
