"""Onsets and labels of a results file, recomputed with NumPy from its curves (docs/science.md, Phases and onsets)."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import h5py
import numpy as np

from reference_tasks import facts

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "analysis"))
from symsweep import checksums, hdf5  # noqa: E402

SWEEP = {
    "name": "onsets", "output": "onsets.h5",
    "run": {"task": {"kind": "modular", "operation": "add", "p": 11}, "train_fraction": 0.7,
            "model": {"kind": "transformer", "d_model": 32, "heads": 2, "d_mlp": 64},
            "optimizer": {"learning_rate": 3e-3}, "steps": 1500, "stop": {"test_accuracy": 0},
            "evaluate": {"every": 20, "snapshots": 0}, "phase": {"gap": 100, "tau": 0.05}},
    "cases": [
        {"label": "plain"},
        {"label": "few examples", "train_fraction": 0.3},
        {"label": "slow", "optimizer.learning_rate": 1e-5},
        {"label": "stopped", "stop.test_accuracy": 0.9, "stop.for_steps": 100},
        {"label": "prompted", "symmetry.commutativity.weight": 1, "phase.family": "commutativity"},
        {"label": "blows up", "optimizer.kind": "sgd", "optimizer.learning_rate": 1e6},
        {"label": "path", "task.kind": "graph", "task.graph": "path", "task.nodes": 8},
        {"label": "entities", "task.kind": "comparison", "task.sides": [3, 3]},
    ],
}
THRESHOLDS = ["0.9", "0.95", "0.99", "1.0"]
DEFAULT_FAMILY = {"modular": "associativity", "group": "associativity", "graph": "triangle",
                  "comparison": "transitivity"}


class Onsets(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="symsweep-onsets-")
        cls.addClassCleanup(folder.cleanup)
        path = Path(folder.name, "onsets.json")
        path.write_text(json.dumps(SWEEP))
        done = subprocess.run([os.environ["SYMSWEEP_BINARY"], str(path), "--quiet"], stderr=subprocess.PIPE, text=True)
        assert done.returncode == 0, done.stderr
        cls.path = path
        cls.file = h5py.File(path.with_name("onsets.h5"), "r")
        cls.addClassCleanup(cls.file.close)
        cls.rows = range(len(SWEEP["cases"]))

    def curve(self, path, row):
        """Steps and values of the evaluations of a run."""
        steps = self.file["curves/step"][row]
        values = self.file[path][row] if path in self.file else np.full(len(steps), np.nan, np.float32)
        return steps[steps >= 0], values[steps >= 0]

    def crossing(self, path, row, reaches):
        steps, values = self.curve(path, row)
        at = reaches(values)
        first = steps[at][0] if at.any() else -1
        held = np.logical_and.accumulate(at[::-1])[::-1]
        stable = steps[held][0] if held.any() else -1
        return first, stable, int((at[:-1] & ~at[1:]).sum())

    def onset(self, name, row):
        return int(self.file["runs/onset/" + name][row])

    def config(self, row):
        return json.loads(self.file["runs/config"][row])

    def test_crossings_of_accuracies(self):
        crossed = 0
        for row in self.rows:
            for split in ("train", "test"):
                for text in THRESHOLDS:
                    first, stable, dips = self.crossing("curves/%s_accuracy" % split, row,
                                                        lambda v: v >= np.float32(text))
                    stem = "%s_accuracy" % split
                    self.assertEqual(self.onset("%s_first_%s" % (stem, text), row), first)
                    self.assertEqual(self.onset("%s_stable_%s" % (stem, text), row), stable)
                    self.assertEqual(self.onset("%s_first_%s_dips" % (stem, text), row), dips)
                    self.assertEqual(self.onset("%s_stable_%s_dips" % (stem, text), row), dips)
                    crossed += first >= 0
        self.assertGreater(crossed, 20)

    def test_memorization_generalization_symmetry(self):
        reached = 0
        for row in self.rows:
            phase = self.config(row)["phase"]
            accuracy, tau = np.float32(phase["accuracy"]), np.float32(phase["tau"])
            t_mem = self.crossing("curves/train_accuracy", row, lambda v: v >= accuracy)[0]
            t_gen = self.crossing("curves/test_accuracy", row, lambda v: v >= accuracy)[0]
            self.assertEqual((self.onset("t_mem", row), self.onset("t_gen", row)), (t_mem, t_gen))
            times = {}
            for statistic in ("mean", "max"):
                for family in self.file["runs/onset/t_sym_" + statistic]:
                    path = "symmetry/%s/%s" % (family, statistic)
                    stable = self.crossing(path, row, lambda v: v <= tau)[1]
                    expected = -1 if t_mem < 0 or stable < 0 else max(stable, t_mem)
                    times[statistic, family] = expected
                    self.assertEqual(self.onset("t_sym_%s/%s" % (statistic, family), row), expected, path)
                    reached += expected >= 0
            family = phase["family"]
            self.assertEqual(self.onset("t_sym", row), times["max", family])
            if t_gen >= 0 and times["mean", family] >= 0:
                self.assertEqual(self.onset("lead_time", row), t_gen - times["mean", family])
        self.assertGreater(reached, 5)

    def test_default_family(self):
        for row in self.rows:
            config = self.config(row)
            if SWEEP["cases"][row]["label"] != "prompted":
                self.assertEqual(config["phase"]["family"], DEFAULT_FAMILY[config["task"]["kind"]])

    def settled(self, row, path, tolerance, start=0):
        """First step, from `start` on, from which a curve stays within tolerance(steps, values) of its final value."""
        steps, values = self.curve(path, row)
        values = values.astype(float)
        complete = self.file["runs/status"][row] == facts.STATE["done"] and self.file["runs/stopped_early"][row] == 0
        inside = (np.abs(values - values[-1]) <= tolerance(steps, values)) & (steps >= start)
        held = np.logical_and.accumulate(inside[::-1])[::-1]
        t = steps[held][0] if held.any() else -1
        return t if complete and 0 <= t <= 0.8 * steps[-1] else -1

    def test_geometry(self):
        reached = earlier = 0
        for row in self.rows:
            expected = self.settled(row, "geometry/effective_dimension", lambda _, v: max(1, 0.1 * abs(v[-1])))
            self.assertEqual(self.onset("t_geo", row), expected)
            reached += expected >= 0
            strict = self.settled(row, "geometry/effective_dimension", lambda _, v: 0.1 * abs(v[-1]))
            earlier += expected != strict
        self.assertGreater(reached, 0)
        self.assertGreater(earlier, 0)  # below ten dimensions a step of one is let pass

    def test_geometry_by_participation(self):
        reached = 0
        for row in self.rows:
            t_mem = self.onset("t_mem", row)
            expected = -1 if t_mem < 0 else self.settled(
                row, "geometry/participation_ratio", lambda s, v: 0.1 * abs(v[s == t_mem][0] - v[-1]), t_mem)
            self.assertEqual(self.onset("t_geo_participation", row), expected)
            reached += expected >= 0
        self.assertGreater(reached, 0)

    def test_file_of_another_definition(self):
        """The next start of its sweep brings a file with onsets by an earlier definition up to date, retraining nothing."""
        names = ("t_geo", "t_geo_participation")
        folder = self.path.parent / "earlier"
        folder.mkdir()
        sweep, results = shutil.copy(self.path, folder), folder / "onsets.h5"
        shutil.copy(self.path.with_name("onsets.h5"), results)
        with h5py.File(results, "r+") as file:
            over = file["runs/status"][:] == facts.STATE["done"]
            for name in names:
                file["runs/onset/" + name].attrs["definition"] = "an earlier one"
                file["runs/onset/" + name][:] = np.where(over, 40, file["runs/onset/" + name][:])
            file["runs/checksum"][:] = checksums.of_rows(hdf5.tables(file), np.ones(len(over), dtype=bool))
        done = subprocess.run([os.environ["SYMSWEEP_BINARY"], str(sweep), "--quiet"], stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        with h5py.File(results, "r") as file:
            for name in names:
                path = "runs/onset/" + name
                self.assertEqual(file[path].attrs["definition"], self.file[path].attrs["definition"])
                self.assertEqual(file[path][:].tolist(), self.file[path][:].tolist())
            self.assertEqual(file["runs/wall_seconds"][:].tolist(), self.file["runs/wall_seconds"][:].tolist())
            sums = checksums.of_rows(hdf5.tables(file), np.ones(len(over), dtype=bool))
            self.assertEqual(file["runs/checksum"][:].tolist(), sums.tolist())

    def test_labels(self):
        names = {}
        for row in self.rows:
            train, test = (self.crossing("curves/%s_accuracy" % s, row, lambda v: v >= np.float32(0.9))[0]
                           for s in ("train", "test"))
            if self.file["runs/status"][row] == facts.STATE["diverged"]:
                expected = "diverged"
            elif test < 0:
                expected = "confusion" if train < 0 else "memorization"
            else:
                late = train >= 0 and test - train >= self.config(row)["phase"]["gap"]
                expected = "grokking" if late else "comprehension"
            self.assertEqual(facts.PHASES[self.file["runs/phase"][row]], expected, SWEEP["cases"][row]["label"])
            names[SWEEP["cases"][row]["label"]] = expected
        self.assertEqual(names["slow"], "confusion")
        self.assertEqual(names["few examples"], "memorization")
        self.assertEqual(names["blows up"], "diverged")


if __name__ == "__main__":
    unittest.main()
