"""The static figures: files of both kinds, legible, for results of every kind; clear refusals where nothing can be drawn."""

import contextlib
import io
import itertools
import shutil
import struct
import subprocess
import tempfile
import unittest
from pathlib import Path

import fixtures
import symsweep
from symsweep import figures

FOLDER = tempfile.mkdtemp(prefix="symsweep-test-")


def setUpModule():
    global FINISHED
    content = fixtures.sweep("finished")
    content["run"].update({"steps": 400})
    content["grid"]["train_fraction"] = [0.3, 0.8]
    content["grid"]["seed"] = [0, 1, 100]
    FINISHED = fixtures.train(FOLDER, content)
    content = fixtures.sweep("many")
    content["run"].update({"steps": 200})
    del content["cases"]
    content["grid"] = {"train_fraction": [0.3, 0.4, 0.5, 0.6, 0.7, 0.8], "symmetry.commutativity.weight": [0, 0.01, 0.1, 1, 10, 100]}
    global MANY
    MANY = fixtures.train(FOLDER, content)


def tearDownModule():
    shutil.rmtree(FOLDER)


def command(path, *options):
    return subprocess.run([str(fixtures.FIGURES), str(path), *options], capture_output=True, text=True)


def boxes(texts, renderer):
    shown = [t for t in texts if t.get_visible() and t.get_text()]
    return [(t.get_text(), t.get_window_extent(renderer)) for t in shown]


class Figures(unittest.TestCase):
    def test_files_of_both_kinds(self):
        done = command(FINISHED, "--figure", "all", "-o", str(Path(FOLDER, "paper")))
        self.assertEqual(done.returncode, 0, done.stderr)
        names = ["paper-%s.%s" % (figure, kind) for figure in ("phase-diagram", "fig6", "fig7", "fig7-end", "fig8", "fig9") for kind in ("pdf", "png")]
        self.assertEqual([Path(line).name for line in done.stdout.split()], names)
        for name in names:
            data = Path(FOLDER, name).read_bytes()
            if name.endswith("pdf"):
                self.assertTrue(data.startswith(b"%PDF"), name)
            else:
                width, height = struct.unpack(">II", data[16:24])
                self.assertGreater(min(width, height), 300, name)
                self.assertGreater(len(data), 10_000, name)

    def test_all_that_there_are(self):
        """A figure that a file cannot have does not keep the others from it."""
        content = fixtures.sweep("seeds")
        del content["cases"]
        content["grid"] = {"seed": [0, 1]}
        done = command(fixtures.train(FOLDER, content), "--figure", "all", "-o", str(Path(FOLDER, "seeds")))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr, "note: not drawn: phase-diagram: no axis: the runs differ in their seeds alone\n")
        self.assertEqual(len(done.stdout.split()), 10)

    def test_letters_do_not_collide(self):
        """Titles with titles, and the tick labels of each axis with one another."""
        states = fixtures.bend(FINISHED, "states.h5", pending=[0], failed=[1], diverged=[2, 3])
        for path, name in itertools.product((FINISHED, states, MANY), figures.FIGURES):
            with self.subTest(path=path, figure=name), figures.plt.rc_context(figures.STYLE):
                figure = figures.FIGURES[name](symsweep.load(path))
                figure.canvas.draw()
                renderer = figure.canvas.get_renderer()
                panels = [a for a in figure.axes if a.get_visible()]
                groups = [[a.title for a in panels]]
                groups += [axis.get_ticklabels() for a in panels for axis in (a.xaxis, a.yaxis)]
                for group in groups:
                    for (first, p), (second, q) in itertools.combinations(boxes(group, renderer), 2):
                        width, height = min(p.x1, q.x1) - max(p.x0, q.x0), min(p.y1, q.y1) - max(p.y0, q.y0)
                        self.assertFalse(width > 1 and height > 1, "%s on %s" % (first, second))
                self.assertTrue(any(a.lines or a.collections or a.patches for a in panels))
                figures.plt.close(figure)

    def test_tuning_seeds_pick_and_do_not_show(self):
        results = symsweep.load(FINISHED)
        rows, is_tuned = figures.tuned(results, figures.interventions(results), 100)
        self.assertTrue(is_tuned)
        shown = results.runs["seed"].iloc[[p for _, positions in rows for p in positions]]
        self.assertEqual(set(shown), {0, 1})

    def test_nothing_to_draw(self):
        for path, reason in ((fixtures.bend(FINISHED, "pending.h5", pending=range(12)), "no run has"),
                             (fixtures.keep_runs(FINISHED, "none.h5", 0), "no run"),
                             (fixtures.bend(FINISHED, "bare.h5", delete=["curves", "runs/final"]), "the file has no"),
                             (Path(FOLDER, "absent.h5"), "no such file")):
            for name in figures.FIGURES:
                if path.name == "bare.h5" and name in ("fig9", "phase-diagram"):
                    continue  # onsets are all that they need
                said = io.StringIO()
                with contextlib.redirect_stderr(said):
                    self.assertEqual(figures.main([str(path), "--figure", name]), 3, (path.name, name))
                self.assertIn(reason, said.getvalue(), (path.name, name))


if __name__ == "__main__":
    unittest.main()
