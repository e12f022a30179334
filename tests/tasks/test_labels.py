"""Inputs, labels, tokens, mirrors and exponents of every task kind against an independent generator."""

import cmath
import unittest

import reference
from dump import OPERATIONS, dump
from reference import facts

PRIMES = [2, 3, 5, 7, 13, 31]
GRAPH_CASES = [
    ("cycle", {"nodes": 2}), ("cycle", {"nodes": 3}), ("cycle", {"nodes": 16}), ("cycle", {"nodes": 17}),
    ("path", {"nodes": 2}), ("path", {"nodes": 13}), ("grid", {"sides": [7, 7]}), ("grid", {"sides": [2, 5]}),
    ("grid3d", {"sides": [3, 4, 2]}), ("cylinder", {"sides": [7, 7]}), ("cylinder", {"sides": [4, 3]}),
    ("cylinder", {"sides": [2, 6]}), ("hypercube", {"dimension": 1}), ("hypercube", {"dimension": 6}),
    ("torus", {"sides": [5, 4]}), ("torus", {"sides": [3, 4, 5]}), ("torus", {"sides": [2, 2]}), ("grid", {"sides": [1, 6]}), ("torus", {"sides": [1, 5]}),
    ("tree", {"branching": 2, "depth": 4}), ("tree", {"branching": 3, "depth": 2}), ("tree", {"branching": 1, "depth": 5}),
]
GROUP_CASES = [
    ("cyclic", {"n": 1}), ("cyclic", {"n": 12}), ("product", {"factors": [2, 2]}), ("product", {"factors": [3, 4]}),
    ("product", {"factors": [2, 3, 4]}), ("product", {"factors": [1, 5]}), ("dihedral", {"n": 3}), ("dihedral", {"n": 4}),
    ("dihedral", {"n": 7}), ("symmetric", {"n": 1}), ("symmetric", {"n": 2}), ("symmetric", {"n": 3}),
    ("symmetric", {"n": 4}), ("symmetric", {"n": 5}), ("alternating", {"n": 1}), ("alternating", {"n": 2}),
    ("alternating", {"n": 3}), ("alternating", {"n": 4}), ("alternating", {"n": 5}),
]
COMPARISON_CASES = [
    ("relation", {"sides": [7, 7]}), ("relation", {"sides": [3, 3, 3]}), ("relation", {"sides": [2, 5]}),
    ("relation", {"sides": [4]}), ("relation", {"sides": [1, 3]}), ("three_way", {"sides": [4, 3], "attribute": 0}),
    ("three_way", {"sides": [4, 3], "attribute": 1}), ("three_way", {"sides": [2, 3, 4], "attribute": 2}),
]


def rows(flat, width):
    return [tuple(flat[i:i + width]) for i in range(0, len(flat), width)]


