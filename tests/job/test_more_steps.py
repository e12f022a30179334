"""Going on with more steps (checkpoint.keep): a run that is extended is bit for bit the run that had all its steps from
the beginning, whatever it is made of, wherever it ended, and however often it was killed on the way."""

import json
import random
import re
import shutil
import signal
import subprocess
import time
import unittest

import h5py
import numpy as np

import support
from support import LONG, SYMSWEEP, Folder, kill, run, start

KILLS = 60 if LONG else 4

# What has state that must go on: moments, velocities, averages, permutations, draws, cached decompositions.
CASES = [
    {"label": "adamw"},
    {"label": "sgd", "optimizer.kind": "sgd", "optimizer.learning_rate": 0.05},
    {"label": "muon", "optimizer.kind": "muon"},
    {"label": "batches", "optimizer.batch_size": 13},
    {"label": "family", "symmetry.commutativity.weight": 0.3, "symmetry.commutativity.tuples_per_step": 32},
    {"label": "nuclear", "geometry.nuclear.weight": 0.001, "geometry.nuclear.every": 7},
    {"label": "grokfast", "optimizer.grokfast.lambda": 2},
    {"label": "window", "symmetry.associativity.weight": 0.2, "symmetry.associativity.until_step": 150},
]


def sweep(steps, cases=None, keep=True, snapshots=0, **more):
    """130 steps end between two evaluations, 240 on one that has no costly measures in a longer run."""
    content = {
        "name": "more",
        "run": {"task": {"kind": "modular", "p": 7},
                "model": {"kind": "transformer", "d_model": 8, "heads": 2, "d_mlp": 16},
                "optimizer": {"warmup_steps": 5, "learning_rate": 0.01},
                "steps": steps, "stop": {"test_accuracy": 0},
                "evaluate": {"every": 20, "spectra_every": 5, "snapshots": snapshots, "tuples": 64,
                             "snapshot_steps": [50, 130, 200, 400]},
                "save": {"parameters": True, "embedding": True, "split": True},
                "checkpoint": {"every_seconds": 0.2, "keep": keep}},
        "cases": cases or [{"label": "only"}],
    }
    for path, value in more.items():
        place = content
        *groups, last = path.split("__")
        for group in groups:
            place = place.setdefault(group, {})
        place[last] = value
    return content


def rows(path):
    """{id: {dataset: value without its missing end}}, provenance apart."""
    found = {}
    with h5py.File(path, "r") as file:
        ids = [text.decode() for text in file["/runs/id"][()]]

        def visit(name, item):
            path = "/" + name
            if not isinstance(item, h5py.Dataset) or "/" not in name or name.startswith("sweep/"):
                return
            if path in support.PROVENANCE or path in ("/runs/attempts", "/runs/label") or path.startswith("/runs/axes/"):
                return
            for id, value in zip(ids, item[()]):
                found.setdefault(id, {})[path] = trimmed(value)

        file.visititems(visit)
    return found


def trimmed(value):
    """A file that holds a longer run too has wider rows."""
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "fi":
        return value
    held = np.argwhere(~np.isnan(value) if value.dtype.kind == "f" else value != -1)
    return value[tuple(slice(0, end) for end in held.max(0) + 1)] if len(held) else value[:0]


def different(expected, found):
    def same(a, b):
        return support.same_bits(np.asarray(a), np.asarray(b))

    return ["%s of %s" % (path, id[:8]) for id in expected for path in expected[id]
            if not same(expected[id][path], found[id][path])]


def kept(output):
    return sorted(output.parent.joinpath(output.name + ".checkpoints").glob("*.ckpt.kept"))


def steps_taken(done):
    return int(re.search(r"(\d+) steps in", done.stderr).group(1))


