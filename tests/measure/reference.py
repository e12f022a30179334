"""Every measure of a saved run in float64, from the parameters and the split that the results file holds.

Written from docs/science.md and docs/file-format.md with NumPy, SciPy and PyTorch (the network of analysis/symsweep, for
gradients); it shares nothing with the program. Each function returns {path of the dataset: value}."""

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import scipy.special
import scipy.stats
import torch

import reference_tasks as tasks

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "replay"))
import families  # noqa: E402
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "analysis"))
from symsweep import network  # noqa: E402

torch.set_num_threads(1)
BLOCKS = ["embedding", "position", "attention", "mlp", "unembedding", "normalization"]


class Run:
    """One row of a results file."""

    def __init__(self, file, row):
        text = lambda value: value.decode() if isinstance(value, bytes) else value
        self.row, self.label = row, text(file["runs/label"][row])
        self.config = json.loads(text(file["runs/config"][row]))
        self.task, self.model = self.config["task"], self.config["model"]
        self.layout = json.loads(text(file["snapshots/parameter_layout"][row]))
        inputs = file["data/inputs"][row]
        keep = inputs[:, 0] >= 0
        self.inputs = inputs[keep][:, inputs[keep].max(axis=0) >= 0]
        self.target = file["data/label"][row][keep].astype(int)
        self.train = file["data/split"][row][keep] == 1
        self._operands()
        shapes = {tensor["name"]: tensor["shape"] for tensor in self.layout}
        self.classes = int(shapes["unembedding"][1] if "unembedding" in shapes else self.entities)
        self.generators = json.loads(text(file["symmetry/automorphism/generators"][row]) or "[]")
        self.families = tasks.families(self.task, self.operands, self.relation, self.target, self.generators)
        self.probes = probes(self)
        self.aligned = aligned(self)
        self.group = tasks.exponents(self.task)

    def _operands(self):
        relations = self.task["kind"] == "comparison" and self.task["form"] == "relation"
        self.columns = (0, 2) if relations else (0, 1)
        self.operands = self.inputs[:, self.columns].copy()
        self.entities = self.operands[:, 0].max() + 1
        if self.model.get("operand_embeddings") == "separate":
            self.operands[:, 1] -= self.layout[0]["shape"][0] - self.entities
        self.relation = self.inputs[:, 1] - self.entities if relations else None

    def parameters(self, flat):
        found = network.from_layout(self.model, self.layout, self.inputs.shape[1], int(self.entities)).double().eval()
        network.load_flat(found, self.layout, torch.tensor(flat.astype(np.float64)))
        return Parameters(found, self.layout)


class Parameters(dict):
    """name -> tensor of a network, which is that of the package, in the order of the file."""

    def __init__(self, network, layout):
        known = dict(network.named_parameters())
        super().__init__((tensor["name"], known[tensor["name"]]) for tensor in layout)
        self.network = network


def rows_of_tokens(run, w):
    """E [V, d]: with one-hot input the first operand's block of the first weight."""
    return w["token_embedding"] if "token_embedding" in w else w["layers.0.weight"][:run.inputs.max() + 1]


def table_logits(run, w):
    return w.network(torch.tensor(run.inputs.astype(np.int64)))


# ---- curves ----

def losses(run, z):
    """Loss of each input; torch, so that the objective can be differentiated."""
    return network.LOSSES[run.config["loss"]["kind"]](z, torch.tensor(run.target))


def block_norms(run, values):
    sums = dict.fromkeys(BLOCKS, 0.0)
    for tensor, value in zip(run.layout, values):
        name = tensor["name"]
        block = {"token_embedding": "embedding", "position_embedding": "position", "unembedding": "unembedding"}.get(
            name, "normalization" if "_norm." in name else "attention" if ".attention." in name else "mlp")
        sums[block] += float((value ** 2).sum())
    if run.model.get("normalization", "none") == "none":
        sums["normalization"] = np.nan
    if run.model.get("unembedding", "untied") == "tied":
        sums["unembedding"] = np.nan
    if run.model["kind"] == "mlp":
        sums["position"] = sums["attention"] = np.nan
    if run.model.get("input") == "one_hot":
        sums["embedding"] = np.nan
    return {block: np.sqrt(s) for block, s in sums.items()}