class Labels(unittest.TestCase):
    def test_every_graph_and_group_has_a_case(self):
        facts.cover("the cases of graphs", [name for name in facts.GRAPHS if name != "edge_list"], dict(GRAPH_CASES))
        facts.cover("the cases of groups", facts.GROUPS, dict(GROUP_CASES))

    def compare(self, expected, found, relations=0):
        self.assertEqual(found["status"], 0, found["message"])
        self.assertEqual(found["classes"], expected["classes"])
        self.assertEqual(found["entities"], expected["entities"])
        self.assertEqual(found["true_label"], expected["label"])
        self.assertEqual(found["label"], expected["label"])
        n = expected["entities"]
        tokens = [(i[0], n + i[1], i[2]) if len(i) == 3 else i for i in expected["inputs"]]
        self.assertEqual(rows(found["input"], found["tokens"]), tokens)
        self.assertEqual(tokens, sorted(tokens), "table order is lexicographic")
        self.assertEqual(found["vocabulary"], n + relations)
        most = max(expected["label"].count(c) for c in set(expected["label"]))
        self.assertAlmostEqual(found["majority"], most / len(tokens), places=12)

    def test_modular(self):
        for operation in OPERATIONS:
            for p in PRIMES + ([] if operation == "div" else [4, 6, 12]):
                with self.subTest(operation=operation, p=p):
                    self.compare(reference.modular(operation, p), dump(kind="modular", operation=operation, p=p))

    def test_graph(self):
        for kind, keys in GRAPH_CASES:
            with self.subTest(graph=kind, **keys):
                expected, found = reference.graph(kind, **keys), dump(kind="graph", graph=kind, **keys)
                self.compare(expected, found)
                self.assertEqual(found["distance"], expected["label"])
                if kind == "tree":
                    self.assertIsNone(found["coordinate"])
                else:
                    width = len(expected["coordinates"][0])
                    self.assertEqual(rows(found["coordinate"], width), expected["coordinates"])

    def test_comparison(self):
        for form, keys in COMPARISON_CASES:
            with self.subTest(form=form, **keys):
                expected, found = reference.comparison(form, **keys), dump(kind="comparison", form=form, **keys)
                self.compare(expected, found, relations=len(expected.get("relations", [])))
                self.assertEqual(rows(found["coordinate"], len(keys["sides"])), expected["coordinates"])

    def test_group(self):
        for kind, keys in GROUP_CASES:
            with self.subTest(group=kind, **keys):
                expected, found = reference.group(kind, **keys), dump(kind="group", group=kind, **keys)
                self.compare(expected, found)
                n, product = expected["entities"], expected["product"]
                self.assertEqual(found["product"], expected["label"])
                self.assertEqual(found["abelian"], all(product(g, h) == product(h, g) for g in range(n) for h in range(n)))
                if kind != "dihedral":
                    self.assertEqual(rows(found["coordinate"], len(expected["coordinates"][0])), expected["coordinates"])

    def test_small_dihedral_groups(self):
        """D_1 and D_2 do not act faithfully on corners: their tables by hand."""
        self.assertEqual(dump(kind="group", group="dihedral", n=1)["product"], [0, 1, 1, 0])
        self.assertEqual(dump(kind="group", group="dihedral", n=2)["product"],
                         [0, 1, 2, 3, 1, 0, 3, 2, 2, 3, 0, 1, 3, 2, 1, 0])

    def test_dihedral_coordinates(self):
        found = dump(kind="group", group="dihedral", n=4)
        self.assertEqual(rows(found["coordinate"], 2), [(k, f) for f in (0, 1) for k in range(4)])


class Tokens(unittest.TestCase):
    def test_readout_and_separate(self):
        for readout in (False, True):
            for separate in (False, True):
                for keys, n, relations in (({"kind": "modular", "p": 5}, 5, 0),
                                           ({"kind": "comparison", "sides": [2, 3]}, 6, 6)):
                    with self.subTest(readout=readout, separate=separate, **keys):
                        plain, found = dump(**keys), dump(readout=readout, separate=separate, **keys)
                        self.assertEqual(found["vocabulary"], n + relations + readout + n * separate)
                        expected = []
                        for first, *middle, second in rows(plain["input"], plain["tokens"]):
                            second += (n + relations + readout) * separate
                            expected.append((first, *middle, second, *[n + relations] * readout))
                        self.assertEqual(rows(found["input"], found["tokens"]), expected)
                        self.assertEqual(expected, sorted(expected))
                        self.assertEqual(found["label"], plain["label"])

    def test_mlp_has_no_readout(self):
        found = dump(kind="modular", p=5, readout=True, mlp=True)
        self.assertEqual((found["tokens"], found["vocabulary"]), (2, 5))


