"""Replays of 20 steps of the models and ways of training of the literature, in settings in which any two values meet."""

import shutil
import tempfile
import unittest

import pairwise
import philox
import replay

BASE = {
    "task": {"kind": "modular", "operation": "add", "p": 7},
    "train_fraction": 0.6,
    "model": {"kind": "transformer", "layers": 1, "d_model": 12, "heads": 2, "d_head": 5, "d_mlp": 20},
    "optimizer": {"kind": "adamw", "warmup_steps": 5},
    "steps": 20,
    "seed": 2,
    "evaluate": {"every": 1, "tuples": 20000},
    "stop": {"test_accuracy": 0},
    "save": {"parameters": True, "split": True},
}
TABLE = {
    "model.normalization": ["none", "layernorm", "rmsnorm"],
    "model.normalization_placement": ["pre", "post"],
    "model.unembedding": ["untied", "tied"],
    "model.causal": [True, False],
    "model.attention_rate": [1, 0.4],
    "model.dropout": [0, 0.3],
    "model.layers": [1, 3],
    "model.readout_token": [True, False],
    "model.operand_embeddings": ["tied", "separate"],
    "optimizer.kind": ["adamw", "muon"],
    "optimizer.batch_size": ["full", 9],
    "symmetry.associativity.weight": [0, 0.5],
    "geometry.nuclear.weight": [0, 0.01],
}
DEEP = {"model.layers": 12, "model.normalization": "layernorm", "model.dropout": 0.1, "model.d_mlp": 8}


class Models(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.mkdtemp(prefix="symsweep-models-")
        cls.addClassCleanup(shutil.rmtree, folder)
        cls.rows = {"row %d" % i: {**row, "seed": i} for i, row in enumerate(pairwise.rows(TABLE))}
        cls.rows["deep"] = DEEP
        cases = [{"label": label, **row} for label, row in cls.rows.items()]
        cls.runs = replay.train({"name": "models", "run": BASE, "cases": cases}, folder)

    def test_any_two_values_meet(self):
        rows = pairwise.rows(TABLE)
        for a in TABLE:
            for b in TABLE:
                met = {(row[a], row[b]) for row in rows}
                self.assertEqual(met, {(x, y) for x in TABLE[a] for y in TABLE[b] if a != b or x == y})

    def test_every_row(self):
        self.assertEqual(set(self.runs), set(self.rows))
        for label, run in self.runs.items():
            with self.subTest(label, keys=self.rows[label]):
                problems, compared = replay.compare(run)
                self.assertEqual(problems[:10], [])
                self.assertGreater(compared, 20 * 8)

    def test_a_wrong_replay_is_caught(self):
        run = next(run for run in self.runs.values() if run.config["model"]["dropout"] > 0)
        rate, philox.STREAM_DROPOUT = run.config["model"]["dropout"], philox.STREAM_DROPOUT + 1
        self.assertTrue(replay.compare(run)[0])  # other masks
        philox.STREAM_DROPOUT -= 1
        run.config["model"]["dropout"] = 0
        self.assertTrue(replay.compare(run)[0])
        run.config["model"]["dropout"] = rate

    def test_tensors_of_norms(self):
        """Their names and first values; a model without them starts from the same matrices."""
        for label, run in self.runs.items():
            model, first = run.config["model"], run.parameters(0)
            names = ["layers.%d.%s_norm" % (i, block) for i in range(model["layers"]) for block in ("attention", "mlp")]
            names += ["final_norm"] if model["normalization_placement"] == "pre" else []
            parts = {"none": (), "layernorm": ("gain", "bias"), "rmsnorm": ("gain",)}[model["normalization"]]
            wanted = {"%s.%s" % (name, part) for name in names for part in parts}
            self.assertEqual({name for name in first if "norm" in name}, wanted, label)
            for name in wanted:
                self.assertTrue((first[name] == (1 if name.endswith("gain") else 0)).all(), name)
            self.assertEqual("unembedding" in first, model["unembedding"] == "untied", label)


if __name__ == "__main__":
    unittest.main(verbosity=2)
