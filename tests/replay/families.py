"""Tasks as tables, the symmetry families enumerated on them, and what each family compares; from the definitions of
docs/science.md and the inputs and labels of a results file."""

import itertools
import sys
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
import facts  # noqa: E402
import philox  # noqa: E402


# Tasks as data: any number of operands, inputs may be missing.
DATA = ("table", "planted", "parity", "latin", "expression", "word")


class Table:
    """Inputs of a task with their operands, so that a tuple can be named by operands and found by table index."""

    def __init__(self, config, inputs, label, clean_label):
        self.task = config["task"]
        self.elements = config.get("symmetry", {}).get("automorphism", {}).get("elements", "generators")
        self.kind = self.task["kind"]
        if self.task.get("operation") == "expression":
            self.kind = "expression"
        if self.kind == "group" and self.task.get("expression", "x*y") != "x*y":
            self.kind = "word"  # none of those replayed is equivariant under translation
        self.inputs = np.asarray(inputs)
        self.label = np.asarray(label).astype(int)
        self.relation_form = self.kind == "comparison" and self.task.get("form", "relation") == "relation"
        self.readout = int(config["model"]["kind"] == "transformer" and config["model"]["readout_token"])
        self.entities = self.count_entities()
        self.operands = self.read_operands(config) if self.kind in DATA else None
        self.first = self.inputs[:, 0]
        second = self.inputs[:, 2 if self.relation_form else 1]
        if config["model"].get("operand_embeddings", "tied") == "separate":
            # A block of entity tokens of its own, behind everything else.
            relations = 3 * len(self.task["sides"]) if self.relation_form else 0
            second = second - (self.entities + relations + self.readout)
        self.second = second
        self.relation = self.inputs[:, 1] if self.relation_form else np.full(len(self.inputs), -1)
        rows = zip(self.first.tolist(), self.second.tolist(), self.relation.tolist())
        self.index = {key: i for i, key in enumerate(rows)}
        if self.kind in DATA:
            self.index = {(*key, -1): i for i, key in enumerate(map(tuple, self.operands.tolist()))}
        # As the task defines them, where label_shuffle has permuted the labels in the file, or label_noise replaced some.
        self.true = np.asarray(clean_label).astype(int)
        if self.kind == "modular":
            self.true = np.array([self.f(x, y) for x, y in zip(self.first.tolist(), self.second.tolist())])
        if self.kind == "group":
            self.product = np.empty((self.entities, self.entities), dtype=int)
            self.product[self.first, self.second] = self.true

    def count_entities(self):
        task = self.task
        if self.kind in DATA:
            return int(self.inputs[0, -1] if self.readout else self.inputs.max() + 1)
        if self.kind == "modular":
            return task["p"]
        if self.kind == "comparison":
            return int(np.prod(task["sides"]))
        # Graphs and groups have every ordered pair of entities.
        return int(round(np.sqrt(len(self.inputs))))

    def read_operands(self, config):
        """[N, operands]: entities, whatever the block of their tokens."""
        operands = self.inputs[:, : self.inputs.shape[1] - self.readout].copy()
        if config["model"].get("operand_embeddings", "tied") == "separate":
            for k in range(1, operands.shape[1]):
                operands[:, k] -= self.entities * k + self.readout
        return operands

    def rows(self):
        return map(tuple, self.operands.tolist())

    def find(self, *operands):
        """As `at`, of any number of operands."""
        return self.index.get((*operands, -1), -1)

    def at(self, a, b, relation=-1):
        """Table index, -1 where there is no such input."""
        return self.index.get((int(a), int(b), int(relation)), -1)

    # The modular operations.
    def f(self, x, y):
        p = self.task["p"]
        return {
            "add": lambda: x + y,
            "sub": lambda: x - y,
            "sum_squared": lambda: (x + y) ** 2,
            "sum_cubed": lambda: (x + y) ** 3,
            "mul": lambda: x * y,
            "circle": lambda: x + x * y + y,
            "div": lambda: x * self.inverse(y),
            "sum_of_squares": lambda: x * x + y * y,
            "quadratic": lambda: x * x + x * y + y * y,
            "cubic": lambda: x**3 + x * y,
        }[self.task["operation"]]() % p

    def inverse(self, y):
        return pow(int(y), -1, self.task["p"])

    def units(self):
        p = self.task["p"]
        return [u for u in range(1, p) if np.gcd(u, p) == 1]

    def coordinates(self):
        """Entities of a comparison task, row-major in their attributes."""
        return np.array(list(itertools.product(*[range(side) for side in self.task["sides"]])))


# ---- tuples: (inputs, class map or None) of every tuple; the caller drops what is left out everywhere ----


