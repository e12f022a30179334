"""Every curve, violation, measure of geometry and snapshot of a results file against an independent reference in float64
(reference.py), over runs of all kinds of tasks and models. Where tuples are few all are enumerated here too; in one run
they are sampled as documented."""

import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

import h5py
import numpy as np

import reference
import reference_tasks as tasks
from reference_tasks import facts

STEPS, EVERY = 300, 100
COSINE = 1e-4
BASE = {
    "task": {"kind": "modular", "operation": "add", "p": 11},
    "model": {"kind": "transformer", "layers": 1, "d_model": 24, "heads": 2, "d_mlp": 32},
    "train_fraction": 0.7, "steps": STEPS,
    # each evaluation's own step, and the step before it for the gradient that led there
    "evaluate": {"every": EVERY, "snapshots": 10, "snapshot_steps": [EVERY - 1, 2 * EVERY - 1, STEPS - 1],
                 "spectra_every": 1, "tuples": 100000},
    "save": {"parameters": True, "split": True, "embedding": True},
}


def modular(operation, p=7, **more):
    return dict({"task.kind": "modular", "task.operation": operation, "task.p": p}, **more)


def graph(kind, **more):
    return dict({"task.kind": "graph", "task.graph": kind}, **{"task." + k: v for k, v in more.items()})


def comparison(form, sides, **more):
    return dict({"task.kind": "comparison", "task.form": form, "task.sides": sides},
                **{"task." + k: v for k, v in more.items()})


def group(kind, **more):
    return dict({"task.kind": "group", "task.group": kind}, **{"task." + k: v for k, v in more.items()})


CASES = {
    "add": modular("add", 13), "add, even p": modular("add", 8), "sub": modular("sub"), "mul": modular("mul", 11),
    "div": modular("div"), "circle": modular("circle"), "sum_squared": modular("sum_squared"),
    "sum_cubed": modular("sum_cubed"), "sum_of_squares": modular("sum_of_squares"), "quadratic": modular("quadratic"),
    "cubic": modular("cubic"),
    "cycle": graph("cycle", nodes=9), "path": graph("path", nodes=8), "grid": graph("grid", sides=[4, 3]),
    "grid3d": graph("grid3d", sides=[2, 2, 3]), "cylinder": graph("cylinder", sides=[4, 3]),
    "hypercube": graph("hypercube", dimension=3), "torus": graph("torus", sides=[3, 4]),
    "tree": graph("tree", branching=2, depth=2),
    "relation": comparison("relation", [3, 4]), "three_way": comparison("three_way", [3, 3], attribute=1),
    "cyclic": group("cyclic", n=12), "product": group("product", factors=[2, 4]),
    "dihedral, odd": group("dihedral", n=5), "dihedral, even": group("dihedral", n=4),
    "symmetric": group("symmetric", n=4), "alternating": group("alternating", n=5),
    "mlp": modular("add", 7, **{"model.kind": "mlp", "model.d_hidden": 20}),
    "two layers, no readout": modular("add", 7, **{"model.layers": 2, "model.readout_token": False}),
    "separate operands": modular("mul", 7, **{"model.operand_embeddings": "separate", "model.output_scale": 0.5}),
    "layernorm, tied": modular("add", 7, **{"model.normalization": "layernorm", "model.unembedding": "tied"}),
    "rmsnorm behind": modular("add", 7, **{
        "model.layers": 2, "model.normalization": "rmsnorm", "model.normalization_placement": "post",
        "model.causal": False, "model.attention_rate": 0.5}),
    "stablemax": modular("add", 7, **{"loss.kind": "stablemax"}),
    "mlp of a sum, gelu": modular("add", 7, **{"model.kind": "mlp", "model.d_hidden": 20, "model.combine": "sum",
                                               "model.activation": "gelu"}),
    "mlp of one-hot inputs, square, mse": modular("mul", 7, **{
        "model.kind": "mlp", "model.d_hidden": 20, "model.input": "one_hot", "model.activation": "square",
        "model.bias": False, "loss.kind": "mse"}),
    "silu without biases, hinge": modular("sub", 7, **{"model.activation": "silu", "model.bias": False,
                                                       "loss.kind": "hinge"}),
    "weighted": modular("add", 7, **{"symmetry.commutativity.weight": 0.5,
                                     "symmetry.commutativity.tuples_per_step": "all"}),
    "shuffled labels": modular("add", 7, **{"task.label_shuffle": 0.5}),
    "sampled": modular("add", 11, **{"evaluate.tuples": 50}),
    "matchings of an odd number": modular("add", 23, **{"evaluate.tuples": 50}),
    "matchings of an even number": modular("add", 22),
    "blocks and a list, mul": modular("mul", 13, **{"evaluate.tuples": 50}),
    "blocks and a list, circle": modular("circle", 11, **{"evaluate.tuples": 50}),
    "blocks, div": modular("div", 11, **{"evaluate.tuples": 50}),
    "blocks, sum_cubed": modular("sum_cubed", 11, **{"evaluate.tuples": 50}),
    "blocks, symmetric": dict(group("symmetric", n=3), **{"evaluate.tuples": 20}),
}


