"""The page of analysis/report for files of every kind: odd, unfinished, large."""

import json
import sys
import time
import unittest
from pathlib import Path

import numpy as np

import browser
import fixtures
import pages
import symsweep
from symsweep import output, payload, report


def setUpModule():
    pages.start()


def tearDownModule():
    pages.stop()


class Odd(pages.Case):
    def page_of(self, path, without=()):
        """`without`: figures that are not there."""
        pages.open_page(path)
        self.assert_quiet()
        facts = self.facts()
        self.assertEqual(list(facts), [name for name in pages.FIGURES if name not in without])
        links = pages.CHROMIUM.evaluate("[...document.querySelectorAll('nav a:not([hidden])')].map((a) => a.hash)")
        self.assertEqual(links, pages.CHROMIUM.evaluate("[...document.querySelectorAll('section:not([hidden])')].map((s) => '#' + s.id)"))
        for name, fact in facts.items():
            if fact["empty"]:
                self.assertGreater(len(fact["nothing"]), 10, name)
            else:
                self.assertTrue(fact["marks"] > 0 or fact["rows"] > 0 or fact["nothing"], name)
        self.assertEqual(self.overlaps(), [])
        return facts

    def test_failed_and_diverged(self):
        facts = self.page_of(fixtures.bend(pages.FINISHED, "bad.h5", failed=[0, 5], diverged=[1]))
        text = pages.CHROMIUM.evaluate("document.querySelector('#troubles .area').textContent")
        self.assertIn("trainer killed by signal 9 (out of memory?) <b>&amp;", text)
        self.assertIn("train_loss is not finite", text)
        self.assertGreaterEqual(facts["troubles"]["rows"], 3)

    def test_all_diverged(self):
        facts = self.page_of(fixtures.bend(pages.FINISHED, "diverged.h5", diverged=range(18)))
        self.assertEqual(facts["troubles"]["rows"], 18)

    def test_pending_only(self):
        facts = self.page_of(fixtures.bend(pages.FINISHED, "pending.h5", pending=range(18)), pages.SYMMETRIES)
        self.assertIn("not complete", pages.CHROMIUM.evaluate("document.getElementById('banner').textContent"))
        self.assertIn("No run has", facts["phase-diagram"]["nothing"])
        self.assertEqual(facts["run-table"]["rows"], 18)

    def test_still_running(self):
        self.page_of(fixtures.bend(pages.FINISHED, "running.h5", running=[0, 1], pending=range(2, 9)))
        banner = pages.CHROMIUM.evaluate("document.getElementById('banner').textContent")
        self.assertIn("2 runs training", banner)
        self.assertIn("7 runs waiting", banner)

    def test_one_run(self):
        self.page_of(fixtures.keep_runs(pages.FINISHED, "one.h5", 1))

    def test_no_run(self):
        facts = self.page_of(fixtures.keep_runs(pages.FINISHED, "none.h5", 0), pages.SYMMETRIES)
        self.assertTrue(all(fact["empty"] for fact in facts.values()))
        self.assertIn("no runs", pages.CHROMIUM.evaluate("document.querySelector('.summary-line').textContent"))

    def test_missing_groups(self):
        everything = ["curves", "snapshots", "symmetry", "geometry", "interpretability"]
        for groups, without in ((["snapshots"], ()), (["geometry"], ()), (["symmetry"], pages.SYMMETRIES), (everything, pages.SYMMETRIES),
                                (["symmetry/automorphism"], {"generators", "acquisition"}), (["symmetry/automorphism/generators"], {"generators", "acquisition"}),
                                (["runs/onset", "runs/final"], {"consistent"}), (["runs/axes"], ()), (["sweep", "runs/config"], ()),
                                (["runs/phase", "runs/steps", "runs/written"], ())):
            with self.subTest(groups):
                self.page_of(fixtures.bend(pages.FINISHED, "missing.h5", delete=groups), without)

    def test_a_gap_is_a_gap(self):
        """Where no pair of wrong answers is left at an evaluation that counts them, the line is broken; evaluations
        between those that count them break nothing."""
        target = fixtures.keep_runs(pages.FINISHED, "gap.h5", 1)
        with fixtures.h5py.File(target, "r+") as file:
            folder = file["symmetry/associativity"]
            at = np.nonzero(np.isfinite(folder["wrong_tuples"][0]))[0]
            self.assertTrue(len(at) >= 6 and np.diff(at).max() > 1)
            for name, value in (("agreement_wrong", 0.5), ("agreement_chance", 0.25), ("wrong_tuples", 8)):
                folder[name][0, at] = value
            fixtures.renew(file)
        whole = fixtures.copy(target, "whole.h5")
        with fixtures.h5py.File(target, "r+") as file:
            folder = file["symmetry/associativity"]
            for name in ("agreement_wrong", "agreement_chance"):
                folder[name][0, at[2]] = np.nan
            folder["wrong_tuples"][0, at[2]] = 0
            fixtures.renew(file)
            step = int(file["curves/step"][0, at[2]])
        for path, pieces in ((whole, 1), (target, 2)):
            self.page_of(path)
            lines = pages.CHROMIUM.evaluate("[...document.querySelectorAll('#consistent .line path')].map((p) => p.getAttribute('d').split('M').length - 1)")
            self.assertEqual(lines[-1], pieces)
            table = pages.CHROMIUM.evaluate("page.figures.find((f) => f.id === 'consistent').table().rows")
            self.assertEqual({row[3] for row in table}, {0.25})
            self.assertEqual(step in [row[2] for row in table], pieces == 1)

    def test_generators_without_room(self):
        room, payload.GENERATOR_BYTES = payload.GENERATOR_BYTES, 4000
        try:
            header, _ = payload.build(symsweep.load(pages.FINISHED))
        finally:
            payload.GENERATOR_BYTES = room
        kept = len(header["generators"]["metrics"])
        self.assertTrue(kept < 3 and header["generators"]["left_out"] == 3 - kept, header["generators"])

    def test_costly_measures_stay_when_curves_are_thinned(self):
        """Of 1000 evaluations and 100 at which costly measures are taken, half of the places are for those."""
        costly = np.arange(1000) % 10 == 0
        chosen = payload._with_costly(1000, 160, costly)
        self.assertTrue(costly[chosen].sum() >= 50 and len(chosen) <= 160 and {0, 999} <= set(chosen.tolist()))
        self.assertLess(costly[payload._chosen_points(1000, 160)].sum(), 25)
        for few in (np.zeros(1000, dtype=bool), np.ones(1000, dtype=bool)):
            np.testing.assert_array_equal(payload._with_costly(1000, 160, few), payload._chosen_points(1000, 160))
        np.testing.assert_array_equal(payload._with_costly(100, 160, costly), np.arange(100))

    def test_other_tasks(self):
        content = fixtures.sweep("tasks")
        content["run"].pop("task")
        content["run"].update({"steps": 60, "evaluate": {"every": 10, "snapshots": 3}})
        content["cases"] = [
            {"label": "grid", "task": {"kind": "graph", "graph": "grid", "sides": [3, 3]}},
            {"label": "cube", "task": {"kind": "graph", "graph": "hypercube", "dimension": 3}},
            {"label": "tree", "task": {"kind": "graph", "graph": "tree", "branching": 2, "depth": 2}},
            {"label": "order", "task": {"kind": "comparison", "sides": [3, 3]}},
            {"label": "S_3", "task": {"kind": "group", "group": "symmetric", "n": 3}},
            {"label": "mul", "task": {"kind": "modular", "operation": "mul", "p": 7}},
        ]
        content["grid"] = {"seed": [0, 1]}
        self.page_of(fixtures.train(pages.FOLDER, content))
        for run in range(12):
            pages.CHROMIUM.evaluate("""(() => { const list = document.querySelector('#embedding select'); list.value = '%d';
                list.dispatchEvent(new Event('change')); })()""" % run)
            self.assertGreater(pages.CHROMIUM.evaluate("document.querySelectorAll('#embedding circle').length"), 4)
        self.assert_quiet()

    def test_former_rows_and_settings(self):
        """A sweep whose `run` was edited between two starts: former rows are left out, or told apart and filtered."""
        content = {"name": "edited", "run": {**fixtures.sweep("x")["run"], "steps": 60}, "grid": {"seed": [0, 1], "train_fraction": [0.6, 0.6000001]}}
        fixtures.train(pages.FOLDER, content)
        content["run"]["optimizer"] = {"learning_rate": 0.0030000001}
        path = fixtures.train(pages.FOLDER, content)
        with fixtures.h5py.File(path, "r+") as file:
            file.pop("runs/planned", None)
            file.create_dataset("runs/planned", data=np.array([0] * 4 + [1] * 4, dtype=np.int8), chunks=(8,))
        self.page_of(path)
        names = "page.groups().map((g) => g.name + ' x' + g.runs.length)"
        self.assertEqual(pages.CHROMIUM.evaluate(names), ["0.6 x2", "0.6000001 x2"])
        self.assertEqual(pages.CHROMIUM.evaluate("page.figures.find((f) => f.id === 'run-table').table().rows.map((row) => row[0])"), [4, 5, 6, 7])
        self.assertIn("4 rows of former plans are left out", pages.CHROMIUM.evaluate("document.querySelector('.left-out').textContent"))
        page = Path(path).with_suffix(".html")
        output.write(page, report.build(symsweep.load(path), all=True))
        pages.CHROMIUM.open(page)
        self.assert_quiet()
        groups = pages.CHROMIUM.evaluate(names)
        self.assertEqual(len(set(groups)), 4, groups)
        self.assertTrue(all(group.endswith(" x2") for group in groups), groups)
        pages.CHROMIUM.evaluate("page.setGrouping('train_fraction'); page.changed()")
        self.assertIn("Groups pool runs that differ in learning_rate", pages.CHROMIUM.evaluate("document.querySelector('#groups .note').textContent"))
        pages.CHROMIUM.evaluate("page.state.filters.set('plan', 'planned'); page.changed()")
        self.assertEqual(pages.CHROMIUM.evaluate("page.selection().runs.map((run) => page.data.runs[run])"), [4, 5, 6, 7])
        self.assertEqual(self.overlaps(), [])

    def test_labels_are_cut_apart(self):
        cut = """(() => { const c = page.chart.cutter(%s, 12); return %s.map(c); })()"""
        for texts in (["a" * 30 + str(k) for k in range(3)], ["x" * 20 + "y" + "z" * 20, "x" * 20 + "w" + "z" * 20], ["short", "another name that is long"]):
            found = pages.CHROMIUM.evaluate(cut % (json.dumps(texts), json.dumps(texts)))
            self.assertEqual(len(set(found)), len(texts), found)

    def test_texts_stay_texts(self):
        """A title and a description that would be markup, if they were let."""
        content = fixtures.sweep("markup")
        content["description"] = "</script><script>window.broken = 1</script> {{style}} & \"quotes\""
        content["run"].update({"steps": 20})
        content["cases"] = [{"label": "<i>a</i>, \"b\""}, {"label": "</script>", "optimizer.weight_decay": 2}]
        done = pages.command(fixtures.train(pages.FOLDER, content), "--title", "<b>bold</b> & more", "-o", str(Path(pages.FOLDER, "markup page.html")))
        self.assertEqual(done.returncode, 0, done.stderr)
        pages.touch_page()
        pages.CHROMIUM.open(done.stdout.strip())
        self.assert_quiet()
        self.assertEqual(pages.CHROMIUM.evaluate("typeof window.broken"), "undefined")
        self.assertEqual(pages.CHROMIUM.evaluate("document.querySelector('h1').textContent"), "<b>bold</b> & more")
        self.assertEqual(pages.CHROMIUM.evaluate("document.querySelector('.description').textContent"), content["description"])
        self.assertIn("<i>a</i>", pages.CHROMIUM.evaluate("document.querySelector('#groups').textContent"))


