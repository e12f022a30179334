"""What counts: rows of the present plan, rows that fit their checksums, and settings that are told apart by every key in
which they differ."""

import contextlib
import io
import json
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import h5py
import numpy as np

import fixtures
import symsweep
from symsweep import figures, lattice, payload, report, settings, statistics

FOLDER = tempfile.mkdtemp(prefix="symsweep-test-")


def setUpModule():
    """A sweep with a value of `run` edited between two starts: three former rows, three planned ones."""
    global EDITED, LABELLED
    content = {"name": "edited", "run": {**fixtures.sweep("x")["run"], "steps": 120, "optimizer": {"weight_decay": 3}},
               "grid": {"seed": {"range": [0, 3]}}}
    fixtures.train(FOLDER, content)
    content["run"]["optimizer"]["weight_decay"] = 0
    EDITED = fixtures.train(FOLDER, content)
    plan(EDITED, [0, 0, 0, 1, 1, 1])
    labelled = fixtures.sweep("labelled")
    labelled["run"]["steps"] = 40
    labelled["grid"]["train_fraction"] = [0.3, 0.6]
    LABELLED = fixtures.train(FOLDER, labelled)


def tearDownModule():
    shutil.rmtree(FOLDER)


def plan(path, values):
    with h5py.File(path, "r+") as file:
        if "runs/planned" in file:
            del file["runs/planned"]
        file.create_dataset("runs/planned", data=np.array(values, dtype=np.int8), chunks=(8,), maxshape=(None,))


def page(results, **options):
    return payload.build(results, **options)[0]


def config_of(path, change):
    """A copy whose configurations are changed: change(row, configuration)."""
    target = fixtures.copy(path, "changed.h5")
    with h5py.File(target, "r+") as file:
        file["runs/config"][:] = [json.dumps(change(row, json.loads(text)) or json.loads(text))
                                  for row, text in enumerate(file["runs/config"][:])]
        fixtures.renew(file)
    return target


class Former(unittest.TestCase):
    def test_load_holds_all_and_tells(self):
        results = symsweep.load(EDITED)
        self.assertEqual(len(results), 6)
        self.assertEqual(results.runs["planned"].tolist(), [False] * 3 + [True] * 3)
        self.assertEqual(results.curves["planned"].values.tolist(), [False] * 3 + [True] * 3)
        self.assertEqual(results.planned.runs.index.tolist(), [3, 4, 5], "rows keep their numbers")
        self.assertEqual(results.planned.curves["run"].values.tolist(), [3, 4, 5])
        np.testing.assert_array_equal(results.planned.curves["test_loss"], results.curves["test_loss"].values[3:])
        np.testing.assert_array_equal(results.planned.read_curves(["test_loss"], runs=[4])["test_loss"], results.curves["test_loss"].values[[4]])
        with self.assertRaises(ValueError):
            results.planned.read_curves(["test_loss"], runs=[0])
        self.assertEqual(results.left_out(), ["3 rows of former plans are left out; --all shows them"])
        self.assertEqual(results.left_out(all=True), [])

    def test_a_file_without_the_dataset_is_all_planned(self):
        results = symsweep.load(LABELLED)
        self.assertTrue(results.runs["planned"].all())
        self.assertEqual(len(results.planned), 12)

    def test_statistics_and_figures(self):
        results = symsweep.load(EDITED)
        self.assertEqual(statistics.onset_times(results, "t_mem")[0].tolist(), [3, 4, 5])
        self.assertEqual(statistics.onset_times(results, "t_mem", all=True)[0].tolist(), [0, 1, 2, 3, 4, 5])
        for name, figure in figures.FIGURES.items():
            if name == "phase-diagram":  # the rows of the plan differ in their seeds alone
                self.assertRaisesRegex(figures.FigureError, "no axis", figure, results)
                self.assertIn("3", self.words(figure(results, all=True)).split())
                continue
            drawn = {all: figure(results, all=all) for all in (False, True)}
            told = {all: self.words(figure) for all, figure in drawn.items()}
            if name in ("fig6", "fig8", "fig9"):
                self.assertNotIn("weight_decay 3", told[False], name)
                self.assertIn("weight_decay 3", told[True], name)
                self.assertIn("weight_decay 0", told[True], name)
            for each in drawn.values():
                figures.plt.close(each)

    @staticmethod
    def words(figure):
        return " ".join(t.get_text() for a in figure.axes for t in [a.title, *a.get_yticklabels(), *a.get_xticklabels()])

    def test_page(self):
        results = symsweep.load(EDITED)
        header = page(results)
        self.assertEqual((header["runs"], header["count"], header["settings"]), ([3, 4, 5], 3, []))
        self.assertIn("3 rows of former plans", report.build(results))
        header = page(results, all=True)
        self.assertEqual((header["runs"], header["settings"]), ([0, 1, 2, 3, 4, 5], ["optimizer.weight_decay"]))
        self.assertEqual(header["columns"]["plan"], ["former"] * 3 + ["planned"] * 3)
        self.assertNotIn("rows of former plans", report.build(results, all=True))

    def test_lattice(self):
        results = symsweep.load(EDITED)
        for all, runs in ((False, [3]), (True, [3, 3])):
            planes = lattice.lattice(results, ["run.seed"], all=all)
            self.assertEqual([int(plane["runs"].sum()) for plane in planes], runs)
        self.assertEqual([plane.attrs["setting"] for plane in planes], [{"optimizer.weight_decay": 3}, {"optimizer.weight_decay": 0}])

    def test_command_lines(self):
        for tool, options in ((report, ["-o", str(Path(FOLDER, "x.html"))]), (figures, ["--figure", "fig8", "-o", str(Path(FOLDER, "x"))])):
            for more, told in (([], "note: 3 rows of former plans are left out; --all shows them\n"), (["--all"], "")):
                said = io.StringIO()
                with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
                    self.assertEqual(tool.main([str(EDITED), *options, *more]), 0)
                self.assertEqual(said.getvalue(), told)

    def test_planned_anywhere_is_planned(self):
        other = fixtures.copy(EDITED, "other.h5")
        plan(other, [1, 0, 0, 0, 0, 0])
        results = symsweep.load([EDITED, other])
        self.assertEqual(results.runs["planned"].tolist(), [True, False, False, True, True, True])


