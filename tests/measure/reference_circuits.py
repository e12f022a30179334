"""Circuits of a saved run in float64, written from the definitions in docs/science.md: irreducible characters from the
class algebra (Burnside), isotypic parts by their projectors, subgroups as sets."""

import itertools

import numpy as np
import torch

import reference
import reference_tasks as tasks


# ---- the group ----

def group_of(run):
    """(entities of the elements, product [n, n], second operand [n] of the element h): the label of (g, second[h]) is gh."""
    task = run.task
    if task["kind"] == "group":
        product = tasks.cayley(task)
        return list(range(len(product))), product, list(range(len(product)))
    rows, (order,) = tasks.exponents(task)
    member = [i for i, row in enumerate(rows) if row is not None]
    number = {rows[e][0]: i for i, e in enumerate(member)}
    exponent = [rows[e][0] for e in member]
    product = np.array([[number[(a + b) % order] for b in exponent] for a in exponent])
    sign = -1 if task["operation"] in ("sub", "div") else 1
    return member, product, [member[number[sign * a % order]] for a in exponent]


def table_of(run, member, second):
    """[n, n] inputs of the elements g and h."""
    at = {tuple(pair): i for i, pair in enumerate(run.operands.tolist())}
    return np.array([[at[g, h] for h in second] for g in member])


def characters(product):
    """chi [k, n], complex: class matrices have the common eigenvectors omega_i = |C_i| chi(C_i) / chi(1)."""
    n, inverse = len(product), np.argmax(product == reference.identity(product), axis=1)
    seen, classes = set(), []
    for x in range(n):
        if x not in seen:
            members = sorted({product[product[g, x], inverse[g]] for g in range(n)})
            classes.append(members)
            seen.update(members)
    place = np.empty(n, int)
    for c, members in enumerate(classes):
        place[members] = c
    k, size = len(classes), np.array([len(c) for c in classes])
    count = np.zeros((k, k, k))  # [i, j, l]: pairs of C_i x C_j with the product that stands for C_l
    for l, members in enumerate(classes):
        for x in range(n):
            count[place[x], place[product[inverse[x], members[0]]], l] += 1
    mixed = np.tensordot(np.random.default_rng(1).normal(size=k), count, 1)
    _, vectors = np.linalg.eig(mixed)
    omega = (vectors / vectors[place[reference.identity(product)]]).T
    degree = np.sqrt(n / (np.abs(omega) ** 2 / size).sum(1))
    assert np.allclose(degree, degree.round(), atol=1e-6)
    return (degree.round()[:, None] * omega / size)[:, place]


def projectors(product):
    """[lines, n, n] of the non-trivial characters, each together with its conjugate."""
    n, inverse = len(product), np.argmax(product == reference.identity(product), axis=1)
    out, done = [], []
    for chi in characters(product):
        pooled = chi.real * (2 if np.abs(chi.imag).max() > 1e-6 else 1)
        if np.allclose(chi, 1) or any(np.allclose(pooled, other) for other in done):
            continue
        done.append(pooled)
        degree = chi[reference.identity(product)].real
        out.append(degree / n * pooled[product[inverse]])  # at (x, y): x^-1 y
    for p in out:
        assert np.allclose(p @ p, p, atol=1e-8)
    return np.array(out)


def subgroups(product):
    """Of one element and of two; neither trivial nor all."""
    n, one = len(product), reference.identity(product)

    def generated(elements):
        found, new = {one}, {one}
        while new:
            new = {product[x, g] for x in new for g in elements} - found
            found |= new
        return frozenset(found)

    return {h for pair in itertools.combinations_with_replacement(range(n), 2) if 1 < len(h := generated(pair)) < n}


def divisions(product):
    """Sets of cosets, each a list of sorted members."""
    n = len(product)
    return {frozenset(frozenset(side(g, h)) for g in range(n)) for h in subgroups(product)
            for side in (lambda g, h: [product[g, x] for x in h], lambda g, h: [product[x, g] for x in h])}


# ---- functions on G x G ----