def unmirrored(run):
    """Test inputs whose mirror is not in train."""
    key = lambda i: (int(run.operands[i, 0]), int(run.operands[i, 1]),
                     None if run.relation is None else int(run.relation[i]))
    at = {key(i): i for i in range(len(run.target))}
    out = []
    for i in np.flatnonzero(~run.train):
        m = tasks.mirror(run.task, *key(i))
        if m is None or not run.train[at[m]]:
            out.append(i)
    return np.array(out, int)


def weighted(run):
    return [name for name, family in run.config["symmetry"].items() if family["weight"] != 0]


def underived(run, names=None):
    """Test inputs that no chain of tuples of two inputs of these families (the weighted ones) ties to train."""
    component = np.arange(len(run.target))
    for name in weighted(run) if names is None else names:
        for pair, _ in run.families[name]:
            a, b = component[list(pair)]
            component[component == a] = b
    return np.flatnonzero(~run.train & ~np.isin(component, component[run.train]))


def curves(run, w, z):
    loss, best = losses(run, z).detach().numpy(), z.detach().numpy()
    others = best.copy()
    others[range(len(best)), run.target] = -np.inf
    margin = best[range(len(best)), run.target] - others.max(1)
    test = np.flatnonzero(~run.train)
    out = {"train_loss": loss[run.train].mean(), "test_loss": loss[test].mean(),
           "margin_mean": margin[run.train].mean(), "margin_min": margin[run.train].min()}
    values = [w[t["name"]].detach().numpy() for t in run.layout]
    norms = block_norms(run, values)
    out.update({"weight_norm_" + b: norms[b] for b in BLOCKS})
    out["weight_norm"] = np.sqrt(np.nansum([n ** 2 for n in norms.values()]))
    accuracies = {"train_accuracy": np.flatnonzero(run.train), "test_accuracy": test,
                  "test_accuracy_underived": underived(run)}
    if tasks.has_mirrors(run.task):
        accuracies["test_accuracy_unmirrored"] = unmirrored(run)
    out.update({name: (margin, chosen) for name, chosen in accuracies.items()})
    return {"/curves/" + name: value for name, value in out.items()}


def step_curves(run, w):
    """Objective and gradient norms of the step that starts from these parameters (full batch, all tuples)."""
    z = table_logits(run, w)
    objective = losses(run, z)[torch.tensor(run.train)].mean()
    log_p = torch.log_softmax(z, 1)
    for name in weighted(run):
        inputs = torch.tensor(run.probes[name][0][0])
        left, right = log_p[inputs[:, 0]], log_p[inputs[:, 1]]
        divergence = 0.5 * ((left.exp() - right.exp()) * (left - right)).sum(1).mean()
        objective = objective + run.config["symmetry"][name]["weight"] * divergence
    gradient = torch.autograd.grad(objective, [w[tensor["name"]] for tensor in run.layout])
    norms = block_norms(run, gradient)
    out = {"/curves/gradient_norm_" + b: norms[b] for b in BLOCKS}
    out["/curves/gradient_norm"] = np.sqrt(np.nansum([n ** 2 for n in norms.values()]))
    out["/curves/objective"] = objective.item()
    return out


# ---- symmetry ----

def symmetric_kl(left, right):
    """Of rows of log-probabilities."""
    return 0.5 * ((np.exp(left) - np.exp(right)) * (left - right)).sum(1)


def convolve(log_p, inputs):
    """P_ab * P_bc within the diameter, normalized; the mass beyond it."""
    p, classes = np.exp(log_p), log_p.shape[1]
    product = np.zeros((len(inputs), 2 * classes - 1))
    for k in range(classes):
        product[:, k:k + classes] += p[inputs[:, 0], k:k + 1] * p[inputs[:, 1]]
    inside = product[:, :classes]
    return np.log(inside / inside.sum(1, keepdims=True)), product[:, classes:].sum(1)