class MoreSteps(unittest.TestCase):
    def setUp(self):
        self.folder = Folder("{}")
        self.addCleanup(self.folder.__exit__)
        self.output = self.folder / "out.h5"

    def train(self, content, ranks=0, output=None, code=0, **environment):
        self.folder.sweep.write_text(json.dumps(content))
        done = run(ranks, "-o", output or self.output, self.folder.sweep, **environment)
        self.assertEqual(done.returncode, code, done.stderr)
        return done

    def check_like_fresh(self, content, ranks=0):
        """The rows of the sweep are those of a new file."""
        fresh = self.folder / "fresh.h5"
        fresh.unlink(missing_ok=True)
        self.train(content, ranks, fresh)
        expected, found = rows(fresh), rows(self.output)
        self.assertLessEqual(set(expected), set(found))
        self.assertEqual(different(expected, found), [])

    def check(self, content):
        """What `check` says on extensions, as JSON and as lines."""
        self.folder.sweep.write_text(json.dumps(dict(content, output=str(self.output))))
        text = subprocess.run([SYMSWEEP, "check", "--speed", "10", self.folder.sweep], capture_output=True, text=True)
        told = subprocess.run([SYMSWEEP, "check", "--speed", "10", "--json", self.folder.sweep], capture_output=True,
                              text=True)
        self.assertEqual((text.returncode, told.returncode), (0, 0), text.stderr + told.stderr)
        counts = {name: count for name, count in json.loads(told.stdout)["more_steps"].items() if count}
        return counts, text.stdout

    def check_starts_anew(self, before, after, name, reason):
        """From `before` to `after` nothing goes on; both `check` and the job say why."""
        self.train(before)
        counts, text = self.check(after)
        self.assertEqual(counts, {name: 1})
        self.assertRegex(text, "more steps +1 run starts from step 0 .*" + reason)
        done = self.train(after)
        self.assertRegex(done.stderr, "1 run starts from step 0 though a shorter one is finished: .*" + reason)
        self.assertGreaterEqual(steps_taken(done), after["run"]["steps"])
        self.check_like_fresh(after)

    # ---- it goes on ----

    def test_same_bits_as_one_long_run(self):
        for ranks in (0, 3):
            with self.subTest(ranks=ranks):
                self.output = self.folder / ("out%d.h5" % ranks)
                self.train(sweep(130, CASES), ranks)
                old = rows(self.output)
                counts, text = self.check(sweep(240, CASES))
                self.assertEqual(counts, {"go_on": len(CASES)})
                self.assertRegex(text, "more steps +8 runs go on from the end of a shorter one")
                done = self.train(sweep(240, CASES), ranks)
                self.assertIn("8 runs go on from the end of a shorter one", done.stderr)
                self.assertLess(steps_taken(done), 140 * len(CASES))  # not from 0
                self.check_like_fresh(sweep(240, CASES), ranks)
                self.train(sweep(500, CASES), ranks)  # a chain
                self.check_like_fresh(sweep(500, CASES), ranks)
                found = rows(self.output)
                self.assertEqual(len(found), 3 * len(CASES))
                for row in old.values():
                    row["/runs/planned"] = np.int8(0)  # former now
                self.assertEqual(different(old, found), [])  # else the old rows are as they were
                self.assertEqual(len(kept(self.output)), 3 * len(CASES))
                self.assertEqual(self.check(sweep(500, CASES))[0], {})  # nothing is to be trained

    def test_steps_may_be_an_axis(self):
        axis = {"grid": {"steps": [100, 130]}, **sweep(130)}
        self.train(axis)
        longer = {"grid": {"steps": [100, 130, 300]}, **sweep(130)}
        self.assertEqual(self.check(longer)[0], {"go_on": 1})
        done = self.train(longer)
        self.assertLess(steps_taken(done), 200)  # from 130, the longest
        self.check_like_fresh(longer)

    def test_a_run_that_ended_early_ends_again(self):
        easy = {"run__train_fraction": 0.8}  # test accuracy is above 0.05 from step 120 on
        for name, more in (("stop", {"run__stop": {"test_accuracy": 0.05, "for_steps": 100}}),
                           ("prune", {"prune": {"generalized": {"for_steps": 100, "test_accuracy": 0.05}}}),
                           ("diverged", {"run__optimizer__learning_rate": 1e30})):
            with self.subTest(name):
                more.update(easy)
                self.output = self.folder / (name + ".h5")
                self.train(sweep(400, **more))
                done = self.train(sweep(900, **more))
                self.assertIn("1 run goes on", done.stderr)
                self.check_like_fresh(sweep(900, **more))
                with h5py.File(self.output, "r") as file:
                    first, second = file["/runs/steps"][()]
                self.assertEqual(first, second)
                self.assertLess(second, 400)
        # ... and one in which `stop` held at its last step ends there in the longer run, but as stopped.
        self.output = self.folder / "edge.h5"
        edge = {"run__stop": {"test_accuracy": 0.05, "for_steps": 100}, **easy}
        self.train(sweep(220, **edge))
        self.train(sweep(300, **edge))
        self.check_like_fresh(sweep(300, **edge))
        with h5py.File(self.output, "r") as file:
            self.assertEqual(file["/runs/steps"][()].tolist(), [220, 220])
            self.assertEqual(file["/runs/stopped_early"][()].tolist(), [0, 1])

    def test_killed_on_the_way(self):
        long = sweep(700, CASES[:3])
        self.train(sweep(130, CASES[:3]))
        began = self.folder / "began.h5"
        self.output.rename(began)
        folder = self.folder / "out.h5.checkpoints"
        folder.rename(self.folder / "began.h5.checkpoints")
        fresh = self.folder / "reference.h5"
        begun = time.monotonic()
        self.train(long, output=fresh)
        span = time.monotonic() - begun
        expected, struck, adopted = rows(fresh), 0, 0
        for seed in range(KILLS):
            shutil.copy(began, self.output)
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(self.folder / "began.h5.checkpoints", folder)
            dice = random.Random(seed)
            with self.subTest(seed=seed):
                for _ in range(2):
                    process = start(0, "-o", self.output, self.folder.sweep)
                    time.sleep(dice.uniform(0.02, 0.9) * span)
                    struck += process.poll() is None
                    kill(process.pid, signal.SIGKILL)
                    support.end(process)
                    adopted += len(list(folder.glob("*.ckpt"))) > 0
                self.train(long)
                self.assertEqual(different(expected, rows(self.output)), [])
                self.assertEqual([path.name for path in folder.iterdir() if path.suffix != ".kept"], [])
        self.assertGreater(struck, KILLS)  # it was killed at all,
        self.assertGreater(adopted, 0)     # and after a run had gone on
        print("summary: %d kills of jobs that go on with more steps, %d with a run on its way" % (struck, adopted))

    def test_a_refused_copy_starts_anew(self):
        """Every call that goes on needs, refused once: the run starts from 0 and says so."""
        for point in ("checkpoint.read", "checkpoint.copy.open", "checkpoint.copy.write", "checkpoint.rename"):
            with self.subTest(point):
                self.output = self.folder / (point + ".h5")
                self.train(sweep(130))
                done = self.train(sweep(300), SYMSWEEP_FAULT="1:28:" + point)
                self.assertIn("fails on purpose", done.stderr)
                self.assertIn("starts from step 0, not from the end of a shorter one", done.stderr)
                self.check_like_fresh(sweep(300))

    def test_every_kind_of_refusal(self):
        """What the system refuses while a run goes on costs time, never bits: the job ends with 0 or 3, and the same
        command completes it. Every sixth point in its middle turn, all of both with SYMSWEEP_LONG=1."""
        self.train(sweep(130))
        left = self.folder / "left.h5"
        self.output.rename(left)
        (self.folder / "out.h5.checkpoints").rename(self.folder / "left.h5.checkpoints")
        long = sweep(300)
        reference = self.folder / "reference.h5"
        self.train(long, output=reference)
        expected = rows(reference)

        def attempt(fault):
            shutil.copy(left, self.output)
            shutil.rmtree(self.folder / "out.h5.checkpoints", ignore_errors=True)
            shutil.copytree(self.folder / "left.h5.checkpoints", self.folder / "out.h5.checkpoints")
            return run(0, "-o", self.output, self.folder.sweep, SYMSWEEP_FAULT=fault)

        counts = re.findall(r"^symsweep: (\w+\.[\w.]+) (\d+)$", attempt("count").stderr, re.M)
        self.assertIn("checkpoint.copy.write", dict(counts))
        for point, count in counts if LONG else counts[::6]:
            for turn in range(1, int(count) + 1) if LONG else [(int(count) + 1) // 2]:
                with self.subTest(point=point, turn=turn):
                    done = attempt("%d:28:%s" % (turn, point))
                    self.assertIn(done.returncode, (0, 3), done.stderr)
                    again = run(0, "-o", self.output, self.folder.sweep)
                    self.assertEqual(again.returncode, 0, again.stderr)
                    self.assertEqual(different(expected, rows(self.output)), [])

    # ---- it does not ----

    def test_not_kept(self):
        self.check_starts_anew(sweep(130, keep=False), sweep(300, keep=False), "not_kept", "set checkpoint.keep to true")
        self.assertEqual(support.leftovers(self.output), [])

    def test_schedule(self):
        cosine = {"run__optimizer__schedule": "cosine"}
        self.check_starts_anew(sweep(130, **cosine), sweep(300, **cosine), "schedule", "optimizer.schedule \"constant\"")

    def test_log_spaced_snapshots(self):
        self.check_starts_anew(sweep(130, snapshots=4), sweep(300, snapshots=4), "snapshots", "evaluate.snapshots 0")
        text = subprocess.run([SYMSWEEP, "check", self.folder.sweep], capture_output=True, text=True).stderr
        self.assertIn("checkpoint.keep: with more steps log-spaced snapshots lie elsewhere", text)  # told beforehand

    def test_what_is_saved(self):
        before = sweep(130)
        before["run"]["save"]["parameters"] = False
        self.check_starts_anew(before, sweep(300), "save", "keep the keys of `save`")

    def test_halving(self):
        halving = {"prune": {"halving": {"rungs": [60], "keep": 0.5}}}
        self.check_starts_anew(sweep(130), sweep(300, **halving), "halving", "prune.halving decides anew")

    def test_other_rules_of_prune(self):
        self.train(sweep(130))
        done = self.train(sweep(300, prune={"generalized": {"for_steps": 150, "test_accuracy": 0.01}}))
        self.assertIn("it was trained under other rules of `prune`", done.stderr)
        self.check_like_fresh(sweep(300, prune={"generalized": {"for_steps": 150, "test_accuracy": 0.01}}))
        self.assertEqual(len(kept(self.output)), 2)  # it stays: nothing is wrong with it

    def test_another_run_is_none(self):
        self.train(sweep(130))
        other = sweep(300, run__seed=1)
        self.assertEqual(self.check(other)[0], {})
        self.assertGreaterEqual(steps_taken(self.train(other)), 300)

    def test_damaged_or_foreign_kept_checkpoints(self):
        def flip(path):
            content = bytearray(path.read_bytes())
            content[len(content) // 2] ^= 4
            path.write_bytes(content)

        def truncate(path):
            path.write_bytes(path.read_bytes()[:1000])

        def empty(path):
            path.write_bytes(b"")

        def swap(path):  # with that of another run
            with Folder(sweep(130, run__seed=5)) as other:
                self.assertEqual(run(0, "-o", other / "o.h5", other.sweep).returncode, 0)
                shutil.copy(kept(other / "o.h5")[0], path)

        for spoil in (flip, truncate, empty, swap):
            with self.subTest(spoil.__name__):
                self.output = self.folder / (spoil.__name__ + ".h5")
                self.train(sweep(130))
                path, = kept(self.output)
                spoil(path)
                spoiled = path.read_bytes()
                done = self.train(sweep(300))
                self.assertIn("kept checkpoint put aside, the longer run starts from step 0", done.stderr)
                self.check_like_fresh(sweep(300))
                self.assertEqual(path.with_name(path.name + ".unusable").read_bytes(), spoiled)
                self.assertFalse(path.exists())

    def test_a_damaged_row(self):
        """Nothing is copied from a row that is not what was written: it is trained again, the longer run from 0."""
        self.train(sweep(130))
        with h5py.File(self.output, "r+") as file:
            file["/curves/train_loss"][0, 2] += 1
        done = self.train(sweep(300))
        self.assertNotIn("goes on from the end", done.stderr)
        self.check_like_fresh(sweep(300))

    # ---- what is kept stays ----

    def test_other_commands_leave_them_alone(self):
        self.train(sweep(130))
        names = [path.name for path in kept(self.output)]
        self.assertEqual(len(names), 1)
        for arguments in (["recover", self.output], ["merge", "-o", self.folder / "all.h5", self.output],
                          [self.folder.sweep, "-o", self.output]):
            done = subprocess.run([SYMSWEEP, *arguments], capture_output=True, text=True, env=support.ENVIRONMENT)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual([path.name for path in kept(self.output)], names)
        done = run(0, "--fresh", "-o", self.output, self.folder.sweep)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual([path.name for path in kept(self.folder / "out.h5.1")], names)  # moved along
        self.assertEqual([path.name for path in kept(self.output)], names)               # and kept anew


if __name__ == "__main__":
    unittest.main()