class Large(pages.Case):
    def test_page_of_216_runs(self):
        """Under 5 MB; made in under 20 s and drawn in under 2 s of processor time on a quiet machine, ten times that here."""
        many = fixtures.repeat_runs(pages.FINISHED, "many.h5", 12)
        page = Path(many).with_suffix(".html")
        begun = time.monotonic()
        output.write(page, report.build(symsweep.load(many)))
        made = time.monotonic() - begun
        pages.touch_page()
        pages.CHROMIUM.send("Performance.enable", timeDomain="threadTicks")
        pages.CHROMIUM.open(page)
        measures = {measure["name"]: measure["value"] for measure in pages.CHROMIUM.send("Performance.getMetrics")["metrics"]}
        self.assert_quiet()
        self.assertEqual(pages.CHROMIUM.evaluate("page.count"), 216)
        drawn = measures["TaskDuration"]
        print("summary: page of 216 runs: made in %.1f s, drawn in %.2f s, %.2f MB" %
              (made, drawn, 1e-6 * page.stat().st_size))
        self.assertLess(made, 200)
        self.assertLess(drawn, 20)
        self.assertLess(page.stat().st_size, 5_000_000)
        self.assertEqual(self.overlaps(), [])


if __name__ == "__main__":
    if browser.find() is None:
        print("chromium is not installed: skipped")
        sys.exit(77)
    unittest.main()
