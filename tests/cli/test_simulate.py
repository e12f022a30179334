#!/usr/bin/python3
"""symsweep simulate and the advice of symsweep check, as a user calls them."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "job"))

import h5py  # noqa: E402
import support  # noqa: E402

QUICKSTART = pathlib.Path(__file__).resolve().parents[2] / "sweeps" / "quickstart.json"


def symsweep(*arguments):
    return subprocess.run([support.SYMSWEEP, *map(str, arguments)], capture_output=True, text=True)


class Simulate(unittest.TestCase):
    def rows(self, *arguments):
        done = symsweep("simulate", "--json", *arguments)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return json.loads(done.stdout)

    def test_measured_here(self):
        rows = self.rows("--workers", "1,2,6", QUICKSTART)
        self.assertEqual([row["workers"] for row in rows], [1, 2, 6])
        spans = [row["makespan_seconds"] for row in rows]
        self.assertTrue(spans[0] > spans[1] > spans[2] > spans[0] / 6)
        text = symsweep("simulate", QUICKSTART)
        self.assertEqual(text.returncode, 0)
        self.assertIn("measured on this machine", text.stdout)

    def test_times_of_a_results_file(self):
        with support.Folder(support.sweep(steps=400, seeds=4)) as folder:
            self.assertEqual(support.run(0, "-o", folder / "out.h5", folder.sweep).returncode, 0)
            with h5py.File(folder / "out.h5", "r") as file:
                work = float(file["/runs/wall_seconds"][()].sum())
            one, all_of_them = self.rows("--from", folder / "out.h5", "--workers", "1,8", folder.sweep)
            self.assertGreater(one["makespan_seconds"], work)
            self.assertLess(one["makespan_seconds"], work + 1.5)
            self.assertLess(all_of_them["efficiency"], one["efficiency"])
            repeated, = self.rows("--from", folder / "out.h5", "--repeat", "10", "--mean", "60", "--workers", "20",
                                  folder.sweep)  # 80 runs
            self.assertAlmostEqual(repeated["makespan_seconds"] * repeated["efficiency"] * 20, 80 * 60, delta=1)
            shared, = self.rows("--mean", "60", "--workers", "8", "--cores", "2", folder.sweep)
            self.assertAlmostEqual(shared["makespan_seconds"], 240, delta=12)
            other = symsweep("simulate", "--from", folder / "out.h5", QUICKSTART)
            self.assertEqual(other.returncode, 2)
            self.assertIn("no finished run of this sweep", other.stderr)

    def test_usage(self):
        for arguments in (["--workers", "0"], ["--workers", "4,"], ["--cores", "x"], ["--mean", "-1"], []):
            done = symsweep("simulate", *arguments, *([QUICKSTART] if arguments else []))
            self.assertEqual(done.returncode, 2, arguments)
        self.assertEqual(symsweep("simulate", "--from", "/nowhere.h5", QUICKSTART).returncode, 3)
        self.assertEqual(symsweep("simulate", "--help").returncode, 0)


class Check(unittest.TestCase):
    def estimate(self, *arguments):
        done = symsweep("check", "--json", "--tasks", "0", *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)["estimate"]

    def test_speed_is_measured_or_given(self):
        measured = self.estimate(QUICKSTART)
        self.assertEqual(measured["measured_share"], 1)
        given = self.estimate("--speed", "10", QUICKSTART)
        self.assertEqual((given["flops_per_second"], given["measured_share"]), (1e10, 0))
        twice = self.estimate("--speed", "20", QUICKSTART)
        self.assertAlmostEqual(given["core_hours"], 2 * twice["core_hours"])
        self.assertEqual(symsweep("check", "--speed", "fast", QUICKSTART).returncode, 2)
        self.assertIn("measured on this machine", symsweep("check", "--tasks", "0", QUICKSTART).stdout)

    def test_sweeps_too_large_to_try_say_so(self):
        huge = support.sweep(p=113, d_model=4096)
        with support.Folder(huge) as folder:
            self.assertEqual(self.estimate(folder.sweep)["measured_share"], 0)
            self.assertIn("too large to be tried", symsweep("check", "--tasks", "0", folder.sweep).stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
