"""The tasks and symmetry families written down a second time, from their definitions, with Python's own means.

A task is a dictionary: `inputs` in table order, each a tuple of entities and (relation form) the relation between them;
`label` of each input; `classes`. A family's tuples are (inputs..., class map as a tuple or None for the identity)."""

import itertools
import re
import sys
from collections import deque
from math import gcd
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
import facts  # noqa: E402
sys.path.append(str(Path(__file__).resolve().parents[1] / "replay"))
import philox  # noqa: E402

# ---- modular ----

OPERATION = {
    "add": lambda x, y, p: (x + y) % p,
    "sub": lambda x, y, p: (x - y) % p,
    "sum_squared": lambda x, y, p: pow(x + y, 2, p),
    "sum_cubed": lambda x, y, p: pow(x + y, 3, p),
    "mul": lambda x, y, p: x * y % p,
    "circle": lambda x, y, p: (x + x * y + y) % p,
    "div": lambda x, y, p: x * pow(y, -1, p) % p,
    "sum_of_squares": lambda x, y, p: (x**2 + y**2) % p,
    "quadratic": lambda x, y, p: (x**2 + x * y + y**2) % p,
    "cubic": lambda x, y, p: (x**3 + x * y) % p,
}


def is_prime(n):
    return n > 1 and all(n % d for d in range(2, n))


def modular(operation, p):
    f = OPERATION[operation]
    seconds = range(1, p) if operation == "div" else range(p)
    inputs = [(x, y) for x in range(p) for y in seconds]
    return {"kind": "modular", "operation": operation, "p": p, "f": lambda x, y: f(x, y, p), "inputs": inputs,
            "label": [f(x, y, p) for x, y in inputs], "classes": p, "entities": p}


# ---- graphs: a set of edges between coordinates, then a search from every node ----

def box(*sides):
    return list(itertools.product(*(range(s) for s in sides)))


def lattice_edges(sides, periodic):
    for v in box(*sides):
        for axis, side in enumerate(sides):
            w = list(v)
            w[axis] += 1
            if w[axis] == side:
                if not periodic[axis]:
                    continue
                w[axis] = 0
            yield v, tuple(w)


def graph_from_edges(nodes, edges):
    neighbors = {v: set() for v in nodes}
    for a, b in edges:
        neighbors[a].add(b)
        neighbors[b].add(a)
    label = []
    for source in nodes:
        distance = {source: 0}
        queue = deque([source])
        while queue:
            v = queue.popleft()
            for w in neighbors[v]:
                if w not in distance:
                    distance[w] = distance[v] + 1
                    queue.append(w)
        label += [distance[v] for v in nodes]
    n = len(nodes)
    return {"kind": "graph", "inputs": [(a, b) for a in range(n) for b in range(n)], "label": label,
            "classes": max(label) + 1, "entities": n, "coordinates": nodes}


def graph(kind, nodes=0, sides=(), dimension=0, branching=0, depth=0):
    if kind in ("cycle", "path"):
        return graph_from_edges(box(nodes), lattice_edges([nodes], [kind == "cycle"]))
    if kind == "hypercube":
        vertices = box(*[2] * dimension)
        edges = [(a, b) for a in vertices for b in vertices if sum(i != j for i, j in zip(a, b)) == 1]
        return graph_from_edges(vertices, edges)
    if kind == "tree":
        count, edges, level = 1, [], [0]
        for _ in range(depth):
            below = []
            for parent in level:
                for _ in range(branching):
                    edges.append((parent, count))
                    below.append(count)
                    count += 1
            level = below
        return graph_from_edges(list(range(count)), edges)
    periodic = {"grid": [False] * 2, "grid3d": [False] * 3, "cylinder": [True, False], "torus": [True] * len(sides)}
    return graph_from_edges(box(*sides), lattice_edges(sides, periodic[kind]))


# ---- comparison ----

def holds(order, a, b):
    return {"<": a < b, "=": a == b, ">": a > b}[order]


