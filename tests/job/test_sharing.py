"""Beginnings in common: runs that are the same up to a step are trained together that far, and every run's row is bit
for bit that of a run trained alone, at any number of ranks, in shards, and however often the job was killed."""

import json
import random
import re
import shutil
import subprocess
import time
import unittest

import h5py
import numpy as np

import support
from support import LONG, SYMSWEEP, Folder, run, start

KILLS = 50 if LONG else 4
STEPS = 120

# One trunk and branches of every kind; those of `late` part from one another after they have parted from the trunk.
CASES = [
    {"label": "trunk"},
    {"label": "decay", "changes": [{"at": 50, "optimizer.weight_decay": 0}]},
    {"label": "rate", "changes": [{"at": 50, "optimizer.learning_rate": 0.001}]},
    {"label": "family", "changes": [{"at": 60, "symmetry.commutativity.weight": 0.5}]},
    {"label": "prior", "changes": [{"at": 45, "geometry.nuclear.weight": 0.01}]},
    {"label": "grokfast", "changes": [{"at": 50, "optimizer.grokfast.lambda": 2}]},
    {"label": "freeze", "changes": [{"at": 70, "freeze": ["token_embedding"]}]},
    {"label": "ungrokking", "changes": [{"at": 50, "train_fraction": 0.3}]},
    {"label": "late 1", "changes": [{"at": 50, "optimizer.weight_decay": 3}, {"at": 80, "optimizer.weight_decay": 0}]},
    {"label": "late 2", "changes": [{"at": 50, "optimizer.weight_decay": 3}, {"at": 90, "optimizer.weight_decay": 0}]},
    {"label": "longer", "steps": 150},
]
WINDOWS = [{"label": "window %d" % at, "symmetry.associativity.weight": 0.3, "symmetry.associativity.from_step": at}
           for at in (40, 75, 100)]
# label -> (whom it begins with, for how many steps)
EXPECTED = {"decay": ("trunk", 50), "rate": ("trunk", 50), "family": ("trunk", 60), "prior": ("trunk", 45),
            "grokfast": ("trunk", 50), "freeze": ("trunk", 70), "ungrokking": ("trunk", 50), "late 1": ("trunk", 50),
            "late 2": ("late 1", 80), "longer": ("trunk", STEPS - 1), "window 75": ("window 40", 40),
            "window 100": ("window 75", 75)}


def sweep(cases=None, seeds=(0,), **keys):
    return {
        "name": "sharing",
        "run": {"task": {"kind": "modular", "p": 7}, "train_fraction": 0.6,
                "model": {"kind": "transformer", "d_model": 8, "heads": 2, "d_mlp": 16},
                "optimizer": {"warmup_steps": 5, "learning_rate": 0.01}, "steps": STEPS,
                "stop": {"test_accuracy": 0},
                "evaluate": {"every": 20, "spectra_every": 2, "snapshots": 0, "tuples": 64, "snapshot_steps": [30, 50, 90]},
                "save": {"parameters": True, "split": True}, **keys},
        "cases": cases or CASES + WINDOWS,
        "grid": {"seed": list(seeds)},
    }


def rows(path):
    """{label, seed: {dataset: value}}, provenance apart."""
    found = {}
    with h5py.File(path, "r") as file:
        keys = list(zip([text.decode() for text in file["/runs/label"][()]], file["/runs/seed"][()].tolist()))

        def visit(name, item):
            if isinstance(item, h5py.Dataset) and "/" in name and not name.startswith("sweep/"):
                if "/" + name not in support.PROVENANCE:
                    for key, value in zip(keys, item[()]):
                        found.setdefault(key, {})["/" + name] = value

        file.visititems(visit)
    return found


def steps_taken(done):
    return int(re.search(r"(\d+) steps in", done.stderr).group(1))