def commutativity(table):
    if table.kind in DATA:
        for k, x in itertools.product(range(table.operands.shape[1] - 1), table.rows()):
            yield (table.find(*x), table.find(*x[:k], x[k + 1], x[k], *x[k + 2:])), None
        return
    for a, b in zip(table.first.tolist(), table.second.tolist()):
        if table.kind == "modular" and table.task["operation"] == "sub":
            p = table.task["p"]
            mirror = table.at(-b % p, -a % p)
        elif table.kind == "modular" and table.task["operation"] == "div":
            if a == 0:
                continue
            mirror = table.at(table.inverse(b), table.inverse(a))
        else:
            mirror = table.at(b, a)
        yield (table.at(a, b), mirror), None


def associativity(table, prediction=None):
    """prediction[input]: the class that stands for an inner product; None = the true one."""

    def inner(a, b):
        i = table.at(a, b)
        return -1 if i < 0 else int((table.true if prediction is None else prediction)[i])

    n = table.entities
    operation = table.task.get("operation") if table.kind == "modular" else "group"
    for x, y, z in itertools.product(range(n), repeat=3):
        if operation in ("sum_squared", "sum_cubed"):
            yield (table.at((x + y) % n, z), table.at(x, (y + z) % n)), None
            continue
        if operation == "div" and (y == 0 or z == 0):
            continue
        other = -z % n if operation == "sub" else table.inverse(z) if operation == "div" else z
        yield (table.at(inner(x, y), z), table.at(x, inner(y, other))), None


def translation(table):
    n = table.entities
    if table.kind == "expression":
        for g, x in itertools.product(range(n), table.rows()):
            yield (table.find((x[0] + g) % n, *x[1:]), table.find(*x)), [(c + g) % n for c in range(n)]
        return
    operation = table.task["operation"] if table.kind == "modular" else "group"
    if operation in ("add", "sub"):
        actions = [lambda c, g=g: (g + c) % n for g in range(n)]
    elif operation in ("mul", "div"):
        actions = [lambda c, g=g: g * c % n for g in table.units()]
    elif operation == "circle":
        actions = [lambda c, u=u: (u * (c + 1) - 1) % n for u in table.units()]
    else:  # a group
        actions = [lambda c, g=g: int(table.product[g, c]) for g in range(n)]
    for act in actions:
        image = [act(c) for c in range(n)]
        for a, b in zip(table.first.tolist(), table.second.tolist()):
            yield (table.at(image[a], b), table.at(a, b)), image


POWERS = {"add": 1, "sub": 1, "sum_squared": 2, "sum_of_squares": 2, "quadratic": 2, "mul": 2, "sum_cubed": 3, "div": 0}


def degree(table):
    """Of a homogeneous expression over a prime p, up to multiples of p - 1: the one that its values show."""
    p = table.task["p"]
    return next(k for k in range(p - 1) if all(
        pow(u, k, p) * table.true[table.find(*x)] % p == table.true[table.find(*(u * c % p for c in x))]
        for u in table.units() for x in table.rows()))


def scaling(table, units=None):
    p, k = table.task["p"], degree(table) if table.kind == "expression" else POWERS[table.task["operation"]]
    for u in table.units() if units is None else units:
        image = [pow(u, k, p) * c % p for c in range(p)]
        if table.kind == "expression":
            for x in table.rows():
                yield (table.find(*(u * c % p for c in x)), table.find(*x)), image
            continue
        for a, b in zip(table.first.tolist(), table.second.tolist()):
            yield (table.at(u * a % p, u * b % p), table.at(a, b)), image


def negation(table):
    return scaling(table, [table.task["p"] - 1])


def triangle(table):
    """The table's labels are the geodesics."""
    n = table.entities
    distance = np.empty((n, n), dtype=int)
    distance[table.first, table.second] = table.true
    for a, b, c in itertools.product(range(n), repeat=3):
        if b not in (a, c) and distance[a, b] + distance[b, c] == distance[a, c]:
            yield (table.at(a, b), table.at(b, c), table.at(a, c)), None


def reflexivity(table):
    for u in range(table.entities):
        yield (table.at(u, u),), None


def distance_symmetry(table):
    for a, b in zip(table.first.tolist(), table.second.tolist()):
        yield (table.at(a, b), table.at(b, a)), None


def attribute_queries(table):
    """(attribute, relation token of its `>` query or -1 in the three-way form)."""
    if table.relation_form:
        return [(k, table.entities + 3 * k + 2) for k in range(len(table.task["sides"]))]
    return [(table.task.get("attribute", 0), -1)]


