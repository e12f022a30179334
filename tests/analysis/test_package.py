"""The package as a user has it: installed by pip into a virtual environment that sees the system's packages, without a registry;
the lines of docs/analysis.md as they stand; types; sweeps from Python."""

import contextlib
import io
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

import h5py
import numpy as np

import fixtures
import symsweep
from symsweep import statistics, sweeps

DOCUMENT = (fixtures.TOP / "docs" / "analysis.md").read_text()
FOLDER = Path(tempfile.mkdtemp(prefix="symsweep-test-"))


def setUpModule():
    global FINISHED
    content = fixtures.sweep("quickstart", grid={"train_fraction": [0.6, 0.8], "seed": {"range": [0, 3]}})
    content["run"].update(save={"optimizer": True, "split": True}, evaluate={"every": 20, "snapshots": 6, "snapshot_steps": [100]})
    FINISHED = fixtures.train(FOLDER, content)


def tearDownModule():
    shutil.rmtree(FOLDER)


def blocks(language):
    return re.findall(r"^```%s\n(.*?)^```" % language, DOCUMENT, re.M | re.S)


def run(*command, **options):
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV", "PIP_INDEX_URL")}
    done = subprocess.run([str(word) for word in command], text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, env={**environment, "SYMSWEEP_BINARY": fixtures.BINARY, "PIP_NO_INDEX": "1",
                                                         "PATH": "/usr/bin:" + environment["PATH"]}, **options)
    if done.returncode != 0:
        raise AssertionError("%s: %d\n%s" % (command, done.returncode, done.stdout))
    return done.stdout


class Installed(unittest.TestCase):
    """In a folder that holds a copy of analysis/ and results, by the documented lines."""

    @classmethod
    def setUpClass(cls):
        cls.folder = FOLDER / "place"
        cls.folder.mkdir()
        shutil.copytree(fixtures.TOP / "analysis", cls.folder / "analysis", ignore=shutil.ignore_patterns("__pycache__", "build", "*.egg-info"))
        shutil.copy(FINISHED, cls.folder / "quickstart.h5")
        lines = blocks("sh")[0]
        assert "pip install --no-deps --no-build-isolation ./analysis" in lines, lines
        run("bash", "-euc", lines, cwd=cls.folder)
        shutil.rmtree(cls.folder / "analysis")  # what runs now is what was installed
        cls.python = cls.folder / "env" / "bin" / "python"

    def test_version_and_place(self):
        said = run(self.python, "-c", "import symsweep; print(symsweep.__version__, symsweep.__file__)", cwd=self.folder)
        self.assertIn(str(self.folder / "env"), said)
        self.assertEqual(said.split()[0], subprocess.run([fixtures.BINARY, "--version"], capture_output=True, text=True).stdout.split()[1])
        self.assertTrue(list(self.folder.glob("env/lib/python3*/site-packages/symsweep/py.typed")))

    def test_commands_follow_the_environment(self):
        for name in ("report", "serve", "figures", "refinement"):
            command = self.folder / "env" / "bin" / ("symsweep-" + name)
            self.assertEqual(command.read_text().splitlines()[0], "#!%s" % self.python)
            self.assertIn("--wait SECONDS", run(command, "--help", cwd=self.folder))
        self.assertIn("quickstart.html", run(self.folder / "env" / "bin" / "symsweep-report", "quickstart.h5", cwd=self.folder))

    def test_documented_lines(self):
        python = blocks("python")
        self.assertGreaterEqual(len(python), 5)
        print(run(self.python, "-W", "error::FutureWarning", "-c", "\n".join(python), cwd=self.folder))


class Types(unittest.TestCase):
    def test_mypy(self):
        said = run("mypy", "--cache-dir", FOLDER / "mypy", cwd=fixtures.TOP / "analysis")
        self.assertIn("Success: no issues found", said)


