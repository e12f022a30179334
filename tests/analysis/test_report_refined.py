"""The page of a sweep that refines: what the file says of each point of the lattice, and the boundary."""

import json
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np

import browser
import fixtures
import symsweep
from symsweep import lattice, output, report

EDGES = "(document.querySelector('#phase-diagram .boundary').getAttribute('d') || '').split('M').length - 1"


class Refined(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.mkdtemp(prefix="symsweep-test-")
        cls.addClassCleanup(shutil.rmtree, folder)
        rule = {"axes": fixtures.PLANE_AXES, "reached": "t_mem"}  # in so few steps not every point memorizes
        path = fixtures.train(folder, fixtures.plane("refined", refine=rule))
        cls.results = symsweep.load(path)
        cls.page = Path(path).with_suffix(".html")
        output.write(cls.page, report.build(cls.results))
        cls.chromium = browser.Browser()
        cls.chromium.__enter__()
        cls.addClassCleanup(cls.chromium.__exit__, None, None, None)

    def setUp(self):
        self.chromium.open(self.page)
        self.chromium.wait("page.drawnAfter > 0")

    def tearDown(self):
        errors, _ = self.chromium.complaints()
        self.assertEqual(errors, [])

    def table(self):
        found = self.chromium.evaluate("page.figures.find((f) => f.id === 'phase-diagram').table()")
        return [dict(zip(found["columns"], row)) for row in found["rows"]]

    def choose(self, label):
        self.chromium.evaluate("page.state.filters.set('label', '%s'); page.changed()" % label)

    def text(self, selector):
        return self.chromium.evaluate("document.querySelector('%s').textContent" % selector)

    def test_runs_that_were_not_chosen_do_not_count(self):
        chosen = int((self.results.runs["status"] != "not_selected").sum())
        self.assertLess(chosen, 150)
        self.assertEqual(self.chromium.evaluate("page.count"), chosen)
        self.assertIn("%d runs, chosen of a lattice of 150" % chosen, self.text(".summary-line"))
        self.assertEqual(self.chromium.evaluate("page.groupRows().reduce((n, row) => n + row.group.runs.length, 0)"), chosen)

    def test_levels_are_in_order(self):
        """Though the first group has not the least of them, as in a plane that is refined."""
        levels = self.chromium.evaluate("""(() => {
            page.setGrouping('*');
            const first = new Set(page.groups()[0].runs);
            page.all = page.all.filter((run) => !first.has(run));
            page.state.color = page.groupings().find((g) => g.id === '*').keys.filter((key) => key.numeric).pop().id;
            page.recolor();
            return page.levels(page.groups()).map((level) => [+level.name, level.rank]);
        })()""")
        self.assertGreater(len(levels), 3)
        self.assertEqual(levels, [[value, rank] for rank, value in enumerate(sorted(value for value, _ in levels))])

    def test_classes_and_boundary_of_each_plane(self):
        boundary = 0
        for plane in lattice.lattice(self.results):
            self.choose(plane.attrs["setting"]["label"])
            rows = self.table()
            self.assertEqual(len(rows), 25)
            for row in rows:
                at = plane.sel({"train_fraction": float(row["train_fraction"]),
                                "optimizer.weight_decay": float(row["weight_decay"])}, method="nearest")
                own = int(at["runs"]) > 0
                kind = {1: "holds", 0: "fails", -1: "unknown"}[int(at["holds"])] + ("" if own else "_inferred")
                self.assertEqual((row["points"], row[kind]), (1, 1), row)
                self.assertEqual((row["runs_with_result"], row["runs_reached"]), (int(at["runs"]), int(at["reached"])))
            holds = plane["holds"].values
            edges = int((holds[1:] != holds[:-1]).sum() + (holds[:, 1:] != holds[:, :-1]).sum())
            self.assertEqual(self.chromium.evaluate(EDGES), edges)
            boundary += edges
        self.assertGreater(boundary, 0)

    def test_planes_side_by_side(self):
        rows = self.table()
        self.assertEqual([row["plane"] for row in rows].count("alone"), 25)
        self.assertEqual([row["plane"] for row in rows].count("mirrored"), 25)
        for row in rows:
            self.assertEqual(row["points"], 1)
            self.assertEqual(sum(row[kind] for kind in ("holds", "holds_inferred", "unknown", "fails_inferred", "fails")), 1)

    def test_a_rectangle_becomes_a_sweep(self):
        """Drawn by keys and by the pointer; the program takes what comes of it, and refines there."""
        self.chromium.evaluate("document.querySelectorAll('#phase-diagram .plane svg')[1].querySelector('.cell[tabindex=\"0\"]').focus()")
        for key in ("ArrowRight", "ArrowRight", "ArrowDown"):
            self.chromium.key(key, shift=True)
        by_keys = json.loads(self.text("#phase-diagram .refine pre"))
        self.chromium.key("Escape")
        self.assertFalse(self.chromium.evaluate("Boolean(document.querySelector('#phase-diagram .refine pre'))"))
        at = self.chromium.evaluate("""(() => { const svg = document.querySelectorAll('#phase-diagram .plane svg')[1]; svg.scrollIntoView();
            return [[0, 0], [2, 1]].map(([i, j]) => { const r = [...svg.querySelectorAll('.cell')].find((c) => c.__data__.i === i && c.__data__.j === j).getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; }); })()""")
        for kind, (x, y) in (("mousePressed", at[0]), ("mouseMoved", at[1]), ("mouseReleased", at[1])):
            self.chromium.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", buttons=int(kind != "mouseReleased"), clickCount=1)
        self.chromium.wait("Boolean(document.querySelector('#phase-diagram .refine pre'))")
        sweep = json.loads(self.text("#phase-diagram .refine pre"))
        self.assertEqual(sweep, by_keys)
        fractions, decays = (np.array(sorted(set(self.results.runs[name]))) for name in fixtures.PLANE_AXES)
        low, high, count = sweep["grid"]["train_fraction"]["linspace"]
        np.testing.assert_allclose([low, high, count], [fractions[0], fractions[2], 9])
        low, high, count = sweep["grid"]["optimizer.weight_decay"]["logspace"]
        np.testing.assert_allclose([low, high, count], [decays[3], decays[4], 9])
        self.assertEqual((sweep["grid"]["seed"], sweep["refine"]), ([0, 1, 2], {"axes": fixtures.PLANE_AXES, "reached": "t_mem"}))
        self.assertEqual(sweep["cases"], [{"label": "mirrored", "symmetry.commutativity.weight": 1}])
        done = subprocess.run([fixtures.BINARY, "check", "--json", fixtures.write_sweep(self.page.parent, sweep)], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr + done.stdout)
        self.assertIn("243 runs", self.text("#phase-diagram .refine"))


if __name__ == "__main__":
    if browser.find() is None:
        print("chromium is not installed: skipped")
        sys.exit(77)
    unittest.main()