def tolerance(r):
    return 1e-4 * abs(r) + 3e-5 * np.sqrt(abs(r)) + 1e-9


def accuracy_matches(stored, margin, chosen):
    """Equal, but for inputs whose two best logits differ by less than 1e-5."""
    if len(chosen) == 0:
        return np.isnan(stored)
    right = (margin[chosen] > 0).sum()
    unsure = (np.abs(margin[chosen]) < 1e-5).sum()
    return abs(stored * len(chosen) - right) <= unsure + 1e-3


class Reference(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="symsweep-reference-")
        cls.addClassCleanup(folder.cleanup)
        sweep = {"name": "reference", "output": "reference.h5", "run": BASE,
                 "cases": [dict({"label": label}, **case) for label, case in CASES.items()]}
        path = Path(folder.name, "reference.json")
        path.write_text(json.dumps(sweep))
        done = subprocess.run([os.environ["SYMSWEEP_BINARY"], str(path), "--quiet"], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True)
        assert done.returncode == 0, done.stderr
        cls.file = h5py.File(path.with_name("reference.h5"), "r")
        cls.addClassCleanup(cls.file.close)
        cls.runs = [reference.Run(cls.file, row) for row in range(len(cls.file["runs/id"]))]
        cls.compared = set()

    def check(self, run, path, at, expected):
        stored = float(self.file[path][run.row, at])
        self.compared.add(path)
        where = "%s %s evaluation %d: file %.9g" % (run.label, path, at, stored)
        if path.startswith("/curves/") and isinstance(expected, tuple):
            self.assertTrue(accuracy_matches(stored, *expected), where)
        elif isinstance(expected, tuple):
            count, shares, threshold = expected
            unsure = (np.abs(shares - threshold) < 1e-5).sum()
            self.assertLessEqual(abs(stored - count), unsure, where)
        elif np.isnan(expected):
            self.assertTrue(np.isnan(stored), where)
        elif path.endswith("gradient_cosine"):  # of gradients in float32: absolute, as they may be at right angles
            self.assertLessEqual(abs(stored - expected), COSINE, "%s, reference %.9g" % (where, expected))
        else:
            self.assertLessEqual(abs(stored - expected), tolerance(expected), "%s, reference %.9g" % (where, expected))

    def each_evaluation(self):
        """(run, evaluation, snapshot, parameters) at every evaluation; all of them have a snapshot."""
        for run in self.runs:
            steps = self.file["curves/step"][run.row]
            snapshots = list(self.file["snapshots/step"][run.row])
            self.assertEqual([s for s in steps if s >= 0], list(range(0, STEPS + 1, EVERY)), run.label)
            for e, step in enumerate(steps):
                s = snapshots.index(step)
                yield run, e, s, run.parameters(self.file["snapshots/parameters"][run.row, s])

    def test_every_operation_graph_and_group_has_a_case(self):
        for key, names in (("operation", facts.OPERATIONS), ("group", facts.GROUPS),
                           ("graph", [name for name in facts.GRAPHS if name != "edge_list"])):
            facts.cover("the cases", names, {run.task.get(key) for run in self.runs})

    def test_all_measures(self):
        labels = {run.label for run in self.runs}
        self.assertEqual(labels, set(CASES))
        for run, e, s, w in self.each_evaluation():
            z = reference.table_logits(run, w)
            plain = z.detach().numpy()
            log_p = plain - plain.max(1, keepdims=True)
            log_p -= np.log(np.exp(log_p).sum(1, keepdims=True))
            expected = reference.curves(run, w, z)
            expected.update(reference.symmetry(run, log_p))
            expected.update(reference.gradient_cosines(run, w, z))
            geometry, snapshot = reference.geometry(run, w)
            expected.update(geometry)
            expected.update(reference.interpretability(run, w, plain, snapshot.get("/snapshots/fourier_power")))
            for path, value in expected.items():
                self.check(run, path, e, value)
            self.check_missing(run, e, expected)
            self.check_generators(run, e, reference.by_generator(run, log_p))
            for path, value in snapshot.items():
                self.check_snapshot(run, path, s, value)
            self.check_embedding(run, s, w)
        self.check_nothing_is_forgotten()

    def check_generators(self, run, e, expected):
        path = "/symmetry/automorphism/by_generator"
        stored = self.file[path][run.row, e].astype(float)
        self.assertTrue(np.isnan(stored[len(expected):]).all(), run.label)
        if len(expected):
            self.compared.add(path)
            np.testing.assert_array_less(np.abs(stored[:len(expected)] - expected), tolerance(expected) + 1e-30, run.label)

    def check_missing(self, run, e, expected):
        """What the reference has no value for has none in the file."""
        own = {"/curves/step", "/curves/objective"}
        for group in ("curves", "symmetry", "geometry", "interpretability"):
            def visit(name, dataset):
                path = "/%s/%s" % (group, name)
                if not isinstance(dataset, h5py.Dataset) or dataset.ndim != 2 or path in expected or path in own:
                    return
                if not path.startswith("/curves/gradient_norm"):
                    self.assertTrue(np.isnan(dataset[run.row, e]), "%s %s" % (run.label, path))
            self.file[group].visititems(visit)

    def check_snapshot(self, run, path, s, expected):
        stored = self.file[path][run.row, s].astype(float)
        self.compared.add(path)
        where = "%s %s snapshot %d" % (run.label, path, s)
        width = tuple(slice(n) for n in expected.shape)
        self.assertEqual(np.count_nonzero(~np.isnan(stored)), expected.size, where)
        stored = stored[width]
        if path == "/snapshots/pca":
            self.check_planes(run, s, stored, expected, where)
        else:
            if path == "/snapshots/fourier_power" and run.task.get("group") in ("dihedral", "symmetric", "alternating"):
                stored = np.sort(stored)
            np.testing.assert_array_less(np.abs(stored - expected), tolerance(expected) + 1e-30, where)

    def check_planes(self, run, s, stored, expected, where):
        """Components one by one where they are apart; those of nearly equal variance as the plane that they span."""
        sigma = self.file["snapshots/singular_values"][run.row, s].astype(float)[:expected.shape[1] + 1]
        start = 0
        for end in range(1, expected.shape[1] + 1):
            apart = end == len(sigma) or np.isnan(sigma[end]) or sigma[end - 1] - sigma[end] > 1e-4 * sigma[0]
            if end < expected.shape[1] and not apart:
                continue
            a, b = stored[:, start:end], expected[:, start:end]
            if sigma[start] < 1e-6 * sigma[0]:
                np.testing.assert_allclose(a, 0, atol=1e-5 * sigma[0], err_msg=where)
            elif end - start == 1 and apart:
                np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5 * sigma[0], err_msg=where)
            elif apart:
                np.testing.assert_allclose(a @ a.T, b @ b.T, atol=1e-4 * sigma[0] ** 2, err_msg=where)
            start = end

    def check_embedding(self, run, s, w):
        tensor = reference.rows_of_tokens(run, w).detach().numpy()
        stored = self.file["/snapshots/embedding"][run.row, s][:tensor.shape[0], :tensor.shape[1]]
        np.testing.assert_array_equal(stored, tensor.astype(np.float32))
        self.compared.add("/snapshots/embedding")

    def check_nothing_is_forgotten(self):
        """Every dataset of these groups was compared in some run."""
        missing = []
        for group in ("curves", "symmetry", "geometry", "interpretability", "snapshots"):
            def visit(name, dataset):
                path = "/%s/%s" % (group, name)
                own = ("step", "parameters", "parameter_layout", "objective", "tuples", "enumerated", "holds",
                         "prompted", "leak", "coverage", "generators", "order_log10")
                if isinstance(dataset, h5py.Dataset) and path not in self.compared:
                    if name.split("/")[-1] not in own and "gradient_norm" not in name:
                        missing.append(path)
            self.file[group].visititems(visit)
        self.assertEqual(missing, [])
        self.assertGreater(len(self.compared), 100)

    def test_objective_and_gradient_of_the_step(self):
        compared = 0
        for run in self.runs:
            steps = list(self.file["curves/step"][run.row])
            snapshots = list(self.file["snapshots/step"][run.row])
            for e, step in enumerate(steps):
                if step == 0:
                    for name in ("objective", "gradient_norm", "gradient_norm_mlp"):
                        self.assertTrue(np.isnan(self.file["curves/" + name][run.row, e]))
                    continue
                s = snapshots.index(step - 1)
                w = run.parameters(self.file["snapshots/parameters"][run.row, s])
                for path, value in reference.step_curves(run, w).items():
                    self.check(run, path, e, value)
                    compared += 1
        self.assertGreater(compared, 500)

    def test_facts(self):
        for run in self.runs:
            for name in tasks.FAMILIES:
                path = "symmetry/%s/" % name
                if path not in self.file:
                    continue
                stored = {k: self.file[path + k][run.row] for k in ("tuples", "enumerated", "holds", "prompted")}
                tuples = run.families.get(name, [])
                where = "%s %s %s" % (run.label, name, stored)
                if not tuples:
                    self.assertEqual((stored["tuples"], stored["enumerated"], stored["holds"]), (-1, -1, -1), where)
                    continue
                chosen, all_of_them = tasks.measured(tuples, name, run.config["evaluate"]["tuples"])
                self.assertEqual(stored["tuples"], len(chosen), where)
                self.assertEqual(stored["enumerated"], all_of_them, where)
                self.assertEqual(stored["prompted"], name in reference.weighted(run), where)
                touched = len({i for inputs, _ in chosen for i in inputs}) / len(run.target)
                self.assertAlmostEqual(self.file[path + "coverage"][run.row], touched, 6, where)
                self.check_holds(run, name, tuples, stored["holds"], where)
                self.check_leak(run, name, tuples, stored["holds"], where)
            counts = {"train_inputs": run.train.sum(), "test_inputs": (~run.train).sum(),
                      "underived_inputs": len(reference.underived(run)),
                      "unmirrored_inputs": len(reference.unmirrored(run)) if tasks.has_mirrors(run.task) else -1}
            for name, count in counts.items():
                self.assertEqual(self.file["runs/" + name][run.row], count, "%s %s" % (run.label, name))
            self.assertAlmostEqual(self.file["runs/majority"][run.row], np.bincount(run.target).max() / len(run.target))

    def check_holds(self, run, name, tuples, holds, where):
        """By the labels: do the two sides of each tuple agree?"""
        y = run.target
        if run.task["label_shuffle"] > 0:
            return
        pairs = {"triangle": lambda i, m: y[i[0]] + y[i[1]] == y[i[2]], "reflexivity": lambda i, m: y[i[0]] == 0}
        same = lambda i, m: y[i[0]] == y[i[1]] if m is None else m[y[i[1]]] == y[i[0]]
        if name not in ("transitivity", "antisymmetry", "bradley_terry", "trichotomy"):
            self.assertEqual(bool(holds), all(pairs.get(name, same)(i, m) for i, m in tuples), where)

    def check_leak(self, run, name, tuples, holds, where):
        """For families whose tuples tie two labels directly."""
        leak = self.file["symmetry/%s/leak" % name][run.row]
        if not holds:
            self.assertTrue(np.isnan(leak), where)
        elif name in ("commutativity", "associativity", "distance_symmetry", "label_pairs"):
            share = 1 - len(reference.underived(run, [name])) / (~run.train).sum()
            self.assertAlmostEqual(leak, share, places=6, msg=where)
        else:
            self.assertTrue(0 <= leak <= 1, where)


if __name__ == "__main__":
    unittest.main()
