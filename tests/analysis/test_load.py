"""load() on finished, living, killed and odd files, against the program's own export."""

import io
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

import fixtures
import symsweep
from symsweep import statistics

FOLDER = tempfile.mkdtemp(prefix="symsweep-test-")


def setUpModule():
    global FINISHED
    FINISHED = fixtures.train(FOLDER, fixtures.sweep("finished"))


def tearDownModule():
    shutil.rmtree(FOLDER)


def export(path, *options):
    done = subprocess.run([fixtures.BINARY, "export", str(path), *options], capture_output=True, text=True, check=True)
    return pd.read_csv(io.StringIO(done.stdout), keep_default_na=False, na_values=[""], dtype={"id": str})


class Tables(unittest.TestCase):
    def test_measures_with_a_cadence_of_their_own_are_curves(self):
        content = fixtures.sweep("measured", grid={"seed": [0]})
        content["run"].update({"steps": 20, "evaluate": {"every": 10, "snapshots": 0}, "measure": {
            "llc": {"every": 20, "chains": 1, "draws": 2, "burn_in": 1}, "sharpness": {"every": 20}, "kernel": {"every": 20}, "circuits": {"every": 20}}})
        curves = symsweep.load(fixtures.train(FOLDER, content)).curves
        for name in ("llc", "hessian_trace", "ntk_alignment", "neuron_irreps"):
            self.assertEqual(np.isfinite(curves[name].values).tolist(), [[True, False, True]] * 2, name)

    def test_runs_are_what_export_prints(self):
        runs, printed = symsweep.load(FINISHED).runs, export(FINISHED, "--all")
        self.assertEqual(sorted(runs.columns), sorted(set(printed.columns) - {"run"} | {"damaged"}))
        for name in set(runs.columns) - {"damaged"}:
            for ours, theirs in zip(runs[name], printed[name]):
                if statistics.is_missing(theirs) or theirs == "":
                    self.assertTrue(statistics.is_missing(ours) or ours == "", name)
                elif isinstance(theirs, str):
                    self.assertEqual(str(ours), theirs, name)
                else:
                    self.assertAlmostEqual(float(ours), float(theirs), delta=1e-6 * abs(float(theirs)), msg=name)

    def test_curves_are_what_export_prints(self):
        results = symsweep.load(FINISHED)
        printed = export(FINISHED, "--curves")
        self.assertGreater(len(printed), 1000)
        seen = 0
        for (run, metric), rows in printed.groupby(["run", "metric"]):
            folder, _, name = metric.partition("/")
            name = name.replace("/", "_") if folder == "symmetry" else name
            values = results.curves[name].values[run]
            np.testing.assert_allclose(values[rows["evaluation"]], rows["value"], rtol=1e-6)
            np.testing.assert_array_equal(results.curves["step"].values[run][rows["evaluation"]], rows["step"])
            self.assertEqual(np.isfinite(values).sum(), len(rows), name)
            seen += 1
        self.assertGreater(seen, 100)

    def test_names_are_those_of_the_tables(self):
        from symsweep import facts, payload, results, tasks
        known = fixtures.facts
        self.assertEqual((facts.STATES, facts.PHASES), (tuple(known.STATES), tuple(known.PHASES)))
        self.assertEqual(facts.ENDED, ("done", "diverged", "pruned"))
        self.assertEqual(set(results.PROGRESS), set(known.STATES))
        self.assertEqual(set(results.SNAPSHOT_DIMENSIONS), set(known.SNAPSHOTS))
        self.assertLessEqual(set(tasks.LATTICES), set(known.GRAPHS))
        self.assertLessEqual(set(payload.FIRST_METRICS), {name.split("/")[-1] for name in known.METRICS})
        with h5py.File(FINISHED, "r") as file:
            for path, names in (("runs/status", known.STATES), ("runs/phase", known.PHASES)):
                self.assertEqual(file[path].attrs["flag_meanings"].split(), names)

    def test_types(self):
        results = symsweep.load(FINISHED)
        self.assertEqual(results.runs["t_gen"].dtype, pd.Int64Dtype())
        self.assertEqual(set(results.runs["status"]), {"done"})
        self.assertIn("symmetry.commutativity.weight", results.axes)
        self.assertIn("run.seed", results.axes)
        self.assertEqual(results.configs[0]["task"]["p"], 7)
        self.assertIn("associativity", results.families)
        self.assertEqual(results.curves["test_accuracy"].attrs["units"], "1")
        self.assertEqual(results.snapshots["pca"].dims, ("run", "snapshot", "token", "component"))
        self.assertEqual(results.snapshots["pca"].shape[2:], (7, 8))

    def test_not_reached_is_missing(self):
        target = fixtures.copy(FINISHED, "censored.h5")
        with h5py.File(target, "r+") as file:
            file["runs/onset/t_gen"][:] = -1
            fixtures.renew(file)
        results = symsweep.load(target)
        self.assertTrue(results.runs["t_gen"].isna().all())
        runs, time, observed = statistics.onset_times(results)
        self.assertEqual(len(runs), 6)
        self.assertFalse(observed.any())
        np.testing.assert_array_equal(time, results.runs["steps"])

    def test_selected_runs_and_names(self):
        results = symsweep.load(FINISHED)
        some = results.read_curves(["test_loss"], runs=[4, 1])
        np.testing.assert_array_equal(some["test_loss"], results.curves["test_loss"].values[[4, 1]])
        self.assertEqual(some["run"].values.tolist(), [4, 1])
        with self.assertRaises(ValueError):
            results.read_curves(["no_such_metric"])

    def test_xarray_reads_the_same(self):
        import xarray
        results = symsweep.load(FINISHED)
        with xarray.open_dataset(FINISHED, group="curves", engine="h5netcdf") as direct:
            np.testing.assert_array_equal(direct["test_accuracy"].values, results.curves["test_accuracy"].values)


