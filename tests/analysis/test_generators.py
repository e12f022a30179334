"""Generators of the symmetry group in Python: their curves, their texts, and when each is acquired, against the file,
against `symsweep show` and against numbers on paper."""

import json
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import h5py
import numpy as np
import pandas as pd

import fixtures
import symsweep
from symsweep import generators, statistics

FOLDER = tempfile.mkdtemp(prefix="symsweep-test-")
TEXTS = ["swaps x and y", "multiplies x, y and the result by 3", "adds 1 to y and the result"]


def setUpModule():
    global FINISHED
    content = fixtures.sweep("finished")
    content["run"].update({"steps": 400})
    content["run"].pop("stop")
    content["cases"].append({"label": "all", "symmetry.automorphism.weight": 1.0})
    FINISHED = fixtures.train(FOLDER, content)


def tearDownModule():
    shutil.rmtree(FOLDER)


def shown(path, run):
    """[(number, text, step or None)] as `symsweep show` prints them; [] where it prints none."""
    page = subprocess.run([fixtures.BINARY, "show", str(path), "--run", str(run)], capture_output=True, text=True, check=True).stdout
    _, _, lines = page.partition("\ngenerators of the task's symmetry group")
    found = re.findall(r"^ +(\d+)  (.+?) +(\d+|not reached)$", lines, re.M)
    return [(int(number), text, None if step == "not reached" else int(step)) for number, text, step in found]


def listed(results, run):
    """The same from the package."""
    return [(number, row["text"], None if statistics.is_missing(row["acquired"]) else row["acquired"])
            for number, row in results.generators(run).iterrows()]


class Files(unittest.TestCase):
    def test_curves_and_texts_are_those_of_the_file(self):
        results = symsweep.load(FINISHED)
        curves = results.by_generator
        self.assertEqual((curves.dims, curves["generator"].values.tolist(), curves.attrs["units"]), (("run", "evaluation", "generator"), TEXTS, "nat"))
        with h5py.File(FINISHED, "r") as file:
            np.testing.assert_array_equal(curves.values, file["symmetry/automorphism/by_generator"][:])
            np.testing.assert_array_equal(curves["step"].values, file["curves/step"][:])
            written = [json.loads(text) for text in file["symmetry/automorphism/generators"][:]]
        self.assertEqual(curves["run"].values.tolist(), results.runs.index.tolist())
        self.assertTrue(np.isfinite(curves.values).all())
        one = curves.sel(run=4, generator=TEXTS[0])
        self.assertEqual(one.shape, (curves.sizes["evaluation"],))
        # What is exchanged of an input is what commutativity compares, on all tuples of so small a table.
        np.testing.assert_allclose(one.values, results.curves["commutativity_mean"].values[4], rtol=1e-5)
        for run in results.runs.index:
            table = results.generators(run).sort_index()
            self.assertEqual(table.index.tolist(), [1, 2, 3])
            for name in ("text", "positions", "tokens", "classes"):
                self.assertEqual(table[name].tolist(), [part[name] for part in written[run]])
            np.testing.assert_array_equal(table["violation"], curves.values[run, -1])

    def test_several_tasks_are_told_by_text(self):
        """A run has values under the texts of its own group alone; a task without symmetry has none."""
        content = fixtures.sweep("tasks")
        content["run"].update({"steps": 40})
        content["cases"] = [{"label": "path", "task": {"kind": "graph", "graph": "path", "nodes": 5}},
                            {"label": "none", "task": {"kind": "modular", "operation": "cubic", "p": 11}, "symmetry.automorphism.scope": "tied"}, {"label": "add"}]
        content["grid"] = {"seed": [0]}
        results = symsweep.load([FINISHED, fixtures.train(FOLDER, content)])
        curves = results.by_generator
        self.assertEqual(curves["generator"].values.tolist(), TEXTS + ["takes t to 4 - t in x and y"])
        path = int(results.runs.index[results.runs["label"] == "path"][0])
        known = np.isfinite(curves.values[:, 0])
        self.assertEqual(known[path].tolist(), [True, False, False, True])
        self.assertEqual(known[path + 1].tolist(), [False] * 4)
        self.assertEqual(known[path + 2].tolist(), [True, True, True, False])
        self.assertEqual(len(results.generators(path + 1)), 0)
        self.assertEqual(results.generators(path)["text"].sort_index().tolist(), ["swaps x and y", "takes t to 4 - t in x and y"])
        with self.assertRaises(ValueError):
            results.generators(99)

    def test_sentences_that_are_alike_stay_apart(self):
        target = fixtures.copy(FINISHED, "alike.h5")
        with h5py.File(target, "r+") as file:
            text = json.loads(file["symmetry/automorphism/generators"][0])
            text[2]["text"] = text[0]["text"]
            file["symmetry/automorphism/generators"][0] = json.dumps(text)
        curves = symsweep.load(target).by_generator
        self.assertEqual(curves["generator"].values.tolist(), [TEXTS[0], TEXTS[1], TEXTS[0] + " (2)", TEXTS[2]])
        self.assertTrue(np.isnan(curves.values[1:, :, 2]).all())
        np.testing.assert_array_equal(curves.values[0, :, 2], symsweep.load(FINISHED).by_generator.values[0, :, 2])

    def test_odd_files(self):
        """Without the texts there are no names, without the curves nothing is acquired; what is no JSON is refused."""
        results = symsweep.load(fixtures.bend(FINISHED, "odd.h5", delete=["symmetry/automorphism/generators"]))
        self.assertEqual((results.by_generator.shape[2], len(results.generators(0)), len(generators.acquisition(results))), (0, 0, 0))
        results = symsweep.load(fixtures.bend(FINISHED, "odd.h5", delete=["symmetry/automorphism/by_generator"]))
        self.assertEqual(results.by_generator.shape[2], 0)
        self.assertEqual(listed(results, 0), [(k + 1, text, None) for k, text in enumerate(TEXTS)])
        self.assertTrue(results.generators(0)["violation"].isna().all())
        for text in ("[1, 2]", "{}", "[{\"text\": 3}]", "no JSON", "[" * 100000):
            target = fixtures.copy(FINISHED, "odd.h5")
            with h5py.File(target, "r+") as file:
                file["symmetry/automorphism/generators"][2] = text
            results = symsweep.load(target)
            with self.assertRaises(symsweep.ResultsError) as caught:
                results.by_generator
            self.assertIn("odd.h5: /symmetry/automorphism/generators of run 2", str(caught.exception))
        empty = symsweep.load(fixtures.keep_runs(FINISHED, "none.h5", 0))
        self.assertEqual((empty.by_generator.shape[0], len(generators.acquisition(empty))), (0, 0))


