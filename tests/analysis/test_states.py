"""States of runs: taken from a results file, told apart, families ranked; against the file itself and brute force."""

import json
import math
import shutil
import tempfile
import unittest

import fixtures
import h5py
import numpy as np
import symsweep
from symsweep import figures, states

FOLDER = tempfile.mkdtemp(prefix="symsweep-test-")


def setUpModule():
    global TRAINED
    content = fixtures.sweep("states")
    content["run"].update({"steps": 400})
    content["grid"]["train_fraction"] = [0.5, 0.8]
    content["grid"]["seed"] = [0, 1, 2, 3]
    TRAINED = fixtures.train(FOLDER, content)


def tearDownModule():
    shutil.rmtree(FOLDER)


class States(unittest.TestCase):
    def test_every_evaluation_is_a_point(self):
        results = symsweep.load(TRAINED)
        found = states.of(results, "commutativity")
        expected = []
        with h5py.File(TRAINED) as file:
            for row, steps in enumerate(file["curves/step"][:]):
                phase = json.loads(file["runs/config"][row])["phase"]
                train = file["curves/train_accuracy"][row]
                memorized = False
                for e in np.nonzero(steps >= 0)[0]:
                    memorized |= bool(train[e] >= np.float32(phase["accuracy"]))
                    value, accuracy = file["symmetry/commutativity/max"][row, e], file["curves/test_accuracy"][row, e]
                    if np.isfinite(value) and np.isfinite(accuracy):
                        expected.append((row, steps[e], value, accuracy, file["runs/seed"][row], memorized,
                                         file["symmetry/commutativity/prompted"][row] == 1))
        columns = (found.position, found.step, found.value, found.accuracy, found.seed, found.memorized, found.prompted)
        self.assertEqual(list(zip(*(column.tolist() for column in columns))), [tuple(map(lambda x: np.asarray(x).item(), e)) for e in expected])
        self.assertTrue(found.prompted.any() and not found.prompted.all())
        self.assertTrue(found.memorized.any() and not found.memorized.all())
        counted = ~found.prompted
        self.assertEqual(sum(found.separate(0.5).calibration[1:] + found.separate(0.5).test[1:]), counted.sum())
        later = found.separate(0.5, memorized=True)
        self.assertEqual(later.calibration[1] + later.test[1], (counted & found.memorized).sum())

    def test_levels(self):
        """An accuracy that was stored as 0.99 is one."""
        one = states.States(np.array([0, 0, 0]), np.array([0, 1, 2]), np.ones(3), np.array([0.99, 0.9899, 1], np.float32),
                            np.zeros(3, int), np.ones(3, bool), np.zeros(3, bool))
        self.assertEqual(one.solved(0.99).tolist(), [True, False, True])
        self.assertEqual(one.solved(1.0).tolist(), [False, False, True])

    def test_auc(self):
        generator = np.random.default_rng(3)
        for _ in range(20):
            value, solved = generator.integers(0, 9, 30), generator.random(30) < 0.4
            pairs = [(0.5 if a == b else a < b) for a in value[solved] for b in value[~solved]]
            self.assertAlmostEqual(states.auc(value, solved), np.mean(pairs))
        self.assertEqual(states.auc([1, 2, 3, 4], [True, True, False, False]), 1)
        self.assertEqual(states.auc([1, 1, 1, 1], [True, True, False, False]), 0.5)
        self.assertEqual(states.auc([3, 4, 1, 2], [True, True, False, False]), 0)
        self.assertTrue(math.isnan(states.auc([1, 2], [True, True])))

    def test_families_that_are_known(self):
        """Violations that are written into the file: one tells solved states without error, one by half, one not."""
        target = fixtures.copy(TRAINED, "planted.h5")
        with h5py.File(target, "r+") as file:
            steps, accuracy = file["curves/step"][:], file["curves/test_accuracy"][:]
            known = steps >= 0
            solved = accuracy >= np.float32(0.9)
            self.assertTrue(solved[known].any() and not solved[known].all())
            noise = np.random.default_rng(1).random(steps.shape)
            for family, value in (("negation", np.where(solved, 0.1, 10)), ("scaling", np.where(solved, 0.1, 10) * 10 ** (4 * noise)),
                                  ("translation", noise)):
                file["symmetry/%s/max" % family][:] = np.where(known, value, np.nan)
            fixtures.renew(file)
        results = symsweep.load(target)
        table = states.families(results, level=0.9)
        self.assertEqual(table["task"].nunique(), 1)
        ranked = table.set_index("family")
        self.assertEqual(table["family"][0], "negation")
        self.assertEqual((ranked["auc"]["negation"], ranked["wrong"]["negation"]), (1, 0))
        self.assertAlmostEqual(ranked["threshold"]["negation"], 1)
        self.assertTrue(0.6 < ranked["auc"]["scaling"] < 0.95, ranked["auc"]["scaling"])
        self.assertAlmostEqual(ranked["auc"]["translation"], 0.5, delta=0.15)
        self.assertEqual(table["auc"].tolist(), sorted(table["auc"], reverse=True))
        later = states.families(results, level=0.9, memorized=True)
        self.assertLess(later["states"].max(), table["states"].max())

    def test_corrected_p_values_of_figures(self):
        """The arms of fig9 have the p-values of the signed-rank test against the baseline, after Holm."""
        results = symsweep.load(TRAINED)
        names = figures.interventions(results)
        labels = list(dict.fromkeys(names))
        rows = [("baseline" if k == 0 else label, [p for p, name in enumerate(names) if name == label and
                 results.configs[p]["train_fraction"] == 0.8]) for k, label in enumerate(labels)]
        found = figures.paired_tests(results, rows)
        self.assertEqual(set(found), {name for name, _ in rows[1:]})
        raw = []
        for _, positions in rows[1:]:
            pairs = [(results.runs.iloc[a], results.runs.iloc[b]) for a in positions for b in rows[0][1]
                     if results.runs["seed"].iloc[a] == results.runs["seed"].iloc[b]]
            self.assertEqual(len(pairs), 4)
            time = lambda run: (run["steps"], False) if symsweep.statistics.is_missing(run["t_gen"]) else (run["t_gen"], True)
            (t, o), (u, v) = (zip(*[time(pair[k]) for pair in pairs]) for k in (0, 1))
            raw.append(symsweep.statistics.signed_rank(t, o, u, v).p_value)
        np.testing.assert_array_equal([arm.paired_holm for arm in found.values()], symsweep.statistics.holm(raw))
        self.assertEqual(figures.paired_tests(results, rows[1:]), {})


if __name__ == "__main__":
    unittest.main()
