"""scripts/paper: the rules that judge claims, what configurations are called, and a folder of tiny sweeps trained to its page."""

import contextlib
import importlib.machinery
import importlib.util
import io
import json
import math
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import types
import unittest
from pathlib import Path

import fixtures
import h5py
import numpy as np

sys.dont_write_bytecode = True
sys.path.insert(0, str(fixtures.TOP / "scripts"))
os.environ.setdefault("SYMSWEEP_BINARY", fixtures.BINARY)
import pages  # noqa: E402
from replication import evidence, page, plan, verdicts  # noqa: E402

SWEEPS = fixtures.TOP / "sweeps" / "paper"


def script():
    loader = importlib.machinery.SourceFileLoader("paper", str(fixtures.TOP / "scripts" / "paper"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("paper", loader))
    loader.exec_module(module)
    return module


def sample(times, end=1000, seeds=None):
    """None is not reached by `end`."""
    return evidence.Sample(np.array([end if t is None else t for t in times], dtype=float), np.array([t is not None for t in times]),
                           np.arange(len(times)) if seeds is None else np.array(seeds), tuple(range(len(times))))


class Rules(unittest.TestCase):
    def test_verdicts(self):
        yes, no, open_one = verdicts.Outcome(True), verdicts.Outcome(False), verdicts.Outcome(None, "not trained")
        for outcomes, word in (({"a": yes, "b": yes}, verdicts.HOLDS), ({"a": yes, "b": no}, verdicts.IN_PART),
                               ({"a": no, "b": no}, verdicts.NOT_HERE), ({"a": open_one}, verdicts.UNDECIDED), ({}, verdicts.UNDECIDED),
                               ({"a": yes, "b": open_one}, verdicts.HOLDS)):
            self.assertEqual(verdicts.verdict(outcomes).word, word)
        told = verdicts.verdict({"a": yes, "b": yes, "c": no, "d": open_one}).text
        self.assertEqual(told, "2 of 3 tasks; not c; undecided d: not trained")
        told = verdicts.verdict({"a": yes, "b": verdicts.Outcome(False, "later"), "c": verdicts.Outcome(False, "later")}, planned=5).text
        self.assertEqual(told, "1 of 3 tasks; not b, c: later; 2 of the paper's 5 not trained")
        self.assertEqual(verdicts.verdict({"a": open_one, "b": open_one}).text, "a, b: not trained")

    def test_orders(self):
        self.assertIs(verdicts.shown(9, 10).holds, True)
        self.assertIs(verdicts.shown(8, 10).holds, False)
        self.assertIsNone(verdicts.shown(5, 5).holds)

    def test_paired(self):
        """Eight seeds and ten interventions can be decided by pairs, six seeds cannot."""
        self.assertTrue(verdicts.can_decide(8, 10))
        self.assertFalse(verdicts.can_decide(6, 10))
        base = sample(range(500, 580, 10))
        arms = {"baseline": base, "fast": sample(range(100, 180, 10)), "slow": sample(range(700, 780, 10)), "never": sample([None] * 8),
                "mixed": sample([400, 600, 410, 610, 420, 620, 430, 630]), "same": base}
        arms.update({"other %d" % k: base for k in range(5)})
        found = verdicts.compare(arms, [name for name in arms if name != "baseline"])
        self.assertEqual({name: found[name].word for name in ("fast", "slow", "never", "mixed", "same")},
                         {"fast": verdicts.SOONER, "slow": verdicts.LATER, "never": verdicts.NEVER, "mixed": verdicts.NO_DIFFERENCE,
                          "same": verdicts.NO_DIFFERENCE})
        self.assertAlmostEqual(found["fast"].p, len(found) / 256)
        # Interventions that are not trained yet count: nothing becomes insignificant as they arrive.
        planned = [name for name in arms if name != "baseline"] + ["not trained"]
        self.assertAlmostEqual(verdicts.compare(arms, planned)["fast"].p, (len(found) + 1) / 256)
        # Seeds of the baseline that an intervention lacks do not count.
        more = {**arms, "baseline": sample([*range(500, 580, 10), 50, 60])}
        self.assertEqual(verdicts.compare(more, list(found)), found)
        self.assertEqual(found["fast"].test, "signed-rank")
        self.assertGreater(found["fast"].ratio.estimate, 3)

    def test_unpaired(self):
        """Six seeds and eight interventions: the log-rank test where all pairs agree; all pairs and no significance is no
        refutation."""
        base = sample([500, 510, 520, 530, 540, 550])
        others = {"other %d" % k: sample([500 + k, 509, 521, 529, 541, 549]) for k in range(6)}
        arms = {"baseline": base, "fast": sample([100, 110, 120, 130, 140, 150]), "little": sample([499, 509, 519, 529, 539, 549]), **others}
        found = verdicts.compare(arms, list(arms)[1:])
        self.assertEqual((found["fast"].word, found["fast"].test), (verdicts.SOONER, "log-rank"))
        self.assertEqual(found["little"].word, verdicts.UNDECIDED)
        self.assertIn("6 seeds are few for 8", found["little"].reason)
        self.assertEqual(found["other 3"].word, verdicts.NO_DIFFERENCE)
        self.assertIsNone(verdicts.is_sooner(found["little"]).holds)
        self.assertIsNone(verdicts.is_sooner(None).holds)
        few = verdicts.compare({"baseline": sample([5, 6]), "a": sample([1, 2])}, ["a"])
        self.assertEqual(few["a"].reason, "2 seeds")
        self.assertEqual(verdicts.compare({"a": base}, ["a"])["a"].reason, "no baseline")

    def test_duels_and_dependence(self):
        a, b = sample([100, 110, 120, 130, 140]), sample([200, 210, None, 230, 240])
        self.assertIs(verdicts.duel(a, b).holds, True)
        self.assertIs(verdicts.duel(b, a).holds, False)
        self.assertEqual(verdicts.duel(a, a), verdicts.Outcome(False, verdicts.NO_DIFFERENCE))
        self.assertEqual(verdicts.duel(b, a), verdicts.Outcome(False, verdicts.LATER))
        self.assertEqual(verdicts.duel(sample([None] * 5), sample([None] * 5)), verdicts.Outcome(None, "neither gets there"))
        self.assertIs(verdicts.sooner_than_all(a, {"b": b, "few": sample([1])}).holds, True)
        self.assertEqual(verdicts.sooner_than_all(b, {"a": a, "b": b}), verdicts.Outcome(False, "a sooner"))
        self.assertEqual(verdicts.sooner_than_all(a, {"few": sample([1])}), verdicts.Outcome(None, "1 seed"))
        self.assertIs(verdicts.duel(sample([1, 2]), sample([3, 4]), 2).holds, True)
        self.assertIs(verdicts.duel(sample([1, 4]), sample([3, 4]), 2).holds, False)
        self.assertIs(verdicts.duel(sample([None, None]), sample([3, 4]), 3).holds, None)
        self.assertIsNone(verdicts.duel(a, None).holds)
        words = (verdicts.SOONER, verdicts.LATER, verdicts.NO_DIFFERENCE)
        self.assertEqual(verdicts.dependence(dict(zip("abc", words))).word, verdicts.HOLDS)
        self.assertEqual(verdicts.dependence({"a": words[0], "b": words[2]}).word, verdicts.IN_PART)
        self.assertEqual(verdicts.dependence({"a": words[2], "b": words[2]}).word, verdicts.NOT_HERE)
        self.assertEqual(verdicts.dependence({"a": words[0]}).word, verdicts.UNDECIDED)

    def test_coordinates(self):
        def of(graph, **keys):
            return page.coordinates({"kind": "graph", "graph": graph, **keys})
        self.assertEqual([c.shape for c in of("cylinder", sides=[5, 4])], [(20, 3)] * 2)
        self.assertEqual([c.shape for c in of("torus", sides=[3, 4])], [(12, 4)])
        self.assertEqual([c.sum(axis=0).tolist() for c in of("hypercube", dimension=3)], [[4, 4, 4]])
        self.assertEqual([c[:, 0].tolist() for c in of("path", nodes=3)], [[0, 1, 2]])
        np.testing.assert_allclose(of("cycle", nodes=4), [[[1, 0], [0, 1], [-1, 0], [0, -1]]], atol=1e-12)
        self.assertEqual(len(of("cycle", nodes=64)), 31)
        self.assertEqual(of("tree", branching=2, depth=3), [])

    def test_the_shape_of_a_lattice(self):
        """It is kept however its axes are turned."""
        sides = (5, 4)
        attributes = np.stack(np.unravel_index(np.arange(20), sides), axis=1) - np.array([2, 1.5])
        turned = attributes @ np.linalg.qr(np.random.default_rng(2).normal(size=(2, 2)))[0] + 7
        for points, low, high in ((turned, 1, 1), (np.random.default_rng(3).normal(size=(20, 2)), 0, 0.5)):
            pca = np.full((1, 2, 20, 8), np.nan, dtype=np.float32)
            pca[0, 0, :, :2] = points
            part = types.SimpleNamespace(configs=[{"task": {"kind": "comparison", "sides": sides}}], snapshots={
                "pca": types.SimpleNamespace(values=pca), "step": types.SimpleNamespace(values=np.array([[100, -1]]))})
            self.assertTrue(low - 1e-6 <= page.coordinate_fit(part)[1, 0] <= high)

    def test_wrong_answers(self):
        """The lead begins with the first of three evaluations in a row, after memorization, over enough tuples."""
        steps = np.arange(0, 1000, 100)
        excess = np.array([0.9, 0.9, 0.1, 0, 0.1, 0.1, 0.1, 0.1, 0.2, np.nan])
        tuples = np.array([500, 500, 500, 500, 50, 500, 500, 500, 500, 0], dtype=float)
        wrong = pages.Wrong.__new__(pages.Wrong)
        wrong.step, wrong.accuracy = np.array([steps, steps]), np.array([steps / 1000] * 2)
        wrong.t_gen, wrong.excess, wrong.tuples = np.array([900, np.nan]), {"a": np.array([excess] * 2)}, {"a": np.array([tuples] * 2)}
        lead = wrong.lead("a", np.array([200.0, 200.0]))
        self.assertEqual((lead.step.tolist(), lead.before.tolist(), lead.runs), ([500], [400], 1))
        self.assertEqual((lead.at_memory.tolist(), lead.accuracy.tolist()), ([0.2], [0.5]))
        self.assertEqual(len(wrong.lead("a", np.array([700.0, 200.0])).step), 0)
        self.assertTrue(wrong.knows("a"))
        self.assertFalse(wrong.knows("b"))

    def test_thresholds(self):
        from symsweep import statistics
        generator = np.random.default_rng(1)
        seed, solved = np.repeat(np.arange(6), 50), np.tile(np.arange(50) >= 25, 6)
        for value, holds in ((np.where(solved, 0.1, 10.0), True), (generator.random(300), False)):
            test = statistics.separate_states(value, solved, seed)
            self.assertIs(verdicts.separates(test, int(solved.sum()), 300, 6).holds, holds)
        # One solved state in fifty: that 2 % are wrong is what calling none solved gets.
        rare = np.tile(np.arange(50) == 49, 6)
        test = statistics.separate_states(np.where(rare, 5.0, generator.random(300)), rare, seed)
        self.assertLess(test.error_rate, verdicts.RULES["error"])
        self.assertIs(verdicts.separates(test, int(rare.sum()), 300, 6).holds, False)
        self.assertIsNone(verdicts.separates(test, 6, 300, 3).holds)
        self.assertIs(verdicts.reaches([0.99, 0.2, math.nan], 0.9, [True, False, True]).holds, True)
        self.assertIsNone(verdicts.reaches([0.99], 0.9, [False]).holds)


class Plan(unittest.TestCase):
    def test_pieces_are_parts_of_sweeps(self):
        names = [piece.name for piece in plan.QUEUE]
        self.assertEqual(len(names), len(set(names)))
        for piece in plan.QUEUE:
            content = plan.sweep_of(piece, SWEEPS, [(piece.cases[0], piece.seeds[0])])
            self.assertEqual([case["label"] for case in content["cases"]], list(piece.cases))
            self.assertEqual(content["exclude"], [{"label": piece.cases[0], "seed": [piece.seeds[0]]}])

    def test_interventions_have_the_names_of_cases(self):
        for sweep in ("acceleration-add", "acceleration-grid", "acceleration-comparison"):
            done = subprocess.run([fixtures.BINARY, "check", "--json", "--list", "runs", "--tasks", "0", "--speed", "20", SWEEPS / (sweep + ".json")],
                                  capture_output=True, check=True)
            for run in json.loads(done.stdout)["list"]:
                self.assertEqual(evidence.arm(run["config"]), run["label"])

    def test_a_file_from_before_a_key(self):
        """What an earlier program did not say of a setting is as most runs have it."""
        old = {"task": {"kind": "modular", "p": 7}, "model": {"kind": "mlp"}, "steps": 5, "seed": 3}
        new = {"task": {"kind": "modular", "p": 7, "label_noise": 0}, "model": {"kind": "mlp"}, "steps": 9, "seed": 1}
        noisy = {"task": {"kind": "modular", "p": 7, "label_noise": 0.5}, "model": {"kind": "mlp"}, "steps": 9, "seed": 1}
        known = evidence.usual([old, new, new, noisy])
        self.assertEqual(evidence.setting(old, known), evidence.setting(new, known))
        self.assertNotEqual(evidence.setting(old, known), evidence.setting(noisy, known))

    def test_of_several_settings_the_published_one_counts(self):
        def setting(decay, fraction=0.8):
            return evidence.group_of({"task": {"kind": "graph", "graph": "cycle", "nodes": 8}, "model": {"kind": "transformer"},
                                      "train_fraction": fraction, "optimizer": {"weight_decay": decay}}, {})

        found = list(evidence.told_apart([setting(0.5), setting(3.0), setting(3.0, 0.5)]))
        self.assertEqual([(group.title, group.counts) for group in found],
                         [("cycle 8, weight decay 0.5", False), ("cycle 8", True), ("cycle 8, train fraction 0.5", False)])


def tiny():
    """A sweep with a case for each section of the page."""
    graph = {"task": {"kind": "graph", "graph": "cycle", "nodes": 8}, "train_fraction": 0.9}
    both = {"symmetry.consistency.weight": 1.0}
    mlp = {"model": {"kind": "mlp", "layers": 1, "d_model": 16, "d_hidden": 32}}
    alone = {"baseline": {}, "consistency all": both, "consistency train": {**both, "symmetry.consistency.inputs": "train"},
             "label_pairs all": {"symmetry.label_pairs.weight": 1.0}, "nuclear 0.01": {"geometry.nuclear.weight": 0.01},
             "nuclear 1": {"geometry.nuclear.weight": 1.0}, "grokfast 2": {"optimizer.grokfast.lambda": 2.0}}
    cases = [{"label": label, **keys} for label, keys in alone.items()]
    cases += [{"label": "cycle", **graph}, {"label": "cycle, triangle", **graph, "symmetry.triangle.weight": 1.0},
              {"label": "cycle, triangle -1", **graph, "symmetry.triangle.weight": -1.0},
              {"label": "cycle, decay", **graph, "optimizer.weight_decay": 2.0}]
    cases += [{"label": "mlp", **mlp}, {"label": "mlp, consistency", **mlp, **both}]
    cases += [{"label": "scale", "model.output_scale": 3.0}, {"label": "scale, consistency", "model.output_scale": 3.0, **both}]
    run = {"task": {"kind": "modular", "operation": "add", "p": 7}, "train_fraction": 0.8, "model": fixtures.TINY,
           "optimizer": {"learning_rate": 0.01}, "steps": 400, "stop": {"test_accuracy": 0}, "evaluate": {"every": 40, "spectra_every": 1, "snapshots": 2}}
    return {"name": "tiny", "run": run, "cases": cases}


QUEUE = (
    plan.Piece("one", "baselines", "tiny", ("baseline", "cycle"), (0, 1, 2, 3, 4)),
    plan.Piece("two", "interventions", "tiny", ("consistency all", "consistency train", "label_pairs all", "nuclear 0.01", "nuclear 1",
                                               "grokfast 2", "cycle, triangle"), (0, 1, 2, 3, 4), sampled=True),
    plan.Piece("three", "the rest", "tiny", ("cycle, triangle -1", "cycle, decay", "mlp", "mlp, consistency", "scale", "scale, consistency"), (0, 1, 2)),
)


class Folder(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.top = Path(tempfile.mkdtemp(prefix="symsweep-test-"))
        cls.addClassCleanup(shutil.rmtree, cls.top)
        cls.paper, cls.sweeps, cls.folder = script(), cls.top / "sweeps", cls.top / "results"
        cls.sweeps.mkdir()
        (cls.sweeps / "tiny.json").write_text(json.dumps(tiny()))
        cls.said = cls.said_by(cls.paper.main, [str(cls.folder), "--docs", str(cls.top / "docs")], QUEUE, cls.sweeps)

    @staticmethod
    def said_by(function, *arguments):
        """Lines of the script itself on stderr; libraries may warn beside them."""
        said = io.StringIO()
        with contextlib.redirect_stderr(said):
            function(*arguments)
        return [line for line in said.getvalue().splitlines() if line.startswith("paper:")]

    def trained_in(self, folder, queue, hours=None):
        return self.said_by(self.paper.train, queue, folder, self.sweeps, hours)

    def written(self, name):
        folder = self.top / name
        return {path.name: path.read_bytes() for path in [folder / "paper.md", *(folder / "pictures").iterdir()]}

    def test_trained_once_and_the_same_bytes(self):
        self.assertEqual([line.split(",")[0] for line in self.said], ["paper: one", "paper: two", "paper: three"])
        before = {path: path.read_bytes() for path in self.folder.glob("*.h5")}
        self.assertEqual(self.said_by(self.paper.main, [str(self.folder), "--docs", str(self.top / "again")], QUEUE, self.sweeps), [])
        self.assertEqual({path: path.read_bytes() for path in self.folder.glob("*.h5")}, before)
        self.assertEqual(self.written("again"), self.written("docs"))

    def test_the_page(self):
        text = (self.top / "docs" / "paper.md").read_text()
        for picture in ("stages", "threshold", "wrong", "acceleration", "mlp", "pairs", "scales"):
            self.assertIn("pictures/paper-%s.png" % picture, text)
            self.assertLess((self.top / "docs" / "pictures" / ("paper-%s.png" % picture)).stat().st_size, 300000)
        self.assertNotIn("not trained yet", text.split("## Acceleration")[1].split("## The identities")[0].lower())
        # The median of the baseline against the file.
        with h5py.File(self.folder / "one.h5") as file:
            mine = [k for k, label in enumerate(file["runs/label"].asstr()) if label == "baseline"]
            t_gen = np.array([file["runs/onset/t_gen"][k] for k in mine], dtype=float)
            reached = t_gen >= 0
            t_gen[~reached] = np.inf
        middle = np.median(t_gen)
        expected = "%s (%d of 5)" % ("%g" % middle if np.isfinite(middle) else "> 400", reached.sum())
        self.assertIn("| baseline | %s |" % expected, text)
        self.assertIn("| one.h5 | baselines | 10 of 10 |", text)
        self.assertEqual(self.stages_cell(text, "cycle 8", "t_sym"), self.first_small_violation("cycle", "triangle"))
        self.assertNotIn("Not begun", text)
        # Another setting of a task has rows, and no part in verdicts.
        self.assertIn("of 3)", self.stages_cell(text, "cycle 8, weight decay 2", "t_mem"))
        self.assertNotIn("weight decay 2", text.split("## Verdicts")[1].split("\n## ")[0])
        suppressed = text.split("## Suppression")[1].split("\n## ")[0]
        self.assertIn("| cycle 8 | triangle all -1 |", suppressed)
        # Suppressed runs, of other seeds and steps, are none of the interventions in the table.
        self.assertEqual(text.count("| seeds (of the baseline) | 5 (5) |"), 2)
        for word in (" nan", "None", "inf "):
            self.assertNotIn(word, text)

    @staticmethod
    def stages_cell(text, task, column):
        rows = [line.split(" | ") for line in text.split("## Three stages")[1].split("\n## ")[0].splitlines() if line.startswith("| ")]
        return next(row for row in rows if row[0] == "| " + task)[rows[0].index(column)]

    def first_small_violation(self, label, family):
        """The first evaluation from t_mem on with a largest violation of 1 nat or less: how many of how many runs have one."""
        with h5py.File(self.folder / "one.h5") as file:
            firsts = []
            for k in np.flatnonzero(file["runs/label"].asstr()[:] == label):
                step, largest = file["curves/step"][k], file["symmetry/%s/max" % family][k]
                t_mem = file["runs/onset/t_mem"][k]
                firsts.append(next((s for s, v in zip(step, largest) if t_mem >= 0 and s >= t_mem and v <= 1), math.inf))
        middle = np.median(firsts)
        return "%s (%d of %d)" % ("%g" % middle if np.isfinite(middle) else "> 400", np.isfinite(firsts).sum(), len(firsts))

    def test_an_empty_folder(self):
        self.said_by(self.paper.main, [str(self.top / "nothing"), "--hours", "0", "--docs", str(self.top / "empty")], QUEUE, self.sweeps)
        self.assertEqual(list((self.top / "nothing").iterdir()), [])
        text = (self.top / "empty" / "paper.md").read_text()
        table = text.split("## Verdicts")[1].split("[How verdicts")[0]
        self.assertEqual(table.count("**undecided**"), table.count("\n| ") - 1)

    def test_runs_of_other_files_are_not_trained_again(self):
        folder = self.top / "copied"
        folder.mkdir()
        shutil.copy(self.folder / "two.h5", folder / "of-another-name.h5")
        self.assertEqual(self.trained_in(folder, QUEUE[1:2]), [])
        self.assertEqual([path.name for path in folder.glob("*.h5")], ["of-another-name.h5"])
        # Two seeds more: those alone are trained.
        more = (plan.Piece("two", "", "tiny", ("nuclear 1",), (3, 4, 5, 6), sampled=True),)
        self.assertIn("two, 2 runs", self.trained_in(folder, more)[0])
        with h5py.File(folder / "two.h5") as file:
            self.assertEqual(sorted(file["runs/seed"][:]), [5, 6])

    def test_largest_violations_of_an_earlier_program(self):
        folder = self.top / "earlier"
        folder.mkdir()
        shutil.copy(self.folder / "one.h5", folder / "old.h5")
        with h5py.File(folder / "old.h5", "r+") as file:
            file.attrs["git_commit"] = evidence.SAMPLED[0]
        found = evidence.Evidence(folder)
        self.assertIsNone(found.exact)
        self.assertEqual(len(found.groups), 2)
        self.assertTrue(all(found.baselines(group) is None for group in found.groups))
        for sampled, runs in ((True, 0), (False, 10)):
            piece = plan.Piece("one", "", "tiny", ("baseline", "cycle"), (0, 1, 2, 3, 4), sampled=sampled)
            self.assertEqual(len(self.paper.left(piece, folder, self.sweeps, self.paper.Estimate())[1]), runs)

    def test_a_job_told_to_stop_has_no_failed_runs(self):
        """mpirun ends with the code of failed runs then."""
        sweep, results = self.top / "long.json", self.top / "long.h5"
        sweep.write_text(json.dumps({**tiny(), "run": {**tiny()["run"], "steps": 10**7, "stop": {"test_accuracy": 0}}}))
        program = "import sys, pages; sys.exit(pages.train(*sys.argv[1:], '--no-progress', allowed=(pages.FAILED, pages.STOPPED)))"
        training = subprocess.Popen([sys.executable, "-c", program, sweep, results], cwd=fixtures.TOP / "scripts")
        status = Path("%s.status.json" % results)
        while training.poll() is None and not (status.exists() and json.loads(status.read_text())["runs"]["running"]):
            time.sleep(0.05)
        launcher = int(Path("/proc/%d/task/%d/children" % (training.pid, training.pid)).read_text())
        os.kill(launcher, signal.SIGTERM)
        self.assertEqual(training.wait(60), 75)

    def test_no_time(self):
        folder = self.top / "late"
        folder.mkdir()
        self.assertEqual(self.trained_in(folder, QUEUE, 1e-6), ["paper: the time is over before one"])
        self.assertEqual(list(folder.iterdir()), [])


class Repository(unittest.TestCase):
    def test_the_page_is_that_of_the_results_beside_it(self):
        with tempfile.TemporaryDirectory(prefix="symsweep-test-") as folder:
            page.write(evidence.Evidence(fixtures.TOP / "docs" / "results"), Path(folder))
            self.assertEqual(Path(folder, "paper.md").read_text(), (fixtures.TOP / "docs" / "paper.md").read_text())
            for picture in Path(folder, "pictures").iterdir():
                self.assertTrue((fixtures.TOP / "docs" / "pictures" / picture.name).exists(), picture.name)


if __name__ == "__main__":
    unittest.main()