class Settings(unittest.TestCase):
    def test_label_and_axis(self):
        results = symsweep.load(LABELLED)
        names = ["%s, train_fraction %s" % (label, share) for label in ("baseline", "commutativity") for share in (0.3, 0.6)]
        self.assertEqual(sorted(set(results.settings)), names)
        self.assertEqual(results.settings.value_counts().unique().tolist(), [3])
        self.assertEqual(page(results)["settings"], ["label", "train_fraction"])

    def test_keys_beside_the_axes(self):
        """A value of `run`, a key inside a table, a list: whatever differs."""
        def warmed(row, config):
            config["optimizer"]["warmup_steps"] = 10 if row % 2 else 20
            return config

        def saved(row, config):
            config["evaluate"]["snapshot_steps"] = [5, 7] if row % 2 else []
            return config

        for change, name in ((warmed, "warmup_steps 20"), (saved, "snapshot_steps [5, 7]")):
            results = symsweep.load(config_of(EDITED, change)).planned
            self.assertEqual(len(set(results.settings)), 2)
            self.assertIn(name, results.settings.tolist())

    def test_no_two_look_alike(self):
        near = symsweep.load(config_of(EDITED, lambda row, c: {**c, "train_fraction": 0.6 + (row >= 4) * 1e-9})).planned
        self.assertEqual(len(set(near.settings)), 2)
        header = page(near)
        self.assertEqual(len(set(header["columns"]["train_fraction"])), 2, "no digit is lost on the way to the page")
        both = settings.short(["symmetry.associativity.weight", "symmetry.commutativity.weight", "steps"])
        self.assertEqual(both, {"symmetry.associativity.weight": "associativity.weight",
                                "symmetry.commutativity.weight": "commutativity.weight", "steps": "steps"})

    def test_tasks_that_are_described_alike(self):
        results = symsweep.load(config_of(EDITED, lambda row, c: {**c, "task": {**c["task"], "label_shuffle": 0.1 * (row > 3)}})).planned
        self.assertEqual(sorted(set(settings.task_names(results))), ["add mod 7, label_shuffle 0", "add mod 7, label_shuffle 0.1"])

    def test_seeds_are_averaged_over(self):
        follows = symsweep.load(EDITED).planned
        self.assertEqual(set(follows.settings), {"all runs"})
        own = symsweep.load(config_of(EDITED, lambda row, c: {**c, "data_seed": 5})).planned
        self.assertEqual(set(own.settings), {"all runs"})
        mixed = symsweep.load(config_of(EDITED, lambda row, c: {**c, "data_seed": row % 2})).planned
        self.assertEqual(sorted(mixed.settings), ["data_seed 0", "data_seed 1", "data_seed 1"])
        tables = symsweep.load(config_of(EDITED, lambda row, c: {**c, "task": {**c["task"], "table_seed": c["seed"]}})).planned
        self.assertEqual(set(tables.settings), {"all runs"})
        chosen = symsweep.load(config_of(EDITED, lambda row, c: {**c, "task": {**c["task"], "table_seed": row % 2 + 7}})).planned
        self.assertEqual(sorted(set(chosen.settings)), ["table_seed 7", "table_seed 8"])


