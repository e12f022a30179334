"""Polynomials given as text: their tables by Python's own arithmetic, their families by brute force, and what is no
polynomial."""

import json
import os
import subprocess
import tempfile
import unittest
from collections import Counter
from pathlib import Path

import h5py
import numpy as np

import reference
from dump import FAMILIES, bits, dump, tuples_of


def load(text, p, **options):
    return dump(kind="modular", operation="expression", expression=text, p=p, **options)


# Text, moduli, degree where it is homogeneous by its syntax.
CASES = [
    ("x+y", (2, 3, 4, 7), 1), ("x-y", (2, 3, 6, 7), 1), ("x*y", (3, 4, 7), 2), ("(x+y)^2", (3, 4, 7), 2),
    ("(x+y)^3", (3, 6, 7), 3), ("x^3+x*y", (3, 4, 7), None), ("x/y", (2, 3, 5, 7), 0), ("x^2 + x*y + y^2", (3, 4, 7), 2),
    ("x*y + x + y", (3, 4, 7), None), ("x+y+z", (2, 3, 4, 5), 1), ("x+y-z", (3, 4, 5), 1), ("x*y*z", (3, 4, 5), 3),
    ("x*y - z^2", (3, 4, 5), 2), ("x + y*z", (3, 4, 5), None), ("x/(y-z)", (3, 5), 0), ("x*y/z", (3, 5), 1),
    ("1/(x*y)", (3, 5, 7), -2), ("x^3/y/z", (5,), 1), ("x+w", (2, 3), 1), ("x*w - y*z", (2, 3, 4), 2), ("y", (3, 4), 1),
    ("-x^2", (3, 7), 2), ("--x", (5,), 1), ("(-x)^3", (5,), 3), ("2*x - 3", (5, 6), None), ("x^0 + y", (3, 4), None),
    ("-(x - -y)*(2*x+3*y)", (5, 6), 2), ("1000000000*x", (7,), 1), ("x^1000", (7, 9), 1000), ("x-y-z", (3, 5), 1),
    ("x/y/z", (3, 5), -1), ("x/y*z", (3,), 1), ("(x)", (3,), 1), ("x/2 + y", (3, 5), 1), ("x/(x^2+1)", (5, 7), None),
    ("5*x", (5,), 1), ("x*y^2 + z^3", (3, 4), 3), ("(x^2)^3*y", (5, 8), 7),
]