def sides(run, name, log_p, probe):
    """What the two sides of each tuple say, as rows of log-probabilities."""
    inputs, maps = probe
    if name == "triangle":
        return convolve(log_p, inputs)[0], log_p[inputs[:, 2]]
    if name == "bradley_terry":
        high = 1 if run.relation is not None else 2
        odds = (log_p[:, high] - log_p[:, 0])[inputs]
        l = np.where(inputs[:, :3] == inputs[:, 3:], odds[:, :3], (odds[:, :3] - odds[:, 3:]) / 2)
        return tuple(-np.logaddexp(0, np.stack([x, -x], 1)) for x in (l[:, 0] + l[:, 1], l[:, 2]))
    if name in ("transitivity", "antisymmetry"):
        high = 1 if run.relation is not None else 2
        odds = (log_p[:, high] - log_p[:, 0])[inputs]
        u, v = (odds[:, 0] + odds[:, 1], odds[:, 2]) if name == "transitivity" else (odds[:, 0], -odds[:, 1])
        return tuple(-np.logaddexp(0, np.stack([x, -x], 1)) for x in (u, v))
    left = log_p[inputs[:, 0]] if maps is None else np.take_along_axis(log_p[inputs[:, 0]], maps, 1)
    return left, log_p[inputs[:, 1]]


def violations(run, name, log_p, probe):
    """Of each tuple, and whether its two sides disagree."""
    if name == "reflexivity":
        rows = log_p[probe[0][:, 0]]
        return -rows[:, 0], rows.argmax(1) != 0
    if name == "trichotomy":
        u = (log_p[:, 1] - log_p[:, 0])[probe[0]]
        yes, no = -np.logaddexp(0, -u), -np.logaddexp(0, u)
        one = np.logaddexp.reduce([yes[:, r] + no.sum(1) - no[:, r] for r in range(3)])
        return -one, (u > 0).sum(1) != 1
    left, right = sides(run, name, log_p, probe)
    return symmetric_kl(left, right), left.argmax(1) != right.argmax(1)


def probes(run):
    """name -> (tuples, tuples of random inputs), each as (inputs [n, arity], class maps [n, C] or None)."""
    out = {}
    for name, all_tuples in run.families.items():
        if not all_tuples:
            continue
        chosen, _ = tasks.measured(all_tuples, name, run.config["evaluate"]["tuples"])
        inputs = np.array([i for i, _ in chosen])
        maps = None if chosen[0][1] is None else np.array([m for _, m in chosen])
        pool = np.arange(len(run.target))
        if name in ("transitivity", "antisymmetry") and run.relation is not None:
            pool = np.flatnonzero(run.relation % 3 == 2)
        twice = name == "bradley_terry" and run.relation is None
        random = tasks.nulls(name, inputs.shape[1], min(len(all_tuples), run.config["evaluate"]["tuples"]), pool)
        if twice:
            random[:, 3:] = random[:, :3]
        out[name] = (inputs, maps), (random, None)
    return out


COMPARE_DISTRIBUTIONS = ("commutativity", "associativity", "translation", "negation", "scaling", "distance_symmetry",
                         "label_pairs", "converse", "automorphism")


def agreement(run, name, log_p, probe):
    """Of the tuples of test inputs without a mirror in train, both answered wrongly: how often the sides agree."""
    inputs, maps = probe
    answer = log_p.argmax(1)
    wrong = np.zeros(len(answer), bool)
    wrong[unmirrored(run) if tasks.has_mirrors(run.task) else ~run.train] = True
    wrong &= answer != run.target
    chosen = wrong[inputs[:, 0]] & wrong[inputs[:, 1]]
    out = {"wrong_tuples": chosen.sum(), "agreement_wrong": np.nan, "agreement_chance": np.nan}
    if chosen.any():
        first, second = answer[inputs[chosen, 0]], answer[inputs[chosen, 1]]
        if maps is not None:
            second = maps[chosen, second]
        share = np.bincount(np.concatenate([first, second])) / (2 * chosen.sum())
        out.update(agreement_wrong=(first == second).mean(), agreement_chance=(share**2).sum())
    return out


