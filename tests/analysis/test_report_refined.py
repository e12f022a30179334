"""The page of a sweep that refines: what the file says of each point of the lattice, and the boundary."""

import shutil
import sys
import tempfile
import unittest
from pathlib import Path

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
        self.assertEqual(self.text(".tile-value"), str(chosen))
        self.assertIn("lattice of 150", self.text(".tile-more"))
        self.assertEqual(self.chromium.evaluate("page.groupRows().reduce((n, row) => n + row.group.runs.length, 0)"), chosen)

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

    def test_planes_together(self):
        self.assertIn("pools the points of 2 planes", self.text("#phase-diagram"))
        for row in self.table():
            self.assertEqual(row["points"], 2)
            self.assertEqual(sum(row[kind] for kind in ("holds", "holds_inferred", "unknown", "fails_inferred", "fails")), 2)


if __name__ == "__main__":
    if browser.find() is None:
        print("chromium is not installed: skipped")
        sys.exit(77)
    unittest.main()