def comparison(form, sides, attribute=0):
    entities = box(*sides)
    n = len(entities)
    if form == "three_way":
        inputs = [(a, b) for a in range(n) for b in range(n)]
        label = [["<", "=", ">"].index(next(o for o in "<=>" if holds(o, entities[a][attribute], entities[b][attribute])))
                 for a, b in inputs]
        return {"kind": "comparison", "form": form, "inputs": inputs, "label": label, "classes": 3, "entities": n,
                "coordinates": entities, "attributes": [attribute]}
    relations = [(k, order) for k in range(len(sides)) for order in "<=>"]
    inputs = [(a, r, b) for a in range(n) for r in range(len(relations)) for b in range(n)]
    label = [int(holds(relations[r][1], entities[a][relations[r][0]], entities[b][relations[r][0]]))
             for a, r, b in inputs]
    return {"kind": "comparison", "form": form, "inputs": inputs, "label": label, "classes": 2, "entities": n,
            "coordinates": entities, "attributes": list(range(len(sides))), "relations": relations}


# ---- groups: concrete elements that Python can multiply ----

def group_from(elements, multiply):
    index = {g: i for i, g in enumerate(elements)}
    n = len(elements)
    inputs = [(g, h) for g in range(n) for h in range(n)]
    label = [index[multiply(elements[g], elements[h])] for g, h in inputs]
    return {"kind": "group", "inputs": inputs, "label": label, "classes": n, "entities": n, "coordinates": elements,
            "product": lambda g, h: label[g * n + h]}


def compose(g, h):
    return tuple(g[i] for i in h)


def dihedral(n):
    """Symmetries of a polygon as permutations of its corners (n > 2); r turns by one corner, s reflects."""
    def r(k):
        return tuple((i + k) % n for i in range(n))
    s = tuple(-i % n for i in range(n))
    return group_from([r(k) for k in range(n)] + [compose(r(k), s) for k in range(n)], compose)


def group(kind, n=0, factors=()):
    if kind == "symmetric":
        return group_from(list(itertools.permutations(range(n))), compose)
    if kind == "alternating":
        def is_even(g):
            return sum(a > b for a, b in itertools.combinations(g, 2)) % 2 == 0
        return group_from([g for g in itertools.permutations(range(n)) if is_even(g)], compose)
    if kind == "dihedral":
        return dihedral(n)
    factors = {"cyclic": [n], "product": factors}[kind]
    return group_from(box(*factors), lambda g, h: tuple((a + b) % f for a, b, f in zip(g, h, factors)))


# ---- tasks as data: any number of operands, inputs may be missing ----

def data(label, classes, entities):
    """From the label of each input, a tuple of operands."""
    inputs = sorted(label)
    width = len(inputs[0])
    return {"kind": "data", "inputs": inputs, "label": [label[x] for x in inputs], "classes": classes,
            "entities": entities, "operands": width, "closed": width == 2 and classes == entities}


class Element:
    """An element of a group of the reference by its number, with Python's operators."""

    def __init__(self, number, task):
        self.number, self.task = number, task

    def __mul__(self, other):
        return Element(self.task["product"](self.number, other.number), self.task)

    def __pow__(self, exponent):
        product, out = self.task["product"], 0
        inverse = next(h for h in range(self.task["entities"]) if product(self.number, h) == 0)
        for _ in range(abs(exponent)):
            out = product(out, self.number if exponent > 0 else inverse)
        return Element(out, self.task)


def word(text, group_task):
    """A word as Python reads it, with ^ for **."""
    names = "xyzw"[:max("xyzw".index(c) for c in text if c in "xyzw") + 1]
    n = group_task["entities"]
    label = {values: eval(text.replace("^", "**"), {name: Element(v, group_task) for name, v in zip(names, values)}).number
             for values in itertools.product(range(n), repeat=len(names))}
    return {**data(label, n, n), "product": group_task["product"]}


class Residue:
    """A residue modulo p with Python's operators."""

    def __init__(self, value, p):
        self.value, self.p = value % p, p

    def __add__(self, other):
        return Residue(self.value + other.value, self.p)

    def __sub__(self, other):
        return Residue(self.value - other.value, self.p)

    def __mul__(self, other):
        return Residue(self.value * other.value, self.p)

    def __truediv__(self, other):
        if other.value == 0:
            raise ZeroDivisionError
        return Residue(self.value * pow(other.value, -1, self.p), self.p)

    def __neg__(self):
        return Residue(-self.value, self.p)

    def __pow__(self, exponent):
        return Residue(pow(self.value, exponent, self.p), self.p)


