"""Tasks, symmetry families and random draws for the reference of the measures, written from docs/science.md alone.

A family is a list of tuples (inputs of the table, class map or None); order as documented: by table index, by
(x, y, z), by (g, table index), by (attribute, a, b, c), by (label, first, second)."""

import itertools
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
import facts  # noqa: E402
from facts import FAMILIES  # noqa: E402

# ---- Philox4x32-10 (docs: random numbers) ----

STREAM_MEASURE, STREAM_NULL, STREAM_EVALUATE = 6, 0x100, 0x200


def philox(seed, stream, step, index):
    """Four 32-bit words of each (step, index), arrays of one shape."""
    step, index = np.broadcast_arrays(np.asarray(step, np.uint64), np.asarray(index, np.uint64))
    mask, shift = np.uint64(0xFFFFFFFF), np.uint64(32)
    c = [step & mask, step >> shift, index & mask, index >> shift]
    k0, k1 = seed, stream
    for _ in range(10):
        a, b = c[0] * np.uint64(0xD2511F53), c[2] * np.uint64(0xCD9E8D57)
        c = [(b >> shift) ^ c[1] ^ np.uint64(k0), b & mask, (a >> shift) ^ c[3] ^ np.uint64(k1), a & mask]
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return c


def below(bound, seed, stream, step, index):
    words = philox(seed, stream, np.atleast_1d(step), np.atleast_1d(index))
    product = [w.astype(object) * bound for w in words[:2]]
    return (((product[1] << 32) + product[0]) >> 64).astype(int).ravel()


def permutation(n, seed, stream, step):
    out = list(range(n))
    for i in range(n - 1, 0, -1):
        j = int(below(i + 1, seed, stream, step, i)[0])
        out[i], out[j] = out[j], out[i]
    return out


# ---- groups ----

def group_elements(task):
    """Elements in documented order and their product."""
    kind, n = task["group"], task.get("n")
    if kind in ("cyclic", "product"):
        factors = [n] if kind == "cyclic" else task["factors"]
        elements = list(itertools.product(*map(range, factors)))
        return elements, lambda g, h: tuple((a + b) % f for a, b, f in zip(g, h, factors))
    if kind == "dihedral":
        elements = [(k, f) for f in range(2) for k in range(n)]
        return elements, lambda g, h: ((g[0] + (h[0] if g[1] == 0 else -h[0])) % n, (g[1] + h[1]) % 2)
    if kind not in ("symmetric", "alternating"):
        raise ValueError("no reference of the group %s" % kind)
    elements = list(itertools.permutations(range(n)))
    if kind == "alternating":
        elements = [g for g in elements if np.linalg.det(np.eye(n)[list(g)]) > 0]
    return elements, lambda g, h: tuple(g[h[i]] for i in range(n))


def cayley(task):
    elements, product = group_elements(task)
    number = {g: i for i, g in enumerate(elements)}
    return np.array([[number[product(g, h)] for h in elements] for g in elements])


# ---- graphs ----