class Mirrors(unittest.TestCase):
    """The mirror is an involution that determines the label; where it should be none, it is none."""

    def check(self, task, found, mirrored):
        index = {x: i for i, x in enumerate(task["inputs"])}
        for i, x in enumerate(task["inputs"]):
            expected = mirrored(x)
            self.assertEqual(found["mirror"][i], -1 if expected is None else index[expected])
            if expected is not None:
                self.assertEqual(found["mirror"][found["mirror"][i]], i)
                if task["kind"] != "comparison" or task["form"] == "relation":
                    self.assertEqual(found["label"][i], found["label"][found["mirror"][i]])
                else:
                    self.assertEqual(found["label"][i], 2 - found["label"][found["mirror"][i]])

    def test_modular(self):
        p = 11
        for operation in OPERATIONS:
            with self.subTest(operation=operation):
                found = dump(kind="modular", operation=operation, p=p)
                if operation == "cubic":
                    self.assertIsNone(found["mirror"])
                elif operation == "sub":
                    self.check(reference.modular(operation, p), found, lambda x: (-x[1] % p, -x[0] % p))
                elif operation == "div":
                    self.check(reference.modular(operation, p), found,
                               lambda x: None if x[0] == 0 else (pow(x[1], -1, p), pow(x[0], -1, p)))
                else:
                    self.check(reference.modular(operation, p), found, lambda x: (x[1], x[0]))

    def test_graph(self):
        self.check(reference.graph("grid", sides=[3, 4]), dump(kind="graph", graph="grid", sides=[3, 4]),
                   lambda x: (x[1], x[0]))

    def test_comparison(self):
        task = reference.comparison("relation", [3, 2])
        converse = {"<": ">", "=": "=", ">": "<"}

        def mirrored(x):
            attribute, order = task["relations"][x[1]]
            return x[2], task["relations"].index((attribute, converse[order])), x[0]

        self.check(task, dump(kind="comparison", sides=[3, 2]), mirrored)
        self.check(reference.comparison("three_way", [3, 2], 1), dump(kind="comparison", form=1, sides=[3, 2], attribute=1),
                   lambda x: (x[1], x[0]))

    def test_group(self):
        self.check(reference.group("product", factors=[2, 3]), dump(kind="group", group="product", factors=[2, 3]),
                   lambda x: (x[1], x[0]))
        for kind, n in (("symmetric", 3), ("dihedral", 4)):
            self.assertIsNone(dump(kind="group", group=kind, n=n)["mirror"])


class Exponents(unittest.TestCase):
    """Characters of the exponents are homomorphisms of the operation's group, and there are `order` of them."""

    def check_homomorphism(self, found, product, elements):
        factor, exponent = found["factor"], rows(found["exponent"], len(found["factor"]))
        order = 1
        for f in factor:
            order *= f
        self.assertEqual(order, found["order"])
        self.assertEqual(len(elements), order)
        self.assertEqual(len({exponent[g] for g in elements}), order, "exponents tell the elements apart")
        left_out = set(range(found["entities"])) - set(elements)
        self.assertTrue(all(set(exponent[g]) == {-1} for g in left_out))

        def character(g):
            return [cmath.exp(-2j * cmath.pi * e / f) for e, f in zip(exponent[g], factor)]

        for g in elements:
            for h in elements:
                for a, b, c in zip(character(g), character(h), character(product(g, h))):
                    self.assertAlmostEqual(abs(a * b - c), 0.0, places=9)

    def test_additive(self):
        for operation in ("add", "sub", "sum_squared", "sum_cubed", "sum_of_squares", "quadratic", "cubic"):
            for p in (7, 12):
                found = dump(operation=operation, p=p)
                self.assertEqual(found["exponent"], list(range(p)))
                self.check_homomorphism(found, lambda g, h: (g + h) % p, list(range(p)))

    def test_multiplicative(self):
        for p in (2, 3, 7, 13):
            for operation in ("mul", "div"):
                self.check_homomorphism(dump(operation=operation, p=p), lambda g, h: g * h % p, list(range(1, p)))
            self.check_homomorphism(dump(operation="circle", p=p), lambda g, h: (g + h + g * h) % p, list(range(p - 1)))

    def test_base_is_the_smallest_primitive_root(self):
        for p, root in ((7, 3), (11, 2), (23, 5), (41, 6), (113, 3)):
            exponent = dump(operation="mul", p=p)["exponent"]
            self.assertEqual([pow(root, e, p) for e in exponent[1:]], list(range(1, p)))
            self.assertEqual(dump(operation="circle", p=p)["exponent"], exponent[1:] + [-1])

    def test_composite_modulus_has_none(self):
        for operation in ("mul", "circle"):
            found = dump(operation=operation, p=12)
            self.assertEqual((found["order"], found["factor"], found["exponent"]), (0, [], None))

    def test_groups(self):
        for kind, keys in GROUP_CASES + [("dihedral", {"n": 1}), ("dihedral", {"n": 2})]:
            found = dump(kind="group", group=kind, **keys)
            n = found["entities"]
            if found["abelian"]:
                self.check_homomorphism(found, lambda g, h: found["product"][g * n + h], list(range(n)))
            else:
                self.assertEqual((found["order"], found["exponent"]), (0, None))


