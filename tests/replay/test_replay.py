"""The main replays: 50 full-batch AdamW steps with each algebraic symmetry loss, sampled tuples, a minibatch run, the
gradient of step 0; and the documented generator against what the file and `symsweep draws` show."""

import math
import shutil
import tempfile
import unittest

import numpy as np

import philox
import replay

BASE = {
    "task": {"kind": "modular", "operation": "add", "p": 17},
    "train_fraction": 0.5,
    "model": {"kind": "transformer", "layers": 1, "d_model": 32, "heads": 4, "d_mlp": 64},
    "optimizer": {"kind": "adamw", "learning_rate": 1e-3, "beta1": 0.9, "beta2": 0.98, "weight_decay": 1.0,
                  "warmup_steps": 10, "batch_size": "full"},
    "steps": 50,
    "seed": 3,
    "evaluate": {"every": 1, "tuples": 20000},
    "stop": {"test_accuracy": 0},
    "save": {"parameters": True, "split": True},
}
# One SGD step leaves the gradient in the file; the large rate keeps it clear of the rounding of the parameters.
GRADIENT = {"steps": 1, "optimizer.kind": "sgd", "optimizer.learning_rate": 100.0, "optimizer.momentum": 0.0,
            "optimizer.weight_decay": 0.0, "optimizer.warmup_steps": 0}


def prompted(family, tuples="all", weight=0.5):
    return {"symmetry.%s.weight" % family: weight, "symmetry.%s.tuples_per_step" % family: tuples}


CASES = {
    "baseline": {},
    "commutativity": prompted("commutativity"),
    "associativity": prompted("associativity"),
    "commutativity sampled": prompted("commutativity", 100),
    "associativity sampled": prompted("associativity", 300),
    "minibatch": {"optimizer.batch_size": 32},
    "minibatch associativity": {"optimizer.batch_size": 50, **prompted("associativity", 128)},
    "gradient baseline": GRADIENT,
    "gradient commutativity": {**GRADIENT, **prompted("commutativity")},
    "gradient associativity": {**GRADIENT, **prompted("associativity")},
    "gradient without readout": {**GRADIENT, "model.readout_token": False},
    "gradient two layers": {**GRADIENT, "model.layers": 2},
}


class Replays(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.mkdtemp(prefix="symsweep-replay-")
        cls.addClassCleanup(shutil.rmtree, folder)
        sweep = {"name": "replay", "run": BASE, "cases": [{"label": label, **keys} for label, keys in CASES.items()]}
        cls.runs = replay.train(sweep, folder)

    def test_curves_and_parameters(self):
        for label, run in self.runs.items():
            if label.startswith("gradient"):
                continue
            with self.subTest(label):
                problems, compared = replay.compare(run)
                self.assertEqual(problems[:10], [])
                self.assertGreater(compared, 50 * 14)

    def test_families_were_measured_on_every_tuple(self):
        for family in ("commutativity", "associativity"):
            self.assertEqual(self.runs["baseline"].enumerated[family], 1)

    def test_gradient_of_the_first_step(self):
        for label, run in self.runs.items():
            if label.startswith("gradient"):
                with self.subTest(label):
                    problems, worst = replay.compare_gradient(run)
                    self.assertEqual(problems, [])
                    self.assertGreater(worst, 0.0)

    def test_a_wrong_replay_is_caught(self):
        """The comparison can fail: another weight, another decay, another gradient."""
        run = self.runs["commutativity"]
        run.config["symmetry"]["commutativity"]["weight"] = 0.6
        self.assertTrue(replay.compare(run)[0])
        run.config["symmetry"]["commutativity"]["weight"] = 0.5
        run.config["optimizer"]["weight_decay"] = 0.9
        self.assertTrue(replay.compare(run)[0])
        run.config["optimizer"]["weight_decay"] = 1.0
        self.assertEqual(replay.compare(run)[0][:10], [])
        run = self.runs["gradient baseline"]
        run.config["model"]["output_scale"] *= 1.0001
        self.assertTrue(replay.compare_gradient(run)[0])
        run.config["model"]["output_scale"] /= 1.0001

    def test_seeds_share_initialization_and_split(self):
        first = self.runs["baseline"]
        for label in ("commutativity", "associativity sampled", "minibatch", "gradient baseline"):
            other = self.runs[label]
            self.assertTrue(np.array_equal(first.split, other.split), label)
            self.assertTrue(np.array_equal(first.snapshots[0], other.snapshots[0]), label)


class Generator(unittest.TestCase):
    """The numbers come from the documented generator and nothing else."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.mkdtemp(prefix="symsweep-generator-")
        cls.addClassCleanup(shutil.rmtree, folder)
        run = {**BASE, "steps": 20, "data_seed": 11, "optimizer": {**BASE["optimizer"], "batch_size": 40},
               "model": {**BASE["model"], "embedding_init_scale": 2.0}}
        cases = [{"label": "one"}, {"label": "noisy", "task.label_noise": 0.3},
                 {"label": "share", "optimizer.batch_fraction": 0.02}]
        cls.rows = replay.train({"name": "generator", "run": run, "cases": cases}, folder)
        cls.run_row = cls.rows["one"]

    def test_known_answers_of_philox(self):
        ones = 2**64 - 1
        self.assertEqual(philox.block(0, 0, 0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8))
        self.assertEqual(philox.block(philox.MASK, philox.MASK, ones, ones),
                         (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD))

    def test_split(self):
        wanted = philox.split(len(self.run_row.label), 0.5, 11)
        self.assertTrue(np.array_equal(self.run_row.split, wanted))

    def test_minibatches(self):
        drawn = self.run_row.draws(1, 20)
        self.assertEqual(sorted(drawn), list(range(1, 21)))
        for t, entry in drawn.items():
            wanted = philox.minibatch(self.run_row.train, 40, 3, t)
            self.assertEqual(entry["batch"], wanted.tolist(), "step %d" % t)

    def test_minibatches_of_a_share(self):
        row = self.rows["share"]
        size = int(math.floor(0.02 * len(row.train) + 0.5))
        self.assertLess(size, 40)
        for t, entry in row.draws(1, 20).items():
            self.assertEqual(entry["batch"], philox.minibatch(row.train, size, 3, t).tolist(), "step %d" % t)

    def test_label_noise(self):
        row = self.rows["noisy"]
        clean = self.run_row.label
        self.assertTrue(np.array_equal(row.clean_label, clean))
        self.assertTrue(np.array_equal(row.split, self.run_row.split))
        wanted = philox.noisy(clean, row.train, 0.3, row.classes, 11)
        self.assertTrue(np.array_equal(row.label, wanted))
        self.assertEqual(int((row.label != clean).sum()), int(math.floor(0.3 * len(row.train) + 0.5)))

    def test_initialization(self):
        initial = self.run_row.parameters(0)
        classes = self.run_row.classes
        for i, tensor in enumerate(self.run_row.layout):
            name, shape = tensor["name"], tensor["shape"]
            found = initial[name].numpy()
            if name.endswith("bias"):
                self.assertFalse(found.any(), name)
                continue
            deviation = 1 / np.sqrt(classes if name == "unembedding" else BASE["model"]["d_model"])
            if name == "token_embedding":
                deviation *= 2.0
            wanted = deviation * philox.normals(3, philox.STREAM_INIT, i, int(np.prod(shape))).reshape(shape)
            self.assertLess(float(np.abs(found - wanted).max()), 1e-6, name)

    def test_replays(self):
        self.assertEqual(replay.compare(self.run_row)[0][:10], [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