class Tables(unittest.TestCase):
    def test_tables(self):
        for text, moduli, degree in CASES:
            for p in moduli:
                with self.subTest(text=text, p=p):
                    expected, found = reference.expression(text, p), load(text, p)
                    self.assertEqual(found["message"], "")
                    width = expected["operands"]
                    rows = np.reshape(found["input"], (-1, found["tokens"]))[:, :width]
                    self.assertEqual([tuple(x) for x in rows.tolist()], expected["inputs"])
                    self.assertEqual(found["true_label"], expected["label"])
                    self.assertEqual((found["operands"], found["entities"], found["classes"]), (width, p, p))
                    self.assertEqual(found["listed"], len(expected["inputs"]) < p**width)
                    self.assertEqual(found["closed"], width == 2)
                    self.assertEqual((found["order"], found["exponent"]), (p, list(range(p))))

    def test_families(self):
        seen = Counter()
        for text, moduli, degree in CASES:
            for p in moduli:
                found = load(text, p, tuples=True)
                task = dict(reference.expression(text, p, degree), generators=found["generators"])
                for family in FAMILIES:
                    with self.subTest(text=text, p=p, family=family):
                        expected, actual = reference.FAMILY[family](task) or [], found["families"][family]
                        if family == "label_pairs" and len(task["inputs"]) <= p:
                            expected = []  # where classes may be missing the program does not look for pairs
                        self.assertEqual(actual["applies"], bool(expected))
                        if not actual["applies"]:
                            continue
                        self.assertEqual(Counter(tuples_of(task, actual)), Counter(expected))
                        self.assertEqual(actual["holds"], reference.is_true(task, family, expected))
                        seen[family, actual["holds"]] += 1
        for family in ("commutativity", "associativity"):
            self.assertGreater(min(seen[family, True], seen[family, False]), 5)
        for family in ("translation", "negation", "scaling", "label_pairs"):
            self.assertGreater(seen[family, True], 15)

    def test_separate_embeddings(self):
        """Each operand has its block of tokens; what the tuples are does not depend on it."""
        for text in ("x+y-z", "x*y/z"):
            plain = load(text, 5, tuples=True)
            for readout in (False, True):
                found = load(text, 5, tuples=True, separate=True, readout=readout)
                rows = np.reshape(found["input"], (-1, found["tokens"]))
                blocks = rows[:, :3] - [0, 5 + readout, 10 + readout]
                self.assertEqual(blocks.ravel().tolist(), plain["input"])
                self.assertEqual(found["families"], plain["families"])

    def test_the_same_as_operations(self):
        """Tables, labels, split, and where their tuples agree the numbers of the tuples."""
        for text, operation in (("x+y", "add"), ("x-y", "sub"), ("x*y", "mul"), ("(x+y)^2", "sum_squared"),
                                ("(x+y)^3", "sum_cubed"), ("x^3+x*y", "cubic"), ("x/y", "div"), ("x+x*y+y", "circle"),
                                ("x^2+y^2", "sum_of_squares"), ("x^2+x*y+y^2", "quadratic")):
            for p in (5, 13):
                found, known = load(text, p, tuples=True), dump(kind="modular", operation=operation, p=p, tuples=True)
                for name in ("input", "label", "classes", "vocabulary", "split"):
                    self.assertEqual(found[name], known[name], (text, name))
                same = {"add": ["commutativity", "associativity", "translation", "negation", "scaling", "label_pairs"],
                        "sub": ["translation", "negation", "scaling", "label_pairs"], "circle": ["commutativity", "associativity"],
                        "div": ["negation", "scaling"]}.get(operation, ["label_pairs"])
                for family in same:
                    self.assertEqual(found["families"][family], known["families"][family], (text, family))
                if operation not in ("sub", "div"):
                    self.assertEqual(found["mirror"], known["mirror"])

    def test_derived_labels(self):
        """A train label tells those of its orbit: of x+y+z under translation of x, all of one y and z."""
        found = load("x+y+z", 5, derived=bits("translation"), train_fraction=0.1)
        rows = np.reshape(found["input"], (-1, 3)).tolist()
        known = {tuple(x[1:]) for x, train in zip(rows, found["split"]) if train}
        self.assertEqual(found["derived"], [int(tuple(x[1:]) in known) for x in rows])
        self.assertIn(0, found["derived"])


class Curves(unittest.TestCase):
    """The same table trains to the same bits, whatever it is called."""

    SAME = {"add": "x+y", "sub": "x-y", "mul": "x*y", "sum_squared": "(x+y)^2", "cubic": "x^3+x*y", "div": "x/y"}

    def test_bits(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "same.json")
            run = {"task": {"kind": "modular", "operation": "add", "p": 13}, "steps": 30, "train_fraction": 0.6,
                   "model": {"d_model": 16, "heads": 2}, "evaluate": {"every": 10, "tuples": 300, "spectra_every": 1},
                   "optimizer": {"learning_rate": 0.01}}
            cases = [case for operation, text in self.SAME.items() for case in (
                {"label": operation, "task.operation": operation},
                {"label": text, "task": {"operation": "expression", "expression": text}})]
            weighted = {"symmetry.%s.weight" % f: 0.1 for f in ("commutativity", "associativity", "translation", "scaling")}
            cases += [{**weighted, **case, "label": "weighted " + case["label"]} for case in cases[:2]]
            path.write_text(json.dumps({"name": "same", "run": run, "cases": cases}))
            done = subprocess.run([os.environ["SYMSWEEP_BINARY"], str(path), "--quiet"], capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)
            with h5py.File(path.with_name("same.h5")) as file:
                row = {label.decode(): i for i, label in enumerate(file["runs/label"][:])}
                curves = []
                file.visititems(lambda name, item: curves.append(name) if isinstance(item, h5py.Dataset)
                                and name.split("/")[0] in ("curves", "symmetry", "geometry") else None)
                self.assertGreater(len(curves), 60)
                for operation, text in [*self.SAME.items(), ("weighted add", "weighted x+y")]:
                    whole = operation.endswith("add")
                    for name in curves if whole else ["curves/train_loss", "curves/test_accuracy", "curves/weight_norm"]:
                        if name.split("/")[1] in ("restricted_loss", "excluded_loss", "gradient_symmetricity", "distance_irrelevance"):
                            continue  # of operation add alone
                        one, other = (file[name][row[label]] for label in (operation, text))
                        with self.subTest(operation=operation, curve=name):
                            self.assertEqual(np.asarray(one).tobytes(), np.asarray(other).tobytes())