def aligned(run):
    """name -> tuples that the gradient of the violation is taken over, for tests/replay/families.py."""
    out = {}
    for name, all_tuples in run.families.items():
        if all_tuples:
            chosen = tasks.aligned(all_tuples, name, run.config["evaluate"]["tuples"])
            maps = None if chosen[0][1] is None else torch.tensor(np.array([m for _, m in chosen]))
            out[name] = SimpleNamespace(inputs=torch.tensor(np.array([i for i, _ in chosen])), class_map=maps)
    return out


def gradient_cosines(run, w, z):
    """Of the mean train loss and each family's mean violation, by automatic differentiation in all parameters."""
    def gradient(value):
        found = torch.autograd.grad(value, list(w.values()), retain_graph=True)
        return torch.cat([g.reshape(-1) for g in found])

    loss = gradient(losses(run, z)[torch.tensor(run.train)].mean())
    table = SimpleNamespace(relation_form=run.relation is not None)
    return {"/symmetry/%s/gradient_cosine" % name:
            float(torch.nn.functional.cosine_similarity(
                loss, gradient(families.violations(name, tuples, z, table, {})[0].mean()), dim=0, eps=0))
            for name, tuples in run.aligned.items()}


def symmetry(run, log_p):
    out = {}
    for name, (chosen, random) in run.probes.items():
        value, differ = violations(run, name, log_p, chosen)
        null, _ = violations(run, name, log_p, random)
        path = "/symmetry/%s/" % name
        out.update({path + "mean": value.mean(), path + "max": value.max(), path + "disagreement": differ.mean(),
                    path + "null_mean": null.mean(), path + "null_max": null.max(),
                    path + "ratio_mean": value.mean() / null.mean(), path + "ratio_max": value.max() / null.max()})
        if name in COMPARE_DISTRIBUTIONS:
            out.update({path + key: value for key, value in agreement(run, name, log_p, chosen).items()})
        if name == "triangle":
            out[path + "mass_beyond_diameter"] = convolve(log_p, chosen[0])[1].mean()
    return out


def by_generator(run, log_p):
    """Mean violation of each of the first 32 symmetries: over the table, or 1,024 inputs drawn with replacement."""
    out, most = [], 1024
    for pairs in tasks.by_generator(run.generators[:32], run.operands, run.relation):
        if len(pairs) > most:
            stream = tasks.STREAM_EVALUATE + tasks.FAMILIES.index("automorphism")
            pairs = [pairs[i] for i in tasks.below(len(pairs), 0, stream, 1, np.arange(most))]
        pairs = tasks.pairs_that_differ(pairs)
        probe = np.array([i for i, _ in pairs]), np.array([m for _, m in pairs])
        out.append(violations(run, "automorphism", log_p, probe)[0].mean())
    return np.array(out)


# ---- geometry ----

def entropy_exponential(weights):
    q = weights[weights > 0] / weights.sum()
    return np.exp(-(q * np.log(q)).sum())


def characters(factors):
    """Non-trivial ones, of each pair of inverses the first in lexicographic order."""
    for k in np.ndindex(*factors):
        opposite = tuple(-a % f for a, f in zip(k, factors))
        if any(k) and k <= opposite:
            yield np.array(k), k != opposite


def abelian_power(embedding, rows, factors):
    """Pooled power, and the characters [F, n] that have a partner."""
    exponent = np.array(rows) / np.array(factors)
    power, paired = [], []
    for k, has_partner in characters(factors):
        wave = np.exp(-2j * np.pi * exponent @ k)
        power.append((np.abs(wave @ embedding) ** 2).sum() * (2 if has_partner else 1))
        if has_partner:
            paired.append(wave)
    return np.array(power), np.array(paired)