class Sharing(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Folder("{}")
        cls.addClassCleanup(cls.folder.__exit__)
        cls.alone = cls.folder / "alone.h5"
        begun = time.monotonic()
        done = cls.train(cls, sweep(), 0, cls.alone, "--no-sharing")
        cls.span = time.monotonic() - begun
        cls.expected = rows(cls.alone)
        assert steps_taken(done) == STEPS * 13 + 150, done.stderr

    def train(self, content, ranks, output, *options, **environment):
        self.folder.sweep.write_text(json.dumps(content))
        done = run(ranks, "-o", output, *options, self.folder.sweep, **environment)
        assert done.returncode == 0, done.stderr
        return done

    def check_rows(self, output, expected=None):
        expected, found = expected or self.expected, rows(output)
        self.assertEqual(set(expected), set(found))
        self.assertEqual(["%s of %s" % (path, key) for key in expected for path in expected[key]
                          if not support.same_bits(np.asarray(expected[key][path]), np.asarray(found[key][path]))], [])

    def check_tree(self, output, expected=None):
        """Who begins with whom; returns the steps that were not computed."""
        with h5py.File(output, "r") as file:
            labels = [text.decode() for text in file["/runs/label"][()]]
            seeds, shared_with = file["/runs/seed"][()], file["/runs/shared_with"][()]
            steps = file["/runs/shared_steps"][()]
            found = {labels[row]: (labels[with_row], int(steps[row])) for row, with_row in enumerate(shared_with) if with_row >= 0}
            for row, with_row in enumerate(shared_with):
                self.assertTrue(with_row == -1 or seeds[row] == seeds[with_row])
                self.assertEqual(with_row == -1, steps[row] == -1)
        self.assertEqual(found, EXPECTED if expected is None else expected)
        return int(np.maximum(steps, 0).sum())

    def test_same_bits_at_any_number_of_ranks(self):
        for ranks in (0, 2, 4):
            with self.subTest(ranks=ranks):
                output = self.folder / ("shared%d.h5" % ranks)
                done = self.train(sweep(), ranks, output)
                self.assertIn("12 runs begin as another one", done.stderr)
                self.check_rows(output)
                saved = self.check_tree(output)
                self.assertEqual(steps_taken(done), STEPS * 13 + 150 - saved)
                self.assertEqual(support.leftovers(output), [])
                again = self.train(sweep(), ranks, output)
                self.assertEqual(steps_taken(again), 0)

    def test_check_tells_what_is_saved(self):
        self.folder.sweep.write_text(json.dumps(sweep()))
        text = subprocess.run([SYMSWEEP, "check", "--speed", "10", self.folder.sweep], capture_output=True, text=True).stdout
        saved, of_all = sum(steps for _, steps in EXPECTED.values()), STEPS * 13 + 150
        self.assertRegex(text, "shared +12 runs begin as another one: %d of %d steps are trained once" % (saved, of_all))
        told = subprocess.run([SYMSWEEP, "check", "--speed", "10", "--json", self.folder.sweep], capture_output=True, text=True)
        self.assertEqual(json.loads(told.stdout)["shared"], {"runs": 12, "steps": saved, "steps_of_all": of_all})

    def test_killed_at_random(self):
        output, struck = self.folder / "killed.h5", 0
        self.folder.sweep.write_text(json.dumps(sweep()))
        for seed in range(KILLS):
            dice = random.Random(seed)
            output.unlink(missing_ok=True)
            shutil.rmtree(str(output) + ".checkpoints", ignore_errors=True)
            with self.subTest(seed=seed):
                for _ in range(2):
                    process = start(2 * (seed % 2), "-o", output, self.folder.sweep)
                    time.sleep(dice.uniform(0.1, 0.8) * self.span)
                    struck += process.poll() is None
                    support.end(process)
                self.train(sweep(), 0, output)
                self.check_rows(output)
                self.assertEqual(support.leftovers(output), [])
        self.assertGreater(struck, KILLS)

    def test_shards_are_merged(self):
        """Each shard shares what it can; numbers of rows are those of the whole."""
        parts = []
        for part in (1, 2):
            parts.append(self.folder / ("part%d.h5" % part))
            self.train(sweep(), 0, parts[-1], "--shard", "%d/2" % part)
        output = self.folder / "merged.h5"
        done = subprocess.run([SYMSWEEP, "merge", "-o", output, *parts], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.check_rows(output)

        def pairs(path):
            with h5py.File(path, "r") as file:
                ids = file["/runs/id"][()]
                return {(ids[row], ids[with_row]) for row, with_row in enumerate(file["/runs/shared_with"][()]) if with_row >= 0}

        self.assertEqual(pairs(output), pairs(parts[0]) | pairs(parts[1]))
        self.assertGreater(len(pairs(output)), 2)

    def test_what_is_refused_costs_time_and_no_bits(self):
        for point, turn in (("checkpoint.copy.open", 2), ("checkpoint.copy.write", 7)):  # the first are of the trunk itself
            with self.subTest(point):
                output = self.folder / (point + ".h5")
                done = self.train(sweep(), 0, output, SYMSWEEP_FAULT="%d:28:%s" % (turn, point))
                self.assertIn("has its beginning for itself", done.stderr)
                self.check_rows(output)

    def test_a_trunk_that_ends_before_others_part(self):
        early = {"optimizer": {"learning_rate": 1e30}}  # it diverges
        cases = [{"label": "trunk"}, {"label": "late", "changes": [{"at": 110, "optimizer.weight_decay": 0}]}]
        one, other = self.folder / "early alone.h5", self.folder / "early.h5"
        self.train(sweep(cases, **early), 0, one, "--no-sharing")
        self.train(sweep(cases, **early), 0, other)
        self.check_rows(other, rows(one))
        self.check_tree(other, {})

    def test_what_shares_nothing(self):
        """Schedules that depend on the steps, another seed, runs without checkpoints."""
        for keys in ({"optimizer": {"schedule": "cosine"}}, {"checkpoint": {"every_seconds": 0}}):
            content = sweep([{"label": "short"}, {"label": "longer", "steps": 150}], seeds=(0, 1), **keys)
            self.folder.sweep.write_text(json.dumps(content))
            told = subprocess.run([SYMSWEEP, "check", "--speed", "10", "--json", self.folder.sweep], capture_output=True, text=True)
            self.assertEqual(json.loads(told.stdout)["shared"]["runs"], 0)


if __name__ == "__main__":
    unittest.main()
