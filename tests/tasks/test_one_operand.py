"""A task whose inputs have one operand: it is checked, trained and shown as any other, and what compares operands,
relations or mirrors has no value on it."""

import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

import h5py
import numpy as np

P = 13
POLYNOMIAL = {"task.kind": "modular", "task.p": P, "task.operation": "expression", "task.expression": "x^2"}
TABLE = {"task.kind": "table", "task.file": "squares.csv"}
MLP = {"model.kind": "mlp", "model.d_hidden": 32}
CASES = {
    "polynomial": POLYNOMIAL, "table": TABLE, "polynomial, mlp": {**POLYNOMIAL, **MLP}, "table, mlp": {**TABLE, **MLP},
    "no readout": {**POLYNOMIAL, "model.readout_token": False}, "two layers": {**TABLE, "model.layers": 2},
    "separate": {**TABLE, "model.operand_embeddings": "separate"},
    "weighted": {**POLYNOMIAL, "symmetry.scaling.weight": 0.5, "symmetry.automorphism.weight": 0.5,
                 "geometry.lipschitz.weight": 0.01, "geometry.lipschitz.bound": 0.1},
}
# Of x^2: -x has the label of x, u x that of x times u^2, and the task is symmetric under more than these.
FAMILIES = {"polynomial": {"negation", "scaling", "automorphism"}, "table": {"label_pairs", "automorphism"}}
MISSING = {"polynomial": ["curves/test_accuracy_unmirrored", "geometry/distance_spearman", "geometry/stress",
                          "geometry/order_spearman"]}
MISSING["table"] = MISSING["polynomial"] + ["geometry/fourier_top5", "geometry/circularity"]


def symsweep(*arguments, cwd):
    return subprocess.run([os.environ["SYMSWEEP_BINARY"], *arguments], cwd=cwd, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


class OneOperand(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="symsweep-one-operand-")
        cls.addClassCleanup(cls.folder.cleanup)
        Path(cls.folder.name, "squares.csv").write_text("".join("%d,%d\n" % (x, x * x % P) for x in range(P)))
        sweep = {"name": "one", "output": "one.h5",
                 "run": {"task": {"kind": "modular"}, "steps": 60, "train_fraction": 0.6, "model": {"d_model": 16},
                         "evaluate": {"every": 20, "spectra_every": 2}, "stop": {"test_accuracy": 0}},
                 "cases": [{"label": label, **keys} for label, keys in CASES.items()]}
        Path(cls.folder.name, "one.json").write_text(json.dumps(sweep))
        cls.checked = symsweep("check", "one.json", cwd=cls.folder.name)
        cls.trained = symsweep("one.json", "--quiet", cwd=cls.folder.name)
        assert cls.trained.returncode == 0, cls.trained.stderr
        cls.file = h5py.File(Path(cls.folder.name, "one.h5"), "r")
        cls.addClassCleanup(cls.file.close)
        cls.labels = [label.decode() for label in cls.file["runs/label"][:]]

    def kind(self, row):
        return json.loads(self.file["runs/config"].asstr()[row])["task"]["kind"].replace("modular", "polynomial")

    def test_check_and_show(self):
        self.assertEqual(self.checked.returncode, 0, self.checked.stderr)
        self.assertIn("8 train and 5 test inputs", self.checked.stdout)
        self.assertIn("the task has no mirrors", self.checked.stdout)
        self.assertEqual(set(self.labels), set(CASES))
        for row in range(len(self.labels)):
            shown = symsweep("show", "one.h5", "--run", str(row), cwd=self.folder.name)
            self.assertEqual(shown.returncode, 0, shown.stderr)
            self.assertIn("done after 60 steps", shown.stdout)

    def test_families(self):
        for row, label in enumerate(self.labels):
            for family, group in self.file["symmetry"].items():
                applies = family in FAMILIES[self.kind(row)]
                curves = {name: d[row] for name, d in group.items() if d.ndim == 2}
                with self.subTest(label, family=family):
                    self.assertEqual(group["tuples"][row] > 0, applies)
                    self.assertEqual(group["holds"][row], 1 if applies else -1)
                    for name, values in curves.items():
                        if not applies:
                            self.assertTrue(np.isnan(values).all(), name)
                    for name in ("mean", "max", "null_mean", "disagreement"):
                        self.assertEqual(np.isfinite(curves[name]).all(), applies, name)
                    if applies: # evaluations 0, 2 and the last have the costly measures
                        self.assertEqual(np.isfinite(curves["gradient_cosine"]).tolist(), [True, False, True, True])

    def test_measures(self):
        for row, label in enumerate(self.labels):
            with self.subTest(label):
                self.assertEqual(self.file["runs/unmirrored_inputs"][row], -1)
                for path in MISSING[self.kind(row)]:
                    if path in self.file:
                        self.assertTrue(np.isnan(self.file[path][row]).all(), path)
                for path in ("curves/train_loss", "curves/test_accuracy", "geometry/effective_rank"):
                    self.assertTrue(np.isfinite(self.file[path][row]).all(), path)
                for name, values in self.file.get("interpretability", {}).items():
                    self.assertTrue(np.isnan(values[row]).all(), name)


if __name__ == "__main__":
    unittest.main(verbosity=2)
