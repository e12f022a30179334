"""Parity of some bits: its table, its families, and what is refused."""

import itertools
import unittest
from collections import Counter

import numpy as np

import reference
from dump import FAMILIES, bits, dump, tuples_of


def table(count, relevant):
    return reference.data({x: sum(x[:relevant]) % 2 for x in itertools.product((0, 1), repeat=count)}, 2, 2)


class Parity(unittest.TestCase):
    def test_table(self):
        for count, relevant in ((2, 1), (2, 2), (3, 2), (5, 5), (10, 3), (16, 3)):
            for separate in (False, True):
                with self.subTest(bits=count, relevant=relevant, separate=separate):
                    expected = table(count, relevant)
                    found = dump(kind="parity", bits=count, relevant=relevant, separate=separate, readout=True)
                    self.assertEqual(found["message"], "")
                    self.assertEqual((found["operands"], found["entities"], found["classes"]), (count, 2, 2))
                    self.assertEqual(found["vocabulary"], 2 * count + 1 if separate else 3)
                    rows = np.reshape(found["input"], (-1, count + 1))[:, :count]
                    blocks = rows - separate * np.array([0, *range(3, 2 * count + 1, 2)])
                    self.assertEqual([tuple(x) for x in blocks.tolist()], expected["inputs"])
                    self.assertEqual(found["true_label"], expected["label"])
                    self.assertEqual(found["majority"], 0.5)

    def test_families(self):
        for count, relevant in ((2, 1), (2, 2), (4, 2), (4, 4), (5, 1)):
            found = dump(kind="parity", bits=count, relevant=relevant, tuples=True)
            task = dict(table(count, relevant), generators=found["generators"])
            for family in FAMILIES:
                with self.subTest(bits=count, relevant=relevant, family=family):
                    expected, actual = reference.FAMILY[family](task) or [], found["families"][family]
                    self.assertEqual(actual["applies"], bool(expected))
                    if expected:
                        self.assertEqual(Counter(tuples_of(task, actual)), Counter(expected))
                        self.assertEqual(actual["holds"], reference.is_true(task, family, expected))
            self.assertEqual(found["families"]["commutativity"]["holds"], count == relevant)

    def test_two_bits_are_addition(self):
        found, add = dump(kind="parity", bits=2, relevant=2, tuples=True), dump(kind="modular", operation="add", p=2, tuples=True)
        for name in ("input", "label", "mirror"):
            self.assertEqual(found[name], add[name])
        for family in ("commutativity", "associativity", "label_pairs"):
            self.assertEqual(found["families"][family], add["families"][family])

    def test_derived_labels(self):
        """Exchanging neighbours ties all inputs with as many ones."""
        found = dump(kind="parity", bits=6, relevant=6, train_fraction=0.1, derived=bits("commutativity"))
        ones = [sum(x) for x in itertools.product((0, 1), repeat=6)]
        known = {k for k, train in zip(ones, found["split"]) if train}
        self.assertEqual(found["derived"], [int(k in known) for k in ones])
        self.assertIn(0, found["derived"])

    def test_refusals(self):
        for keys, text in ((dict(bits=1, relevant=1), "task.bits: expected 2 to 16, found 1"),
                           (dict(bits=17, relevant=1), "task.bits: expected 2 to 16, found 17"),
                           (dict(bits=4, relevant=5), "task.relevant: expected 1 to task.bits = 4, found 5"),
                           (dict(bits=4, relevant=0), "task.relevant: expected 1 to task.bits = 4, found 0")):
            self.assertEqual(dump(kind="parity", **keys)["message"], text)


if __name__ == "__main__":
    unittest.main()
