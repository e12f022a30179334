"""The greatest common divisor: its table, its families and its place among the keys, against Python's own gcd."""

import math
import unittest
from collections import Counter

import reference
from dump import bits, dump, tuples_of


def gcd_table(n):
    """In the terms of the reference, where a product with a table is called a group."""
    return reference.group_from(list(range(1, n + 1)), math.gcd)


class Gcd(unittest.TestCase):
    def test_table(self):
        for n in (2, 12, 31):
            expected, found = gcd_table(n), dump(kind="gcd", n=n)
            self.assertEqual(found["status"], 0, found["message"])
            self.assertEqual(found["true_label"], expected["label"])
            self.assertEqual((found["classes"], found["entities"], found["vocabulary"]), (n, n, n))
            self.assertEqual([tuple(found["input"][i:i + 2]) for i in range(0, 2 * n * n, 2)], expected["inputs"])
            self.assertEqual(found["mirror"], [b * n + a for a, b in expected["inputs"]])
            self.assertEqual((found["order"], found["abelian"], found["exponent"]), (0, False, None))

    def test_families(self):
        n = 8
        found = dump(kind="gcd", n=n, tuples=True)
        task = dict(gcd_table(n), generators=found["generators"])
        defined = {"commutativity", "associativity", "label_pairs", "automorphism"}
        self.assertEqual({f for f, actual in found["families"].items() if actual["applies"]}, defined)
        for family in defined:
            expected = reference.FAMILY[family](task)
            self.assertEqual(Counter(tuples_of(task, found["families"][family])), Counter(expected))
            self.assertTrue(found["families"][family]["holds"])
            self.assertTrue(reference.is_true(task, family, expected))

    def test_associativity_ties_all_inputs_of_a_label(self):
        """With g = gcd(x, y): (x, y) ~ (g, y) by the triple (x, y, y), and (g, y) ~ (g, g) by (g, g, y)."""
        found = dump(kind="gcd", n=12, train_fraction=0.3, derived=bits("associativity"))
        seen = {c for c, train in zip(found["label"], found["split"]) if train}
        self.assertEqual(found["derived"], [int(c in seen) for c in found["label"]])
        self.assertIn(0, found["derived"])

    def test_refusals(self):
        for n in (0, 1, 4097):
            self.assertTrue(dump(kind="gcd", n=n)["message"].startswith("task.n:"))


if __name__ == "__main__":
    unittest.main()