def transitivity(table):
    coordinates = table.coordinates()
    for attribute, query in attribute_queries(table):
        value = coordinates[:, attribute]
        for a, b, c in itertools.product(range(table.entities), repeat=3):
            if value[a] < value[b] < value[c]:
                yield (table.at(a, b, query), table.at(b, c, query), table.at(a, c, query)), None


def antisymmetry(table):
    coordinates = table.coordinates()
    for attribute, query in attribute_queries(table):
        value = coordinates[:, attribute]
        for a, b in itertools.product(range(table.entities), repeat=2):
            if value[a] != value[b]:
                yield (table.at(a, b, query), table.at(b, a, query)), None


def bradley_terry(table):
    coordinates = table.coordinates()
    for attribute, query in attribute_queries(table):
        value = coordinates[:, attribute]
        less = query - 2 if table.relation_form else query
        for a, b, c in itertools.product(range(table.entities), repeat=3):
            if value[a] < value[b] < value[c] or value[a] > value[b] > value[c]:
                yield tuple(table.at(*pair, r) for r in (query, less) for pair in ((a, b), (b, c), (a, c))), None


def converse(table):
    for i, (a, b) in enumerate(zip(table.first.tolist(), table.second.tolist())):
        if table.relation_form:
            relation = int(table.relation[i])
            k, r = divmod(relation - table.entities, 3)
            yield (i, table.at(b, a, table.entities + 3 * k + 2 - r)), None
        else:
            yield (i, table.at(b, a)), [2, 1, 0]


def trichotomy(table):
    for _, query in attribute_queries(table):
        for a, b in itertools.product(range(table.entities), repeat=2):
            yield tuple(table.at(a, b, query - 2 + r) for r in range(3)), None


def label_pairs(table):
    for i in range(len(table.label)):
        for j in np.flatnonzero(table.label == table.label[i]).tolist():
            if i != j:
                yield (i, j), None


def then(first, second):
    """The symmetry that is `first`, then `second`."""
    to = first["positions"]
    return {"positions": [second["positions"][j] for j in to],
            "tokens": [[second["tokens"][j][t] for t in tokens] for j, tokens in zip(to, first["tokens"])],
            "classes": [second["classes"][c] for c in first["classes"]]}


def inverse(g):
    out = {"positions": [None] * len(g["positions"]), "tokens": [None] * len(g["positions"]), "classes": np.argsort(g["classes"]).tolist()}
    for j, k in enumerate(g["positions"]):
        out["positions"][k], out["tokens"][k] = j, np.argsort(g["tokens"][j]).tolist()
    return out


def random_elements(generators, count):
    """docs/science.md, Drawing: product replacement in a box of at least 12 elements, the first 100 products dropped."""
    box = [generators[i % len(generators)] for i in range(max(12, len(generators) + 1))]
    accumulator = {"positions": list(range(len(box[0]["positions"]))), "tokens": [list(range(len(part))) for part in box[0]["tokens"]],
                   "classes": list(range(len(box[0]["classes"])))}
    found = []
    for step in range(100 + count):
        word = philox.block(0, 16, step, 0)
        i, j = word[0] % len(box), word[1] % (len(box) - 1)
        other = box[j + (j >= i)]
        other = inverse(other) if word[2] & 1 else other
        box[i] = then(other, box[i]) if word[2] & 2 else then(box[i], other)
        accumulator = then(box[i], accumulator) if word[2] & 4 else then(accumulator, box[i])
        found.append(accumulator)
    return found[100:]


def automorphism(table):
    """Generators as the results file has them; positions are the operands, with the relation between them."""
    columns = table.operands if table.operands is not None else np.stack([table.first, table.second], 1)
    if table.relation_form:
        columns = np.stack([table.first, table.relation - table.entities, table.second], 1)
    rows = [tuple(x) for x in columns.tolist()]
    index = {x: i for i, x in enumerate(rows)}
    elements = table.generators if table.elements == "generators" else random_elements(table.generators, table.elements)
    for g in elements:
        for i, x in enumerate(rows):
            image = [None] * len(x)
            for j, t in enumerate(x):
                image[g["positions"][j]] = g["tokens"][j][t]
            yield (index[tuple(image)], i), g["classes"]


ENUMERATE = {
    "commutativity": commutativity,
    "associativity": associativity,
    "translation": translation,
    "negation": negation,
    "scaling": scaling,
    "triangle": triangle,
    "reflexivity": reflexivity,
    "distance_symmetry": distance_symmetry,
    "transitivity": transitivity,
    "antisymmetry": antisymmetry,
    "label_pairs": label_pairs,
    "bradley_terry": bradley_terry,
    "converse": converse,
    "trichotomy": trichotomy,
    "automorphism": automorphism,
}
facts.cover("the replay of families", facts.FAMILIES, ENUMERATE)