class Choosing(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.results = symsweep.load(FINISHED)
        cls.accuracy = cls.results.curves["test_accuracy"]

    def test_arrays_by_axes(self):
        runs = self.results.runs
        chosen = self.accuracy.sel(train_fraction=0.8)
        self.assertEqual(chosen["run"].values.tolist(), runs.index[runs["train_fraction"] == 0.8].tolist())
        np.testing.assert_array_equal(chosen, self.accuracy.values[(runs["train_fraction"] == 0.8).to_numpy()])
        one = self.results.curves.sel(train_fraction=0.8, label="baseline", seed=1)
        self.assertEqual(one.sizes["run"], 1)
        self.assertEqual(self.accuracy.sel(seed=[0, 2]).sizes["run"], 8)
        self.assertEqual(self.accuracy.sel(train_fraction=slice(0.7, None)).sizes["run"], 6)
        self.assertEqual(self.accuracy.sel(run=3).dims, ("evaluation",))
        self.assertEqual(self.accuracy.sel({"symmetry.commutativity.weight": 1.0}).sizes["run"], 6)
        with self.assertRaisesRegex(KeyError, "no run has train_fraction 0.7; there are: 0.6, 0.8"):
            self.accuracy.sel(train_fraction=0.7)

    def test_arithmetic_and_groups(self):
        gap = self.results.curves["train_accuracy"] - self.accuracy
        self.assertEqual(gap.sizes, self.accuracy.sizes)
        both = self.accuracy.sel(train_fraction=0.6) - self.accuracy.sel(seed=0)
        self.assertEqual(both["run"].values.tolist(), [n for n in self.results.runs.index
                                                       if self.results.runs["train_fraction"][n] == 0.6 and self.results.runs["seed"][n] == 0])
        self.assertEqual(self.accuracy.groupby("train_fraction").mean()["train_fraction"].values.tolist(), [0.6, 0.8])
        self.assertIn("step", self.accuracy.coords)

    def test_results_by_keys(self):
        some = self.results.sel(train_fraction=0.8, seed=slice(1, 2))
        self.assertEqual(set(some.runs["seed"]), {1, 2})
        self.assertEqual(set(some.runs["train_fraction"]), {0.8})
        self.assertEqual(len(self.results.sel(p=7)), 12)
        with self.assertRaisesRegex(KeyError, "it may be"):
            self.results.sel(every=1)
        with self.assertRaisesRegex(KeyError, "no column"):
            self.results.sel(nothing=1)


class Frames(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.results = symsweep.load(FINISHED)

    def test_tidy(self):
        frame = self.results.tidy(["test_accuracy", "commutativity_max"])
        self.assertEqual(len(frame), int((self.results.curves["step"].values >= 0).sum()))
        self.assertLessEqual({"run", "label", "seed", "train_fraction", "setting", "status", "step", "test_accuracy"}, set(frame.columns))
        for number, part in frame.groupby("run"):
            curves = self.results.run(number).curves
            np.testing.assert_array_equal(part["step"], curves["step"])
            np.testing.assert_array_equal(part["test_accuracy"], curves["test_accuracy"])
            self.assertEqual(set(part["train_fraction"]), {self.results.runs["train_fraction"][number]})
        self.assertLessEqual({"test_loss", "weight_norm"}, set(self.results.tidy().columns))

    def test_carried_runs_reach_the_end(self):
        plain, carried = self.results.tidy(["test_accuracy"]), self.results.tidy(["test_accuracy"], carry=True)
        self.assertEqual(len(carried[~carried["carried"]]), len(plain))
        stopped = self.results.runs.index[self.results.runs["stopped_early"] == 1]
        self.assertGreater(len(stopped), 0)
        last = plain.groupby("run")["test_accuracy"].last()
        for number in stopped:
            part = carried[carried["run"] == number]
            self.assertEqual(part["step"].max(), plain["step"].max())
            self.assertEqual(set(part["test_accuracy"][part["carried"]]) - {last[number]}, set())
            self.assertTrue(part["step"].is_monotonic_increasing)

    def test_onsets_are_censored(self):
        table = self.results.onsets("t_gen", by="train_fraction")
        self.assertEqual(table.index.tolist(), [0.6, 0.8])
        self.assertEqual((table["runs"].tolist(), table["settings"].tolist()), ([6, 6], [2, 2]))
        for fraction, row in table.iterrows():
            _, times, observed = statistics.onset_times(self.results.sel(train_fraction=fraction))
            median = statistics.bootstrap_median(times, observed)
            self.assertEqual((row["median"], row["lower"], row["upper"], row["reached"]), (median.estimate, median.lower, median.upper, observed.sum()))
        by_setting = self.results.onsets()
        self.assertEqual(set(by_setting["settings"]), {1})
        self.assertEqual(len(by_setting), 4)
        self.assertEqual(self.results.onsets("t_mem", by=["label", "train_fraction"]).index.names, ["label", "train_fraction"])

    def test_former_rows_do_not_count(self):
        self.results.runs.loc[0, "planned"] = False
        try:
            self.assertNotIn(0, set(self.results.tidy(["test_loss"])["run"]))
            self.assertIn(0, set(self.results.tidy(["test_loss"], all=True)["run"]))
            self.assertEqual(int(self.results.onsets()["runs"].sum()), 11)
        finally:
            self.results.runs.loc[0, "planned"] = True

    def test_notebooks(self):
        target = fixtures.copy(FINISHED, "html.h5")
        with h5py.File(target, "r+") as file:
            file["runs/label"][:] = "<script>x</script>"
            fixtures.renew(file)
        results = symsweep.load(target)
        for text in (results._repr_html_(), results.run(0)._repr_html_()):
            self.assertNotIn("<script>", text)
        self.assertIn("&lt;script&gt;", results._repr_html_())
        self.assertIn("done", repr(results.run(0)))


class FromPython(unittest.TestCase):
    def content(self, name, **run_keys):
        content = fixtures.sweep(name)
        content["run"].update({"steps": 60, "stop": {"test_accuracy": 0}, **run_keys})
        return content

    def test_check_and_run(self):
        folder = FOLDER / "python"
        folder.mkdir()
        sweep = symsweep.sweep(self.content("mine"), folder)
        plan = sweep.check()
        self.assertEqual((plan["runs"], plan["name"]), (6, "mine"))
        self.assertIn("runs", repr(plan))
        self.assertIn("<table>", plan._repr_html_())
        said = io.StringIO()
        with contextlib.redirect_stderr(said):
            results = sweep.run()
        self.assertEqual(results.runs["status"].tolist(), ["done"] * 6)
        self.assertIn("mine: 6 of 6 runs", said.getvalue())
        self.assertEqual(sorted(path.name for path in folder.iterdir() if not path.name.startswith("mine.h5")), [])
        again = sweep.run(ranks=3, progress=False)
        self.assertEqual(again.runs["id"].tolist(), results.runs["id"].tolist())

    def test_refusals_are_the_programs(self):
        sweep = symsweep.sweep({"name": "bad", "run": {"task": {"kind": "modular"}, "lr": 3}}, FOLDER)
        for ask in (sweep.check, sweep.run):
            with self.assertRaisesRegex(symsweep.SweepError, "run.lr: unknown key .*; did you mean optimizer.learning_rate"):
                ask()
        with self.assertRaisesRegex(symsweep.SweepError, "nowhere.json"):
            symsweep.sweep("nowhere.json")

    def test_an_interrupt_ends_the_job_and_the_next_goes_on(self):
        code = "import signal, symsweep, sys\nsignal.signal(signal.SIGINT, signal.default_int_handler)\ntry:\n    print(len(symsweep.sweep(sys.argv[1]).run(progress=False)), flush=True)\nexcept KeyboardInterrupt:\n    sys.exit(9)"
        path = fixtures.write_sweep(FOLDER, {**self.content("long", steps=3000000, evaluate={"every": 1000, "snapshots": 0}), "cases": [{}]})
        environment = {**os.environ, "PYTHONPATH": str(fixtures.TOP / "analysis")}
        job = subprocess.Popen(["/usr/bin/python3", "-c", code, str(path)], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
        status = path.with_suffix(".h5.status.json")
        while not status.exists():
            self.assertIsNone(job.poll(), "the job ended before it began")
            time.sleep(0.05)
        job.send_signal(signal.SIGINT)
        out, told = job.communicate()
        self.assertEqual((job.returncode, out.strip()), (0, "3"), told)
        self.assertIn("work is left", told)

    def test_progress_of_another_job_is_not_shown(self):
        path = FOLDER / "other.status.json"
        path.write_text('{"updated_unix": 5, "sweep": "x", "runs": {"total": 1, "done": 1, "failed": 0, "running": 0, "left": 0}}')
        self.assertIsNone(sweeps.Progress(path).text())


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[1:]])
