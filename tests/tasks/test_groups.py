"""Characters of the groups that are not abelian, and words other than the product of two elements."""

import itertools
import unittest
from collections import Counter

import numpy as np

import reference
from dump import FAMILIES, dump, tuples_of


def table(kind, n):
    found = dump(kind="group", group=kind, n=n)
    order = found["entities"]
    return found, np.reshape(found["product"], (order, order)), np.reshape(found["character"], (-1, order))


def cycles(permutation):
    """Lengths, the longest first."""
    seen, lengths = set(), []
    for start in range(len(permutation)):
        length, at = 0, start
        while at not in seen:
            seen.add(at)
            at, length = permutation[at], length + 1
        lengths += [length] if length else []
    return tuple(sorted(lengths, reverse=True))


def partitions(n, most=None):
    """In reverse lexicographic order."""
    if n == 0:
        yield ()
    for first in range(min(n, most or n), 0, -1):
        for rest in partitions(n - first, first):
            yield (first, *rest)


def young(n):
    """Characters of S_n by cycle type, in the order of partitions: of the permutation characters on rows of given lengths
    (Young's rule) what is orthogonal to the ones before, which is irreducible."""
    elements = list(itertools.permutations(range(n)))
    types = [cycles(g) for g in elements]

    def fixed(rows, lengths):
        """How many ways there are to fill rows with whole cycles."""
        if not lengths:
            return 1
        return sum(fixed(rows[:i] + (rows[i] - lengths[0],) + rows[i + 1:], lengths[1:])
                   for i in range(len(rows)) if rows[i] >= lengths[0])

    known = []
    for rows in partitions(n):
        of_type = {t: fixed(rows, t) for t in set(types)}
        chi = np.array([of_type[t] for t in types], dtype=float)
        for other in known:
            chi = chi - (chi @ other) / len(elements) * other
        known.append(np.round(chi))
    return np.array(known)


class Characters(unittest.TestCase):
    CASES = [("symmetric", n) for n in (3, 4, 5, 6)] + [("alternating", n) for n in (5, 6)] + [("dihedral", n) for n in (3, 4, 7)]

    def test_orthonormal_class_functions_and_all_of_them(self):
        for kind, n in self.CASES:
            with self.subTest(group=kind, n=n):
                _, product, chi = table(kind, n)
                order = len(product)
                whole = np.vstack([np.ones(order), chi])
                self.assertLess(np.abs(whole @ whole.T / order - np.eye(len(whole))).max(), 1e-12)
                inverse = np.argmax(product == 0, axis=1)
                for g in range(0, order, 7):
                    self.assertLess(np.abs(chi[:, product[product[g], inverse[g]]] - chi).max(), 1e-12)
                classes = {frozenset(product[product[np.arange(order), x], inverse].tolist()) for x in range(order)}
                self.assertEqual(len(whole), len(classes))
                self.assertAlmostEqual((whole[:, 0] ** 2).sum(), order)

    def test_symmetric_by_youngs_rule(self):
        for n in (3, 4, 5, 6):
            _, _, chi = table("symmetric", n)
            self.assertTrue(np.array_equal(chi, young(n)[1:]))

    def test_alternating(self):
        """Degrees, the golden ratio on 5-cycles, and that of 0 -> 1 -> 2 -> 3 -> 4 -> 0 is the larger one first."""
        golden = (1 + 5**0.5) / 2
        for n, degrees in ((5, [4, 5, 3, 3]), (6, [5, 9, 10, 5, 8, 8])):
            _, _, chi = table("alternating", n)
            self.assertEqual(chi[:, 0].round(12).tolist(), degrees)
            elements = [g for g in itertools.permutations(range(n)) if (n - len(cycles(g))) % 2 == 0]
            five = elements.index((1, 2, 3, 4, 0, 5)[:n])
            self.assertAlmostEqual(chi[-2, five], golden, places=12)
            self.assertAlmostEqual(chi[-1, five], 1 - golden, places=12)
            kept = [i for i, p in enumerate(partitions(n)) if i and p > tuple(sum(part > k for part in p) for k in range(p[0]))]
            whole = list(itertools.permutations(range(n)))
            restricted = young(n)[:, [whole.index(g) for g in elements]]
            self.assertTrue(np.array_equal(chi[:-2], restricted[kept]))

    def test_complex_ones_are_missing(self):
        self.assertEqual(table("alternating", 4)[0]["character"], [])