class Acquired(unittest.TestCase):
    def test_as_show_lists_them(self):
        """Of the runs as they were trained: number, text, step and order."""
        results, reached = symsweep.load(FINISHED), 0
        for run in results.runs.index:
            lines = shown(FINISHED, run)
            self.assertEqual(listed(results, run), lines)
            self.assertEqual(sorted(number for number, _, _ in lines), [1, 2, 3])
            reached += sum(step is not None for _, _, step in lines)
        self.assertTrue(0 < reached < 27, reached)

    def test_as_show_lists_them_whatever_the_curves(self):
        """Curves drawn at random around the thresholds, with gaps, and values that are equal to a threshold."""
        random = np.random.default_rng(5)
        kinds = set()
        for trial in range(4):
            target = fixtures.copy(FINISHED, "random.h5")
            with h5py.File(target, "r+") as file:
                violation, accuracy = file["symmetry/automorphism/by_generator"], file["curves/train_accuracy"]
                shape = violation.shape
                values = np.where(np.arange(shape[1])[None, :, None] < random.integers(0, shape[1] + 1, (shape[0], 1, shape[2])),
                                  random.choice([0.5, 1, 1.0000001, 2, np.nan], shape), random.choice([0.2, 1, 0.99999994], shape)).astype(np.float32)
                values[:, -1] = np.where(np.isnan(values[:, -1]), 3, values[:, -1])
                violation[...] = values
                accuracy[...] = np.sort(random.choice([0.2, 0.5, 0.98999995, 0.99, 1], shape[:2], p=[0.1, 0.1, 0.1, 0.2, 0.5]), axis=1)
                fixtures.renew(file)
            results = symsweep.load(target)
            self.assertEqual(set(results.runs["status"]), {"done"})
            for run in results.runs.index:
                lines = shown(target, run)
                self.assertEqual(len(lines), 3)
                self.assertEqual(listed(results, run), lines)
                steps = [step for _, _, step in lines]
                kinds |= {"never" if step is None else "early" if step < 100 else "late" for step in steps}
                kinds |= {"shared"} if len({step for step in steps if step is not None}) < sum(step is not None for step in steps) else set()
        self.assertEqual(kinds, {"never", "early", "late", "shared"})

    def test_numbers_on_paper(self):
        steps = np.array([0, 10, 20, 30, -1])
        low, high, nan = 0.5, 2.0, np.nan
        for violation, accuracy, expected in (
                ([low, high, low, low], [0, 1, 1, 1], 20), ([low, low, low, low], [0, 0, 1, 1], 20), ([low, low, low, high], [1, 1, 1, 1], -1),
                ([low, nan, low, low], [1, 1, 1, 1], 20), ([low, low, low, nan], [1, 1, 1, 1], -1), ([low, low, low, low], [0.9, 0.98, 0.98, 0.98], -1),
                ([low, low, low, low], [1, 0, 0, 0], 0), ([1, 1, 1, 1], [0.99, 0, 0, 0], 0), ([1.0000001] * 4, [1, 1, 1, 1], -1)):
            found = generators.acquired(steps, np.array(violation + [nan], np.float32), np.array(accuracy + [nan], np.float32), 1, 0.99)
            self.assertEqual(found, expected, (violation, accuracy))
        self.assertEqual(generators.acquired(steps[:0], steps[:0], steps[:0], 1, 0.99), -1)

    def test_pooled_by_setting(self):
        """Of each setting: how often, as the first, and the median, from the single runs."""
        target = fixtures.copy(FINISHED, "pooled.h5")
        with h5py.File(target, "r+") as file:
            step, violation = file["curves/step"][:], file["symmetry/automorphism/by_generator"]
            # Steps from which the generators of each run stay low; 1000 = never. Run 8 is a tie.
            wanted = np.array([[40, 100, 1000], [60, 80, 1000], [100, 60, 1000], [1000] * 3, [1000, 20, 1000], [1000] * 3,
                               [20, 40, 60], [40, 40, 1000], [20, 20, 20]])
            violation[...] = np.where(step[:, :, None] >= wanted[:, None, :], 0.1, 5)
            file["curves/train_accuracy"][...] = 1
            fixtures.renew(file)
        pooled = generators.acquisition(symsweep.load(target)).set_index(["setting", "generator"])
        swap, scale, shift = TEXTS
        inf = np.inf
        for (setting, text), expected in {
                ("baseline", swap): (3, 3, 2, 60), ("baseline", scale): (3, 3, 1, 80), ("baseline", shift): (3, 0, 0, inf),
                ("commutativity", swap): (3, 0, 0, inf), ("commutativity", scale): (3, 1, 1, inf), ("commutativity", shift): (3, 0, 0, inf),
                ("all", swap): (3, 3, 3, 20), ("all", scale): (3, 3, 2, 40), ("all", shift): (3, 2, 1, 60)}.items():
            self.assertEqual(tuple(pooled.loc[(setting, text), ["runs", "reached", "first", "median"]]), expected, (setting, text))
        self.assertEqual(pooled.index.tolist()[:3], [("baseline", swap), ("baseline", scale), ("baseline", shift)])
        self.assertEqual(pooled.index.tolist()[6:], [("all", swap), ("all", scale), ("all", shift)])
        self.assertEqual(tuple(pooled.loc[("baseline", swap), ["lower", "upper"]]), (40, 100))
        self.assertIsInstance(pooled, pd.DataFrame)

    def test_runs_that_have_not_ended_do_not_count(self):
        bent = symsweep.load(fixtures.bend(FINISHED, "states.h5", pending=[0], failed=[1], running=[2]))
        pooled = generators.acquisition(bent)
        self.assertEqual(set(pooled["setting"]), {"commutativity", "all"})
        # Two evaluations of the running one are acknowledged.
        self.assertEqual(np.isfinite(bent.by_generator.values[2, :, 0]).sum(), 2)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[1:]])