class Refusals(unittest.TestCase):
    def test_no_polynomial(self):
        any_atom = "x, y, z, w, a number or '('"
        for text, message in (
                ("x+", "expected %s at column 3, found the end" % any_atom),
                ("x+*y", "expected %s at column 3, found '*'" % any_atom),
                ("x**2", "expected %s at column 3, found '*'" % any_atom),
                ("a+x", "expected %s at column 1, found 'a'" % any_atom),
                ("x y", "expected an operator or the end at column 3, found 'y'"),
                ("2x", "expected an operator or the end at column 2, found 'x'"),
                ("x+y)", "expected an operator or the end at column 4, found ')'"),
                ("(x+y", "expected an operator or ')' at column 5, found the end"),
                ("()", "expected %s at column 2, found ')'" % any_atom),
                ("x^y", "expected an exponent of 0 or more at column 3, found 'y'"),
                ("x^-1", "expected an exponent of 0 or more at column 3, found '-'"),
                ("x^2^3", "expected one exponent, or parentheses around the power, at column 4, found '^'"),
                ("x^1001", "expected at most 1000 at column 3, found 1001"),
                ("1000000001*x", "expected at most 1000000000 at column 1, found 1000000001"),
                ("99999999999999999999999*x", "expected at most 1000000000 at column 1, found 99999999999999999999999"),
                ("x % 3", "expected an operator or the end at column 3, found '%'"),
                ("x·y", "expected an operator or the end at column 2, found a character that is not allowed"),
                ("3 + 4", "expected at least one of the variables x, y, z, w, found none"),
                ("x/(y-y)", "divides by zero modulo 5 in every input"),
                ("x/5", "divides by zero modulo 5 in every input"),
                ("(" * 120 + "x", "expected an operator or ')' at column 122, found the end"),
                ("", "operation \"expression\" needs a polynomial, such as x^2 + x*y")):
            with self.subTest(text=text):
                self.assertEqual(load(text, 5)["message"], "task.expression: " + message)
        self.assertEqual(load("(" * 120 + "x" + ")" * 120, 5)["message"], "")
        self.assertEqual(load("-" * 200 + "x", 5)["true_label"], list(range(5)))

    def test_sizes(self):
        self.assertEqual(load("x+y+z", 257)["message"],
                         "task.p: an expression of 3 variables has p^3 = 16974593 inputs, more than the limit of 16777216; "
                         "p can be at most 256")
        self.assertIn("p can be at most 64", load("x+w", 65)["message"])
        self.assertTrue(load("x/y", 9)["message"].startswith("task.p: division needs a prime, found 9; the nearest are 7 and 11"))
        self.assertTrue(load("x+y", 4097)["message"].startswith("task.p: gives 4097 entities"))
        self.assertTrue(load("x+y", 1)["message"].startswith("task.p: expected at least 2"))


if __name__ == "__main__":
    unittest.main()