def graph_edges(task):
    kind = task["graph"]
    if kind in ("cycle", "path"):
        n = task["nodes"]
        return n, [(i, i + 1) for i in range(n - 1)] + ([(n - 1, 0)] if kind == "cycle" else [])
    if kind == "tree":
        b, n = task["branching"], sum(task["branching"] ** k for k in range(task["depth"] + 1))
        return n, [((i - 1) // b, i) for i in range(1, n)]
    sides = [2] * task["dimension"] if kind == "hypercube" else task["sides"]
    periodic = {"grid": [], "grid3d": [], "hypercube": [], "cylinder": [0], "torus": range(len(sides))}[kind]
    nodes = list(itertools.product(*map(range, sides)))
    edges = []
    for i, node in enumerate(nodes):
        for axis, side in enumerate(sides):
            step = list(node)
            step[axis] += 1
            if step[axis] == side and axis in periodic:
                step[axis] = 0
            if step[axis] < side:
                edges.append((i, nodes.index(tuple(step))))
    return len(nodes), edges


def geodesics(task):
    n, edges = graph_edges(task)
    d = np.full((n, n), n * n)
    d[range(n), range(n)] = 0
    for i, j in edges:
        if i != j:
            d[i, j] = d[j, i] = 1
    for k in range(n):
        d = np.minimum(d, d[:, [k]] + d[[k], :])
    return d


# ---- modular operations ----

def inverse(x, p):
    return pow(int(x), -1, p)


OPERATIONS = {
    "add": lambda x, y, p: (x + y) % p, "sub": lambda x, y, p: (x - y) % p,
    "sum_squared": lambda x, y, p: (x + y) ** 2 % p, "sum_cubed": lambda x, y, p: (x + y) ** 3 % p,
    "mul": lambda x, y, p: x * y % p, "circle": lambda x, y, p: (x + x * y + y) % p,
    "div": lambda x, y, p: x * inverse(y, p) % p, "sum_of_squares": lambda x, y, p: (x * x + y * y) % p,
    "quadratic": lambda x, y, p: (x * x + x * y + y * y) % p, "cubic": lambda x, y, p: (x ** 3 + x * y) % p,
}
facts.cover("the reference of operations", facts.OPERATIONS, OPERATIONS)
DEGREE = {"add": 1, "sub": 1, "sum_squared": 2, "sum_of_squares": 2, "quadratic": 2, "mul": 2, "sum_cubed": 3, "div": 0}


def exponents(task):
    """One row of exponents an entity, None for an entity outside the group; the factors. (None, None): no group."""
    if task["kind"] == "group":
        if task["group"] not in ("cyclic", "product"):
            return None, None
        return group_elements(task)[0], [task["n"]] if task["group"] == "cyclic" else task["factors"]
    if task["kind"] != "modular":
        return None, None
    p, operation = task["p"], task["operation"]
    if operation not in ("mul", "div", "circle"):
        return [(i,) for i in range(p)], [p]
    root = next(g for g in range(1, p) if len({pow(g, k, p) for k in range(p - 1)}) == p - 1)
    logarithm = {pow(root, k, p): (k,) for k in range(p - 1)}
    return [logarithm.get((i + (operation == "circle")) % p) for i in range(p)], [p - 1]


def mirror(task, a, b, r):
    """(a', b', r') of the mirror, or None."""
    if task["kind"] == "comparison":
        return (b, a, r if r is None else r - r % 3 + 2 - r % 3)
    if task["kind"] == "modular":
        p, operation = task["p"], task["operation"]
        if operation == "sub":
            return -b % p, -a % p, r
        if operation == "div":
            return (inverse(b, p), inverse(a, p), r) if a else None
    return b, a, r


def has_mirrors(task):
    if task["kind"] == "group":
        return exponents(task)[0] is not None
    return task.get("operation") != "cubic"


# ---- families ----

def pairs_that_differ(tuples):
    """Left out: equal inputs under the identity map."""
    return [(i, m) for i, m in tuples if len(i) != 2 or i[0] != i[1] or (m is not None and list(m) != sorted(m))]


def modular_families(task, at, table):
    p, operation = task["p"], task["operation"]
    residues, f = range(p), lambda x, y: OPERATIONS[operation](x, y, p)
    entries, out = list(table), {}
    if operation == "sub":
        out["commutativity"] = [((at(x, y), at(-y % p, -x % p)), None) for x, y in entries]
    elif operation == "div":
        out["commutativity"] = [((at(x, y), at(inverse(y, p), inverse(x, p))), None) for x, y in entries if x]
    else: # of cubic it is false: a control
        out["commutativity"] = [((at(x, y), at(y, x)), None) for x, y in entries]
    triples = itertools.product(residues, repeat=3)
    if operation == "sub":
        sides = [((f(x, y), z), (x, f(y, -z % p))) for x, y, z in triples]
    elif operation == "div":
        sides = [((f(x, y), z), (x, f(y, inverse(z, p)))) for x, y, z in triples if y and z]
    elif operation.startswith("sum_") and operation != "sum_of_squares":
        sides = [(((x + y) % p, z), (x, (y + z) % p)) for x, y, z in triples]
    else:
        sides = [((f(x, y), z), (x, f(y, z))) for x, y, z in triples]
    out["associativity"] = [((at(*left), at(*right)), None) for left, right in sides]
    moves = {"add": lambda g, x: g + x, "sub": lambda g, x: g + x, "mul": lambda g, x: g * x,
             "div": lambda g, x: g * x, "circle": lambda g, x: g + x + g * x}
    if operation in moves:
        move = lambda g, x: moves[operation](g, x) % p
        acting = [g for g in residues if len({move(g, x) for x in residues}) == p]
        out["translation"] = [((at(move(g, x), y), at(x, y)), [move(g, c) for c in residues])
                              for g in acting for x, y in entries]
    if operation in DEGREE and p > 2:
        def scaled(units):
            return [((at(u * x % p, u * y % p), at(x, y)), [pow(u, DEGREE[operation], p) * c % p for c in residues])
                    for u in units for x, y in entries]
        out["negation"] = scaled([p - 1])
        out["scaling"] = scaled([u for u in residues if np.gcd(u, p) == 1])
    return out


def group_families(task, at):
    product = cayley(task)
    elements = range(len(product))
    triples = itertools.product(elements, repeat=3)
    return {
        "commutativity": [((at(g, h), at(h, g)), None) for g in elements for h in elements],
        "associativity": [((at(product[x, y], z), at(x, product[y, z])), None) for x, y, z in triples],
        "translation": [((at(product[g, x], y), at(x, y)), list(product[g]))
                        for g in elements for x in elements for y in elements],
    }


def graph_families(task, at):
    d = geodesics(task)
    nodes = range(len(d))
    return {
        "triangle": [((at(a, b), at(b, c), at(a, c)), None) for a, b, c in itertools.product(nodes, repeat=3)
                     if a != b and b != c and d[a, b] + d[b, c] == d[a, c]],
        "reflexivity": [((at(u, u),), None) for u in nodes],
        "distance_symmetry": [((at(u, v), at(v, u)), None) for u in nodes for v in nodes],
    }


def comparison_families(task, at):
    entities = list(itertools.product(*map(range, task["sides"])))
    numbers = range(len(entities))
    compared = range(len(task["sides"])) if task["form"] == "relation" else [task["attribute"]]
    greater = lambda k, a, b: at(a, b, 3 * k + 2) if task["form"] == "relation" else at(a, b)
    value = lambda k, a: entities[a][k]
    less = lambda k, a, b: at(a, b, 3 * k) if task["form"] == "relation" else at(a, b)
    turned = ([((at(a, b, 3 * k + r), at(b, a, 3 * k + 2 - r)), None)
               for a in numbers for k in compared for r in range(3) for b in numbers]
              if task["form"] == "relation" else [((at(a, b), at(b, a)), (2, 1, 0)) for a in numbers for b in numbers])
    once = ([(tuple(at(a, b, 3 * k + r) for r in range(3)), None) for k in compared for a in numbers for b in numbers]
            if task["form"] == "relation" else [])
    return {
        "bradley_terry": [(tuple(says(k, *pair) for says in (greater, less) for pair in ((a, b), (b, c), (a, c))), None)
                          for k in compared for a, b, c in itertools.product(numbers, repeat=3)
                          if value(k, a) < value(k, b) < value(k, c) or value(k, a) > value(k, b) > value(k, c)],
        "converse": turned,
        "trichotomy": once,
        "transitivity": [((greater(k, a, b), greater(k, b, c), greater(k, a, c)), None) for k in compared
                         for a, b, c in itertools.product(numbers, repeat=3)
                         if value(k, a) < value(k, b) < value(k, c)],
        "antisymmetry": [((greater(k, a, b), greater(k, b, a)), None) for k in compared
                         for a in numbers for b in numbers if value(k, a) != value(k, b)],
    }


def by_generator(generators, operands, relation):
    """A list of tuples for each symmetry of the table; positions are the operands, the relation between them."""
    keys = list(map(tuple, operands.tolist() if relation is None else
                    np.stack([operands[:, 0], relation, operands[:, 1]], 1).tolist()))
    at = {key: i for i, key in enumerate(keys)}
    return [[((at[tuple(g["tokens"][j][key[j]] for j in np.argsort(g["positions"]))], i), g["classes"])
             for i, key in enumerate(keys)] for g in generators]


def families(task, operands, relation, label, generators):
    """name -> tuples. operands [N, 2] entities; relation [N] counted from 0 or None; generators of the table's group."""
    keys = [tuple(o) + (() if relation is None else (relation[i],)) for i, o in enumerate(operands.tolist())]
    table = {key: i for i, key in enumerate(keys)}
    at = lambda *key: table[tuple(map(int, key))]
    if task["kind"] == "modular":
        out = modular_families(task, at, table)
    elif task["kind"] == "group":
        out = group_families(task, at)
    elif task["kind"] == "graph":
        out = graph_families(task, at)
    else:
        out = comparison_families(task, at)
    if generators:
        out["automorphism"] = [pair for pairs in by_generator(generators, operands, relation) for pair in pairs]
    out["label_pairs"] = [((i, j), None) for c in range(label.max() + 1)
                          for i in np.flatnonzero(label == c) for j in np.flatnonzero(label == c) if i != j]
    return {name: pairs_that_differ(tuples) for name, tuples in out.items()}


# Families whose tuples are pairs within blocks are measured on all of them where the blocks are whole: for a group, or
# modulo a prime.
IN_BLOCKS = ("associativity", "translation", "scaling", "label_pairs")


def measured(tuples, name, most):
    """All tuples, or the fixed sample of `most`; whether they are all."""
    if len(tuples) <= most or name in IN_BLOCKS:
        return tuples, True
    draws = below(len(tuples), 0, STREAM_EVALUATE + FAMILIES.index(name), 0, np.arange(most))
    return [tuples[i] for i in draws], False


def aligned(tuples, name, most):
    """All tuples, or the fixed sample that gradients are taken over."""
    most = min(most, 512)
    if len(tuples) <= most:
        return tuples
    return [tuples[i] for i in below(len(tuples), 0, STREAM_EVALUATE + FAMILIES.index(name), 2, np.arange(most))]


def nulls(name, arity, count, pool):
    """Inputs [count, arity] of as many random tuples."""
    stream, step = STREAM_NULL + FAMILIES.index(name), np.arange(count)
    first = below(len(pool), 0, stream, step, 0)
    if arity == 1:
        columns = [first]
    elif arity == 2:
        columns = [first, (first + 1 + below(len(pool) - 1, 0, stream, step, 1)) % len(pool)]
    else:
        columns = [first] + [below(len(pool), 0, stream, step, k) for k in range(1, arity)]
    return pool[np.stack(columns, 1)]
