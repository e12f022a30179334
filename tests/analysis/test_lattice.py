"""Lattices of refined sweeps: classes from the file and from the runs, and the comparison of both."""

import os
import shutil
import subprocess
import tempfile
import unittest

import numpy as np

import fixtures
import symsweep
from symsweep import lattice

FOLDER = tempfile.mkdtemp(prefix="symsweep-test-")
AXES = fixtures.PLANE_AXES


def setUpModule():
    global GRID, REFINED
    GRID = fixtures.train(FOLDER, fixtures.plane("grid"))
    REFINED = fixtures.train(FOLDER, fixtures.plane("refined", refine={"axes": AXES}))


def tearDownModule():
    shutil.rmtree(FOLDER)


class Lattice(unittest.TestCase):
    def test_planes_of_the_file(self):
        results = symsweep.load(REFINED)
        planes = lattice.lattice(results)
        self.assertEqual([p.attrs["setting"]["label"] for p in planes], ["alone", "mirrored"])
        for found in planes:
            self.assertEqual(found["holds"].dims, tuple(AXES))
            self.assertEqual(found["holds"].shape, (5, 5))
            self.assertTrue(set(np.unique(found["holds"])) <= {0, 1})
            self.assertTrue((np.isnan(found["low"]) == (found["runs"] == 0)).all())
        trained = results.runs["refine.round"].ge(0).sum()
        self.assertEqual(sum(int(p["runs"].sum()) for p in planes), trained)
        self.assertLess(trained, len(results.runs))
        self.assertEqual(results.runs["status"].eq("not_selected").sum(), len(results.runs) - trained)

    def test_classes_of_the_grid(self):
        results = symsweep.load(GRID)
        planes = lattice.lattice(results, AXES)
        for found, label in zip(planes, ("alone", "mirrored")):
            for i, j in ((0, 0), (4, 2), (2, 4)):
                at = (results.runs["label"] == label) & \
                     (results.runs[AXES[0]] == float(found[AXES[0]][i])) & (results.runs[AXES[1]] == float(found[AXES[1]][j]))
                self.assertEqual(at.sum(), 3)
                self.assertEqual(int(found["holds"][i, j]), int(results.runs["t_gen"][at].notna().sum() >= 1.5))

    def test_both_agree(self):
        planes = lattice.compare(symsweep.load(GRID), symsweep.load(REFINED))
        same = np.mean([(p["grid"] == p["refined"]).mean() for p in planes])
        self.assertGreaterEqual(same, 0.85)  # 25 points with as many as 3 seeds: one that is off is 4 % of a plane

    def test_the_tool(self):
        done = subprocess.run([fixtures.TOP / "analysis" / "refinement", GRID, REFINED], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"grid +150 runs\nrefined +\d+ runs \(\d+\.\d %\) in \d+ rounds\npoints +\d+ of 50 ")
        self.assertEqual(sum(line.lstrip()[:4] in ("10  ", "0.01", "0.31", "1.77", "0.05") for line in done.stdout.splitlines()), 10)

    def test_what_has_no_lattice_is_told(self):
        with self.assertRaisesRegex(symsweep.ResultsError, "does not refine"):
            lattice.lattice(symsweep.load(GRID))
        with self.assertRaisesRegex(symsweep.ResultsError, "no lattice: nonsense"):
            lattice.lattice(symsweep.load(GRID), ["nonsense"])
        done = subprocess.run([fixtures.TOP / "analysis" / "refinement", os.path.join(FOLDER, "none.h5"), REFINED],
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 3)

    def test_the_map_of_status(self):
        text = subprocess.run([fixtures.BINARY, "status", REFINED], capture_output=True, text=True, check=True).stdout
        planes = lattice.lattice(symsweep.load(REFINED))
        signs = {(1, True): "#", (0, True): "o", (1, False): "+", (0, False): "."}
        for found in planes:
            rows = ["".join(signs[int(found["holds"][i, j]), bool(found["runs"][i, j] > 0)] for i in range(5))
                    for j in reversed(range(5))]
            drawn = [line.split()[-1] for line in text.split(found.attrs["setting"]["label"], 1)[1].splitlines()[1:6]]
            self.assertEqual(drawn, rows)


if __name__ == "__main__":
    unittest.main()
