"""The command on finite-size scaling: tables and figure of runs with known answers; with SYMSWEEP_LONG=1 of the small
sweep, which it trains."""

import contextlib
import io
import itertools
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

import fixtures
import numpy as np
import symsweep
import synthetic
from symsweep import drawing, finite_size, scaling_figure

LONG = os.environ.get("SYMSWEEP_LONG") == "1"


class Synthetic(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.results = synthetic.sweep(np.random.default_rng(1), (16, 24, 36), np.linspace(0.3, 0.65, 8), 8)
        (cls.study,) = scaling_figure.studies(cls.results)

    def test_tables(self):
        text = scaling_figure.tables(self.study)
        self.assertIn("m at step 2000, 192 runs, 8 seeds.", text)
        heads = [line for line in text.splitlines() if line.startswith("| size") or line.startswith("| scaling") or line.startswith("| γ")]
        self.assertEqual(len(heads), 4)
        for block in text.split("\n\n")[1:]:
            self.assertEqual(len({line.count("|") for line in block.splitlines()}), 1, block)
        self.assertIn("| 16 and 24 | ", text)
        critical = finite_size.critical_fractions(self.study.found)[36]
        self.assertIn("| 36 | 64 | %s | " % scaling_figure.shown(critical), text)

    def test_what_was_put_in_is_in_the_tables(self):
        self.assertTrue(self.study.common.critical.lower <= 0.45 <= self.study.common.critical.upper)

    def test_numbers_in_words(self):
        self.assertEqual([scaling_figure.number(x) for x in (0.41234, -2.0, float("inf"), float("-inf"), float("nan"))],
                         ["0.412", "−2", "∞", "−∞", "–"])

    def test_figure(self):
        with drawing.plt.rc_context(drawing.STYLE):
            figure = scaling_figure.draw(self.study)
            figure.canvas.draw()
            renderer = figure.canvas.get_renderer()
            groups = [[panel.title for panel in figure.axes]]
            groups += [axis.get_ticklabels() for panel in figure.axes for axis in (panel.xaxis, panel.yaxis)]
            for group in groups:
                shown = [(t.get_text(), t.get_window_extent(renderer)) for t in group if t.get_visible() and t.get_text()]
                for (first, p), (second, q) in itertools.combinations(shown, 2):
                    overlap = min(p.x1, q.x1) - max(p.x0, q.x0), min(p.y1, q.y1) - max(p.y0, q.y0)
                    self.assertFalse(min(overlap) > 1, "%s on %s" % (first, second))
            for panel in figure.axes:
                self.assertTrue(panel.lines or panel.collections, panel.get_title())
            drawing.plt.close(figure)

    def test_what_cannot_be_studied(self):
        with self.assertRaisesRegex(scaling_figure.command.Refusal, "one size"):
            scaling_figure.studies(self.results.select([config["task"]["p"] == 16 for config in self.results.configs]))
        with self.assertRaisesRegex(scaling_figure.command.Refusal, "up to step 9999"):
            scaling_figure.studies(self.results, step=9999)
        said = io.StringIO()
        with contextlib.redirect_stderr(said):
            self.assertEqual(scaling_figure.main(["absent.h5", "--wait", "0"]), 3)
        self.assertIn("absent.h5", said.getvalue())


@unittest.skipUnless(LONG, "trains for minutes; SYMSWEEP_LONG=1 runs it")
class Trained(unittest.TestCase):
    def test_the_small_sweep(self):
        """A critical fraction for every size, bounded on both sides, that falls as the size grows."""
        with tempfile.TemporaryDirectory(prefix="symsweep-test-") as folder:
            results = Path(folder, "small.h5")
            subprocess.run(fixtures.command(fixtures.TOP / "sweeps" / "scaling" / "small.json", "--output", results), check=True)
            done = subprocess.run([fixtures.TOP / "analysis" / "scaling", results], capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(sorted(Path(folder, name).exists() for name in ("small-scaling.pdf", "small-scaling.png")), [True, True])
            (study,) = scaling_figure.studies(symsweep.load(results))
            self.assertEqual(done.stdout.strip(), scaling_figure.tables(study).strip())
            critical = finite_size.critical_fractions(study.found)
            for size, interval in critical.items():
                self.assertTrue(0 < interval.lower < interval.upper < 1, (size, interval))
            self.assertGreater(critical[23].estimate, critical[41].estimate)


if __name__ == "__main__":
    unittest.main()