def isotypic_power(run, embedding):
    """Energy in the isotypic parts of the regular representation, told apart as eigenspaces of a random element of the
    centre of the group algebra. Sorted: their order is not known here."""
    product = tasks.cayley(run.task)
    n = len(product)
    inverse = np.argmax(product == identity(product), axis=1)
    classes = {frozenset(product[product[g, x], inverse[g]] for g in range(n)) for x in range(n)}
    weight = np.random.default_rng(0)
    centre = np.zeros((n, n))
    for members in sorted(classes, key=sorted):
        w = weight.normal()
        for g in members:
            centre[range(n), product[g]] += w
    values, vectors = np.linalg.eigh((centre + centre.T) / 2)
    energy = ((vectors.T @ embedding) ** 2).sum(1)
    groups = np.split(np.arange(n), np.flatnonzero(np.diff(values) > 1e-6) + 1)
    parts = [(energy[g].sum(), len(g), np.abs(vectors[:, g].sum(0)).max() > n ** 0.5 - 1e-6) for g in groups]
    return np.sort([e for e, size, trivial in parts if not (size == 1 and trivial)])


def identity(product):
    return next(e for e in range(len(product)) if (product[e] == np.arange(len(product))).all())


def concentration(power):
    ascending = np.sort(power)
    n, total = len(power), power.sum()
    cumulative = np.cumsum(ascending[::-1]) / total
    gini = ((2 * np.arange(1, n + 1) - n - 1) * ascending).sum() / (n * total)
    return {"fourier_top5": ascending[-5:].sum() / total, "fourier_gini": gini,
            "fourier_frequencies90": (np.searchsorted(cumulative, 0.9) + 1, cumulative, 0.9)}


def components(embedding, count=8):
    """Coordinates in the leading principal components, the largest of each positive; singular values."""
    u, s, _ = np.linalg.svd(embedding - embedding.mean(0), full_matrices=False)
    pca = (u * s)[:, :count]
    return pca * np.sign(pca[np.abs(pca).argmax(0), range(pca.shape[1])]), s


def circularity(embedding, paired):
    scores, s = components(embedding, 4)
    shares = [(2 * np.abs(paired @ a) ** 2 / (len(a) * (a ** 2).sum())).max()
              for a, sigma in zip(scores.T, s) if sigma > 1e-10 * s[0]]
    return np.mean(shares)


def graph_layout(run, scores):
    i, j = np.triu_indices(len(scores), 1)
    distance = np.linalg.norm(scores[i] - scores[j], axis=1)
    geodesic = tasks.geodesics(run.task)[i, j].astype(float)
    scale = (distance * geodesic).sum() / (geodesic ** 2).sum()
    return {"distance_spearman": scipy.stats.spearmanr(distance, geodesic)[0],
            "stress": np.sqrt(((distance - scale * geodesic) ** 2).sum() / (distance ** 2).sum())}


def order(run, scores):
    values = np.array(list(np.ndindex(*run.task["sides"])))
    best = [max(abs(scipy.stats.spearmanr(score, attribute)[0]) for score in scores.T) for attribute in values.T]
    out = {"order_spearman_attribute%d" % a: r for a, r in enumerate(best)}
    out["order_spearman"] = np.mean(best) if run.relation is not None else best[run.task["attribute"]]
    return out


def geometry(run, w):
    """Curves of /geometry, and the arrays of a snapshot."""
    embedding = rows_of_tokens(run, w).detach().numpy()[:run.entities]
    centred = embedding - embedding.mean(0)
    scores, s = components(embedding)
    variance = s ** 2
    share = variance / variance.sum()
    out = {"effective_dimension": ((share > 0.01).sum(), share, 0.01), "effective_rank": entropy_exponential(s),
           "effective_rank_variance": entropy_exponential(variance),
           "participation_ratio": variance.sum() ** 2 / (variance ** 2).sum(),
           "stable_rank": variance.sum() / variance[0], "nuclear_norm": s.sum()}
    snapshot = {"pca": scores, "explained_variance": share[:8], "singular_values": s}
    rows, factors = run.group
    if factors is not None:
        member = [i for i, row in enumerate(rows) if row is not None]
        own = embedding[member] - embedding[member].mean(0)
        power, paired = abelian_power(own, [rows[i] for i in member], factors)
        if len(paired):
            out["circularity"] = circularity(own, paired)
    elif run.task["kind"] == "group":
        power = isotypic_power(run, centred)
    if factors is not None or run.task["kind"] == "group":
        out.update(concentration(power))
        snapshot["fourier_power"] = power
    if run.task["kind"] == "graph":
        out.update(graph_layout(run, scores))
    if run.task["kind"] == "comparison":
        out.update(order(run, scores))
    return {"/geometry/" + name: value for name, value in out.items()}, \
        {"/snapshots/" + name: value for name, value in snapshot.items()}


