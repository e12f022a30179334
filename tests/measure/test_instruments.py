"""Measures with a cadence of their own (`measure`) against independent references in float64, over saved runs: circuits of
every kind of group and model, Langevin chains with the documented noise, Hessians, tangent kernels, gradient outer
products."""

import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

import h5py
import numpy as np

import reference
import reference_circuits
import reference_landscape

STEPS, EVERY = 80, 40
SMOOTH = {"model.activation": "gelu"}
BASE = {
    "task": {"kind": "modular", "operation": "add", "p": 11},
    "model": {"kind": "transformer", "layers": 1, "d_model": 16, "heads": 2, "d_mlp": 24},
    "optimizer": {"learning_rate": 5e-3}, "train_fraction": 0.7, "steps": STEPS,
    "evaluate": {"every": EVERY, "snapshots": 10, "tuples": 20},
    "save": {"parameters": True, "split": True},
}


def modular(operation, p, **more):
    return dict({"task.kind": "modular", "task.operation": operation, "task.p": p, "measure.circuits.every": EVERY}, **more)


def group(kind, **more):
    return dict({"task.kind": "group", "task.group": kind, "measure.circuits.every": EVERY},
                **{key if "." in key else "task." + key: value for key, value in more.items()})


LANDSCAPE = {
    "measure.llc.every": EVERY, "measure.llc.chains": 2, "measure.llc.draws": 20, "measure.llc.burn_in": 13,
    "measure.llc.epsilon": 1e-5, "measure.llc.gamma": 50, "measure.sharpness.every": EVERY,
    "measure.sharpness.eigenvalues": 2, "measure.kernel.every": EVERY,
}
CASES = {
    "add": modular("add", 11), "sub": modular("sub", 9), "mul": modular("mul", 11), "div": modular("div", 7),
    "circle": modular("circle", 11), "product": group("product", factors=[2, 4]), "dihedral": group("dihedral", n=6),
    "symmetric": group("symmetric", n=4), "complex characters": group("alternating", n=4),
    "two layers": group("symmetric", n=3, **{"model.layers": 2, "model.readout_token": False}),
    "mlp": group("dihedral", n=5, **{"model.kind": "mlp", "model.d_hidden": 20, "model.layers": 2}),
    "one-hot mlp": group("symmetric", n=3, **{"model.kind": "mlp", "model.d_hidden": 20, "model.input": "one_hot"}),
    "transformer's landscape": modular("add", 7, **SMOOTH, **LANDSCAPE),
    "mlp's landscape": modular("mul", 7, **{"model.kind": "mlp", "model.d_hidden": 20, "model.activation": "tanh"},
                               **LANDSCAPE),
}


class Instruments(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="symsweep-instruments-")
        cls.addClassCleanup(folder.cleanup)
        path = Path(folder.name, "instruments.json")
        path.write_text(json.dumps({"name": "instruments", "output": "instruments.h5", "run": BASE,
                                    "cases": [dict({"label": label}, **case) for label, case in CASES.items()]}))
        done = subprocess.run([os.environ["SYMSWEEP_BINARY"], str(path), "--quiet"], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True)
        assert done.returncode == 0, done.stderr
        cls.file = h5py.File(path.with_name("instruments.h5"), "r")
        cls.addClassCleanup(cls.file.close)
        cls.runs = [reference.Run(cls.file, row) for row in range(len(cls.file["runs/id"]))]

    def states(self, key):
        """(run, evaluation, step, parameters) of the runs that measure such a thing."""
        for run in self.runs:
            if run.config["measure"][key]["every"] == 0:
                continue
            steps = list(self.file["snapshots/step"][run.row])
            for e, step in enumerate(range(0, STEPS + 1, EVERY)):
                flat = self.file["snapshots/parameters"][run.row, steps.index(step)]
                yield run, e, step, run.parameters(flat)

    def near(self, run, path, e, expected, relative, absolute=1e-6):
        stored = float(self.file[path][run.row, e])
        where = "%s %s evaluation %d: file %.9g, reference %.9g" % (run.label, path, e, stored, expected)
        if np.isnan(expected):
            self.assertTrue(np.isnan(stored), where)
        else:
            self.assertLessEqual(abs(stored - expected), relative * abs(expected) + absolute, where)

    def test_circuits(self):
        cases = 0
        for run, e, _, w in self.states("circuits"):
            curves, arrays, _ = reference_circuits.circuits(run, w)
            self.assertEqual({"/circuits/" + name for name in self.file["circuits"]}, {*curves, *arrays})
            for path, value in curves.items():
                self.near(run, path, e, value, 1e-4, 1e-5)
            for path, value in arrays.items():
                stored = self.file[path][run.row, e].astype(float)
                self.assertTrue(np.isnan(stored[len(value):]).all(), run.label)
                np.testing.assert_allclose(np.sort(stored[:len(value)]), np.sort(value), 1e-4, 1e-6, err_msg=run.label)
            cases += 1
        self.assertEqual(cases, 3 * len(CASES))

    def test_lines_stand_in_the_order_of_the_frequencies(self):
        """Power of the neurons by frequency, from a Fourier transform."""
        for run, e, _, w in self.states("circuits"):
            if run.task.get("operation") != "add":
                continue
            p = run.task["p"]
            f = reference_circuits.hidden(run, w).reshape(p, p, -1)
            power = (np.abs(np.fft.fft2(f - f.mean((0, 1)), axes=(0, 1))) ** 2).sum(2)
            lines = [sum(power[a, b] for a, b in {(k, 0), (-k, 0), (0, k), (0, -k), (k, k), (-k, -k), (k, -k), (-k, k)})
                     for k in range(1, p // 2 + 1)]
            stored = self.file["circuits/neuron_power"][run.row, e][:len(lines)]
            np.testing.assert_allclose(stored, lines / power.sum(), 1e-4, 1e-6)

    def test_llc(self):
        for run, e, step, w in self.states("llc"):
            value, error, trace = reference_landscape.llc(run, w, step)
            self.near(run, "landscape/llc", e, value, 1e-3, 1e-3)
            self.near(run, "landscape/llc_error", e, error, 1e-2, 1e-3)
            np.testing.assert_allclose(self.file["landscape/llc_trace"][run.row, e], trace, 1e-3, 1e-3, err_msg=run.label)

    def test_sharpness(self):
        """By the same differences in float64, to the residual that Lanczos may leave; by automatic differentiation as near as
        the Hessian is the same over the distance of the differences."""
        for run, e, step, w in self.states("sharpness"):
            for exact, near in ((False, 0.01), (True, 0.1)):
                top, trace, error = reference_landscape.sharpness(run, w, step, exact)
                for k, value in enumerate(top):
                    self.near(run, "landscape/hessian_top_%d" % (k + 1), e, value, 0, near * top[0])
                self.near(run, "landscape/hessian_trace", e, trace, near, near * top[0])
                self.near(run, "landscape/hessian_trace_error", e, error, 2 * near, near * top[0])

    def test_kernel(self):
        start, moved = {}, 0
        for run, e, _, w in self.states("kernel"):
            k = reference_landscape.tangent_kernel(run, w)
            start.setdefault(run.row, k)
            self.near(run, "kernel/ntk_alignment", e, reference_landscape.alignment(k, start[run.row]), 1e-4)
            self.near(run, "kernel/agop_circulant", e, reference_landscape.circulance(run, w), 1e-3)
            moved += self.file["kernel/ntk_alignment"][run.row, e] < 0.99
        self.assertGreater(moved, 0)


if __name__ == "__main__":
    unittest.main()
