"""The symmetry groups of tables: planted ones of known size, and small ones against brute force over all permutations."""

import itertools
import json
import math
import os
import subprocess
import unittest

import numpy as np

ABSENT = -1  # the label of an input that is not in the table


def permutations(n):
    return np.array(list(itertools.permutations(range(n))), dtype=np.int64).reshape(-1, n)


def discover(*requests):
    """Groups of tables, each (label array with ABSENT, classes, options), one after the other in one process."""
    words = []
    for label, classes, options in requests:
        relation = options.get("relation", False)
        inputs = [index for index in np.ndindex(label.shape) if label[index] != ABSENT]
        entities = label.shape[0]
        assert all(size == entities for size in label.shape[::2 if relation else 1])
        words += [2 if relation else label.ndim, entities, label.shape[1] if relation else 0, classes, len(inputs),
                  int(options.get("tied", False)), options.get("seconds", 600), options.get("draws", 0),
                  options.get("seed", 0)]
        for index in inputs:
            words += [*index, label[index]]
    done = subprocess.run([os.environ["SYMSWEEP_DISCOVER_TABLE"]], input=" ".join(map(str, words)), text=True,
                          capture_output=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def split(flat, label, classes):
    """positions, tokens of each, classes of a map."""
    at, tokens = label.ndim, []
    for size in label.shape:
        tokens.append(np.array(flat[at:at + size]))
        at += size
    assert len(flat) == at + classes
    return list(flat[:label.ndim]), tokens, np.array(flat[at:])


def apply(flat, label, classes):
    """The table that the map makes: the label of an input's image is the image of its label."""
    positions, tokens, class_map = split(flat, label, classes)
    image = np.full(label.shape, ABSENT)
    for index in np.ndindex(label.shape):
        moved = [0] * label.ndim
        for j, token in enumerate(index):
            moved[positions[j]] = tokens[j][token]
        image[tuple(moved)] = ABSENT if label[index] == ABSENT else class_map[label[index]]
    return image


def position_orders(label, relation):
    if relation:
        return [(0, 1, 2), (2, 1, 0)]
    return list(itertools.permutations(range(label.ndim)))


def brute_force(label, classes, tied=False, relation=False):
    """How many ways there are to permute positions, tokens and classes that keep the table: for each of positions and
    tokens it is looked up whether the classes can follow, which then do so in one way but for those no input has."""
    used = sorted(set(label.ravel()) - {ABSENT})
    first = {c: np.flatnonzero(label.ravel() == c)[0] for c in (*used, ABSENT) if (label == c).any()}
    chooser = np.array([first[c] for c in label.ravel()])
    count = 0
    for order in position_orders(label, relation):
        turned = label.transpose(order)
        if turned.shape != label.shape:
            continue
        choices = [permutations(size) for size in label.shape]
        last = choices[-1]
        if tied:
            others = [[p[None]] * label.ndim for p in choices[0]] if not relation else \
                     [[p[None], r[None], p[None]] for p in choices[0] for r in choices[1]]
        else:
            others = [[*(p[None] for p in some), last] for some in itertools.product(*choices[:-1])]
        for chosen in others:
            rows = max(len(p) for p in chosen)
            index = [np.broadcast_to(p, (rows, p.shape[1])).reshape([rows] + [-1 if k == j else 1 for k in range(label.ndim)])
                     for j, p in enumerate(chosen)]
            moved = turned[tuple(index)].reshape(rows, -1)
            follows = (moved[:, chooser] == moved).all(axis=1) & ((moved == ABSENT) == (label.ravel() == ABSENT)).all(axis=1)
            count += int(follows.sum())
    return count * math.factorial(classes - len(used))


def closure(generators, label, classes, most=20000):
    """The elements of the group that the maps generate, as long as there are not too many; else None."""
    def compose(first, second):
        (p, t, c), (q, u, d) = split(first, label, classes), split(second, label, classes)
        return (*(q[p[j]] for j in range(label.ndim)), *(u[p[j]][x] for j in range(label.ndim) for x in t[j]), *d[c])
    identity = (*range(label.ndim), *(x for size in label.shape for x in range(size)), *range(classes))
    found, queue = {identity}, [identity]
    while queue:
        element = queue.pop()
        for generator in generators:
            product = tuple(int(x) for x in compose(element, generator))
            if product not in found:
                if len(found) == most:
                    return None
                found.add(product)
                queue.append(product)
    return found


def planted(n, h, rng, operands=2):
    """SCIENCE: base[x mod m, y mod m] + m (x div m + y div m) modulo n, m = n / h."""
    m = n // h
    base = rng.integers(n, size=(m,) * operands)
    index = np.indices((n,) * operands)
    return (base[tuple(index % m)] + m * (index // m).sum(axis=0)) % n


def isotope(label, rng):
    """Positions with tokens of their own, and labels, renamed at random."""
    n = label.shape[0]
    turned = label[np.ix_(*(rng.permutation(n) for _ in range(label.ndim)))]
    return rng.permutation(n)[turned]


class Discover(unittest.TestCase):
    def judge(self, found, label, classes):
        """What holds of every answer, by other means than the program's."""
        self.assertEqual(found["status"], 0, found["message"])
        for flat in found["generators"] + found["draws"]:
            self.assertTrue((apply(flat, label, classes) == label).all())
        order = int(found["order"])
        self.assertAlmostEqual(found["log10"], math.log10(order), places=9)
        inputs = np.full(label.shape, ABSENT)
        inputs[label != ABSENT] = np.arange((label != ABSENT).sum())
        expected = list(range(int((label != ABSENT).sum())))  # the least input of each orbit
        changed = True
        while changed:
            changed = False
            for flat in found["generators"]:
                positions, tokens, _ = split(flat, label, classes)
                for index in np.argwhere(label != ABSENT):
                    moved = [0] * label.ndim
                    for j, token in enumerate(index):
                        moved[positions[j]] = tokens[j][token]
                    i, k = inputs[tuple(index)], inputs[tuple(moved)]
                    least = min(expected[i], expected[k])
                    changed = changed or expected[i] != least or expected[k] != least
                    expected[i] = expected[k] = least
        self.assertEqual(found["orbit"], [expected])
        self.assertEqual(found["orbits"], len(set(expected)))
        return order

    def test_small_tables_against_brute_force(self):
        rng = np.random.default_rng(0)
        cases = []
        for n, operands in [(2, 1), (5, 1), (2, 2), (3, 2), (4, 2), (5, 2), (6, 2), (2, 3), (3, 3), (4, 3), (2, 4), (3, 4)]:
            for kind in ("planted", "few", "holes", "unused"):
                divisors = [h for h in range(1, n + 1) if n % h == 0]
                label = planted(n, int(rng.choice(divisors)), rng, operands)
                classes = n
                if kind == "few":
                    label = rng.integers(2, size=label.shape)
                elif kind == "holes":
                    label[rng.random(label.shape) < 0.2] = ABSENT
                elif kind == "unused":
                    classes = n + 2
                    label[-1] = label[(slice(None),) * (operands - 1) + (-1,)] = ABSENT
                    label.reshape(-1)[0] = 0  # some input is there
                for tied in (False, True):
                    cases.append((label, classes, {"tied": tied, "draws": 3}))
            for h in (h for h in range(1, n + 1) if n % h == 0):
                label = isotope(planted(n, h, rng, operands), rng)
                cases += [(label, n, {"tied": tied}) for tied in (False, True)]
        self.assertGreaterEqual(len(cases), 130)
        closed = 0
        for (label, classes, options), found in zip(cases, discover(*cases)):
            with self.subTest(label=label.tolist(), classes=classes, **options):
                order = self.judge(found, label, classes)
                self.assertEqual(order, brute_force(label, classes, options["tied"]))
                elements = closure([tuple(g) for g in found["generators"]], label, classes)
                if elements is not None:
                    closed += 1
                    self.assertEqual(len(elements), order)
                    for flat in found["draws"]:
                        self.assertIn(tuple(flat), elements)
        self.assertGreater(closed, 60)

    def test_relations_are_a_position_of_their_own(self):
        rng = np.random.default_rng(1)
        cases = []
        for n in (2, 3, 4):
            order = np.sign(np.subtract.outer(np.arange(n), np.arange(n))) + 1  # 0 <, 1 =, 2 >
            holds = (order[:, None, :] == np.arange(3)[None, :, None]).astype(int)
            for label in (holds, rng.integers(2, size=(n, 3, n)), rng.integers(3, size=(n, 1, n))):
                for tied in (False, True):
                    cases.append((label, 3, {"relation": True, "tied": tied}))
        for (label, classes, options), found in zip(cases, discover(*cases)):
            order = self.judge(found, label, classes)
            self.assertEqual(order, brute_force(label, classes, options["tied"], relation=True))
            for flat in found["generators"]:
                self.assertEqual(flat[1], 1)

    def test_planted_groups(self):
        """At least the translations that were planted: h a position in scope free, h in all in scope tied (a subgroup's
        order divides the group's). Renaming tokens and classes leaves the order as it is."""
        rng = np.random.default_rng(2)
        cases, least = [], []
        for n, operands in [(12, 2), (16, 2), (18, 2), (24, 2), (30, 2), (37, 2), (8, 3), (9, 3), (12, 3), (6, 4), (4, 5), (3, 6), (2, 8)]:
            for h in (h for h in range(1, n + 1) if n % h == 0):
                label = planted(n, h, rng, operands)
                renamed = isotope(label, rng)
                cases += [(label, n, {}), (renamed, n, {}), (label, n, {"tied": True})]
                least += [h ** operands, h ** operands, h]
        self.assertGreaterEqual(len(cases), 3 * 50)
        found = discover(*cases)
        for (label, classes, options), answer, divisor in zip(cases, found, least):
            self.assertEqual(self.judge(answer, label, classes) % divisor, 0)
        for plain, renamed in zip(found[::3], found[1::3]):
            self.assertEqual(plain["order"], renamed["order"])
        whole = found[[i for i, (label, n, _) in enumerate(cases) if n == 24][-3]]
        self.assertEqual(int(whole["order"]), 2 * 24 ** 2 * 8)  # h = n: addition modulo 24, with its 8 units

    def test_a_random_table_has_no_symmetry(self):
        rng = np.random.default_rng(3)
        for found in discover(*((rng.integers(40, size=(40, 40)), 40, {"tied": tied}) for tied in (False, True))):
            self.assertEqual((found["order"], found["generators"], found["orbits"], found["log10"]), ("1", [], 1600, 0))

    def test_huge_orders_are_exact(self):
        """A constant table: every permutation of the tokens of each position, and of the positions themselves."""
        n = 40
        constant = np.zeros((n, n), dtype=int)
        rows = np.broadcast_to(np.arange(n)[:, None], (n, n))  # the label is the first operand
        free, tied, first, many = discover((constant, 1, {}), (constant, 1, {"tied": True}), (rows, n, {}),
                                           (constant, 1000, {}))
        self.assertEqual(int(free["order"]), 2 * math.factorial(n) ** 2)
        self.assertEqual(int(tied["order"]), 2 * math.factorial(n))
        self.assertEqual(int(first["order"]), math.factorial(n) ** 2)
        self.assertEqual(int(many["order"]), 2 * math.factorial(n) ** 2 * math.factorial(999))

    def test_tokens_and_classes_that_no_input_has(self):
        """They may be permuted at will: in scope free those that a position does not have, in scope tied those that
        none has; two generators tell so."""
        label = np.full((30, 30), ABSENT)
        label[:3, :4] = np.arange(12).reshape(3, 4)  # all labels different
        free, tied = discover((label, 20, {}), (label, 20, {"tied": True}))
        both = math.factorial(20 - 12)  # classes
        self.assertEqual(int(free["order"]), math.factorial(3) * math.factorial(4) * both * math.factorial(27) * math.factorial(26))
        self.assertEqual(int(tied["order"]), math.factorial(3) * both * math.factorial(26))
        for found in (free, tied):
            self.judge(found, label, 20)
            self.assertLess(len(found["generators"]), 14)

    def test_the_same_table_gives_the_same_generators(self):
        """Whatever was discovered before it in the process."""
        rng = np.random.default_rng(4)
        tables = [(isotope(planted(n, h, rng), rng), n, {"draws": 4, "seed": 7}) for n, h in [(24, 4), (31, 31), (16, 16)]]
        alone = [discover(table)[0] for table in tables]
        self.assertEqual(discover(*tables, *reversed(tables)), [*alone, *reversed(alone)])
        self.assertTrue(all(answer["draws"] for answer in alone))
        label, classes, options = tables[1]
        other = discover((label, classes, {**options, "seed": 8}))[0]
        self.assertNotEqual(other["draws"], alone[1]["draws"])
        self.assertEqual(other["generators"], alone[1]["generators"])

    def test_random_elements_are_spread_over_the_group(self):
        """Of the 3! x 3! x 2 = 72 elements of a constant 3 x 3 table each is drawn about as often."""
        draws = 7200
        found, = discover((np.zeros((3, 3), dtype=int), 1, {"draws": draws}))
        self.assertEqual(found["order"], "72")
        counts = np.unique([tuple(flat) for flat in found["draws"]], axis=0, return_counts=True)[1]
        self.assertEqual(len(counts), 72)
        self.assertLess(((counts - draws / 72) ** 2 / (draws / 72)).sum(), 2 * 71)  # chi-squared, 71 degrees of freedom


if __name__ == "__main__":
    unittest.main()