def hidden(run, w):
    """[N, M] neurons of the last hidden layer at the last position."""
    network, seen = w.network, []
    layer = network.layers[-1]
    if run.model["kind"] == "mlp":
        hook = layer.register_forward_hook(lambda _, __, y: seen.append(network.activation(y)))
    else:
        def keep(mlp, inputs):
            inner = inputs[0][:, -1] @ getattr(mlp, "in")
            seen.append(mlp.activation(inner if mlp.in_bias is None else inner + mlp.in_bias))

        hook = layer.mlp.register_forward_pre_hook(keep)
    with torch.no_grad():
        reference.table_logits(run, w)
    hook.remove()
    return seen[0].numpy()


def parts(f, p):
    """Of functions f [n, n, W]: variance [W], and [L, W] in (l, 1) and (1, l), and in (l, l)."""
    n = len(f)
    left, right = f.mean(1) * n ** 0.5, f.mean(0) * n ** 0.5  # coordinates along the constant of the other operand
    square = lambda x: (x ** 2).sum(tuple(range(1, x.ndim - 1)))
    single = np.array([((q @ left) ** 2).sum(0) + ((q @ right) ** 2).sum(0) for q in p])
    paired = np.array([(np.einsum("ag,ghw,bh->abw", q, f, q, optimize=True) ** 2).sum((0, 1)) for q in p])
    return square((f - f.mean((0, 1)))[None])[0], single, paired


def by_product(f, product):
    n = len(f)
    out = np.zeros((n, f.shape[2]))
    for s in range(n):
        out[s] = f[product == s].mean(0)
    return out


def of_product(f, product):
    means = by_product(f, product)
    return len(f) * ((means - means.mean(0)) ** 2).sum()


def spread(power):
    return power.sum() ** 2 / (power ** 2).sum()


def coset_concentration(f, product):
    n, divided = len(f), divisions(product)
    if not divided:
        return np.nan
    part = whole = 0
    for u in (f.mean(1), f.mean(0)):
        variance, best = ((u - u.mean(0)) ** 2).sum(0), np.full(u.shape[1], -np.inf)
        for division in divided:
            between = sum(len(c) * (u[sorted(c)].mean(0) - u.mean(0)) ** 2 for c in division)
            chance = (len(division) - 1) / (n - 1)
            with np.errstate(invalid="ignore"):
                best = np.fmax(best, (between / variance - chance) / (1 - chance))
        alive = variance > 0
        part += (variance[alive] * best[alive]).sum()
        whole += variance.sum()
    return part / whole


def losses(run, w, z, member, table, product, p):
    embedding = reference.rows_of_tokens(run, w).detach().numpy()[member]
    power = ((p @ embedding) ** 2).sum((1, 2))
    key = p[np.argsort(-power)[:min(5, (len(p) + 1) // 2)]].sum(0)
    means = by_product(z[table], product)
    part = key @ means
    restricted = (part + means.mean(0))[product.ravel()]
    excluded = z[table].reshape(-1, z.shape[1]) - part[product.ravel()]
    target, train = run.target[table.ravel()], run.train[table.ravel()]
    return (reference.mean_cross_entropy(restricted, target),
            reference.mean_cross_entropy(excluded[train], target[train]))


def circuits(run, w):
    """Every curve of /circuits, and the two arrays of power, the lines of which are in an order of their own."""
    member, product, second = group_of(run)
    table, p = table_of(run, member, second), projectors(product)
    z = reference.table_logits(run, w).detach().numpy()
    f = hidden(run, w)[table]
    g = (z - z.mean(1, keepdims=True))[table]
    variance, single, paired = parts(f, p)
    of_logits, _, logits_paired = parts(g, p)
    restricted, excluded = losses(run, w, z, member, table, product, p)
    neuron_power, logit_power = (single + paired).sum(1), logits_paired.sum(1)
    out = {"neuron_concentration": (single + paired).max(0).sum() / variance.sum(), "neuron_irreps": spread(neuron_power),
           "neuron_single": single.sum() / variance.sum(), "neuron_paired": paired.sum() / variance.sum(),
           "neuron_product": of_product(f, product) / variance.sum(),
           "coset_concentration": coset_concentration(f, product), "logit_irreps": spread(logit_power),
           "logit_paired": logits_paired.sum() / of_logits.sum(), "logit_product": of_product(g, product) / of_logits.sum(),
           "group_restricted_loss": restricted, "group_excluded_loss": excluded}
    return ({"/circuits/" + name: value for name, value in out.items()},
            {"/circuits/neuron_power": neuron_power / variance.sum(), "/circuits/logit_power": logit_power / of_logits.sum()},
            p)