class Several(unittest.TestCase):
    def test_shards_are_joined(self):
        shards = []
        for i in (1, 2):
            shards.append(fixtures.train(FOLDER, fixtures.sweep("shard%d" % i), "--shard", "%d/2" % i))
        results, whole = symsweep.load(shards), symsweep.load(FINISHED)
        self.assertEqual(sorted(results.runs["id"]), sorted(whole.runs["id"]))
        for index, row in results.runs.iterrows():
            other = whole.runs.index[whole.runs["id"] == row["id"]][0]
            np.testing.assert_array_equal(results.curves["test_loss"].values[index],
                                          whole.curves["test_loss"].values[other][:results.curves.sizes["evaluation"]])

    def test_of_two_rows_the_further_one_counts(self):
        behind = fixtures.bend(FINISHED, "behind.h5", pending=[0, 2], running=[1])
        for order in ([behind, FINISHED], [FINISHED, behind]):
            results = symsweep.load(order)
            self.assertEqual(results.runs["status"].tolist(), ["done"] * 6)
            np.testing.assert_array_equal(results.curves["test_loss"], symsweep.load(FINISHED).curves["test_loss"])

    def test_different_shapes(self):
        other = fixtures.sweep("other")
        other["run"].update({"task": {"kind": "graph", "graph": "cycle", "nodes": 9}, "steps": 60})
        other["cases"] = [{"label": "graph"}]
        results = symsweep.load([FINISHED, fixtures.train(FOLDER, other)])
        self.assertEqual(len(results), 9)
        self.assertTrue(np.isnan(results.curves["triangle_max"].values[:6]).all())
        self.assertTrue(np.isfinite(results.curves["triangle_max"].values[6:, 1]).all())
        self.assertEqual(results.snapshots.sizes["token"], 9)


class Odd(unittest.TestCase):
    def test_states(self):
        results = symsweep.load(fixtures.bend(FINISHED, "states.h5", pending=[0], failed=[1], diverged=[2], running=[3]))
        self.assertEqual(results.runs["status"].tolist()[:4], ["pending", "failed", "diverged", "running"])
        self.assertIn("signal 9", results.runs["error"][1])
        # A running row has evaluations beyond `written` in this file: not acknowledged, so not there.
        self.assertEqual(np.isfinite(results.curves["test_loss"].values[3]).sum(), 2)
        self.assertEqual((results.curves["step"].values[3] >= 0).sum(), 2)

    def test_no_run(self):
        results = symsweep.load(fixtures.keep_runs(FINISHED, "none.h5", 0))
        self.assertEqual(len(results), 0)
        self.assertEqual(results.curves.sizes["run"], 0)
        self.assertEqual(len(statistics.onset_times(results)[0]), 0)

    def test_missing_groups(self):
        for groups in (["snapshots"], ["geometry", "symmetry"], ["curves", "snapshots", "symmetry"], ["runs/onset", "runs/final"],
                       ["runs/axes"], ["sweep"], ["runs/written", "runs/config"]):
            results = symsweep.load(fixtures.bend(FINISHED, "missing.h5", delete=groups))
            self.assertEqual(len(results), 6, groups)
            results.curves, results.snapshots

    def test_refusals_name_file_and_reason(self):
        text = Path(FOLDER, "text.h5")
        text.write_text("not HDF5")
        foreign = Path(FOLDER, "foreign.h5")
        with h5py.File(foreign, "w") as file:
            file["x"] = 1
        newer = fixtures.copy(FINISHED, "newer.h5")
        with h5py.File(newer, "r+") as file:
            file.attrs["format_version"] = 99
        for path, reason in ((text, "not an HDF5 file"), (foreign, "not a results file"), (newer, "format_version 99"),
                             (Path(FOLDER, "absent.h5"), "no such file"), (Path(FOLDER), "folder")):
            with self.assertRaises(symsweep.ResultsError) as caught:
                symsweep.load(path)
            self.assertIn(str(path), str(caught.exception))
            self.assertIn(reason, str(caught.exception))


class Living(unittest.TestCase):
    def test_while_a_sweep_writes_and_after_a_kill(self):
        """Twenty loads at random moments of a sweep that starts, writes and ends by SIGKILL; then the killed file."""
        content = fixtures.sweep("living")
        content["run"].update({"steps": 2000000, "evaluate": {"every": 10, "snapshots": 6}})
        content["run"].pop("stop")
        path = fixtures.write_sweep(FOLDER, content)
        output = path.with_suffix(".h5")
        child = subprocess.Popen(fixtures.command(path, "--output", output), stdin=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL, start_new_session=True)
        generator, seen, last = random.Random(7), set(), -1
        try:
            while not output.exists():
                self.assertIsNone(child.poll(), "the sweep ended before it began to write")
                time.sleep(0.01)
            for _ in range(20):
                time.sleep(generator.random() * 0.1)
                results = symsweep.load(output)
                loss = results.read_curves(["test_loss", "step"])
                count = int(np.isfinite(loss["test_loss"].values).sum())
                written = results.runs["written"].fillna(0).astype(int)
                self.assertEqual(count, int(written.sum()), "every acknowledged evaluation, and no other")
                self.assertGreaterEqual(count, last)
                last = count
                seen.add(count)
                status = subprocess.run([fixtures.BINARY, "status", "--json", str(output)], capture_output=True)
                self.assertEqual(status.returncode, 0, status.stderr)
            self.assertGreater(len(seen), 3, "the sweep went on while it was read")
            self.assertIsNone(child.poll())
        finally:
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
        killed = symsweep.load(output)
        self.assertGreaterEqual(int(killed.runs["written"].sum()), last)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[1:]])
