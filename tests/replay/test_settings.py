"""Replays of 20 steps over a covering array of the settings that papers differ in: any two values meet in a run.

A key or a value is added to the table of its models; a value that is a dictionary stands for several keys at once."""

import shutil
import tempfile
import unittest

import covering
import philox
import replay
from families import facts

BASE = {
    "task": {"kind": "modular", "operation": "add", "p": 7},
    "train_fraction": 0.6,
    "model": {"layers": 1, "d_model": 12, "heads": 2, "d_mlp": 20, "d_hidden": 24},
    "optimizer": {"warmup_steps": 4},
    "steps": 20,
    "seed": 1,
    "evaluate": {"every": 10, "tuples": 20000, "snapshots": 0},
    "stop": {"test_accuracy": 0},
    "save": {"parameters": True, "split": True},
}
OPTIMIZERS = {
    "sgd": {"optimizer.kind": "sgd", "optimizer.learning_rate": 0.1, "optimizer.weight_decay": 0.1},
    "adam": {"optimizer.kind": "adam", "optimizer.weight_decay": 0.01},
}
SHARED = {
    "model.activation": facts.ACTIVATIONS,
    "model.bias": [True, False],
    "model.init_scale": [1, 0.5],
    "model.layers": [1, 2],
    "loss.kind": facts.LOSSES,
    "optimizer": [OPTIMIZERS.get(kind, {"optimizer.kind": kind}) for kind in facts.OPTIMIZERS],
    "optimizer.decay": ["all", "matrices"],
    "schedule": [{"optimizer.schedule": "constant"}, {"optimizer.schedule": "cosine", "optimizer.final_share": 0.2},
                 {"optimizer.schedule": "linear"}, {"optimizer.schedule": "linear", "optimizer.final_share": 0.1}],
    "optimizer.batch_size": ["full", 12],
    "terms": [{}, {"symmetry.commutativity.weight": 0.5, "symmetry.associativity.weight": 0.5,
                   "symmetry.associativity.tuples_per_step": 40},
              {"geometry.nuclear.weight": 0.01, "geometry.lipschitz.weight": 0.01,
               "geometry.lipschitz.pairs_per_step": 30, "geometry.lipschitz.bound": 0.1}],
}
TABLES = {
    "transformer": {
        **SHARED,
        "model.readout_token": [True, False],
        "model.operand_embeddings": ["tied", "separate"],
        "model.normalization": ["none", "layernorm", "rmsnorm"],
        "model.normalization_placement": ["pre", "post"],
        "model.unembedding": ["untied", "tied"],
        "model.causal": [True, False],
        "model.attention_rate": [1, 0.4],
        "model.dropout": [0, 0.3],
    },
    "mlp": {**SHARED, "model.input": ["embedding", "one_hot"], "model.combine": ["concat", "sum"]},
}

DEEP = {"model.layers": 12, "model.normalization": "layernorm", "model.dropout": 0.1, "model.d_mlp": 8}


def cells():
    """label -> keys"""
    out = {"deep": DEEP}
    for kind, table in TABLES.items():
        for number, cell in enumerate(covering.pairwise(table)):
            keys = {"model.kind": kind}
            for key, value in cell.items():
                keys.update(value if isinstance(value, dict) else {key: value})
            out["%s %d" % (kind, number)] = keys
    return out


class Settings(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.mkdtemp(prefix="symsweep-settings-")
        cls.addClassCleanup(shutil.rmtree, folder)
        cls.cells = cells()
        cases = [{"label": label, **keys} for label, keys in cls.cells.items()]
        cls.runs = replay.train({"name": "settings", "run": BASE, "cases": cases}, folder)

    def test_every_pair_is_covered(self):
        for table in TABLES.values():
            found = covering.pairwise(table)
            for a in table:
                for b in table:
                    for x in table[a]:
                        for y in table[b]:
                            self.assertTrue(a == b or any(cell[a] == x and cell[b] == y for cell in found), (a, x, b, y))

    def test_replays(self):
        self.assertEqual(set(self.runs), set(self.cells))
        for label, run in self.runs.items():
            with self.subTest("%s: %s" % (label, self.cells[label])):
                self.assertEqual(facts.STATES[run.status], "done")
                problems, compared = replay.compare(run)
                self.assertEqual(problems[:10], [])
                self.assertGreater(compared, 3 * 8)

    def test_a_wrong_replay_is_caught(self):
        run = next(run for run in self.runs.values() if run.config["model"].get("dropout"))
        self.assertEqual(replay.compare(run)[0], [])
        philox.STREAM_DROPOUT += 1
        self.addCleanup(setattr, philox, "STREAM_DROPOUT", philox.STREAM_DROPOUT - 1)
        self.assertTrue(replay.compare(run)[0])

    def test_tensors_of_norms(self):
        """Their names and first values."""
        for label, run in self.runs.items():
            model, first = run.config["model"], run.parameters(0)
            names = ["layers.%d.%s_norm" % (i, block) for i in range(model["layers"]) for block in ("attention", "mlp")]
            names += ["final_norm"] if model.get("normalization_placement") == "pre" else []
            parts = {"none": (), "layernorm": ("gain", "bias"), "rmsnorm": ("gain",)}[model.get("normalization", "none")]
            wanted = {"%s.%s" % (name, part) for name in names for part in parts}
            self.assertEqual({name for name in first if "norm" in name}, wanted, label)
            for name in wanted:
                self.assertTrue((first[name] == (1 if name.endswith("gain") else 0)).all(), name)
            self.assertEqual("unembedding" in first, model.get("unembedding") != "tied", label)


if __name__ == "__main__":
    unittest.main(verbosity=2)