class Damaged(unittest.TestCase):
    def setUp(self):
        self.path = fixtures.copy(LABELLED, "damaged.h5")

    def damage(self, name, place, value):
        with h5py.File(self.path, "r+") as file:
            file[name][place] = value

    def test_sound_files_are_sound(self):
        for path in (EDITED, LABELLED):
            self.assertFalse(symsweep.load(path).runs["damaged"].any())

    def test_every_kind_of_dataset(self):
        changes = [("curves/test_loss", (2, 1), 3.25), ("curves/step", (2, 1), 7), ("runs/final/test_loss", 2, 1.0), ("runs/onset/t_mem", 2, 3),
                   ("runs/phase", 2, 0 if symsweep.load(LABELLED).runs["phase"][2] != "confusion" else 1), ("runs/label", 2, "other"),
                   ("runs/config", 2, "{}"), ("snapshots/pca", (2, 0, 0, 0), 9.0), ("curves/test_loss", (2, 1), np.nan), ("runs/checksum", 2, 1)]
        for name, place, value in changes:
            shutil.copy(LABELLED, self.path)
            self.damage(name, place, value)
            results = symsweep.load(self.path)
            self.assertEqual(results.runs.index[results.runs["damaged"]].tolist(), [2], name)
            self.assertEqual(results.runs["status"][2], "damaged")
            shown = subprocess.run([fixtures.BINARY, "show", str(self.path), "--run", "2"], capture_output=True, text=True)
            self.assertIn("damaged", shown.stdout, name)
        for name in ("runs/wall_seconds", "runs/rank", "runs/attempts"):
            shutil.copy(LABELLED, self.path)
            self.damage(name, 2, 77)
            self.assertFalse(symsweep.load(self.path).runs["damaged"].any(), name)

    def test_it_does_not_count(self):
        self.damage("curves/test_accuracy", (2, slice(None)), 1.0)
        self.damage("runs/onset/t_gen", 2, 1)
        results = symsweep.load(self.path)
        self.assertNotIn(2, statistics.onset_times(results)[0])
        self.assertRegex(results.left_out()[0], "^run 2 is damaged: its checksum does not fit")
        self.assertEqual(results.counted().runs.index.tolist(), [0, 1, *range(3, 12)])
        header = page(results)
        self.assertIsNone(header["columns"]["t_gen"][2])
        self.assertIsNone(header["columns"]["final.test_loss"][2])
        self.assertEqual(header["columns"]["status"][2], "damaged")
        self.assertEqual(header["columns"]["error"][2], payload.DAMAGED)
        self.assertIn("Run 2 is damaged", report.build(results))
        self.assertEqual(symsweep.load(self.path, verify=False).runs["status"][2], "done")

    def test_the_sound_row_of_another_file_wins(self):
        self.damage("curves/test_accuracy", (2, slice(None)), 1.0)
        for order in ([self.path, LABELLED], [LABELLED, self.path]):
            self.assertFalse(symsweep.load(order).runs["damaged"].any())


class Texts(unittest.TestCase):
    def test_hostile_names(self):
        content = {"name": "x'\"&<b>", "description": "</script><img src=x onerror=alert(1)>", "run": {**fixtures.sweep("x")["run"], "steps": 40},
                   "cases": [{"label": "</script><img src=x onerror=alert(2)>"}, {"label": "a\u2028b\u0007\u001b[31m $x^2$ \\frac{", "optimizer.weight_decay": 0.25},
                             {"label": "_hidden \u202etxt.exe", "optimizer.weight_decay": 0.5}], "grid": {"seed": [0, 1]}}
        path = fixtures.train(FOLDER, content)
        results = symsweep.load(path)
        self.assertEqual(results.runs["label"][2], content["cases"][1]["label"], "the data stay what they are")
        text = report.build(results)
        scripts = re.findall(r"<script[^>]*>", text)
        self.assertEqual((len(scripts), text.count("</script>")), (4, 4))
        self.assertNotIn("<img", text.split("<script")[0])
        label = page(results)["columns"]["label"][2]
        self.assertEqual(label, "a\\u2028b\\x07\\x1b[31m $x^2$ \\frac{")
        self.assertNotIn("\u202e", json.dumps(page(results), ensure_ascii=False))
        for name, figure in figures.FIGURES.items():
            drawn = figure(results)
            drawn.canvas.draw()
            shown = [t for a in drawn.axes for t in [a.title, *a.get_yticklabels()]]
            for each in shown:
                self.assertFalse(re.search("[\x00-\x09\x0b-\x1f\u2028\u202e]", each.get_text()), name)
            if name in ("fig8", "fig9"):
                self.assertTrue(any(r"\$x^2\$ \frac{" in each.get_text() for each in shown), name)
            figures.plt.close(drawn)

    def test_what_is_printed(self):
        done = subprocess.run([str(fixtures.REPORT), str(Path(FOLDER, "no\x1b[31m\nsuch.h5"))], capture_output=True, text=True)
        self.assertEqual(done.returncode, 3)
        self.assertNotIn("\x1b", done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1)
        self.assertIn("\\x1b[31m\\x0asuch.h5: no such file", done.stderr)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[1:]])
