"""Tables that are drawn from a seed: rebuilt from the documented draws, and what must be true of them."""

import unittest
from collections import Counter

import numpy as np

import reference
from dump import FAMILIES, dump, tuples_of


def square(found):
    return np.reshape(found["true_label"], (found["entities"], -1))


def found_families(case, task, found):
    """Every family's tuples and truth, by brute force."""
    task = dict(task, generators=found["generators"])
    for family in FAMILIES:
        with case.subTest(family=family):
            expected, actual = reference.FAMILY[family](task) or [], found["families"][family]
            case.assertEqual(actual["applies"], bool(expected))
            if expected:
                case.assertEqual(Counter(tuples_of(task, actual)), Counter(expected))
                case.assertEqual(actual["holds"], reference.is_true(task, family, expected))


class Planted(unittest.TestCase):
    CASES = [(2, 1), (2, 2), (6, 1), (6, 2), (6, 3), (6, 6), (24, 8), (25, 5)]

    def test_rebuilt_from_the_documented_draws(self):
        for n, h in self.CASES:
            for scramble in ("none", "cells", "isotope"):
                for seed in (0, 4294967295):
                    with self.subTest(n=n, h=h, scramble=scramble, seed=seed):
                        keys = dict(n=n, symmetry_order=h, scramble=scramble, table_seed=seed)
                        expected, found = reference.planted(**keys), dump(kind="planted", **keys)
                        self.assertEqual(found["message"], "")
                        self.assertEqual(found["true_label"], expected["label"])
                        self.assertEqual((found["classes"], found["entities"], found["operands"]), (n, n, 2))
                        self.assertEqual((found["closed"], found["listed"], found["order"]), (True, False, 0))
                        rows = np.reshape(found["input"], (-1, found["tokens"]))[:, :2]
                        self.assertEqual([tuple(x) for x in rows.tolist()], expected["inputs"])

    def test_it_is_equivariant_under_the_planted_group_and_no_more(self):
        for n, h in ((24, 1), (24, 3), (24, 8), (24, 24), (25, 5)):
            m, f = n // h, square(dump(kind="planted", n=n, symmetry_order=h, table_seed=3))
            holds = {k for k in range(1, n + 1) if n % k == 0 for step in [n // k]
                     if np.array_equal(np.roll(f, -step, 0), (f + step) % n) and np.array_equal(np.roll(f, -step, 1), (f + step) % n)}
            self.assertEqual(holds, {k for k in range(1, n + 1) if n % k == 0 and (n // k) % m == 0}, (n, h))

    def test_the_whole_group_is_addition_relabelled(self):
        for scramble in ("none", "isotope"):
            f = square(dump(kind="planted", n=12, symmetry_order=12, scramble=scramble))
            self.assertTrue(all(len(set(row)) == 12 for row in f.tolist() + f.T.tolist()))
        f = square(dump(kind="planted", n=12, symmetry_order=12))
        x, y = np.indices((12, 12))
        self.assertTrue(np.array_equal(f, (x + y + f[0, 0]) % 12))

    def test_an_isotope_is_the_planted_table_with_x_y_and_label_permuted(self):
        plain, isotope = (square(dump(kind="planted", n=12, symmetry_order=4, table_seed=9, scramble=s))
                          for s in ("none", "isotope"))
        to = [reference.philox.permutation(12, 9, reference.STREAM_TABLE, step) for step in (1, 2, 3)]
        self.assertFalse(np.array_equal(plain, isotope))
        self.assertTrue(np.array_equal(isotope[np.ix_(to[0], to[1])], to[2][plain]))

    def test_cells_keep_the_labels_and_lose_the_rows(self):
        plain, cells = (square(dump(kind="planted", n=24, symmetry_order=24, scramble=s)) for s in ("none", "cells"))
        self.assertEqual(Counter(plain.ravel().tolist()), Counter(cells.ravel().tolist()))
        self.assertFalse(any(len(set(row)) == 24 for row in cells.tolist() + cells.T.tolist()))

    def test_families(self):
        truths = set()
        for n, h, scramble in ((6, 1, "none"), (6, 2, "none"), (6, 6, "none"), (6, 6, "isotope"), (6, 3, "cells"), (2, 2, "none")):
            for seed in range(3):
                keys = dict(n=n, symmetry_order=h, scramble=scramble, table_seed=seed)
                found = dump(kind="planted", tuples=True, **keys)
                found_families(self, reference.planted(**keys), found)
                truths.add((found["families"]["commutativity"]["holds"], found["families"]["associativity"]["holds"]))
        self.assertLessEqual({(False, False), (True, True)}, truths)

    def test_refusals(self):
        for keys, text in ((dict(n=24, symmetry_order=5), "task.symmetry_order: expected a divisor of task.n = 24, found 5; the nearest are 4 and 6"),
                           (dict(n=24, symmetry_order=48), "task.symmetry_order: expected a divisor of task.n = 24, found 48; the nearest is 24"),
                           (dict(n=24, symmetry_order=0), "task.symmetry_order: expected a divisor of task.n = 24, found 0; the nearest is 1"),
                           (dict(n=1, symmetry_order=1), "task.n: expected at least 2, found 1"),
                           (dict(n=4097, symmetry_order=1), "task.n: gives 4097 entities"),
                           (dict(n=4, symmetry_order=1, scramble=3), "task.scramble: no scramble has number 3")):
            with self.subTest(**keys):
                self.assertTrue(dump(kind="planted", **keys)["message"].startswith(text), dump(kind="planted", **keys)["message"])


class Latin(unittest.TestCase):
    def test_rebuilt_from_the_documented_draws(self):
        for n in (2, 3, 4, 5, 8, 11):
            for seed in range(3):
                with self.subTest(n=n, seed=seed):
                    expected, found = reference.latin(n, seed), dump(kind="latin", n=n, table_seed=seed, tuples=True)
                    self.assertEqual(found["message"], "")
                    self.assertEqual(found["true_label"], expected["label"])
                    self.assertEqual((found["classes"], found["entities"], found["operands"], found["closed"]), (n, n, 2, True))
                    found_families(self, expected, found)

    def test_every_label_once_in_each_row_and_column(self):
        for n, seed in ((2, 5), (24, 0), (59, 1), (59, 4294967295), (100, 2)):
            f = square(dump(kind="latin", n=n, table_seed=seed))
            self.assertTrue(all(sorted(line) == list(range(n)) for line in f.tolist() + f.T.tolist()))
            cyclic = np.add.outer(np.arange(n), np.arange(n)) % n
            if n > 2:
                self.assertLess((f == cyclic).mean(), 3 / n, "far from where the chain starts")

    def test_uniform_among_the_squares_of_order_four(self):
        """576 squares of order 4 in two isotopy classes: 432 like Z_4, 144 like Z_2 x Z_2; their share over seeds within
        four standard deviations, and no square far too often."""
        drawn = Counter(tuple(dump(kind="latin", n=4, table_seed=seed)["true_label"]) for seed in range(600))
        self.assertGreater(len(drawn), 300)  # of 576, 373 are expected
        self.assertLessEqual(max(drawn.values()), 8)

        def is_klein(square):
            """Rows differ by permutations without cycles of length 4."""
            rows = [square[4 * k:4 * k + 4] for k in range(4)]
            maps = [dict(zip(rows[0], row)) for row in rows[1:]]
            return all(m[m[c]] == c for m in maps for c in range(4))

        klein = sum(times for square, times in drawn.items() if is_klein(square))
        self.assertLess(abs(klein - 150), 4 * np.sqrt(600 * 0.25 * 0.75))

    def test_refusals(self):
        for n in (1, 129, 0):
            self.assertEqual(dump(kind="latin", n=n)["message"], "task.n: expected 2 to 128 for a Latin square, found %d" % n)


if __name__ == "__main__":
    unittest.main()