class Refusals(unittest.TestCase):
    def test_messages_name_the_key(self):
        cases = [
            ("task.p", dict(p=1)), ("task.p", dict(p=0)), ("task.p", dict(p=4097)), ("task.p", dict(p=15, operation="div")),
            ("task.operation", dict(operation=len(OPERATIONS) + 1)), ("task.kind", dict(kind=len(facts.KINDS))), ("task.label_shuffle", dict(label_shuffle=1.5)),
            ("task.label_noise", dict(label_noise=1.5)), ("task.label_noise", dict(label_noise="nan")),
            ("task.label_noise", dict(kind="group", group="cyclic", n=1, label_noise=0.1)),
            ("task.label_shuffle", dict(label_shuffle="nan")), ("task.graph", dict(kind="graph", graph=len(facts.GRAPHS))),
            ("task.nodes", dict(kind="graph", graph="cycle", nodes=1)), ("task.nodes", dict(kind="graph", graph="path", nodes=5000)),
            ("task.sides", dict(kind="graph", graph="grid", sides=[7])), ("task.sides", dict(kind="graph", graph="grid3d", sides=[7, 7])),
            ("task.sides", dict(kind="graph", graph="grid", sides=[7, 0])), ("task.sides", dict(kind="graph", graph="grid", sides=[100, 100])),
            ("task.sides", dict(kind="graph", graph="torus", sides=[4])), ("task.sides", dict(kind="graph", graph="grid", sides=[1, 1])),
            ("task.sides", dict(kind="comparison", sides=[1])),
            ("task.dimension", dict(kind="graph", graph="hypercube", dimension=0)),
            ("task.dimension", dict(kind="graph", graph="hypercube", dimension=13)),
            ("task.depth", dict(kind="graph", graph="tree", branching=2, depth=0)),
            ("task.depth", dict(kind="graph", graph="tree", branching=2000000000, depth=30)),
            ("task.branching", dict(kind="graph", graph="tree", branching=0, depth=2)),
            ("task.file", dict(kind="graph", graph="edge_list")), ("task.sides", dict(kind="comparison")),
            ("task.sides", dict(kind="comparison", sides=[0, 7])), ("task.sides", dict(kind="comparison", sides=[50, 50])),
            ("task.sides", dict(kind="comparison", sides=[4096, 4096, 4096])), ("task.form", dict(kind="comparison", form=2)),
            ("task.attribute", dict(kind="comparison", form="three_way", sides=[3, 3], attribute=2)),
            ("task.group", dict(kind="group", group=len(facts.GROUPS))), ("task.n", dict(kind="group", group="symmetric", n=7)), ("task.n", dict(kind="group", group="alternating", n=7)),
            ("task.n", dict(kind="group", group="cyclic", n=0)), ("task.n", dict(kind="group", group="dihedral", n=2049)),
            ("task.factors", dict(kind="group", group="product")), ("task.factors", dict(kind="group", group="product", factors=[3, 0])),
            ("task.factors", dict(kind="group", group="product", factors=[100, 100])),
        ]
        for key, options in cases:
            with self.subTest(**options):
                found = dump(**options)
                self.assertLess(found["status"], 0)
                self.assertTrue(found["message"].startswith(key + ":"), found["message"])

    def test_nearest_primes(self):
        self.assertIn("13 and 17", dump(p=15, operation="div")["message"])


if __name__ == "__main__":
    unittest.main()
