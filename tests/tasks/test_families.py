"""Where each symmetry family is defined, which tuples it has and whether it is true, by brute force from its definition."""

import unittest
from collections import Counter

import reference
from dump import FAMILIES, OPERATIONS, dump, tuples_of

# Tasks small enough to enumerate everything: a name, the configuration, the same by the reference.
CASES = []
for _operation in OPERATIONS:
    for _p in (2, 3, 4, 5, 6, 7, 9):
        if _operation != "div" or reference.is_prime(_p):
            CASES.append((f"{_operation} {_p}", dict(kind="modular", operation=_operation, p=_p),
                          reference.modular(_operation, _p)))
for _kind, _keys in (("cycle", {"nodes": 2}), ("cycle", {"nodes": 3}), ("cycle", {"nodes": 8}), ("path", {"nodes": 6}),
                     ("grid", {"sides": [3, 3]}), ("grid3d", {"sides": [2, 3, 2]}), ("cylinder", {"sides": [4, 3]}),
                     ("hypercube", {"dimension": 3}), ("torus", {"sides": [3, 4]}), ("tree", {"branching": 2, "depth": 2})):
    CASES.append((f"{_kind} {_keys}", dict(kind="graph", graph=_kind, **_keys), reference.graph(_kind, **_keys)))
for _form, _keys in (("relation", {"sides": [3, 4]}), ("relation", {"sides": [2, 2]}), ("relation", {"sides": [3, 2, 2]}), ("relation", {"sides": [1, 3]}),
                     ("three_way", {"sides": [1, 3], "attribute": 0}),
                     ("three_way", {"sides": [3, 4], "attribute": 1}), ("three_way", {"sides": [4, 2], "attribute": 1})):
    CASES.append((f"{_form} {_keys}", dict(kind="comparison", form=_form, **_keys), reference.comparison(_form, **_keys)))
for _kind, _keys in (("cyclic", {"n": 1}), ("cyclic", {"n": 6}), ("product", {"factors": [2, 4]}), ("dihedral", {"n": 3}),
                     ("dihedral", {"n": 4}), ("symmetric", {"n": 2}), ("symmetric", {"n": 3}), ("alternating", {"n": 3}), ("alternating", {"n": 4})):
    CASES.append((f"{_kind} {_keys}", dict(kind="group", group=_kind, **_keys), reference.group(_kind, **_keys)))


def expected_tuples(task, name):
    """What the definition gives, with operands in place of table indices; empty where there is nothing."""
    return reference.FAMILY[name](task) or []


class Families(unittest.TestCase):
    def test_tuples_and_truth(self):
        for name, config, task in CASES:
            found = dump(tuples=True, **config)
            task = dict(task, generators=found["generators"])
            for family in FAMILIES:
                with self.subTest(task=name, family=family):
                    expected, actual = expected_tuples(task, family), found["families"][family]
                    self.assertEqual(actual["applies"], bool(expected))
                    if not expected:
                        continue
                    listed = tuples_of(task, actual)
                    self.assertEqual(Counter(listed), Counter(expected)) # (x, y, z) may share a pair of inputs
                    self.assertEqual(actual["holds"], reference.is_true(task, family, expected))

    def test_maps_named_by_tuples_are_bijections(self):
        for name, config, task in CASES:
            for family, actual in dump(tuples=True, **config)["families"].items():
                for row in tuples_of(task, actual) if actual["applies"] else []:
                    if row[-1] is not None:
                        self.assertEqual(sorted(row[-1]), list(range(task["classes"])), (name, family))

    def test_truth_at_larger_moduli(self):
        """Whether an operation is commutative or associative for a modulus is a matter of that modulus."""
        for operation in OPERATIONS:
            for p in (10, 11, 12, 13, 16):
                if operation == "div" and not reference.is_prime(p):
                    continue
                task, found = reference.modular(operation, p), dump(kind="modular", operation=operation, p=p)
                for family in ("commutativity", "associativity", "translation", "negation", "scaling"):
                    with self.subTest(operation=operation, p=p, family=family):
                        expected = expected_tuples(task, family)
                        self.assertEqual(found["families"][family]["applies"], bool(expected))
                        if expected:
                            self.assertEqual(found["families"][family]["holds"], reference.is_true(task, family, expected))

    def test_a_false_label_is_seen(self):
        """The brute force itself can fail: one wrong label makes families untrue."""
        for name, config, task in CASES:
            if task["kind"] == "modular" and task["p"] == 7 and task["operation"] != "cubic":
                broken = dict(task, label=list(task["label"]))
                broken["label"][-1] = (broken["label"][-1] + 1) % 7
                # (6, 6) is nobody's neighbour but its own under commutativity; associativity and scaling meet it.
                met = [f for f in ("associativity", "scaling", "translation") if expected_tuples(task, f)
                       and reference.is_true(task, f, expected_tuples(task, f))]
                for family in met:
                    self.assertFalse(reference.is_true(broken, family, expected_tuples(task, family)), (name, family))

    def test_what_the_trivial_tuples_are(self):
        """Counts at p = 7 as the definitions give them on paper."""
        def count(operation, family, p=7):
            return len(dump(tuples=True, operation=operation, p=p)["families"][family]["tuples"])
        self.assertEqual(count("add", "commutativity"), 49 - 7)
        self.assertEqual(count("add", "associativity"), 343 - 49)            # y = 0
        self.assertEqual(count("mul", "associativity"), 343 - 49 - 7 + 1)    # y = 1; x = z = 0
        self.assertEqual(count("add", "negation"), 49)                       # (0, 0) stays: its class map is c -> -c
        self.assertEqual(count("mul", "negation"), 49 - 1)                   # (0, 0) under the identity
        self.assertEqual(count("add", "translation"), 6 * 49)
        self.assertEqual(count("mul", "translation"), 5 * 49)
        self.assertEqual(count("div", "scaling"), 5 * 42)

    def test_comparison_codes(self):
        compares = {"commutativity": 0, "associativity": 0, "translation": 0, "negation": 0, "scaling": 0, "triangle": 1,
                    "reflexivity": 2, "distance_symmetry": 0, "transitivity": 3, "antisymmetry": 4, "label_pairs": 0,
                    "bradley_terry": 5, "converse": 0, "trichotomy": 6, "automorphism": 0}
        for _, config, _ in CASES:
            for family, actual in dump(**config)["families"].items():
                if actual["applies"]:
                    self.assertEqual(actual["compare"], compares[family])

    def test_label_pairs_follow_shuffled_labels(self):
        found = dump(p=7, label_shuffle=1.0, tuples=True)
        self.assertNotEqual(found["label"], found["true_label"])
        for i, j, _ in found["families"]["label_pairs"]["tuples"]:
            self.assertEqual(found["label"][i], found["label"][j])


if __name__ == "__main__":
    unittest.main()