def expression(text, p, degree=None):
    """A polynomial as Python reads it, with ^ for **; `degree` of a homogeneous one."""
    code = re.sub(r"(\^?)\s*(\d+)", lambda m: "**" + m[2] if m[1] else "N(%s)" % m[2], text)
    names = "xyzw"[:max("xyzw".index(c) for c in text if c in "xyzw") + 1]
    label = {}
    for values in itertools.product(range(p), repeat=len(names)):
        known = {name: Residue(value, p) for name, value in zip(names, values)}
        try:
            label[values] = eval(code, {"N": lambda n: Residue(n, p), **known}).value
        except ZeroDivisionError:
            pass
    return {**data(label, p, p), "p": p, "degree": degree}


STREAM_TABLE = 8


def planted(n, symmetry_order, table_seed=0, scramble="none"):
    """As docs/science.md says what is drawn."""
    m = n // symmetry_order
    corner = [[philox.below(table_seed, STREAM_TABLE, 0, i * m + j, n) for j in range(m)] for i in range(m)]
    label = {(x, y): (corner[x % m][y % m] + m * (x // m + y // m)) % n for x in range(n) for y in range(n)}
    if scramble == "isotope":
        px, py, pl = (philox.permutation(n, table_seed, STREAM_TABLE, step).tolist() for step in (1, 2, 3))
        label = {(px[x], py[y]): pl[c] for (x, y), c in label.items()}
    if scramble == "cells":
        to = philox.permutation(n * n, table_seed, STREAM_TABLE, 4).tolist()
        label = {divmod(to[x * n + y], n): c for (x, y), c in label.items()}
    return data(label, n, n)


def latin(n, table_seed=0):
    """Jacobson and Matthews on the incidence cube itself."""
    cube = np.zeros((n, n, n), dtype=int)
    for x in range(n):
        for y in range(n):
            cube[x, y, (x + y) % n] = 1
    at = came_from = None
    t = proper = 0
    while proper < 4 * n * n:
        if at is None:
            u = philox.below(table_seed, STREAM_TABLE, 0, t, n * n * (n - 1))
            x, y, z = u // (n * (n - 1)), u // (n - 1) % n, u % (n - 1)
            z += z >= cube[x, y].argmax()
            other = cube[:, y, z].argmax(), cube[x, :, z].argmax(), cube[x, y].argmax()
        else:
            u = philox.below(table_seed, STREAM_TABLE, 0, t, 8)
            x, y, z = at
            lines = cube[:, y, z], cube[x, :, z], cube[x, y]
            other = [came_from[k] if u >> k & 1 else next(i for i in np.flatnonzero(lines[k] == 1) if i != came_from[k])
                     for k in range(3)]
        for i, j, k in itertools.product((0, 1), repeat=3):
            cube[(x, other[0])[i], (y, other[1])[j], (z, other[2])[k]] += 1 - 2 * ((i + j + k) % 2)
        came_from = x, y, z
        at = tuple(other) if cube[tuple(other)] < 0 else None
        t += 1
        proper += at is None
    return data({(x, y): int(cube[x, y].argmax()) for x in range(n) for y in range(n)}, n, n)


# ---- symmetry families: every tuple, by the definitions ----

def class_map(task, f):
    values = tuple(f(c) for c in range(task["classes"]))
    return None if values == tuple(range(task["classes"])) else values


def pairs(candidates):
    """Left out: equal inputs under the identity."""
    return [(a, b, m) for a, b, m in candidates if a != b or m is not None]


def neighbours_exchanged(task):
    width, known = task["operands"], set(task["inputs"])
    if width < 2 or task["entities"] < 2:
        return None
    swapped = [(x, x[:k] + (x[k + 1], x[k]) + x[k + 2:], None) for x in task["inputs"] for k in range(width - 1)]
    return pairs([t for t in swapped if t[1] in known])


def commutativity(task):
    if task["kind"] == "data":
        return neighbours_exchanged(task)
    inverse = {}
    if task.get("operation") == "div":
        p = task["p"]
        inverse = {y: pow(y, -1, p) for y in range(1, p)}
        return pairs([((x, y), (inverse[y], inverse[x]), None) for x, y in task["inputs"] if x != 0])
    if task.get("operation") == "sub":
        p = task["p"]
        return pairs([((x, y), (-y % p, -x % p), None) for x, y in task["inputs"]])
    if task["kind"] in ("modular", "group"):
        return pairs([((x, y), (y, x), None) for x, y in task["inputs"]])
    return None


def inner_values(task):
    """(x, y, z) -> the table entries of the two inner values and how they become operands; None for plain sums."""
    if task["kind"] in ("group", "data"):
        return lambda x, y, z: ((x, y), (y, z))
    p, operation = task["p"], task["operation"]
    if operation in ("sum_squared", "sum_cubed"):
        return None
    if operation == "sub":
        return lambda x, y, z: ((x, y), (y, -z % p))
    if operation == "div":
        return lambda x, y, z: ((x, y), (y, pow(z, -1, p)))
    return lambda x, y, z: ((x, y), (y, z))


def associativity(task):
    if task["kind"] not in ("modular", "group") and not task.get("closed"):
        return None
    value = dict(zip(task["inputs"], task["label"]))
    seconds = sorted({y for _, y in task["inputs"]})
    inner = inner_values(task)
    found = []
    for x in range(task["entities"]):
        for y in seconds:
            for z in seconds:
                if inner is None:
                    p = task["p"]
                    left, right = (x + y) % p, (y + z) % p
                else:
                    left, right = (value.get(entry) for entry in inner(x, y, z))
                if (x, right) in value and (left, z) in value:
                    found.append(((left, z), (x, right), None))
    return pairs(found)


def translation(task):
    if task["kind"] == "group":
        product = task["product"]
        return pairs([((product(g, x), y), (x, y), class_map(task, lambda c: product(g, c)))
                      for g in range(task["entities"]) for x, y in task["inputs"]])
    if task["kind"] == "data" and ("p" in task or "product" in task):
        label, n = dict(zip(task["inputs"], task["label"])), task["entities"]
        act = task.get("product", lambda g, x: (g + x) % n)
        moved = [((act(g, x[0]), *x[1:]), x, g) for g in range(n) for x in task["inputs"]]
        if any(label.get(y, act(g, label[x])) != act(g, label[x]) for y, x, g in moved):
            return None
        return pairs([(y, x, class_map(task, lambda c: act(g, c))) for y, x, g in moved if y in label])
    if task["kind"] != "modular":
        return None
    p, operation = task["p"], task["operation"]
    if operation in ("add", "sub"):
        acting, act = range(p), lambda g, x: (g + x) % p
    elif operation in ("mul", "div"):
        acting, act = [g for g in range(1, p) if gcd(g, p) == 1], lambda g, x: g * x % p
    elif operation == "circle":
        acting, act = [g for g in range(p) if gcd(g + 1, p) == 1], lambda g, x: (g + x + g * x) % p
    else:
        return None
    return pairs([((act(g, x), y), (x, y), class_map(task, lambda c: act(g, c))) for g in acting for x, y in task["inputs"]])


DEGREE = {"add": 1, "sub": 1, "sum_squared": 2, "sum_of_squares": 2, "quadratic": 2, "mul": 2, "sum_cubed": 3, "div": 0}


def scaling(task, units=None):
    k = DEGREE.get(task["operation"]) if task["kind"] == "modular" else task.get("degree")
    if k is None or task["p"] == 2:
        return None
    p = task["p"]
    if units is None:
        units = [u for u in range(1, p) if gcd(u, p) == 1]
    return pairs([(tuple(u * c % p for c in x), x, class_map(task, lambda c: pow(u, k, p) * c % p))
                  for u in units for x in task["inputs"]])


def negation(task):
    return scaling(task, [task["p"] - 1]) if "p" in task else None


def triangle(task):
    if task["kind"] != "graph":
        return None
    n, d = task["entities"], dict(zip(task["inputs"], task["label"]))
    return [((a, b), (b, c), (a, c), None) for a in range(n) for b in range(n) for c in range(n)
            if d[a, b] > 0 and d[b, c] > 0 and d[a, b] + d[b, c] == d[a, c]]


def reflexivity(task):
    return [((u, u), None) for u in range(task["entities"])] if task["kind"] == "graph" else None


def distance_symmetry(task):
    return pairs([((u, v), (v, u), None) for u, v in task["inputs"]]) if task["kind"] == "graph" else None


def greater(task, attribute, a, b):
    """The input whose log-odds say that a is greater than b."""
    return (a, b) if task["form"] == "three_way" else (a, task["relations"].index((attribute, ">")), b)


def transitivity(task):
    if task["kind"] != "comparison":
        return None
    n, at = task["entities"], task["coordinates"]
    return [(greater(task, k, a, b), greater(task, k, b, c), greater(task, k, a, c), None) for k in task["attributes"]
            for a in range(n) for b in range(n) for c in range(n) if at[a][k] < at[b][k] < at[c][k]]


def antisymmetry(task):
    if task["kind"] != "comparison":
        return None
    n, at = task["entities"], task["coordinates"]
    return [(greater(task, k, a, b), greater(task, k, b, a), None) for k in task["attributes"]
            for a in range(n) for b in range(n) if at[a][k] != at[b][k]]


def query(task, attribute, a, relation, b):
    return (a, b) if task["form"] == "three_way" else (a, task["relations"].index((attribute, relation)), b)


def bradley_terry(task):
    if task["kind"] != "comparison":
        return None
    n, at = task["entities"], task["coordinates"]
    return [(*(query(task, k, *pair[:1], r, *pair[1:]) for r in "><" for pair in ((a, b), (b, c), (a, c))), None)
            for k in task["attributes"] for a in range(n) for b in range(n) for c in range(n)
            if at[a][k] < at[b][k] < at[c][k] or at[a][k] > at[b][k] > at[c][k]]


CONVERSE = {"<": ">", "=": "=", ">": "<"}


def converse(task):
    if task["kind"] != "comparison":
        return None
    if task["form"] == "three_way":
        return pairs([((a, b), (b, a), (2, 1, 0)) for a, b in task["inputs"]])
    relations = task["relations"]
    turned = [relations.index((k, CONVERSE[r])) for k, r in relations]
    return pairs([((a, r, b), (b, turned[r], a), None) for a, r, b in task["inputs"]])


def trichotomy(task):
    if task["kind"] != "comparison" or task["form"] == "three_way":
        return None
    n = task["entities"]
    return [(*(query(task, k, a, r, b) for r in "<=>"), None)
            for k in task["attributes"] for a in range(n) for b in range(n)]


def label_pairs(task):
    members = {}
    for i, c in zip(task["inputs"], task["label"]):
        members.setdefault(c, []).append(i)
    return [(i, j, None) for inputs in members.values() for i in inputs for j in inputs if i != j]


def automorphism(task):
    """Of the generators that the program has found, which test_symmetries.py holds to be the whole group."""
    found = []
    for g in task["generators"]:
        for x in task["inputs"]:
            image = [None] * len(x)
            for j, t in enumerate(x):
                image[g["positions"][j]] = g["tokens"][j][t]
            found.append((tuple(image), x, class_map(task, g["classes"].__getitem__)))
    return pairs(found)


FAMILY = {f.__name__: f for f in (commutativity, associativity, translation, negation, scaling, triangle, reflexivity,
                                  distance_symmetry, transitivity, antisymmetry, label_pairs, bradley_terry,
                                  converse, trichotomy, automorphism)}

facts.cover("the reference of operations", facts.OPERATIONS, OPERATION)
facts.cover("the reference of families", facts.FAMILIES, FAMILY)


def is_true(task, name, tuples):
    """Is every tuple right about the labels? What each family says is repeated here in terms of labels."""
    label = dict(zip(task["inputs"], task["label"]))
    for *inputs, m in tuples:
        c = [label[i] for i in inputs]
        if name == "triangle":
            right = c[0] + c[1] == c[2]
        elif name == "reflexivity":
            right = c[0] == 0
        elif name == "trichotomy":
            right = sum(c) == 1
        elif name == "bradley_terry":
            sign = [1 if k == task["classes"] - 1 else -1 for k in c]
            if task["form"] == "relation":
                right = sign[0] == sign[1] == sign[2] == -sign[3] == -sign[4] == -sign[5]
            else:
                right = sign[0] == sign[1] == sign[2]
        elif name in ("transitivity", "antisymmetry"):
            # Signs of the log-odds: + where a is greater than b.
            sign = [1 if k == task["classes"] - 1 else -1 for k in c]
            right = sign[0] == -sign[1] if name == "antisymmetry" else sign[0] == sign[1] == sign[2]
        else:
            right = c[0] == (c[1] if m is None else m[c[1]])
        if not right:
            return False
    return True