# ---- interpretability ----

def mean_cross_entropy(z, target):
    return scipy.special.logsumexp(z, axis=1).mean() - z[range(len(z)), target].mean()


def pair_cosines(run, w):
    """[p, p, C]: cosine of the gradients of each logit in the embeddings of the operands a and b, at each input."""
    p = run.task["p"]
    embedded = w.network.embed(torch.tensor(run.inputs.astype(np.int64))).detach().requires_grad_()
    z = w.network.read(embedded)
    cosines = []
    for c in range(p):
        gradient, = torch.autograd.grad(z[:, c].sum(), embedded, retain_graph=True)
        cosines.append(torch.nn.functional.cosine_similarity(gradient[:, 0], gradient[:, 1], eps=0).numpy())
    return np.nan_to_num(np.array(cosines)).T.reshape(p, p, p)


def matching(order, k):
    """Pairs of residues of matching k, by docs/science.md."""
    p = len(order)
    q = p if p % 2 else p - 1
    places = [(i, j) for i in range(q) for j in range(i + 1, q) if (i + j - k) % q == 0]
    if q < p:
        places += [(i, q) for i in range(q) if (2 * i - k) % q == 0]
    return [(order[i], order[j]) if k < q else (order[j], order[i]) for i, j in places]


def gradient_symmetricity(run, w):
    """Mean, and its standard error."""
    cosines, p = pair_cosines(run, w), run.task["p"]
    every = cosines[~np.eye(p, dtype=bool)]
    if every.size <= 8192:
        return every.mean(), 0.0
    order, seen = tasks.permutation(p, 0, tasks.STREAM_MEASURE, 0), []
    matchings = 2 * (p if p % 2 else p - 1)
    for number in range(matchings * p):
        for a, b in matching(order, number % matchings):
            first = tasks.below(p, 0, tasks.STREAM_MEASURE, 2, a * p + b)
            seen.append(cosines[a, b, (first + number // matchings) % p])
        error = np.std(seen, ddof=1) / np.sqrt(len(seen)) * np.sqrt(1 - len(seen) / every.size)
        if len(seen) >= 512 and error <= 0.01:
            break
    assert abs(np.mean(seen) - every.mean()) < 4 * error, "a standard error that is none"
    return np.mean(seen), error


def interpretability(run, w, z, power):
    if run.task["kind"] != "modular" or run.task["operation"] != "add":
        return {}
    p = run.task["p"]
    grid = z.reshape(p, p, p)
    spectrum = np.fft.fft2(grid, axes=(0, 1))
    key = np.argsort(-power, kind="stable")[:5] + 1
    mask = np.zeros((p, p, 1))
    for k in key:
        mask[k, k] = mask[-k, -k] = 1
    key_part = np.fft.ifft2(spectrum * mask, axes=(0, 1)).real.reshape(p * p, p)
    restricted = key_part + z.mean(0)
    correct = np.array([[grid[i, j, (i + j) % p] for j in range(p)] for i in range(p)])
    distance = np.array([[correct[i, (i + d) % p] for i in range(p)] for d in range(p)])
    symmetricity, error = gradient_symmetricity(run, w)
    return {"/interpretability/restricted_loss": mean_cross_entropy(restricted, run.target),
            "/interpretability/excluded_loss": mean_cross_entropy((z - key_part)[run.train], run.target[run.train]),
            "/interpretability/gradient_symmetricity": symmetricity,
            "/interpretability/gradient_symmetricity_error": error,
            "/interpretability/distance_irrelevance": distance.std(1).mean() / correct.std()}
