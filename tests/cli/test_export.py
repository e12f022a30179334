#!/usr/bin/python3
"""symsweep export: the table of runs, curves in long form, a compressed copy."""
import csv
import io
import json
import shutil
import subprocess
import unittest

import h5py
import numpy as np

from results_support import BINARY, Folder, Live, make_file, run


class Export(unittest.TestCase):
    def setUp(self):
        self.folder = Folder()
        self.path = self.folder.__enter__() / "results.h5"
        make_file(self.path, 6, 7)

    def tearDown(self):
        self.folder.__exit__()

    def test_runs(self):
        text = run("export", self.path)
        rows = list(csv.DictReader(io.StringIO(text)))
        head = text.splitlines()[0].split(",")
        self.assertEqual(len(head), len(set(head)))
        self.assertEqual([r["run"] for r in rows], [str(i) for i in range(6)])
        self.assertEqual([r["status"] for r in rows], ["done"] * 3 + ["failed"] + ["done"] * 2)
        self.assertEqual({r["phase"] for r in rows}, {"grokking"})
        self.assertEqual([r["t_gen"] for r in rows], [str(600 + i) for i in range(6)])
        self.assertEqual({r["t_geo"] for r in rows}, {""})
        self.assertEqual(rows[0]["label"], "fünf")
        self.assertEqual([r["symmetry.commutativity.weight"] for r in rows], ["0", "0.1", "0.2"] * 2)
        self.assertEqual([r["task.operation"] for r in rows], ["add", "sub"] * 3)
        self.assertEqual(rows[2]["run.seed"], "2")
        self.assertEqual(rows[3]["error"], "killed by signal 9")
        with h5py.File(self.path) as file:
            for i, row in enumerate(rows):
                self.assertEqual(np.float32(row["final.train_loss"]), file["runs/final/train_loss"][i])
                self.assertEqual(np.float32(row["final.commutativity_max"]), file["runs/final/commutativity_max"][i])
                self.assertEqual(row["final.test_accuracy_unmirrored"], "")
                self.assertEqual(int(row["commutativity.tuples"]), file["symmetry/commutativity/tuples"][i])

    def test_output_file(self):
        out = self.path.with_name("runs.csv")
        self.assertEqual(run("export", self.path, "-o", out), "")
        self.assertEqual(out.read_text(), run("export", self.path))
        self.assertIn("File exists", run("export", self.path, "-o", out, code=3)[1])

    def test_curves(self):
        rows = list(csv.DictReader(io.StringIO(run("export", "--curves", self.path))))
        self.assertTrue(all(r["value"] for r in rows))
        with h5py.File(self.path) as file:
            ids = [i.decode() for i in file["runs/id"][:]]
            values = {(r["metric"], int(r["run"]), int(r["evaluation"])): r for r in rows}
            for (metric, i, e), row in values.items():
                self.assertEqual(np.float32(row["value"]), file[metric][i, e])
                self.assertEqual((row["id"], int(row["step"])), (ids[i], file["curves/step"][i, e]))
            for metric in ("curves/test_accuracy", "symmetry/triangle/mass_beyond_diameter", "geometry/stress"):
                self.assertEqual(sum(m == metric for m, _, _ in values), 42)
            self.assertFalse(any(m == "curves/test_accuracy_unmirrored" for m, _, _ in values))

    def test_quoting(self):
        with h5py.File(self.path, "r+") as file:
            file["runs/label"][1] = 'a "quoted", label\nin two lines'
        rows = list(csv.DictReader(io.StringIO(run("export", self.path), newline="")))
        self.assertEqual(rows[1]["label"], 'a "quoted", label\nin two lines')
        self.assertEqual(len(rows), 6)

    def test_compact(self):
        small = self.path.with_name("small.h5")
        run("export", self.path, "--compact", small)
        with h5py.File(self.path) as a, h5py.File(small) as b:
            names = []
            a.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) and "/" in name else None)
            for name in names:
                np.testing.assert_array_equal(a[name][()], b[name][()], err_msg=name)
                self.assertEqual(set(a[name].attrs) - {"DIMENSION_LIST"}, set(b[name].attrs) - {"DIMENSION_LIST"})
            self.assertEqual(dict(a.attrs), dict(b.attrs))
            self.assertEqual((b["curves/train_loss"].compression, b["curves/train_loss"].shuffle), ("gzip", True))
        self.assertLess(small.stat().st_size, self.path.stat().st_size)
        before, after = (json.loads(run("status", p, "--json")) for p in (self.path, small))
        self.assertEqual(before, after)
        self.assertIn("exists already", run("export", self.path, "--compact", small, code=3)[1])
        live = self.path.with_name("live.h5")
        with Live(live, 3, 3):
            self.assertEqual(len(run("export", live).splitlines()), 4)

    def test_compact_while_it_is_written(self):
        """Runs that are over are copied whole, what is in training stands as pending with nothing but its settings."""
        live, copy = self.path.with_name("live.h5"), self.path.with_name("copy.h5")
        with Live(live, 3, 5):
            done = subprocess.run([BINARY, "export", live, "--compact", copy], capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("is being written: 2 of 3 runs are over and copied, the others stand in the copy as pending",
                          done.stderr)
            self.assertIn("3 runs: 2 done, 1 pending", run("status", copy))
            with h5py.File(live, "r", swmr=True) as a, h5py.File(copy) as b:
                self.assertEqual(a["runs/id"][()].tolist(), b["runs/id"][()].tolist())
                self.assertEqual(b["runs/config"][2], a["runs/config"][2])
                self.assertEqual(int(a["runs/written"][2]), 1)
                self.assertEqual([int(b["runs/written"][2]), int(b["curves/step"][2].max())], [0, -1])
                self.assertTrue(np.isnan(b["curves/train_loss"][2]).all())
                np.testing.assert_array_equal(a["curves/train_loss"][:2], b["curves/train_loss"][:2])
                for axis in a["runs/axes"]:
                    np.testing.assert_array_equal(a["runs/axes"][axis][()], b["runs/axes"][axis][()])
            self.assertIn("a writer holds it",
                          run("merge", "-o", self.path.with_name("x.h5"), live, self.path, code=3)[1])

    def test_a_plain_copy_of_a_file_that_is_written(self):
        """cp gives what a killed writer leaves: it reads, and recover makes it plain."""
        live, copy = self.path.with_name("live.h5"), self.path.with_name("copy.h5")
        with Live(live, 3, 5):
            shutil.copy(live, copy)
        self.assertEqual(len(run("export", copy).splitlines()), 4)
        with self.assertRaises(OSError):
            h5py.File(copy, "r")
        with h5py.File(copy, "r", swmr=True) as file:
            self.assertEqual(int(file["runs/written"][0]), 5)
        run("recover", copy)
        h5py.File(copy, "r").close()

    def test_refusals(self):
        run("export", code=2)
        run("export", self.path, "--compact", "x.h5", "--curves", code=2)
        run("export", self.path, "-o", "/nowhere/at/all.csv", code=3)


if __name__ == "__main__":
    unittest.main()