class Words(unittest.TestCase):
    CASES = [("x*y*x^-1", "symmetric", 3), ("x*y*x", "symmetric", 3), ("x^2", "dihedral", 4), ("x*y*z", "symmetric", 3),
             ("y*x", "symmetric", 3), ("x*y", "alternating", 4), (" x*y", "symmetric", 3), ("(x*y)^-1", "symmetric", 3),
             ("x*y^2", "dihedral", 3), ("x*y*x^-1*y^-1", "dihedral", 4), ("x^0*y", "cyclic", 4), ("x*y*x^-1", "cyclic", 5),
             ("(x*z)^3*y^-2", "cyclic", 6), ("x*y*z", "dihedral", 3), ("x^1000", "symmetric", 3), ("w*x", "cyclic", 2),
             ("x*y*z", "cyclic", 4), ("x * y", "cyclic", 4)]

    def test_tables_and_families(self):
        seen = Counter()
        for text, kind, n in self.CASES:
            known = reference.group(kind, n=n)
            task = reference.word(text, known)
            found = dump(kind="group", group=kind, n=n, expression=text, tuples=True)
            task["generators"] = found["generators"]
            width, classes = task["operands"], task["classes"]
            with self.subTest(text=text, group=kind, n=n):
                self.assertEqual(found["message"], "")
                rows = np.reshape(found["input"], (-1, found["tokens"]))[:, :width]
                self.assertEqual([tuple(x) for x in rows.tolist()], task["inputs"])
                self.assertEqual(found["true_label"], task["label"])
                self.assertEqual(found["character"], dump(kind="group", group=kind, n=n)["character"])
            for family in FAMILIES:
                with self.subTest(text=text, group=kind, n=n, family=family):
                    expected, actual = reference.FAMILY[family](task) or [], found["families"][family]
                    if family == "label_pairs" and len(task["inputs"]) <= classes:
                        expected = []  # as of expressions of one variable
                    self.assertEqual(actual["applies"], bool(expected))
                    if expected:
                        self.assertEqual(Counter(tuples_of(task, actual)), Counter(expected))
                        self.assertEqual(actual["holds"], reference.is_true(task, family, expected))
                        seen[family, actual["holds"]] += 1
        self.assertGreater(min(seen["commutativity", True], seen["commutativity", False]), 1)
        self.assertGreater(min(seen["associativity", True], seen["associativity", False]), 1)
        self.assertGreater(seen["translation", True], 4)

    def test_the_product_of_two_is_the_group(self):
        for name in ("input", "label", "mirror", "families"):
            plain, found = (dump(kind="group", group="symmetric", n=3, tuples=True, **word) for word in ({}, {"expression": "x*y"}))
            self.assertEqual(found, plain)
            spelled = dump(kind="group", group="symmetric", n=3, tuples=True, expression="x * y")
            self.assertEqual(spelled[name], plain[name])

    def test_refusals(self):
        for text, message in (("x+y", "expected *, ^ or the end at column 2, found '+'"),
                              ("x/y", "expected *, ^ or the end at column 2, found '/'"),
                              ("x*2", "expected x, y, z, w or '(' at column 3, found '2'"),
                              ("-x", "expected x, y, z, w or '(' at column 1, found '-'"),
                              ("x^y", "expected a whole number as exponent at column 3, found 'y'"),
                              ("x^", "expected a whole number as exponent at column 3, found the end"),
                              ("x^-1001", "expected at most 1000 at column 4, found 1001"),
                              ("x*y*z*w", "a word of 4 variables in a group of 120 elements has 207360000 inputs, more than the limit of 16777216")):
            self.assertEqual(dump(kind="group", group="symmetric", n=5, expression=text)["message"], "task.expression: " + message)


if __name__ == "__main__":
    unittest.main()