class Tuples:
    """inputs[n, arity] table indices, class_map[n, C] or None."""

    def __init__(self, inputs, maps, classes):
        self.inputs = torch.as_tensor(np.asarray(inputs, dtype=np.int64).reshape(len(inputs), -1))
        identity = list(range(classes))
        if all(image is None or list(image) == identity for image in maps):
            self.class_map = None
        else:
            self.class_map = torch.as_tensor([identity if image is None else list(image) for image in maps])

    def __len__(self):
        return len(self.inputs)


def enumerate_tuples(table, family, classes, split=None, prediction=None):
    """Every tuple but those with equal inputs and the identity map; all inputs in the train split when it is given."""
    identity = list(range(classes))
    inputs, maps = [], []
    listed = (associativity(table, prediction) if family == "associativity" else ENUMERATE[family](table))
    for indices, image in listed:
        if min(indices) < 0:
            continue
        if len(indices) == 2 and indices[0] == indices[1] and (image is None or list(image) == identity):
            continue
        if split is not None and not all(split[i] for i in indices):
            continue
        inputs.append(indices)
        maps.append(image)
    return Tuples(inputs, maps, classes)


# ---- what is compared: violations [n] in nats, and both sides' scores whose argmax is their prediction ----


def symmetric_kl(p_log, q_log):
    return 0.5 * ((p_log.exp() - q_log.exp()) * (p_log - q_log)).sum(1)


def mapped_pair(log_p, tuples):
    """q(c) = p(map(c) | input 0) against p(c | input 1)."""
    first = log_p[tuples.inputs[:, 0]]
    if tuples.class_map is not None:
        first = first.gather(1, tuples.class_map)
    second = log_p[tuples.inputs[:, 1]]
    return symmetric_kl(first, second), first, second


def convolution(log_p, tuples, divergence):
    """log sum_i P_ab(i) P_bc(k - i), k = 0..C-1, normalized, against P_ac."""
    ab, bc, ac = (log_p[tuples.inputs[:, j]] for j in range(3))
    classes = log_p.shape[1]
    folded = torch.stack([torch.logsumexp(ab[:, :k + 1] + bc[:, :k + 1].flip(1), 1) for k in range(classes)], 1)
    folded = torch.log_softmax(folded, 1)
    if divergence == "forward_kl":
        return (folded.exp() * (folded - ac)).sum(1), folded, ac
    return symmetric_kl(folded, ac), folded, ac


def bernoulli_pair(u, v):
    """Log-odds: 1/2 (s(u) - s(v)) (u - v); the scores say on which side of even odds each stands."""
    value = 0.5 * (torch.sigmoid(u) - torch.sigmoid(v)) * (u - v)
    zero = torch.zeros_like(u)
    return value, torch.stack([zero, u], 1), torch.stack([zero, v], 1)


def violations(family, tuples, logits, table, options):
    """(value[n], scores of one side [n, m], scores of the other)."""
    log_p = torch.log_softmax(logits, 1)
    if family == "triangle":
        return convolution(log_p, tuples, options.get("divergence", "symmetric_kl"))
    if family == "reflexivity":
        direct = log_p[tuples.inputs[:, 0]]
        wanted = torch.zeros_like(direct)
        wanted[:, 0] = 1
        return -direct[:, 0], direct, wanted
    if family == "trichotomy":
        p = torch.sigmoid((logits[:, 1] - logits[:, 0])[tuples.inputs])
        rest = 1 - p
        one = p[:, 0] * rest[:, 1] * rest[:, 2] + p[:, 1] * rest[:, 0] * rest[:, 2] + p[:, 2] * rest[:, 0] * rest[:, 1]
        holds = ((p > 0.5).sum(1) == 1).to(logits.dtype)
        return -one.log(), torch.stack([torch.ones_like(holds), 0 * holds], 1), torch.stack([holds, 1 - holds], 1)
    if family == "bradley_terry":
        high, low = (1, 0) if table.relation_form else (2, 0)
        odds = (logits[:, high] - logits[:, low])[tuples.inputs]
        same = tuples.inputs[:, :3] == tuples.inputs[:, 3:]
        strength = torch.where(same, odds[:, :3], (odds[:, :3] - odds[:, 3:]) / 2)
        return bernoulli_pair(strength[:, 0] + strength[:, 1], strength[:, 2])
    if family in ("transitivity", "antisymmetry"):
        high, low = (1, 0) if table.relation_form else (2, 0)
        odds = (logits[:, high] - logits[:, low])[tuples.inputs]
        if family == "transitivity":
            return bernoulli_pair(odds[:, 0] + odds[:, 1], odds[:, 2])
        return bernoulli_pair(odds[:, 0], -odds[:, 1])
    return mapped_pair(log_p, tuples)
